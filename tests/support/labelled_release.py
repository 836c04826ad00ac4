"""A project of phantoms whose films are drawn as classes, whole, with settings of seconds."""

from __future__ import annotations

from pathlib import Path

from cxr_release.paths import Paths
from tests.support.small_project import SMALLEST, STAGES, run_stages, small_project

SETTINGS = {
    **SMALLEST,
    "ingest": {
        **SMALLEST["ingest"],
        **{"phantoms": 160, "facts": {"curvature": "code"}, "least_patients": 10},
    },
    "split": {"control": 0.3},
    "condition": {"label": "curvature", "least": 10, "balance": "uniform"},
    "sample": {**SMALLEST["sample"], "initial": 4, "large": 60},
}


def labelled_release(root: Path) -> Paths:
    """The finished project, in a folder that is not there yet."""
    root.mkdir()
    paths = small_project(root, SETTINGS)
    run_stages(paths, *STAGES)
    return paths
