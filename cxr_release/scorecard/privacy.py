"""Is anybody in the release: every attack that needs only released films, with what it would find.

The attacks are corrected together (Holm). One that does not find what was planted, or whose area
lies significantly below 0.5, is no evidence; where none is evidence, privacy is not measurable.
No film, no patient and no score of a film is in what is reported: that somebody is likely to be a
member is itself what must not leak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.encoders.encoder import Encoder
from cxr_release.films.film_set import FilmSet
from cxr_release.scorecard.attacks.attack import Attack, NotMeasurable, corrected
from cxr_release.scorecard.attacks.density import density_attack
from cxr_release.scorecard.attacks.linkage import linkage_attack
from cxr_release.scorecard.attacks.nearest import nearest_attack
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
from cxr_release.scorecard.sets import ScoreSets


@dataclass(frozen=True)
class Privacy:
    """All attacks on a release."""

    sets: ScoreSets
    attacks: tuple[Attack | NotMeasurable, ...]

    def attack(self, name: str) -> Attack | NotMeasurable:
        """One of them, by its name."""
        return next(attack for attack in self.attacks if attack.name == name)

    @property
    def leaks(self) -> dict[str, list[str]]:
        """Attack → its tests that show a leak after correction; of attacks with any."""
        tests = {attack.name: attack.leaks for attack in self.attacks if isinstance(attack, Attack)}
        return {name: names for name, names in tests.items() if names}

    def report(self) -> dict[str, Any]:
        """Ready for JSON; names no film and no patient."""
        sets = self.sets
        return {
            "sets": {
                "trained": _counted(sets, "trained", sets.trained.patients),
                "control": _counted(sets, "control", sets.control.patients),
                "released": {
                    "films": len(sets.released),
                    "unreadable": len(sets.unreadable["released"]),
                },
            },
            "privacy": [attack.report() for attack in self.attacks],
        }


def measure_privacy(
    sets: ScoreSets,
    trained: FilmSet,
    *,
    patients: int = PATIENTS,
    encoder: Encoder | None = None,
) -> Privacy:
    """Attack a release with every attack that needs released films alone.

    Args:
        sets: see `score_sets`.
        trained: the trained films, to make altered copies of some.
        patients: of whom a copy is planted.
        encoder: that the sets were encoded with.

    Raises:
        SourceError: a trained film cannot be read any more.
    """
    released = neighbours(sets, sets.released.vectors, task="released")
    planted = [
        altered_copies(sets, trained, patients=patients, encoder=encoder),
        copies_release(sets.trained, films=len(sets.released)),
    ]
    with_planted = [(control, _planted(sets, released, control)) for control in planted]
    attacks = [
        nearest_attack(sets, released, with_planted),
        density_attack(sets, released, reference_neighbours(sets), with_planted),
        linkage_attack(sets),
    ]
    return Privacy(sets, tuple(corrected(attacks)))


def _planted(sets: ScoreSets, released: Neighbours, control: Planted) -> Neighbours:
    cosines = neighbours(sets, control.vectors, task="planted")
    return released.joined(cosines) if control.added else cosines


def _counted(sets: ScoreSets, name: str, patients: Sequence[str]) -> dict[str, int]:
    return {
        "films": len(patients),
        "patients": len(set(patients)),
        "patient_not_stated": sets.without_patient[name],
        "unreadable": len(sets.unreadable[name]),
    }
