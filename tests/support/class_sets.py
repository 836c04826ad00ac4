"""Films of three classes that a classifier can tell apart, and what the scorecard makes of them.

A film is a grating in grain that lies down, stands up or leans, which is its class.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cxr_release.scorecard.classes.measure import ClassLabels, measure_classes
from cxr_release.scorecard.picture_features import picture_features
from cxr_release.scorecard.sets import ScoreSets
from cxr_release.scorecard.vectors import picture_vectors
from tests.support.once import made_once
from tests.support.useful_films import Pictures, part, sets

NAMES = ("lies", "leans", "stands")
Classes = NDArray[np.int64]


def gratings(classes: Classes, *, seed: int, contrast: float = 30, grain: float = 60) -> Pictures:
    """(n, 64, 64) films of some classes."""
    chance = np.random.default_rng(seed)
    down, across = np.mgrid[:64, :64]
    films = []
    for number in classes:
        angle = number * np.pi / 4 + chance.normal(0, 0.08)
        wave = np.sin((np.cos(angle) * down + np.sin(angle) * across) / 2 + chance.uniform(0, 6))
        rough = gaussian_filter(chance.normal(size=(64, 64)), 1)
        films.append(128 + contrast * wave + grain * rough)
    return np.clip(np.rint(films), 0, 255).astype(np.uint8).reshape(-1, 64, 64)


def evenly(films: int) -> Classes:
    """Classes in turn."""
    return np.arange(films) % len(NAMES)


@dataclass(frozen=True)
class Planted:
    """Films of a score, in the order in which they are named."""

    trained: Classes
    control: Classes
    drawn: Classes
    """What synthetic films are said to be."""
    pictures: Mapping[str, Pictures]
    """Of `trained`, `control` and `released`."""
    films: int = 2
    """Of a patient."""

    @property
    def sets(self) -> ScoreSets:
        """The films as a score takes them."""
        made = sets(
            part("trained", self.pictures["trained"], films=self.films),
            part("control", self.pictures["control"], films=self.films),
            {"1": self.pictures["released"]},
        )
        # With vectors, by which attacks compare them.
        vectors = {
            name: replace(each, vectors=picture_vectors(each.pictures.reshape(-1, 64 * 64)))
            for name in ("trained", "control", "released")
            for each in [getattr(made, name)]
        }
        return replace(made, **vectors)

    @property
    def labels(self) -> ClassLabels:
        """Their classes."""

        def of(prefix: str, classes: Classes) -> dict[str, str]:
            return {f"{prefix}-{place:04d}": NAMES[c] for place, c in enumerate(classes)}

        real = of("trained", self.trained) | of("control", self.control)
        return ClassLabels("posture", NAMES, real, of("drawn", self.drawn))

    def measured(self, *, least: int = 10) -> dict[str, Any]:
        """What the scorecard says of its classes."""
        films = self.sets
        return measure_classes(films, self.labels, least=least, features=picture_features(films))


def good(*, trained: int = 90, control: int = 72, released: int = 90) -> Planted:
    """Synthetic films that are as real ones of other patients, each of the class that it is said
    to be."""
    numbers = {"trained": trained, "control": control, "released": released}
    pictures = {
        name: gratings(evenly(count), seed=seed)
        for seed, (name, count) in enumerate(numbers.items())
    }
    return Planted(evenly(trained), evenly(control), evenly(released), pictures)


def with_released(planted: Planted, **changes: Pictures) -> Planted:
    """With other films in place of the synthetic ones of some classes, by name."""
    pictures = planted.pictures["released"].copy()
    for name, films in changes.items():
        places = np.flatnonzero(planted.drawn == NAMES.index(name))
        pictures[places] = films[: len(places)]
    return replace(planted, pictures={**planted.pictures, "released": pictures})


def class_report() -> dict[str, Any]:
    """What `scorecard.json` holds of the classes of good films; measured once a run."""

    def write(path: Path) -> None:
        path.write_text(json.dumps(good().measured()))

    report: dict[str, Any] = json.loads(made_once("class-report", write).read_text())
    return report
