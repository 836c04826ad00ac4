"""What a release says of people who looked for text on the real films: recounted where it can be.

Which films those are goes into no release, so that its numbers are held against each other, and
against the films that were taken in and divided.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cxr_release.clearance.state import sentence_of
from cxr_release.release.checks.counts import check_tally
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.record import BurnedInReview, Record

_CLEARANCE = "run `dvc repro --force clearance`"


def check_burned_in(
    review: BurnedInReview, films: int, *, place: Place, same_words: bool, report: CheckReport
) -> None:
    """The numbers agree with each other, and the sentence is theirs.

    Args:
        review: what is stated.
        films: real films that were taken in.
        place: where it stands.
        same_words: whether this version of the tool wrote its sentences.
        report: where faults go.
    """
    report.says(place.at("key films"), review.films, films, "the films taken in")
    people = review.films_by_reviewers
    if not check_tally(place.at("key films_by_reviewers"), people, review.films, report):
        return
    looked = review.films - people["0"]
    report.says(place.at("key looked_at"), review.looked_at, looked, "films_by_reviewers")
    report.says(place.at("key reviewers"), review.reviewers, len(review.each), "its people")
    decisions = sum(int(number) * count for number, count in people.items())
    stated = sum(person.films for person in review.each)
    report.says(place.at("key each, decisions in all"), stated, decisions, "films_by_reviewers")
    if max(map(int, people)) > len(review.each):
        report.add(place.at("key films_by_reviewers"), "holds more people than there are")
    for person in review.each:
        if not 0 < person.films <= looked or person.with_text > person.films:
            report.add(place.at("key each"), "holds impossible counts of a person's decisions")
    least = max((person.with_text for person in review.each), default=0)
    most = min(looked, sum(person.with_text for person in review.each))
    if not least <= review.with_text <= most:
        report.add(
            place.at("key with_text"), f"{review.with_text:,} cannot be: {least:,} to {most:,}"
        )
    waiting = sum(count for number, count in people.items() if int(number) < review.required)
    if not waiting - review.with_text <= review.undecided <= waiting:
        report.add(place.at("key undecided"), f"{review.undecided:,} cannot be of {waiting:,}")
    state = "none" if not review.reviewers else "partial" if review.undecided else "complete"
    report.says(place.at("key state"), review.state, state, "its numbers")
    if (review.flagged is None) != (review.flagged_unseen is None) or (
        review.flagged is not None
        and not 0 <= (review.flagged_unseen or 0) <= min(review.flagged, people["0"])
    ):
        report.add(place.at("key flagged"), "does not go with the films that nobody looked at")
    if same_words and review.sentence != sentence_of(review.plain()):
        report.add(place.at("key sentence"), "does not follow from its numbers")
    report.applied("counts of people who looked at real films that agree", len(review.each) + 1)


def check_clearance(
    stated: BurnedInReview | None,
    with_text: Collection[str],
    cohort: Collection[str],
    *,
    drawn: bool,
    folder: Any,
    report: CheckReport,
) -> None:
    """The artefacts: films with text are films of the cohort, and as many as is said.

    Args:
        stated: what `clearance.json` says; None of drawn films.
        with_text: opaque ids of films that show text.
        cohort: ids of all films.
        drawn: whether the films are drawn.
        folder: of both files.
        report: where faults go.
    """
    place = Place(str(folder / "clearance.json"), _CLEARANCE)
    if drawn != (stated is None):
        report.add(place, "is of other films: drawn ones and real ones go apart")
    listed = Place(str(folder / "with-text.json"), _CLEARANCE)
    for film in sorted({*with_text} - {*cohort}):
        report.add(listed.at(film), "is not a film of the cohort")
    if list(with_text) != sorted({*with_text}):
        report.add(listed, "is not a sorted list of different films")
    if stated is None:
        if with_text:
            report.add(listed, "names drawn films")
        return
    report.says(place.at("key with_text"), stated.with_text, len(with_text), "with-text.json")
    check_burned_in(stated, len(cohort), place=place, same_words=True, report=report)


def check_burned_in_record(
    record: Record, place: Place, same_words: bool, report: CheckReport
) -> None:
    """The same of a finished release; and drawn films, which show no text, state none of it."""
    review = record.reviews.burned_in
    if review is None:
        return
    where = place.at("key reviews.burned_in")
    if record.source.kind == "phantoms":
        report.add(where, "is of drawn films, at which nobody needs to look")
        return
    required = record.params.clearance.reviewers_required
    report.says(where.at("required"), review.required, required, "its params")
    films = record.metrics.ingest.films
    check_burned_in(review, films, place=where, same_words=same_words, report=report)
