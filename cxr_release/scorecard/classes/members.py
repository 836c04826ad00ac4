"""The films of each class, and which classes have enough of them for which measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cxr_release.scorecard.class_model import FilmClasses
from cxr_release.scorecard.sets import Part, Places, ScoreSets

LEAST_FILMS = 20
"""Films of a class, of any kind, of which numbers are given: of fewer, intervals hold anything."""


@dataclass(frozen=True)
class Members:
    """The films of one class."""

    name: str
    trained: Places
    """Places in the part, rising; likewise the others."""
    control: Places
    released: Places
    trained_patients: int
    control_patients: int
    least: int
    """Patients of a class of which numbers are given."""

    @property
    def real(self) -> tuple[str, ...]:
        """Why nothing is said of real films of the class together; empty where they are enough."""
        films = len(self.trained) + len(self.control)
        return self._short("real", films, self.trained_patients + self.control_patients)

    @property
    def few_trained(self) -> tuple[str, ...]:
        """Why nothing is said of trained films of the class."""
        return self._short("trained", len(self.trained), self.trained_patients)

    @property
    def few_control(self) -> tuple[str, ...]:
        """Why nothing is said of control films of the class. They are fewer by design, so that it
        is their patients that count."""
        if self.control_patients >= self.least:
            return ()
        return (f"control films are of fewer than {self.least} patients",)

    @property
    def few_released(self) -> tuple[str, ...]:
        """Why nothing is said of synthetic films of the class."""
        return self._short("synthetic", len(self.released), None)

    def _short(self, kind: str, films: int, patients: int | None) -> tuple[str, ...]:
        if patients is not None and patients < self.least:
            return (f"{kind} films are of fewer than {self.least} patients",)
        return () if films >= LEAST_FILMS else (f"there are fewer than {LEAST_FILMS} {kind} films",)

    def counts(self) -> dict[str, dict[str, int | None]]:
        """Films and patients, ready for JSON; those of too few patients are not counted."""
        return {
            "synthetic": {"films": len(self.released)},
            "trained": self._counted(len(self.trained), self.trained_patients),
            "control": self._counted(len(self.control), self.control_patients),
        }

    def _counted(self, films: int, patients: int) -> dict[str, int | None]:
        hidden = 0 < patients < self.least
        return {"films": None if hidden else films, "patients": None if hidden else patients}


def members_of(sets: ScoreSets, classes: FilmClasses, *, least: int) -> list[Members]:
    """The films of each class, in the order of the classes.

    Args:
        sets: see `score_sets`.
        classes: of their films.
        least: patients of a class of which numbers are given, 2 or more.
    """
    return [
        Members(
            name,
            (trained := np.flatnonzero(classes.trained == number)),
            (control := np.flatnonzero(classes.control == number)),
            np.flatnonzero(classes.released == number),
            _patients(sets.trained, trained),
            _patients(sets.control, control),
            least,
        )
        for number, name in enumerate(classes.names)
    ]


def _patients(part: Part, places: Places) -> int:
    return len({part.patients[int(place)] for place in places})


def owners(part: Part, places: Places) -> list[str]:
    """Whose each of some films is."""
    return [part.patients[int(place)] for place in places]


def listed(classes: Sequence[Members]) -> Iterator[tuple[int, Members]]:
    """Number of each class that any synthetic film was drawn as, and its films."""
    return ((number, each) for number, each in enumerate(classes) if len(each.released))
