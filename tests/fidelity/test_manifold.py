from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_fidelity.metric_prc import prc_features_to_metric

from cxr_release.fidelity import distances
from cxr_release.fidelity.distances import NEIGHBOURS, Overlap, overlap, reach

SEEDS = st.integers(0, 2**32 - 1)


def features(chance: np.random.Generator, count: int, *, wide: float = 1.0) -> np.ndarray:
    return chance.normal(0, wide, (count, 4))


def lying(drawn: np.ndarray, real: np.ndarray) -> Overlap:
    return overlap(drawn, real, real_reach=reach(real))


def by_definition(drawn: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """The four measures, word for word, one pair at a time."""

    def ball(films: np.ndarray, place: int) -> float:
        distances = [
            np.linalg.norm(films[place] - films[other_place]) for other_place in range(len(films))
        ]
        del distances[place]
        return float(sorted(distances)[NEIGHBOURS - 1])

    def holds(films: np.ndarray, place: int, point: np.ndarray) -> bool:
        return bool(np.linalg.norm(films[place] - point) <= ball(films, place))

    in_real = [[holds(real, place, point) for place in range(len(real))] for point in drawn]
    in_drawn = [[holds(drawn, place, point) for place in range(len(drawn))] for point in real]
    return {
        "precision": float(np.mean([any(row) for row in in_real])),
        "recall": float(np.mean([any(row) for row in in_drawn])),
        "density": float(np.mean([sum(row) / NEIGHBOURS for row in in_real])),
        "coverage": float(np.mean(np.any(in_real, axis=0))),
    }


@pytest.mark.parametrize(("wide", "shift"), [(1.0, 0.0), (0.3, 0.0), (2.0, 1.0), (1.0, 40.0)])
def test_they_are_what_the_papers_define(wide: float, shift: float) -> None:
    chance = np.random.default_rng(1)
    drawn, real = features(chance, 17, wide=wide) + shift, features(chance, 23)
    measures = lying(drawn, real)
    assert {
        name: getattr(measures, name).mean() for name in by_definition(drawn, real)
    } == pytest.approx(by_definition(drawn, real))


@given(SEEDS, st.integers(8, 60), st.integers(8, 60), st.floats(0.2, 3))
def test_precision_and_recall_are_those_of_torch_fidelity(
    seed: int, drawn: int, real: int, wide: float
) -> None:
    chance = np.random.default_rng(seed)
    first, second = features(chance, drawn, wide=wide), features(chance, real)
    expected = prc_features_to_metric(
        torch.from_numpy(first),
        torch.from_numpy(second),
        prc_neighborhood=NEIGHBOURS,
        verbose=False,
    )
    measures = lying(first, second)
    assert measures.precision.mean() == pytest.approx(expected["precision"], abs=1e-6)
    assert measures.recall.mean() == pytest.approx(expected["recall"], abs=1e-6)


@given(SEEDS, st.integers(1, 40))
def test_a_set_lies_wholly_within_itself(seed: int, count: int) -> None:
    # Far from 0 and with twins: distances by way of products would lose both.
    films = features(np.random.default_rng(seed), count) + 1e6
    films = np.concatenate([films, films[: count // 2]])
    measures = lying(films, films)
    for share in (measures.precision, measures.recall, measures.coverage):
        assert share.mean() == 1
    assert measures.density.mean() >= 1 or len(films) == 1


@given(SEEDS, st.integers(1, 12), st.integers(1, 12))
def test_any_number_of_films_gives_shares(seed: int, drawn: int, real: int) -> None:
    chance = np.random.default_rng(seed)
    measures = lying(features(chance, drawn), features(chance, real))
    assert measures.precision.shape == measures.density.shape == (drawn,)
    assert measures.recall.shape == measures.coverage.shape == (real,)
    for share in (measures.precision, measures.recall, measures.coverage):
        assert set(share) <= {0.0, 1.0}
    assert (measures.density >= 0).all()
    assert ((measures.density > 0) == (measures.precision > 0)).all()


def test_one_film_drawn_over_and_over_is_precise_and_covers_nothing_else() -> None:
    chance = np.random.default_rng(2)
    real = features(chance, 60)
    measures = lying(np.repeat(real[:1], 40, axis=0), real)
    assert measures.precision.mean() == 1
    assert measures.recall.sum() == 1
    assert measures.coverage.mean() < 0.3


def test_films_far_away_score_nothing() -> None:
    chance = np.random.default_rng(3)
    measures = lying(features(chance, 30) + 100, features(chance, 30))
    for values in (measures.precision, measures.recall, measures.density, measures.coverage):
        assert values.sum() == 0


def test_the_reach_leaves_the_film_itself_out_and_twins_in() -> None:
    line = np.arange(10.0)[:, None]
    assert reach(line).tolist() == [5, 4, 3, 3, 3, 3, 3, 3, 4, 5]
    assert reach(np.zeros((7, 3))).tolist() == [0] * 7
    assert reach(line[:3]).tolist() == [2, 1, 2]
    assert reach(line[:1]).tolist() == [0]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(4)
    drawn, real = features(chance, 33), features(chance, 41)
    whole = lying(drawn, real)
    monkeypatch.setattr(distances, "BLOCK", 7)
    parts = lying(drawn, real)
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(whole, name).tolist() == getattr(parts, name).tolist()
