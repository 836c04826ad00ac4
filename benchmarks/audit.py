"""The search for the nearest pairs, against a bare matrix product and imagededup's own search.

    python -m benchmarks.audit [--real N] [--synthetic N] [--features N] [--rounds N]

Each runs in a process of its own, in turns. The bare product is numpy's `real @ synthetic.T` in
float32, all of it kept and nothing looked for. Our search finds the top 100 pairs and, for each
synthetic film, the two nearest real ones. imagededup's `find_duplicates` searches within one set:
it gets both sets stacked, with the workers that it starts by itself, and is timed as far as its
matrix of cosines. Peaks are those of the main process, libraries included. Features are drawn: one
common film, and noise in some directions, so that any two are as similar as radiographs are. Times
hold for this machine: compare the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import processes
from cxr_release.film_id import FilmId
from cxr_release.memorization.search import search

Features = NDArray[np.float32]
Scores = NDArray[np.floating]

TOP = 100
DIRECTIONS, NOISE = 64, 0.2
"""In how many films differ, and how long the difference is beside the common film."""
PEER_BYTES = 8
"""Most that the peer takes a cosine: two in float16, and what it holds besides."""


def main() -> None:
    """Print a table."""
    options = _options()
    if options.work:
        print(json.dumps(_measured(options)))
        return
    from benchmarks import measuring  # loads torch, which the measured processes do without

    works = list(WORKS)
    if PEER_BYTES * (options.real + options.synthetic) ** 2 > _available():
        works.remove("imagededup")
        print("imagededup is left out: the memory that is free does not hold its cosines")
    sizes = [f"--{name}={getattr(options, name)}" for name in ("real", "synthetic", "features")]
    runs: dict[str, list[dict[str, Any]]] = {work: [] for work in works}
    for _ in range(options.rounds):
        for work in works:
            runs[work].append(processes.measured("audit", f"--work={work}", *sizes))
    seconds = {
        work: statistics.median(run["seconds"] for run in measured)
        for work, measured in runs.items()
    }
    print(f"{options.real:,} × {options.synthetic:,} films of {options.features:,} features")
    rows: list[tuple[object, ...]] = [
        (
            work,
            seconds[work],
            seconds[work] / seconds["bare product"],
            f"{max(run['mib'] for run in measured):,.0f}",
            measured[0]["scores"] or "–",
        )
        for work, measured in runs.items()
    ]
    titles = ("", "seconds", "ratio", "peak MiB", f"distinct scores in its top {TOP}")
    measuring.table(titles, rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=int, default=4963)
    parser.add_argument("--synthetic", type=int, default=27000)
    parser.add_argument("--features", type=int, default=768)
    parser.add_argument("--rounds", type=int, default=3, help="times that each is timed")
    parser.add_argument("--work", choices=WORKS, help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    chance = np.random.default_rng(1)
    common = _units(chance.standard_normal((1, options.features), np.float32))
    directions = _units(chance.standard_normal((DIRECTIONS, options.features), np.float32))

    def films(count: int) -> Features:
        noise = _units(chance.standard_normal((count, DIRECTIONS), np.float32)) @ directions
        return _units(common + np.float32(NOISE) * noise)

    real, synthetic = films(options.real), films(options.synthetic)
    np.ones((512, 512), np.float32) @ np.ones((512, 512), np.float32)  # wakes the threads
    run = WORKS[options.work]()
    processes.forget_peak()  # that of drawing the features
    begin = time.perf_counter()
    result = run(real, synthetic)
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "mib": processes.peak(), "scores": _distinct(result, options)}


def _bare() -> Callable[[Features, Features], Scores]:
    return lambda real, synthetic: real @ synthetic.T


def _own_search() -> Callable[[Features, Features], Scores]:
    def run(real: Features, synthetic: Features) -> Scores:
        result = search(
            real,
            {"plain": synthetic},
            real_ids=[f"{place:07d}" for place in range(len(real))],
            synthetic_ids=[str(FilmId(1, "large", place)) for place in range(len(synthetic))],
            top=TOP,
        )
        assert len(result.nearest) == len(synthetic)
        return np.array([pair.cosine for pair in result.pairs])

    return run


def _peer() -> Callable[[Features, Features], Scores]:
    from imagededup.handlers.search.retrieval import get_cosine_similarity

    def run(real: Features, synthetic: Features) -> Scores:
        stacked = np.concatenate([real, synthetic])
        scores: Scores = get_cosine_similarity(stacked, verbose=False, num_workers=os.cpu_count())
        return scores[: len(real), len(real) :]

    return run


WORKS = {"bare product": _bare, "cxr-release": _own_search, "imagededup": _peer}


def _distinct(scores: Scores, options: argparse.Namespace) -> int:
    """How many different scores the best pairs have; 0 where nothing was looked for."""
    if options.work == "bare product":
        return 0
    best = np.array([np.sort(row)[-TOP:] for row in np.atleast_2d(scores)])
    return len(np.unique(np.sort(best, axis=None)[-TOP:]))


def _units(rows: Features) -> Features:
    units: Features = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return units


def _available() -> float:
    """Free memory in bytes."""
    return processes.kib("/proc/meminfo", "MemAvailable") * 1024


if __name__ == "__main__":
    main()
