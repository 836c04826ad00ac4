import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cxr_release.films.png import Film
from cxr_release.radiographs.facing import (
    FEWEST,
    CohortFacings,
    Detector,
    detector_of,
    find_facings,
    mixed,
)
from cxr_release.radiographs.orient import check_detector
from cxr_release.radiographs.phantoms.phantom_source import Phantom
from cxr_release.radiographs.resample import SIDE, Thumbnail, mirror, resample, thumbnails
from tests.support.quick_fits import quick_fits


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
    assert find_facings(small, left(truth)[:anchors]).facings == truth


FLAGS = st.lists(st.booleans(), min_size=32, max_size=32)


@settings(max_examples=2, deadline=None)
@given(FLAGS)
def test_mirroring_a_film_turns_its_facing(
    small: Thumbnail, truth: list[str], flags: list[bool]
) -> None:
    expect_turned(small, truth, flags)


# On a busy machine 200 examples take longer than a test may; the runner's end of a test is an
# exception like others to Hypothesis, which calls it "flaky" when the input passes later.
@pytest.mark.long
@pytest.mark.timeout(1800)
@settings(max_examples=200, deadline=None)
@given(FLAGS)
def test_mirroring_any_films_turns_their_facing(
    small: Thumbnail, truth: list[str], flags: list[bool]
) -> None:
    """With an eighth of the films that are mixed: they bear on how well facings are found, which
    other tests tell, and not on what mirroring does.
    """
    with quick_fits():
        expect_turned(small, truth, flags)


def expect_turned(small: Thumbnail, truth: list[str], flags: list[bool]) -> None:
    turned = np.where(np.array(flags)[:, None, None], small[:, :, ::-1], small)
    other = {"left": "right", "right": "left"}
    expected = [
        other[facing] if flag else facing for facing, flag in zip(truth, flags, strict=True)
    ]
    if "left" in expected:
        assert find_facings(turned, left(expected)[:3]).facings == expected


@pytest.fixture(scope="module")
def borderline(small: Thumbnail) -> Thumbnail:
    """So much grain that facings of some of them hang on the noise that is mixed from them."""
    grain = np.random.default_rng(1).normal(0, 220, small.shape)
    return np.round(small + grain).astype(np.float32)


@pytest.fixture(scope="module")
def straight(borderline: Thumbnail, truth: list[str]) -> CohortFacings:
    """What is found of them, six of which are listed."""
    return find_facings(borderline, left(truth)[:6])


@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_either_end_of_an_eigenvector_gives_the_same_facings(
    borderline: Thumbnail,
    straight: CohortFacings,
    truth: list[str],
    signs: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which one LAPACK returns depends on its build and on its threads."""
    remaining, eigh = iter(signs), np.linalg.eigh

    def turned_eigh(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        values, vectors = eigh(matrix)
        return values, next(remaining) * vectors

    monkeypatch.setattr(np.linalg, "eigh", turned_eigh)
    assert find_facings(borderline, left(truth)[:6]) == straight
    assert next(remaining, None) is None  # both halves of the cohort were turned


@pytest.mark.parametrize(
    "seeds", [range(1), pytest.param(range(1, 5), marks=pytest.mark.long)], ids=["one", "more"]
)
def test_mirroring_films_of_doubtful_facing_turns_their_facings(
    borderline: Thumbnail, truth: list[str], seeds: range
) -> None:
    straight = find_facings(borderline, left(truth)[:1]).unaided
    other = {"left": "right", "right": "left", None: None}
    for seed in seeds:
        flags = np.random.default_rng(seed).random(len(truth)) < 0.5
        turned = np.where(flags[:, None, None], borderline[:, :, ::-1], borderline)
        first = flags[left(truth)[0]]  # the film that says which side is left
        assert find_facings(turned, left(truth)[:1]).unaided == [
            other[facing] if flag != first else facing
            for facing, flag in zip(straight, flags, strict=True)
        ]


def test_one_wrongly_marked_film_does_not_turn_the_cohort(
    small: Thumbnail, truth: list[str]
) -> None:
    wrong = truth.index("right")
    cohort = find_facings(small, [*left(truth)[:4], wrong])
    assert cohort.facings[wrong] == "left"  # somebody said so
    assert cohort.contrary == [wrong]
    assert [facing for at, facing in enumerate(cohort.facings) if at != wrong] == [
        facing for at, facing in enumerate(truth) if at != wrong
    ]


def test_films_listed_both_ways_settle_nothing(small: Thumbnail, truth: list[str]) -> None:
    listed = [left(truth)[0], truth.index("right")]
    cohort = find_facings(small, listed)
    assert [cohort.facings[at] for at in listed] == ["left", "left"]
    assert cohort.facings.count(None) == len(truth) - 2


def test_too_few_films_show_nothing(small: Thumbnail, truth: list[str]) -> None:
    cohort = find_facings(small[: FEWEST - 1], [left(truth)[0]])
    assert cohort.facings.count(None) == FEWEST - 2
    assert detector_of(small[: FEWEST - 1]) is None


def test_films_that_share_no_side_are_unknown() -> None:
    chance = np.random.default_rng(3)
    for films in (FEWEST, 40):
        grain = chance.normal(128, 40, (films, SIDE, SIDE)).astype(np.float32)
        assert find_facings(grain, [0]).facings == ["left"] + [None] * (films - 1)
    even = np.full((FEWEST, SIDE, SIDE), 7, np.float32)
    assert find_facings(even, [0]).facings.count(None) == FEWEST - 1


@pytest.fixture(scope="module")
def turned(small: Thumbnail, truth: list[str]) -> Thumbnail:
    """All of them facing left."""
    right = np.array([facing == "right" for facing in truth])
    return np.where(right[:, None, None], small[:, :, ::-1], small)


@pytest.fixture(scope="module")
def detector(turned: Thumbnail) -> Detector:
    """Made from half of them: the other half it has not seen."""
    made = detector_of(turned[:16])
    assert made is not None
    return made


def test_new_films_are_told_apart(detector: Detector, turned: Thumbnail) -> None:
    assert detector.facings(turned[16:]) == ["left"] * 16
    assert detector.facings(turned[16:, :, ::-1]) == ["right"] * 16
    surely = detector.leanings(turned)
    np.testing.assert_allclose(detector.leanings(turned[:, :, ::-1]), -surely, atol=1e-5)


def poor(small: Thumbnail, grain: float, contrast: float, blur: int) -> Thumbnail:
    chance = np.random.default_rng(1)
    soft = small
    for _ in range(blur):
        padded = np.pad(soft, ((0, 0), (1, 1), (1, 1)), "edge")
        soft = (
            sum(  # type: ignore[assignment]
                padded[:, down : down + SIDE, across : across + SIDE]
                for down in range(3)
                for across in range(3)
            )
            / np.float32(9)
        )
    noise = chance.normal(0, grain, small.shape)
    return np.round(120 + contrast * (soft - 120) + noise).astype(np.float32)


@pytest.mark.parametrize(
    ("grain", "contrast", "blur"), [(15, 1, 0), (3, 0.1, 0), (0, 1, 20), (0, 0.03, 0), (10, 0.5, 8)]
)
def test_poor_films_are_told_apart_or_unknown(
    detector: Detector, turned: Thumbnail, grain: float, contrast: float, blur: int
) -> None:
    films = poor(turned[16:], grain, contrast, blur)
    assert "right" not in detector.facings(films)
    assert "left" not in detector.facings(films[:, :, ::-1])


def two_jaws(small: Thumbnail) -> Thumbnail:
    films = small.copy()
    films[:, :, SIDE // 2 :] = films[:, :, SIDE // 2 - 1 :: -1]
    return films


def test_films_that_face_neither_way_are_unknown(detector: Detector, turned: Thumbnail) -> None:
    flat = np.full((1, SIDE, SIDE), 7, np.float32)
    grain = np.random.default_rng(2).normal(128, 40, (50, SIDE, SIDE)).astype(np.float32)
    both = (turned + turned[:, :, ::-1]) / 2
    half = mixed(turned[16:], 200, share=0.5, seed=77)
    assert set(detector.facings(flat)) == set(detector.facings(both)) == {None}
    assert detector.facings(two_jaws(turned)).count(None) >= 28
    assert detector.facings(grain).count(None) >= 49
    assert detector.facings(half).count(None) >= 190


def test_a_negative_is_unknown(detector: Detector, turned: Thumbnail) -> None:
    """Its grey values lean to the wrong side."""
    assert set(detector.facings(255 - turned)) == {None}


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_no_side_is_favoured(
    turned: Thumbnail, detector: Detector, share: float, seed: int
) -> None:
    films = mixed(turned[16:], 16, share=share, seed=seed)
    other = {"left": "right", "right": "left", None: None}
    assert detector.facings(films[:, :, ::-1]) == [
        other[facing] for facing in detector.facings(films)
    ]


def test_mixed_films_have_their_share() -> None:
    bright = np.concatenate(
        [np.full((3, SIDE, SIDE // 2), 255.0), np.zeros((3, SIDE, SIDE // 2))], axis=2
    ).astype(np.float32)
    for share in (0.25, 0.5, 0.75):
        films = mixed(bright, 300, share=share, seed=0)
        assert films[:, :, : SIDE // 2].mean() / 255 == pytest.approx(share, abs=0.03)


def test_a_detector_is_measured(detector: Detector, turned: Thumbnail) -> None:
    report = check_detector(detector, turned[:16])
    assert report["references"] == 16
    assert report["source"] == {"films": 16, "wrong": 0, "unknown": 0}
    assert report["poor"]["wrong"] <= 10
    assert report["neither"]["unknown"] >= 970
    assert check_detector(None, turned[:3])["source"] is None
    assert check_detector(None, None)["references"] == 0


def test_facing_needs_a_marked_film(small: Thumbnail) -> None:
    with pytest.raises(ValueError, match="at least one film"):
        find_facings(small, [])


def test_mirrored_pixels_are_contiguous(noise: Film) -> None:
    np.testing.assert_array_equal(mirror(mirror(noise)), noise)
    assert mirror(noise).flags.c_contiguous
