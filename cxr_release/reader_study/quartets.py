"""Blinded quartets and their key: one real film and one from each checkpoint, shuffled.

Every choice is a rank by a keyed hash of the film, so that an exclusion replaces the films that it
must and leaves every other quartet as it was. The hash's key is derived from the pixels of all
real films: whoever does not have them can neither guess a name nor weigh how early a film was
drawn, though the seed is published; and whoever has them can look a film up anyway.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cxr_release.errors import ReaderStudyError
from cxr_release.reader_study.kit import Kit

Films = Mapping[str, Mapping[str, str]]
"""Source (`real`, or a checkpoint's name) → film id → SHA-256 of its pixels."""


@dataclass(frozen=True)
class Shown:
    """One film in its place: a row of the key."""

    quartet: int
    position: int
    name: str
    source: str
    id: str


def secret_of(seed: int, pixels: Iterable[str]) -> bytes:
    """The key of the hashes.

    Args:
        seed: root of the pipeline's random numbers.
        pixels: SHA-256 of the pixels of every real film, in any order.
    """
    return hashlib.sha256("\0".join([str(seed), *sorted(pixels)]).encode()).digest()


def draw_quartets(films: Films, *, quartets: int, secret: bytes) -> list[Shown]:
    """Draw quartets without repeats; fewer than asked where a source has too few films.

    Args:
        films: those that may be drawn.
        quartets: quartets wanted.
        secret: see `secret_of`. The order of films and sources does not matter.

    Returns:
        The key, sorted by quartet and position. Positions count from 1.
    """
    possible = min([quartets, *(len(ids) for ids in films.values())])
    drawn = {
        source: sorted(ids, key=lambda film: _rank(secret, "draw", source, film, ids[film]))
        for source, ids in films.items()
    }
    shown = []
    for place in range(possible):
        members = [
            (_rank(secret, "position", source, ids[place], films[source][ids[place]]), source, ids)
            for source, ids in drawn.items()
        ]
        for position, (_, source, ids) in enumerate(sorted(members), start=1):
            film = ids[place]
            name = name_of(secret, source, film, films[source][film])
            shown.append(Shown(place + 1, position, name, source, film))
    return shown


def alike_in_facing(films: Films, facing_left: Mapping[str, Collection[str]]) -> Films | None:
    """The films that face left, of each source: no film gives itself away by the way it faces.

    Args:
        films: those that may be drawn.
        facing_left: source → ids of films that are known to face left; others may be among them.

    Returns:
        None where a source has no such film: then which way films face is not known well enough
        to draw by it.
    """
    alike = {
        source: {film: one for film, one in ids.items() if film in facing_left[source]}
        for source, ids in films.items()
    }
    return alike if all(alike.values()) else None


def draw_again(
    films: Films, served: Kit, *, quartets: int, secret: bytes, mirrored: Films | None = None
) -> list[Shown]:
    """The key to a kit that readers have seen.

    Args:
        films: all that there are, excluded ones too.
        served: the kit.
        quartets: quartets wanted.
        secret: see `secret_of`.
        mirrored: the mirror images of films, which readers were shown where reviewers have
            corrected since which way those face.

    Raises:
        ReaderStudyError: another study is asked for, or a film is no more what they saw.
    """
    known = {
        name_of(secret, source, film, pixels): (source, film)
        for some in (mirrored or {}, films)
        for source, ids in some.items()
        for film, pixels in ids.items()
    }
    lost = [film.name for film in served.films if film.name not in known]
    if lost:
        raise ReaderStudyError(
            f"{len(lost)} of the {len(served.films)} films that readers were given are not there"
            " any more: the cohort, the checkpoints or the samples are others",
            remedy=_NEW_STUDY,
        )
    shown = [
        Shown(film.quartet, film.position, film.name, *known[film.name]) for film in served.films
    ]
    for quartet in served.quartets:
        sources = sorted(one.source for one in shown if one.quartet == quartet)
        if sources != sorted(films):
            raise ReaderStudyError(
                f"readers were given films of {', '.join(sources)} in a quartet; asked for are"
                f" {', '.join(sorted(films))}",
                remedy=f"set sample.checkpoints back; {_NEW_STUDY}",
            )
    if len(served.quartets) > quartets:
        raise ReaderStudyError(
            f"readers were given {len(served.quartets)} quartets; asked for are {quartets}",
            remedy=f"set study.quartets back; {_NEW_STUDY}",
        )
    return shown


_NEW_STUDY = (
    "to begin another study, move data/reviews/quartets/served.json and the answers in"
    " data/reviews/readers away"
)


def name_of(secret: bytes, source: str, film: str, pixels: str) -> str:
    """The random name of a film whose pixels have that SHA-256."""
    return _rank(secret, "name", source, film, pixels)[:16]


def _rank(secret: bytes, *parts: str) -> str:
    return hmac.new(secret, "\0".join(parts).encode(), hashlib.sha256).hexdigest()
