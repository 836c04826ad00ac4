from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.radiographs.phantoms.phantom_source import Phantom, draw_phantom

COUNT = 50
NAMES = {"C2 centroid", "C2 bottom left", "C2 bottom right"} | {
    f"{level} {edge} {side}"
    for level in ("C3", "C4", "C5", "C6", "C7")
    for edge in ("top", "bottom")
    for side in ("left", "right")
}


@pytest.fixture(scope="module")
def cohort() -> list[Phantom]:
    return [draw_phantom(index, seed=7) for index in range(COUNT)]


def positive(phantom: Phantom) -> np.ndarray:
    """Grey from 0 to 1 with bone bright, by the phantom's own truth."""
    grey = phantom.pixels / np.iinfo(phantom.pixels.dtype).max
    return 1 - grey if phantom.negative else grey


def same(one: Phantom, other: Phantom) -> bool:
    return (
        np.array_equal(one.pixels, other.pixels)
        and one.pixels.dtype == other.pixels.dtype
        and (one.name, one.patient, one.facing, one.negative, one.keypoints)
        == (other.name, other.patient, other.facing, other.negative, other.keypoints)
    )


@settings(max_examples=8, deadline=None)
@given(index=st.integers(0, 10**6), seed=st.integers(0, 2**63))
def test_a_film_is_a_pure_function_of_seed_and_index(index: int, seed: int) -> None:
    assert same(draw_phantom(index, seed=seed), draw_phantom(index, seed=seed))


def test_a_film_does_not_depend_on_those_drawn_before_it(cohort: list[Phantom]) -> None:
    for index in (COUNT - 1, 17, 3):
        assert same(draw_phantom(index, seed=7), cohort[index])


def test_another_seed_draws_another_film(cohort: list[Phantom]) -> None:
    assert not same(draw_phantom(0, seed=8), cohort[0])


def test_names_count_up(cohort: list[Phantom]) -> None:
    assert [phantom.name for phantom in cohort][:2] == ["phantom-00000", "phantom-00001"]
    assert len({phantom.name for phantom in cohort}) == COUNT


def test_two_of_every_25_films_are_negatives(cohort: list[Phantom]) -> None:
    for start in range(0, COUNT, 25):
        assert sum(phantom.negative for phantom in cohort[start : start + 25]) == 2


def test_facings_sizes_shapes_and_depths_are_mixed(cohort: list[Phantom]) -> None:
    facings = Counter(phantom.facing for phantom in cohort)
    assert 0.25 * COUNT < facings["left"] < 0.75 * COUNT
    assert facings["left"] + facings["right"] == COUNT
    depths = Counter(phantom.pixels.dtype.name for phantom in cohort)
    assert set(depths) == {"uint8", "uint16"}
    assert depths["uint8"] > depths["uint16"]
    heights, widths = zip(*(phantom.pixels.shape for phantom in cohort), strict=True)
    assert len(set(zip(heights, widths, strict=True))) > 10
    assert min(heights + widths) >= 180
    assert max(heights + widths) <= 360


def test_some_patients_have_several_films_and_most_have_one(cohort: list[Phantom]) -> None:
    films = Counter(phantom.patient for phantom in cohort[:48])
    assert 0.6 * 48 < len(films) < 0.9 * 48
    assert max(films.values()) > 1
    assert sum(count == 1 for count in films.values()) > len(films) / 2


def test_films_of_one_patient_share_the_anatomy_and_differ_in_posture() -> None:
    # Relative sizes of bodies are the patient's and survive exposure, scale and posture.
    def proportions(phantom: Phantom) -> np.ndarray:
        points = {name: np.array(point) for name, point in phantom.keypoints.items()}
        sizes = [
            np.linalg.norm(points[f"{level} top {side}"] - points[f"{level} bottom {side}"])
            for level in ("C3", "C4", "C5", "C6", "C7")
            for side in ("left", "right")
        ]
        if phantom.facing == "right":
            sizes = [sizes[k ^ 1] for k in range(len(sizes))]
        return np.array(sizes) / np.sum(sizes)

    cohort = [draw_phantom(index, seed=3) for index in range(16)]
    pairs = list(itertools.combinations(cohort, 2))
    one_patient = [(a, b) for a, b in pairs if a.patient == b.patient]
    assert one_patient
    for a, b in pairs:
        alike = np.allclose(proportions(a), proportions(b), atol=1e-9)
        assert alike == (a.patient == b.patient)
    for a, b in one_patient:
        assert a.pixels.shape != b.pixels.shape or not np.array_equal(a.pixels, b.pixels)


def test_no_two_films_look_the_same(cohort: list[Phantom]) -> None:
    def thumbnail(phantom: Phantom) -> np.ndarray:
        grey = positive(phantom)
        grey = grey[:, ::-1] if phantom.facing == "right" else grey
        rows = np.linspace(0, grey.shape[0] - 1, 32).astype(int)
        columns = np.linspace(0, grey.shape[1] - 1, 32).astype(int)
        return grey[np.ix_(rows, columns)]

    thumbnails = [thumbnail(phantom) for phantom in cohort]
    nearest = min(
        float(np.sqrt(np.mean((a - b) ** 2))) for a, b in itertools.combinations(thumbnails, 2)
    )
    assert nearest > 0.03


def test_keypoints_carry_the_names_of_csxa_and_lie_on_the_film(cohort: list[Phantom]) -> None:
    for phantom in cohort:
        height, width = phantom.pixels.shape
        assert set(phantom.keypoints) == NAMES
        for x, y in phantom.keypoints.values():
            assert 0 <= x <= width - 1
            assert 0 <= y <= height - 1


def test_keypoints_are_ordered_as_seen_on_the_film(cohort: list[Phantom]) -> None:
    for phantom in cohort:
        points = phantom.keypoints
        for name, (x, y) in points.items():
            if name.endswith("left"):
                assert x < points[name.replace("left", "right")][0]
            if " top " in name:
                assert y < points[name.replace("top", "bottom")][1]


def test_bodies_between_the_keypoints_are_brighter_than_the_discs(cohort: list[Phantom]) -> None:
    brighter = []
    for phantom in cohort:
        grey = positive(phantom)
        points = {name: np.array(point) for name, point in phantom.keypoints.items()}
        for upper, lower in itertools.pairwise(("C3", "C4", "C5", "C6")):
            body = np.mean([points[n] for n in points if n.startswith(upper)], axis=0)
            edges = [f"{upper} bottom left", f"{upper} bottom right"]
            edges += [f"{lower} top left", f"{lower} top right"]
            disc = np.mean([points[n] for n in edges], axis=0)
            brighter.append(_around(grey, body) > _around(grey, disc))
    assert np.mean(brighter) > 0.95


def test_corners_lie_on_an_edge(cohort: list[Phantom]) -> None:
    """A step inwards from a corner must be brighter than a step outwards, on the front side."""
    contrasts = []
    for phantom in cohort:
        grey = positive(phantom)
        front = phantom.facing
        points = {name: np.array(point) for name, point in phantom.keypoints.items()}
        for level in ("C3", "C4", "C5"):
            middle = np.mean([points[n] for n in points if n.startswith(level)], axis=0)
            for edge in ("top", "bottom"):
                corner = points[f"{level} {edge} {front}"]
                inwards = 0.3 * (middle - corner)
                contrasts.append(_around(grey, corner + inwards) - _around(grey, corner - inwards))
    assert np.mean(np.array(contrasts) > 0) > 0.95


def test_bone_is_brighter_than_air_on_positives_and_darker_on_negatives(
    cohort: list[Phantom],
) -> None:
    for phantom in cohort:
        grey = phantom.pixels / np.iinfo(phantom.pixels.dtype).max
        bone = np.mean([_around(grey, np.array(p)) for p in list(phantom.keypoints.values())[:9]])
        # Air lies before the throat: between chin and shoulder at the film's front side.
        rows = slice(int(0.60 * grey.shape[0]), int(0.72 * grey.shape[0]))
        column = grey[rows, :12] if phantom.facing == "left" else grey[rows, -12:]
        air = np.median(column)
        if phantom.negative:
            assert bone < air
        else:
            assert bone > air


def _around(grey: np.ndarray, point: np.ndarray) -> float:
    x, y = np.rint(point).astype(int)
    x, y = np.clip((x, y), 1, (grey.shape[1] - 2, grey.shape[0] - 2))
    return float(grey[y - 1 : y + 2, x - 1 : x + 2].mean())
