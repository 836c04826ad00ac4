"""Numbers that follow from one real film or two, and how exactly they go out.

How near a patient's film is to a released one, to its own altered copy, or to another film of that
patient, anybody who has those films can compute: to the last digit, the published number would tell
that they were learnt from. So where films go by an HMAC such numbers are rounded. It cannot hide
what the released films show by themselves: a film that lies near one of them lies near it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxr_release.params import Params
from cxr_release.release.licences import names_films_by

PLACES = 2
"""Decimals that are left."""
OFF = 0.5 * 10**-PLACES + 1e-9
"""The most by which a rounded number is off."""


def coarse_number(value: float, params: Params) -> float:
    """A number of one real film as it may go out."""
    return round(value, PLACES) if names_films_by(params) == "hmac" else value


def coarse_audit(report: Mapping[str, Any], params: Params) -> dict[str, Any]:
    """The audit's report as it may go out; shares and their intervals are of many films and stay.

    Args:
        report: `cosine`, `alike`, `power`, `calibration` and `within` among its keys.
        params: the parameters that it was made with.
    """
    said = dict(report)
    if names_films_by(params) == "sha256":
        return said
    calibration = dict(said["calibration"])
    for films in ("synthetic", "source", "held_out", "threshold"):
        calibration[films] = _rounded(calibration.get(films))
    if nearer := calibration.get("nearer_than_5_percent"):
        distance = _rounded(nearer["distance"])
        calibration["nearer_than_5_percent"] = nearer | {"distance": distance}
    power = [row | {"median_cosine": round(row["median_cosine"], PLACES)} for row in said["power"]]
    return said | {
        "cosine": _rounded(said["cosine"]),
        "alike": round(said["alike"], PLACES),
        "power": power,
        "calibration": calibration,
        "within": said["within"] | {"real": _rounded(said["within"]["real"])},
    }


def _rounded(value: Any) -> Any:
    """Every number in it that is not whole, rounded."""
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, PLACES) if isinstance(value, float) else value
