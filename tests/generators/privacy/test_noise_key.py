"""The secret behind the chance of a private run."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from cxr_release.errors import TrainingError
from cxr_release.generators.privacy.noise_key import NoiseKey, keep_noise_key
from cxr_release.generators.privacy.units import units_of

KEY = NoiseKey(b"k" * 32)


def test_a_key_is_made_once_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "noise-key"
    key = keep_noise_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keep_noise_key(path).fingerprint == key.fingerprint
    assert keep_noise_key(tmp_path / "other").fingerprint != key.fingerprint
    assert key.fingerprint not in path.read_text()


@pytest.mark.parametrize("held", ["", "0" * 63, "g" * 64, "0" * 64 + "\n\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, held: str) -> None:
    path = tmp_path / "noise-key"
    path.write_text(held)
    with pytest.raises(TrainingError, match="is not a key of noise: restore it"):
        keep_noise_key(path)
    assert path.read_text() == held


def test_a_pipe_in_its_place_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "noise-key")
    with pytest.raises(TrainingError, match="is not a key of noise"):
        keep_noise_key(tmp_path / "noise-key")


def test_numbers_are_normal_and_hang_on_what_they_are_for_alone() -> None:
    chance = KEY.of_run("a")
    drawn = chance.normal(20_000, "noise", 0)
    assert drawn.dtype == np.float32
    assert stats.kstest(drawn, "norm").pvalue > 1e-3
    assert (chance.normal(20_000, "noise", 0) == drawn).all()
    for other in (
        chance.normal(20_000, "noise", 1),
        KEY.of_run("b").normal(20_000, "noise", 0),
        NoiseKey(b"l" * 32).of_run("a").normal(20_000, "noise", 0),
    ):
        assert abs(np.corrcoef(drawn, other)[0, 1]) < 5 / 20_000**0.5


def test_uniform_numbers_are_never_0_or_1() -> None:
    drawn = KEY.of_run("a").uniform(20_000, "drawn", 0)
    assert 0 < drawn.min() < drawn.max() < 1
    assert stats.kstest(drawn, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    ("patients", "films", "unit"),
    [
        (["a", "b", "a"], ((0, 2), (1,)), "patient"),
        ([None, None], ((0,), (1,)), "film"),
        (["a", None, "a", None], ((0, 2), (1,), (3,)), "patient or film"),
    ],
)
def test_units_are_patients_and_films_without_one(
    patients: list[str | None], films: tuple[tuple[int, ...], ...], unit: str
) -> None:
    units = units_of(patients)
    assert units.films == films
    assert units.unit == unit
    assert units.film_count == len(patients)
    assert units.count == len(films)
