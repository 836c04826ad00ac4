"""A project in a folder, of the default's settings but smaller ones, before any stage has run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cxr_release.film_id import BATCHES
from cxr_release.params import Params
from cxr_release.paths import Paths
from tests.support import ROOT

REVIEWS = ("screening", "audit", "withdrawals", "readers", "quartets", "facing", "burned-in")


def sampling_jobs(params: Params) -> list[tuple[int, str]]:
    """Checkpoint and batch of each job of the stage `sample`, as DVC gives them."""
    return [(number, batch) for number in params.sample.checkpoints for batch in BATCHES]


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
