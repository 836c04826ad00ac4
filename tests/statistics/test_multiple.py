from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.statistics.multiple import holm


def test_holm_leaves_out_what_has_no_p() -> None:
    assert holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])
    assert holm([None]) == [None]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_adjusted_p_values_are_between_the_raw_and_bonferroni_s_in_the_same_order(
    ps: list[float],
) -> None:
    adjusted = holm(ps)
    for p, after in zip(ps, adjusted, strict=True):
        assert after is not None
        assert p - 1e-12 <= after <= min(1.0, p * len(ps)) + 1e-12
    order = sorted(range(len(ps)), key=ps.__getitem__)
    ranked = [adjusted[place] or 0.0 for place in order]
    assert ranked == sorted(ranked)
