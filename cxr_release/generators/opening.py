"""Which generator a source's films come from, and its films by their seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cxr_release.film_id import AUTOENCODER
from cxr_release.films.png import Film
from cxr_release.generators.autoencoder.drawing import open_autoencoder
from cxr_release.generators.checkpoints import read_record
from cxr_release.generators.conditions import Conditions
from cxr_release.generators.diffusion.denoising import open_denoiser
from cxr_release.generators.generator import Generator, Labels
from cxr_release.generators.runtime.compute import chunks, computing
from cxr_release.params.sampling import SampleParams
from cxr_release.params.training import ComputeParams


def conditions_of(source: str, folder: Path) -> Conditions:
    """What the generator of a source can be told of the films that it draws.

    Raises:
        CheckpointError: the folder does not hold a checkpoint.
    """
    return Conditions() if source == AUTOENCODER else read_record(folder).conditions


def draw(
    source: str,
    folder: Path,
    seeds: Sequence[int],
    *,
    settings: SampleParams,
    compute: ComputeParams,
    labels: Labels = None,
    class_guidance: float = 1.0,
    guide: Path | None = None,
) -> Iterator[Film]:
    """Draw one film for each seed, in order; every process of several gets all of them.

    Args:
        source: a checkpoint, or the autoencoder, which neither classes nor a guide are for.
        folder: of the checkpoint.
        seeds: one a film, in [0, 2^63).
        settings: sampler, steps and batch size.
        compute: precision and compilation.
        labels: class that each film is drawn as; see `apportionment`.
        class_guidance: weight of the class; see `Denoiser`.
        guide: folder of the checkpoint that guides, where one does.

    Yields:
        Films uint8, of the checkpoint's size.

    Raises:
        CheckpointError: the checkpoint cannot be loaded, or draws no films.
    """
    with computing(compute) as context:
        generator: Generator
        if source == AUTOENCODER:
            generator = open_autoencoder(folder, settings, context)
        else:
            generator = open_denoiser(
                folder, settings, context, class_guidance=class_guidance, guide=guide
            )
        for indices in chunks(range(len(seeds)), generator.batch):
            yield from generator.films(
                [seeds[index] for index in indices],
                None if labels is None else [labels[index] for index in indices],
            )
