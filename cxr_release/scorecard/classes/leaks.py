"""Is anybody of a class in its synthetic films: the attacks on membership, class by class.

A generator copies what it has few films of: a leak of one small class drowns among all films. So
the scores of the attacks that need released films alone (`attacks.nearest`, `attacks.density`) are
taken of the trained and the control films of each class, against the synthetic films that were
drawn as it, and held against each other within the class. All tests of all classes are corrected
together (Holm). With so few control films an attack sees large leaks alone: the smallest area that
it would find stands beside each.

The audit of a class is the number of its trained films that lie nearer to a synthetic film than
any control film of the class does, beside what chance gives (`statistics.exceedances`). No film and
no score of a film is in what is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cxr_release.scorecard.attacks import density, nearest
from cxr_release.scorecard.attacks.attack import AUC, BEYOND, Scores, Separation, separation
from cxr_release.scorecard.attacks.neighbours import Neighbours, neighbours, reference_neighbours
from cxr_release.scorecard.classes.members import Members, owners
from cxr_release.scorecard.sets import ScoreSets
from cxr_release.statistics.multiple import holm
from cxr_release.statistics.proportions import ALPHA

Row = dict[str, Any]


def leaks_of(sets: ScoreSets, classes: Sequence[Members], why_not: str | None = None) -> list[Row]:
    """The attacks on each class, ready for JSON, in the order of the classes.

    Args:
        sets: see `score_sets`.
        classes: their films.
        why_not: why no film is known to be a member; None where some are.

    Returns:
        `attacks`, a list with an entry for each attack, of which `leaks` are the tests that show
        one; `beyond_any_control`; or `why_not`.
    """
    reference = None if why_not else reference_neighbours(sets)
    rows = [_of_class(sets, each, reference, why_not) for each in classes]
    tests = list(_tests(rows))
    for (attack, test, _), p in zip(tests, holm([p for *_, p in tests]), strict=True):
        attack["p_holm"][test] = p
        if p is not None and p <= ALPHA and (test != AUC or attack["auc"] > 0.5):
            attack["leaks"].append(test)
    return rows


def _tests(rows: Sequence[Row]) -> Iterator[tuple[Row, str, float]]:
    for row in rows:
        for attack in row["attacks"]:
            for test, p in attack["p"].items():
                yield attack, test, p


def _of_class(
    sets: ScoreSets, members: Members, reference: Neighbours | None, why_not: str | None
) -> Row:
    few = (*members.few_trained, *members.few_control, *members.few_released)
    if reference is None or few:
        reasons = [why_not] if why_not else list(few)
        return {"attacks": [], "beyond_any_control": None, "why_not": reasons}
    drawn = neighbours(sets, sets.released.vectors[members.released], task=members.name)
    closest = _apart(sets, members, nearest.scores_of(drawn))
    denser = _apart(sets, members, density.scores_of(drawn, reference))
    beyond = closest.beyond
    return {
        "attacks": [
            _attack(nearest.NAME, closest, {AUC: closest.auc.p, BEYOND: beyond.p}),
            _attack(density.NAME, denser, {AUC: denser.auc.p}),
        ],
        "beyond_any_control": {
            "members": beyond.count,
            "tested": beyond.counted,
            "expected": beyond.expected,
            "interval": list(beyond.range),
        },
        "why_not": [],
    }


def _apart(sets: ScoreSets, members: Members, scores: tuple[Scores, Scores]) -> Separation:
    trained, control = scores
    return separation(
        trained[members.trained],
        control[members.control],
        member_patients=owners(sets.trained, members.trained),
        control_patients=owners(sets.control, members.control),
    )


def _attack(name: str, found: Separation, ps: dict[str, float]) -> Row:
    auc = found.auc
    return {
        "attack": name,
        "auc": auc.auc,
        "interval": [auc.low, auc.high],
        "smallest_auc_detectable": auc.smallest,
        "p": ps,
        "p_holm": {},
        "leaks": [],
    }
