"""A dozen numbers of the run, flat, so that `dvc metrics show` fits a terminal.

All else lies in the stages' own reports, which `cxr-release report` shows. A stage, and not part of
that command: `dvc metrics diff` compares what commits hold, and it is made in a second.
"""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from cxr_release.exit_status import execute
from cxr_release.files import write_json
from cxr_release.json_documents import read
from cxr_release.params.project import Params
from cxr_release.paths import Paths


class _Total(TypedDict):
    generated: int
    excluded: int
    released: int
    undecided: int


class _Counts(TypedDict):
    total: _Total


class _Flagged(TypedDict):
    films: int


class _Audit(TypedDict):
    flagged: _Flagged | None


class _Adjudication(TypedDict):
    excluded_films: int


class _Distances(TypedDict):
    checkpoints: list[dict[str, Any]]


class _Checkpoints(TypedDict):
    nearest: int
    ranked_by: str
    distances: _Distances


class _Summary(TypedDict):
    privacy: float | None
    utility: float | None
    fidelity: float | None
    coverage: float | None


class _Scorecard(TypedDict):
    summary: _Summary


def run(paths: Paths, params: Params) -> None:
    """Write `data/metrics.json`; what was not measured is left out, for DVC takes numbers alone.

    `synthetic`, `excluded`, `released`, `undecided`: films. `flagged`: films that the audit finds
    more similar to a real film than chance explains. `copies`: films that people's verdicts keep
    out. `nearest`: the checkpoint whose films are nearest to real films, and `distance`: how near
    (FID where it was taken). `privacy`, `utility`, `fidelity`, `coverage`: the scorecard's parts,
    0 to 100.
    """
    total = read(paths.screening / "counts.json", _Counts)["total"]
    flagged = read(paths.audit / "audit.json", _Audit)["flagged"]
    numbers: dict[str, float | None] = {
        "synthetic": total["generated"],
        "excluded": total["excluded"],
        "released": total["released"],
        "undecided": total["undecided"],
        "flagged": flagged["films"] if flagged else None,
        "copies": read(paths.adjudication / "adjudication.json", _Adjudication)["excluded_films"],
    }
    if params.train.steps:
        numbers |= _nearest(read(paths.checkpoints / "report.json", _Checkpoints))
    summary = read(paths.score / "scorecard.json", _Scorecard)["summary"]
    numbers |= {
        "privacy": summary["privacy"],
        "utility": summary["utility"],
        "fidelity": summary["fidelity"],
        "coverage": summary["coverage"],
    }
    write_json(paths.metrics, {name: value for name, value in numbers.items() if value is not None})


def _nearest(report: _Checkpoints) -> dict[str, float]:
    """The checkpoint of the smallest distance, and that distance."""
    distance = next(
        point[report["ranked_by"]]
        for point in report["distances"]["checkpoints"]
        if point["checkpoint"] == report["nearest"]
    )
    return {"nearest": report["nearest"], "distance": round(distance, 4)}


if __name__ == "__main__":
    execute(run)
