from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.statistics.auc import auc_with_interval


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=30),
    st.lists(st.integers(0, 9), min_size=1, max_size=30),
)
def test_the_area_is_another_library_s_and_lies_in_its_interval(
    spoilt: list[int], sound: list[int]
) -> None:
    from sklearn.metrics import roc_auc_score

    found = auc_with_interval(np.array(spoilt, float), np.array(sound, float))
    truth = [1] * len(spoilt) + [0] * len(sound)
    assert found["auc"] == pytest.approx(roc_auc_score(truth, spoilt + sound))
    assert 0 <= found["low"] <= found["auc"] + 1e-8
    assert found["auc"] - 1e-8 <= found["high"] <= 1
    assert found["low"] < found["high"]
    turned = auc_with_interval(np.array(sound, float), np.array(spoilt, float))
    assert turned["low"] == pytest.approx(1 - found["high"], abs=1e-6)


def test_the_interval_narrows_with_more_films_and_covers_the_truth() -> None:
    chance = np.random.default_rng(1)
    truth = 0.760  # two normal distributions one deviation apart: Φ(1 / √2)
    held = []
    for _ in range(200):
        found = auc_with_interval(chance.normal(1, 1, 60), chance.normal(0, 1, 80))
        held.append(found["low"] <= truth <= found["high"])
    assert 0.90 <= np.mean(held) <= 0.99
    perfect = [auc_with_interval(np.ones(count), np.zeros(count))["low"] for count in (10, 40, 400)]
    assert perfect == sorted(perfect)
    assert perfect[0] > 0.7
    assert perfect[-1] > 0.99
