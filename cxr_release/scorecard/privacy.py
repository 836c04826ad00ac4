"""Is anybody in the release: every attack that needs only released films, with what it would find.

The attacks are corrected together (Holm). One that does not find what was planted, or whose area
lies significantly below 0.5, is no evidence; where none is evidence, privacy is not measurable.
No film, no patient and no score of a film is in what is reported: that somebody is likely to be a
member is itself what must not leak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cxr_release.encoders.encoder import Encoder
from cxr_release.films.film_set import FilmSet
from cxr_release.scorecard.attacks import density, linkage, nearest
from cxr_release.scorecard.attacks.advantage import privacy_of
from cxr_release.scorecard.attacks.attack import (
    OTHER_FILM,
    RELEASED_FILMS,
    Attack,
    NotMeasurable,
    corrected,
)
from cxr_release.scorecard.attacks.neighbours import (
    Neighbours,
    neighbours,
    reference_neighbours,
)
from cxr_release.scorecard.positive_controls import (
    PATIENTS,
    Planted,
    altered_copies,
    copies_release,
)
from cxr_release.scorecard.sets import FEWEST_PATIENTS, NO_MEMBERS, ScoreSets

RELEASED_ATTACKS = (
    (nearest.NAME, RELEASED_FILMS, "film"),
    (density.NAME, RELEASED_FILMS, "film"),
    (linkage.NAME, OTHER_FILM, "patient"),
)
"""Name, access and unit of each attack that needs released films alone."""


@dataclass(frozen=True)
class Privacy:
    """All attacks on a release, and what the same attacks make of two others."""

    sets: ScoreSets
    attacks: tuple[Attack | NotMeasurable, ...]
    ideal: float | None
    """Number of a release of films of other patients: half of the control films, held against the
    other half. None where there are too few of them, or no attack on them is evidence."""
    copies: float | None
    """Number of a release of trained films."""

    def attack(self, name: str) -> Attack | NotMeasurable:
        """One of them, by its name."""
        return next(attack for attack in self.attacks if attack.name == name)

    @property
    def leaks(self) -> dict[str, list[str]]:
        """Attack → its tests that show a leak after correction; of attacks with any."""
        tests = {attack.name: attack.leaks for attack in self.attacks if isinstance(attack, Attack)}
        return {name: names for name, names in tests.items() if names}

    @property
    def why_not(self) -> tuple[str, ...]:
        """A sentence for each attack that is not evidence."""
        return tuple(
            f"{each['attack']}: {each['why_not']}" for each in self.report() if each["why_not"]
        )

    def report(self) -> list[dict[str, Any]]:
        """An entry for each attack, ready for JSON; names no film and no patient."""
        return [attack.report() for attack in self.attacks]

    def scores(self) -> dict[str, float | None]:
        """0 … 100 of the release, of other patients' films, and of copies."""
        number = privacy_of(self.report())
        return {"release": number, "ideal": self.ideal, "copies": self.copies}


def measure_privacy(
    sets: ScoreSets,
    trained: FilmSet,
    *,
    patients: int = PATIENTS,
    encoder: Encoder | None = None,
    further: Sequence[Attack | NotMeasurable] = (),
) -> Privacy:
    """Attack a release with every attack that needs released films alone.

    Args:
        sets: see `score_sets`.
        trained: the trained films, to make altered copies of some.
        patients: of whom a copy is planted.
        encoder: that the sets were encoded with.
        further: attacks that need more than the released films; all are corrected together.

    Raises:
        SourceError: a trained film cannot be read any more.
    """
    reason = sets.too_few if sets.members_known else NO_MEMBERS
    if reason is not None:
        missing = [
            NotMeasurable(name, access, unit, reason) for name, access, unit in RELEASED_ATTACKS
        ]
        return Privacy(sets, tuple(corrected([*missing, *further])), None, None)
    planted = [
        altered_copies(sets, trained, patients=patients, encoder=encoder),
        copies_release(sets.trained, films=len(sets.released)),
    ]
    attacks = corrected([*_attacks(sets, planted), *further])
    halves = sets.control.halves()
    ideal = None
    if min(len(set(sets.control.take(half).patients)) for half in halves) >= FEWEST_PATIENTS:
        others = replace(
            sets, released=sets.control.take(halves[0]), control=sets.control.take(halves[1])
        )
        ideal = _number(_attacks(others, planted))
    places = np.linspace(0, len(sets.trained) - 1, min(len(sets.trained), len(sets.released)))
    copies = replace(sets, released=sets.trained.take(places.round().astype(np.int64)))
    return Privacy(sets, tuple(attacks), ideal, _number(_attacks(copies, [])))


def _attacks(sets: ScoreSets, planted: Sequence[Planted]) -> list[Attack | NotMeasurable]:
    released = neighbours(sets, sets.released.vectors, task="released")
    with_planted = [(control, _planted(sets, released, control)) for control in planted]
    return [
        nearest.nearest_attack(sets, released, with_planted),
        density.density_attack(sets, released, reference_neighbours(sets), with_planted),
        linkage.linkage_attack(sets),
    ]


def _number(attacks: Sequence[Attack | NotMeasurable]) -> float | None:
    return privacy_of([attack.report() for attack in corrected(attacks)])


def _planted(sets: ScoreSets, released: Neighbours, control: Planted) -> Neighbours:
    cosines = neighbours(sets, control.vectors, task="planted")
    return released.joined(cosines) if control.added else cosines
