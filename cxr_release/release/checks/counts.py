"""Counts of films and of people's decisions, made again from the tables.

Who decided what stands in no released table; how many excluded a film does. So of a finished
release some numbers of the review are held to bounds, where the artefacts give them exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from cxr_release.film_id import Job, job_of_row, job_title, read_job, where_asked
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.checks.view import Rows, View
from cxr_release.release.record import FilmCounts, FindingNotes
from cxr_release.screening.acceptance import state_of, waiting_films
from cxr_release.screening.counts import by_reason, excluded_by_no_reviewer, review_totals
from cxr_release.screening.reviewers import WAYS, sentence_of
from cxr_release.statistics.proportions import clopper_pearson

_NEAR = 1e-9
_BY = ("reviewers", "prescreen", "audit", "withdrawn")


def check_exclusions(view: View, report: CheckReport) -> None:
    """A film is released or excluded, and each exclusion is somebody's."""
    for number, row in enumerate(view.exclusions, start=1):
        where = view.places.exclusions.at(f"row {number} ({row['id']})")
        if row["id"] in view.films:
            report.add(where, "is excluded and yet released")
        if not any(row[by] for by in _BY):
            report.add(where, "is excluded by nobody")
        if read_job(row["id"].rpartition("-")[0]) != job_of_row(row):
            report.add(where, "stands under another source or batch than its id says")
    report.applied("exclusions held against the films", len(view.exclusions))


def counted(view: View, job: Job | None) -> dict[str, Any]:
    """Counts of the films of one sampling job, or of all, by the tables."""
    released = sum(job in (None, film.job) for film in view.films.values())
    excluded = _of(view.exclusions, job)
    numbers = {
        "generated": released + len(excluded),
        "excluded": len(excluded),
        "released": released,
        "by_reason": by_reason(excluded),
    }
    if view.screened is not None:
        screened = _of(view.screened, job)
        numbers["generated"] = len(screened)
        numbers["undecided"] = sum(not row["decided"] for row in screened)
    return numbers


def _of(rows: Rows, job: Job | None) -> Rows:
    return [row for row in rows if job is None or job_of_row(row) == job]


def check_counts(view: View, report: CheckReport) -> None:
    """Per source and batch, and in total: generated − excluded = released, as in the tables."""
    place, rows, total = view.places.counts, view.counts.rows, view.counts.total
    stated = {row.job: row for row in rows}
    held = {film.job for film in view.films.values()}
    for job in sorted({*view.jobs} - stated.keys()):
        report.add(place, f"{job_title(job)} is missing")
    for job in sorted((stated.keys() | held) - {*view.jobs}):
        report.add(place, f"{job_title(job)} is not in {where_asked(job)}")
    if len(stated) < len(rows):
        report.add(place, "holds more than one row of a source and batch")
    for job, row in stated.items():
        _compare(place.at(job_title(job)), row, counted(view, job), report)
    _compare(place.at("total"), total, counted(view, None), report)
    undecided = sum(row.undecided for row in stated.values())
    report.says(place.at("total, undecided"), total.undecided, undecided, "its rows")
    report.applied("counts that close", len(stated) + 1)


def _compare(
    place: Place, stated: FilmCounts, true: Mapping[str, Any], report: CheckReport
) -> None:
    for name, value in true.items():
        report.says(Place(f"{place.where}, {name}", place.remedy), getattr(stated, name), value)
    if true["generated"] - true["excluded"] != true["released"]:
        numbers = f"{true['generated']} − {true['excluded']} ≠ {true['released']}"
        report.add(place, f"does not close: {numbers}")
    if stated.undecided > true["generated"]:
        report.add(place, f"{stated.undecided} undecided of {true['generated']} cannot be")


def check_review(view: View, report: CheckReport) -> None:
    """What the screening says of itself: its numbers agree, and its sentence is theirs."""
    review, place, exclusions = view.screening, view.places.screening, view.exclusions
    total, undecided = view.generated, view.counts.total.undecided
    true: dict[str, object] = {
        **excluded_by_no_reviewer(exclusions),
        "decided": total - undecided,
        "undecided": undecided,
    }
    least = max((row["reviewers"] for row in view.screened or exclusions), default=0)
    if view.screened is not None:
        true = review_totals(view.screened, exclusions)
    for key, value in true.items():
        report.says(place.at(key), getattr(review, key), value)
    fewest = undecided - len(exclusions)
    if not fewest <= review.undecided_released <= undecided:
        what = f"{review.undecided_released} of {undecided} undecided cannot be"
        report.add(place.at("undecided_released"), what)
    unseen = view.screened is not None and bool(review.reviewers) != bool(least)
    if review.reviewers < least or unseen:
        what = f"says {review.reviewers}, and {least} decided on one film"
        report.add(place.at("reviewers"), what)
    acceptance = review.acceptance.plain() if review.acceptance else None
    state = state_of(review.reviewers, waiting_films(undecided, acceptance))
    report.says(place.at("state"), review.state, state, "its numbers")
    _check_people(view, report)
    if review.findings is not None:
        _check_findings(review.findings, view, report)


def _check_findings(noted: FindingNotes, view: View, report: CheckReport) -> None:
    """What people saw: on no more films than there are, and with intervals of these numbers."""
    place, total = view.places.screening.at("findings"), view.generated
    most = {
        "tagged": total,
        "released": min(noted.tagged, len(view.films)),
        "decided": total,
        "decided_tagged": min(noted.decided, noted.tagged),
        "several": noted.tagged if noted.taggers > 1 else 0,
        "differ": noted.several,
    }
    for key, least in most.items():
        if getattr(noted, key) > least:
            report.add(place.at(key), f"says {getattr(noted, key)}, and it is {least} at most")
    if not noted.tagged:
        report.add(place.at("tagged"), "says 0, and there are findings")
        return
    people = view.screening.films_by_reviewers
    decided = total - people.get("0", 0)
    report.says(place.at("decided"), noted.decided, decided, "films_by_reviewers")
    for row in noted.findings:
        where = place.at(row.code)
        if row.films > noted.tagged or row.released > min(row.films, noted.released):
            report.add(where, "is noted on more films than are tagged")
            continue
        true = clopper_pearson(row.films, noted.tagged)
        if len(row.interval) != 2 or any(
            abs(stated - end) > _NEAR for stated, end in zip(row.interval, true, strict=True)
        ):
            report.says(where.at("interval"), row.interval, true, "its numbers")
        if row.real_films is not None and row.real_films > (row.real_known or 0):
            report.add(where, "is known of more source films than there are")
    report.applied("findings held against the films", len(noted.findings))


def _check_people(view: View, report: CheckReport) -> None:
    """Who decided on how many films, and how."""
    review, place, total = view.screening, view.places.screening, view.generated
    people = review.films_by_reviewers
    if not check_tally(place.at("films_by_reviewers"), people, total, report):
        return
    if {*review.decisions} != {*WAYS}:
        report.add(place.at("decisions"), f"are not counts of {', '.join(WAYS)}")
        return
    for reviewer in review.each:
        ways = sum(getattr(reviewer, way) for way in WAYS)
        if (
            not 0 < reviewer.decisions == ways <= total
            or reviewer.hurried > reviewer.decisions - reviewer.terminal
        ):
            report.add(place.at("each"), "holds impossible counts of a person's decisions")
    stand = sum(int(number) * films for number, films in people.items())
    stated = sum(review.decisions.values())
    report.says(place.at("decisions in all"), stated, stand, "films_by_reviewers")
    for way in WAYS:
        true = sum(getattr(reviewer, way) for reviewer in review.each)
        report.says(place.at(f"decisions, {way}"), review.decisions[way], true, "its people")
    hurried = sum(reviewer.hurried for reviewer in review.each)
    report.says(place.at("hurried"), review.hurried, hurried, "its people")
    report.says(place.at("reviewers"), review.reviewers, len(review.each), "its people")
    most = max(map(int, people))
    if most > len(review.each):
        what = f"a film has {most} people of {len(review.each)}"
        report.add(place.at("films_by_reviewers"), what)
    shown = min(total - people["0"], review.decisions["page"])
    if review.looked_at > shown:
        what = f"{review.looked_at} films cannot be: {shown} at most were decided on when shown"
        report.add(place.at("looked_at"), what)
    excluded = Counter(row["reviewers"] for row in view.exclusions)
    for number in sorted(excluded):
        out = sum(films for least, films in excluded.items() if least >= number)
        decided = sum(films for least, films in people.items() if int(least) >= number)
        if out > decided:
            what = f"{decided} films have {number} people's decisions, and {out} are excluded so"
            report.add(place.at("films_by_reviewers"), what)
    if view.same_words and review.sentence != sentence_of(review.plain(), total):
        report.add(place.at("sentence"), "does not follow from its numbers")
    report.applied("counts of people's decisions that agree", len(review.each) + len(people))


def check_tally(place: Place, counts: Mapping[str, int], things: int, report: CheckReport) -> bool:
    """Whether these are counts of all things, by how many people said something of them."""
    if not counts or {*counts} != {str(number) for number in range(len(counts))}:
        report.add(place, "is not a number of things for each number of people from 0 on")
        return False
    report.says(Place(f"{place.where}, in all", place.remedy), sum(counts.values()), things)
    return True
