"""Which licences of source films let a release show them.

Numbers that follow from one real film or two, and how exactly they go out.

How near a patient's film is to a released one, to its own altered copy, or to another film of that
patient, anybody who has those films can compute: to the last digit, the published number would tell
that they were learnt from. So where films go by an HMAC such numbers are rounded. It cannot hide
what the released films show by themselves: a film that lies near one of them lies near it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from cxr_release.errors import ReleaseError
from cxr_release.params import PHANTOMS, Params

SHAREABLE = (
    "cc0",
    "cc-by",
    "cc-by-sa",
    "cc-by-nc",
    "cc-by-nc-sa",
    "pddl",
    "apache",
    "mit",
    "bsd-2-clause",
    "bsd-3-clause",
)
"""SPDX ids, without version, of licences under which a film may be passed on after it was resized.

Not those that forbid derivatives: every film was resampled on its way in. Not those of databases
alone (ODC-By, ODbL): they say nothing of the films in one.
"""

_VERSION = re.compile(r"-v?\d+(\.\d+)*(-[a-z]{2,3})?$")
"""The end of an id: a version, and the country that the text was adapted to: -3.0-de."""


def is_shareable(license_id: str) -> bool:
    """Whether this is one of `SHAREABLE`, in any case, with or without version."""
    plain = re.sub(r"[\s_]+", "-", license_id.strip().lower())
    return _VERSION.sub("", plain) in SHAREABLE


NamedBy = Literal["sha256", "hmac"]


def names_films_by(params: Params) -> NamedBy:
    """What a release gives of a real film's pixels: their hash, or an HMAC that only a key opens.

    Whoever holds a patient's film could hash it and see that it was learnt from. So the hash goes
    out only where that gives nobody away: the source is drawn or public, or the film is shown.
    """
    drawn = params.ingest.source == PHANTOMS
    public = drawn or params.release.source_public or shows_real_films(params)
    return "sha256" if public else "hmac"


def shows_real_films(params: Params) -> bool:
    """Whether the release shows real films beside the audited pairs.

    Raises:
        ReleaseError: it is asked to, and the licence of the source does not allow that.
    """
    if not params.audit.publish_real_images:
        return False
    license_id = params.release.source_license
    # Phantoms are drawn by this package, and nobody is on them.
    if params.ingest.source == PHANTOMS or is_shareable(license_id):
        return True
    licence = f"the licence {license_id!r}" if license_id else "a source without a stated licence"
    raise ReleaseError(
        f"real films cannot be shown under {licence}",
        where="audit.publish_real_images",
        remedy="set it to false, or state in release.source_license a licence that allows passing"
        f" on resized films: {', '.join(SHAREABLE)}",
    )


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
    coarse = dict(report)
    if names_films_by(params) == "sha256":
        return coarse
    calibration = dict(coarse["calibration"])
    for films in ("synthetic", "source", "held_out", "threshold"):
        calibration[films] = _rounded(calibration.get(films))
    if nearer := calibration.get("nearer_than_5_percent"):
        distance = _rounded(nearer["distance"])
        calibration["nearer_than_5_percent"] = nearer | {"distance": distance}
    power = [
        row | {"median_cosine": round(row["median_cosine"], PLACES)} for row in coarse["power"]
    ]
    return coarse | {
        "cosine": _rounded(coarse["cosine"]),
        "alike": round(coarse["alike"], PLACES),
        "power": power,
        "calibration": calibration,
        "within": coarse["within"] | {"real": _rounded(coarse["within"]["real"])},
    }


def _rounded(value: Any) -> Any:
    """Every number in it that is not whole, rounded."""
    if isinstance(value, Mapping):
        return {key: _rounded(part) for key, part in value.items()}
    return round(value, PLACES) if isinstance(value, float) else value
