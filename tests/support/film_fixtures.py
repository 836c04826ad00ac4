"""Films for the tests: phantoms drawn once, and folders to take in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cxr_release.films.grey import window
from cxr_release.films.png import Film
from cxr_release.params.films import IngestParams
from cxr_release.radiographs.phantoms.phantom_source import Phantom, draw_phantom

Settings = Callable[..., IngestParams]


@pytest.fixture(scope="session")
def phantoms() -> list[Phantom]:
    return [draw_phantom(index, seed=11) for index in range(32)]


@pytest.fixture(scope="session")
def positives(phantoms: list[Phantom]) -> list[Film]:
    """The phantoms in 8 bit, bone bright."""
    films = [window(phantom.pixels) for phantom in phantoms]
    return [255 - film if one.negative else film for film, one in zip(films, phantoms, strict=True)]


@pytest.fixture
def folder(tmp_path: Path, positives: list[Film]) -> Path:
    """Twelve good films."""
    path = tmp_path / "films"
    path.mkdir()
    for index, film in enumerate(positives[:12]):
        Image.fromarray(film).save(path / f"film-{index:02d}.png", compress_level=1)
    return path


@pytest.fixture(scope="session")
def settings() -> Settings:
    def make(**changes: Any) -> IngestParams:
        values: dict[str, Any] = {
            "source": "",
            "phantoms": 12,
            "size": 64,
            "fit": "stretch",
            "on_error": "stop",
        }
        return IngestParams(**(values | changes))

    return make


@pytest.fixture
def noise() -> Film:
    return np.random.default_rng(0).integers(0, 256, (40, 30), dtype=np.uint8)
