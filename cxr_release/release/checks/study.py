"""The reader study, analysed again from the released ratings and held against the record."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cxr_release import schemas
from cxr_release.film_id import source_name
from cxr_release.params import StudyParams
from cxr_release.reader_study.analysis import analyze
from cxr_release.reader_study.ratings import Rating, ratings_of
from cxr_release.reader_study.report import sentence_of
from cxr_release.reader_study.study_checks import faults_of
from cxr_release.release.checks.record import RECORD, Record
from cxr_release.release.layout import side_file
from cxr_release.release.untrusted.findings import Findings
from cxr_release.settings import checked

Rows = Sequence[Mapping[str, Any]]
MOST_RATINGS = 100_000
MOST_WORK = 10**9
"""Bootstrap draws times answers: a study of 8 readers and 50 quartets takes 4 million."""
CLOSE = 1e-9
"""Relative distance of two numbers that libraries of other versions may come to."""
_WHERE = f"{RECORD}: metrics.reader_study"


def check_study(rows: Rows, record: Record, found: Findings) -> None:
    """The ratings make a whole study of this release's checkpoints, and its numbers are theirs."""
    stated, review = record["metrics"]["reader_study"], record["reviews"]["reader_study"]
    raters = len({row["rater"] for row in rows})
    found.says(f"{_WHERE}, ratings", stated["ratings"], len(rows))
    found.says(f"{_WHERE}, raters", stated["raters"], raters)
    found.says(f"{RECORD}: reviews.reader_study, readers", review["readers"], raters)
    begun = raters + len(stated["unfinished"])
    enough = raters >= review["required"]
    state = "complete" if enough else "partial" if begun else "none"
    found.says(f"{RECORD}: reviews.reader_study, state", review["state"], state, "the ratings")
    if not rows:
        if stated["analysis"] is not None or stated["sentence"]:
            found.add(f"{_WHERE}, analysis", "is of ratings that are not there")
        return
    quartets = len({row["quartet"] for row in rows})
    found.says(f"{_WHERE}, quartets", stated["quartets"], quartets)
    if _is_whole(rows, record, found):
        _check_analysis(rows, record, stated, found)


def _is_whole(rows: Rows, record: Record, found: Findings) -> bool:
    name = side_file(schemas.RESPONSES)
    if len(rows) > MOST_RATINGS:
        found.add(name, f"holds {len(rows):,} ratings: they were not analysed again")
        return False
    rated = [Rating(file=name, line=at, **row) for at, row in enumerate(rows, start=1)]
    faults = faults_of(rated)
    for fault in faults:
        found.add(fault.where.replace(": line", ": row"), fault.what)
    sources = {row["source"] for row in rows}
    of = {"real", *map(source_name, record["params"]["sample"]["checkpoints"])}
    if sources != of:
        what = f"holds {', '.join(sorted(sources))}; this release is of {', '.join(sorted(of))}"
        found.add(f"{name}: column source", what)
    return not faults and sources == of


def _check_analysis(rows: Rows, record: Record, stated: Mapping[str, Any], found: Findings) -> None:
    settings = checked(StudyParams, record["params"]["study"], where=f"{RECORD}: params.study")
    ratings = ratings_of(rows)
    if settings.bootstrap * ratings.picked.size > MOST_WORK:
        what = f"{settings.bootstrap:,} draws are too many to be made again"
        found.add(f"{RECORD}: key params.study.bootstrap", what)
        return
    true = analyze(ratings, settings, seed=record["params"]["seed"])
    numbers = 0
    for place, said, value in _departures(stated["analysis"], true, ""):
        numbers += 1
        if not _same(said, value):
            found.add(f"{_WHERE}.analysis{place}", f"says {said}, the ratings say {value}")
    found.applied("numbers of the reader study computed again", numbers)
    if stated["sentence"] != sentence_of(true):
        found.add(f"{_WHERE}.sentence", "is not what the ratings come to")


def _departures(said: Any, true: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """Both values of every leaf, with where it stands."""
    if isinstance(true, Mapping) and isinstance(said, Mapping):
        for key in sorted({*said, *true}):
            yield from _departures(said.get(key), true.get(key), f"{place}.{key}")
    elif isinstance(true, list) and isinstance(said, list) and len(said) == len(true):
        for number, (one, other) in enumerate(zip(said, true, strict=True), start=1):
            yield from _departures(one, other, f"{place}[{number}]")
    else:
        yield place, said, true


def _same(said: Any, true: Any) -> bool:
    if isinstance(true, float) and type(said) in (int, float):
        return math.isclose(said, true, rel_tol=CLOSE, abs_tol=CLOSE)
    return type(said) is type(true) and bool(said == true)
