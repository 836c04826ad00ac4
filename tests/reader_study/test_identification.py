from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from cxr_release.reader_study.analysis import fleiss_kappa_of, identification_of
from cxr_release.statistics.bootstrap import cluster_draws
from tests.support.studies import study


def drawn(values: np.ndarray, draws: int, seed: int = 1) -> np.ndarray:
    found = cluster_draws(values, draws=draws, seed=seed)
    assert found is not None
    return found


def test_each_rater_and_each_source_is_counted() -> None:
    ratings = study(3, 20, seed=4)
    found = identification_of(ratings, margin=0.1, draws=100, seed=0)
    assert sum(one["correct"] for one in found["per_rater"].values()) == found["correct"]
    assert {one["trials"] for one in found["per_rater"].values()} == {20}
    assert sum(found["picked"].values()) == found["trials"] == 60
    assert found["picked"]["real"] == found["correct"]
    assert found["clustered_ci95"][0] < found["accuracy"] < found["clustered_ci95"][1]


def test_kappa_of_those_who_agree_and_of_those_who_do_not() -> None:
    ratings = study(4, 30, seed=6)
    ratings.picked[:] = ratings.picked[0]
    assert fleiss_kappa_of(ratings) == pytest.approx(1)
    ratings.picked[:] = np.arange(4)[:, None]
    assert fleiss_kappa_of(ratings) == pytest.approx(-1 / 3)
    ratings.picked[:] = 2
    assert fleiss_kappa_of(ratings) is None
    assert fleiss_kappa_of(study(1, 5)) is None


def test_equivalence_needs_the_clustered_interval_and_the_exact_tests() -> None:
    ratings = study(4, 4)
    # Each rater and each quartet right once: nothing clusters, and the bootstrap is too sure.
    ratings.picked[:] = np.add.outer(np.arange(4), np.arange(4)) % 4
    found = identification_of(ratings, margin=0.2, draws=4000, seed=0)["equivalence"]
    assert found["ci90"] == np.quantile(drawn(ratings.hits, 4000, seed=0), [0.05, 0.95]).tolist()
    assert 0.05 < found["ci90"][0] < found["ci90"][1] < 0.45
    assert found["p"] == pytest.approx(binomtest(4, 16, 0.45, "less").pvalue)
    assert found["p"] > 0.05
    assert found["equivalent"] is False
    wider = identification_of(ratings, margin=0.3, draws=4000, seed=0)["equivalence"]
    # No accuracy is below chance less this margin: that side needs no test.
    assert wider["p"] == pytest.approx(binomtest(4, 16, 0.55, "less").pvalue)
    assert wider["equivalent"] is True


def test_raters_who_differ_keep_equivalence_from_being_shown() -> None:
    ratings = study(6, 40)
    ratings.picked[:] = 1
    ratings.picked[:3, ::2] = 0
    found = identification_of(ratings, margin=0.15, draws=1000, seed=0)["equivalence"]
    assert found["p"] < 0.05
    assert found["equivalent"] is False
