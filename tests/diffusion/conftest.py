from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cxr_release.diffusion.training import train
from cxr_release.params import NetworkParams, TrainParams

NETWORK = NetworkParams(channels=(8, 16), layers=1, pixel_unshuffle=2)
SETTINGS = TrainParams(
    steps=12,
    batch_size=3,
    learning_rate=3e-3,
    checkpoint_every=4,
    warmup=2,
    ema=0.9,
    min_snr=5.0,
    flip=True,
)


@pytest.fixture(scope="session")
def films() -> NDArray[np.uint8]:
    """Eight 16 × 16 films of a bright column on a dark ground."""
    chance = np.random.default_rng(0)
    films = chance.integers(0, 60, (8, 16, 16))
    for film, left in zip(films, chance.integers(2, 6, 8), strict=True):
        film[:, left : left + 4] += 150
    return films.astype(np.uint8)


@pytest.fixture(scope="session")
def arguments(films: NDArray[np.uint8]) -> dict[str, Any]:
    """What `train` takes beside the folder."""
    return {
        "films": films,
        "network": NETWORK,
        "settings": SETTINGS,
        "steps": SETTINGS.steps,
        "seed": 7,
        "fingerprint": "a" * 64,
    }


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, arguments: dict[str, Any]) -> Path:
    """A finished, uninterrupted run. Read it, do not write into it."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    train(folder=folder, **arguments)
    return folder


@pytest.fixture(scope="session")
def processes() -> Any:
    """Processes that may be killed; torch is imported once for all of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["cxr_release.diffusion.training", "cxr_release.diffusion.sampling"]
    )
    warm = context.Process(target=print)
    warm.start()
    warm.join()
    return context
