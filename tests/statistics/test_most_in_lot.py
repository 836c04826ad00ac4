"""The upper bound of hits in a finite lot, against enumeration of every sample."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import beta, hypergeom

from cxr_release.statistics.proportions import most_in_lot, share_up
from tests.support import ROOT

ALPHA = Fraction(1, 20)


def rarity(lot: int, hits: int, sampled: int, seen: int) -> Fraction:
    """Probability of `seen` hits or fewer, in exact arithmetic."""
    ways = sum(comb(hits, k) * comb(lot - hits, sampled - k) for k in range(seen + 1))
    return Fraction(ways, comb(lot, sampled))


@st.composite
def samples(draw: st.DrawFn) -> tuple[int, int, int]:
    lot = draw(st.integers(0, 60))
    sampled = draw(st.integers(0, lot))
    return lot, sampled, draw(st.integers(0, sampled))


@given(samples())
@example((20, 1, 0))  # 19 hits in the lot: no hit in the sample in exactly 1 of 20
def test_it_is_the_largest_number_that_exact_arithmetic_does_not_reject(
    sample: tuple[int, int, int],
) -> None:
    lot, sampled, seen = sample
    possible = range(seen, lot - (sampled - seen) + 1)
    right = max(hits for hits in possible if rarity(lot, hits, sampled, seen) >= ALPHA)
    assert most_in_lot(lot, sampled, seen) == right


def test_of_every_sample_that_can_be_drawn_it_holds_in_95_percent_or_more() -> None:
    lot, sampled = 12, 5
    bounds = [most_in_lot(lot, sampled, seen) for seen in range(sampled + 1)]
    for hits in range(lot + 1):
        drawn = list(combinations(range(lot), sampled))
        held = sum(bounds[sum(film < hits for film in sample)] >= hits for sample in drawn)
        assert Fraction(held, len(drawn)) >= 1 - ALPHA, hits


@given(samples(), st.floats(0.5, 0.999))
def test_more_confidence_or_more_hits_never_lower_it(
    sample: tuple[int, int, int], level: float
) -> None:
    lot, sampled, seen = sample
    bound = most_in_lot(lot, sampled, seen, level=level)
    assert seen <= bound <= lot - (sampled - seen)
    assert bound <= most_in_lot(lot, sampled, seen, level=(1 + level) / 2)
    if seen < sampled:
        # One more hit in the sample is at least one more in the lot.
        assert most_in_lot(lot, sampled, seen + 1, level=level) >= bound + 1


def test_all_that_was_looked_at_leaves_no_doubt_and_nothing_leaves_all() -> None:
    assert most_in_lot(40, 40, 3) == 3
    assert most_in_lot(40, 0, 0) == 40
    assert most_in_lot(0, 0, 0) == 0


@pytest.mark.parametrize(("sampled", "seen"), [(60, 0), (100, 3), (300, 20)])
def test_of_a_very_large_lot_it_is_clopper_and_pearson_s_one_sided_bound(
    sampled: int, seen: int
) -> None:
    lot = 2_000_000
    infinite = beta.ppf(0.95, seen + 1, sampled - seen)
    assert most_in_lot(lot, sampled, seen) / lot == pytest.approx(infinite, rel=1e-3)
    assert most_in_lot(1000, sampled, seen) / 1000 < infinite


def test_simulated_samples_are_covered_as_often_as_promised() -> None:
    chance = np.random.default_rng(7)
    for lot, sampled, hits in [(480, 30, 12), (480, 60, 5), (1000, 100, 200), (90, 45, 1)]:
        seen = chance.hypergeometric(hits, lot - hits, sampled, size=2000)
        bounds = {int(number): most_in_lot(lot, sampled, int(number)) for number in {*seen}}
        held = np.mean([bounds[int(number)] >= hits for number in seen])
        # Four standard errors below 95 %; the exact share is no less than 95 %.
        assert held > 0.95 - 4 * (0.95 * 0.05 / 2000) ** 0.5
        misses = sum(
            hypergeom.pmf(number, lot, hits, sampled)
            for number in range(min(hits, sampled) + 1)
            if most_in_lot(lot, sampled, number) < hits
        )
        assert misses <= 0.05 + 1e-9


def test_the_table_in_the_docs_is_that_of_the_bound() -> None:
    text = (ROOT / "docs" / "leading.md").read_text()
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", text, re.MULTILINE)
    assert [int(sampled) for sampled, _ in rows] == [60, 150, 300, 600]
    for sampled, cells in rows:
        for cell, faults in zip(cells.split("|"), (0, 3, 10), strict=True):
            stated = cell.replace(" ", "").split("–")
            bounds = [
                (most_in_lot(lot, int(sampled), faults) - faults, lot) for lot in (1000, 9000)
            ]
            assert stated == [share_up(left / (lot - faults)) for left, lot in bounds]
