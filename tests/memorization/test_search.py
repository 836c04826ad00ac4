from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release import schemas
from cxr_release.errors import CxrReleaseError
from cxr_release.memorization import cosines
from cxr_release.memorization.search import SearchResult, search

Array = np.ndarray


def ids(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{place:04d}" for place in range(count)]


def searched(
    real: Array, synthetic: Mapping[str, Array], *, top: int = 10, block: int = 2**20
) -> SearchResult:
    count = len(next(iter(synthetic.values())))
    return search(
        real,
        synthetic,
        real_ids=ids("r", len(real)),
        synthetic_ids=ids("s", count),
        top=top,
        block_bytes=block,
    )


def cosine(first: Array, second: Array) -> float:
    first, second = first.astype(np.float64), second.astype(np.float64)
    lengths = np.linalg.norm(first) * np.linalg.norm(second)
    return round(float(first @ second / lengths), 12) if lengths else 0.0


def by_hand(real: Array, synthetic: Mapping[str, Array], top: int) -> tuple[list, list]:
    """All pairs, one after the other, in float64."""
    pairs, nearest = [], []
    for j in range(len(next(iter(synthetic.values())))):
        row = []
        for i in range(len(real)):
            views = [
                (-cosine(real[i], synthetic[view][j]), place, view)
                for place, view in enumerate(schemas.VIEWS)
                if view in synthetic
            ]
            best, _, view = min(views)
            row.append((-best, i, view))
            pairs.append((f"r{i:04d}", f"s{j:04d}", -best, view))
        row.sort(key=lambda hit: (-hit[0], hit[1]))
        second = row[1] if len(row) > 1 else row[0]
        nearest.append((f"s{j:04d}", f"r{row[0][1]:04d}", *row[0], second[0]))
    return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))[:top], nearest


def same(answer: SearchResult, pairs: list, nearest: list) -> None:
    assert [(pair.real_id, pair.synthetic_id, pair.view) for pair in answer.pairs] == [
        (real, synthetic, view) for real, synthetic, _, view in pairs
    ]
    assert [pair.cosine for pair in answer.pairs] == pytest.approx(
        [pair[2] for pair in pairs], abs=2e-12
    )
    assert [(pair.synthetic_id, pair.real_id, pair.real, pair.view) for pair in answer.nearest] == [
        (synthetic, real, place, view) for synthetic, real, _, place, view, _ in nearest
    ]
    assert [[pair.cosine, pair.second_cosine] for pair in answer.nearest] == [
        pytest.approx([value, second], abs=2e-12) for _, _, value, _, _, second in nearest
    ]


VIEWS = st.sets(st.sampled_from(schemas.VIEWS), min_size=1).map(sorted)
FEW = st.integers(1, 12)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), n=FEW, m=FEW, views=VIEWS, block=st.integers(1, 2000),
       top=st.integers(1, 80))  # fmt: skip
def test_it_equals_all_pairs_one_by_one(
    *, seed: int, n: int, m: int, views: list[str], block: int, top: int
) -> None:
    chance = np.random.default_rng(seed)
    real = chance.normal(size=(n, 8)).astype(np.float32)
    synthetic = {view: chance.normal(size=(m, 8)).astype(np.float32) for view in views}
    same(searched(real, synthetic, top=top, block=block), *by_hand(real, synthetic, top))


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), n=FEW, m=FEW, views=VIEWS, block=st.integers(1, 2000),
       top=st.integers(1, 80), most=st.integers(1, 3))  # fmt: skip
def test_ties_go_to_the_first_ids_and_views(
    *, seed: int, n: int, m: int, views: list[str], block: int, top: int, most: int
) -> None:
    # Few values: most cosines are tied, films come twice, some are zero, views agree.
    chance = np.random.default_rng(seed)
    real = chance.integers(0, most, size=(n, 3), endpoint=True).astype(np.float32)
    synthetic = {
        view: chance.integers(-1, most, size=(m, 3), endpoint=True).astype(np.float32)
        for view in views
    }
    same(searched(real, synthetic, top=top, block=block), *by_hand(real, synthetic, top))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), n=FEW, m=FEW, views=VIEWS, top=st.integers(1, 80),
       ties=st.booleans())  # fmt: skip
def test_the_best_of_several_looks_of_a_real_film_counts(
    *, seed: int, n: int, m: int, views: list[str], top: int, ties: bool
) -> None:
    chance = np.random.default_rng(seed)

    def films(count: int) -> Array:
        drawn = chance.integers(-1, 2, (count, 3)) if ties else chance.normal(size=(count, 5))
        return drawn.astype(np.float32)

    looks, synthetic = [films(n), films(n)], {view: films(m) for view in views}
    result = search(
        looks, synthetic, real_ids=ids("r", n), synthetic_ids=ids("s", m), top=top, block_bytes=500
    )
    # As if each look were a film of its own, of which the better one stays.
    pairs, _ = by_hand(np.concatenate(looks), synthetic, 10**6)
    best: dict[tuple[str, str], tuple[float, int, str]] = {}
    for real, name, value, view in pairs:
        key = f"r{int(real[1:]) % n:04d}", name
        best[key] = min(best.get(key, (2.0, 0, "")), (-value, schemas.VIEWS.index(view), view))
    order = sorted(best, key=lambda key: (best[key][0], key))
    assert [(film.real_id, film.synthetic_id, film.view) for film in result.pairs] == [
        (*key, best[key][2]) for key in order[:top]
    ]
    for film in result.nearest:
        own = [key for key in order if key[1] == film.synthetic_id]
        assert (film.real_id, film.view) == (own[0][0], best[own[0]][2])
        second = best[own[min(1, n - 1)]][0]
        assert film.second_cosine == pytest.approx(-second, abs=2e-12)


@given(seed=st.integers(0, 2**32), tie=st.booleans())
@settings(deadline=None, max_examples=30)
def test_films_closer_than_float32_can_tell_are_told_apart(seed: int, tie: bool) -> None:
    chance = np.random.default_rng(seed)
    base = chance.normal(size=64)
    near = (base + 1e-4 * chance.normal(size=(40, 64))).astype(np.float32)
    real, synthetic = near[:20], {"plain": near[20:]}
    if tie:
        synthetic["mirrored"] = synthetic["plain"]
    same(searched(real, synthetic, top=15, block=1000), *by_hand(real, synthetic, 15))


@given(seed=st.integers(0, 2**32), ties=st.booleans(), block=st.integers(1, 3000))
@settings(deadline=None, max_examples=40)
def test_neither_order_nor_block_matters(seed: int, ties: bool, block: int) -> None:
    chance = np.random.default_rng(seed)

    def films(count: int) -> Array:
        drawn = chance.integers(0, 2, (count, 4)) if ties else chance.normal(size=(count, 4))
        return drawn.astype(np.float32)

    real, plain, mirrored = films(15), films(25), films(25)
    straight = searched(real, {"plain": plain, "mirrored": mirrored})
    a, b = chance.permutation(15), chance.permutation(25)
    shuffled = search(
        real[a],
        {"mirrored": mirrored[b], "plain": plain[b]},
        real_ids=[ids("r", 15)[place] for place in a],
        synthetic_ids=[ids("s", 25)[place] for place in b],
        top=10,
        block_bytes=block,
    )
    assert shuffled.pairs == straight.pairs
    sorted_films = sorted(shuffled.nearest, key=lambda film: film.synthetic_id)
    assert [{**film._asdict(), "real": int(a[film.real])} for film in sorted_films] == [
        film._asdict() for film in straight.nearest
    ]


THREADS = """
import sys, numpy as np
from cxr_release.memorization.search import search
chance = np.random.default_rng(5)
base = chance.normal(size=96)
films = (base + 0.01 * chance.normal(size=(900, 96))).astype(np.float32)
names = [f"{place:04d}" for place in range(900)]
print(search(films[:300], {"plain": films[300:]}, real_ids=names[:300], synthetic_ids=names[300:],
             top=40, block_bytes=int(sys.argv[1])))
"""


def test_the_number_of_threads_does_not_matter() -> None:
    answers = [
        subprocess.run(
            [sys.executable, "-c", THREADS, str(block)],
            env={"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads, block in (("1", 2**25), ("2", 2**17))
    ]
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"SearchResult(pairs=[Pair(")


def peak(real: Array, synthetic: Array, block: int) -> tuple[SearchResult, int]:
    tracemalloc.start()
    answer = searched(real, {"plain": synthetic}, top=100, block=block)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return answer, most


def test_nothing_but_copies_takes_neither_memory_nor_time() -> None:
    films = np.ones((3000, 16), np.float32)
    begin = time.perf_counter()
    answer, most = peak(films, films, 2**20)
    assert most < 20 * 2**20  # all products together: 36 MB in float32
    assert time.perf_counter() - begin < 10
    assert [(pair.real_id, pair.synthetic_id) for pair in answer.pairs] == [
        ("r0000", name) for name in ids("s", 100)
    ]
    assert {(pair.real_id, pair.cosine, pair.second_cosine) for pair in answer.nearest} == {
        ("r0000", 1.0, 1.0)
    }


def test_near_ties_that_are_no_copies_are_scored_in_bounded_memory() -> None:
    chance = np.random.default_rng(3)
    films = (1 + 1e-7 * chance.integers(0, 9, size=(2000, 4))).astype(np.float32)
    films *= chance.integers(1, 10**6, size=(2000, 1)).astype(np.float32)
    _, most = peak(films[:1000], films[1000:], 2**18)
    assert most < 40 * 2**20  # a million pairs as ranks and float64 cosines alone: 24 MB


@given(seed=st.integers(0, 2**32), d=st.integers(1, 3000))
@settings(deadline=None, max_examples=60)
def test_a_float32_cosine_errs_by_less_than_said(seed: int, d: int) -> None:
    chance = np.random.default_rng(seed)
    # All of one sign: nothing cancels, which is the worst case for the bound.
    rows = np.abs(chance.normal(size=(20, d))).astype(np.float32)
    films = cosines.Films(rows, ids("r", 20))
    here = np.arange(len(films))
    for places, tile in cosines.tiles(films, films, 2**20, cosines.progress("", 0)):
        for row, place in zip(tile, places, strict=True):
            true = cosines.cosines(films, np.full(len(films), place), films, here)
            assert np.abs(row - true).max() <= cosines.error(d)


def test_one_real_film_is_second_to_itself() -> None:
    [film] = searched(
        np.eye(2, dtype=np.float32)[:1], {"plain": np.ones((1, 2), np.float32)}
    ).nearest
    assert film.cosine == film.second_cosine == pytest.approx(0.5**0.5)


def test_features_that_are_no_numbers_are_refused_by_film() -> None:
    films = np.ones((3, 4), np.float32)
    films[1, 2], films[2, 0] = np.nan, np.inf
    with pytest.raises(CxrReleaseError, match="not finite numbers") as raised:
        searched(np.ones((3, 4), np.float32), {"plain": films})
    assert [fault.where for fault in raised.value.faults] == ["s0001", "s0002"]


@pytest.mark.parametrize(
    ("real", "synthetic", "top"),
    [
        (np.empty((0, 2)), {"plain": np.ones((1, 2))}, 1),
        (np.ones((1, 2)), {"plain": np.ones((1, 2))}, 0),
        (np.ones((1, 2)), {"plain": np.ones((1, 3))}, 1),
        (np.ones((1, 2)), {"sideways": np.ones((1, 2))}, 1),
    ],
)
def test_what_makes_no_sense_is_refused(real: Array, synthetic: dict[str, Array], top: int) -> None:
    with pytest.raises(ValueError, match=r"nearest|features|mismatch"):
        searched(real, synthetic, top=top)
