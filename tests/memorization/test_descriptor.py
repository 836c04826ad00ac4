"""Descriptors: what stays the same, what changes its sign, and that products are exact."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from cxr_release.memorization import discriminant, sampler
from cxr_release.memorization.comparer import cosine_of
from cxr_release.memorization.descriptor import LENGTH, Descriptor, quantised
from cxr_release.memorization.discriminant import ALIGNED, FITTED, SEARCH, Setting
from cxr_release.memorization.poses import PLAIN, pose_of
from cxr_release.memorization.sampler import SIDE, smooth
from cxr_release.schemas import PARTS
from tests.support.matched import small_pictures
from tests.support.phantom_sets import phantoms

EVERY_PART = range(len(PARTS))
EVERY_SETTING = pytest.mark.parametrize("setting", [SEARCH, ALIGNED], ids=["search", "aligned"])


@pytest.fixture(scope="module", autouse=True)
def fewer_draws() -> Iterator[None]:
    """Each fit takes seconds otherwise; what is tested does not depend on how well it fits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discriminant, "DRAWS", 150)
        yield


def fit(films: np.ndarray, setting: Setting, *, seed: int) -> Descriptor:
    (descriptor,) = discriminant.fitted(films, np.zeros(len(films), int), setting, seed=seed)
    return descriptor


@pytest.fixture(scope="module")
def films() -> np.ndarray:
    return smooth(small_pictures(phantoms()[:40]))


@pytest.fixture(scope="module")
def new() -> np.ndarray:
    """Films that the descriptor was not fitted to."""
    return small_pictures(phantoms()[60:80])


@pytest.fixture(scope="module", params=[SEARCH, ALIGNED], ids=["search", "aligned"])
def fitted(films: np.ndarray, request: pytest.FixtureRequest) -> Descriptor:
    return fit(films, request.param, seed=1)


@pytest.mark.parametrize("part", EVERY_PART)
def test_a_film_has_the_cosine_1_with_itself_and_less_with_others(
    fitted: Descriptor, films: np.ndarray, new: np.ndarray, part: int
) -> None:
    for pictures in (films, smooth(new)):
        vectors = fitted(pictures, PLAIN, part).astype(np.int64)
        assert (cosine_of(vectors, vectors) == 1).all()
        assert cosine_of(vectors, np.roll(vectors, 1, axis=0)).max() < 0.99


@pytest.mark.parametrize("part", EVERY_PART)
def test_products_are_exact_in_float32(
    fitted: Descriptor, films: np.ndarray, new: np.ndarray, part: int
) -> None:
    vectors = np.concatenate([fitted(each, PLAIN, part) for each in (films, smooth(new))])
    assert vectors.dtype == np.int16
    wide = vectors.astype(np.int64)
    lengths = np.sqrt((wide**2).sum(axis=1))
    assert np.abs(lengths - LENGTH).max() <= np.sqrt(wide.shape[1]) / 2
    assert (lengths**2).max() < 2**24
    rows = vectors.astype(np.float32)
    assert np.array_equal((rows @ rows.T).astype(np.int64), wide @ wide.T)
    terms = rows[:, None] * rows[None]
    assert np.array_equal(np.cumsum(terms, axis=2)[..., -1].astype(np.int64), wide @ wide.T)


@pytest.mark.parametrize("part", EVERY_PART)
def test_an_inverted_film_has_the_opposite_vector(
    fitted: Descriptor, new: np.ndarray, part: int
) -> None:
    """Exactly, so that the search of inverted films needs no products of its own."""
    plain, inverted = fitted(smooth(new), PLAIN, part), fitted(smooth(255 - new), PLAIN, part)
    assert plain.any(axis=1).all()
    assert np.array_equal(plain, -inverted)


@pytest.mark.parametrize("part", EVERY_PART)
def test_brightness_and_contrast_do_not_count(
    fitted: Descriptor, films: np.ndarray, part: int
) -> None:
    first = fitted(films, PLAIN, part).astype(np.int64)
    second = fitted(0.2 + films / 2, PLAIN, part).astype(np.int64)
    assert cosine_of(first, second).min() > 0.99999


@pytest.mark.parametrize("grey", [0, 90, 255])
@pytest.mark.parametrize("part", EVERY_PART)
def test_a_flat_film_is_similar_to_nothing(
    fitted: Descriptor, films: np.ndarray, grey: int, part: int
) -> None:
    flat = fitted(smooth(np.full((2, 64, 64), grey, np.uint8)), PLAIN, part).astype(np.int64)
    assert not flat.any()
    others = fitted(films[:2], PLAIN, part).astype(np.int64)
    assert (cosine_of(flat, others) == 0).all()
    assert (cosine_of(flat, flat) == 0).all()


def test_the_films_around_a_film_do_not_matter(fitted: Descriptor, films: np.ndarray) -> None:
    together = fitted(films, PLAIN, 0)
    assert np.array_equal(fitted(films[::-1], PLAIN, 0)[::-1], together)
    assert np.array_equal(fitted(films[7:8], PLAIN, 0)[0], together[7])


def test_poses_may_differ_from_film_to_film(fitted: Descriptor, films: np.ndarray) -> None:
    poses = np.stack([pose_of(turn=place - 2) for place in range(5)])
    together = fitted(films[:5], poses, 0)
    for place in range(5):
        alone = fitted(films[place : place + 1], poses[place], 0)
        assert np.array_equal(together[place], alone[0])
    assert np.array_equal(together[2], fitted(films[2:3], PLAIN, 0)[0])
    assert not np.array_equal(together[0], fitted(films[:1], PLAIN, 0)[0])


def test_a_pose_shows_the_film_as_scipy_would(films: np.ndarray, fitted: Descriptor) -> None:
    a, b, x, y = pose = pose_of(7, 0.9, 0.05, -0.08)
    values, inside = fitted.sampler.sampled(films[:3], pose)
    line = fitted.sampler.window * ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1)
    v, u = np.meshgrid(line, line, indexing="ij")
    across, down = a * u - b * v + x, b * u + a * v + y
    for film, row, within in zip(films, values, inside, strict=False):
        places = [((w + 1) * film.shape[0] - 1) / 2 for w in (down, across)]
        expected = map_coordinates(film.astype(float), places, order=1, mode="nearest")
        assert row.reshape(SIDE, SIDE) == pytest.approx(expected, abs=0.5)
        outside = np.maximum(abs(across), abs(down)) > sampler.EDGE
        assert np.array_equal(within.reshape(SIDE, SIDE), ~outside)
        assert outside.any()


@pytest.mark.parametrize("part", EVERY_PART)
def test_what_lies_beyond_the_edge_of_a_film_changes_nothing(
    fitted: Descriptor, films: np.ndarray, part: int
) -> None:
    values, inside = fitted.sampler.sampled(films[:4], pose_of(right=0.2, down=0.15))
    assert 0 < inside.mean() < 1
    changed = np.where(inside > 0, values, np.float32(0.77))
    assert np.array_equal(
        fitted.described(values, inside, part), fitted.described(changed, inside, part)
    )


@pytest.mark.parametrize(
    ("part", "other"), [("left", "right"), ("right", "left"), ("top", "bottom"), ("bottom", "top")]
)
def test_a_half_does_not_see_the_other_half(
    fitted: Descriptor, films: np.ndarray, part: str, other: str
) -> None:
    # Grey values are sampled between pixels, and smoothed: what is near the middle is in both.
    pictures = films[:4].copy()
    half = pictures.shape[1] // 2
    region: tuple[slice, ...] = {
        "left": (slice(None), slice(None), slice(0, half)),
        "right": (slice(None), slice(None), slice(half, None)),
        "top": (slice(None), slice(0, half)),
        "bottom": (slice(None), slice(half, None)),
    }[other]
    pictures[region] = 0.5
    place = PARTS.index(part)
    assert np.array_equal(fitted(films[:4], PLAIN, place), fitted(pictures, PLAIN, place))
    assert not np.array_equal(
        fitted(films[:4], PLAIN, PARTS.index(other)), fitted(pictures, PLAIN, PARTS.index(other))
    )


@pytest.mark.parametrize("count", [1, 2, 5, 19, 20])
@EVERY_SETTING
def test_few_real_films_are_enough(new: np.ndarray, count: int, setting: Setting) -> None:
    """Their copies are recognised, whatever else there is to tell films apart by."""
    real = smooth(new[:count])
    fitted = fit(real, setting, seed=2)
    others = smooth(small_pictures(phantoms()[90:96]))
    for part in EVERY_PART:
        own, strange = fitted(real, PLAIN, part), fitted(others, PLAIN, part)
        assert own.any(axis=1).all()
        own, strange = own.astype(np.int64), strange.astype(np.int64)
        assert (cosine_of(own, own) == 1).all()
        most = max(cosine_of(own, np.roll(strange, n, axis=0)[:1].repeat(len(own), 0)).max()
                   for n in range(len(strange)))  # fmt: skip
        assert most < 0.999


@pytest.mark.parametrize("shape", [(16, 16), (40, 90), (300, 17), (1, 1), (64, 64)])
def test_films_of_any_size_and_proportions_have_a_vector(
    fitted: Descriptor, shape: tuple[int, int]
) -> None:
    chance = np.random.default_rng(5)
    drawn = [chance.integers(0, 256, shape).astype(np.uint8) for _ in range(3)]
    vectors = fitted(smooth(small_pictures(drawn)), PLAIN, 0).astype(np.int64)
    assert np.array_equal(vectors.any(axis=1), [shape != (1, 1)] * 3)
    assert (cosine_of(vectors, vectors) == (shape != (1, 1))).all()


def test_real_films_that_are_all_the_same_or_flat_do_not_give_nan(films: np.ndarray) -> None:
    flat = np.full_like(films[:3], 0.5)
    for real in (np.repeat(films[:1], 25, axis=0), flat, np.concatenate([flat, films[:20]])):
        fitted = fit(real, SEARCH, seed=1)
        for part in EVERY_PART:
            vectors = fitted(films[:5], PLAIN, part)
            lengths = np.linalg.norm(vectors.astype(float), axis=1)
            assert ((lengths == 0) | (abs(lengths - LENGTH) < 10)).all()


def test_the_same_films_and_seed_give_the_same_and_another_seed_another(
    films: np.ndarray,
) -> None:
    first = fit(films, SEARCH, seed=4)(films, PLAIN, 0)
    np.random.default_rng().random(3)
    assert np.array_equal(fit(films, SEARCH, seed=4)(films, PLAIN, 0), first)
    assert not np.array_equal(fit(films, SEARCH, seed=5)(films, PLAIN, 0), first)


def test_of_many_films_some_from_the_first_to_the_last_are_fitted(
    films: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discriminant, "FITTED", 10)
    assert FITTED > 10
    chosen = np.linspace(0, 39, 10).round().astype(int)
    few = fit(films[chosen], SEARCH, seed=1)
    assert np.array_equal(fit(films, SEARCH, seed=1)(films, PLAIN, 0), few(films, PLAIN, 0))


@EVERY_SETTING
def test_what_is_not_fitted_to_a_fold_does_not_depend_on_its_films(
    films: np.ndarray, new: np.ndarray, setting: Setting
) -> None:
    folds = np.arange(len(films)) % 3
    changed = films.copy()
    changed[folds == 1] = changed[folds == 1][:, ::-1]
    one, other = (discriminant.fitted(each, folds, setting, seed=1) for each in (films, changed))
    assert len(one) == 4
    for part in EVERY_PART:
        same = [
            np.array_equal(*(fitted(smooth(new), PLAIN, part) for fitted in pair))
            for pair in zip(one, other, strict=True)
        ]
        assert same == [False, False, True, False]


def test_weights_are_highest_in_the_middle_of_a_part_and_0_outside(fitted: Descriptor) -> None:
    for place, part in enumerate(PARTS):
        weights = fitted.sampler.weights(place).reshape(SIDE, SIDE)
        assert (weights**2).sum() == pytest.approx(1, abs=1e-5)
        row, column = np.unravel_index(weights.argmax(), weights.shape)
        expected = {
            "whole": (15.5, 15.5), "left": (15.5, 6.5), "right": (15.5, 24.5),
            "top": (6.5, 15.5), "bottom": (24.5, 15.5),
        }[part]  # fmt: skip
        assert (row, column) == pytest.approx(expected, abs=0.6)
    assert not fitted.sampler.weights(PARTS.index("left")).reshape(SIDE, SIDE)[:, SIDE // 2 :].any()


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), d=st.integers(1, 500), size=st.sampled_from([1e-30, 1, 1e30]))
def test_features_of_a_network_keep_their_direction(seed: int, d: int, size: float) -> None:
    rows = np.random.default_rng(seed).normal(size=(4, d)) * size
    rows[3] = 0
    vectors = quantised(rows.astype(np.float32)).astype(np.int64)
    assert not vectors[3].any()
    lengths = np.linalg.norm(vectors[:3], axis=1)
    assert np.abs(lengths - LENGTH).max() <= np.sqrt(d) / 2 + 1e-6
    wide = rows[:3].astype(np.float32).astype(np.float64)
    unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    assert np.abs(vectors[:3] / LENGTH - unit).max() <= 0.51 / LENGTH
