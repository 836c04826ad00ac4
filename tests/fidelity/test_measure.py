from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from cxr_release.fidelity import inception
from cxr_release.fidelity.distance_types import METRICS, deciding, finest, metrics_of
from cxr_release.fidelity.distances import frechet_distance, random_conv_features, real_floor
from cxr_release.fidelity.measure import SourceFilms
from cxr_release.fidelity.spectrum import band_powers, relative_powers
from tests.support.fidelity_artefacts import Weights

PLAIN = set(METRICS) - {"fid", "kid"}
IMAGES = 24
SIDE = 41
"""Four times it is just what MS-SSIM needs."""


def bars(count: int, *, seed: int, spread: float = 1.0) -> np.ndarray:
    """Films with a bright bar; `spread` says how far its place varies."""
    chance = np.random.default_rng(seed)
    middle = 16 + 8 * spread * chance.uniform(-1, 1, (count, 1, 1))
    shape = np.exp(-(((np.arange(SIDE) - middle) / 4) ** 2)) * np.ones((1, SIDE, 1))
    return (30 + 180 * shape + chance.normal(0, 3, shape.shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def source() -> SourceFilms:
    return SourceFilms(bars(60, seed=1), images=IMAGES, draws=30, seed=2**62)


@pytest.fixture(scope="module")
def various(source: SourceFilms) -> dict[str, Any]:
    """What films like the source films measure. Read it, do not write into it."""
    return source.measure(bars(IMAGES, seed=2))


def test_it_takes_every_measure_with_its_interval_and_no_fid(
    source: SourceFilms, various: dict[str, Any]
) -> None:
    drawn = bars(IMAGES, seed=2)
    found = various
    assert found.keys() - {"intervals", "bands"} == found["intervals"].keys() == PLAIN
    distance = frechet_distance(random_conv_features(drawn), random_conv_features(source.films))
    assert found["frechet_random_conv"] == distance
    for metric in PLAIN:
        low, high = found["intervals"][metric]
        assert low <= found[metric] <= high
    assert found["bands"] == relative_powers(
        band_powers(drawn), band_powers(source.films), size=SIDE, draws=30, seed=2**62
    )
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_same_films_measure_the_same(source: SourceFilms, various: dict[str, Any]) -> None:
    assert source.measure(bars(IMAGES, seed=2)) == various


def test_films_that_are_all_alike_are_found_out(
    source: SourceFilms, various: dict[str, Any]
) -> None:
    alike = source.measure(bars(IMAGES, seed=2, spread=0.05))
    assert alike["frechet_random_conv"] > 2 * various["frechet_random_conv"]
    assert alike["ms_ssim"] > 1.3 * various["ms_ssim"]
    assert alike["recall"] < 0.5 * various["recall"]
    assert alike["coverage"] < 0.5 * various["coverage"]
    low, high = alike["intervals"]["frechet_random_conv"]
    assert low > various["intervals"]["frechet_random_conv"][1]
    assert high < 3 * low


def test_films_in_fog_are_told_by_their_finest_band(
    source: SourceFilms, various: dict[str, Any]
) -> None:
    soft = ndimage.gaussian_filter(bars(IMAGES, seed=2).astype(float), (0, 1, 1), mode="nearest")
    found = source.measure(soft.round().astype(np.uint8))
    assert finest(found)["interval"][1] < 0.3
    assert finest(various)["interval"][0] > 0.8
    assert found["bands"][0]["power"] > 0.9


def test_it_says_what_it_measures_with_and_what_source_films_score(
    source: SourceFilms, various: dict[str, Any]
) -> None:
    found = source.baselines()
    features = random_conv_features(source.films)
    assert found["real_floor"] == real_floor(features, IMAGES, seed=2**62)
    assert (found["images"], found["real_images"], found["size"]) == (IMAGES, 60, SIDE)
    assert found["manifold"] == {"features": "random convolution features", "neighbours": 5}
    assert found["ms_ssim"] == {
        "pairs": 256, "source_pairs": 256, "scales": 5, "window": 11, "magnification": 4,
    }  # fmt: skip
    assert found["bootstrap"] == {"level": 0.95, "draws": 30}
    assert "inception" not in found
    assert found["spectrum"] == {"window": "Hann"}
    ends = [(band["low"], band["high"]) for band in found["source"]["bands"]]
    assert ends == [(band["low"], band["high"]) for band in various["bands"]]
    for band in found["source"]["bands"]:
        low, high = band["interval"]
        assert low <= band["power"] <= high
        assert band["power"] == pytest.approx(1, abs=0.1)
    assert found["source"]["coverage"] > 0.8
    assert found["source"]["ms_ssim"] == pytest.approx(various["ms_ssim"], abs=0.1)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_with_weights_it_takes_fid_and_kid_too(weights: Weights) -> None:
    source = SourceFilms(bars(8, seed=1), 4, 20, 1, inception.load(*weights))
    point = {"checkpoint": 1, "checkpoint_step": 10, **source.measure(bars(4, seed=2))}
    found = {**source.baselines(), "checkpoints": [point]}
    assert metrics_of(found) == list(METRICS)
    assert deciding(found) == ("fid", found["inception"]["real_floor"])
    assert found["inception"]["weights_sha256"] == weights.sha256
    assert found["inception"]["kid_subset_size"] == 4
    assert found["inception"]["fid_draws"] == 20
    assert found["manifold"]["features"] == found["inception"]["extractor"]
    assert "299 × 299" in found["inception"]["resize"]
