"""Which films are copied, how each copy is altered, and the copies' small pictures.

The seed, the alteration and the film's id alone decide what chance does to a copy: neither the
order of the films nor how many copies are made.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cxr_release.films.film_set import FilmSet
from cxr_release.films.png import Film
from cxr_release.films.threads import mapped
from cxr_release.memorization.alterations import ALTERATIONS, RECOMPRESSED, Alteration

FEWEST = 20
"""Recompressed copies that are made whether or not anything is planted: they say how similar a
film and its duplicate are."""

Picture = NDArray[np.uint8]
"""The small picture of a film, (64, 64)."""
Small = Callable[[Film], Picture]
Form = TypeVar("Form")
"""What a copy is made into: its small picture, or what an encoder takes."""


@dataclass(frozen=True)
class Plant:
    """A copy that is to be made."""

    place: int
    """Of the film that is copied, among the real films."""
    film: str
    """Its id."""
    alteration: str
    """Name of one of `ALTERATIONS`."""
    host: str | None
    """Id of the synthetic film into which a part is pasted; None where it is not one."""


def plan(
    real_ids: Sequence[str], synthetic_ids: Sequence[str], *, plants: int, seed: int
) -> list[Plant]:
    """Which copies are made: film by film, in the order of `ALTERATIONS`.

    Args:
        real_ids: one or more.
        synthetic_ids: one or more.
        plants: copies of each alteration; of as many films if there are fewer. Of `RECOMPRESSED` at
            least `FEWEST` are made.
        seed: of which films are copied, and into which ones. The order of the ids has no part.
    """
    order = sorted(range(len(real_ids)), key=lambda place: _rank(seed, "plant", real_ids[place]))
    hosts = sorted(synthetic_ids, key=lambda film: _rank(seed, "host", film))
    return [
        Plant(place, real_ids[place], name, hosts[number % len(hosts)] if each.needs_host else None)
        for number, place in enumerate(order[: max(plants, FEWEST)])
        for name, each in ALTERATIONS.items()
        if number < (max(plants, FEWEST) if name == RECOMPRESSED else plants)
    ]


def small_copies(
    real: FilmSet,
    synthetic: FilmSet,
    planned: Sequence[Plant],
    *,
    seed: int,
    small: Callable[[Film], Form],
) -> Iterator[Form]:
    """Make the copies that are planned, and yield their small pictures, or another form, in order.

    A film is read once for its copies that follow each other; each thread holds one film, its host
    and one altered copy.

    Raises:
        SourceError: a film cannot be read.
    """

    def altered(alteration: Alteration, film: Film, plant: Plant) -> Film:
        host = film if plant.host is None else synthetic.film(plant.host)
        return alteration.alter(film, host, _chance(seed, plant))

    def copies(plants: Sequence[Plant]) -> list[Form]:
        film = real.film(plants[0].film)
        return [small(altered(ALTERATIONS[plant.alteration], film, plant)) for plant in plants]

    films = [list(group) for _, group in groupby(planned, key=lambda plant: plant.film)]
    with tqdm(total=len(planned), desc="plant", unit="copy", disable=None, file=sys.stderr) as bar:
        for pictures in mapped(copies, films):
            for picture in pictures:
                yield picture
                bar.update()


def _rank(seed: int, purpose: str, film: str) -> str:
    return _hash(seed, purpose, film).hex()


def _chance(seed: int, plant: Plant) -> np.random.Generator:
    return np.random.default_rng(
        int.from_bytes(_hash(seed, plant.alteration, plant.film)[:16], "big")
    )


def _hash(seed: int, purpose: str, film: str) -> bytes:
    # The id comes last: whatever it holds, it cannot be taken for the rest.
    return hashlib.sha256(f"{seed}\0{purpose}\0{film}".encode("utf-8", "surrogatepass")).digest()
