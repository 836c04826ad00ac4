"""The rules that artefacts and release folders keep alike.

Those of the memorization audit (the listed pairs, and the numbers that follow from them) and of the
blinded reader study, analysed again from its ratings; those of counts lie in `counts`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from cxr_release.film_id import source_name
from cxr_release.memorization.chance import held_out_chance, source_chance
from cxr_release.reader_study.analysis import analyze
from cxr_release.reader_study.ratings import Rating, ratings_of
from cxr_release.reader_study.report import sentence_of
from cxr_release.reader_study.study_checks import faults_of
from cxr_release.release.checks.counts import (
    check_counts,
    check_exclusions,
    check_review,
    check_tally,
)
from cxr_release.release.checks.report import CheckReport, short
from cxr_release.release.checks.view import View
from cxr_release.release.disclosure import OFF
from cxr_release.schemas import JUDGED


def check_pairs(view: View, report: CheckReport) -> None:
    """Ranks run on; a pair is flagged when it is nearer than the threshold; no copy is released."""
    threshold, last = view.audit.calibration.threshold, None
    excluded = {row["id"] for row in view.exclusions}
    for number, row in enumerate(view.pairs, start=1):
        place = view.places.pairs.at(f"row {number}")
        film, cosine = row["synthetic_id"], row["cosine"]
        if row["rank"] != number:
            report.add(place.column("rank"), "ranks do not run 1, 2, 3 …")
        if last is not None and cosine > last:
            report.add(place.column("cosine"), "is higher than the rank before it")
        last = cosine
        if film not in view.films and film not in excluded:
            report.add(place.column("synthetic_id"), f"{film} is neither released nor excluded")
        if row["verdict"] in ("copy", "unsure") and film in view.films:
            report.add(place.column("verdict"), f"is {row['verdict']}, and the film is released")
        if view.rounded and threshold is not None and abs(cosine - threshold) <= 2 * OFF:
            continue  # which side of the threshold it was on, rounded numbers do not tell
        true = None if threshold is None else cosine > threshold
        if row["flagged"] != true:
            what = f"is {row['flagged']}, the threshold says {true}"
            report.add(place.column("flagged"), what)
    report.applied("audited pairs held against the films", len(view.pairs))


def check_audit(view: View, report: CheckReport) -> None:
    """Cosines, flags and verdicts, counted again; of unlisted pairs only the limits are known."""
    audit, pairs, place = view.audit, view.pairs, view.places.audit
    cosines = [row["cosine"] for row in pairs]
    true: dict[str, tuple[object, object]] = {
        "pairs": (audit.pairs, len(pairs)),
        "cosine.highest": (audit.cosine.highest, cosines[0] if cosines else None),
        "cosine.lowest": (audit.cosine.lowest, cosines[-1] if cosines else None),
        "synthetic.films": (audit.synthetic.films, view.generated),
        "synthetic.searched": (audit.synthetic.searched, view.generated),
        "calibration.synthetic.films": (audit.calibration.synthetic.films, view.generated),
    }
    for key, (stated, value) in true.items():
        report.says(place.at(f"key {key}"), stated, value)
    flagged = audit.calibration.flagged
    state = "no baseline" if flagged is None else "flagged" if flagged else "nothing flagged"
    if audit.state != "incomplete":
        report.says(place.at("key state"), audit.state, state, "its numbers")
    _check_chance(view, report)
    _check_verdicts(view, report)
    report.applied("numbers of the audit counted again", len(true))


def check_flagged(view: View, report: CheckReport) -> None:
    """How many films are flagged, as far as the listed pairs tell."""
    audit, place = view.audit, view.places.audit.at("key flagged")
    stated, known = audit.flagged, audit.calibration.threshold is not None
    if (stated is not None) != known:
        report.add(place, "a threshold and the number of flagged films go together")
    if stated is None or not known:
        return
    flagged = [row["synthetic_id"] for row in view.pairs if row["flagged"]]
    out = {film for film in flagged if film in view.films}
    report.says(place.at("pairs"), stated.pairs, len(flagged))
    # A flagged film that is listed at all is listed with its nearest pair, which is flagged.
    report.says(place.at("listed films"), stated.films - stated.unlisted, len({*flagged}))
    if not 0 <= stated.released - len(out) <= stated.unlisted:
        what = f"says {stated.released}; of the listed ones {len(out)} are released"
        report.add(place.at("released"), what)
    report.says(place.at("films"), audit.calibration.flagged, stated.films, "its calibration")


def _check_verdicts(view: View, report: CheckReport) -> None:
    judging, pairs, place = view.judging, len(view.pairs), view.places.judging
    verdicts = Counter(row["verdict"] for row in view.pairs if row["verdict"] is not None)
    excluded = sum(row["audit"] for row in view.exclusions)
    report.says(place.at("key pairs"), judging.pairs, pairs)
    report.says(place.at("key settled"), judging.settled, verdicts.total())
    report.says(place.at("key excluded_films"), judging.excluded_films, excluded)
    for word in JUDGED:
        stated = judging.verdicts.get(word, -1)
        # Verdicts on pairs of an earlier search count, and stand in no released table.
        if not verdicts[word] <= stated <= verdicts[word] + judging.earlier:
            what = f"says {stated}, the pairs say {verdicts[word]}"
            report.add(place.at(f"key verdicts, {word}"), what)
    if not verdicts.total() <= judging.judged <= pairs:
        what = f"says {judging.judged}; settled are {verdicts.total()} of {pairs} pairs"
        report.add(place.at("key judged"), what)
    tally = judging.pairs_by_reviewers
    if check_tally(place.at("key pairs_by_reviewers"), tally, pairs, report):
        report.says(place.at("key judged"), judging.judged, pairs - tally["0"], "its people")
    begun = bool(judging.judged or judging.earlier)
    state = "none" if not begun else "partial" if verdicts.total() < pairs else "complete"
    report.says(place.at("key state"), judging.state, state, "the pairs")


def _check_chance(view: View, report: CheckReport) -> None:
    """What chance gives follows from four counts, of which two are known here."""
    calibration = view.audit.calibration
    stated, place = calibration.chance, view.places.audit.at("key calibration.chance")
    baseline = calibration.held_out if calibration.baseline == "held_out" else calibration.source
    if calibration.baseline is None or baseline is None or calibration.flagged is None:
        return
    exact = calibration.baseline == "held_out"
    report.says(place.at("films"), stated.films, view.generated)
    report.says(place.at("compared"), stated.compared, baseline.counted, "the baseline")
    nearer, flagged = stated.nearer, calibration.flagged
    if nearer is None or nearer > flagged or (not exact and nearer != flagged):
        report.add(place.at("nearer"), f"says {nearer}, flagged are {flagged}")
        return
    true = (held_out_chance if exact else source_chance)(
        nearer=nearer, films=stated.films, compared=stated.compared, patients=stated.patients
    )
    for name, value in true.report().items():
        if name in ("note", "sentence") and not view.same_words:
            continue
        report.says(place.at(name), getattr(stated, name), value, "its counts")


MOST_RATINGS = 100_000
MOST_WORK = 10**9
"""Bootstrap draws times answers: a study of 8 readers and 50 quartets takes 4 million."""
CLOSE = 1e-9
"""Relative distance of two numbers that libraries of other versions may come to."""


def check_study(view: View, report: CheckReport) -> None:
    """The ratings make a whole study of this release's checkpoints, and its numbers are theirs."""
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
    due = {"real", *(source_name(checkpoint) for checkpoint, _ in view.jobs)}
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


RULES = (check_exclusions, check_counts, check_review, check_pairs, check_audit, check_study)
