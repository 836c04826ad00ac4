"""The order of releases of phantoms' films, from other patients' to noise."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from cxr_release.films.png import Film
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom
from cxr_release.scorecard.sets import score_sets
from cxr_release.scorecard.utility.labels import Labels
from cxr_release.scorecard.utility.rows import Row
from cxr_release.scorecard.utility.utility import Utility, measure_utility
from tests.support.film_arrays import film_set
from tests.support.phantom_sets import phantoms_of_patients
from tests.support.random_films import as_set

pytestmark = pytest.mark.long

TRAINED, CONTROL, OTHERS = slice(0, 240), slice(240, 360), slice(360, 480)
MIRRORED = {"left": "right", "right": "left"}


def released(drawn: list[Film]) -> dict[str, Film]:
    """Films of other patients (`15`), means of two (`6`) and of six (`3`) with grain over them.

    Networks that learnt for too short a time draw what is common to films, and grain.
    """
    chance = np.random.default_rng(7)
    films = {f"15-{place}": film for place, film in enumerate(drawn)}
    for name, together, grain in (("6", 2, 4), ("3", 6, 12)):
        for place in range(len(drawn)):
            of = chance.choice(len(drawn), together, replace=False)
            mean = np.mean([drawn[other] for other in of], axis=0)
            mixed = mean + chance.normal(0, grain, mean.shape)
            films[f"{name}-{place}"] = np.clip(mixed, 0, 255).astype(np.uint8)
    return films


def landmarks(index: int) -> dict[str, tuple[float, float]]:
    """Where a phantom's landmarks lie on its film, once that is turned left."""
    phantom = draw_phantom(index, seed=5)
    height, width = phantom.pixels.shape
    turned = phantom.facing == "right"
    points = {}
    for name, (x, y) in phantom.keypoints.items():
        words = [MIRRORED.get(word, word) if turned else word for word in name.split()]
        across = 1 - x / width if turned else x / width
        points[" ".join(words)] = (min(1, max(0, across)), min(1, max(0, y / height)))
    return points


@cache
def measured() -> Utility:
    drawn = phantoms_of_patients(480)
    trained, control = (
        as_set(name, drawn[of]) for name, of in (("trained", TRAINED), ("control", CONTROL))
    )
    films = released([film for film, _ in drawn[OTHERS]])
    sets = score_sets(
        trained,
        control,
        film_set("released", films),
        checkpoint_of={film: film.split("-")[0] for film in films},
    )
    points = {f"trained-{n:03d}": landmarks(n) for n in range(240)}
    points |= {f"control-{n:03d}": landmarks(240 + n) for n in range(120)}
    return measure_utility(sets, labels=Labels(points=points))


def row(task: str, protocol: str, ratio: int, of: str) -> Row:
    key = (task, protocol, ratio, of)
    return next(
        row
        for row in measured().report()
        if (row["task"], row["protocol"], row["ratio"], row["of"]) == key
    )


def test_inpainting_puts_releases_in_order() -> None:
    first, *_ = rows = [row("inpainting", "hybrid", 2, of) for of in ("15", "6", "3", "noise")]
    values = [row["value"] for row in rows]
    assert values == sorted(values, reverse=True)
    assert first["ceiling"] == pytest.approx(first["value"], abs=0.02)
    assert first["ceiling"] > values[1] + 0.01
    assert values[-1] < first["real_only"]
    assert first["sensitive"]
    assert first["p_holm"] < 0.05


def test_real_films_do_as_well_as_real_films_of_others() -> None:
    """As many films, in arms that were put together in two ways."""
    together = row("inpainting", "hybrid", 1, "15")["ceiling"]
    alone = row("inpainting", "synthetic only", 2, "15")["ceiling"]
    assert together == pytest.approx(alone, abs=0.03)


def test_super_resolution_sees_a_blur() -> None:
    rows = {of: row("super-resolution", "synthetic only", 2, of) for of in ("15", "blurred", "3")}
    assert rows["15"]["recovery"] > 0.3
    assert rows["blurred"]["recovery"] == 0
    assert rows["3"]["recovery"] < 0


def test_a_student_finds_landmarks_within_a_pixel() -> None:
    best = row("landmarks", "hybrid", 2, "15")
    assert best["sensitive"]
    assert best["value"] < 1 < best["real_only"]
    assert row("landmarks", "synthetic only", 2, "noise")["value"] > 2


def test_scores_of_releases() -> None:
    scores = measured().scores()
    best, middle, worst, copies = (scores[name] or 0.0 for name in ("15", "6", "3", "copies"))
    assert best > middle + 10 > worst + 30
    assert min(best, copies) > 85
    assert scores["ideal"] == 100
