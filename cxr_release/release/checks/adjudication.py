"""What must be true of the verdicts on the audited pairs, and of what follows from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release import schemas
from cxr_release.logbook.logs import tally
from cxr_release.params import AuditParams
from cxr_release.release.checks.report import Collector
from cxr_release.schemas import COPY, JUDGED, POSSIBLE_COPY

Row = Mapping[str, Any]

_AGAIN = "run `dvc repro adjudicate`"
_SCREEN = "screen again"
_KEYS: dict[str, type] = {
    "state": str,
    "pairs": int,
    "reviewers": int,
    "judged": int,
    "pairs_by_reviewers": dict,
    "settled": int,
    "open_conflicts": int,
    "verdicts": dict,
    "excluded_films": int,
    "earlier": int,
}


def check_adjudication(
    folder: Path,
    rule: AuditParams,
    *,
    pairs: Sequence[Row] | None,
    generated: Collection[str],
    found: Collector,
) -> dict[str, str] | None:
    """Every listed pair has its verdict or waits for it, and the copies are those of the verdicts.

    Args:
        folder: what the adjudication left.
        rule: how many people must judge a pair, and whether somebody settles what they differ on.
        pairs: rows of `schemas.PAIRS`; None where they could not be read.
        generated: ids of the generated films.
        found: where faults go.

    Returns:
        Film → code of the reason, of the films that must stay out; None where it cannot be read.
    """
    path = folder / "verdicts.parquet"
    verdicts = found.rows(path, schemas.VERDICTS)
    stated = found.document(folder / "adjudication.json", _KEYS)
    copies = found.document(folder / "copies.json", {})
    if verdicts is None:
        return copies
    if pairs is not None:
        _check_listed(path, verdicts, pairs, found)
    for number, row in enumerate(verdicts, start=1):
        _check_verdict(f"{path}: row {number}", row, rule, generated, found)
    found.applied("verdicts held against the audited pairs", len(verdicts))
    if copies is not None:
        _check_copies(folder / "copies.json", copies, copies_of(verdicts), found)
    if stated is not None:
        summary = folder / "adjudication.json"
        for name, value in _report_of(verdicts, rule).items():
            found.compare(f"{summary}: key {name}", stated[name], value, _AGAIN)
        least = max((row["reviewers"] for row in verdicts), default=0)
        if stated["reviewers"] < least or bool(stated["reviewers"]) != bool(least):
            what = f"says {stated['reviewers']}, and {least} judged one pair"
            found.add(f"{summary}: key reviewers", what, _AGAIN)
    return copies


def _check_listed(
    path: Path, verdicts: Sequence[Row], pairs: Sequence[Row], found: Collector
) -> None:
    listed = {(row["real_id"], row["synthetic_id"]): row["rank"] for row in pairs}
    ranked = {(row["real_id"], row["synthetic_id"]): row["rank"] for row in verdicts}
    for pair, rank in listed.items():
        if pair not in ranked:
            found.add(path, f"the pair of rank {rank} is not listed", _AGAIN)
    for number, (pair, stated) in enumerate(ranked.items(), start=1):
        if stated != listed.get(pair):
            what = f"is {stated}, the audit says {listed.get(pair)}"
            found.add(f"{path}: row {number}, column rank", what, _AGAIN)


def _check_verdict(
    where: str, row: Row, rule: AuditParams, generated: Collection[str], found: Collector
) -> None:
    verdict, settled = row["verdict"], row["settled"]
    if row["synthetic_id"] not in generated:
        found.add(f"{where}, column synthetic_id", "is no generated film", _AGAIN)
    if settled != (verdict is not None):
        found.add(f"{where}, column settled", f"is {settled} with the verdict {verdict}", _AGAIN)
    # A pair that waits stays out or not, as its single verdicts say; these the table does not hold.
    if verdict is not None and row["excluded"] != (verdict != "not-a-copy"):
        what = f"is {row['excluded']} with the verdict {verdict}"
        found.add(f"{where}, column excluded", what, _AGAIN)
    enough = 1 if rule.adjudicator else rule.reviewers_required
    if (settled and row["reviewers"] < enough) or (row["excluded"] and not row["reviewers"]):
        found.add(f"{where}, column reviewers", f"{row['reviewers']} are too few", _AGAIN)


def copies_of(verdicts: Sequence[Row]) -> dict[str, str]:
    """Film → code of the reason, of the films that stay out by rows of `schemas.VERDICTS`.

    A film may stand in several pairs: that it is a copy outweighs that it may be one.
    """
    out = [row for row in verdicts if row["excluded"]]
    copied = {row["synthetic_id"] for row in out if row["verdict"] == "copy"}
    return {
        row["synthetic_id"]: COPY if row["synthetic_id"] in copied else POSSIBLE_COPY for row in out
    }


def _check_copies(
    path: Path, stated: Mapping[str, str], true: Mapping[str, str], found: Collector
) -> None:
    for film in sorted(stated.keys() | true.keys()):
        if stated.get(film) != true.get(film):
            what = f"says {stated.get(film)}, the verdicts say {true.get(film)}"
            found.add(f"{path}: {film}", what, _AGAIN)


def _report_of(verdicts: Sequence[Row], rule: AuditParams) -> dict[str, object]:
    """What the table says of its rows."""
    listed = [row for row in verdicts if row["rank"] is not None]
    judged = any(row["reviewers"] for row in verdicts)
    settled = sum(row["settled"] for row in listed)
    said = Counter(row["verdict"] for row in verdicts)
    waiting = [row for row in verdicts if not row["settled"]]
    return {
        "state": "none" if not judged else "partial" if settled < len(listed) else "complete",
        "pairs": len(listed),
        "judged": sum(row["reviewers"] > 0 for row in listed),
        "pairs_by_reviewers": tally([row["reviewers"] for row in listed]),
        "settled": settled,
        "open_conflicts": sum(row["reviewers"] >= rule.reviewers_required for row in waiting),
        "verdicts": {word: said[word] for word in JUDGED},
        "excluded_films": len(copies_of(verdicts)),
        "earlier": len(verdicts) - len(listed),
    }


def check_kept_out(
    path: Path,
    copies: Mapping[str, str],
    *,
    screened: Sequence[Row],
    exclusions: Sequence[Row],
    found: Collector,
) -> None:
    """No film that the verdicts keep out is released, and each is excluded with that reason.

    Args:
        path: of the exclusions.
        copies: film → code of the reason.
        screened: rows of `schemas.SCREENED`.
        exclusions: rows of `schemas.EXCLUSIONS`.
        found: where faults go.
    """
    released = {row["id"] for row in screened if row["released"]}
    excluded = {row["id"]: row for row in exclusions}
    for film, reason in copies.items():
        where, row = f"{path}: {film}", excluded.get(film)
        if film in released:
            found.add(where, f"is judged {reason} by the audit and yet released", _SCREEN)
        if row is None:
            found.add(where, f"is judged {reason} by the audit and not excluded", _SCREEN)
        elif row["reason"] != reason:
            what = f"is excluded as {row['reason']}, the audit's reason is {reason}"
            found.add(where, what, _SCREEN)
        elif not row["audit"]:
            found.add(where, f"is excluded as {reason}, not by the audit", _SCREEN)
    for film, row in excluded.items():
        if row["audit"] and film not in copies:
            found.add(f"{path}: {film}", "is excluded by the audit, whose verdicts do not", _SCREEN)
    found.applied("films held against the verdicts of the audit", len(screened))
