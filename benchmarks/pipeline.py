"""Seconds and peak memory of every stage after sampling, by the number of films and of cores.

    python -m benchmarks.pipeline FINISHED [--films N ...] [--cores N ...] [--root FOLDER] [--push]

FINISHED is a folder in which `dvc repro` came to its end; it is only read. For each number of films
a copy of it gets so many (see `many_films`), and its stages run one after the other as `dvc repro`
would run them, each in a process of its own that may use so many cores; then `cxr-release verify`
of the release, and with `--push` a push to a Hub on the loopback interface. Peaks are of a stage's
process with all its children, pages that they share counted once (PSS, looked at 20 times a
second). The last column is the power of the number of films with which the time grows from the
first number to the last, start-up included: 1 is in proportion, below it start-up is paid for.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from benchmarks import printing
from benchmarks.many_films import project_of

STAGES = (
    "orient", "prescreen", "audit", "adjudicate", "screen", "quartets", "study", "score_network",
    "scorecard", "landmarks", "validate", "package", "metrics",
)  # fmt: skip
TOOL = (sys.executable, "-m", "cxr_release.cli")
BETWEEN = 0.05
"""Seconds between two looks at the memory."""


@dataclass(frozen=True)
class Cost:
    """What a process and its children took."""

    seconds: float
    processor: float
    """Seconds of all cores together."""
    mib: float
    """Most memory held at once."""


def main() -> None:
    """Print a table for each number of cores."""
    options = _options()
    costs: dict[int, dict[int, dict[str, Cost]]] = {cores: {} for cores in options.cores}
    counts = []
    for films in options.films:
        with tempfile.TemporaryDirectory(dir=options.root) as folder:
            root = Path(folder) / "project"
            count = project_of(options.finished.resolve(), root, films)
            counts.append(count)
            for cores in options.cores:
                costs[cores][count] = _run(root, cores, stages=options.stages, push=options.push)
    for cores in options.cores:
        print(f"\n{cores} core{'s' * (cores > 1)}\n")
        _print(costs[cores], counts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("finished", type=Path, help="folder in which dvc repro came to its end")
    parser.add_argument("--films", type=int, nargs="+", default=[480, 27_000])
    parser.add_argument("--cores", type=int, nargs="+", default=[os.cpu_count() or 1])
    parser.add_argument("--stages", nargs="+", default=list(STAGES), choices=STAGES)
    parser.add_argument("--push", action="store_true", help="to a Hub on the loopback interface")
    parser.add_argument("--root", type=Path, default=None, help="folder to work in")
    return parser.parse_args()


def _run(root: Path, cores: int, *, stages: Sequence[str], push: bool) -> dict[str, Cost]:
    """Each stage's cost, and what reads the release afterwards."""
    costs = {}
    for stage in stages:
        costs[stage] = measured([sys.executable, "-m", f"cxr_release.stages.{stage}"], root, cores)
    if "package" in stages:
        costs["verify"] = measured([*TOOL, "verify", "data/release"], root, cores)
        if push:
            costs["push"] = _pushed(root, cores)
    for made in ("oriented", "release"):
        shutil.rmtree(root / "data" / made, ignore_errors=True)
    return costs


def _pushed(root: Path, cores: int) -> Cost:
    """A push to an empty Hub."""
    from tests.support.hub.requests import REPO, WRITER
    from tests.support.hub.server import Hub

    with tempfile.TemporaryDirectory(dir=root.parent) as folder, Hub(Path(folder)) as hub:
        address = {"HF_ENDPOINT": hub.url, "HF_TOKEN": WRITER, "HF_HOME": f"{folder}/home"}
        address["HF_HUB_DISABLE_XET"] = "1"  # this Hub has no such store
        command = [*TOOL, "push", "data/release", "--repo", REPO, "--allow-unreviewed"]
        return measured(command, root, cores, environment=address)


def measured(
    command: Sequence[str], folder: Path, cores: int, *, environment: dict[str, str] | None = None
) -> Cost:
    """Run a command in a folder on some cores.

    Raises:
        SystemExit: it failed; its last line is told.
    """
    os.sched_setaffinity(0, range(cores))
    before = os.times()
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = psutil.Popen(
            command,
            cwd=folder,
            env=os.environ | (environment or {}) | {"OMP_NUM_THREADS": str(cores)},
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        most = 0
        while process.poll() is None:
            most = max(most, _memory(process))
            time.sleep(BETWEEN)
        seconds = time.perf_counter() - begin
        if process.returncode:
            said.seek(0)
            words = said.read().decode(errors="replace").strip().splitlines()
            raise SystemExit(f"error: {' '.join(command)}: " + "\n".join(words[-5:]))
    after = os.times()
    sys.stderr.write(f"{' '.join(command[1:])}: {seconds:.1f} s\n")
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    return Cost(seconds, spent, most / 2**20)


def _memory(process: psutil.Process) -> int:
    """Bytes that a process and its children hold."""
    total = 0
    with contextlib.suppress(psutil.Error):
        for member in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += member.memory_full_info().pss
    return total


def _print(costs: dict[int, dict[str, Cost]], counts: Sequence[int]) -> None:
    titles = [""]
    for count in counts:
        titles += [f"{count:,} films: s", "CPU s", "MiB", "CPU ms a film"]
    rows: list[tuple[object, ...]] = []
    for stage in costs[counts[0]]:
        row: list[object] = [stage]
        for count in counts:
            cost = costs[count][stage]
            row += [cost.seconds, cost.processor, f"{cost.mib:,.0f}"]
            row += [1000 * cost.processor / count]
        first, last = (costs[count][stage].processor for count in (counts[0], counts[-1]))
        grown = math.log(counts[-1] / counts[0])
        rows.append((*row, math.log(last / first) / grown if grown else "–"))
    total: list[object] = ["all"]
    for count in counts:
        taken = costs[count].values()
        total += [sum(cost.seconds for cost in taken), sum(cost.processor for cost in taken)]
        total += [f"{max(cost.mib for cost in taken):,.0f}", ""]
    rows.append((*total, ""))
    printing.table((*titles, "power"), rows)


if __name__ == "__main__":
    main()
