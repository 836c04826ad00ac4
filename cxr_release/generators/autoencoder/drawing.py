"""From seeds to films of the autoencoder, and its loss.

A film is a pure function of its checkpoint and its seed: its latents are drawn from the film's own
stream, and the network sees pieces of one size, whatever is drawn beside it. It is the decoder's
mean, without the noise that the loss takes it to have: that noise is of single pixels, and no
anatomy.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cxr_release.errors import CheckpointError
from cxr_release.film_id import AUTOENCODER
from cxr_release.generators.autoencoder.checkpoint import Checkpoint, load
from cxr_release.generators.conditions import Conditions
from cxr_release.generators.diffusion.network import to_grey, to_unit
from cxr_release.generators.generator import Labels
from cxr_release.generators.runtime.compute import Compute, chunks, computing
from cxr_release.params.sampling import SampleParams
from cxr_release.params.training import ComputeParams

PIECE = 8
"""Films that the network sees at once on one core."""


class Autoencoder:
    """A checkpoint of the autoencoder, ready to draw.

    Args:
        checkpoint: as loaded.
        settings: batch size.
        compute: where it draws.
    """

    def __init__(self, checkpoint: Checkpoint, settings: SampleParams, compute: Compute) -> None:
        self.record = checkpoint.record
        self._settings = settings
        self._compute = compute
        self._network = checkpoint.network.to(compute.device)

    source = AUTOENCODER
    """Of its films."""

    conditions = Conditions()
    """It is told nothing of the films that it draws."""
    guide = None

    @property
    def step(self) -> int:
        """Training steps that it had seen."""
        return self.record.checkpoint_step

    @property
    def batch(self) -> int:
        """Films to ask for at once: `settings.batch_size` for each process."""
        return self._settings.batch_size * self._compute.processes.count

    def films(self, seeds: Sequence[int], labels: Labels = None) -> NDArray[np.uint8]:
        """Draw a batch of films: (len(seeds), height, width) uint8, in every process.

        Args:
            seeds: one a film.
            labels: of no account here.

        Raises:
            CheckpointError: the network's answers are not finite numbers.
        """
        size = self._settings.batch_size if self._compute.on_gpu else PIECE
        filled = [*seeds, *[0] * (-len(seeds) % (size * self._compute.processes.count))]
        pieces = [filled[start : start + size] for start in range(0, len(filled), size)]
        drawn = self._compute.run(self._piece, self._compute.processes.share(pieces))
        films: NDArray[np.uint8] = self._compute.processes.gathered(torch.cat(drawn)).cpu().numpy()
        return films[: len(seeds)]

    @torch.inference_mode()
    def _piece(self, seeds: Sequence[int]) -> torch.Tensor:
        count = self.record.network.latents
        streams = [np.random.Generator(np.random.PCG64(seed)) for seed in seeds]
        noise = np.stack([stream.standard_normal(count, dtype=np.float32) for stream in streams])
        latents = self._network.latents(torch.from_numpy(noise).to(self._compute.device))
        with self._compute.autocast():
            films = self._network.decode(latents)
        if not torch.isfinite(films).all():
            raise CheckpointError(
                "draws films that are not finite numbers",
                where=f"autoencoder at step {self.step}",
                remedy="its weights are broken; train again with a lower autoencoder.learning_rate",
            )
        return to_grey(films)


def open_autoencoder(folder: Path, settings: SampleParams, compute: Compute) -> Autoencoder:
    """A checkpoint of the autoencoder, ready to draw.

    Raises:
        CheckpointError: it cannot be loaded.
    """
    return Autoencoder(load(folder), settings, compute)


def fixed_losses(folder: Path, films: NDArray[np.uint8], *, compute: ComputeParams) -> float:
    """Mean negative evidence lower bound of a checkpoint's averaged weights; see `negative_bound`.

    A film's latents are taken at their mean, so that no chance is in it.

    Args:
        folder: of the checkpoint.
        films: (n, height, width) uint8, of its size.
        compute: precision and compilation.

    Raises:
        CheckpointError: the checkpoint cannot be loaded.
    """
    model = load(folder)
    with computing(compute) as context:
        network = model.network.to(context.device)

        @torch.inference_mode()
        def losses(piece: range) -> torch.Tensor:
            unit = to_unit(films[piece.start : piece.stop]).to(context.device)
            noise = torch.zeros(len(piece), model.record.network.latents, device=context.device)
            with context.autocast():
                lost: torch.Tensor = network(unit, noise)
            return lost.cpu()

        parts = context.run(losses, chunks(range(len(films)), PIECE))
    return float(torch.cat(parts).double().mean())
