"""A release of real phantoms' films without those of the straightest necks, and one with them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from cxr_release.films.grey import window
from cxr_release.films.png import Film
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom
from cxr_release.radiographs.resample import mirror, resample
from cxr_release.scorecard.coverage import Coverage, measure_coverage
from cxr_release.scorecard.facts import LORDOSIS, facts_of_manifest
from cxr_release.scorecard.names import CONTROL, TRAINED
from cxr_release.scorecard.sets import score_sets
from tests.support.film_arrays import film_set

pytestmark = pytest.mark.long

REAL, TRAINED_FILMS = 720, 600
DRAWN = 480


@cache
def drawn() -> tuple[list[tuple[Film, str]], list[float]]:
    """Films facing left with their patients, and the lordosis of each."""
    films, rows = [], []
    for index in range(1520):
        phantom = draw_phantom(index, seed=5)
        film = resample(window(phantom.pixels), 64, "stretch")
        film = np.invert(film) if phantom.negative else film
        films.append((mirror(film) if phantom.facing == "right" else film, phantom.patient))
        points = [{"name": name, "x": x, "y": y} for name, (x, y) in phantom.keypoints.items()]
        rows.append({"id": str(index), "facing": phantom.facing, "keypoints": points})
    angles = facts_of_manifest(rows)[LORDOSIS]
    return films, [float(angles[str(index)]) for index in range(len(films))]  # type: ignore[arg-type]


def covered_by(places: list[int]) -> Coverage:
    films, angles = drawn()
    parts = {TRAINED: range(TRAINED_FILMS), CONTROL: range(TRAINED_FILMS, REAL)}
    sets = score_sets(
        *(
            film_set(
                name,
                {str(place): films[place][0] for place in some},
                {str(place): films[place][1] for place in some},
            )
            for name, some in parts.items()
        ),
        film_set("released", {str(place): films[place][0] for place in places}),
    )
    facts = {LORDOSIS: {str(place): angles[place] for place in range(REAL)}}
    return measure_coverage(sets, {TRAINED: facts, CONTROL: facts})


def test_straight_necks_that_are_never_drawn_are_missed() -> None:
    angles = drawn()[1]
    low = np.quantile(angles[:REAL], 1 / 3)
    with_them = list(range(REAL, REAL + DRAWN))
    without = [place for place in range(REAL, len(angles)) if angles[place] > low][:DRAWN]
    assert len(without) == DRAWN
    fair = covered_by(with_them)
    assert fair.missed == ()
    unfair = covered_by(without)
    names = [unfair.groups[place].name for place in unfair.missed]
    assert [name.split(",")[0] for name in names] == ["lowest third"]
    assert unfair.scores()["release"] < fair.scores()["release"] - 10  # type: ignore[operator]
    for scores in (fair.scores(), unfair.scores()):
        assert scores["ideal"] == pytest.approx(95, abs=7)
        assert scores["copies"] == 100
    assert fair.scores()["release"] >= 85  # type: ignore[operator]
