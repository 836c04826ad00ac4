"""The artefacts of search and adjudication: what a finished release does not hold any more."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from cxr_release.logbook.logs import tally
from cxr_release.memorization.tail import Tail
from cxr_release.params.measures import AuditParams
from cxr_release.release.checks.memorization import CLOSE, baseline_of
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.checks.view import Rows, View
from cxr_release.release.inputs import AuditReport
from cxr_release.schemas import COPY, JUDGED, POSSIBLE_COPY

_AUDIT = "run the audit again"


def check_search(
    view: View,
    stated: AuditReport,
    nearest: Rows,
    place: Place,
    *,
    generated: Collection[str],
    real: Collection[str],
    report: CheckReport,
) -> None:
    """Every generated film was held against every real film, and the summary is that of it.

    Args:
        view: of the artefacts.
        stated: what the audit says of itself.
        nearest: rows of `schemas.NEAREST`.
        place: of these rows.
        generated: ids of the generated films.
        real: ids of the films of the cohort that generators may have seen.
        report: where faults go.
    """
    pairs_place = view.places.pairs
    for where, rows in ((pairs_place, view.pairs), (place, nearest)):
        for number, row in enumerate(rows, start=1):
            at = where.at(f"row {number}")
            if row["synthetic_id"] not in generated:
                report.add(at.column("synthetic_id"), "is not a generated film")
            if row["real_id"] not in real:
                report.add(at.column("real_id"), "is not a film that was trained on")
    for film in sorted({*generated} - {row["synthetic_id"] for row in nearest}):
        report.add(place, f"{film} was generated and not searched for")
    report.applied("generated films held against the films that were searched for", len(nearest))
    threshold = stated.calibration.threshold
    for number, row in enumerate(nearest, start=1):
        true = None if threshold is None else row["score"] >= threshold
        if row["flagged"] != true:
            what = f"is {row['flagged']}, the threshold says {true}"
            report.add(place.at(f"row {number}").column("flagged"), what)
    _check_p_values(view, stated, nearest, place, report)
    _check_list(view, nearest, report)
    _check_summary(view, stated, nearest, real=len(real), generated=len(generated), report=report)


def _check_list(view: View, nearest: Rows, report: CheckReport) -> None:
    """No pair is nearer than its film's nearest one, and none that is near enough is missing."""
    place, pairs = view.places.pairs, view.pairs
    most = {row["synthetic_id"]: row["score"] for row in nearest}
    for row in pairs:
        if row["score"] > most.get(row["synthetic_id"], row["score"]):
            what = "is higher than the film's nearest one in nearest.parquet"
            report.add(place.at(f"row {row['rank']}, column score"), what)
    pairs_on_list = {(row["real_id"], row["synthetic_id"]) for row in pairs}
    last = pairs[-1]["score"] if pairs else -math.inf
    for row in nearest:
        # Ties with the last one may fall off the list; what is nearer may not.
        if row["score"] > last and (row["real_id"], row["synthetic_id"]) not in pairs_on_list:
            what = f"lacks {row['synthetic_id']} with its nearest film, nearer than the last pair"
            report.add(place, what)
    if pairs and nearest and pairs[0]["score"] != max(most.values()):
        report.add(place.at("row 1, column score"), "is not the highest of nearest.parquet")
    report.applied("nearest films held against the audited pairs", len(nearest))


def _check_summary(
    view: View,
    stated: AuditReport,
    nearest: Rows,
    *,
    real: int,
    generated: int,
    report: CheckReport,
) -> None:
    place, calibration = view.places.audit, stated.calibration
    synthetic = calibration.synthetic
    scores = [row["score"] for row in nearest]
    true: dict[str, tuple[object, object]] = {
        "real.films": (stated.real.films, real),
        "real.searched": (stated.real.searched, real),
        "calibration.source.films": (calibration.source.films, real),
        "calibration.synthetic.score.min": (synthetic.score.get("min"), min(scores, default=None)),
        "calibration.synthetic.score.max": (synthetic.score.get("max"), max(scores, default=None)),
    }
    if calibration.threshold is not None:
        flagged = sum(bool(row["flagged"]) for row in nearest)
        pairs = sum(bool(row["flagged"]) for row in view.pairs)
        true |= {
            "flagged.pairs": ((stated.flagged or {}).get("pairs"), pairs),
            "flagged.films": ((stated.flagged or {}).get("films"), flagged),
            "calibration.flagged": (calibration.flagged, flagged),
        }
    baseline = baseline_of(calibration)
    if baseline is not None and baseline.score is not None:
        column = "tuning_score" if calibration.baseline == "held_out" else "score"
        highest = baseline.score.get("max", math.inf)
        nearer = sum(row[column] is not None and row[column] > highest for row in nearest)
        true["calibration.chance.nearer"] = (calibration.chance.nearer, nearer)
    for key, (stated_value, value) in true.items():
        report.says(place.at(f"key {key}"), stated_value, value)
    _check_alike(view, stated, nearest, report)
    edges = stated.histogram.get("edges") or []
    if len(edges) > 1 and np.all(np.diff(edges) > 0):
        counts = np.histogram(np.minimum(scores, edges[-1]), edges)[0].tolist()
        if nearest and stated.histogram.get("synthetic") != counts:
            report.add(place.at("key histogram"), "is not of the films in nearest.parquet")
    wanted = min(stated.top, real * generated)
    if len(view.pairs) != wanted:
        what = f"{len(view.pairs)} pairs are listed, the first {wanted} were asked for"
        report.add(place.at("key top"), what)
    # A set with films that could not be read was not searched: it is never released.
    sets = {"real": stated.real, "control": stated.control, "synthetic": stated.synthetic}
    lost = [name for name, films in sets.items() if films and films.unreadable]
    if lost or stated.state == "incomplete":
        what = f"{' and '.join(lost) or 'some'} films could not be read, so not all were searched"
        remedy = "mend or withdraw those that audit.json names, and audit again"
        report.add(place.at("key state"), what, remedy)


def _check_p_values(
    view: View, stated: AuditReport, nearest: Rows, place: Place, report: CheckReport
) -> None:
    """A p value follows from a score and the tail of innocent films."""
    tail = stated.calibration.tail
    fitted = None if tail is None else Tail(**tail.plain())
    for where, rows in ((view.places.pairs, view.pairs), (place, nearest)):
        for number, row in enumerate(rows, start=1):
            true = None if fitted is None else fitted.p(row["score"])
            p = row["p"]
            same = p == true if None in (p, true) else math.isclose(p, true or 0.0, rel_tol=CLOSE)
            if not same:
                what = f"is {p}, the score says {true}"
                report.add(where.at(f"row {number}").column("p"), what)


def _check_alike(view: View, stated: AuditReport, nearest: Rows, report: CheckReport) -> None:
    """Films that are alike: those that the tables show, or more, by films that they do not list."""
    films = {
        row["synthetic_id"] for row in (*nearest, *view.pairs) if row["cosine"] >= stated.alike
    }
    count = stated.calibration.synthetic.alike
    if not len(films) <= count <= len(nearest):
        what = f"says {count}; the tables show {len(films)} of {len(nearest)}"
        report.add(view.places.audit.at("key calibration.synthetic.alike"), what)


def check_adjudication(
    view: View,
    verdicts: Rows,
    copies: Mapping[str, str],
    rule: AuditParams,
    *,
    places: tuple[Place, Place],
    report: CheckReport,
) -> None:
    """Every listed pair has its verdict or waits for it, and the copies are those of the verdicts.

    Args:
        view: of the artefacts.
        verdicts: rows of `schemas.VERDICTS`.
        copies: film → code of the reason, of the films that must stay out.
        rule: how many people must judge a pair, and whether somebody settles what they differ on.
        places: of the verdicts, and of the copies.
        report: where faults go.
    """
    place, copied = places
    audited = {(row["real_id"], row["synthetic_id"]): row["rank"] for row in view.pairs}
    ranked = {(row["real_id"], row["synthetic_id"]): row["rank"] for row in verdicts}
    for pair, rank in audited.items():
        if pair not in ranked:
            report.add(place, f"the pair of rank {rank} is not listed")
    for number, (pair, stated) in enumerate(ranked.items(), start=1):
        if stated != audited.get(pair):
            what = f"is {stated}, the audit says {audited.get(pair)}"
            report.add(place.at(f"row {number}").column("rank"), what)
    generated = {row["id"] for row in view.screened or ()}
    for number, row in enumerate(verdicts, start=1):
        at = place.at(f"row {number}")
        if row["synthetic_id"] not in generated:
            report.add(at.column("synthetic_id"), "is not a generated film")
        _check_verdict(at, row, rule, report)
    report.applied("verdicts held against the audited pairs", len(verdicts))
    true = copies_of(verdicts)
    for film in sorted(copies.keys() | true.keys()):
        if copies.get(film) != true.get(film):
            what = f"says {copies.get(film)}, the verdicts say {true.get(film)}"
            report.add(copied.at(film), what)
    _check_report(view, verdicts, rule, report)


def _check_verdict(
    place: Place, row: Mapping[str, Any], rule: AuditParams, report: CheckReport
) -> None:
    verdict, settled = row["verdict"], row["settled"]
    if settled != (verdict is not None):
        what = f"is {settled} with the verdict {verdict}"
        report.add(place.column("settled"), what)
    # A pair that waits stays out or not, as its single verdicts say; these the table does not hold.
    if verdict is not None and row["excluded"] != (verdict != "not-a-copy"):
        what = f"is {row['excluded']} with the verdict {verdict}"
        report.add(place.column("excluded"), what)
    enough = 1 if rule.adjudicator else rule.reviewers_required
    if (settled and row["reviewers"] < enough) or (row["excluded"] and not row["reviewers"]):
        report.add(place.column("reviewers"), f"{row['reviewers']} are too few")


def copies_of(verdicts: Rows) -> dict[str, str]:
    """Film → code of the reason, of the films that stay out by rows of `schemas.VERDICTS`.

    A film may stand in several pairs: that it is a copy outweighs that it may be one.
    """
    out = [row for row in verdicts if row["excluded"]]
    copied = {row["synthetic_id"] for row in out if row["verdict"] == "copy"}
    return {
        row["synthetic_id"]: COPY if row["synthetic_id"] in copied else POSSIBLE_COPY for row in out
    }


def _check_report(view: View, verdicts: Rows, rule: AuditParams, report: CheckReport) -> None:
    """What the table of verdicts tells exactly, and the released pairs do not."""
    current = [row for row in verdicts if row["rank"] is not None]
    waiting = [row for row in verdicts if not row["settled"]]
    given = [row["verdict"] for row in verdicts]
    true: dict[str, object] = {
        "pairs_by_reviewers": tally([row["reviewers"] for row in current]),
        "open_conflicts": sum(row["reviewers"] >= rule.reviewers_required for row in waiting),
        "verdicts": {word: given.count(word) for word in JUDGED},
        "earlier": len(verdicts) - len(current),
    }
    for key, value in true.items():
        report.says(view.places.judging.at(f"key {key}"), getattr(view.judging, key), value)
    least = max((row["reviewers"] for row in verdicts), default=0)
    stated = view.judging.reviewers
    if stated < least or bool(stated) != bool(least):
        what = f"says {stated}, and {least} judged one pair"
        report.add(view.places.judging.at("key reviewers"), what)


def check_kept_out(view: View, copies: Mapping[str, str], report: CheckReport) -> None:
    """No film that the verdicts keep out is released, and each is excluded with that reason."""
    place = view.places.exclusions
    excluded = {row["id"]: row for row in view.exclusions}
    for film, reason in copies.items():
        where, row = place.at(film), excluded.get(film)
        if film in view.films:
            report.add(where, f"is judged {reason} by the audit and yet released")
        if row is None:
            report.add(where, f"is judged {reason} by the audit and not excluded")
        elif row["reason"] != reason:
            what = f"is excluded as {row['reason']}, the audit's reason is {reason}"
            report.add(where, what)
        elif not row["audit"]:
            report.add(where, f"is excluded as {reason}, not by the audit")
    for film, row in excluded.items():
        if row["audit"] and film not in copies:
            report.add(place.at(film), "is excluded by the audit, whose verdicts do not")
    report.applied("films held against the verdicts of the audit", view.generated)
