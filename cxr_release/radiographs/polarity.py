"""Which films of a cohort came as negatives (bone dark), found without labels.

A negative is a film whose thumbnail points the other way. The direction that all films share up
to their sign (`thumbnail.principal`) sorts them into two groups; which of them is positive is
settled by physics: the beam is weakened most in the midline of the film, where the body is
thickest and holds its spine, and least at the sides, where there is air, and between, where there
are air or lungs. Thumbnails are made mirror-symmetric first, so that the way a patient faces cannot
matter; and they are of exposed fields (`exposure`), for a collimator's border, bright in a
bone-bright film, would count as body.

Where a file states its film's polarity, that holds: the looks of the film are only held against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.radiographs.resample import SIDE, Direction, Thumbnail, principal, symmetric

MIDLINE = 0.3
"""Width of the body's bright midline, as a share of half the film's width."""
LUNGS = (0.3, 0.8)
"""Where air beside the neck or the lungs lie, as shares of half the film's width."""
SIDES = 0.9
"""Where the dark sides of the film begin, as a share of half its width."""
WAIST = 0.6
"""Height over which sides and lungs are looked at, as a share of half the film's: above and below
it shoulders, jaw or markers may reach them."""


@dataclass(frozen=True)
class CohortPolarity:
    """Which films of a cohort are negatives."""

    negatives: NDArray[np.bool_]
    """(n,), as stated, else as found."""
    contrary: tuple[int, ...]
    """Films that look otherwise than their files state; they stay as stated."""


def find_polarity(small: Thumbnail, stated: Sequence[bool | None]) -> CohortPolarity:
    """Tell which films of one body region are negatives, where some files may state it.

    The looks of films are judged without what is stated, so that statements that are all wrong
    show. Films of which nothing is stated follow what is stated of the others, if anything: they
    are like most of those.

    Args:
        small: thumbnails (n, SIDE, SIDE) of any number of films, of mixed polarity.
        stated: (n,) whether a film is a negative; None where that is not stated.
    """
    films = symmetric(small)
    along = films @ principal(films)
    found = along * _bright_end(films, along) < 0
    known = np.array([value is not None for value in stated], bool)
    negative = np.array([bool(value) for value in stated], bool)
    contrary = known & (found != negative) & (along != 0)
    likeness = float(np.where(negative, -along, along)[known].sum())
    end = np.sign(likeness) or _bright_end(films, along)
    return CohortPolarity(
        np.where(known, negative, along * end < 0),
        tuple(int(film) for film in np.flatnonzero(contrary)),
    )


def find_negatives(small: Thumbnail) -> NDArray[np.bool_]:
    """Tell which films of one body region are negatives, by their looks alone.

    Args:
        small: thumbnails (n, SIDE, SIDE) of any number of films, of mixed polarity.

    Returns:
        (n,), true for a negative. A film without contrast counts as positive.
    """
    return find_polarity(small, [None] * len(small)).negatives


def _bright_end(films: NDArray[np.float32], along: NDArray[np.float32]) -> float:
    """1 where bone is bright in films that have a positive part along the shared direction, or -1.

    Every film has a say, in proportion to how plainly it shows a body in air: one odd film cannot
    turn the cohort around.
    """
    votes = np.sign(along) * (films @ _body_in_air())
    return 1.0 if votes.sum() >= 0 else -1.0


def _body_in_air() -> Direction:
    place = (np.arange(SIDE, dtype=np.float32) + 0.5) * 2 / SIDE - 1
    down, across = np.meshgrid(place, place, indexing="ij")
    beside, waist = np.abs(across), np.abs(down) < WAIST
    midline = np.exp(-((across / MIDLINE) ** 2))
    sides = ((beside > SIDES) & waist).astype(np.float32)
    lungs = ((beside > LUNGS[0]) & (beside < LUNGS[1]) & waist).astype(np.float32)
    bright, dark, darker = symmetric(np.stack([midline, lungs, sides]))
    # The sides say more than the midline, which is dark in a neck whose airway lies there.
    direction: Direction = bright - dark - 2 * darker
    return direction
