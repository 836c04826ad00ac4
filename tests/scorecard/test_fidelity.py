"""Fidelity beside its anchors, of releases whose worth is known."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from functools import cache

import numpy as np
import pytest

from cxr_release.fidelity.distance_types import FEATURES
from cxr_release.fidelity.distances import frechet_distance, overlap, reach
from cxr_release.films.film_set import FilmSet
from cxr_release.films.png import Film
from cxr_release.scorecard import fidelity
from cxr_release.scorecard import picture_features as features_module
from cxr_release.scorecard.anchors import Row, blurred, noise, rows_of
from cxr_release.scorecard.extractors import Extractor, Measured
from cxr_release.scorecard.fidelity import Fidelity, measure_fidelity
from cxr_release.scorecard.fidelity_rows import ANCHORS, lines
from cxr_release.scorecard.names import CONTROL, RELEASED, TRAINED
from cxr_release.scorecard.picture_features import features_of_pictures, picture_features
from cxr_release.scorecard.sets import ScoreSets, score_sets
from tests.support.film_arrays import film_set
from tests.support.phantom_sets import phantoms_of_patients
from tests.support.random_films import as_set, clouds

Films = list[tuple[Film, str]]


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """MS-SSIM and intervals are most of the time."""
    monkeypatch.setattr(fidelity, "PAIRS", 2)
    monkeypatch.setattr(fidelity, "BOOTSTRAP", 20)


def grainy(films: Films) -> Films:
    chance = np.random.default_rng(1)
    return [
        (np.clip(film + chance.normal(0, 25, film.shape), 0, 255).astype(np.uint8), patient)
        for film, patient in films
    ]


def film_sets(*, rename: str = "") -> dict[str, FilmSet]:
    released = [*clouds(50, seed=3), *grainy(clouds(50, seed=4))]
    return {
        TRAINED: as_set(f"trained{rename}", clouds(60, seed=1, films=2)),
        CONTROL: as_set(f"control{rename}", clouds(60, seed=2)),
        RELEASED: as_set(f"drawn{rename}", released),
    }


def sets_of(films: dict[str, FilmSet]) -> ScoreSets:
    names = sorted(films[RELEASED].homes)
    drawn = {film: "good" if place < 50 else "grainy" for place, film in enumerate(names)}
    return score_sets(films[TRAINED], films[CONTROL], films[RELEASED], checkpoint_of=drawn)


@cache
def measured() -> tuple[Fidelity, ScoreSets]:
    sets = sets_of(film_sets())
    return measure_fidelity(sets), sets


def test_releases_come_in_the_order_of_their_worth_and_copies_are_as_good_as_real() -> None:
    result, _ = measured()
    scores = result.scores()
    assert list(scores) == ["release", "good", "grainy", "ideal", "copies"]
    assert scores["ideal"] >= 90  # type: ignore[operator]
    assert scores["copies"] >= 90  # type: ignore[operator]
    assert scores["good"] >= 85  # type: ignore[operator]
    assert scores["grainy"] < scores["release"] < scores["good"]  # type: ignore[operator]
    told = result.measures["classifier two-sample AUC", FEATURES]
    assert told["ideal"].value == pytest.approx(0.5, abs=0.1)
    assert told["noise"].value > 0.98
    distances = result.measures["Fréchet distance", FEATURES]
    assert distances["noise"].value > 10 * distances["grainy"].value
    assert result.why_not == ()


def test_the_report_has_a_row_for_each_measure_and_names_nobody() -> None:
    result, _ = measured()
    report = json.loads(json.dumps(result.report(), allow_nan=False))
    assert {row["of"] for row in report} == {"release", "good", "grainy"}
    assert {row["films"] for row in report} == {50}
    assert {row["reference"] for row in report} == {60}
    assert {row["reference_of"] for row in report} == {"control"}
    assert len(report) == 3 * 6
    for row in report:
        low, high = row["interval"]
        assert low <= row["value"] <= high
        assert all(isinstance(row[name], float) for name in ANCHORS)
    better = {row["metric"]: row["better"] for row in report}
    assert [name for name, which in better.items() if which == "higher"] == [
        "coverage",
        "density",
        "precision",
    ]
    text = json.dumps(report)
    assert "trained-0" not in text
    assert "drawn-0" not in text
    shown = list(lines(report))
    assert shown[0] == "fidelity: 50 films of each against 60 control films"
    assert len(shown) == 7
    assert all(name in shown[1] for name in ("release", "good", *ANCHORS))


def test_measures_are_those_of_the_films_of_each_row() -> None:
    result, sets = measured()
    rows = rows_of(sets, np.arange(len(sets.released)))
    assert rows is not None
    real = features_of_pictures(sets.control.pictures)
    owners = {row.name: {*row.patients(0)} for row in rows.rows}
    assert not owners["ideal"] & owners["copies"]
    for row in rows.rows:
        assert {len(places) for places in row.draws} == {50}
        drawn = [features_of_pictures(row.pictures(draw)) for draw in range(len(row.draws))]
        expected = np.mean([frechet_distance(each, real) for each in drawn])
        found = result.measures["Fréchet distance", FEATURES][row.name]
        assert found.value == pytest.approx(expected)
        shares = [overlap(each, real, real_reach=reach(real)) for each in drawn]
        for metric in ("coverage", "density", "precision"):
            value = result.measures[metric, FEATURES][row.name].value
            assert value == pytest.approx(np.mean([getattr(each, metric) for each in shares]))
    assert [len(row.draws) for row in rows.rows] == [2, 1, 1, 1, 1, 1, 1]


def test_names_of_films_change_nothing() -> None:
    sets = sets_of(film_sets(rename="-other"))
    again = measure_fidelity(sets, features=picture_features(sets))
    assert json.dumps(again.report()) == json.dumps(measured()[0].report())


def test_without_control_films_half_of_the_trained_ones_are_the_reference() -> None:
    released = as_set("drawn", clouds(40, seed=3))
    sets = score_sets(as_set("trained", clouds(60, seed=1, films=2)), None, released)
    assert len(sets.control) == 0
    assert sets.without_patient == {"trained": 0, "control": 0}
    rows = rows_of(sets, np.arange(40))
    assert rows is not None
    shown = {row.name: {*row.patients(0)} for row in (rows.reference, *rows.rows)}
    assert not shown["reference"] & (shown["ideal"] | shown["copies"])
    result = measure_fidelity(sets)
    assert {row["reference_of"] for row in result.report()} == {"trained"}
    assert result.scores()["copies"] >= 85  # type: ignore[operator]
    assert next(lines(result.report())) == "fidelity: 30 films of each against 60 trained films"


def test_few_films_are_not_measured_and_a_small_checkpoint_has_no_row() -> None:
    trained = as_set("trained", clouds(20, seed=1))
    few = measure_fidelity(score_sets(trained, None, as_set("drawn", clouds(40, seed=3))))
    assert few.report() == []
    assert set(few.scores().values()) == {None}
    assert "fewer than 10 films" in few.why_not[0]
    assert list(lines([])) == ["fidelity: not measured, for there are too few films"]
    released = as_set("drawn", clouds(45, seed=3))
    drawn = {film: "6" if place < 30 else "release" for place, film in enumerate(released.homes)}
    sets = score_sets(trained, as_set("control", clouds(20, seed=2)), released, checkpoint_of=drawn)
    assert list(sets.checkpoints) == ["6", "checkpoint release"]
    result = measure_fidelity(sets)
    assert list(result.scores()) == ["release", "6", "ideal", "copies"]
    assert result.why_not == (
        "fidelity: checkpoint release has fewer than 20 films, and no row of its own",
    )


def test_what_real_films_and_noise_score_alike_gives_no_number() -> None:
    grey = {f"{place:03d}": np.full((32, 32), place, np.uint8) for place in range(120)}
    names = list(grey)

    def part(name: str, start: int, stop: int) -> FilmSet:
        some = {f"{name}-{film}": grey[film] for film in names[start:stop]}
        return film_set(name, some, {film: film for film in some})

    sets = score_sets(part("trained", 0, 40), part("control", 40, 80), part("drawn", 80, 120))
    result = measure_fidelity(sets)
    json.dumps(result.report(), allow_nan=False)
    for score in result.scores().values():
        assert score is None or 0 <= score <= 100


def test_of_a_large_release_a_part_is_taken_and_of_a_rare_checkpoint_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sets = sets_of(film_sets())
    monkeypatch.setattr(features_module, "MOST", 40)
    monkeypatch.setattr(features_module, "OF_CHECKPOINT", 30)
    rare = dataclasses.replace(
        sets, checkpoints={"often": np.arange(65), "rare": np.arange(65, 100)}
    )
    known = picture_features(rare)
    assert len(known.pooled) == 40
    assert 40 < len(known.places) < 100
    assert (known.places >= 65).sum() >= 30
    np.testing.assert_array_equal(
        known.released, features_of_pictures(sets.released.pictures[known.places])
    )
    rows = rows_of(rare, known.places, known.pooled)
    assert rows is not None
    assert rows.left_out == ()
    pool = set(known.places[known.pooled])
    release, often, other = rows.rows[:3]
    assert set(release.draws[0]) <= pool
    assert all(place < 65 for place in often.draws[0])
    assert all(place >= 65 for place in other.draws[0])
    np.testing.assert_array_equal(
        release.features(0, known), features_of_pictures(release.pictures(0))
    )


def test_extractors_read_whole_films_and_have_rows_of_their_own() -> None:
    films = {
        TRAINED: as_set("trained", clouds(20, seed=1)),
        CONTROL: as_set("control", clouds(20, seed=2)),
        RELEASED: as_set("drawn", clouds(40, seed=3)),
    }
    drawn = {film: str(place // 20) for place, film in enumerate(films[RELEASED].homes)}
    sets = score_sets(films[TRAINED], films[CONTROL], films[RELEASED], checkpoint_of=drawn)
    seen: list[tuple[int, ...]] = []

    def greys(films: Iterable[Film]) -> np.ndarray:
        every = list(films)
        seen.extend(film.shape for film in every)
        return np.array([[film.mean(), film.std()] for film in every])

    def distance(
        row: Row, drawn: np.ndarray, reference: Row, real: np.ndarray
    ) -> dict[str, Measured]:
        assert (len(drawn), len(real)) == (row.films, reference.films)
        return {"distance": Measured(float(abs(drawn.mean() - real.mean())))}

    extractors = [Extractor(name, greys, distance) for name in ("first", "second")]
    result = measure_fidelity(sets, extractors=extractors, films=films)
    assert set(seen) == {(32, 32)}
    rows = [row for row in result.report() if row["metric"] == "distance"]
    assert {(row["features"], row["of"]) for row in rows} == {
        (name, of) for name in ("first", "second") for of in ("release", "0", "1")
    }
    assert {(row["interval"], row["better"]) for row in rows} == {(None, "lower")}
    assert "distance (second; lower is better): release" in "\n".join(lines(result.report()))
    with pytest.raises(ValueError, match="films"):
        measure_fidelity(sets, extractors=extractors)


@pytest.mark.long
def test_phantoms_of_other_patients_score_as_copies_do_and_a_classifier_sees_blur() -> None:
    drawn = phantoms_of_patients(960)
    trained, control = as_set("trained", drawn[:600]), as_set("control", drawn[600:720])
    others = drawn[720:]
    soft = [(blurred(film, "0"), patient) for film, patient in others]
    scores = {}
    for name, films in (("ideal", others), ("copies", drawn[:240]), ("blurred", soft)):
        result = measure_fidelity(score_sets(trained, control, as_set("drawn", films)))
        told = result.measures["classifier two-sample AUC", FEATURES]
        assert told["ideal"].value == pytest.approx(0.5, abs=0.1)
        assert told["blurred"].value >= 0.9
        for score in ("ideal", "copies"):
            assert result.scores()[score] >= 90  # type: ignore[operator]
        scores[name] = result.scores()["release"]
    assert scores["ideal"] >= 90  # type: ignore[operator]
    assert scores["copies"] >= 90  # type: ignore[operator]
    assert scores["blurred"] <= 75  # type: ignore[operator]


def test_anchors_are_made_of_a_film_at_its_own_size() -> None:
    film = np.zeros((128, 256), np.uint8)
    film[64, 128] = 250
    soft = blurred(film, "0")
    rows, columns = (soft.astype(float).sum(axis=axis) for axis in (1, 0))
    spread = [
        np.sqrt(np.average((np.arange(len(sums)) - sums.argmax()) ** 2, weights=sums))
        for sums in (rows, columns)
    ]
    assert spread[1] > 1.5 * spread[0]
    grain = noise(film, "ab")
    assert grain.shape == film.shape
    assert np.array_equal(grain, noise(film, "ab"))
    assert not np.array_equal(grain, noise(film, "ac"))
    assert grain.mean() == pytest.approx(127.5, abs=3)
