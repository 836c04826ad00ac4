"""A project whose films were just sampled, in several shards a job."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from cxr_release import schemas, tables
from cxr_release.files import write_json
from cxr_release.film_id import FilmId, Job
from cxr_release.films import png
from cxr_release.generators.sampling import shard_path
from cxr_release.paths import Paths
from tests.support import ROOT
from tests.support.unspaced import NO_SPACING

SHARDS = {("checkpoint-1", "initial"): (3,), ("checkpoint-1", "large"): (4, 4, 2)}
"""Job → films in each of its shards."""


def faces_left(seed: int) -> png.Film:
    """A film with the same blocks as the others, bright on the left, and grain of its own."""
    blocks = np.random.default_rng(99).uniform(0, 120, (8, 8)).repeat(4, axis=0).repeat(4, axis=1)
    ramp = np.linspace(100, 20, 32) + blocks
    grain = np.random.default_rng(seed).normal(0, 12, (32, 32))
    return np.clip(ramp + grain, 0, 255).astype(np.uint8)


def project(root: Path, *, facing: str | None = "left") -> Paths:
    """Settings, a cohort of 12 patients, and the jobs of `SHARDS`: every third film faces right.

    Args:
        root: its folder.
        facing: what is known of the real films; where nothing is, no film is turned.
    """
    paths = Paths(root)
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    settings["sample"] |= {"checkpoints": [1], "initial": 3, "large": 10}
    paths.params.write_text(yaml.safe_dump(settings))
    shutil.copytree(ROOT / "cards", paths.cards)
    rows = []
    for seed in range(12):
        film, name = faces_left(seed), f"film-{seed:016x}"
        data = png.encode(film, synthetic=False)
        known = {"id": name, "patient": f"p{seed}", "facing": facing}
        turned = {"inverted": False, "flipped": False}
        rows.append(
            NO_SPACING | known | turned | {"image": png.cell(data, name)} | png.facts(film, data)
        )
    tables.write(paths.trained_table, schemas.COHORT, rows)
    for job, shards in SHARDS.items():
        sample(paths, job, shards)
    return paths


def sample(paths: Paths, job: Job, shards: Sequence[int], first_seed: int = 100) -> None:
    """Write the films of a job, as sampling leaves them, in shards of so many."""
    folder = paths.job(*job)
    shutil.rmtree(folder, ignore_errors=True)
    index = 0
    for number, films in enumerate(shards):
        rows = []
        for _ in range(films):
            film = faces_left(first_seed + index + 50 * (job[1] == "large"))
            film = film[:, ::-1].copy() if index % 3 == 1 else film
            name, data = str(FilmId(*job, index)), png.encode(film, synthetic=True)
            known = {"id": name, "checkpoint": 1, "checkpoint_step": 10, "batch": job[1]}
            image = {"image": png.cell(data, name), "seed": index, "label": None}
            rows.append(known | image | png.facts(film, data))
            index += 1
        tables.write(shard_path(folder, number), schemas.SAMPLES, rows)
    write_json(folder / "job.json", {"made": index})
