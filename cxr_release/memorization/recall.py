"""What the search would find: altered copies of real films are planted, one at a time.

A search that found nothing says little unless it is known what it finds. So films of the cohort
are copied, each copy is altered (see `planting`), and it is checked whether the pair of the copy
and its film would be in the list of the most similar pairs, had this one copy been among the
synthetic films. Each planted copy is a trial of its own: copies never take each other's places in
the list. From the places that their pairs would have had follows how long the list must be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.films.film_set import FilmSet
from cxr_release.memorization.alterations import ALTERATIONS, RECOMPRESSED, Alteration
from cxr_release.memorization.planting import Plant, Small, plan, small_copies
from cxr_release.memorization.scores import Matches
from cxr_release.statistics.proportions import share_of

RECALL = 0.95
"""Share of the copies of a kind that a list is to hold."""
BLOCK = 16_384
"""Copies that are compared at a time: small pictures of 64 MB."""

Floats = NDArray[np.float64]
Match = Callable[[NDArray[np.uint8]], Matches]
"""Small pictures (n, 64, 64) → their likeliest real films."""


@dataclass(frozen=True)
class Own:
    """What the search makes of copies and their own films: arrays (n,)."""

    score: Floats
    """−∞ where the search did not keep the film of which it is a copy."""
    cosine: Floats
    """NaN where it did not."""
    others: Floats
    """(n, kept) scores of the copy with other films; −∞ where there is none."""


@dataclass(frozen=True)
class Recall:
    """What became of the planted copies."""

    alterations: list[dict[str, Any]]
    """One a kind of alteration; see `rows_of`."""
    duplicate_threshold: float
    """Lowest cosine of a film and its recompressed copy: films as similar may be duplicates. 1
    where the search kept none of those pairs."""


def measure_recall(
    real: FilmSet,
    synthetic: FilmSet,
    listed: NDArray[np.floating],
    *,
    real_ids: Sequence[str],
    synthetic_ids: Sequence[str],
    small: Small,
    match: Match,
    top: int,
    plants: int,
    seed: int,
    recall: float = RECALL,
) -> Recall:
    """Plant altered copies and see which of them the list would hold.

    Args:
        real: the films to copy.
        synthetic: the films into which parts of copies are pasted.
        listed: see `ranks_of`.
        real_ids: the real films, in the order of the places that `match` gives.
        synthetic_ids: the synthetic films that can be read.
        small: film → small picture; called from several threads.
        match: compares small pictures with the real films.
        top: length of the list.
        plants: see `plan`.
        seed: of which films are copied, and of the alterations' chance.
        recall: see `rows_of`.

    Raises:
        SourceError: a film cannot be read any more.
    """
    planned = plan(real_ids, synthetic_ids, plants=plants, seed=seed)
    blocks = [planned[start : start + BLOCK] for start in range(0, len(planned), BLOCK)]
    parts = []
    for block in blocks:
        copies = np.stack(list(small_copies(real, synthetic, block, seed=seed, small=small)))
        parts.append(own_of(block, match(copies)))
    own = Own(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("score", "cosine", "others")
        )
    )
    recompressed = np.array([plant.alteration == RECOMPRESSED for plant in planned])
    cosines = own.cosine[recompressed & ~np.isnan(own.cosine)]
    return Recall(
        rows_of(planned, own, listed, top=top, plants=plants, recall=recall),
        float(cosines.min(initial=1.0)),
    )


def own_of(planned: Sequence[Plant], matches: Matches) -> Own:
    """Tell the pairs of copies with their own films from those with others.

    Args:
        planned: n copies.
        matches: of their small pictures, in that order.
    """
    places = np.array([plant.place for plant in planned])
    own = matches.real == places[:, None]
    kept, at = own.any(axis=1), (np.arange(len(own)), own.argmax(axis=1))
    return Own(
        np.where(kept, matches.score[at], -np.inf),
        np.where(kept, matches.cosine[at], np.nan),
        np.where(own, -np.inf, matches.score),
    )


def ranks_of(own: Own, listed: NDArray[np.floating]) -> Floats:
    """(n,) place in the list, 1 and up, that each copy's own pair would have had.

    Pairs that tie with a copy's count as before it, so that recall is not overstated. Where the
    search did not keep the pair, no list would hold it: ∞.

    Args:
        own: what the search makes of n copies.
        listed: (m,) scores of all pairs that the search kept of the synthetic films, whether or not
            the list is long enough for them; in any order, not NaN.
    """
    ahead = (own.others >= own.score[:, None]).sum(axis=1)
    before = len(listed) - np.searchsorted(np.sort(listed), own.score)
    return np.where(own.score > -np.inf, 1.0 + ahead + before, np.inf)


def rows_of(
    planned: Sequence[Plant],
    own: Own,
    listed: NDArray[np.floating],
    *,
    top: int,
    plants: int,
    recall: float = RECALL,
) -> list[dict[str, Any]]:
    """What became of each kind of copy.

    Args:
        planned: n copies; see `plan`.
        own: of them.
        listed: see `ranks_of`.
        top: length of the list.
        plants: as they were planned: of each kind the first ones count.
        recall: above 0, at most 1.

    Returns:
        One row a kind, in the order of `ALTERATIONS`: `alteration`, `family`, `planted`, `found`
        (in the list), `recall` (0 … 1), `low`, `high` (95 % interval of the recall: Clopper and
        Pearson 1934), `median_rank` (None where it lies beyond the list), `median_cosine` (of the
        pairs that the search kept; None where it kept none) and `needed` (length of the shortest
        list that would hold the share `recall` of them; None where the search kept fewer).
    """
    ranks = ranks_of(own, listed)
    places: dict[str, list[int]] = {name: [] for name in ALTERATIONS}
    for place, plant in enumerate(planned):
        places[plant.alteration].append(place)
    return [
        _row(ALTERATIONS[name], ranks[chosen], own.cosine[chosen], top, recall)
        for name, chosen in ((name, all_of_it[:plants]) for name, all_of_it in places.items())
        if chosen
    ]


def _row(
    alteration: Alteration, ranks: Floats, cosines: Floats, top: int, recall: float
) -> dict[str, Any]:
    ranks, cosines = np.sort(ranks), cosines[~np.isnan(cosines)]
    planted = len(ranks)
    in_list = int((ranks <= top).sum())
    share, low, high = share_of(in_list, planted)
    median = ranks[planted // 2]
    # As shares are compared, not as 0.55 × 100 is rounded.
    fewest = next(count for count in range(1, planted + 1) if count / planted >= recall)
    needed = ranks[fewest - 1]
    return {
        "alteration": alteration.name,
        "family": alteration.family,
        "planted": planted,
        "found": in_list,
        "recall": share,
        "low": low,
        "high": high,
        "median_rank": int(median) if median <= top else None,
        "median_cosine": float(np.median(cosines)) if len(cosines) else None,
        "needed": int(needed) if np.isfinite(needed) else None,
    }
