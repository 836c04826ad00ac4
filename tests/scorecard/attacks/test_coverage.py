"""Under no leak the attacks find none, whatever films of a patient have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import numpy as np
import pytest

from cxr_release.memorization import parallel
from cxr_release.schemas import SMALL
from cxr_release.scorecard.attacks import galleries
from cxr_release.scorecard.attacks import linkage as linkage_module
from cxr_release.scorecard.attacks.attack import Attack, corrected
from cxr_release.scorecard.attacks.density import density_attack
from cxr_release.scorecard.attacks.linkage import linkage_attack
from cxr_release.scorecard.attacks.nearest import nearest_attack
from cxr_release.scorecard.attacks.neighbours import neighbours, reference_neighbours
from cxr_release.scorecard.sets import Part, ScoreSets
from cxr_release.scorecard.vectors import unit

DRAWS = 200


def part(name: str, patients: int, films: int, chance: np.random.Generator) -> Part:
    """Films of which those of a patient lie together; patients have one to many."""
    owners = np.sort(np.append(np.arange(patients), chance.integers(patients, size=films)))
    anatomy = chance.normal(size=(patients, 12))
    rows = anatomy[owners] + 0.8 * chance.normal(size=(len(owners), 12))
    order = chance.permutation(len(rows))
    names = tuple(f"{name}{number:03d}" for number in range(len(rows)))
    keys = tuple(f"{name} {owners[place]}" for place in order)
    blank = np.zeros((len(rows), SMALL, SMALL), np.uint8)
    return Part(names, keys, names, unit(rows[order]), blank)


def honest(chance: np.random.Generator, *, trained: int = 50) -> ScoreSets:
    return ScoreSets(
        part("t", trained, 2 * trained, chance),
        part("c", 40, 60, chance),
        part("r", 80, 0, chance),
        {},
        {},
        {},
    )


def nearest(sets: ScoreSets) -> Attack:
    return nearest_attack(sets, neighbours(sets, sets.released.vectors, task="test"), [])


def density(sets: ScoreSets) -> Attack:
    released = neighbours(sets, sets.released.vectors, task="test")
    return density_attack(sets, released, reference_neighbours(sets), [])


def linkage(sets: ScoreSets) -> Attack:
    attack = linkage_attack(sets)
    assert isinstance(attack, Attack)
    return attack


ATTACKS = nearest, density, linkage
Drawn = list[dict[Callable[[ScoreSets], Attack], Attack]]


@pytest.fixture(scope="module", autouse=True)
def _no_housekeeping() -> Iterator[None]:
    """Collecting garbage and limiting libraries' threads would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gc.collect", lambda: 0)
        for module in (parallel, galleries, linkage_module):
            patch.setattr(module, "one_thread_each", nullcontext)
        yield


@pytest.fixture(scope="module")
def drawn(_no_housekeeping: None) -> Drawn:
    """What each attack makes of the same draws, of which none leaks."""
    chance = np.random.default_rng(3)
    draws = (honest(chance) for _ in range(DRAWS))
    return [{attacked: attacked(sets) for attacked in ATTACKS} for sets in draws]


@pytest.mark.parametrize("attacked", ATTACKS)
def test_intervals_cover_a_half_and_p_values_hold(
    drawn: Drawn,
    attacked: Callable[[ScoreSets], Attack],
) -> None:
    attacks = [each[attacked] for each in drawn]
    areas = [attack.separation.auc for attack in attacks]
    covered = np.mean([area.low <= 0.5 <= area.high for area in areas])
    assert covered >= 0.92
    assert abs(np.mean([area.auc for area in areas]) - 0.5) <= 0.02
    for name in {name for attack in attacks for name in attack.ps}:
        low = np.mean([attack.ps.get(name, 1.0) <= 0.05 for attack in attacks])
        assert low <= 0.08, name
    intervals = [
        rate["interval"] for attack in attacks for rate in attack.details.get("linkage", ())
    ]
    if intervals:
        assert len(intervals) >= DRAWS
        assert np.mean([low <= 0 <= high for low, high in intervals]) >= 0.92


def test_all_tests_together_find_a_leak_in_one_of_20(
    drawn: Drawn,
) -> None:
    found = []
    for each in drawn:
        attacks = corrected([each[attacked] for attacked in ATTACKS])
        found.append(any(attack.leaks for attack in attacks if isinstance(attack, Attack)))
    assert np.mean(found) <= 0.08
