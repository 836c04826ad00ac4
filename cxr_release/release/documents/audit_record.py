"""What `release.json` says of the memorization audit: its numbers, and no name of a film."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxr_release import schemas, tables
from cxr_release.files import read_json
from cxr_release.params import Params
from cxr_release.release.coarse import coarse_audit
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.licences import shows_real_films

_NUMBERS = (
    *("state", "top", "pairs", "cosine", "calibration", "histogram", "alike", "within"),
    *("power", "power_note"),
)
"""What is taken over from the audit's own report as it stands there."""


def audit_record(inputs: ReleaseInputs, params: Params) -> dict[str, Any]:
    """The audit's report, with what became of the flagged films.

    Films that could not be read, or only after some change, and files that are no films, become
    their number: the report names them. `flagged` is None without a baseline; else `pairs` (of
    those listed), `films`, `released` (films) and `unlisted` (films that stand in no listed pair,
    so that nobody was asked). Numbers of single films may be rounded: see `coarse`.
    """
    report = read_json(inputs.audit / "audit.json")
    return {
        **coarse_audit({name: report[name] for name in _NUMBERS}, params),
        "encoder": _encoder(report["encoder"], params),
        "real": _account(report["real"]),
        "synthetic": _account(report["synthetic"]),
        "flagged": None if report["flagged"] is None else _flagged(inputs),
    }


def _encoder(encoder: Mapping[str, Any], params: Params) -> dict[str, Any]:
    taken = {name: encoder[name] for name in ("name", "dimensions", "looks")}
    weights = encoder["weights"]
    if weights is None:
        return taken | {"weights": None}
    known = params.audit.weights_license or weights["license"] or "not stated"
    taken["weights"] = {
        "sha256": weights["sha256"],
        "published": weights["published"],
        "license": known,
    }
    return taken


def _account(films: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "films": films["films"],
        "searched": films["searched"],
        "patients": films["patients"],
        "patients_not_stated": films["patients_not_stated"],
        "unreadable": len(films["unreadable"]),
        "notes": len(films["notes"]),
        "ignored": len(films["ignored"]),
    }


def _flagged(inputs: ReleaseInputs) -> dict[str, int]:
    nearest = tables.read_rows(inputs.audit / "nearest.parquet", schemas.NEAREST)
    pairs = tables.read_rows(inputs.audit / "pairs.parquet", schemas.PAIRS)
    screened = tables.read_rows(inputs.screening / "screened.parquet", schemas.SCREENED)
    films = {row["synthetic_id"] for row in nearest if row["flagged"]}
    released = {row["id"] for row in screened if row["released"]}
    listed = {row["synthetic_id"] for row in pairs}
    return {
        "pairs": sum(row["flagged"] for row in pairs),
        "films": len(films),
        "released": len(films & released),
        "unlisted": len(films - listed),
    }


def films_shown(inputs: ReleaseInputs, params: Params) -> int:
    """Source films whose pictures are in the release."""
    if not shows_real_films(params):
        return 0
    pairs = tables.read_rows(inputs.audit / "pairs.parquet", schemas.PAIRS)
    return len({pair["real_id"] for pair in pairs})
