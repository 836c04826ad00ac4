"""Both runs of a project are private where params.yaml asks for it, by one key that stays."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.stages import train, train_latent, train_tuning
from tests.support.release_artefacts import cohort_row, write_split
from tests.support.small_project import small_project

SMALL: dict[str, dict[str, Any]] = {
    "ingest": {"size": 16},
    "network": {"channels": [8, 16], "pixel_unshuffle": 1},
    "sample": {"checkpoints": [1]},
    "train": {"steps": 1, "checkpoint_every": 1, "batch_size": 1, "warmup": 0}
    | {"privacy": {"epsilon": 3, "delta": 0.01, "clip": 0.5, "levels": 1}},
    "train_tuning": {"steps": 1},
}


def stated(checkpoint: Path) -> Any:
    return json.loads((checkpoint / "checkpoint.json").read_text())["training"]


def test_both_runs_are_private_with_one_noise_and_one_key(tmp_path: Path) -> None:
    paths: Paths = small_project(tmp_path, SMALL)
    paths.split.mkdir(parents=True)
    write_split(paths.split, [cohort_row(place, f"phantom-{place}") for place in range(4)])
    params = load_params(paths.params)
    for stage in (train_latent, train_tuning, train):
        stage.run(paths, params)
    final, tuning = (stated(run / "checkpoint-1") for run in (paths.final, paths.tuning))
    assert stat.S_IMODE(paths.noise_key.stat().st_mode) == 0o600
    assert final["privacy"]["noise_key"] == tuning["privacy"]["noise_key"]
    assert final["privacy"]["noise_multiplier"] == tuning["privacy"]["noise_multiplier"]
    assert {stating["privacy"]["unit"] for stating in (final, tuning)} == {"patient"}
    assert (final["privacy"]["units"], tuning["privacy"]["units"]) == (3, 2)
    assert final["privacy"]["epsilon"] <= 3 < tuning["privacy"]["epsilon"]
