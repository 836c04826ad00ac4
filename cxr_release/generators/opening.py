"""Which generator a source's films come from, and its films by their seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cxr_release.film_id import AUTOENCODER
from cxr_release.films.png import Film
from cxr_release.generators.autoencoder.drawing import open_autoencoder
from cxr_release.generators.diffusion.denoising import open_denoiser
from cxr_release.generators.generator import Opener
from cxr_release.generators.runtime.compute import chunks, computing
from cxr_release.params import ComputeParams, SampleParams


def opener_of(source: str) -> Opener:
    """What opens the generator that draws a source's films: the autoencoder, or a checkpoint."""
    return open_autoencoder if source == AUTOENCODER else open_denoiser


def draw(
    source: str,
    folder: Path,
    seeds: Sequence[int],
    *,
    settings: SampleParams,
    compute: ComputeParams,
) -> Iterator[Film]:
    """Draw one film for each seed, in order.

    Args:
        source: a checkpoint, or the autoencoder.
        folder: of the checkpoint.
        seeds: one a film, in [0, 2^63).
        settings: sampler, steps and batch size.
        compute: precision and compilation.

    Yields:
        Films uint8, of the checkpoint's size.

    Raises:
        CheckpointError: the checkpoint cannot be loaded, or draws no films.
    """
    with computing(compute) as context:
        generator = opener_of(source)(folder, settings, context)
        for indices in chunks(range(len(seeds)), generator.batch):
            yield from generator.films([seeds[index] for index in indices])
