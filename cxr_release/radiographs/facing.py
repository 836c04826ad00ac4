"""Which way films face: left, right, or not known.

What distinguishes a film from its mirror image (`sides`) is compared with what films that face left
have in common: a linear discriminant (Fisher, 1936) whose noise is films mixed from left-facing
and mirrored ones, half and half (`mixed`). Such films face neither way, as those of early
checkpoints do (a jaw on the left, the spine of a film that faces right), so they also say how far a
film must lean to have a facing: further than all but `ERROR` of them do. A film that leans less, or
that is a negative, is of unknown facing.

This rests on films that show their facing plainly, as lateral ones do. Where they do not (frontal
chest films do not fall into two groups), no film's facing is found at all: see `detector_of`.

Nothing in the pictures says which side is left: a few listed films do. All films here are of one
polarity (see `polarity`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.films.facts import Facing
from cxr_release.radiographs.resample import (
    SIDE,
    Direction,
    Thumbnail,
    Vectors,
    antisymmetric,
    principal,
    symmetric,
    unit,
)

PATCHES = 3
"""Patches on each side of a film: each is of the one film or of the other, with soft borders."""
SHARPNESS = 4.0
"""How quickly one film gives way to the other."""


def mixed(small: Thumbnail, count: int, *, share: float, seed: int) -> Thumbnail:
    """Films of which a share is one film, and the rest the mirror image of another.

    Args:
        small: thumbnails (n, SIDE, SIDE) of films that face one way, n ≥ 1.
        count: films to mix.
        share: of the film's area that faces as `small` does, in random soft patches, 0 … 1; with
            0.5 a mixed film faces neither way.
        seed: same seed, same films.

    Returns:
        (count, SIDE, SIDE).
    """
    chance = np.random.default_rng(seed)
    first, second = chance.integers(len(small), size=(2, count))
    weights = _patches(chance, count, share)
    films: Thumbnail = weights * small[first] + (1 - weights) * small[second][:, :, ::-1]
    return films


def _patches(chance: np.random.Generator, count: int, share: float) -> NDArray[np.float32]:
    """Smooth random weights, (count, SIDE, SIDE): a share of each is above a half."""
    places = (np.arange(SIDE) + 0.5) / SIDE * PATCHES - 0.5
    between = 1 - np.abs(np.clip(places, 0, PATCHES - 1)[:, None] - np.arange(PATCHES))
    spread = np.maximum(between, 0).astype(np.float32)
    heights = spread @ chance.standard_normal((count, PATCHES, PATCHES), np.float32) @ spread.T
    heights -= np.quantile(heights, 1 - share, axis=(1, 2), keepdims=True).astype(np.float32)
    heights /= np.maximum(heights.std(axis=(1, 2), keepdims=True), 1e-6)
    weights: NDArray[np.float32] = 1 / (1 + np.exp(-SHARPNESS * heights))
    return weights


COMPASS = 8
"""Directions of edges that are distinguished."""
CELL = 4
"""Pixels of a thumbnail on each side of a cell, over which edges are summed up."""


def sides(small: Thumbnail) -> Vectors:
    """The parts of films that change their sign when a film is mirrored, (n, d).

    Half of them are grey values, the other half edges; each half is a vector of length 1, or all
    0 where there is nothing of the kind. Neither brightness nor contrast matters.

    Args:
        small: thumbnails (n, SIDE, SIDE) of films of one polarity.
    """
    edges = _edges(small)
    return np.concatenate([antisymmetric(small), _half(edges - _mirrored(edges))], axis=1)


def _edges(small: Thumbnail) -> NDArray[np.float32]:
    """How strongly edges run each way in each cell, (n, COMPASS, cells, cells), 0 … 1.

    Histograms of oriented gradients (Dalal and Triggs, 2005), each cell brought to one contrast.
    """
    padded = np.pad(small, ((0, 0), (1, 1), (1, 1)), "edge")
    across = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    cells = SIDE // CELL
    strengths = np.empty((len(small), COMPASS, cells, cells), np.float32)
    for way in range(COMPASS):
        angle = 2 * np.pi * way / COMPASS
        along = np.float32(np.cos(angle)) * across + np.float32(np.sin(angle)) * down
        parts = np.maximum(along, 0).reshape(len(small), cells, CELL, cells, CELL)
        strengths[:, way] = parts.mean(axis=(2, 4))
    strength = np.sqrt((strengths**2).sum(axis=1, keepdims=True))
    usual = strength.mean(axis=(2, 3), keepdims=True)
    even: NDArray[np.float32] = strengths / np.maximum(strength + usual / 2, 1e-6)
    return even


def _mirrored(edges: NDArray[np.float32]) -> NDArray[np.float32]:
    """The edges of the mirror images."""
    ways = [(COMPASS // 2 - way) % COMPASS for way in range(COMPASS)]
    return edges[:, ways, :, ::-1]


def _half(parts: NDArray[np.float32]) -> Vectors:
    """Left halves alone, as unit vectors: the right ones are the same with another sign."""
    return unit(parts[..., : parts.shape[-1] // 2].reshape(len(parts), -1))


OTHER: dict[Facing, Facing] = {"left": "right", "right": "left"}

ERROR = 0.01
"""Share of films facing neither way that may be said to face left or right."""
MIXED = 2048
"""Films mixed to learn the noise, and as many others to set the margin."""
EVEN = 1.0
"""Even noise beside that of the mixed films, as a share of its mean variance: keeps the
discriminant from resting on what only these films happen to share."""
UNSURE = 0.1
"""Share of the films that a detector is made from which, left out, may not be found to face as they
do. The
leanings of films of one facing thin out from their middle, so that of those beyond the margin on
the wrong side there are about the square of this share at most, which is `ERROR`."""
FEWEST = 10
"""Films that a detector is made from, at least: of fewer, one in ten cannot be seen."""
NOISE_SEED, MARGIN_SEED = 1, 2

Leanings = NDArray[np.float64]
"""How surely films face left (positive) or right (negative), (n,)."""


@dataclass(frozen=True)
class Detector:
    """Says which way films face."""

    weights: NDArray[np.float64]
    """(d,), of length 1: the discriminant."""
    margin: float
    """A film must lean further than this to have a facing."""
    middle: Direction
    """What the films it was made from look like, whichever way they face."""

    def leanings(self, small: Thumbnail) -> Leanings:
        """How surely films face left, (n,). A film and its mirror image differ in sign alone."""
        along: Leanings = sides(small) @ self.weights
        return along

    def facings(self, small: Thumbnail) -> list[Facing | None]:
        """Facings of films (n, SIDE, SIDE) that the detector was not made from; None: unknown."""
        resembling = symmetric(small) @ self.middle > 0
        return [
            None if abs(lean) <= self.margin or not resembles else "left" if lean > 0 else "right"
            for lean, resembles in zip(self.leanings(small), resembling, strict=True)
        ]


@dataclass(frozen=True)
class CohortFacings:
    """The facings of the films of a cohort."""

    facings: list[Facing | None]
    """n facings: those of listed films as they were listed."""
    unaided: list[Facing | None]
    """n facings as they would be found of each film, had it not been seen or listed."""
    contrary: list[int]
    """Listed films that face the other way than most of those do, by their looks."""


def detector_of(small: Thumbnail) -> Detector | None:
    """Make a detector from films that all face left.

    Args:
        small: thumbnails (n, SIDE, SIDE) of films of one polarity.

    Returns:
        None where such films do not show plainly which way they face: there are fewer than
        `FEWEST` of them, or more than `UNSURE` of them are not found to face left by the others.
    """
    if len(small) < FEWEST:
        return None
    sure = held_out(small).count("left") >= (1 - UNSURE) * len(small)
    return _detector(small) if sure else None


def held_out(small: Thumbnail) -> list[Facing | None]:
    """Facings of films that all face left, as found by a detector made from others of them.

    Every second film is judged by a detector made from the rest, and the other way round.

    Args:
        small: thumbnails (n, SIDE, SIDE), n ≥ 2.
    """
    facings: list[Facing | None] = [None] * len(small)
    for fold in range(2):
        facings[fold::2] = _detector(small[1 - fold :: 2]).facings(small[fold::2])
    return facings


def find_facings(small: Thumbnail, left_facing: Sequence[int]) -> CohortFacings:
    """Find the facing of every film of a cohort from a few films that are listed as facing left.

    Args:
        small: thumbnails (n, SIDE, SIDE) of films of one polarity.
        left_facing: indices of films listed, at least one. They face left whatever they look
            like; the majority of those whose looks say anything decides which side is left.
            Where none does, or as many look one way as the other, no other facing is known.
    """
    if not left_facing:
        raise ValueError("facing needs at least one film that is known to face left")
    apparent = _sides_taken(small)
    marked = [apparent[index] for index in left_facing]
    way = marked.count("left") - marked.count("right")
    unaided = [
        None if not way or not facing else facing if way > 0 else OTHER[facing]
        for facing in apparent
    ]
    facings = list(unaided)
    for index in left_facing:
        facings[index] = "left"
    contrary = [index for index in left_facing if unaided[index] == "right"]
    return CohortFacings(facings, unaided, contrary)


def _sides_taken(small: Thumbnail) -> list[Facing | None]:
    """Which of two sides each film takes, (n,); which of them is left is not known here.

    As with polarity, what distinguishes films from their mirror images shares one direction up to
    its sign. The two halves of the cohort are turned by it separately, for films turned to agree do
    agree, though by chance. If each half finds the other to face one way, that direction is facing.
    """
    unknown: list[Facing | None] = [None] * len(small)
    if len(small) < FEWEST:
        return unknown
    turned = small.copy()
    mirrored = np.zeros(len(small), np.bool_)
    for fold in range(2):
        parts = antisymmetric(small[fold::2])
        mirrored[fold::2] = parts @ principal(parts) < 0
    turned[mirrored] = small[mirrored, :, ::-1]
    facings = held_out(turned)
    # The second half may be turned to the other side as a whole.
    second = facings[1::2]
    if second.count("right") > second.count("left"):
        mirrored[1::2] ^= True
        facings = [facing and OTHER[facing] for facing in facings]
    if facings.count("left") < (1 - UNSURE) * len(small):
        return unknown
    return [
        facing and (OTHER[facing] if turn else facing)
        for facing, turn in zip(facings, mirrored, strict=True)
    ]


def _detector(small: Thumbnail) -> Detector:
    noise = sides(mixed(small, MIXED, share=0.5, seed=NOISE_SEED)).astype(np.float64)
    moments = noise.T @ noise / len(noise)
    even = max(float(np.trace(moments)) / len(moments), 1e-12)
    mean = sides(small).mean(axis=0, dtype=np.float64)
    weights = np.linalg.solve(moments + EVEN * even * np.eye(len(mean)), mean)
    weights /= max(float(np.linalg.norm(weights)), 1e-12)
    neither = sides(mixed(small, MIXED, share=0.5, seed=MARGIN_SEED)) @ weights
    margin = float(np.quantile(np.abs(neither), 1 - ERROR))
    middle = symmetric(small).mean(axis=0)
    middle /= max(float(np.linalg.norm(middle)), 1e-12)
    return Detector(weights, margin, middle)
