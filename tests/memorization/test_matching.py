"""Films searched, aligned and compared: copies are found in their view and pose."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.memorization import discriminant, search
from cxr_release.memorization.comparer import cosine_of, each_in_view
from cxr_release.memorization.matching import Matcher, numbers
from cxr_release.memorization.parallel import in_parallel
from cxr_release.memorization.poses import Poses, looks, pose_of, read_pose
from cxr_release.memorization.scores import Matches
from cxr_release.memorization.search import Slots
from cxr_release.schemas import PARTS, VIEWS
from tests.support.copies import moved
from tests.support.matched import small_pictures
from tests.support.phantom_sets import phantoms

FILMS = 30
GROUPS = np.arange(FILMS) // 2
"""Two films of each patient."""


@pytest.fixture(scope="module", autouse=True)
def fewer_draws() -> Iterator[None]:
    """Each fit takes seconds otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discriminant, "DRAWS", 300)
        yield


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(small_pictures(phantoms()[:FILMS]), GROUPS, seed=1)


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    """Films that copy nobody, and copies of the first five."""
    return small_pictures([*phantoms()[60:72], *(moved(film, 2, 0.97) for film in phantoms()[:5])])


@pytest.mark.parametrize("view", range(len(VIEWS)))
@pytest.mark.parametrize(
    "pose", [pose_of(), pose_of(3), pose_of(0, 0.93), pose_of(0, 1, 0.03, -0.02)],
    ids=["plain", "turned", "cropped", "shifted"],
)  # fmt: skip
def test_a_copy_is_found_in_its_view_and_pose(matcher: Matcher, view: int, pose: Poses) -> None:
    places = [4, 17, 28]
    read = read_pose(pose)
    copies = [moved(phantoms()[place], read.turn, read.scale, read.right, read.down)
              for place in places]  # fmt: skip
    copies = [film[:, ::-1] if view & 1 else film for film in copies]
    copies = [255 - film if view & 2 else film for film in copies]
    found, _ = matcher.match(small_pictures([np.ascontiguousarray(film) for film in copies]))
    assert found.real[:, 0].tolist() == places
    assert found.view[:, 0].tolist() == [view] * 3
    assert found.cosine[:, 0].min() > 0.9
    for result in map(read_pose, found.pose[:, 0]):
        assert result.turn == pytest.approx(read.turn, abs=0.5)
        assert result.scale == pytest.approx(read.scale, abs=0.015)
        assert (result.right, result.down) == pytest.approx((read.right, read.down), abs=0.006)
    assert (found.score[:, 0] > matcher.baseline.score[:, 0].max()).all()


def test_an_identical_film_has_the_cosine_1_in_the_plain_pose(matcher: Matcher) -> None:
    found, _ = matcher.match(small_pictures(phantoms()[:FILMS]))
    assert found.real[:, 0].tolist() == list(range(FILMS))
    assert (found.cosine[:, 0] == 1).all()
    assert not found.view[:, 0].any()
    for pose in map(read_pose, found.pose[:, 0]):
        assert pose.turn == pytest.approx(0, abs=0.05)
        assert pose.scale == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize(("part", "half"), [("left", np.s_[:, :32]), ("top", np.s_[:32])])
def test_a_film_of_which_a_half_is_another_s_is_found_by_that_half(
    matcher: Matcher, part: str, half: tuple[slice, ...]
) -> None:
    hosts = [film.copy() for film in phantoms()[60:63]]
    places = [3, 12, 21]
    for host, place in zip(hosts, places, strict=True):
        host[half] = phantoms()[place][half]
    found, _ = matcher.match(small_pictures(hosts))
    assert found.real[:, 0].tolist() == places
    assert [PARTS[place] for place in found.part[:, 0]] == [part] * 3
    assert found.cosine[:, 0].min() > 0.95


def test_real_films_are_not_held_against_those_of_their_patient(matcher: Matcher) -> None:
    baseline = matcher.baseline
    assert len(baseline) == FILMS
    assert (GROUPS[baseline.real] != GROUPS[:, None]).all()
    assert (baseline.real[:, 0] != baseline.real[:, 1]).all()
    assert (np.diff(baseline.score, axis=1) <= 0).all()
    # Deviations of just these films: their median is 0, whole or by a half.
    assert abs(np.median(baseline.score)) < 2


def arrays(matches: Matches) -> dict[str, bytes]:
    return {field.name: getattr(matches, field.name).tobytes() for field in fields(matches)}


TUNING = np.array([0, 2, 3, *range(5, FILMS)])


@pytest.fixture(scope="module")
def split() -> Matcher:
    """Of films of which two are held out."""
    return Matcher(small_pictures(phantoms()[:FILMS]), GROUPS, seed=1, tuning=TUNING)


def test_neither_blocks_nor_threads_matter(
    split: Matcher, drawn: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made anew, from the fit to the last comparison."""
    straight = split.match(drawn)
    for cores, block, tile in ((1, 256, 2**20), (2, 7, 100)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        monkeypatch.setattr(search, "BLOCK", block)
        monkeypatch.setattr(search, "TILE", tile)
        monkeypatch.setitem(in_parallel.__kwdefaults__, "step", block)
        again = Matcher(small_pictures(phantoms()[:FILMS]), GROUPS, seed=1, tuning=TUNING)
        assert arrays(again.baseline) == arrays(split.baseline)
        for one, other in zip(straight, again.match(drawn), strict=True):
            assert arrays(one) == arrays(other)


def test_the_films_around_a_film_do_not_matter(matcher: Matcher, drawn: np.ndarray) -> None:
    straight, _ = matcher.match(drawn)
    order = np.random.default_rng(1).permutation(len(drawn))[:9]
    some, _ = matcher.match(drawn[order])
    for field in fields(Matches):
        assert np.array_equal(getattr(some, field.name), getattr(straight, field.name)[order])


def test_the_tuning_part_is_searched_by_itself_too(split: Matcher, drawn: np.ndarray) -> None:
    """Copies of films outside of it are not found in it."""
    every, within = split.match(drawn)
    assert np.isin(within.real, TUNING).all()
    assert every.real.shape == within.real.shape == (len(drawn), 2)
    copies = np.arange(len(drawn) - 5, len(drawn))
    assert every.real[copies, 0].tolist() == [0, 1, 2, 3, 4]
    outside = copies[[1, 4]]
    assert (within.score[outside, 0] < every.score[outside, 0] - 2).all()
    same = np.isin(every.real, TUNING).all(axis=1)
    assert same.sum() > 5
    for field in fields(Matches):
        assert np.array_equal(getattr(within, field.name)[same], getattr(every, field.name)[same])
    whole = Matcher(
        small_pictures(phantoms()[:FILMS]), GROUPS, seed=1, tuning=np.arange(FILMS)
    ).match(drawn)
    assert arrays(whole[0]) == arrays(whole[1])


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_no_film_scores_higher_in_a_part_than_among_all(seed: int, split: Matcher) -> None:
    """Films of noise and flat areas, in which the search and the comparison disagree most."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 256, (12, 8, 8)).astype(np.uint8)
    films = np.kron(coarse, np.ones((8, 8), np.uint8))
    every, within = split.match(films)
    assert (every.score[:, 0] >= within.score[:, 0]).all()
    assert (every.real[:, 0] != every.real[:, 1]).all()
    assert (np.diff(every.score, axis=1) <= 0).all()


def test_what_another_search_found_is_compared_too(matcher: Matcher, drawn: np.ndarray) -> None:
    """It does not count as found by its own score, only by what it looks like aligned."""
    straight, _ = matcher.match(drawn)
    last = np.full((len(drawn), 1), FILMS - 1, np.int32)
    zeros = np.zeros(last.shape, np.int8)
    slots = Slots(np.full(last.shape, 99, np.float32), last, zeros, zeros)
    found, _ = matcher.match(drawn, also=(slots, slots))
    assert (found.real == FILMS - 1).any(axis=1).all()
    copies = np.arange(len(drawn) - 5, len(drawn))
    assert np.array_equal(found.real[copies, 0], straight.real[copies, 0])
    assert np.array_equal(found.score[copies, 0], straight.score[copies, 0])
    low = Slots(np.full(last.shape, -np.inf, np.float32), last, zeros, zeros)
    assert arrays(matcher.match(drawn, also=(low, low))[0]) == arrays(straight)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_real_films(count: int) -> None:
    few = Matcher(small_pictures(phantoms()[:count]), np.arange(count), seed=1)
    found, _ = few.match(small_pictures([phantoms()[0], phantoms()[60]]))
    assert (found.real >= 0).sum(axis=1).tolist() == [min(count, 2)] * 2
    assert found.real[0, 0] == 0
    assert found.cosine[0, 0] == 1
    there = few.baseline.real >= 0
    assert there.sum(axis=1).tolist() == [min(count - 1, 2)] * count
    for matches in (found, few.baseline):
        assert np.array_equal(np.isfinite(matches.score), matches.real >= 0)
        assert np.array_equal(np.isfinite(matches.cosine), matches.real >= 0)
        assert np.isfinite(matches.pose).all()


def test_films_of_one_patient_alone_have_no_baseline() -> None:
    alone = Matcher(small_pictures(phantoms()[:3]), np.zeros(3, int), seed=1)
    assert (alone.baseline.real == -1).all()
    assert np.isneginf(alone.baseline.score).all()


def test_noise_and_flat_films_give_numbers(matcher: Matcher) -> None:
    chance = np.random.default_rng(1)
    noise = chance.integers(0, 256, (3, 64, 64)).astype(np.uint8)
    flat = np.full((2, 64, 64), 77, np.uint8)
    found, _ = matcher.match(np.concatenate([noise, flat]))
    assert np.isfinite(found.pose).all()
    assert np.isfinite(found.score).all()
    assert (np.abs(found.cosine) <= 1).all()
    assert (found.cosine[3:] == 0).all()
    assert found.score.max() < matcher.baseline.score.max() + 5


def test_plain_vectors_are_those_of_whole_films_as_they_are(matcher: Matcher) -> None:
    films = small_pictures(phantoms()[:4])
    vectors = matcher.plain(films)
    assert vectors.shape[0] == 4
    wide = vectors.astype(np.int64)
    assert (cosine_of(wide, wide) == 1).all()
    assert np.array_equal(matcher.plain(films[2:3])[0], vectors[2])


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), d=st.integers(1, 9))
def test_cosines_of_integer_vectors(seed: int, d: int) -> None:
    one, other = np.random.default_rng(seed).integers(-3, 4, (2, 6, d))
    for row, found in enumerate(cosine_of(one, other)):
        lengths = np.linalg.norm(one[row]) * np.linalg.norm(other[row])
        expected = one[row] @ other[row] / lengths if lengths else 0
        assert found == pytest.approx(expected, abs=5.1e-7)
        assert -1 <= found <= 1
        assert not np.signbit(found) or found < 0


def test_views_are_bits() -> None:
    pictures = np.random.default_rng(1).random((2, 5, 4)).astype(np.float32)
    for place, view in enumerate(VIEWS):
        expected = pictures[:, :, ::-1] if "mirrored" in view else pictures
        expected = -expected if "inverted" in view else expected
        views = np.full(len(pictures), place, np.int8)
        shown = each_in_view(pictures, views)
        assert np.array_equal(shown, expected)


def test_equal_names_have_equal_numbers() -> None:
    found = numbers(["b", "a", "b", "é\n", "", "a"])
    assert found.tolist() == [2, 1, 2, 3, 0, 1]
    assert len(looks()) > 40


def test_films_that_are_not_fitted_have_no_part_in_the_vectors() -> None:
    """Those held out are as new to the descriptors as synthetic films are."""
    films = small_pictures(phantoms()[:12])
    fitted = np.arange(0, 12, 2)
    changed = films.copy()
    changed[1::2] = changed[1::2][::-1]
    alike = np.zeros(12, int)  # films of one patient are not compared with each other
    one, other = (Matcher(real, alike, seed=1, tuning=fitted) for real in (films, changed))
    assert np.array_equal(one.plain(films), other.plain(films))
    every = Matcher(films, alike, seed=1)
    assert not np.array_equal(one.plain(films), every.plain(films))
