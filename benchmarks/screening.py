"""Seconds to read, verify and count the paper's 27,000 decisions, and to log one.

    python -m benchmarks.screening [--rounds N]

The alternative is what a script would do: pandas reads the same lines and counts them, with no
chain, no hash, no fault and no consensus. `cxr-release counts` is timed as a whole process. Times
hold for this machine: compare the ratios.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cxr_release.film_id import FilmId, source_name
from cxr_release.films import png
from cxr_release.logbook import log, logs
from cxr_release.params.people import ScreenParams
from cxr_release.screening.consensus import apply
from cxr_release.screening.decision import DECISION, NewDecision
from cxr_release.screening.films import read_listed

PAPER = {
    (34, "initial"): (1000, 607),
    (40, "initial"): (1000, 654),
    (80, "initial"): (1000, 742),
    (34, "large"): (8000, 5071),
    (40, "large"): (7968, 5999),
    (80, "large"): (8032, 6990),
}
"""Checkpoint and batch → generated and released, the paper's Table S1."""
ONE_BY_ONE = 500


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        decisions = _write(root)
        plain = _median(lambda: _plain(root), rounds)
        works = {
            "pandas: read lines, count, nothing checked": plain,
            "read, verify, hold against the films, count": _median(lambda: _counted(root), rounds),
            "`cxr-release counts`, a process of its own": _median(lambda: _command(root), rounds),
        }
        single_log = log.Log(DECISION, root / "single", "a.b")
        begin = time.perf_counter()
        for decision in decisions[:ONE_BY_ONE]:
            single_log.append([decision])
        single = (time.perf_counter() - begin) / ONE_BY_ONE
    print("| 27,000 decisions | seconds | ratio |\n|---|---:|---:|")
    for work, seconds in works.items():
        print(f"| {work} | {seconds:.2f} | {seconds / plain:.1f} |")
    print(f"\nOne decision, until it is on disk: {1000 * single:.2f} ms")


def _write(root: Path) -> list[NewDecision]:
    rows, decisions = [], []
    for (checkpoint, batch), (generated, released) in PAPER.items():
        for index in range(generated):
            name = str(FilmId(source_name(checkpoint), batch, index))
            sha256 = png.sha256(name.encode())
            rows.append({"id": name, "checkpoint": checkpoint, "batch": batch, "sha256": sha256})
            kept = index < released
            decisions.append(
                NewDecision(name, sha256, "keep" if kept else "exclude", "" if kept else "other")
            )
    pq.write_table(pa.Table.from_pylist(rows), root / "films.parquet")
    log.append(DECISION, root / "logs", "a.b", decisions)
    return decisions


def _plain(root: Path) -> None:
    films = pd.read_parquet(root / "films.parquet")
    lines = pd.read_json(root / "logs" / "a.b.jsonl", lines=True, dtype=False)
    last = lines.drop_duplicates("image_id", keep="last").set_index("image_id")["decision"]
    films["decision"] = films["id"].map(last)
    table = films.groupby(["checkpoint", "batch"])["decision"].value_counts()
    assert table.xs("exclude", level="decision").sum() == 6937


def _counted(root: Path) -> None:
    rule = ScreenParams(
        reviewers_required=1, conflict="exclude", adjudicator="", require_complete=False
    )
    films = read_listed(root / "films.parquet")
    counts = apply(films, logs.read_all(DECISION, root / "logs"), rule, None).counts
    for row in counts["rows"]:
        assert PAPER[row["checkpoint"], row["batch"]] == (row["generated"], row["released"])


def _command(root: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "cxr_release.cli", "counts", "--root", str(root), "--images",
         str(root / "films.parquet"), "--reviews", str(root / "logs")],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _median(work: Callable[[], None], rounds: int) -> float:
    work()
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


if __name__ == "__main__":
    main()
