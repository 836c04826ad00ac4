"""The phantom cohort as a source of films."""

from __future__ import annotations

from dataclasses import dataclass

from cxr_release.radiographs.phantoms.cohort import draw_phantom
from cxr_release.radiographs.png import Film
from cxr_release.radiographs.source import Facts, Listing
from cxr_release.radiographs.window import window


@dataclass(frozen=True)
class DrawnFilm:
    """A phantom, drawn when it is loaded."""

    index: int
    seed: int

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"phantom {self.index}"

    def load(self) -> tuple[Film, Facts]:
        """Draw it, with the truth about it."""
        phantom = draw_phantom(self.index, seed=self.seed)
        height, width = phantom.pixels.shape
        bits = phantom.pixels.dtype.itemsize * 8
        facts = Facts(
            source_file=phantom.name,
            id=phantom.name,
            patient=phantom.patient,
            stated_patient=phantom.patient,
            width=width,
            height=height,
            bits=bits,
            mode="L" if bits == 8 else "I;16",
            keypoints=phantom.keypoints,
            true_facing=phantom.facing,
            true_negative=phantom.negative,
        )
        return window(phantom.pixels), facts


def list_phantoms(count: int, *, seed: int) -> Listing:
    """The first `count` films of the phantom cohort of `seed`."""
    return Listing(films=[DrawnFilm(index, seed) for index in range(count)], drawn=True)
