"""Which films of a cohort came as negatives (bone dark), found without labels.

A negative is a film whose thumbnail points the other way. The direction that all films share up
to their sign (`thumbnail.principal`) sorts them into two groups; which of them is positive is
settled by physics: the beam is weakened most in the midline of the film, where the body is
thickest and holds its spine, and least at the sides, where there are air or lungs. Thumbnails
are made mirror-symmetric first, so that the way a patient faces cannot matter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cxr_release.radiographs.resample import SIDE, Direction, Thumbnail, principal, symmetric

MIDLINE = 0.3
"""Width of the body's bright midline, as a share of half the film's width."""
SIDES = 0.9
"""Where the dark sides of the film begin, as a share of half its width."""
WAIST = 0.6
"""Height over which the sides are looked at, as a share of half the film's: above and below it
shoulders, jaw or markers may reach them."""


def find_negatives(small: Thumbnail) -> NDArray[np.bool_]:
    """Tell which films of one body region are negatives.

    Args:
        small: thumbnails (n, SIDE, SIDE) of any number of films, of mixed polarity.

    Returns:
        (n,), true for a negative. A film without contrast counts as positive.
    """
    films = symmetric(small)
    shared = principal(films)
    # Every film has a say in which end of the shared direction is bone bright, in proportion to
    # how plainly it shows a body in air: one odd film cannot turn the cohort around.
    votes = np.sign(films @ shared) * (films @ _body_in_air())
    positive = shared if votes.sum() >= 0 else -shared
    negatives: NDArray[np.bool_] = films @ positive < 0
    return negatives


def _body_in_air() -> Direction:
    place = (np.arange(SIDE, dtype=np.float32) + 0.5) * 2 / SIDE - 1
    down, across = np.meshgrid(place, place, indexing="ij")
    midline = np.exp(-((across / MIDLINE) ** 2))
    sides = ((np.abs(across) > SIDES) & (np.abs(down) < WAIST)).astype(np.float32)
    bright, dark = symmetric(np.stack([midline, sides]))
    # The sides say more than the midline, which is dark in a neck whose airway lies there.
    direction: Direction = bright - 2 * dark
    return direction
