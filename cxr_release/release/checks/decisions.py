"""What must be true between the films, the reviewers' decisions and the counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from cxr_release import schemas, tables
from cxr_release.release.checks.films import KnownFilm
from cxr_release.release.checks.report import Collector
from cxr_release.release.inputs import Job, jobs_of
from cxr_release.screening.counts import review_totals, totals

Row = Mapping[str, Any]
COUNTED = ("generated", "excluded", "released", "undecided")


def check_screened(
    path: Path, screened: Sequence[Row], known: Mapping[str, KnownFilm], found: Collector
) -> None:
    """The screening covers exactly the films that were generated, by the same bytes."""
    rows = {row["id"]: row for row in screened}
    for film in sorted(known.keys() - rows.keys()):
        found.add(path, f"{film} was generated and is not listed", "screen again")
    for film, row in rows.items():
        _check_same(f"{path}: {film}", row, known.get(film), found)
    found.applied("screened films held against the generated ones", len(rows))


def check_exclusions(
    path: Path,
    exclusions: Sequence[Row],
    screened: Sequence[Row],
    known: Mapping[str, KnownFilm],
    found: Collector,
) -> None:
    """A film is released or excluded, never both and never neither; every exclusion is one."""
    rows = {row["id"]: row for row in screened}
    excluded = {row["id"] for row in exclusions}
    for row in exclusions:
        where = f"{path}: {row['id']}"
        _check_same(where, row, known.get(row["id"]), found)
        film = rows.get(row["id"])
        if film and film["released"]:
            found.add(where, "is excluded and yet released", "screen again")
        if not any(row[by] for by in ("reviewers", "prescreen", "audit", "withdrawn")):
            found.add(where, "is excluded by nobody", "screen again")
    for film in rows.values():
        if not film["released"] and film["id"] not in excluded:
            found.add(f"{path}: {film['id']}", "is left out without a reason", "screen again")
    found.applied("exclusions held against the films", len(exclusions))


def _check_same(where: str, row: Row, film: KnownFilm | None, found: Collector) -> None:
    if film is None:
        found.add(where, "is no generated film", "screen again")
        return
    if row["sha256"] != film.sha256:
        found.add(f"{where}, column sha256", "is of other bytes than the film's", "screen again")
    if (row["checkpoint"], row["batch"]) != film.job:
        found.add(where, "stands under another checkpoint or batch", "screen again")


def check_counts(
    path: Path,
    counts: Row,
    checkpoints: tuple[int, ...],
    *,
    screened: Sequence[Row],
    exclusions: Sequence[Row],
    found: Collector,
) -> None:
    """Per checkpoint and batch, and in total: generated − excluded = released, as in the tables."""
    rows = counts["rows"]
    if not _counts_fit(rows, path, found):
        return
    jobs = jobs_of(checkpoints)
    stated = [(row["checkpoint"], row["batch"]) for row in rows]
    for job in sorted(set(jobs) - set(stated)):
        found.add(path, f"checkpoint {job[0]}, {job[1]} is missing", "screen again")
    for job in sorted(set(stated) - set(jobs)):
        found.add(path, f"checkpoint {job[0]}, {job[1]} is not in sample.checkpoints")
    for job, row in zip(stated, rows, strict=True):
        where = f"{path}: checkpoint {job[0]}, {job[1]}"
        _check_count(where, row, _of(screened, job), _of(exclusions, job), found)
    _check_count(f"{path}: total", counts["total"], screened, exclusions, found)
    _check_review(f"{path}: review", counts["review"], screened, exclusions, found)
    found.applied("counts that close", len(rows) + 1)


def _of(rows: Sequence[Row], job: Job) -> list[Row]:
    return [row for row in rows if (row["checkpoint"], row["batch"]) == job]


def _counts_fit(rows: Any, path: Path, found: Collector) -> bool:
    names = schemas.COUNTS.arrow.names
    try:
        flat = [{name: row[name] for name in names} for row in rows]
        table = pa.Table.from_pylist(flat, schema=schemas.COUNTS.arrow)
    except (KeyError, TypeError, pa.ArrowInvalid, pa.ArrowTypeError) as error:
        found.add(f"{path}: key rows", f"is no table of counts: {error}", "screen again")
        return False
    faults = tables.faults_of(table, schemas.COUNTS, str(path))
    found.faults.extend(faults)
    return not faults


def _check_count(
    where: str, row: Row, screened: Sequence[Row], exclusions: Sequence[Row], found: Collector
) -> None:
    true = totals(screened, exclusions)
    for name in COUNTED:
        if row.get(name) != true[name]:
            what = f"says {row.get(name)} {name}, the tables hold {true[name]}"
            found.add(where, what, "screen again")
    if true["generated"] - true["excluded"] != true["released"]:
        sums = f"{true['generated']} − {true['excluded']} ≠ {true['released']}"
        found.add(where, f"does not close: {sums}", "screen again")
    if row.get("by_reason") != true["by_reason"]:
        found.add(where, "its reasons are not those of the exclusions", "screen again")


def _check_review(
    where: str,
    review: Row,
    screened: Sequence[Row],
    exclusions: Sequence[Row],
    found: Collector,
) -> None:
    true = review_totals(screened, exclusions)
    for name, number in true.items():
        if review.get(name) != number:
            what = f"says {review.get(name)} {name}, the tables hold {number}"
            found.add(where, what, "screen again")
    reviewers = review.get("reviewers")
    least = max((film["reviewers"] for film in screened), default=0)
    if not isinstance(reviewers, int) or reviewers < least or bool(reviewers) != bool(least):
        found.add(where, f"names {reviewers!r} reviewers, and {least} decided on one film")
        return
    _check_decisions(where, review, screened, found)
    state = "none" if not reviewers else "partial" if true["undecided"] else "complete"
    if review.get("state") != state:
        found.add(where, f"state is {review.get('state')!r}, the films say {state!r}")


def _check_decisions(where: str, review: Row, screened: Sequence[Row], found: Collector) -> None:
    """How many decisions stand, in all and of each person."""
    stand = sum(film["reviewers"] for film in screened)
    each, ways = review.get("each"), review.get("decisions")
    of_each = [one.get("decisions") for one in each] if isinstance(each, list) else []
    of_ways = [*ways.values()] if isinstance(ways, Mapping) else []
    for name, numbers in (("each", of_each), ("decisions", of_ways)):
        if not all(isinstance(one, int) for one in numbers) or sum(numbers) != stand:
            what = f"its {name} are {numbers} decisions, the table holds {stand}"
            found.add(where, what, "screen again")
    if len(of_each) != review["reviewers"]:
        found.add(where, f"names {review['reviewers']} reviewers and counts {len(of_each)}")
