"""The exposed field of a film: what is not the border that a collimator or a shutter left.

What a collimator keeps from the beam is bright in a bone-bright film and dark in a negative; a
viewer's shutter is black, or white in a film that was inverted later. So a border may be bright or
dark whatever the film's polarity, which is not known yet, and air may look like either. What tells
a border from air and from body is its shape:

- from a side of the film on, nearly all of each line of pixels is of one value, or near one end of
  the film's values;
- the border ends along a straight line, which may be tilted, and a little further in much of that
  line has another value. Air ends at a skin that curves away from the side, and is kept.

Where little of the film within a dark border is brighter, no edge can be seen: that border is kept
as air. What is cut off besides a border is at most a tenth of a line's pixels, where a border is
tilted, and air that is as dark as the border beside it.
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
SHADE = 0.2
"""How far a border's values may lie from the end of the film's, as a share of their range."""
LIT = 0.4
"""The same where scattered light reaches under a collimator's edge, up to that edge, at which the
jump must be the larger: flesh in air is as grey."""
ALIKE = 0.9
"""Share of a line that is of a border's value; the rest may be noise, a marker or letters."""
INSIDE = 0.03
"""How far inside a border its edge is looked for, as a share of the film's side: that of a tilted
border is deeper at one end."""
EDGE, LIT_EDGE = 0.3, 0.5
"""Share of the line there that must have left the border's value."""
JUMP, LIT_JUMP = 0.1, 0.2
"""By how much it must have, as a share of the range of the film's values."""
STRAIGHT = 0.55
"""Share of that part of the edge that must lie on one straight line, to within `OFF` pixels."""
OFF = 2.0
SLOPES = np.tan(np.radians(np.arange(-8, 8.25, 0.5)))
"""Of such a line against the film's side: it may be tilted by 8 degrees."""
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
        top += _border(grey[top:bottom, left:right], low, high)
        bottom -= _border(grey[top:bottom, left:right][::-1], low, high)
        left += _border(grey[top:bottom, left:right].T, low, high)
        right -= _border(grey[top:bottom, left:right].T[::-1], low, high)
        if before == (left, top, right, bottom):
            break
    return left, top, right, bottom


def _border(part: NDArray[np.float32], low: float, high: float) -> int:
    """How many lines of a part of a film, from the first on, are a border's.

    Args:
        part: (lines, pixels), from one side of the film on.
        low: least of the film's values.
        high: greatest of them.
    """
    span = high - low
    reach = int(INSIDE * len(part)) + 2
    kinds = [(np.abs(part - np.median(part[0])) <= SAME, reach, EDGE, JUMP * span)]
    for ends in (high - part, part - low):
        if np.mean(ends[0] <= SHADE * span) >= ALIKE:
            kinds += [
                (ends <= SHADE * span, reach, EDGE, JUMP * span),
                (ends <= LIT * span, -(-reach // 3), LIT_EDGE, LIT_JUMP * span),
            ]
    lines = 0
    for border, further, share, jump in kinds:
        alike = border.mean(axis=1) >= ALIKE
        count = len(alike) if alike.all() else int(alike.argmin())
        if max(THINNEST, lines) <= count < len(part) - reach:
            changed = np.abs(part[count + further - 1] - np.median(part[count - 1])) > jump
            if changed.mean() >= share and _straight(
                part[max(count - further, 0) : count + further, changed]
            ):
                lines = count
    return lines


def _straight(part: NDArray[np.float32]) -> bool:
    """Whether most pixels of a part of a film (lines, pixels) jump along a straight line."""
    pixels = part.shape[1]
    depth = np.abs(np.diff(part, axis=0)).argmax(axis=0)
    across = np.arange(pixels) - pixels / 2
    rest = np.sort(depth - SLOPES[:, None] * across, axis=1)
    needed = max(int(np.ceil(STRAIGHT * pixels)), 1)
    return bool((rest[:, needed - 1 :] - rest[:, : pixels - needed + 1] <= OFF).any())
