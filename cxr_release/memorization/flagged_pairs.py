"""The pairs that an audit names one by one: those that are flagged, or as near as a film to itself.

Whether a pair's films are the same to the pixel is said too, for no cosine says that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image

from cxr_release.encoders.encoder import turned
from cxr_release.films import png
from cxr_release.films.film_set import FilmSet
from cxr_release.memorization.calibration import Calibration
from cxr_release.memorization.search import Found, Pair
from cxr_release.schemas import VIEWS

MOST = 100
"""Pairs that are named. The tables hold all of them."""


@dataclass(frozen=True)
class Named:
    """A pair of films, by name."""

    real_id: str
    synthetic_id: str
    cosine: float
    """−1 … 1."""
    view: str
    """How the synthetic film was turned to get there: one of `schemas.VIEWS`."""
    identical: str | None
    """The view in which the films' pixels are equal; None where they are in none. Films of other
    kinds than 8-bit grey are compared as they were read: see `converted`."""
    converted: bool
    """Whether either film was not 8-bit grey, or was reduced in size."""

    def report(self) -> Mapping[str, object]:
        """Ready for JSON."""
        return asdict(self)


def near_pairs(found: Found, calibration: Calibration) -> list[Pair]:
    """The listed pairs that are flagged, and the nearest pair of each flagged film.

    A pair as similar as a film and its recompressed copy counts like a flagged one where there is
    no baseline. The most similar come first; ties in the order of real and synthetic ids.
    """

    def near(cosine: float) -> bool:
        return bool(calibration.flagged(cosine)) or cosine >= calibration.alike

    pairs = {(one.real_id, one.synthetic_id): one for one in found.pairs if near(one.cosine)}
    for one in found.nearest:
        if near(one.cosine):
            pair = Pair(one.real_id, one.synthetic_id, one.cosine, one.view)
            pairs.setdefault((one.real_id, one.synthetic_id), pair)
    return sorted(pairs.values(), key=lambda one: (-one.cosine, one.real_id, one.synthetic_id))


def named(
    pairs: Sequence[Pair],
    real: FilmSet,
    synthetic: FilmSet,
    *,
    converted: Mapping[str, Collection[str]],
) -> list[Named]:
    """The first pairs by name, each with whether its films are the same.

    Args:
        pairs: see `near_pairs`.
        real: the real films.
        synthetic: the synthetic films.
        converted: `real` and `synthetic` → films that are not compared as they lie there.
    """
    return [
        Named(
            pair.real_id,
            pair.synthetic_id,
            pair.cosine,
            pair.view,
            identical_in(pair, real, synthetic),
            pair.real_id in converted["real"] or pair.synthetic_id in converted["synthetic"],
        )
        for pair in pairs[:MOST]
    ]


def identical_in(pair: Pair, real: FilmSet, synthetic: FilmSet) -> str | None:
    """The view in which the synthetic film has the real one's pixels, if there is one."""
    one = png.decode(real.png(pair.real_id), where=pair.real_id)
    other = png.decode(synthetic.png(pair.synthetic_id), where=pair.synthetic_id)
    if one.shape != other.shape:
        return None
    film = Image.fromarray(other)
    # A film that is its own mirror image is equal in two views: the pair's own comes first.
    views = [pair.view, *(view for view in VIEWS if view != pair.view)]
    return next(
        (view for view in views if np.array_equal(one, np.asarray(turned(film, view)))), None
    )
