"""The rules of the memorization audit that artefacts and release folders keep alike.

The listed pairs, and all numbers of the audit that follow from them or from each other.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import partial
from itertools import pairwise

from cxr_release.memorization.chance import NO_BASELINE, no_chance, source_chance, unseen_chance
from cxr_release.memorization.list_length import recommended
from cxr_release.memorization.tail import LEVEL, PEAKS, SHARE, Tail
from cxr_release.release.checks.counts import check_tally
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.checks.view import View
from cxr_release.release.disclosure import OFF, SCORE_OFF
from cxr_release.release.record import Baseline, Calibration
from cxr_release.schemas import JUDGED
from cxr_release.statistics.proportions import share_of

CLOSE = 1e-9
"""Relative distance of two numbers that libraries of other versions may come to."""
MOST_KINDS = 1_000
"""Of planted copies: an interval takes up to 20 ms."""


def check_pairs(view: View, report: CheckReport) -> None:
    """Ranks run on, scores fall; flagged is what reaches the threshold; no copy is released."""
    threshold, last = view.audit.calibration.threshold, None
    excluded = {row["id"] for row in view.exclusions}
    for number, row in enumerate(view.pairs, start=1):
        place = view.places.pairs.at(f"row {number}")
        film, score = row["synthetic_id"], row["score"]
        if row["rank"] != number:
            report.add(place.column("rank"), "ranks do not run 1, 2, 3 …")
        if last is not None and score > last:
            report.add(place.column("score"), "is higher than the rank before it")
        last = score
        if film not in view.films and film not in excluded:
            report.add(place.column("synthetic_id"), f"{film} is neither released nor excluded")
        if row["verdict"] in ("copy", "unsure") and film in view.films:
            report.add(place.column("verdict"), f"is {row['verdict']}, and the film is released")
        if view.rounded and threshold is not None and abs(score - threshold) <= 2 * SCORE_OFF:
            continue  # which side of the threshold it was on, rounded numbers do not tell
        true = None if threshold is None else score >= threshold
        if row["flagged"] != true:
            what = f"is {row['flagged']}, the threshold says {true}"
            report.add(place.column("flagged"), what)
    report.applied("audited pairs held against the films", len(view.pairs))


def check_audit(view: View, report: CheckReport) -> None:
    """Scores, flags and verdicts, counted again; of unlisted pairs only the limits are known."""
    audit, pairs, place = view.audit, view.pairs, view.places.audit
    scores, cosines = ([row[name] for row in pairs] for name in ("score", "cosine"))
    true: dict[str, tuple[object, object]] = {
        "pairs": (audit.pairs, len(pairs)),
        "score.highest": (audit.score.highest, scores[0] if scores else None),
        "score.lowest": (audit.score.lowest, scores[-1] if scores else None),
        "cosine.highest": (audit.cosine.highest, max(cosines, default=None)),
        "cosine.lowest": (audit.cosine.lowest, min(cosines, default=None)),
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
    check_threshold(
        audit.calibration,
        view.generated,
        rounded=view.rounded,
        place=place.at("key calibration"),
        report=report,
    )
    _check_chance(view, report)
    _check_histogram(view, report)
    _check_recall(view, report)
    _check_verdicts(view, report)
    report.applied("numbers of the audit counted again", len(true))


def check_flagged(view: View, report: CheckReport) -> None:
    """How many films are flagged and compared, as far as a release tells without its artefacts."""
    audit, place = view.audit, view.places.audit.at("key flagged")
    source, films = view.places.audit.at("key calibration.source.films"), audit.real.searched
    report.says(source, audit.calibration.source.films, films, "the source films searched")
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


def check_threshold(
    calibration: Calibration, films: int, *, rounded: bool, place: Place, report: CheckReport
) -> None:
    """The threshold follows from the tail of innocent films, the number of films and the level.

    Args:
        calibration: of the audit.
        films: that were generated.
        rounded: whether its scores and mean excesses are rounded; see `disclosure`.
        place: of the calibration.
        report: where faults go.
    """
    from scipy.stats import chi2

    report.says(place.at("level"), calibration.level, LEVEL, "the rules")
    tail, threshold = calibration.tail, calibration.threshold
    known = [value is not None for value in (threshold, calibration.flagged, tail)]
    if len({*known, calibration.note is None}) > 1:
        report.add(place, "a tail, a threshold and a number of flagged films go together")
        return
    if tail is None or threshold is None:
        return
    counted = calibration.source.counted
    report.says(place.at("tail.films"), tail.films, counted, "the source films")
    peaks = max(PEAKS, int(SHARE * tail.films))
    report.says(place.at("tail.peaks"), tail.peaks, peaks, "its films")
    stretch = 2 * peaks / float(chi2.ppf(0.05, 2 * peaks))
    off = OFF * (1 + stretch) if rounded else 0.0
    most = stretch * tail.mean_excess
    _near(place.at("tail.most_excess"), tail.most_excess, most, off, report)
    fitted = Tail(tail.films, peaks, tail.start, tail.mean_excess, tail.most_excess)
    expected = fitted.threshold(max(1, films))
    # Of each unit of the mean excess, so much is in the threshold.
    per_unit = Tail(tail.films, peaks, 0.0, 1.0, 1.0).threshold(max(1, films))
    off = 2 * SCORE_OFF + OFF * per_unit if rounded else 0.0
    _near(place.at("threshold"), threshold, expected, off, report)


def _near(place: Place, stated: float, true: float, off: float, report: CheckReport) -> None:
    """Note a number that is not what it follows from, up to rounding by `off` in all."""
    if abs(stated - true) > off and not _same(stated, true):
        report.add(place, f"says {stated}, its tail says {true:.6g}")


def _same(stated: float | None, true: float | None) -> bool:
    if stated is None or true is None:
        return stated is true
    return math.isclose(stated, true, rel_tol=CLOSE, abs_tol=CLOSE)


def _check_chance(view: View, report: CheckReport) -> None:
    """What chance gives follows from four counts; of the nearer films the pairs tell the limits."""
    calibration = view.audit.calibration
    stated, place = calibration.chance, view.places.audit.at("key calibration.chance")
    baseline = baseline_of(calibration)
    films = view.generated
    report.says(place.at("films"), stated.films, films)
    if calibration.baseline is None or baseline is None or baseline.score is None:
        true = no_chance(films, NO_BASELINE[calibration.others])
    else:
        report.says(place.at("compared"), stated.compared, baseline.counted, "the baseline")
        nearer = stated.nearer
        least, most = _nearer(view, baseline)
        # Held-out films are beside scores with the tuning part, of which a release says no more
        # than that they are not above those with all source films.
        least = 0 if calibration.baseline == "held_out" else least
        if nearer is None or not least <= nearer <= most:
            report.add(place.at("nearer"), f"says {nearer}; it is {least} to {most}")
            return
        test = (
            source_chance
            if calibration.baseline == "source"
            else partial(unseen_chance, calibration.baseline)
        )
        true = test(nearer=nearer, films=films, compared=stated.compared, patients=stated.patients)
    for name, value in true.report().items():
        if name == "films" or (name in ("note", "sentence") and not view.same_words):
            continue
        report.says(place.at(name), getattr(stated, name), value, "its counts")


def baseline_of(calibration: Calibration) -> Baseline | None:
    """The films that chance is told by: those that are called `baseline`."""
    if calibration.baseline is None:
        return None
    baselines = {
        "control": calibration.control,
        "held_out": calibration.held_out,
        "source": calibration.source,
    }
    return baselines[calibration.baseline]


def _nearer(view: View, baseline: Baseline) -> tuple[int, int]:
    """How many synthetic films are nearer than all source films: at least, and at most.

    A film that is nearer stands on the list, unless its last pair is nearer as well.
    """
    highest = (baseline.score or {}).get("max", math.inf)
    off = 2 * SCORE_OFF if view.rounded else 0.0
    films = {row["synthetic_id"] for row in view.pairs if row["score"] > highest - off}
    surely = {row["synthetic_id"] for row in view.pairs if row["score"] > highest + off}
    listed = bool(view.pairs) and view.pairs[-1]["score"] < highest - off
    return len(surely), len(films) if listed else view.generated


def _check_histogram(view: View, report: CheckReport) -> None:
    """Every film that is compared lies in one bin."""
    audit, place = view.audit, view.places.audit.at("key histogram")
    calibration, edges = audit.calibration, audit.histogram.get("edges") or []
    if any(low >= high for low, high in pairwise(edges)):
        report.add(place.at("edges"), "do not rise")
    held_out, control = calibration.held_out, calibration.control
    true = {
        "synthetic": view.generated,
        "source": calibration.source.counted,
        "held_out": held_out.counted if held_out else 0,
        "control": control.counted if control else 0,
    }
    for name, films in true.items():
        counts = audit.histogram.get(name) or []
        report.says(place.at(name), sum(counts), films, "the films that were compared")
        if counts and len(counts) + 1 != len(edges):
            report.add(place.at(name), f"has {len(counts)} bins between {len(edges)} edges")


def _check_recall(view: View, report: CheckReport) -> None:
    """Shares of planted copies follow from counts, the length of the list from what each needs."""
    audit, place = view.audit, view.places.audit.at("key power")
    asked = view.audit_params.recall
    names = [row.alteration for row in audit.power]
    if len({*names}) < len(names):
        report.add(place, "names an alteration twice")
    if len(names) > MOST_KINDS:
        report.add(place, f"holds {len(names):,} alterations: their shares were not computed again")
        return
    for row in audit.power:
        at = place.at(row.alteration)
        if not row.planted > 0 or row.found > row.planted:
            report.add(at.at("found"), f"says {row.found} of {row.planted}")
            continue
        shares = (None,) * 3 if audit.power_note else share_of(row.found, row.planted)
        for name, value in zip(("recall", "low", "high"), shares, strict=True):
            stated = getattr(row, name)
            if not _same(stated, value):
                report.add(at.at(name), f"says {stated}, its counts say {value}")
        enough = row.needed is not None and row.needed <= audit.top
        if enough != (row.found / row.planted >= asked):
            what = (
                f"says {row.needed}; of {row.planted} copies {row.found} are in {audit.top} pairs"
            )
            report.add(at.at("needed"), what)
    place = view.places.audit.at("key list_length")
    needed, beyond = recommended([row.plain() for row in audit.power])
    report.says(place.at("recall"), audit.list_length.recall, asked, "the parameters")
    report.says(place.at("needed"), audit.list_length.needed, needed, "the planted copies")
    report.says(place.at("beyond"), audit.list_length.beyond, beyond, "the planted copies")
    report.applied("kinds of planted copies computed again", len(audit.power))


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
