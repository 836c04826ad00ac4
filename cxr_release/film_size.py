"""How many pixels films have: one number where they are square, width and height where not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

LEAST, MOST = 16, 2048
"""Pixels of a side, both included."""
STEP = 8
"""A side is a multiple of this."""
ASKED = f"{LEAST} to {MOST} pixels, a multiple of {STEP}, or [width, height] of such"

Sides = int | tuple[int, int]
"""A size as people and records write it: the side of a square, or width and height."""


class Size(NamedTuple):
    """Pixels of a film."""

    width: int
    height: int

    @classmethod
    def of(cls, sides: int | Sequence[int]) -> Size:
        """The size that is written so, by a record perhaps as a list; a `Size` is its own."""
        return cls(sides, sides) if isinstance(sides, int) else cls(*sides)

    @classmethod
    def of_shape(cls, shape: tuple[int, ...]) -> Size:
        """The size of films in an array (…, height, width)."""
        return cls(width=shape[-1], height=shape[-2])

    @property
    def sides(self) -> Sides:
        """As it is written: a number for a square, and so as before there were others."""
        return self.width if self.width == self.height else (self.width, self.height)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, as arrays have them."""
        return self.height, self.width

    @property
    def pixels(self) -> int:
        """Of the whole film."""
        return self.width * self.height

    def is_multiple_of(self, number: int) -> bool:
        """Whether both sides are multiples of `number`."""
        return self.width % number == 0 and self.height % number == 0

    def __str__(self) -> str:
        """Such as `64 × 64`, width first."""
        return f"{self.width} × {self.height}"


def at_once(most: int, size: Size) -> int:
    """How many films to take in memory at one time.

    Args:
        most: films of 256 × 256 pixels, or of smaller ones.
        size: of the films. Of larger ones as many as have no more pixels, but one at least.
    """
    return max(1, min(most, most * 256**2 // size.pixels))


def is_film_size(sides: Sides) -> bool:
    """Whether films of this size are made here."""
    return all(LEAST <= side <= MOST and side % STEP == 0 for side in Size.of(sides))


def read_sides(raw: Any) -> Sides:
    """What a file of settings or a record says, a square always as one number.

    Raises:
        TypeError: it is neither a whole number nor two of them.
    """
    if type(raw) is int:
        return raw
    # JSON and YAML have lists; settings that are checked once more, tuples.
    if isinstance(raw, list | tuple) and len(raw) == 2 and all(type(side) is int for side in raw):
        return Size(*raw).sides
    raise TypeError("is neither a whole number nor [width, height]")
