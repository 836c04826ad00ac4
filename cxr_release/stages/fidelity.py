"""Fidelity of drawn films to real ones, along training."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cxr_release.exit_status import execute
from cxr_release.fidelity import inception
from cxr_release.fidelity.distance_types import Baselines, DistancePoint, GeneratorPoint
from cxr_release.fidelity.measure import SourceFilms
from cxr_release.files import write_json
from cxr_release.film_id import checkpoint_of, source_name
from cxr_release.films.film_array import load_films
from cxr_release.fingerprint import of_stage
from cxr_release.generators.apportionment import labels_of
from cxr_release.generators.autoencoder.checkpoint import read_record as read_autoencoder
from cxr_release.generators.checkpoints import list_checkpoints, read_record
from cxr_release.generators.opening import conditions_of, draw
from cxr_release.generators.runtime import run_folder
from cxr_release.generators.runtime.compute import processes
from cxr_release.generators.sampling import film_seed
from cxr_release.json_documents import read
from cxr_release.params.project import UNTRAINED, Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params) -> None:
    """Draw as many films from each checkpoint and measure them against the cohort.

    Each checkpoint's numbers are written when they are there; killed and called again with the
    same inputs, it goes on with the next checkpoint. Several processes draw, the main one
    measures. Where nothing was trained, that is all that is written.
    """
    if not params.train.steps:
        fingerprint = of_stage(paths.root, params, "fidelity")
        run_folder.leave_untrained("fidelity", paths.fidelity_points, fingerprint)
        write_json(paths.fidelity, {"checkpoints": [], "note": UNTRAINED})
        return
    everyone = processes()
    fingerprint = of_stage(paths.root, params, "fidelity")
    chosen = _every(list_checkpoints(paths.final), params.fidelity.every)
    drawing = {source_name(number): folder for number, folder in chosen.items()}
    drawing |= {
        name: paths.drawn_from(
            name, params.autoencoder.last_checkpoint(params.train.checkpoint_every)
        )
        for name in params.sample.beside
    }
    missing = everyone.agreed(lambda: _missing(paths.fidelity_points, list(drawing), fingerprint))
    source = None
    if missing and everyone.is_main:
        source = _source(paths, params)
        run_folder.say(
            f"fidelity: {len(missing)} of {len(drawing)} checkpoints × {params.fidelity.images} "
            f"films, against {len(source.films)} source films"
            f"{'' if source.inception else '; without weights, so neither FID nor KID'}"
        )
    for name in missing:
        films = _draw_films(paths, name, drawing[name], params, show_bar=everyone.is_main)
        if source is not None:
            where = _stated(name, drawing[name])
            write_json(_point(paths.fidelity_points, name), where | source.measure(films))
    if everyone.is_main:
        points = [
            read(_point(paths.fidelity_points, source_name(number)), DistancePoint)
            for number in chosen
        ]
        others = [
            read(_point(paths.fidelity_points, name), GeneratorPoint)
            for name in params.sample.beside
        ]
        baselines = read(paths.fidelity_points / BASELINES, Baselines)
        beside = {"generators": others} if others else {}
        write_json(paths.fidelity, {**baselines, "checkpoints": points, **beside})
        run_folder.finish(paths.fidelity_points, fingerprint)


BASELINES = "source.json"
"""What is measured with, and what source films score themselves: written before any point."""


def _point(folder: Path, source: str) -> Path:
    return folder / f"{source}.json"


def _missing(folder: Path, chosen: list[str], fingerprint: str) -> list[str]:
    run_folder.begin(folder, fingerprint, keep_unfinished=False)
    return [source for source in chosen if not _point(folder, source).exists()]


def _stated(source: str, folder: Path) -> dict[str, Any]:
    """What drew the films, in a point."""
    number = checkpoint_of(source)
    if number is None:
        return {"source": source, "checkpoint_step": read_autoencoder(folder).checkpoint_step}
    return {"checkpoint": number, "checkpoint_step": read_record(folder).checkpoint_step}


def _every(checkpoints: dict[int, Path], every: int) -> dict[int, Path]:
    """Each `every`th checkpoint; with `every` beyond the last one, the last one alone."""
    chosen = {number: folder for number, folder in checkpoints.items() if number % every == 0}
    return chosen or dict(list(checkpoints.items())[-1:])


def _source(paths: Paths, params: Params) -> SourceFilms:
    settings = params.fidelity
    # Before anything long: a wrong file is to be heard of at once.
    network = (
        inception.load(paths.root / settings.weights, settings.weights_sha256)
        if settings.weights
        else None
    )
    _, films = load_films(paths.trained_table, paths.film_array)
    source = SourceFilms(films, settings.images, settings.bootstrap, params.seed, network)
    baselines = paths.fidelity_points / BASELINES
    if not baselines.exists():
        write_json(baselines, source.baselines())
    return source


def _draw_films(
    paths: Paths, source: str, folder: Path, params: Params, *, show_bar: bool
) -> NDArray[np.uint8]:
    """Films of one source, (images, height, width).

    Drawn as `sample` draws; a checkpoint that is not later than the guide is not guided. The same
    seeds for every source, so that the luck of the draw does not rank them; and of
    their own, so that the distances stay whatever is sampled for the release.
    """
    images = params.fidelity.images
    seeds = [film_seed(params.seed, 0, "fidelity", index) for index in range(images)]
    number, guidance = checkpoint_of(source), params.sample.guidance
    guided = guidance is not None and number is not None and guidance.checkpoint < number
    films = draw(
        source,
        folder,
        seeds,
        settings=params.sample if guided else replace(params.sample, guidance=None),
        compute=params.compute,
        # As many of each class as among the source films that they are held against.
        labels=labels_of(
            conditions_of(source, folder),
            "source",
            range(images),
            seed=params.seed,
            checkpoint=0,
            batch="fidelity",
        ),
        class_guidance=params.condition.guidance,
        guide=paths.checkpoint(guidance.checkpoint) if guidance and guided else None,
    )
    progress = tqdm(
        films,
        desc=f"fidelity {source}",
        total=images,
        unit="film",
        disable=None if show_bar else True,
        file=sys.stderr,
    )
    return np.stack(list(progress))


if __name__ == "__main__":
    execute(run)
