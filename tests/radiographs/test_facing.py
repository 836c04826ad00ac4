import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.radiographs.facing import facing_of, find_facings, leanings, reference_of
from cxr_release.radiographs.phantoms.cohort import Phantom
from cxr_release.radiographs.png import Film
from cxr_release.radiographs.resample import mirror, resample
from cxr_release.radiographs.thumbnail import SIDE, Thumbnail, thumbnails


@pytest.fixture(scope="module")
def small(positives: list[Film]) -> Thumbnail:
    return thumbnails(resample(film, 64, "stretch") for film in positives)


@pytest.fixture(scope="module")
def truth(phantoms: list[Phantom]) -> list[str]:
    return [phantom.facing for phantom in phantoms]


def left(truth: list[str]) -> list[int]:
    return [index for index, facing in enumerate(truth) if facing == "left"]


@pytest.mark.parametrize("anchors", [1, 3, 8])
def test_a_few_marked_films_settle_all(small: Thumbnail, truth: list[str], anchors: int) -> None:
    assert find_facings(small, left(truth)[:anchors]) == truth


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=32, max_size=32))
def test_mirroring_a_film_turns_its_facing(
    small: Thumbnail, truth: list[str], flags: list[bool]
) -> None:
    turned = np.where(np.array(flags)[:, None, None], small[:, :, ::-1], small)
    other = {"left": "right", "right": "left"}
    expected = [
        other[facing] if flag else facing for facing, flag in zip(truth, flags, strict=True)
    ]
    if "left" in expected:
        assert find_facings(turned, left(expected)[:3]) == expected


def test_one_wrongly_marked_film_does_not_turn_the_cohort(
    small: Thumbnail, truth: list[str]
) -> None:
    wrong = truth.index("right")
    found = find_facings(small, [*left(truth)[:4], wrong])
    assert found[wrong] == "left"  # somebody said so
    assert [one for at, one in enumerate(found) if at != wrong] == [
        one for at, one in enumerate(truth) if at != wrong
    ]


def test_new_films_are_turned_by_the_reference(small: Thumbnail, truth: list[str]) -> None:
    reference = reference_of(small[left(truth)[:6]])
    assert facing_of(small, reference) == truth
    surely = leanings(small, reference)
    assert np.abs(surely).min() > 0.3
    np.testing.assert_allclose(leanings(small[:, :, ::-1], reference), -surely, atol=1e-6)


def test_what_cannot_be_told_leans_to_no_side(small: Thumbnail, truth: list[str]) -> None:
    reference = reference_of(small[left(truth)])
    even = small + small[:, :, ::-1]
    assert np.abs(leanings(even, reference)).max() < 1e-3
    flat = np.full((1, SIDE, SIDE), 7, np.float32)
    assert leanings(flat, reference)[0] == 0


def test_facing_needs_a_marked_film(small: Thumbnail) -> None:
    with pytest.raises(ValueError, match="at least one film"):
        find_facings(small, [])


def test_mirrored_pixels_are_contiguous(noise: Film) -> None:
    np.testing.assert_array_equal(mirror(mirror(noise)), noise)
    assert mirror(noise).flags.c_contiguous
