"""What is planted for an attack to find: copies of trained films in place of released ones.

Two doses. *Altered copies* of a few patients' films, one a patient, are added to the release: an
attack that finds them would have found a generator that copies so few. A *copies release* is
nothing but trained films: an attack that does not find that finds nothing. What chance does to a
copy follows from the film's pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from cxr_release.encoders.encoder import Encoder
from cxr_release.encoders.encoding import encode_views
from cxr_release.encoders.registry import small_picture
from cxr_release.films.film_set import FilmSet
from cxr_release.films.film_source import OpenedFilm
from cxr_release.memorization.alterations import ALTERATIONS
from cxr_release.scorecard.sets import Part, ScoreSets
from cxr_release.scorecard.vectors import Vectors, picture_vectors, unit

PATIENTS = 24
"""Patients of whom an altered copy is planted: 4 % of 600."""
ALTERED = ("turned ±1°", "half the resolution", "noise 5 %", "gamma 0.8")
"""How the copies are altered, in turn. All of these leave a film about where it is: of phantoms'
copies that were mirrored, inverted, cropped, scaled, shifted or turned by 2° or more, these attacks
found 0 to 10 %. Those are for the search for copies, which aligns films, and whose recall is
measured on all kinds."""


@dataclass(frozen=True)
class Planted:
    """Films that are planted."""

    dose: str
    films: int
    added: bool
    """Whether they are added to the released films; else they stand in place of all of them."""
    vectors: Vectors
    """(films, d)."""


def altered_copies(
    sets: ScoreSets,
    trained: FilmSet,
    *,
    patients: int = PATIENTS,
    encoder: Encoder | None = None,
) -> Planted:
    """Altered copies of one trained film each of some patients.

    Args:
        sets: the films; `trained` are its trained ones, to be read again.
        trained: the same films.
        patients: how many; of all where there are fewer.
        encoder: that the sets were encoded with.

    Raises:
        SourceError: a film cannot be read any more.
    """
    places = [films[0] for films in sets.trained.by_patient().values()]
    chosen = [places[place] for place in _spread(len(places), patients)]

    def copies() -> Iterator[OpenedFilm]:
        for place, name in zip(chosen, cycle(ALTERED), strict=False):
            film = trained.film(sets.trained.ids[place])
            chance = np.random.default_rng(int(sets.trained.digests[place], 16))
            copy = ALTERATIONS[name].alter(film, film, chance)
            yield OpenedFilm(f"copy {place}", copy)

    if encoder is None:
        rows = encode_views(small_picture(), copies(), ["plain"])["plain"]
        vectors = picture_vectors(rows)
    else:
        vectors = unit(encode_views(encoder, copies(), ["plain"])["plain"])
    kinds = ", ".join(ALTERED)
    dose = f"copies of films of {len(chosen)} trained patients ({kinds}) among the released films"
    return Planted(dose, len(chosen), True, vectors)


def copies_release(trained: Part, *, films: int) -> Planted:
    """As many trained films as there are released ones, or all, in their place."""
    places = _spread(len(trained), films)
    return Planted(
        f"{len(places)} trained films in place of the released ones",
        len(places),
        False,
        trained.vectors[places],
    )


def _spread(of: int, count: int) -> list[int]:
    """Places of `count` of so many things, or of all, evenly spread."""
    return [int(place) for place in np.linspace(0, of - 1, min(of, count)).round()]
