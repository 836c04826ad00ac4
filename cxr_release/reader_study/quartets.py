"""Blinded quartets and their key: one real film and one from each checkpoint, shuffled.

Every choice is a rank by a seeded hash of the film's pixels, so that an exclusion replaces the
films that it must and leaves every other quartet as it was. Of the pixels and not of the id: ids
can be counted through, and who knows the seed could then tell a synthetic film by its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

REAL = "real"


@dataclass(frozen=True)
class Shown:
    """One film in its place: a row of the key."""

    quartet: int
    position: int
    name: str
    source: str
    id: str


def draw_quartets(
    films: Mapping[str, Mapping[str, str]], *, quartets: int, seed: int
) -> list[Shown]:
    """Draw quartets without repeats; fewer than asked where a source has too few films.

    Args:
        films: source (`real`, or a checkpoint's name) → film id → SHA-256 of its pixels.
        quartets: quartets wanted.
        seed: of the draw. The order of films and sources does not matter.

    Returns:
        The key, sorted by quartet and position. Positions count from 1.
    """
    possible = min([quartets, *(len(ids) for ids in films.values())])
    drawn = {source: _drawn(ids, seed)[:possible] for source, ids in films.items()}
    shown = []
    for place in range(possible):
        members = [
            (_rank(seed, "position", films[source][ids[place]]), source, ids[place])
            for source, ids in drawn.items()
        ]
        for position, (_, source, film) in enumerate(sorted(members), start=1):
            name = _rank(seed, "name", films[source][film])[:16]
            shown.append(Shown(place + 1, position, name, source, film))
    return shown


def _drawn(films: Mapping[str, str], seed: int) -> list[str]:
    return sorted(films, key=lambda film: _rank(seed, "draw", films[film]))


def _rank(seed: int, purpose: str, pixels: str) -> str:
    return hashlib.sha256(f"{seed}\0{purpose}\0{pixels}".encode()).hexdigest()
