from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.generators.runtime.randomness import seed_of, step_draws

COUNTS = st.integers(1, 40)


@given(seed=st.integers(0, 2**63 - 1), step=st.integers(0, 10_000), films=COUNTS, batch=COUNTS)
def test_a_step_is_a_pure_function_of_seed_and_number(
    seed: int, step: int, films: int, batch: int
) -> None:
    first, second = (
        step_draws(seed, step, films=films, batch=batch, levels=1000, shape=(2, 2))
        for _ in range(2)
    )
    assert (first.films == second.films).all() and (first.times == second.times).all()
    assert (first.noise == second.noise).all() and (first.mirrored == second.mirrored).all()
    other = step_draws(seed, step + 1, films=films, batch=batch, levels=1000, shape=(2, 2))
    assert (first.noise != other.noise).any()


@given(seed=st.integers(0, 2**63 - 1), films=COUNTS, batch=COUNTS)
def test_every_film_is_seen_once_an_epoch(seed: int, films: int, batch: int) -> None:
    steps = -(-3 * films // batch)
    drawn = [
        step_draws(seed, step, films=films, batch=batch, levels=10, shape=(1, 1)).films
        for step in range(steps)
    ]
    seen = np.concatenate(drawn)[: 3 * films].reshape(3, films)
    assert (np.sort(seen, axis=1) == np.arange(films)).all()


@given(seed=st.integers(0, 2**63 - 1), batch=COUNTS, levels=st.integers(40, 1000))
def test_times_are_stratified(seed: int, batch: int, levels: int) -> None:
    times = step_draws(seed, 0, films=5, batch=batch, levels=levels, shape=(1, 1)).times
    assert ((times >= 0) & (times < levels)).all()
    strata = np.arange(batch) / batch * levels
    assert (times >= np.floor(strata)).all()
    assert (times <= np.ceil(strata + levels / batch)).all()


def test_seeds_use_all_63_bits_and_every_part_of_the_key() -> None:
    seeds = [
        seed_of(2026, 34, batch, index) for batch in ("initial", "large") for index in range(500)
    ]
    assert len(set(seeds)) == 1000
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert max(seeds) > 2**62 and np.mean([seed % 2 for seed in seeds]) > 0.4
