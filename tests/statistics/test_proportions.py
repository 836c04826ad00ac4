from __future__ import annotations

import pytest
from scipy.stats import binom, binomtest

from cxr_release.statistics.proportions import (
    clopper_pearson,
    detectable_proportions,
    equivalence_p,
    share_of,
)


def test_clopper_pearson_at_its_ends() -> None:
    assert clopper_pearson(0, 10) == pytest.approx([0, 1 - 0.025**0.1])
    assert clopper_pearson(10, 10) == pytest.approx([0.025**0.1, 1])


@pytest.mark.parametrize("successes, trials", [(0, 9), (1, 1), (3, 9), (77, 400), (400, 400)])
def test_both_ways_to_the_exact_interval_agree(successes: int, trials: int) -> None:
    share, low, high = share_of(successes, trials)
    assert share == successes / trials
    assert [low, high] == pytest.approx(clopper_pearson(successes, trials), abs=1e-11)


def test_a_limit_that_no_proportion_passes_is_no_limit() -> None:
    assert equivalence_p(4, 16, -0.1, 1.1) == 0
    assert equivalence_p(4, 16, 0.1, 1.1) == binomtest(4, 16, 0.1, "greater").pvalue


def found_with(accuracy: float, trials: int, chance: float) -> float:
    """Power, outcome by outcome."""
    return sum(
        float(binom.pmf(correct, trials, accuracy))
        for correct in range(trials + 1)
        if binomtest(correct, trials, chance).pvalue <= 0.05
    )


@pytest.mark.parametrize("trials, chance", [(8, 0.5), (40, 0.25), (61, 0.2)])
def test_at_the_detectable_proportion_the_power_is_as_wanted(trials: int, chance: float) -> None:
    low, high = detectable_proportions(trials, chance, power=0.8)
    assert high is not None
    assert chance < high <= 1
    assert found_with(high, trials, chance) == pytest.approx(0.8)
    if low is None:
        assert found_with(0.0, trials, chance) < 0.8
    else:
        assert low < chance
        assert found_with(low, trials, chance) == pytest.approx(0.8)


def test_a_few_trials_detect_nothing() -> None:
    assert detectable_proportions(0, 0.25, power=0.8) == [None, None]
    assert detectable_proportions(1, 0.25, power=0.8) == [None, None]
    assert detectable_proportions(5, 0.25, power=0.8)[0] is None
