"""The films that a network is asked about, at its own size, in an order that names do not change.

A network knows films of one size, as its ingest made them. Films of another size are not scaled
here: films that came another way than those that it learnt from differ from them in more than
membership, and an attack would find that difference.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import Fault, SourceError
from cxr_release.film_size import Size
from cxr_release.films.film_set import FilmSet
from cxr_release.films.film_source import OpenedFilm
from cxr_release.films.patients import canonical
from cxr_release.scorecard.sets import FEWEST, FEWEST_PATIENTS, Places


@dataclass(frozen=True)
class Chosen:
    """Films out of a set."""

    films: FilmSet
    ids: Collection[str] | None = None
    """Of the films that are meant; None: all of the set."""
    labels: Mapping[str, str | None] | None = None
    """Class of each film by its id, which a network with classes is told; None: not known."""


@dataclass(frozen=True)
class NetworkFilms:
    """Films at a network's size, in the order of their digests."""

    pixels: NDArray[np.uint8]
    """(n, height, width)."""
    digests: tuple[str, ...]
    """SHA-256 of each film's pixels, in hex; rising."""
    patients: tuple[str, ...]
    """Of each film, in canonical spelling; a name of its own where the patient is not stated."""
    ids: tuple[str, ...]
    unreadable: int = 0
    """Films that could not be read; they are in none of the above."""
    labels: tuple[str | None, ...] | None = None
    """Class of each film; None: not known."""

    def __len__(self) -> int:
        """Films."""
        return len(self.digests)

    def take(self, places: Sequence[int] | Places) -> NetworkFilms:
        """Some of the films, in this order."""
        chosen = [int(place) for place in places]
        return NetworkFilms(
            self.pixels[chosen],
            tuple(self.digests[place] for place in chosen),
            tuple(self.patients[place] for place in chosen),
            tuple(self.ids[place] for place in chosen),
            self.unreadable,
            self.labels and tuple(self.labels[place] for place in chosen),
        )

    def at_most(self, count: int) -> NetworkFilms:
        """So many of the films, or all, of as many patients as there can be."""
        rank: list[tuple[int, int]] = []
        seen: Counter[str] = Counter()
        for place, patient in enumerate(self.patients):
            rank.append((seen[patient], place))
            seen[patient] += 1
        return self.take(sorted(place for _, place in sorted(rank)[:count]))

    def halves(self) -> tuple[Places, Places]:
        """Places of two halves that share no patient: every other patient in each.

        Patients are in the order of their first film.
        """
        of_patient: dict[str, list[int]] = {}
        for place, patient in enumerate(self.patients):
            of_patient.setdefault(patient, []).append(place)
        films = list(of_patient.values())
        first, second = (
            np.array(sorted(place for places in films[start::2] for place in places), np.int64)
            for start in (0, 1)
        )
        return first, second


def read_films(chosen: Chosen, size: int | Size) -> NetworkFilms | str:
    """Films at a network's size.

    Args:
        chosen: the films.
        size: of the network's films; a number: a square.

    Returns:
        Why they cannot be used: films of another size, or too few films or patients.

    Raises:
        SourceError: a chosen film is not in the set, or the films are not those that were listed
            any more.
    """
    name, size = chosen.films.name, Size.of(size)
    if missing := sorted(set(chosen.ids or ()) - chosen.films.homes.keys()):
        raise SourceError(
            f"lacks {len(missing)} of the films that were chosen, such as {missing[0]}",
            where=", ".join(source.name for source in chosen.films.sources),
            remedy="make the films and their split again",
        )
    read = [film for film in _opened(chosen) if film.film is not None]
    wanted = len(chosen.films) if chosen.ids is None else len(chosen.ids)
    others = sum(film.pixels.shape != size.shape for film in read)
    if others:
        return (
            f"{others:,} of {len(read):,} {name} films are not of the network's size, {size}"
            " pixels: give the films that came out of the ingest that its training films came out"
            " of"
        )
    patients = {film.id: _patient(chosen.films, film.id) for film in read}
    counts = len(read), len(set(patients.values()))
    if counts[0] < FEWEST or counts[1] < FEWEST_PATIENTS:
        return (
            f"has {counts[0]:,} readable {name} film(s) of {counts[1]:,} patient(s); with fewer"
            f" than {FEWEST} films or {FEWEST_PATIENTS} patients nothing could be told from chance"
        )
    digests = {
        film.id: hashlib.sha256(np.ascontiguousarray(film.pixels).data).hexdigest() for film in read
    }
    # Of films with equal pixels, those of the patient with fewest films first: no name decides.
    films_of = Counter(patients.values())
    read.sort(key=lambda film: (digests[film.id], films_of[patients[film.id]]))
    return NetworkFilms(
        np.stack([film.pixels for film in read]),
        tuple(digests[film.id] for film in read),
        tuple(patients[film.id] for film in read),
        tuple(film.id for film in read),
        wanted - len(read),
        None if chosen.labels is None else tuple(chosen.labels[film.id] for film in read),
    )


def shared_between(members: NetworkFilms, controls: NetworkFilms) -> Iterator[Fault]:
    """A fault for each control film whose patient or pixels are a member's, too."""
    # Backwards, so that the first film of each is named.
    names = members.ids[::-1]
    patients = dict(zip(members.patients[::-1], names, strict=True))
    pixels = dict(zip(members.digests[::-1], names, strict=True))
    for film, patient, digest in zip(
        controls.ids, controls.patients, controls.digests, strict=True
    ):
        if digest in pixels:
            yield Fault(film, f"has the pixels of {pixels[digest]}", "take one of them out")
        elif patient in patients:
            yield Fault(
                film,
                f"is of the patient of {patients[patient]}",
                "leave the patient's films in one of the two",
            )


def _opened(chosen: Chosen) -> Iterator[OpenedFilm]:
    for source in chosen.films.sources:
        for film in source.read(0, len(source.places)):
            if chosen.ids is None or film.id in chosen.ids:
                yield film


def _patient(films: FilmSet, name: str) -> str:
    patients = films.patients
    return f"patient {canonical(patients[name])}" if name in patients else f"film {name}"
