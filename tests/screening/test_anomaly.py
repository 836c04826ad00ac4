from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import CxrReleaseError
from cxr_release.films.png import Film
from cxr_release.screening import anomaly
from cxr_release.screening.anomaly import Model
from cxr_release.screening.corruptions import FAULTS, plant
from tests.support.prescreen_films import phantoms

Films = list[tuple[str, Film]]


def fit(films: Iterable[tuple[str, Film]]) -> Model:
    pairs = list(films)
    looks = anomaly.look(film for _, film in pairs)
    return anomaly.fit([patient for patient, _ in pairs], looks)


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(phantoms())


@pytest.fixture(scope="module")
def mixed() -> list[Film]:
    """Good films and spoilt ones."""
    good = [film for _, film in phantoms()[:20]]
    spoilt = [
        plant(fault, good[place], np.random.default_rng(place))
        for place, fault in enumerate(FAULTS)
    ]
    return [*good, *spoilt, np.zeros((16, 16), np.uint8), np.full((90, 70), 255, np.uint8)]


def areas(model: Model, films: Films) -> dict[str, float]:
    """Share of pairs in which a spoilt film is doubted more than a sound one, by fault."""
    found = {}
    for fault in FAULTS:
        spoilt = (
            plant(fault, film, np.random.default_rng([7, place]))
            for place, (_, film) in enumerate(films)
        )
        scores = model.scores(spoilt, [patient for patient, _ in films])
        found[fault] = float((scores[:, None] > model.held_out).mean())
    return found


def test_planted_faults_are_doubted_more_than_sound_films(model: Model) -> None:
    found = areas(model, phantoms())
    gross = ("mirrored-halves", "wrong-facing", "upside-down", "inverted", "blank", "noise")
    assert min(found[fault] for fault in gross) > 0.99
    assert min(found.values()) > 0.9
    assert np.mean(list(found.values())) > 0.97


def test_a_film_s_score_depends_on_no_other_film(
    model: Model, mixed: list[Film], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = model.scores(mixed)
    assert np.isfinite(together).all()
    assert (together >= 0).all()
    alone = np.concatenate([model.scores([film]) for film in mixed])
    np.testing.assert_array_equal(alone, together)
    np.testing.assert_array_equal(model.scores(mixed[::-1]), together[::-1])
    monkeypatch.setattr(anomaly, "BLOCK", 7)
    np.testing.assert_array_equal(model.scores(iter(mixed)), together)


def test_the_order_and_the_blocks_of_the_cohort_do_not_matter(
    model: Model, mixed: list[Film], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = np.random.default_rng(1).permutation(len(phantoms()))
    monkeypatch.setattr(anomaly, "BLOCK", 5)
    other = fit(phantoms()[place] for place in order)
    np.testing.assert_array_equal(other.held_out, model.held_out[order])
    np.testing.assert_array_equal(other.scores(mixed), model.scores(mixed))
    assert other.threshold(90) == model.threshold(90)


def test_no_film_is_measured_by_its_own_patient(model: Model) -> None:
    patients = [patient for patient, _ in phantoms()]
    films = [film for _, film in phantoms()]
    twice = next(one for one in patients if patients.count(one) > 1)
    without = [pair for pair in phantoms() if pair[0] != twice]
    mine = [place for place, one in enumerate(patients) if one == twice]
    apart = fit(without)
    # The scale is the whole cohort's; what is scaled must come from the others alone.
    apart = Model(apart.looks, apart.patients, model.low, model.high, model.held_out)
    expected = apart.scores([films[place] for place in mine])
    np.testing.assert_array_equal(model.held_out[mine], expected)
    np.testing.assert_array_equal(model.scores(films, patients), model.held_out)
    # Known films are no measure of others: each is its own nearest neighbour.
    assert np.median(model.scores(films)) < np.median(model.held_out)


@pytest.mark.parametrize(("source", "films"), [(1, 1), (5, 3), (40, 9)])
def test_distances_are_those_to_the_nearest_of_all(
    source: int, films: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of other patients' films, one pixel more or less, in products of any size; to the bit."""
    monkeypatch.setattr(anomaly, "RUN", 4)
    monkeypatch.setattr(anomaly, "_TOGETHER", 8)
    chance = np.random.default_rng(source)
    side, patch = anomaly.COARSE, anomaly.PATCH
    known = chance.normal(0, 3, (source, side, side))
    seen = chance.normal(0, 3, (films, side, side))
    seen[0] = known[0]
    own = chance.random((films, source)) < 0.3
    own[:, -1] = False
    found = anomaly._distances(seen, known, own)
    corners = range(0, side - patch + 1, anomaly.STEP)
    for film in range(films):
        others = known[~own[film]]
        for place, (y, x) in enumerate((y, x) for y in corners for x in corners):
            wanted = seen[film, y : y + patch, x : x + patch].reshape(1, -1)
            distances = [
                np.sqrt(((wanted - cut.reshape(len(cut), -1)) ** 2).sum(axis=1)).min()
                for row in range(max(y - 1, 0), min(y + 1, corners[-1]) + 1)
                for column in range(max(x - 1, 0), min(x + 1, corners[-1]) + 1)
                for cut in [others[:, row : row + patch, column : column + patch]]
            ]
            assert found[film, place] == min(distances)


def test_percentiles_and_thresholds_say_the_same(model: Model) -> None:
    for percentile in (90.0, 95.0, 99.9, 100.0):
        cut = model.threshold(percentile)
        assert (model.held_out <= cut).mean() >= percentile / 100
        beyond = np.nextafter([cut], np.inf)
        assert model.percentiles(beyond)[0] >= percentile
    assert model.percentiles(np.array([-1.0, np.inf])).tolist() == [0, 100]
    middle = np.median(model.held_out)
    assert model.percentiles(np.array([middle]))[0] == pytest.approx(50, abs=2)


def test_half_of_unseen_sound_films_lie_below_the_middle(model: Model) -> None:
    seen = fit(phantoms()[:40])
    found = seen.percentiles(seen.scores(film for _, film in phantoms()[40:]))
    assert 20 < np.median(found) < 80


def test_grain_counts_for_little(model: Model) -> None:
    chance = np.random.default_rng(4)
    films = [film for _, film in phantoms()]
    grainy = [
        np.clip(film + chance.normal(0, 6, film.shape), 0, 255).astype(np.uint8) for film in films
    ]
    scores = model.scores(grainy, [patient for patient, _ in phantoms()])
    assert np.corrcoef(scores, model.held_out)[0, 1] > 0.9
    assert abs(np.median(scores) - np.median(model.held_out)) < 0.1


@pytest.mark.parametrize("count", [0, 1])
def test_films_of_one_patient_are_too_few(count: int) -> None:
    films = [("p", film) for _, film in phantoms()[: 3 * count]]
    with pytest.raises(CxrReleaseError, match="needs films of two patients at least"):
        fit(films)


def test_no_film_has_no_score(model: Model) -> None:
    assert model.scores([]).shape == (0,)
    assert model.percentiles(model.scores([])).shape == (0,)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([0, 9, 255]), min_size=2, max_size=8))
def test_a_cohort_of_blank_films_gives_numbers(greys: Sequence[int]) -> None:
    flat = [(f"p{place}", np.full((24, 24), grey, np.uint8)) for place, grey in enumerate(greys)]
    model = fit(flat)
    assert np.isfinite(model.held_out).all()
    assert (model.held_out == 0).all()
    scores = model.scores([flat[0][1], phantoms()[0][1]])
    assert np.isfinite(scores).all()
    assert scores[0] == 0 < scores[1]
    assert model.percentiles(scores).tolist() == [0, 100]


def test_a_cohort_of_eight_films_tells_gross_faults(model: Model) -> None:
    few = fit(phantoms()[:8])
    assert np.isfinite(few.held_out).all()
    found = areas(few, phantoms()[:8])
    assert min(found[fault] for fault in ("upside-down", "inverted", "blank", "noise")) > 0.9
