"""How large a pixel of the released films is, and what that means, as far as it is known."""

from __future__ import annotations

from dataclasses import dataclass

from cxr_release.release.record import Record

_WHERE = {
    "calibrated": "in the patient, as calibrated",
    "detector": "at the detector, where the patient appears magnified",
}


@dataclass(frozen=True)
class Scale:
    """The one scale of all films of a release that were drawn for it."""

    millimetres_per_pixel: float
    where: str
    """In words; empty where the record does not tell."""

    @property
    def in_words(self) -> str:
        """Such as `3.75 mm a pixel at the detector, where the patient appears magnified`."""
        return f"{self.millimetres_per_pixel:.4g} mm a pixel {self.where}".strip()


def scale_of(record: Record) -> Scale | None:
    """The scale of a release's films; None where there is no common one that is
    known, or no film that was drawn for it."""
    scale = record.params.ingest.millimetres_per_pixel
    if scale is None or not record.params.sample.checkpoints:
        return None
    kinds = record.metrics.ingest.spacing or {}
    stated = [kind for kind, films in kinds.items() if films]
    return Scale(scale, _WHERE.get(stated[0], "") if len(stated) == 1 else "")
