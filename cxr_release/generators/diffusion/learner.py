"""One training step of the denoising network: what it draws, and the gradient of its loss."""

from __future__ import annotations

from concurrent.futures import Future

import numpy as np
import torch
from diffusers import UNet2DModel
from numpy.typing import NDArray

from cxr_release.film_size import Size
from cxr_release.generators.conditions import ToldFilms, told
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.network import min_snr_weights, v_losses
from cxr_release.generators.diffusion.spaces import PixelSpace, Space
from cxr_release.generators.runtime.compute import Compute
from cxr_release.generators.runtime.films import Films
from cxr_release.generators.runtime.learner import BatchLearner, Gradients
from cxr_release.generators.runtime.randomness import Draws, seed_of, step_draws
from cxr_release.params.training import NetworkParams, TrainParams


class Learner(BatchLearner):
    """All that changes while training.

    Args:
        films: (n, height, width) uint8.
        network: the U-Net.
        settings: of training.
        horizon: steps over which the learning rate decays.
        seed: root of all random numbers.
        compute: where the network is computed.
        start: a network whose weights training starts from; None: random ones.
        films_told: the classes of the films; None: there are none.
        space: what the network sees of films; None: their pixels.

    Raises:
        TrainingError: the batch is too small to be shared by so many processes.
    """

    def __init__(
        self,
        films: Films,
        *,
        network: NetworkParams,
        settings: TrainParams,
        horizon: int,
        seed: int,
        compute: Compute,
        start: UNet2DModel | None = None,
        films_told: ToldFilms | None = None,
        space: Space | None = None,
    ) -> None:
        self._films = films
        self._space = space or PixelSpace(Size.of_shape(films.shape))
        self._inputs = self._space.encode(films, compute, mirrored=bool(settings.flip))
        self._network = network
        self._seed = seed
        self._schedule = unets.noise_schedule(network)
        films_told = films_told or ToldFilms((), [None] * len(films), 0.0)
        self.conditions = films_told.conditions(mirrored=settings.flip == "labelled")
        """What the network is told."""
        self._codes = self.conditions.codes(films_told.labels)
        self._drop = films_told.drop
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(seed, "weights"))
            self._unet = self._built().train()
        if start is not None:
            self._unet.load_state_dict(start.state_dict())
        super().__init__(self._unet, settings=settings, horizon=horizon, compute=compute)
        self._next: tuple[int, Future[Draws]] | None = None

    def _built(self) -> UNet2DModel:
        depth, height, width = self._space.shape
        size = Size(width=width, height=height)
        return unets.build(self._network, size, self.conditions.rows, depth=depth)

    def _draws(self, step: int) -> Draws:
        """What chance decides in this step; that of the next is drawn while this one runs."""

        def drawn(at: int) -> Future[Draws]:
            return self._compute.ahead(
                lambda: step_draws(
                    self._seed,
                    at,
                    films=len(self._films),
                    batch=self._settings.batch_size,
                    levels=len(self._schedule.alphas_cumprod),
                    shape=self._space.shape,
                    drop=self._drop,
                )
            )

        at, waiting = self._next or (step, drawn(step))
        draws = (waiting if at == step else drawn(step)).result()
        self._next = step + 1, drawn(step + 1)
        return draws

    def _gradients(self, draws: Draws, piece: list[int]) -> Gradients:
        """The share of some films of the batch in the gradient, and in the mean loss."""
        device = self._compute.device
        flips = draws.mirrored[piece] if self._settings.flip else None
        inputs = self._inputs(draws.films[piece], flips)
        clean = unets.fold(inputs.to(device), self._network)
        noise = unets.fold(torch.from_numpy(draws.noise[piece]).to(device), self._network)
        times = torch.from_numpy(draws.times[piece]).to(device)
        predict = told(self._predict, self._told(draws, piece), device)
        with self._compute.autocast():
            losses = v_losses(predict, self._schedule, clean, noise, times)
        weights = min_snr_weights(self._schedule, times, self._settings.min_snr)
        loss = (losses * weights).sum() / self._settings.batch_size
        return [*torch.autograd.grad(loss, self._weights), loss.detach()]

    def _told(self, draws: Draws, piece: list[int]) -> NDArray[np.int64] | None:
        """(b,) rows of the network's table for some films of the batch."""
        if self.conditions.rows is None:
            return None
        codes = np.where(
            draws.dropped[piece], self.conditions.none, self._codes[draws.films[piece]]
        )
        mirrored = draws.mirrored[piece] & self.conditions.mirrored
        rows: NDArray[np.int64] = codes + mirrored * (self.conditions.none + 1)
        return rows

    def averaged(self) -> UNet2DModel:
        """A network with the averaged weights."""
        unet = self._built()
        self._average.copy_to(unet.parameters())
        return unet
