"""What the record says of the memorization audit, against the released pairs and exclusions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cxr_release.memorization.chance import Chance, held_out_chance, source_chance
from cxr_release.release.checks.counts import check_tally
from cxr_release.release.checks.record import RECORD, Record
from cxr_release.release.checks.report import value_at
from cxr_release.release.checks.shards import Films
from cxr_release.release.untrusted.findings import Findings
from cxr_release.schemas import JUDGED

Rows = Sequence[Mapping[str, Any]]


def check_audit(
    pairs: Rows, exclusions: Rows, films: Films, record: Record, found: Findings
) -> None:
    """Cosines, flags and verdicts, counted again; of unlisted pairs only the limits are known."""
    audit, judging = record["metrics"]["audit"], record["reviews"]["audit"]
    generated = len(films.by_id) + len(exclusions)
    cosines = [row["cosine"] for row in pairs]
    judged = Counter(row["verdict"] for row in pairs if row["verdict"] is not None)
    true: dict[str, object] = {
        "metrics.audit.pairs": len(pairs),
        "metrics.audit.cosine.highest": cosines[0] if cosines else None,
        "metrics.audit.cosine.lowest": cosines[-1] if cosines else None,
        "metrics.audit.synthetic.films": generated,
        "metrics.audit.synthetic.searched": generated,
        "metrics.audit.calibration.synthetic.films": generated,
        "reviews.audit.pairs": len(pairs),
        "reviews.audit.settled": judged.total(),
        "reviews.audit.excluded_films": sum(row["audit"] for row in exclusions),
    }
    for key, value in true.items():
        found.says(f"{RECORD}: key {key}", value_at(record, key), value)
    _check_verdicts(judging, judged, len(pairs), found)
    _check_flags(audit, pairs, films, found)
    _check_chance(audit, generated, found)
    found.applied("numbers of the audit counted again", len(true))


def _check_verdicts(
    judging: Mapping[str, Any], judged: Counter[str], pairs: int, found: Findings
) -> None:
    where = f"{RECORD}: reviews.audit"
    earlier = judging.get("earlier", 0)
    for word in JUDGED:
        stated = judging["verdicts"].get(word)
        # Verdicts on pairs of an earlier search count, and stand in no released table.
        if type(stated) is not int or not judged[word] <= stated <= judged[word] + earlier:
            found.add(f"{where}, verdicts, {word}", f"says {stated}, the pairs say {judged[word]}")
    if not judged.total() <= judging["judged"] <= pairs:
        what = f"says {judging['judged']}; settled are {judged.total()} of {pairs} pairs"
        found.add(f"{where}, judged", what)
    tally = judging["pairs_by_reviewers"]
    if check_tally(f"{where}, pairs_by_reviewers", tally, pairs, found):
        found.says(f"{where}, judged", judging["judged"], pairs - tally["0"], "its people")
    begun = bool(judging["judged"] or earlier)
    state = "none" if not begun else "partial" if judged.total() < pairs else "complete"
    found.says(f"{where}, state", judging["state"], state, "the pairs")


def _check_flags(audit: Mapping[str, Any], pairs: Rows, films: Films, found: Findings) -> None:
    where = f"{RECORD}: metrics.audit.flagged"
    stated, known = audit["flagged"], audit["calibration"]["threshold"] is not None
    if (stated is not None) != known:
        found.add(where, "a threshold and the number of flagged films go together")
    if stated is None or not known:
        return
    flagged = [row["synthetic_id"] for row in pairs if row["flagged"]]
    out = {film for film in flagged if film in films.by_id}
    found.says(f"{where}, pairs", stated["pairs"], len(flagged))
    # A flagged film that is listed at all is listed with its nearest pair, which is flagged.
    found.says(f"{where}, listed films", stated["films"] - stated["unlisted"], len({*flagged}))
    if not 0 <= stated["released"] - len(out) <= stated["unlisted"]:
        what = f"says {stated['released']}; of the listed ones {len(out)} are released"
        found.add(f"{where}, released", what)
    found.says(f"{where}, films", audit["calibration"]["flagged"], stated["films"], "it elsewhere")


def _check_chance(audit: Mapping[str, Any], generated: int, found: Findings) -> None:
    """What chance gives follows from four counts, of which two are known here."""
    calibration = audit["calibration"]
    stated = calibration.get("chance")
    if stated is None or calibration["baseline"] is None:
        return
    where = f"{RECORD}: metrics.audit.calibration.chance"
    held_out = calibration["baseline"] == "held_out"
    of = held_out_chance if held_out else source_chance
    counts = {name: stated[name] for name in ("nearer", "films", "compared", "patients")}
    found.says(f"{where}, films", counts["films"], generated)
    found.says(f"{where}, compared", counts["compared"], _counted(calibration), "the baseline")
    flagged = audit["flagged"]["films"]
    if not 0 <= counts["nearer"] <= flagged or (not held_out and counts["nearer"] != flagged):
        found.add(f"{where}, nearer", f"says {counts['nearer']}, flagged are {flagged}")
        return
    true: Chance = of(**counts)
    for name, value in true.report().items():
        found.says(f"{where}, {name}", stated[name], value, "its counts")


def _counted(calibration: Mapping[str, Any]) -> object:
    return calibration[calibration["baseline"]]["counted"]
