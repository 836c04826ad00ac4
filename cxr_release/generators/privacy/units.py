"""Whom the guarantee protects: the patients, or single films where patients are not stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["patient", "film", "patient or film"]


@dataclass(frozen=True)
class Units:
    """Films by the patient whom they show; a film without a stated patient stands for itself."""

    films: tuple[tuple[int, ...], ...]
    """Places of the films of each unit, in the order of their first film."""
    films_without_patient: int
    """Of how many films the patient is not stated: of these each is a unit."""

    @property
    def count(self) -> int:
        """Units in all: the n of the account."""
        return len(self.films)

    @property
    def film_count(self) -> int:
        """Films in all."""
        return sum(map(len, self.films))

    @property
    def unit(self) -> Unit:
        """What a unit is."""
        if not self.films_without_patient:
            return "patient"
        return "film" if self.films_without_patient == self.film_count else "patient or film"


def units_of(patients: Sequence[str | None]) -> Units:
    """The units of some films.

    Args:
        patients: the patient of each film; None where not stated.
    """
    by_patient: dict[str | int, list[int]] = {}
    for place, patient in enumerate(patients):
        by_patient.setdefault(place if patient is None else patient, []).append(place)
    return Units(
        films=tuple(map(tuple, by_patient.values())),
        films_without_patient=sum(patient is None for patient in patients),
    )
