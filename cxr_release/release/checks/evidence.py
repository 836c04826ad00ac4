"""What must be true of the search for copies, and of what it says of itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release import schemas
from cxr_release.release.checks.report import Collector, value_at

Row = Mapping[str, Any]
INCOMPLETE = "incomplete"

_AGAIN = "run the audit again"
_KEYS: dict[str, type] = {
    "state": str,
    "encoder": dict,
    "real": dict,
    "synthetic": dict,
    "top": int,
    "pairs": int,
    "cosine": dict,
    "calibration": dict,
    "alike": float,
    "within": dict,
    "power": list,
    "histogram": dict,
}


def check_audit(
    folder: Path, generated: Collection[str], real: Collection[str], found: Collector
) -> list[dict[str, Any]] | None:
    """Every generated film was held against every source film, and the summary is that of it.

    Args:
        folder: what the search left.
        generated: ids of the generated films.
        real: ids of the films of the cohort.
        found: where faults go.

    Returns:
        The listed pairs, rows of `schemas.PAIRS`; None where they cannot be read.
    """
    listed, each = folder / "pairs.parquet", folder / "nearest.parquet"
    pairs = found.rows(listed, schemas.PAIRS)
    nearest = found.rows(each, schemas.NEAREST)
    stated = found.document(folder / "audit.json", _KEYS)
    if pairs is not None:
        _check_names(listed, pairs, generated, real, found)
        _check_ranks(listed, pairs, found)
        found.applied("audited pairs held against the films", len(pairs))
    if nearest is not None:
        _check_names(each, nearest, generated, real, found)
        searched = {row["synthetic_id"] for row in nearest}
        for film in sorted(set(generated) - searched):
            found.add(each, f"{film} was generated and not searched for", _AGAIN)
        found.applied("generated films held against the films that were searched for", len(nearest))
    if pairs is not None and nearest is not None:
        _check_together(listed, pairs, nearest, found)
        if stated is not None:
            summary = folder / "audit.json"
            _check_flags(listed, pairs, stated, found)
            _check_flags(each, nearest, stated, found)
            films = (len(real), len(generated))
            _check_summary(summary, stated, films=films, pairs=pairs, nearest=nearest, found=found)
    if stated is not None:
        _check_state(folder / "audit.json", stated, found)
    return pairs


def _check_names(
    path: Path,
    rows: Sequence[Row],
    generated: Collection[str],
    real: Collection[str],
    found: Collector,
) -> None:
    for number, row in enumerate(rows, start=1):
        where = f"{path}: row {number}"
        if row["synthetic_id"] not in generated:
            found.add(f"{where}, column synthetic_id", "is no generated film", _AGAIN)
        if row["real_id"] not in real:
            found.add(f"{where}, column real_id", "is no film of the cohort", _AGAIN)


def _check_ranks(path: Path, pairs: Sequence[Row], found: Collector) -> None:
    for number, row in enumerate(pairs, start=1):
        if row["rank"] != number:
            found.add(f"{path}: row {number}, column rank", "ranks do not run 1, 2, 3 …")
        if number > 1 and row["cosine"] > pairs[number - 2]["cosine"]:
            found.add(f"{path}: row {number}, column cosine", "is higher than the rank before it")


def _check_together(
    path: Path, pairs: Sequence[Row], nearest: Sequence[Row], found: Collector
) -> None:
    """No pair is nearer than its film's nearest one, and none that is near enough is missing."""
    most = {row["synthetic_id"]: row["cosine"] for row in nearest}
    for row in pairs:
        if row["cosine"] > most.get(row["synthetic_id"], row["cosine"]):
            what = "is higher than the film's nearest one in nearest.parquet"
            found.add(f"{path}: row {row['rank']}, column cosine", what, _AGAIN)
    listed = {(row["real_id"], row["synthetic_id"]) for row in pairs}
    last = pairs[-1]["cosine"] if pairs else -2.0
    for row in nearest:
        # Ties with the last one may fall off the list; what is nearer may not.
        if row["cosine"] > last and (row["real_id"], row["synthetic_id"]) not in listed:
            what = f"lacks {row['synthetic_id']} with its nearest film, nearer than the last pair"
            found.add(path, what, _AGAIN)
    if pairs and nearest and pairs[0]["cosine"] != max(most.values()):
        found.add(f"{path}: row 1, column cosine", "is not the highest of nearest.parquet", _AGAIN)
    found.applied("nearest films held against the audited pairs", len(nearest))


def _check_flags(path: Path, rows: Sequence[Row], stated: Row, found: Collector) -> None:
    """A film or pair is flagged when it is nearer than the threshold, and only then."""
    threshold = stated["calibration"].get("threshold")
    for number, row in enumerate(rows, start=1):
        true = None if threshold is None else row["cosine"] > threshold
        if row["flagged"] != true:
            what = f"is {row['flagged']}, the threshold in audit.json says {true}"
            found.add(f"{path}: row {number}, column flagged", what, _AGAIN)


def _check_summary(
    path: Path,
    stated: Row,
    *,
    films: tuple[int, int],
    pairs: Sequence[Row],
    nearest: Sequence[Row],
    found: Collector,
) -> None:
    real, generated = films
    known = stated["calibration"].get("threshold") is not None
    flagged = sum(bool(row["flagged"]) for row in nearest) if known else None
    cosines = [row["cosine"] for row in nearest]
    wanted = min(stated["top"], real * generated)
    true: dict[str, object] = {
        "real.films": real,
        "real.searched": real,
        "synthetic.films": generated,
        "synthetic.searched": len(nearest),
        "pairs": len(pairs),
        "cosine.highest": pairs[0]["cosine"] if pairs else None,
        "cosine.lowest": pairs[-1]["cosine"] if pairs else None,
        "flagged.pairs": sum(bool(row["flagged"]) for row in pairs) if known else None,
        "flagged.films": flagged,
        "calibration.flagged": flagged,
        "calibration.chance.films": len(nearest),
        "calibration.chance.nearer": _nearer(stated, nearest) if known else None,
        "calibration.synthetic.films": len(nearest),
        "calibration.synthetic.alike": sum(cosine >= stated["alike"] for cosine in cosines),
        "calibration.synthetic.cosine.min": min(cosines, default=None),
        "calibration.synthetic.cosine.max": max(cosines, default=None),
    }
    for name, value in true.items():
        found.compare(f"{path}: key {name}", value_at(stated, name), value, _AGAIN)
    bins = stated["histogram"].get("synthetic")
    if not isinstance(bins, list) or sum(one for one in bins if type(one) is int) != len(nearest):
        found.add(f"{path}: key histogram", "is not of the films in nearest.parquet", _AGAIN)
    if len(pairs) != wanted:
        what = f"{len(pairs)} pairs are listed, the first {wanted} were asked for"
        found.add(f"{path}: key top", what, _AGAIN)


def _nearer(stated: Row, nearest: Sequence[Row]) -> int:
    """Films nearer than the baseline, among the films that the baseline was searched among."""
    column = "tuning_cosine" if stated["calibration"].get("baseline") == "held_out" else "cosine"
    threshold = stated["calibration"]["threshold"]
    cosines = [row[column] for row in nearest]
    return sum(cosine is not None and cosine > threshold for cosine in cosines)


def _check_state(path: Path, stated: Row, found: Collector) -> None:
    """A set with films that could not be read was not searched: it is never released."""
    where = f"{path}: key state"
    lost = [name for name in ("real", "synthetic") if stated[name].get("unreadable")]
    if lost or stated["state"] == INCOMPLETE:
        what = f"{' and '.join(lost) or 'some'} films could not be read, so not all were searched"
        found.add(where, what, "mend or withdraw those that audit.json names, and audit again")
        return
    flagged = stated["calibration"].get("flagged")
    state = "no baseline" if flagged is None else "flagged" if flagged else "nothing flagged"
    if stated["state"] != state:
        found.add(where, f"is {stated['state']!r}, the numbers say {state!r}", _AGAIN)
