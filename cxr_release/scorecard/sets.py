"""The films that a score is about: trained, control and released.

Trained films are those that the generator learnt from, their patients are the *members*. Control
films are of patients whom no run ever saw, and came through the same ingest. What an attack finds
in members more than in controls is a leak; so a patient, or a picture, in both would make a leak of
nothing, or hide one, and is refused.

Nothing here hangs on names: films are put in the order of the SHA-256 of their small pictures, and
patients in that of their first film. The same films under other names, in other folders or with
other keys give the same numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxr_release.encoders.encoder import Encoder
from cxr_release.encoders.registry import small_picture
from cxr_release.errors import Fault, SourceError
from cxr_release.films.film_set import FilmSet
from cxr_release.films.patients import canonical
from cxr_release.memorization.features import FilmFeatures, Remark, features_of
from cxr_release.schemas import SMALL
from cxr_release.scorecard.names import CONTROL, RELEASED, TRAINED, natural, row_name
from cxr_release.scorecard.vectors import Vectors, picture_vectors, unit

NO_CONTROL = "there are no films of patients whom no run saw"
NO_MEMBERS = (
    "which films the generators learnt from is not known, so that no film is known to be a member"
)
FEWEST, FEWEST_PATIENTS = 20, 10
"""Films of a set; patients of the trained, and of the control films."""

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Films of a role, in an order that follows from their pixels."""

    ids: tuple[str, ...]
    patients: tuple[str, ...]
    """Of each film, in canonical spelling; a name of its own where the patient is not stated."""
    digests: tuple[str, ...]
    """SHA-256 of each film's small picture, in hex; rising."""
    vectors: Vectors
    """(films, d), rows of length 1."""
    pictures: NDArray[np.uint8]
    """(films, SMALL, SMALL), the films reduced or enlarged to one size; see
    `encoders.registry.small_picture`."""

    def __len__(self) -> int:
        """Films."""
        return len(self.ids)

    def take(self, places: Sequence[int] | Places) -> Part:
        """Some of the films, in this order."""
        chosen = [int(place) for place in places]
        return Part(
            tuple(self.ids[place] for place in chosen),
            tuple(self.patients[place] for place in chosen),
            tuple(self.digests[place] for place in chosen),
            self.vectors[chosen],
            self.pictures[chosen],
        )

    def by_patient(self) -> dict[str, list[int]]:
        """Patient → places of the films, rising; patients in the order of their first film."""
        films: dict[str, list[int]] = {}
        for place, patient in enumerate(self.patients):
            films.setdefault(patient, []).append(place)
        return films

    def halves(self) -> tuple[Places, Places]:
        """Places of two halves that share no patient: every other patient in each."""
        films = list(self.by_patient().values())
        first, second = (
            np.array(sorted(place for places in films[start::2] for place in places), np.int64)
            for start in (0, 1)
        )
        return first, second


@dataclass(frozen=True)
class ScoreSets:
    """What a score is taken of."""

    trained: Part
    control: Part
    """Without films where there are none that no run saw."""
    released: Part
    checkpoints: Mapping[str, Places]
    """Name → places of its films in `released`, rising: of each checkpoint, where they are told
    apart; none where the release is of one."""
    without_patient: Mapping[str, int]
    """`trained` and `control` → films whose patient is not stated. Each counts as a patient of its
    own, and whether such a patient is in both sets is not known."""
    unreadable: Mapping[str, Sequence[Remark]]
    """Set → films that could not be read, and why; they are in none of the parts."""
    members_known: bool = True
    """Whether `trained` is what the generator learnt from; else it is real films to compare with,
    and nothing is known of whom it learnt from."""

    @property
    def source_name(self) -> str:
        """What films of `trained` are called in sentences."""
        return TRAINED if self.members_known else "source"

    @property
    def too_few(self) -> str | None:
        """Why nothing that is found in members could be told from chance; None where it can be."""
        if not len(self.control):
            return NO_CONTROL
        for name, part in {
            self.source_name: self.trained, CONTROL: self.control, RELEASED: self.released
        }.items():  # fmt: skip
            if len(part) < FEWEST:
                return f"there are {len(part)} {name} films, and {FEWEST} are needed"
            patients = len(set(part.patients))
            if name != RELEASED and patients < FEWEST_PATIENTS:
                return f"{name} films are of {patients} patients, and {FEWEST_PATIENTS} are needed"
        return None

    def report(self) -> dict[str, dict[str, int]]:
        """Films and patients of each set, ready for JSON."""
        unread = {name: len(films) for name, films in self.unreadable.items()}
        real = {TRAINED: self.trained, CONTROL: self.control}
        counted = {
            name: {
                "films": len(part),
                "patients": len(set(part.patients)),
                "patient_not_stated": self.without_patient[name],
                "unreadable": unread[name],
            }
            for name, part in real.items()
        }
        return counted | {RELEASED: {"films": len(self.released), "unreadable": unread[RELEASED]}}


def score_sets(
    trained: FilmSet,
    control: FilmSet | None,
    released: FilmSet,
    *,
    checkpoint_of: Mapping[str, str] | None = None,
    encoder: Encoder | None = None,
    cache: Path | None = None,
    members_known: bool = True,
) -> ScoreSets:
    """Read the sets, and refuse those of which no honest score can be taken.

    Args:
        trained: films that the generator learnt from.
        control: films of other patients, through the same ingest, that no run ever saw; None where
            there are none.
        released: the synthetic films.
        checkpoint_of: id of each film of the release → name of the checkpoint that drew it; others
            are left out. None takes all, and the folder or table that they lie in, where there are
            several.
        encoder: whose features films are compared by; None takes small pictures (`vectors`).
        cache: folder in which features are kept; see `features.features_of`.
        members_known: see `ScoreSets`.

    Raises:
        SourceError: a patient or a picture is both in `trained` and in `control`. Names them all.
        CxrReleaseError: a film cannot be encoded, or `cache` is not a folder to write in.
    """
    given = {TRAINED: trained, CONTROL: control, RELEASED: released}
    films = {name: each for name, each in given.items() if each is not None}
    read = {
        name: features_of(each, small_picture(), ["plain"], cache) for name, each in films.items()
    }
    parts = {name: part_of(films[name], read[name], encoder=encoder, cache=cache) for name in films}
    if checkpoint_of is not None:
        kept = [place for place, film in enumerate(parts[RELEASED].ids) if film in checkpoint_of]
        parts[RELEASED] = parts[RELEASED].take(kept)
    without = {TRAINED: 0, CONTROL: 0} | {
        name: sum(film not in read[name].patients for film in parts[name].ids)
        for name in (TRAINED, CONTROL)
        if name in parts
    }
    if control is None:
        parts[CONTROL] = parts[TRAINED].take([])
    else:
        _require_apart(films, parts)
    return ScoreSets(
        parts[TRAINED],
        parts[CONTROL],
        parts[RELEASED],
        _checkpoints(released, parts[RELEASED], checkpoint_of),
        without,
        {name: read[name].unreadable if name in read else () for name in given},
        members_known,
    )


def _require_apart(films: Mapping[str, FilmSet], parts: Mapping[str, Part]) -> None:
    faults = [
        *_shared_patients(parts[TRAINED], parts[CONTROL]),
        *_shared_pictures(films, parts[TRAINED], parts[CONTROL]),
    ]
    if faults:
        raise SourceError(
            f"trained and control films share {len(faults)} patient(s) or picture(s)",
            where=" and ".join(_where(films[name]) for name in (TRAINED, CONTROL)),
            remedy="leave each patient's films in one of the two, and compare again",
            faults=faults,
        )


def part_of(
    films: FilmSet,
    read: FilmFeatures,
    *,
    encoder: Encoder | None = None,
    cache: Path | None = None,
) -> Part:
    """The films of a role in an order of their pixels.

    Args:
        films: the films.
        read: their small pictures.
        encoder: see `score_sets`.
        cache: likewise.
    """
    pictures = read.views["plain"]
    digests = [hashlib.sha256(np.ascontiguousarray(row).tobytes()).hexdigest() for row in pictures]
    patients = [
        f"patient {canonical(read.patients[film])}" if film in read.patients else f"film {film}"
        for film in read.ids
    ]
    if encoder is None:
        vectors = picture_vectors(pictures)
    else:
        vectors = unit(features_of(films, encoder, ["plain"], cache).views["plain"])
    square = pictures.reshape(-1, SMALL, SMALL)
    part = Part(read.ids, tuple(patients), tuple(digests), vectors, square)
    # Films with equal pictures have equal vectors: which of them comes first changes no number
    # but through their patients, so patients with equal pictures come by their number of films.
    films_of = {patient: len(places) for patient, places in part.by_patient().items()}
    order = sorted(range(len(part)), key=lambda place: (digests[place], films_of[patients[place]]))
    return part.take(order)


def _checkpoints(
    films: FilmSet, part: Part, checkpoint_of: Mapping[str, str] | None
) -> dict[str, Places]:
    homes = films.homes
    named = checkpoint_of or {film: Path(homes[film].name).stem for film in part.ids}
    places: dict[str, list[int]] = {}
    for place, film in enumerate(part.ids):
        places.setdefault(row_name(named[film]), []).append(place)
    if len(places) < 2:
        return {}
    return {name: np.array(places[name], np.int64) for name in sorted(places, key=natural)}


def _where(films: FilmSet) -> str:
    return ", ".join(source.name for source in films.sources)


def _shared_patients(trained: Part, control: Part) -> Iterator[Fault]:
    members, others = trained.by_patient(), control.by_patient()
    for patient in sorted(members.keys() & others.keys()):
        yield Fault(
            patient,
            f"has {len(members[patient])} trained film(s), such as"
            f" {trained.ids[members[patient][0]]}, and {len(others[patient])} control film(s),"
            f" such as {control.ids[others[patient][0]]}",
            "leave the patient's films in one of the two",
        )


def _shared_pictures(films: Mapping[str, FilmSet], trained: Part, control: Part) -> Iterator[Fault]:
    """A fault for each control film whose pixels are those of a trained film.

    Equal films have equal small pictures, so that only those are read again.
    """
    alike: dict[str, list[str]] = {}
    for film, digest in zip(trained.ids, trained.digests, strict=True):
        alike.setdefault(digest, []).append(film)
    for film, digest in zip(control.ids, control.digests, strict=True):
        for other in alike.get(digest, []):
            pixels = films[CONTROL].film(film), films[TRAINED].film(other)
            if np.array_equal(*pixels):
                yield Fault(
                    film,
                    f"is a control film with the pixels of the trained film {other}",
                    "take it out of one of the two; if both are of one patient, all films of that"
                    " patient",
                )
                break
