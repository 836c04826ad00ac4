from __future__ import annotations

import pytest

from cxr_release.reader_study.analysis import detectable_difference, power_of
from cxr_release.statistics.proportions import detectable_proportions
from tests.support.studies import study


def test_clustering_discounts_trials_and_never_adds_any() -> None:
    ratings = study(8, 10)
    plain = power_of(ratings, design_effect=0.5)
    assert plain["effective_trials"] == 80
    assert plain["detectable_accuracy_clustered"] == plain["detectable_accuracy"]
    clustered = power_of(ratings, design_effect=2.5)
    assert clustered["effective_trials"] == 32
    assert clustered["detectable_accuracy_clustered"] == detectable_proportions(32, 0.25, power=0.8)
    unknown = power_of(ratings, design_effect=None)
    assert unknown["detectable_accuracy_clustered"] is unknown["effective_trials"] is None


def test_detectable_difference_is_that_of_a_paired_t_test() -> None:
    from scipy.stats import nct, t

    ratings = study(8, 10, seed=2)
    points = detectable_difference(ratings, 1)
    assert points is not None
    spread = ((ratings.sums[:, 0] - ratings.sums[:, 1]) / 10).std(ddof=1)
    shift = points / spread * 8**0.5
    end = t.ppf(0.975, 7)
    assert nct.sf(end, 7, shift) + nct.cdf(-end, 7, shift) == pytest.approx(0.8, abs=1e-4)


def test_without_spread_or_scale_no_difference_is_named() -> None:
    assert detectable_difference(study(1, 10), 1) is None
    alike = study(4, 10)
    alike.rating[:] = 3
    assert detectable_difference(alike, 1) is None
    # Two raters a point apart: what they could show lies beyond the scale.
    alike.rating[0, :, 1] = 2
    assert detectable_difference(study(2, 1, seed=1), 1) is None
