"""The memorization audit: the listed pairs, and the numbers that follow from them."""

from __future__ import annotations

from collections import Counter

from cxr_release.memorization.chance import held_out_chance, source_chance
from cxr_release.release.checks.counts import check_tally
from cxr_release.release.checks.report import CheckReport
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
