"""The order in which a reviewer sees the films, and the names under which the page knows them.

Both follow from the reviewer's seed: nobody sees from a film's name or place which checkpoint it
is of.
"""

from __future__ import annotations

import hmac
import math
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from cxr_release.errors import DecisionError
from cxr_release.screening.films import Generated

Order = Literal["shuffled", "doubtful-first"]

NAME = re.compile(r"[0-9a-f]{32}")
"""A film, as the page knows it."""


def order_of(
    films: Sequence[Generated], seed: bytes, doubts: Mapping[str, float] | None = None
) -> list[Generated]:
    """All films, shuffled by the seed; with doubts those of the highest doubt first.

    Args:
        films: in any order.
        seed: see `seeds.seed_of`.
        doubts: film id → how much the pre-screen doubts it.

    Raises:
        DecisionError: a film's doubt is missing or no number.
    """
    shuffled = sorted(films, key=lambda film: hmac.digest(seed, film.id.encode(), "sha256"))
    if doubts is None:
        return shuffled
    unknown = sum(not math.isfinite(doubts.get(film.id, math.nan)) for film in films)
    if unknown:
        raise DecisionError(
            f"the pre-screen gave no score to {unknown} film(s)",
            remedy="run `dvc repro`, or order the films by `shuffled`",
        )
    return sorted(shuffled, key=lambda film: -doubts[film.id])


def name_of(film: Generated, seed: bytes) -> str:
    """The film's name on the page, matching `NAME`. Other bytes, or another reviewer: another name.

    The name says nothing of the film, and cannot be made without the seed.
    """
    return hmac.digest(seed, f"{film.id}\0{film.sha256}".encode(), "sha256").hex()[:32]
