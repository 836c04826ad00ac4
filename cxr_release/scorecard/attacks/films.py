"""Attacks on single films: by how much more they find trained films than control films."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cxr_release.scorecard.attacks.attack import (
    AUC,
    BEYOND,
    RELEASED_FILMS,
    Attack,
    Scores,
    Separation,
    power_of,
    separation,
)
from cxr_release.scorecard.attacks.neighbours import Neighbours
from cxr_release.scorecard.positive_controls import Planted
from cxr_release.scorecard.sets import ScoreSets


def attack_on_films(
    name: str,
    sets: ScoreSets,
    released: Neighbours,
    planted: Sequence[tuple[Planted, Neighbours]],
    scores: Callable[[Neighbours], tuple[Scores, Scores]],
    *,
    tests: Sequence[str] = (AUC, BEYOND),
) -> Attack:
    """An attack on a release, and on releases with planted copies.

    Args:
        name: of the attack.
        sets: the films.
        released: the cosines with the released films.
        planted: positive controls, with the cosines that those give.
        scores: cosines → scores of the trained and of the control films.
        tests: that this attack makes.
    """

    def result(cosines: Neighbours) -> Separation:
        return separation(
            *scores(cosines),
            member_patients=sets.trained.patients,
            control_patients=sets.control.patients,
        )

    of_release = result(released)
    power = []
    for control, cosines in planted:
        attempt = result(cosines)
        # Copies that join the release must show beside what is in it already.
        found = attempt.more_than(of_release) if control.added else attempt.found_by
        power.append(
            power_of(
                control.dose,
                control.films,
                attempt,
                joins_release=control.added,
                found_by=[test for test in found if test in tests],
            )
        )
    ps = {AUC: of_release.auc.p, BEYOND: of_release.beyond.p}
    return Attack(
        name=name,
        access=RELEASED_FILMS,
        unit="film",
        members=len(sets.trained),
        controls=len(sets.control),
        member_patients=len(set(sets.trained.patients)),
        control_patients=len(set(sets.control.patients)),
        separation=of_release,
        power=tuple(power),
        ps={test: ps[test] for test in tests},
    )
