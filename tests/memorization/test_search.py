from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.memorization.search import nearest_pairs


def brute_force(real: np.ndarray, synthetic: np.ndarray, top: int) -> list[tuple[str, str, float]]:
    """All pairs in float64, sorted by cosine and then by ids."""
    found = []
    for i, a in enumerate(real.astype(np.float64)):
        for j, b in enumerate(synthetic.astype(np.float64)):
            lengths = np.linalg.norm(a) * np.linalg.norm(b)
            cosine = float(a @ b / lengths) if lengths else 0.0
            found.append((f"r{i:03d}", f"s{j:03d}", round(cosine, 12)))
    return sorted(found, key=lambda one: (-one[2], one[0], one[1]))[:top]


def ids(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{place:03d}" for place in range(count)]


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 30),
    m=st.integers(1, 30),
    block=st.integers(1, 40),
    top=st.integers(1, 60),
)
def test_it_equals_brute_force_whatever_the_block(
    seed: int, n: int, m: int, block: int, top: int
) -> None:
    chance = np.random.default_rng(seed)
    real = chance.normal(size=(n, 8)).astype(np.float32)
    synthetic = chance.normal(size=(m, 8)).astype(np.float32)
    pairs = nearest_pairs(
        real, synthetic, real_ids=ids("r", n), synthetic_ids=ids("s", m), top=top, block=block
    )
    expected = brute_force(real, synthetic, top)
    assert [(pair.real_id, pair.synthetic_id) for pair in pairs] == [one[:2] for one in expected]
    assert [pair.cosine for pair in pairs] == pytest.approx([one[2] for one in expected], abs=1e-12)


@given(seed=st.integers(0, 2**32), block=st.integers(1, 30), top=st.integers(1, 50))
def test_ties_are_broken_by_the_ids(seed: int, block: int, top: int) -> None:
    chance = np.random.default_rng(seed)
    # Few distinct rows, exactly representable: most cosines are tied.
    real = chance.integers(0, 2, size=(20, 3)).astype(np.float32)
    synthetic = chance.integers(0, 2, size=(20, 3)).astype(np.float32)
    pairs = nearest_pairs(
        real, synthetic, real_ids=ids("r", 20), synthetic_ids=ids("s", 20), top=top, block=block
    )
    expected = brute_force(real, synthetic, top)
    assert [(pair.real_id, pair.synthetic_id) for pair in pairs] == [one[:2] for one in expected]


def test_the_order_of_the_films_does_not_matter() -> None:
    chance = np.random.default_rng(0)
    real = chance.normal(size=(40, 6)).astype(np.float32)
    synthetic = chance.normal(size=(50, 6)).astype(np.float32)
    a, b = chance.permutation(40), chance.permutation(50)
    straight = nearest_pairs(
        real, synthetic, real_ids=ids("r", 40), synthetic_ids=ids("s", 50), top=30
    )
    shuffled = nearest_pairs(
        real[a],
        synthetic[b],
        real_ids=[ids("r", 40)[place] for place in a],
        synthetic_ids=[ids("s", 50)[place] for place in b],
        top=30,
    )
    assert straight == shuffled
