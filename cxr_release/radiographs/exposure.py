"""The exposed field of a film: what is not the border that a collimator or a shutter left.

What a collimator keeps from the beam is bright in a bone-bright film and dark in a negative; a
viewer's shutter is black, or white in a film that was inverted later. So a border may be bright or
dark whatever the film's polarity, which is not known yet, and air may look like either. What tells
a border from air and from body is its shape:

- a line of pixels along a side of the film is a border's where nearly all of it is of one value,
  or near one end of the film's grey values (a collimator's border is lit by scattered light);
- such lines in a row from the side on are a border where they end in a straight edge: a little
  further in, much of the line has another value. Air ends at a skin that curves away from the side,
  so that a line further in is still mostly air: it is kept.

Where the field within a dark border is itself as dark, no edge can be seen, and the border is kept
as air. So is a strip of which fewer lines than `THINNEST` are alike. What is cut off besides a
border is air beyond a body with a straight edge, if anything, and at most a tenth of a line's
pixels.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release.films.facts import Box
from cxr_release.films.png import Film

Field = Literal["whole", "exposed"]
"""What is taken of a film: all of it, or its exposed field."""
LONGEST = 512
"""Pixels of the longer side of the reduced film in which borders are looked for, at most."""
LEAST = 1 / 4
"""Share of each side that a field has at least: a smaller one is not believed."""
SAME = 4
"""Grey values that differ by so much are one, but for noise."""
SHADES = (0.2, 0.4)
"""How far a border's values may lie from the end of the film's, as a share of their range: at the
side of the film, and towards its edge, where scattered light reaches it."""
ALIKE = 0.9
"""Share of a line that is of a border's value; the rest may be noise, a marker or letters."""
INSIDE = 0.03
"""How far inside a border its edge is looked for, as a share of the film's side."""
EDGE = 0.3
"""Share of the line there that must have left the border's value."""
CONTRAST = 0.1
"""By how much it must have, as a share of the range of the film's values."""
THINNEST = 2
"""Lines of a border, at least."""


def exposed_field(film: Film, stated: Box | None = None) -> Box:
    """The box that holds the exposed field of a film; the whole film where no border is found.

    Args:
        film: (h, w), of either polarity.
        stated: the field as its file states it, in pixels of the film. One that is not of a
            plausible size within the film is passed over: collimators' edges are stated in
            millimetres at times.

    Returns:
        Left, top, right, bottom in pixels of the film; right and bottom are outside.
    """
    height, width = film.shape
    if stated is not None:
        box = _within(stated, width, height)
        if _plausible(box, width, height):
            return box
    step = -(-max(width, height) // LONGEST)
    grey = np.asarray(Image.fromarray(film).reduce(step)) if step > 1 else film
    box = _found(grey.astype(np.float32))
    if box == (0, 0, grey.shape[1], grey.shape[0]) or not _plausible(box, *grey.shape[::-1]):
        return 0, 0, width, height
    return _within(_enlarged(box, grey.shape, step, width, height), width, height)


def cut(film: Film, box: Box) -> Film:
    """What of a film (h, w) lies in a box."""
    left, top, right, bottom = box
    return film[top:bottom, left:right]


def size_of(box: Box) -> tuple[int, int]:
    """Width and height of a box, in pixels."""
    left, top, right, bottom = box
    return right - left, bottom - top


def is_whole(box: Box, width: int, height: int) -> bool:
    """Whether a box is all of a film of width × height."""
    return box == (0, 0, width, height)


def _within(box: Box, width: int, height: int) -> Box:
    left, top, right, bottom = box
    return max(left, 0), max(top, 0), min(right, width), min(bottom, height)


def _plausible(box: Box, width: int, height: int) -> bool:
    left, top, right, bottom = box
    return right - left >= LEAST * width and bottom - top >= LEAST * height


def _enlarged(box: Box, shape: tuple[int, ...], step: int, width: int, height: int) -> Box:
    """A box of the reduced film in pixels of the film.

    A reduced pixel at a border's edge may be of both: in from a border one more is left out.
    """
    left, top, right, bottom = box
    more = int(step > 1)
    return (
        (left + more) * step if left else 0,
        (top + more) * step if top else 0,
        (right - more) * step if right < shape[1] else width,
        (bottom - more) * step if bottom < shape[0] else height,
    )


def _found(grey: NDArray[np.float32]) -> Box:
    """Peel borders off all sides in turn, until none is left."""
    low, high = float(grey.min()), float(grey.max())
    left, top, right, bottom = 0, 0, grey.shape[1], grey.shape[0]
    for _ in range(4):  # the borders of two sides overlap: one is seen better without the other
        before = left, top, right, bottom
        for turns in range(4):
            part = np.rot90(grey[top:bottom, left:right], turns)  # its first line: a side
            lines = _border(part, low, high, reach=int(INSIDE * len(np.rot90(grey, turns))) + 1)
            if turns == 0:
                top += lines
            elif turns == 1:
                right -= lines
            elif turns == 2:
                bottom -= lines
            else:
                left += lines
        if before == (left, top, right, bottom):
            break
    return left, top, right, bottom


def _border(part: NDArray[np.float32], low: float, high: float, *, reach: int) -> int:
    """How many lines of a part of a film, from the first on, are a border's.

    Args:
        part: (lines, pixels), from one side of the film on.
        low: least of the film's values.
        high: greatest of them.
        reach: lines further in at which the border must have ended.
    """
    span = high - low
    value = float(np.median(part[0]))
    kinds = [np.abs(part - value) <= SAME]
    for ends in (high - part, part - low):
        if np.mean(ends[0] <= SHADES[0] * span) >= ALIKE:
            kinds += [ends <= shade * span for shade in SHADES]
    lines = 0
    for border in kinds:
        alike = border.mean(axis=1) >= ALIKE
        count = len(alike) if alike.all() else int(alike.argmin())
        if not THINNEST <= count < len(part) - reach:
            continue
        last = np.median(part[count - 1])
        left = ~border[count + reach - 1] & (
            np.abs(part[count + reach - 1] - last) > CONTRAST * span
        )
        if left.mean() >= EDGE:
            lines = max(lines, count)
    return lines
