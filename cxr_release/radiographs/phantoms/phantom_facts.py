"""What is known of a phantom beside its pixels, as codes: they follow from how it was drawn.

`curvature` and `age_look` cut all phantoms in thirds, so that films can be drawn as these classes.
The cuts were taken once, from phantoms of many seeds: the class of a film hangs on that film alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from cxr_release.radiographs.phantoms.patient import Patient
from cxr_release.radiographs.phantoms.solids import View
from cxr_release.radiographs.phantoms.spine import Spine

FACTS = ("curvature", "age_look", "hardware", "vertebrae")
"""Names that `ingest.facts` may ask for."""
KYPHOTIC_BELOW, LORDOTIC_ABOVE = 9.5, 20.2
"""Degrees from C2 to C7; below 0 the neck bends forward. Thirds of 2,000,000 drawn necks."""
YOUNG_BELOW, OLD_ABOVE = 0.03, 0.76
"""Of `_age_look`. Thirds of 60,000 drawn patients."""
_BONE_FOR_DISCS = 4.0
"""By how many worn discs the density of a bone without mineral would age a neck."""


def codes_of(
    patient: Patient, spine: Spine, view: View, shape: tuple[int, int], *, operated: bool
) -> Mapping[str, str]:
    """Name → code of each of `FACTS`.

    Args:
        patient: who stands before the film.
        spine: how the neck is held.
        view: how it is projected.
        shape: height and width of the film.
        operated: whether there are a plate and screws.
    """
    angle = spine.at("C7").frame.degrees - spine.at("C2").frame.degrees
    look = sum(patient.wear) - _BONE_FOR_DISCS * (patient.density - 1)
    return {
        "curvature": _third(
            angle, (KYPHOTIC_BELOW, LORDOTIC_ABOVE), ("kyphotic", "straight", "lordotic")
        ),
        "age_look": _third(look, (YOUNG_BELOW, OLD_ABOVE), ("young", "middle", "old")),
        "hardware": "plate and screws" if operated else "no hardware",
        "vertebrae": str(_whole_vertebrae(spine, view, shape)),
    }


def _third(value: float, cuts: tuple[float, float], names: tuple[str, str, str]) -> str:
    return names[sum(value >= cut for cut in cuts)]


def _whole_vertebrae(spine: Spine, view: View, shape: tuple[int, int]) -> int:
    """How many of C2 to T1 have the lower edge of their body on the film."""
    height, width = shape
    edges = [
        view.project(each.frame.place((0.0, each.height / 2))[None])[0] for each in spine.vertebrae
    ]
    return sum(bool(0 <= x < width and 0 <= y < height) for x, y in edges)
