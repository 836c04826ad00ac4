"""The teacher: how far off, how sure, and of whom it learns."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from cxr_release.errors import SourceError
from cxr_release.film_size import Size
from cxr_release.landmarks.newcomer import EVERY, SIDE, newcomer, picture_of
from cxr_release.landmarks.points import NAMES, Points, template
from cxr_release.landmarks.report import RealFilms, about_teacher, taught
from cxr_release.landmarks.teacher import FOLDS, Taught, folds_of, teach

SIZE = Size(64, 64)


def drawn(number: int, seed: int) -> tuple[NDArray[np.uint8], Points]:
    """Films with a bright spot of its own size at each landmark, bent and moved at random."""
    chance = np.random.default_rng(seed)
    down, across = np.mgrid[0:64, 0:64] + 0.5
    films, all_points = [], []
    for _ in range(number):
        points = template(SIZE)
        bend = chance.normal(0, 0.12)
        points[:, 0] += bend * (points[:, 1] - 32) + chance.normal(0, 3)
        points[:, 1] += chance.normal(0, 2.5)
        points += chance.normal(0, 0.3, points.shape)
        film = np.zeros((64, 64))
        for place, (x, y) in enumerate(points):
            film += np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 + place % 3))
        noisy = 60 + 120 * film / film.max() + chance.normal(0, 4, film.shape)
        films.append(np.clip(noisy, 0, 255).astype(np.uint8))
        all_points.append(points)
    return np.stack(films), np.stack(all_points)


@cache
def lesson() -> tuple[RealFilms, Taught, RealFilms]:
    films, points = drawn(150, 1)
    others, truth = drawn(80, 2)
    ids = tuple(f"film-{number}" for number in range(150))
    learnt = RealFilms(ids, tuple(f"p{n // 2}" for n in range(150)), films, points)
    control = RealFilms(ids[:80], tuple(f"q{n}" for n in range(80)), others, truth)
    return learnt, taught(learnt), control


def test_it_places_points_of_other_films_far_better_than_their_mean_shape() -> None:
    learnt, teacher, control = lesson()
    about = about_teacher(learnt, teacher, control)["control"]
    assert about["errors"]["mean"] < 0.3 * about["mean_shape"]["mean"]
    assert about["errors"]["low"] <= about["errors"]["mean"] <= about["errors"]["high"]
    assert {*about["errors"]["points"]} == {*NAMES}


def test_the_stated_radius_holds_nine_points_of_ten_on_films_that_it_never_saw() -> None:
    learnt, teacher, control = lesson()
    within = about_teacher(learnt, teacher, control)["control"]["within"]
    assert 0.85 < within["mean"] < 0.95


def test_films_left_out_say_about_how_far_off_it_is_on_others() -> None:
    learnt, teacher, control = lesson()
    about = about_teacher(learnt, teacher, control)
    assert about["left_out"]["mean"] == pytest.approx(about["control"]["errors"]["mean"], rel=0.3)


def test_the_same_films_give_the_same_points_alone_or_among_others() -> None:
    _, teacher, control = lesson()
    whole = teacher.teacher.place(control.films)
    alone = teacher.teacher.place(control.films[3:4])
    assert np.allclose(alone.points[0], whole.points[3], atol=1e-9)
    assert np.allclose(alone.radius[0], whole.radius[3], atol=1e-9)


def test_a_film_unlike_any_other_has_a_wider_radius() -> None:
    _, teacher, control = lesson()
    noise = np.random.default_rng(5).integers(0, 256, (1, 64, 64), np.uint8)
    usual = teacher.teacher.place(control.films).radius.mean()
    assert teacher.teacher.place(noise).radius.mean() > 2 * usual


def test_no_patient_is_in_two_folds_and_names_alone_choose_them() -> None:
    patients = [f"p{number % 37}" for number in range(100)]
    folds = folds_of(patients)
    assert {*folds.tolist()} == {*range(FOLDS)}
    for patient in {*patients}:
        assert (
            len({int(fold) for fold, who in zip(folds, patients, strict=True) if who == patient})
            == 1
        )
    assert folds_of(patients[::-1]).tolist() == folds[::-1].tolist()


def test_points_are_pixels_of_films_of_any_size() -> None:
    films, points = drawn(60, 3)
    wide = films[:, 8:56].repeat(2, axis=1).repeat(2, axis=2)  # 96 × 128
    moved = (points - [0, 8]) * 2
    teacher = teach(wide[:40], moved[:40], [str(number) for number in range(40)]).teacher
    errors = np.linalg.norm(teacher.place(wide[40:]).points - moved[40:], axis=2)
    assert np.median(errors) < 1.5
    assert [size for size, _ in teacher.steps] == [64, 64, 128]


def test_too_few_films_teach_nothing() -> None:
    films, points = drawn(19, 4)
    few = RealFilms(tuple(map(str, range(19))), tuple(map(str, range(19))), films, points)
    with pytest.raises(SourceError, match=r"only 19 trained film"):
        taught(few)


def test_a_newcomer_s_number_is_that_of_scikit_learn() -> None:
    from sklearn.linear_model import Ridge

    films, points = drawn(60, 6)
    ids = [f"checkpoint-3-large-{number:05d}" for number in range(60)]
    pictures = np.stack(list(map(picture_of, films)))
    assert pictures.shape == (60, SIDE**2)
    said = newcomer(ids, pictures, points, None)
    assert said
    out = np.arange(60) % EVERY == 0
    model = Ridge(alpha=30.0).fit(pictures[~out], points[~out].reshape(48, -1))
    places = model.predict(pictures[out]).reshape(12, 23, 2)
    errors = np.linalg.norm(places - points[out], axis=2)
    assert said["synthetic"]["mean"] == pytest.approx(errors.mean(), abs=1e-4)
    assert (said["learnt"], said["synthetic"]["films"]) == (48, 12)
    shuffled = np.random.default_rng(0).permutation(60)
    again = newcomer([ids[n] for n in shuffled], pictures[shuffled], points[shuffled], None)
    assert again and again["synthetic"]["mean"] == said["synthetic"]["mean"]
