from __future__ import annotations

import numpy as np

from cxr_release.schemas import SMALL
from cxr_release.scorecard.reidentifier import FEWEST, Reidentifier, learn
from cxr_release.scorecard.sets import Part
from cxr_release.scorecard.vectors import unit
from cxr_release.statistics.auc import auc


def drawn(patients: int, films: int, seed: int) -> Part:
    """What tells patients apart is small, and what changes from film to film is large."""
    chance = np.random.default_rng(seed)
    anatomy = np.zeros((patients, 40))
    anatomy[:, :10] = chance.normal(size=(patients, 10))
    posture = np.zeros((patients, films, 40))
    posture[..., 10:] = 3 * chance.normal(size=(patients, films, 30))
    rows = (anatomy[:, None] + posture).reshape(-1, 40)
    names = tuple(f"p{number}" for number in range(patients) for _ in range(films))
    digests = tuple(f"{number:04d}" for number in range(len(rows)))
    blank = np.zeros((len(rows), SMALL, SMALL), np.uint8)
    return Part(digests, names, digests, unit(rows), blank)


def learnt(films: Part) -> Reidentifier | None:
    return learn(films.vectors, films.patients)


def verification(vectors: np.ndarray) -> float:
    """Of two films a patient, in a row."""
    cosines = vectors[::2] @ vectors[1::2].T
    other = ~np.eye(len(cosines), dtype=bool)
    return auc(np.diag(cosines).astype(float), cosines[other].astype(float))


def test_patients_that_it_has_not_seen_are_recognised() -> None:
    reidentify = learnt(drawn(80, 3, seed=1))
    assert reidentify is not None
    others = drawn(60, 2, seed=2)
    assert verification(others.vectors) < 0.7
    seen = reidentify(others.vectors)
    assert verification(seen) > 0.95
    assert np.allclose(np.linalg.norm(seen, axis=1), 1, atol=1e-5)


def test_films_of_a_patient_scatter_alike_in_all_directions() -> None:
    films = drawn(200, 4, seed=3)
    reidentify = learnt(films)
    assert reidentify is not None
    projected = (films.vectors - reidentify.mean) @ reidentify.projection
    rest = projected.reshape(200, 4, -1)
    rest = (rest - rest.mean(axis=1, keepdims=True)).reshape(800, -1)
    covariance = rest.T @ rest / 600
    # The ridge is 1 % of the mean variance, which the directions of posture have most of.
    variances = np.sort(np.diag(covariance))
    assert variances[-1] < 1.01
    assert np.median(variances) > 0.95
    off = covariance - np.diag(np.diag(covariance))
    assert np.abs(off).max() < 0.05


def test_patients_of_one_film_teach_nothing() -> None:
    assert learnt(drawn(50, 1, seed=1)) is None
    few = drawn(FEWEST - 1, 2, seed=1)
    assert learnt(few) is None
    assert learnt(drawn(FEWEST, 2, seed=1)) is not None
