"""Phantoms behind borders of both kinds, drawn once a run for all workers."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from cxr_release.films.facts import Box
from cxr_release.films.grey import window
from cxr_release.films.png import Film
from cxr_release.radiographs.phantoms.collimation import draw_collimation
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom
from tests.support.once import made_once

FILMS = 20
"""Of each kind."""


@dataclass(frozen=True)
class Collimated:
    """A positive film behind a border, and the box around what is exposed."""

    film: Film
    field: Box
    bright: bool
    """Whether the border is as bright as bone: what the beam did not reach; else a shutter's."""


@cache
def collimated() -> list[Collimated]:
    """Films with borders of 4 to 25 % of their sides: tilted, rounded, lit by scatter and noisy."""
    return pickle.loads(made_once("collimated", _draw).read_bytes())  # type: ignore[no-any-return]  # noqa: S301 - of this run


def _draw(path: Path) -> None:
    films = []
    for bright in (True, False):
        rng = np.random.default_rng(int(bright))
        for index in range(FILMS):
            phantom = draw_phantom(
                index, seed=11, collimation=draw_collimation(rng, "bright" if bright else "dark")
            )
            film = window(phantom.pixels)
            assert phantom.field is not None
            positive = 255 - film if phantom.negative else film
            films.append(Collimated(positive, phantom.field, bright))
    path.write_bytes(pickle.dumps(films))
