"""What a search takes, and what it might have found, made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from cxr_release.encoders.registry import small_picture
from cxr_release.memorization.list_length import KEPT
from cxr_release.memorization.poses import PLAIN
from cxr_release.memorization.scores import Matches
from cxr_release.schemas import SMALL


def matches_of(
    scores: Sequence[float] | np.ndarray,
    cosines: Sequence[float] | np.ndarray | None = None,
    *,
    parts: Sequence[int] | None = None,
    real: Sequence[int] | None = None,
) -> Matches:
    """Films whose likeliest original has these scores; the second one is 1 lower.

    Args:
        scores: n; −∞ where a film has no other.
        cosines: n of the likeliest originals; 0.5 where they are not given.
        parts: n places of `schemas.PARTS`; all whole where they are not given.
        real: n places of the likeliest originals; 0 where they are not given.
    """
    score = np.array(scores, np.float64).reshape(-1, 1) - np.arange(KEPT)
    shape = score.shape
    there = np.isfinite(score)
    cosine = np.full(shape, 0.1)
    cosine[:, 0] = 0.5 if cosines is None else cosines
    part = np.zeros(shape, np.int8)
    part[:, 0] = 0 if parts is None else parts
    places = np.ones(shape, np.int32)
    places[:, 0] = 0 if real is None else real
    return Matches(
        np.where(there, places, np.int32(-1)),
        np.zeros(shape, np.int8),
        part,
        np.tile(PLAIN, (*shape, 1)),
        np.where(there, cosine, np.nan),
        score,
    )


def small_pictures(films: Sequence[np.ndarray]) -> np.ndarray:
    """(n, SMALL, SMALL) small pictures of films of any size, as an audit reads them."""
    transform = small_picture().transform
    pictures = [transform(Image.fromarray(film)).reshape(SMALL, SMALL) for film in films]
    return np.stack(pictures)
