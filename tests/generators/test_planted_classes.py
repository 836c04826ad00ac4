"""Drawn phantoms show the class that they are drawn as, to who learnt the classes on real ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from cxr_release import schemas, tables
from cxr_release.films.film_array import load_films
from cxr_release.generators.apportionment import labels_of
from cxr_release.generators.checkpoints import read_record
from cxr_release.generators.conditions import ToldFilms
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.opening import draw
from cxr_release.params.load import load_params
from cxr_release.radiographs.ingest import ingest
from tests.support import ROOT

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

CLASSES = ("kyphotic", "lordotic")
"""The outer thirds. Films between are learnt as films without a class: where the cuts are, two
films may look alike and be of two classes, which no classifier tells."""
SIDE = 32
STEPS = 1500
PARAMS = load_params(ROOT / "params.yaml")
Films = NDArray[np.uint8]


def phantoms(folder: Path, count: int, seed: int) -> tuple[Films, list[str]]:
    settings: dict[str, Any] = {"phantoms": count, "size": SIDE, "facts": {"curvature": "code"}}
    ingest(
        "phantoms", folder, settings=replace(PARAMS.ingest, **settings), seed=seed, progress=False
    )
    ids, films = load_films(folder / "cohort.parquet", folder / "array")
    rows = tables.iterate(folder / "manifest.parquet", schemas.MANIFEST)
    known = {row["id"]: row["facts"][0]["code"] for row in rows}
    return films, [known[film] for film in ids]


def outer(films: Films, labels: list[str]) -> tuple[Films, NDArray[np.str_]]:
    chosen = np.array([label in CLASSES for label in labels])
    return films[chosen], np.array(labels)[chosen]


def block(given: int, made: int) -> list[nn.Module]:
    return [
        nn.Conv2d(given, made, 3, padding=1),
        nn.BatchNorm2d(made),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]


def unit(films: Films) -> torch.Tensor:
    return torch.from_numpy(films).float()[:, None] / 127.5 - 1


def learnt(films: Films, labels: NDArray[np.str_]) -> nn.Module:
    """A small network that tells the classes of real films, shifted and lit in other ways."""
    torch.manual_seed(0)
    chance = np.random.default_rng(0)
    network = nn.Sequential(
        *block(1, 16), *block(16, 32), *block(32, 48), nn.Flatten(), nn.Linear(48 * 16, 2)
    )
    truth = torch.tensor([CLASSES.index(label) for label in labels])
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-3)
    for _ in range(10):
        for places in np.array_split(chance.permutation(len(films)), len(films) // 32):
            shift = tuple(chance.integers(-2, 3, 2).tolist())
            seen = torch.roll(unit(films[places]), shift, (2, 3))
            seen = seen * chance.uniform(0.85, 1.15) + chance.uniform(-0.1, 0.1)
            loss = nn.functional.cross_entropy(network(seen.float()), truth[places])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.eval()


@torch.no_grad()
def told(network: nn.Module, films: Films) -> NDArray[np.str_]:
    return np.array(CLASSES)[network(unit(films)).argmax(1).numpy()]


def test_planted_classes_are_obeyed(tmp_path: Path) -> None:
    network = learnt(*outer(*phantoms(tmp_path / "teaching", 1500, seed=99)))
    unseen, truth = outer(*phantoms(tmp_path / "unseen", 300, seed=777))
    assert (told(network, unseen) == truth).mean() > 0.95
    films, labels = phantoms(tmp_path / "source", 600, seed=2026)
    outside = [label if label in CLASSES else None for label in labels]
    run = tmp_path / "run"
    train(
        films,
        run,
        network=PARAMS.network,
        settings=replace(PARAMS.train, steps=STEPS, checkpoint_every=STEPS),
        compute=PARAMS.compute,
        steps=STEPS,
        seed=1,
        fingerprint="a",
        films_told=ToldFilms(CLASSES, outside, 0.1),
    )
    conditions = read_record(run / "checkpoint-1").conditions
    asked = labels_of(conditions, "uniform", range(96), seed=1, checkpoint=1, batch="large")
    assert asked is not None
    assert Counter(asked) == dict.fromkeys(CLASSES, 48)
    drawn = draw(
        "checkpoint-1",
        run / "checkpoint-1",
        range(96),
        settings=PARAMS.sample,
        compute=PARAMS.compute,
        labels=asked,
    )
    obedience = (told(network, np.stack(list(drawn))) == asked).mean()
    print(f"obedience {obedience:.3f}")  # noqa: T201
    assert obedience >= 0.9
