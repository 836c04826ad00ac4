from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.statistics.auc import auc, newcombe_interval
from cxr_release.statistics.clustered_auc import clustered_auc, null_error, smallest_auc

CASES = np.array([0.9, 0.8, 0.8, 0.7, 0.65, 0.6, 0.55, 0.3])
CONTROLS = np.array([0.75, 0.6, 0.6, 0.5, 0.4, 0.35, 0.3, 0.2, 0.1, 0.05])
R_AUC, R_VARIANCE = 0.83125, 0.0100657242063492
R_LOW = 0.634610570995656
"""R 4.2.2, pROC 1.18.0: `r <- roc(controls=y, cases=x, direction="<")`, `auc(r)`, `var(r)`, and
the lower end of `ci.auc(r, method="delong")`, which takes a normal quantile."""

Scores = st.lists(st.integers(0, 6), min_size=3, max_size=25)


def test_without_clusters_it_is_delong_s_as_r_has_it() -> None:
    found = clustered_auc(CASES, CONTROLS)
    assert found.auc == pytest.approx(R_AUC, abs=1e-12)
    assert found.standard_error**2 == pytest.approx(R_VARIANCE, abs=1e-15)
    assert found.auc - 1.959963984540054 * found.standard_error == pytest.approx(R_LOW, abs=1e-12)
    assert found.low < R_LOW, "Student's t is wider than the normal distribution"


def by_loops(
    positive: list[float], negative: list[float], of: list[int], of_others: list[int]
) -> float:
    """Obuchowski's variance as her paper writes it."""

    def kernel(x: float, y: float) -> float:
        return 1.0 if x > y else 0.5 if x == y else 0.0

    m, n = len(positive), len(negative)
    area = sum(kernel(x, y) for x in positive for y in negative) / (m * n)
    patients = sorted({*of, *of_others})
    first, second, both = 0.0, 0.0, 0.0
    for patient in patients:
        mine = [x for x, owner in zip(positive, of, strict=True) if owner == patient]
        others = [y for y, owner in zip(negative, of_others, strict=True) if owner == patient]
        v10 = sum(sum(kernel(x, y) for y in negative) / n for x in mine) - len(mine) * area
        v01 = sum(sum(kernel(x, y) for x in positive) / m for y in others) - len(others) * area
        first, second, both = first + v10**2, second + v01**2, both + v10 * v01
    i10, i01, i = len(set(of)), len(set(of_others)), len(patients)
    s10, s01 = first * i10 / ((i10 - 1) * m), second * i01 / ((i01 - 1) * n)
    s11 = both * i / (i - 1)
    return s10 / m + s01 / n + 2 * s11 / (m * n)


def test_degrees_of_freedom_are_welch_s_of_the_placements() -> None:
    from scipy.stats import t, ttest_ind

    found = clustered_auc(CASES, CONTROLS)
    higher = CASES[:, None] > CONTROLS
    kernel = np.where(CASES[:, None] == CONTROLS, 0.5, higher)
    exact = ttest_ind(kernel.mean(axis=1), kernel.mean(axis=0), equal_var=False).df
    assert found.df == pytest.approx(exact)
    reach = found.standard_error * t.ppf(0.975, exact)
    assert found.low == pytest.approx(found.auc - reach)
    patients = ["a", "a", "b", "c", "d", "e", "f", "g"]
    others = ["a", "b", "h", "i", "j", "k", "l", "m", "n", "o"]
    shared = clustered_auc(CASES, CONTROLS, positive_clusters=patients, negative_clusters=others)
    assert shared.df == 6


@settings(max_examples=60)
@given(Scores, Scores, st.booleans(), st.randoms(use_true_random=False))
def test_with_clusters_the_variance_is_that_of_the_formula(
    positive: list[int],
    negative: list[int],
    shared: bool,
    chance: object,
) -> None:
    draw = chance.randrange  # type: ignore[attr-defined]
    of = [0, 1, *(draw(4) for _ in positive[2:])]
    offset = 0 if shared else 100
    of_others = [offset, offset + 1, *(offset + draw(4) for _ in negative[2:])]
    first, second = np.array(positive, float), np.array(negative, float)
    found = clustered_auc(first, second, positive_clusters=of, negative_clusters=of_others)
    assert found.auc == pytest.approx(auc(first, second), abs=1e-12)
    exact = by_loops(positive, negative, of, of_others)
    assert found.standard_error**2 == pytest.approx(max(0.0, exact), abs=1e-10)
    assert 0 <= found.low <= found.auc <= found.high <= 1
    assert found.low < found.high


@given(Scores, Scores)
def test_groups_that_are_swapped_give_the_mirrored_area(
    positive: list[int], negative: list[int]
) -> None:
    first, second = np.array(positive, float), np.array(negative, float)
    found, turned = clustered_auc(first, second), clustered_auc(second, first)
    assert turned.auc == pytest.approx(1 - found.auc)
    assert turned.low == pytest.approx(1 - found.high, abs=1e-9)
    assert turned.p == pytest.approx(found.p, abs=1e-9)


def test_where_nothing_scatters_the_interval_has_the_width_of_so_many_patients() -> None:
    scores = np.ones(40), np.zeros(60)
    patients = [number // 2 for number in range(40)]
    found = clustered_auc(*scores, positive_clusters=patients)
    assert (found.auc, found.standard_error) == (1, 0)
    assert (found.low, found.high) == newcombe_interval(1, 20, 60)
    assert 0 < found.p < 1e-4
    assert clustered_auc(np.ones(9), np.ones(9)).p == 1


def clustered(
    chance: np.random.Generator, patients: int, films: int, effect: float
) -> tuple[np.ndarray, list[int]]:
    """Scores of films of which those of a patient are alike; patients have 1 to 5 films."""
    owners = np.sort(np.append(np.arange(patients), chance.integers(patients, size=films)))
    own = chance.normal(size=patients) * effect
    return own[owners] + chance.normal(size=len(owners)), owners.tolist()


def test_under_no_leak_intervals_by_patient_cover_a_half_and_those_by_film_do_not() -> None:
    chance = np.random.default_rng(18)
    by_patient, by_film, small = [], [], []
    for _ in range(200):
        members, of = clustered(chance, 60, 120, effect=3)
        controls, of_controls = clustered(chance, 30, 60, effect=3)
        known = clustered_auc(
            members,
            controls,
            positive_clusters=of,
            negative_clusters=[100 + owner for owner in of_controls],
        )
        blind = clustered_auc(members, controls)
        by_patient.append(known.low <= 0.5 <= known.high)
        by_film.append(blind.low <= 0.5 <= blind.high)
        small.append((known.smallest or 1, blind.smallest or 1))
    assert np.mean(by_patient) >= 0.92
    assert np.mean(by_film) <= 0.85
    assert all(known > blind for known, blind in small)


def test_permuted_labels_cover_a_half() -> None:
    """Scores of one distribution, whoever is called a member."""
    chance = np.random.default_rng(7)
    scores, held = chance.normal(size=150), []
    for _ in range(200):
        order = chance.permutation(150)
        found = clustered_auc(scores[order[:100]], scores[order[100:]])
        held.append(found.low <= 0.5 <= found.high)
    assert np.mean(held) >= 0.92


@pytest.mark.parametrize(
    ("m", "n", "smallest"),
    [(180, 90, 0.593), (510, 90, 0.582), (600, 120, 0.572), (4219, 744, 0.529)],
)
def test_the_smallest_area_that_a_test_finds(m: int, n: int, smallest: float) -> None:
    assert smallest_auc(m, n) == pytest.approx(smallest, abs=0.0006)


def test_the_smallest_area_is_found_four_times_of_five() -> None:
    chance = np.random.default_rng(5)
    smallest = smallest_auc(180, 90)
    assert smallest is not None
    from scipy.stats import norm

    shift = math.sqrt(2) * norm.ppf(smallest)
    hits = [
        auc(chance.normal(shift, 1, 180), chance.normal(0, 1, 90))
        > 0.5 + 1.6449 * null_error(180, 90)
        for _ in range(600)
    ]
    assert np.mean(hits) == pytest.approx(0.8, abs=0.06)
    assert smallest_auc(1, 1) is None


def test_what_has_no_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="not all finite"):
        clustered_auc(np.array([1, math.nan]), np.zeros(3))
    with pytest.raises(ValueError, match="of one cluster"):
        clustered_auc(np.ones(3), np.zeros(3), positive_clusters=["a"] * 3)
    with pytest.raises(ValueError, match="2 clusters of 3 values"):
        clustered_auc(np.ones(3), np.zeros(3), positive_clusters=["a", "b"])
