"""A finished project with as many synthetic films as one asks for, as sampling would leave them.

Films are drawn from those that the project sampled: a mean of three of them with weights by
chance, bent smoothly, with grain. So each film is another, and none is near another one by much
more than films of a small network are; no claim on fidelity or copies can be read from them.
Names, seeds, the label in the PNG, shards and row groups are those of `sample`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from tqdm import tqdm

from cxr_release import json_documents
from cxr_release.files import write_json
from cxr_release.film_id import FilmId, Job, checkpoint_of, origin_of, read_job
from cxr_release.films import png
from cxr_release.films.png import Film
from cxr_release.generators import sampling
from cxr_release.params.load import load_params
from cxr_release.schemas import SAMPLES
from cxr_release.tables import Writer, iterate

KEPT = ("params.yaml", "dvc.yaml", "dvc.lock", "cards", "data")
MADE = ("samples", "oriented", "prescreen", "release", "validation", "screening", "timings")
"""Below `data`: what the stages measured here make of the films."""
SHIFT, GRAIN = 4.0, 2.0
"""Pixels by which a film is bent at most, of 64; grey levels of its grain."""


def project_of(finished: Path, root: Path, films: int) -> int:
    """Lay out a copy of a finished project with about so many films; nobody has decided on them.

    Args:
        finished: folder in which `dvc repro` came to its end.
        root: a new folder.
        films: of all jobs together; each job keeps its share.

    Returns:
        How many there are.
    """
    root.mkdir()
    for name in KEPT:
        source = finished / name
        if source.is_dir():
            ignored = shutil.ignore_patterns(*MADE) if name == "data" else None
            shutil.copytree(source, root / name, ignore=ignored)
        elif source.exists():
            shutil.copy(source, root / name)
    params = load_params(root / "params.yaml")
    before = params.sample.initial + params.sample.large
    wanted = max(1, round(films / len(params.sample.checkpoints)))
    initial = min(params.sample.initial, wanted)
    counts = {"initial": initial, "large": wanted - initial} if wanted != before else {}
    settings: dict[str, Any] = yaml.safe_load((root / "params.yaml").read_text())
    settings["sample"] |= counts
    (root / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    total = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for folder in sorted((finished / "data/samples").iterdir()):
            job = read_job(folder.name)
            if job is None:  # .gitkeep
                continue
            if not counts:
                shutil.copytree(folder, root / "data/samples" / folder.name)
                total += json_documents.read(folder / sampling.JOB, sampling.Job)["made"]
                continue
            _draw(
                pool, folder, root / "data/samples" / folder.name, job, counts[job[1]], params.seed
            )
            total += counts[job[1]]
    return total


def _draw(
    pool: ProcessPoolExecutor, finished: Path, folder: Path, job: Job, count: int, root_seed: int
) -> None:
    """Write a job's folder."""
    folder.mkdir(parents=True)
    made = json_documents.read(finished / sampling.JOB, sampling.Job)
    patterns = np.stack(
        [
            png.decode(row["image"]["bytes"], where=str(shard))
            for shard in sorted(finished.glob("shard-*.parquet"))
            for row in iterate(shard, SAMPLES)
        ]
    )
    starts = range(0, count, sampling.SHARD)
    calls = [range(start, min(start + sampling.SHARD, count)) for start in starts]
    shards = pool.map(
        _shard, repeat(folder), calls, repeat(job), repeat(made["checkpoint_step"]),
        repeat(root_seed), repeat(patterns),
    )  # fmt: skip
    for _ in tqdm(shards, total=len(calls), desc=folder.name, unit="shard", disable=None):
        pass
    write_json(folder / sampling.JOB, {**made, "requested": count, "made": count})
    shutil.copy(finished / "run.json", folder / "run.json")


def _shard(
    folder: Path,
    indices: Sequence[int],
    job: Job,
    step: int,
    root_seed: int,
    patterns: NDArray[np.uint8],
) -> None:
    source, batch = job
    with Writer(sampling.shard_path(folder, indices[0] // sampling.SHARD), SAMPLES) as shard:
        for start in range(0, len(indices), sampling.GROUP):
            rows = []
            for index in indices[start : start + sampling.GROUP]:
                seed = sampling.source_seed(root_seed, source, batch, index)
                film = _film(patterns, np.random.default_rng(seed))
                data = png.encode(film, synthetic=True, origin=origin_of(source))
                name = str(FilmId(source, batch, index))
                rows.append(
                    {
                        "image": png.cell(data, name),
                        "id": name,
                        "checkpoint": checkpoint_of(source),
                        "checkpoint_step": step,
                        "batch": batch,
                        "seed": seed,
                        "label": None,
                        **png.facts(film, data),
                    }
                )
            shard.append(rows)


def _film(patterns: NDArray[np.uint8], chance: np.random.Generator) -> Film:
    """(h, w): see above."""
    three = patterns[chance.integers(len(patterns), size=3)]
    mean = np.tensordot(chance.dirichlet([1.0, 0.5, 0.5]), three.astype(np.float32), axes=1)
    height, width = mean.shape
    down, across = (_wave(side, chance) for side in (height, width))
    rows = np.clip(np.arange(height)[:, None] + down[None, :width], 0, height - 1.001)
    columns = np.clip(np.arange(width)[None, :] + across[:height, None], 0, width - 1.001)
    bent = _between(mean, np.broadcast_to(rows, mean.shape), np.broadcast_to(columns, mean.shape))
    grey = bent + chance.normal(scale=GRAIN, size=mean.shape)
    film: Film = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return film


def _wave(side: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """(longest side,) pixels by which a line of the film is shifted."""
    phase, turns = chance.uniform(0, 2 * np.pi), chance.uniform(0.3, 1.2)
    most = SHIFT * side / 64 * chance.uniform(0, 1)
    return most * np.sin(phase + 2 * np.pi * turns * np.arange(4096) / side)


def _between(
    grey: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Grey (h, w) at places between pixels, linear in both directions."""
    top, left = rows.astype(int), columns.astype(int)
    down, right = rows - top, columns - left
    upper = grey[top, left] * (1 - right) + grey[top, left + 1] * right
    lower = grey[top + 1, left] * (1 - right) + grey[top + 1, left + 1] * right
    between: NDArray[np.float64] = upper * (1 - down) + lower * down
    return between
