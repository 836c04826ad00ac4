"""What a network says of films: its loss on them, and what two published attacks ask it.

A network's loss is lower on films that it learnt from. All that is computed here is the objective
that it was trained with (`v_losses`), or its own prediction; the noise follows from the film's
pixels, the noise level and the number of the noise, so that a film is asked the same of every
network, whatever it is called and whatever films lie beside it. A network with classes is told the
film's own: it learnt the film so, and who holds the film knows what it shows.

PIA (Kong et al., An Efficient Membership Inference Attack for the Diffusion Model by Proximal
Initialization, ICLR 2024) takes the noise that the network sees in the film itself, adds it, and
asks for it: a member's comes back. SimA (Rao et al., Score-based Membership Inference on Diffusion
Models, arXiv 2509.25003) takes the norm of the noise that it sees in the film: a member's is small.
Both take 4-norms, as their authors' code does. SecMI (Duan et al., ICML 2023) is left out: on
networks that predict v its score is inverted. Of 40 films learnt 180 times, where the loss has an
AUC of 0.77, it has 0.26.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from cxr_release.errors import CheckpointError
from cxr_release.generators.checkpoints import Checkpoint
from cxr_release.generators.conditions import Predict, told
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.network import v_losses
from cxr_release.generators.runtime.compute import Compute, chunks
from cxr_release.generators.runtime.randomness import generator
from cxr_release.scorecard.network.films import NetworkFilms

PIECE = 8
"""Films that the network sees at once on one core, always as many: fewer take other kernels."""
ON_GPU = 64
"""Films that it sees at once on a GPU."""
CLEANEST, NOISIEST = 60, 450
"""Diffusion times between which losses are taken. Planted canaries of phantoms were told about as
well, or worse, at times from 20 or up to 800."""
PIA_TIME, SIMA_TIME = 120, 60
"""Diffusion times at which the two attacks ask."""

Floats = NDArray[np.float64]
Case = TypeVar("Case")


def times_of(levels: int) -> list[int]:
    """Diffusion times, evenly spread over their logarithm from `CLEANEST` to `NOISIEST`.

    What a network knows of a single film shows where some of the film is left, and some is hidden.

    Args:
        levels: how many, 1 or more; of 1 it is their middle.
    """
    if levels == 1:
        return [round((CLEANEST * NOISIEST) ** 0.5)]
    return [round(time) for time in np.geomspace(CLEANEST, NOISIEST, levels).tolist()]


class Prober:
    """Asks a network about films.

    Args:
        checkpoint: as loaded.
        context: where the network is computed.
    """

    def __init__(self, checkpoint: Checkpoint, context: Compute) -> None:
        self._network = checkpoint.record.network
        self._step = checkpoint.record.checkpoint_step
        self._conditions = checkpoint.record.conditions
        self._schedule = unets.noise_schedule(self._network)
        self._kept = self._schedule.alphas_cumprod
        self._context = context
        self._unet = context.place(checkpoint.unet)
        self._space = checkpoint.space

    def log_losses(self, films: NetworkFilms, *, levels: int, noises: int) -> Floats:
        """(n,) the mean over noise levels and noises of the log of a film's loss.

        Args:
            films: at the network's size.
            levels: diffusion times; see `times_of`.
            noises: at each of them.

        Raises:
            CheckpointError: a loss is not a positive finite number.
        """
        times = times_of(levels)
        cases = [
            (film, time, noise)
            for film in range(len(films))
            for time in times
            for noise in range(noises)
        ]

        inputs = self._inputs(films)

        def losses(piece: Sequence[tuple[int, int, int]]) -> Tensor:
            places = [film for film, _, _ in piece]
            clean = inputs(places)
            drawn = [
                generator("membership", films.digests[film], time, noise).standard_normal(
                    self._space.shape, dtype=np.float32
                )
                for film, time, noise in piece
            ]
            noise = self._folded(torch.from_numpy(np.stack(drawn)))
            at = torch.tensor([time for _, time, _ in piece], device=self._context.device)
            return v_losses(self._told(films, places), self._schedule, clean, noise, at)

        values = self._over(losses, cases, "losses")
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(values).reshape(len(films), -1)
        self._require_finite(logs)
        return np.asarray(logs.mean(axis=1), np.float64)

    def pia(self, films: NetworkFilms) -> Floats:
        """(n,) scores of PIA, the higher, the more like a member: −‖ε(x, 0) − ε(x_t, t)‖₄.

        Raises:
            CheckpointError: a score is not a finite number.
        """

        inputs = self._inputs(films)

        def scores(piece: Sequence[int]) -> Tensor:
            clean = inputs(piece)
            first, at = (
                torch.full((len(piece),), time, device=self._context.device)
                for time in (0, PIA_TIME)
            )
            predict = self._told(films, piece)
            noise = self._noise_in(predict, clean, first)
            noisy = self._schedule.add_noise(clean, noise, at)
            return -_four_norm(noise - self._noise_in(predict, noisy, at))

        return self._scores(scores, films, "PIA")

    def sima(self, films: NetworkFilms) -> Floats:
        """(n,) scores of SimA, the higher, the more like a member: −‖ε(x, t)‖₄.

        Raises:
            CheckpointError: a score is not a finite number.
        """

        inputs = self._inputs(films)

        def scores(piece: Sequence[int]) -> Tensor:
            at = torch.full((len(piece),), SIMA_TIME, device=self._context.device)
            predict = self._told(films, piece)
            return -_four_norm(self._noise_in(predict, inputs(piece), at))

        return self._scores(scores, films, "SimA")

    def _scores(
        self, work: Callable[[Sequence[int]], Tensor], films: NetworkFilms, task: str
    ) -> Floats:
        values = self._over(work, list(range(len(films))), task)
        self._require_finite(values)
        return values

    def _inputs(self, films: NetworkFilms) -> Callable[[Sequence[int]], Tensor]:
        """What the network sees of some of the films, by their places."""
        taken = self._space.encode(films.pixels, self._context)
        return lambda places: self._folded(taken(np.array(places, np.int64), None))

    def _folded(self, films: Tensor) -> Tensor:
        return unets.fold(films.to(self._context.device), self._network)

    def _told(self, films: NetworkFilms, places: Sequence[int]) -> Predict:
        """The network, told the classes of some of the films where it has classes."""
        labels = films.labels and [films.labels[place] for place in places]
        codes = self._conditions.codes_of(labels, len(places))
        return told(self._unet, codes, self._context.device)

    def _noise_in(self, predict: Predict, films: Tensor, times: Tensor) -> Tensor:
        """ε that the network sees in films taken for noisy ones: √ᾱ v + √(1 − ᾱ) x."""
        velocity = predict(films, times).sample.float()
        kept = self._kept.to(films.device)[times].view(-1, 1, 1, 1)
        noise: Tensor = kept.sqrt() * velocity + (1 - kept).sqrt() * films
        return noise

    def _over(
        self, work: Callable[[Sequence[Case]], Tensor], cases: Sequence[Case], task: str
    ) -> Floats:
        """(cases,) what the work gives of each, in pieces of one size."""
        size = ON_GPU if self._context.on_gpu else PIECE
        filled = [*cases, *[cases[-1]] * (-len(cases) % size)]
        pieces = [[filled[place] for place in piece] for piece in chunks(range(len(filled)), size)]

        @torch.inference_mode()
        def computed(piece: Sequence[Case]) -> Tensor:
            with self._context.autocast():
                return work(piece).cpu()

        parts: list[Tensor] = []
        with tqdm(
            total=len(cases), desc=f"{task}, step {self._step}", disable=None, file=sys.stderr
        ) as bar:
            # In rounds, between which the bar moves.
            for round_ in chunks(range(len(pieces)), 16):
                parts += self._context.run(computed, [pieces[place] for place in round_])
                bar.update(min(len(round_) * size, len(cases) - bar.n))
        return torch.cat(parts)[: len(cases)].double().numpy()

    def _require_finite(self, values: Floats) -> None:
        if not np.isfinite(values).all():
            raise CheckpointError(
                "answers with losses that are not positive finite numbers",
                where=f"checkpoint at step {self._step}",
                remedy="its weights are broken; copy the checkpoint again, or train again",
            )


def _four_norm(values: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(values.float().flatten(1), 4, dim=1)
    return norm
