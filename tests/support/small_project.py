"""A project in a folder, of the default's settings but smaller ones, before any stage has run."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from cxr_release.film_id import BATCHES, jobs_of
from cxr_release.generators.regenerate import film_ids, regenerate
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from tests.support import ROOT
from tests.support.quick_fits import quick_fits

STAGES = list(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])
SMALLEST: Mapping[str, Mapping[str, Any]] = {
    "ingest": {"phantoms": 40, "size": 16},
    "split": {"control": 0.25},
    "network": {"channels": [8, 16], "pixel_unshuffle": 1},
    "train": {"steps": 4, "checkpoint_every": 2, "batch_size": 2, "warmup": 0},
    "train_tuning": {"steps": 2},
    "curves": {"films": 4, "levels": 2},
    "fidelity": {"every": 1, "images": 8, "bootstrap": 20},
    "sample": {"checkpoints": [1, 2], "initial": 4, "large": 6, "steps": 2, "batch_size": 8},
    "audit": {"top": 30, "plants": 2},
    "study": {"quartets": 3, "bootstrap": 100},
}
"""Settings with which all stages run in seconds, and none has too little to do."""
REVIEWS = (
    "screening",
    "audit",
    "withdrawals",
    "readers",
    "quartets",
    "facing",
    "burned-in",
    "landmarks",
    "findings",
)


def sampling_jobs(params: Params) -> list[tuple[int, str]]:
    """Checkpoint and batch of each job of the stage `sample`, as DVC gives them."""
    return [(number, batch) for number in params.sample.checkpoints for batch in BATCHES]


def jobs_of_stage(stage: str, params: Params) -> list[tuple[Any, ...]]:
    """The arguments of each job of a stage, as DVC gives them."""
    if stage == "sample":
        return [*sampling_jobs(params)]
    return jobs_of(params.sample.beside) if stage == "sample_generators" else [()]


def run_stages(paths: Paths, *stages: str) -> None:
    """Run stages one after the other in this process, by a project's settings, with quick fits."""
    params = load_params(paths.params)
    for stage in stages:
        module = importlib.import_module(f"cxr_release.stages.{stage}")
        for arguments in jobs_of_stage(stage, params):
            with quick_fits():
                module.run(paths, params, *map(str, arguments))


def change(root: Path, **sections: Mapping[str, Any]) -> None:
    """Give sections of a project's settings other values."""
    settings = yaml.safe_load((root / "params.yaml").read_text())
    for section, values in sections.items():
        settings[section].update(values)
    (root / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))


def assert_drawn_again(
    paths: Paths, names: Sequence[str], folder: Path, *, last_autoencoder: int = 0
) -> list[dict[str, Any]]:
    """Draw films again from their names alone, each as it was to the byte.

    Args:
        paths: a project that has drawn them.
        names: ids of films.
        folder: where to.
        last_autoencoder: number of the autoencoder's last checkpoint, if it has any.

    Returns:
        What was made, by name.
    """
    params = load_params(paths.params)
    made = regenerate(
        film_ids(names),
        folder,
        drawn_from=lambda source: paths.drawn_from(source, last_autoencoder),
        job_folder=paths.job,
        root_seed=params.seed,
        settings=params.sample,
        compute=params.compute,
        condition=params.condition,
    )
    assert sorted(film["id"] for film in made) == sorted(names)
    assert {film["difference"] for film in made} == {0}
    return made


def small_project(root: Path, small: Mapping[str, Mapping[str, Any]]) -> Paths:
    """Lay out a project in an empty folder.

    Args:
        root: the folder.
        small: section of `params.yaml` → what differs from the default.
    """
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, root)
    change(root, **small)
    shutil.copytree(ROOT / "cards", root / "cards")
    (root / "cxr_release").symlink_to(ROOT / "cxr_release")
    for name in REVIEWS:
        (root / "data/reviews" / name).mkdir(parents=True)
    (root / "data/published").mkdir()
    return Paths(root)
