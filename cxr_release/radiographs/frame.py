"""Where source films come to lie on films of one size, and how large a pixel is there.

`stretch` fills the film whatever the proportions (as the paper did); `pad` keeps them and centres
the film; `physical` brings every film to one scale in millimetres, puts the middle of its exposed
field into the middle, cuts off what lies beyond, and leaves black what it has nothing for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from PIL import Image

from cxr_release.errors import Fault, SourceError
from cxr_release.film_size import Size
from cxr_release.films.facts import Box, Facts
from cxr_release.films.png import Film
from cxr_release.films.spacing import Spacing
from cxr_release.params.films import Fit, IngestParams
from cxr_release.radiographs.exposure import Field, cut

Edges = tuple[float, float, float, float]
"""Left, top, right and bottom."""


@dataclass(frozen=True)
class Placement:
    """Where a source film comes to lie on its ingested film, before that is mirrored."""

    size: Size
    """Of the ingested film."""
    taken: Box
    """What of the source film is shown at the most, in its pixels."""
    edges: Edges
    """Of what is taken: left, top, right and bottom, in pixels of the ingested film. They lie
    beyond it where the source film was cut off."""

    @property
    def shown(self) -> Box:
        """The whole pixels of the ingested film that the source film fills: one at the least."""
        left, top, right, bottom = self.edges
        (left, right), (top, bottom) = (
            _filled(left, right, self.size.width),
            _filled(top, bottom, self.size.height),
        )
        return left, top, right, bottom

    @property
    def is_cut(self) -> bool:
        """Whether some of what is taken lies beyond the ingested film."""
        left, top, right, bottom = self.edges
        return min(left, top, self.size.width - right, self.size.height - bottom) < 0

    def of_film(self, width: int, height: int) -> Edges:
        """Where the edges of the whole source film would come to lie, if all of it were shown."""
        left, top, right, bottom = self.edges
        first, upper, last, lower = self.taken
        if self.taken == (0, 0, width, height):
            return self.edges
        across, down = (right - left) / (last - first), (bottom - top) / (lower - upper)
        left, top = left - first * across, top - upper * down
        return left, top, left + width * across, top + height * down

    def resample(self, film: Film) -> Film:
        """Resample a source film (h, w), antialiased (Lanczos, clipped to 0 … 255).

        Where the source film has nothing, it is black, as air around a body is once bone is bright.
        """
        # Cut, since the filter looks beyond what it is to resample.
        film = np.ascontiguousarray(cut(film, self.taken))
        height, width = film.shape
        left, top, right, bottom = self.shown
        low_x, low_y, high_x, high_y = self.edges
        # The gap lets Pillow average large films down first, to 3 times the size at least.
        content = Image.fromarray(film).resize(
            (right - left, bottom - top),
            Image.Resampling.LANCZOS,
            box=(
                _source(left, low_x, high_x, width),
                _source(top, low_y, high_y, height),
                _source(right, low_x, high_x, width),
                _source(bottom, low_y, high_y, height),
            ),
            reducing_gap=3.0,
        )
        resampled = np.zeros(self.size.shape, np.uint8)
        resampled[top:bottom, left:right] = np.asarray(content)
        return resampled


def _filled(low: float, high: float, side: int) -> tuple[int, int]:
    first, last = max(0, ceil(low)), min(side, floor(high))
    if first < last:
        return first, last
    only = min(max(0, floor((low + high) / 2)), side - 1)
    return only, only + 1


def _source(edge: int, low: float, high: float, pixels: int) -> float:
    """Where an edge of an ingested film's pixel lies on the source film, in its pixels."""
    return min(max(0.0, (edge - low) * pixels / (high - low)), float(pixels))


@dataclass(frozen=True)
class Frame:
    """How the films of a cohort come to one size."""

    size: Size
    fit: Fit
    millimetres_per_pixel: float | None = None
    """The one scale of `physical`."""
    field: Field = "whole"
    """What is taken of each film."""

    @classmethod
    def of(cls, settings: IngestParams) -> Frame:
        """As the settings ask."""
        scale = settings.millimetres_per_pixel
        return cls(settings.film_size, settings.fit, scale, settings.field)

    def place(self, facts: Facts, exposed: Box | None = None) -> Placement:
        """Where a film comes to lie. `physical` takes films alone in which `fault` finds nothing.

        Args:
            facts: of the film.
            exposed: its exposed field, in its pixels, whose middle `physical` puts into the middle;
                None: all of it.

        Raises:
            ValueError: the scale, or the film's spacing, is not known.
        """
        whole = 0, 0, facts.width, facts.height
        exposed = exposed or whole
        taken = exposed if self.field == "exposed" else whole
        first, upper, last, lower = taken
        if self.fit != "physical":
            edges = place(last - first, lower - upper, self.size, self.fit)
            return Placement(self.size, taken, edges)
        spacing, scale = facts.header.spacing, self.millimetres_per_pixel
        if spacing is None or scale is None:
            raise ValueError("a film without spacing, or a fit without scale, has no place")
        left, top, right, bottom = exposed
        across, down = spacing.column / scale, spacing.row / scale
        x = self.size.width / 2 - (left + right) / 2 * across
        y = self.size.height / 2 - (top + bottom) / 2 * down
        return Placement(
            self.size,
            taken,
            (x + first * across, y + upper * down, x + last * across, y + lower * down),
        )

    def spacing(self, facts: Facts, placed: Placement) -> Spacing | None:
        """Millimetres between the pixels of the ingested film; None where they are not known."""
        source = facts.header.spacing
        if source is None:
            return None
        if self.millimetres_per_pixel is not None:
            return Spacing(self.millimetres_per_pixel, self.millimetres_per_pixel, source.kind)
        left, top, right, bottom = placed.of_film(facts.width, facts.height)
        return Spacing(
            source.row * facts.height / (bottom - top),
            source.column * facts.width / (right - left),
            source.kind,
        )

    def fault(self, name: str, facts: Facts) -> Fault | None:
        """Why a film cannot come to this frame; None where it can."""
        spacing = facts.header.spacing
        if self.fit != "physical" or (spacing is not None and spacing.kind != "unknown"):
            return None
        what = (
            "does not state the distance between its pixels"
            if spacing is None
            else "states the distance between its pixels, and not whether it holds in the patient"
            " or at the detector"
        )
        return Fault(name, what, "take it out, or set ingest.fit to stretch or pad")

    def require_one_kind(self, films: Iterable[Facts]) -> None:
        """Refuse to bring lengths in patients and lengths at detectors to one scale.

        Raises:
            SourceError: films of both kinds are to be brought to one scale.
        """
        kinds = Counter(film.header.spacing.kind for film in films if film.header.spacing)
        if self.fit == "physical" and len(kinds) > 1:
            raise SourceError(
                f"{kinds['calibrated']:,} film(s) state millimetres in the patient, and"
                f" {kinds['detector']:,} at the detector, where the patient appears magnified",
                remedy="ingest films of one kind, or set ingest.fit to stretch or pad",
            )


def place(width: int, height: int, size: int | Size, fit: Fit) -> Box:
    """Where a film of width × height comes to lie on one of `size`, whatever its millimetres.

    Args:
        width: of the source film, in pixels.
        height: likewise.
        size: of the ingested film; a number is the side of a square.
        fit: `stretch` or `pad`.
    """
    size = Size.of(size)
    if fit == "stretch":
        return 0, 0, *size
    scale = min(size.width / width, size.height / height)
    wide, high = (max(1, round(side * scale)) for side in (width, height))
    left, top = (size.width - wide) // 2, (size.height - high) // 2
    return left, top, left + wide, top + high
