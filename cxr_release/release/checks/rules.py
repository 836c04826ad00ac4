"""The rules that artefacts and release folders keep alike.

Those of the blinded reader study, analysed again from its ratings, stand here, those of counts in
`counts`, those of the memorization audit in `memorization`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from cxr_release.reader_study.analysis import analyze
from cxr_release.reader_study.ratings import Rating, ratings_of
from cxr_release.reader_study.report import sentence_of
from cxr_release.reader_study.study_checks import faults_of
from cxr_release.release.checks.acceptance import check_acceptance
from cxr_release.release.checks.counts import check_counts, check_exclusions, check_review
from cxr_release.release.checks.memorization import CLOSE, check_audit, check_pairs
from cxr_release.release.checks.report import CheckReport, short
from cxr_release.release.checks.view import View

MOST_RATINGS = 100_000
MOST_WORK = 10**9
"""Bootstrap draws times answers: a study of 8 readers and 50 quartets takes 4 million."""


def check_study(view: View, report: CheckReport) -> None:
    """The ratings make a whole study of this release's sources, and its numbers are theirs."""
    stated, reading, rows = view.study, view.reading, view.ratings
    place = view.places.study
    raters = len({row["rater"] for row in rows})
    report.says(place.at("key ratings"), stated.ratings, len(rows))
    report.says(place.at("key raters"), stated.raters, raters)
    report.says(view.places.reading.at("key readers"), reading.readers, raters)
    begun = raters + len(stated.unfinished)
    state = "complete" if raters >= reading.required else "partial" if begun else "none"
    report.says(view.places.reading.at("key state"), reading.state, state, "the ratings")
    if not rows:
        if stated.analysis is not None or stated.sentence:
            report.add(place.at("key analysis"), "is of ratings that are not there")
        return
    quartets = len({row["quartet"] for row in rows})
    report.says(place.at("key quartets"), stated.quartets, quartets)
    if _is_whole(view, report):
        _check_analysis(view, report)


def _is_whole(view: View, report: CheckReport) -> bool:
    rows, place = view.ratings, view.places.ratings
    if len(rows) > MOST_RATINGS:
        report.add(place, f"holds {len(rows):,} ratings: they were not analysed again")
        return False
    name = place.where
    faults = faults_of([Rating(file=name, line=at, **row) for at, row in enumerate(rows, start=1)])
    for fault in faults:
        report.add(fault.where.replace(": line", ": row"), fault.what, place.remedy)
    sources = {row["source"] for row in rows}
    due = {"real", *(source for source, _ in view.jobs)}
    if sources != due:
        what = f"holds {', '.join(sorted(sources))}; this release is of {', '.join(sorted(due))}"
        report.add(place.at("column source"), what)
    return not faults and sources == due


def _check_analysis(view: View, report: CheckReport) -> None:
    settings, place = view.study_params, view.places.study
    ratings = ratings_of(view.ratings)
    if settings.bootstrap * ratings.picked.size > MOST_WORK:
        what = f"{settings.bootstrap:,} bootstrap draws are too many to be made again"
        report.add(place, what)
        return
    true = analyze(ratings, settings, seed=view.seed)
    numbers = 0
    for key, stated, value in _leaves(view.study.analysis, true, ""):
        if isinstance(stated, str) and isinstance(value, str) and not view.same_words:
            continue
        numbers += 1
        if not _same(stated, value):
            what = f"says {short(stated)}, the ratings say {short(value)}"
            report.add(place.at(f"key analysis{key}"), what)
    report.applied("numbers of the reader study computed again", numbers)
    if view.same_words and view.study.sentence != sentence_of(true):
        report.add(place.at("key sentence"), "is not what the ratings come to")


def _leaves(stated: Any, true: Any, key: str) -> Iterator[tuple[str, Any, Any]]:
    """Both values of every leaf, with where it stands."""
    if isinstance(true, Mapping) and isinstance(stated, Mapping):
        for name in sorted({*stated, *true}):
            yield from _leaves(stated.get(name), true.get(name), f"{key}.{name}")
    elif isinstance(true, list) and isinstance(stated, list) and len(stated) == len(true):
        for number, pair in enumerate(zip(stated, true, strict=True), start=1):
            yield from _leaves(*pair, f"{key}[{number}]")
    else:
        yield key, stated, true


def _same(stated: Any, true: Any) -> bool:
    if isinstance(true, float) and type(stated) in (int, float):
        return math.isclose(stated, true, rel_tol=CLOSE, abs_tol=CLOSE)
    return type(stated) is type(true) and bool(stated == true)


RULES = (
    check_exclusions,
    check_counts,
    check_review,
    check_acceptance,
    check_pairs,
    check_audit,
    check_study,
)
