"""Directions that tell films apart, by products of films where there are few of them."""

from __future__ import annotations

import numpy as np
import pytest

from cxr_release.memorization import discriminant
from cxr_release.memorization.discriminant import FEWEST


@pytest.mark.parametrize("films", [FEWEST, 60, 99])
@pytest.mark.parametrize("dimensions", [8, 80])
def test_few_films_give_the_directions_that_many_would(films: int, dimensions: int) -> None:
    """The same as scipy's generalised eigenvectors, up to their sign."""
    chance = np.random.default_rng(films)
    changes = chance.normal(size=(400, 200)) / 10
    within = changes.T @ changes / 400 + np.eye(200) * 1e-4
    rows = chance.normal(size=(films, 200)) * np.linspace(3, 0.1, 200)
    few = discriminant._of_few(rows, within, dimensions)
    many = discriminant._of_many(rows, within, dimensions)
    real = many[0] > discriminant.DISCARDED
    assert real.sum() == min(films, dimensions)
    assert few[0] == pytest.approx(many[0][real])
    same = few[1] @ few[1].T, many[1][:, real] @ many[1][:, real].T
    assert np.abs(same[0] - same[1]).max() < 1e-9 * np.abs(same[1]).max()
    assert few[1].T @ within @ few[1] == pytest.approx(np.eye(len(few[0])), abs=1e-9)
