"""The search by the features of a network, against cosines one by one, and through an audit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release import schemas, tables
from cxr_release.errors import CxrReleaseError
from cxr_release.files import sha256
from cxr_release.films.film_set import open_films
from cxr_release.memorization import discriminant, matching
from cxr_release.memorization.audit import audit
from cxr_release.memorization.descriptor import quantised
from cxr_release.memorization.encoder_search import EncoderSearch
from cxr_release.memorization.search import Slots
from cxr_release.params.measures import AuditParams
from cxr_release.schemas import VIEWS
from tests.support.copies import mirrored
from tests.support.phantom_sets import phantoms, write_folder

NETWORK = "shufflenet_v2_x0_5"


def features(chance: np.random.Generator, films: int, *, few: bool) -> dict[str, np.ndarray]:
    """Of few values many tie, and some are all zeros."""
    return {
        view: (chance.integers(-1, 2, (films, 3)) if few else chance.normal(size=(films, 9)))
        .astype(np.float32)
        for view in VIEWS
    }  # fmt: skip


def cosines(films: np.ndarray, real: np.ndarray) -> np.ndarray:
    return quantised(films).astype(np.int64) @ quantised(real).astype(np.int64).T


def assert_nearest(slots: Slots, films: dict[str, np.ndarray], real: np.ndarray,
                   allowed: np.ndarray) -> None:  # fmt: skip
    """The two nearest of each view, by the product of the rounded vectors."""
    assert not slots.part.any()
    for place, view in enumerate(VIEWS):
        products = cosines(films[view], real)
        for row in range(len(products)):
            expected = sorted(np.flatnonzero(allowed[row]), key=lambda n: (-products[row, n], n))
            of_view = np.flatnonzero(slots.view[row] == place)
            there = [slot for slot in of_view if np.isfinite(slots.value[row, slot])]
            found = slots.reference[row, there].tolist()
            assert found == [int(n) for n in expected[:2]]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), films=st.integers(1, 8), few=st.booleans())
def test_it_equals_all_cosines_one_by_one(*, seed: int, films: int, few: bool) -> None:
    chance = np.random.default_rng(seed)
    real = features(chance, 7, few=few)
    groups = chance.integers(0, 3, 7)
    tuning = np.array([1, 2, 5])
    searched = EncoderSearch(real, groups, tuning)
    others, within = groups[:, None] != groups, np.isin(np.arange(7), tuning)
    assert_nearest(searched.baseline[0], real, real["plain"], others)
    assert_nearest(searched.baseline[1], real, real["plain"], others & within)
    drawn = features(chance, films, few=few)
    slots, in_tuning = searched.match(drawn)
    assert_nearest(slots, drawn, real["plain"], np.ones((films, 7), bool))
    assert_nearest(in_tuning, drawn, real["plain"], np.ones((films, 1), bool) & within)
    for alone in EncoderSearch(real, groups).match(drawn):
        assert np.array_equal(alone.value, slots.value)


def test_values_are_scores_of_the_baseline() -> None:
    """So that what either search finds can stand in one list."""
    chance = np.random.default_rng(1)
    real = features(chance, 60, few=False)
    searched = EncoderSearch(real, np.arange(60))
    highest = searched.baseline[0].value.max(axis=1)
    assert np.median(highest) == pytest.approx(0, abs=1e-6)
    low, high = np.percentile(highest, [25, 75])
    assert high - low == pytest.approx(1.349, abs=1e-3)
    copies = {view: rows[:5] for view, rows in real.items()}
    slots, _ = searched.match(copies)
    assert slots.reference[np.arange(5), slots.value.argmax(axis=1)].tolist() == list(range(5))
    assert slots.value.max(axis=1).min() > highest.max()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of a small network."""
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("weights") / "network.pth"
    torch.save(torchvision.models.get_model(NETWORK, weights=None).state_dict(), path)
    return path


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(discriminant, "DRAWS", 300)
    monkeypatch.setattr(matching, "FOLDS", 2)
    yield


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    write_folder(tmp_path / "real", {f"r{n}": phantoms()[n] for n in range(8)})
    copies = {"copy": phantoms()[2], "mirror": mirrored(phantoms()[5])}
    write_folder(tmp_path / "drawn", {f"d{n}": phantoms()[60 + n] for n in range(3)} | copies)
    return tmp_path


def searched(
    sets: Path, output: Path, *, part: str = "held_out", **options: object
) -> dict[str, object]:
    return audit(
        open_films([sets / "real"], "real"),
        open_films([sets / "drawn"], "synthetic"),
        {f"r{n}": part if n in (0, 5) else "tuning" for n in range(8)},
        output,
        settings=AuditParams(top=10, **options),  # type: ignore[arg-type]
        seed=1,
    )


def test_an_audit_searches_by_a_network_too(sets: Path, weights: Path) -> None:
    options = {"encoder": NETWORK, "weights": str(weights), "weights_sha256": sha256(weights)}
    report = searched(sets, sets / "out", plants=1, **options)
    assert report["encoder"] == {
        "name": NETWORK,
        "dimensions": 1024,
        "looks": report["encoder"]["looks"],  # type: ignore[index]
        "weights": {"sha256": sha256(weights), "published": False, "license": ""},
    }
    rows = tables.read_rows(sets / "out/nearest.parquet", schemas.NEAREST)
    nearest = {row["synthetic_id"]: row for row in rows}
    for film, real, view in (("copy", "r2", "plain"), ("mirror", "r5", "mirrored")):
        assert (nearest[film]["real_id"], nearest[film]["view"]) == (real, view)
        assert nearest[film]["cosine"] == 1
    assert nearest["mirror"]["tuning_score"] < nearest["mirror"]["score"]
    assert nearest["copy"]["tuning_score"] == nearest["copy"]["score"]
    # Small pictures of both sets, and features of both in each view.
    assert len(list((sets / "out/features").iterdir())) == 2 + 2 * len(VIEWS)
    before = {path.name: sha256(path) for path in (sets / "out").glob("*.*")}
    searched(sets, sets / "out", plants=1, **options)
    assert {path.name: sha256(path) for path in (sets / "out").glob("*.*")} == before


def test_weights_that_are_refused_stop_an_audit_before_it_reads(sets: Path, weights: Path) -> None:
    for options, message in (
        ({"encoder": NETWORK, "weights": str(weights)}, "is not a file of torchvision's"),
        ({"encoder": NETWORK, "weights": str(weights), "weights_sha256": 64 * "0"}, "hashes to"),
        ({"encoder": NETWORK}, "needs a file of weights"),
        ({"weights": str(weights)}, "`thumbnail` has no weights"),
        ({"encoder": "shufflenet"}, "there is no encoder"),
    ):
        with pytest.raises(CxrReleaseError, match=message):
            searched(sets, sets / "out", **options)
        assert not (sets / "out").exists()


def test_control_films_are_searched_for_by_the_network_and_never_found(
    sets: Path, weights: Path
) -> None:
    options = {"encoder": NETWORK, "weights": str(weights), "weights_sha256": sha256(weights)}
    report: dict[str, Any] = searched(sets, sets / "out", part="control", **options)
    assert (report["real"]["films"], report["control"]["films"]) == (6, 2)
    assert report["calibration"]["baseline"] == "control"
    assert report["calibration"]["control"]["films"] == 2
    rows = tables.read_rows(sets / "out/nearest.parquet", schemas.NEAREST)
    nearest = {row["synthetic_id"]: row for row in rows}
    assert nearest["copy"]["real_id"] == "r2"
    assert not [row for row in rows if row["real_id"] in {"r0", "r5"}]
    assert nearest["mirror"]["cosine"] < 1
