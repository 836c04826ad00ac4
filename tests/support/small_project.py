"""A project in a folder, of the default's settings but smaller ones, before any stage has run."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cxr_release.film_id import BATCHES, jobs_of
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from tests.support import ROOT

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
    """Run stages one after the other in this process, by a project's settings."""
    params = load_params(paths.params)
    for stage in stages:
        module = importlib.import_module(f"cxr_release.stages.{stage}")
        for arguments in jobs_of_stage(stage, params):
            module.run(paths, params, *map(str, arguments))


def small_project(root: Path, small: Mapping[str, Mapping[str, Any]]) -> Paths:
    """Lay out a project in an empty folder.

    Args:
        root: the folder.
        small: section of `params.yaml` → what differs from the default.
    """
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    for section, values in small.items():
        settings[section].update(values)
    (root / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    shutil.copy(ROOT / "dvc.yaml", root)
    shutil.copytree(ROOT / "cards", root / "cards")
    (root / "cxr_release").symlink_to(ROOT / "cxr_release")
    for name in REVIEWS:
        (root / "data/reviews" / name).mkdir(parents=True)
    (root / "data/published").mkdir()
    return Paths(root)
