from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cxr_release.files import tree_sha256
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.opening import draw
from cxr_release.params.sampling import SampleParams
from cxr_release.params.training import ComputeParams, NetworkParams, TrainParams

NETWORK = NetworkParams(
    channels=(8, 16), layers=1, attention=0, pixel_unshuffle=2, schedule="cosine"
)
COMPUTE = ComputeParams(precision="fp32", compile="never")
SAMPLE = SampleParams(
    checkpoints=(3,),
    initial=20,
    large=120,
    sampler="sde-dpmsolver++",
    steps=3,
    batch_size=4,
    max_hours=1.0,
)
SETTINGS = TrainParams(
    steps=12,
    batch_size=3,
    learning_rate=3e-3,
    decay="cosine",
    checkpoint_every=4,
    warmup=2,
    ema=0.9,
    ema_every=1,
    min_snr=5.0,
    flip=True,
)


@pytest.fixture(scope="session")
def network() -> NetworkParams:
    """The smallest network that has everything but attention outside its middle."""
    return NETWORK


@pytest.fixture(scope="session")
def compute() -> ComputeParams:
    """As the CPU computes by default."""
    return COMPUTE


@pytest.fixture(scope="session")
def sample() -> SampleParams:
    """A few films in few steps."""
    return SAMPLE


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
        "compute": COMPUTE,
        "steps": SETTINGS.steps,
        "seed": 7,
        "fingerprint": "a" * 64,
    }


@pytest.fixture(scope="session")
def autoencoder_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    """What the training of an autoencoder takes beside the folder and its settings."""
    shared = ("films", "compute", "seed", "fingerprint")
    return {"others": arguments["settings"], **{name: arguments[name] for name in shared}}


Drawn = Callable[..., NDArray[np.uint8]]


@pytest.fixture(scope="session")
def drawing() -> Callable[[str, Path], Drawn]:
    """How films are drawn from a checkpoint: by their seeds, with other settings where given."""

    def of(source: str, checkpoint: Path) -> Drawn:
        def films(seeds: list[int], **changes: Any) -> NDArray[np.uint8]:
            settings = replace(SAMPLE, **{"batch_size": 20, **changes})
            return np.stack(
                list(draw(source, checkpoint, seeds, settings=settings, compute=COMPUTE))
            )

        return films

    return of


@pytest.fixture(scope="session")
def assert_of_their_seeds() -> Callable[[Drawn, list[int]], None]:
    """Assert that a film is a function of its seed, whatever is drawn beside it."""

    def check(drawn: Drawn, seeds: list[int]) -> None:
        films = drawn(seeds)
        assert films.shape == (len(seeds), 16, 16)
        assert len({film.tobytes() for film in films}) == len(seeds)
        assert (drawn(seeds, batch_size=3) == films).all()
        assert (drawn(seeds[7:9]) == films[7:9]).all()

    return check


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, arguments: dict[str, Any]) -> Path:
    """A finished, uninterrupted run. Read it, do not write into it."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    train(folder=folder, **arguments)
    return folder


@pytest.fixture(scope="session")
def processes() -> Any:
    """Processes that may be killed; torch, and what checks tables, is imported once for all."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "cxr_release.generators.diffusion.training",
            "cxr_release.generators.sampling",
            "pandera.pandas",
        ]
    )
    warm = context.Process(target=print)
    warm.start()
    warm.join()
    return context


Survives = Callable[[Callable[..., object], dict[str, Any], Path, int], None]


@pytest.fixture(scope="session")
def assert_survives_kills(processes: Any) -> Survives:
    """Assert that work in a folder, killed again and again, ends with the bytes of one go."""

    def check(
        work: Callable[..., object], arguments: dict[str, Any], scratch: Path, times: int
    ) -> None:
        whole, broken = scratch / "whole", scratch / "broken"

        def start(folder: Path) -> Any:
            process = processes.Process(target=work, kwargs={**arguments, "folder": folder})
            process.start()
            return process

        chance, kills = random.Random(3), 0
        for _ in range(times):
            process = start(broken)
            # Told by what it leaves behind and not by the clock: a kill falls into the work, in
            # the middle of a file as well as between two, however busy the machine is.
            for _ in range(chance.randint(1, 4)):
                _wait_for_a_change(broken, process)
            time.sleep(chance.uniform(0, 0.02))
            process.kill()
            process.join()
            kills += process.exitcode != 0
        assert kills == times
        # What ends by itself needs no process of its own.
        for folder in (broken, whole):
            work(**arguments, folder=folder)
        assert tree_sha256(broken) == tree_sha256(whole)
        assert not list(broken.glob("*.partial"))

    return check


def _wait_for_a_change(folder: Path, process: Any) -> None:
    def names() -> set[str]:
        return {path.name for path in folder.glob("*")}

    before = names()
    while names() == before and process.is_alive():
        time.sleep(0.001)
