"""Sets for scores of usefulness, where it is known what films can teach.

A film is a sum of smooth shapes, each as strong as chance will have it, and grain: what lies in one
part of it tells what lies in another. A checkpoint that draws films in the same way teaches that;
one that keeps few of the shapes and adds grain teaches less.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cxr_release.schemas import SMALL
from cxr_release.scorecard.sets import Part, ScoreSets

SHAPES = 24
Pictures = NDArray[np.uint8]
_BASIS = gaussian_filter(
    np.random.default_rng(0).normal(size=(SHAPES, SMALL, SMALL)), (0, 5, 5)
).reshape(SHAPES, -1)
_BASIS /= _BASIS.std()


def shapes(count: int, *, seed: int) -> NDArray[np.float64]:
    """(count, SHAPES) how strong the shapes are."""
    return np.random.default_rng(seed).normal(size=(count, SHAPES))


def drawn(strengths: NDArray[np.float64], *, grain: float = 0.3, seed: int = 0) -> Pictures:
    """(n, SMALL, SMALL) films of these shapes."""
    grains = np.random.default_rng([seed, 1]).normal(size=(len(strengths), SMALL * SMALL))
    grey = 128 + 9 * (strengths @ _BASIS) + 40 * grain * grains
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8).reshape(-1, SMALL, SMALL)


def part(name: str, pictures: Pictures, *, films: int = 1) -> Part:
    """The films as a part, each `films` in a row of a patient."""
    digests = [hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures]
    order = sorted(range(len(pictures)), key=digests.__getitem__)
    return Part(
        tuple(f"{name}-{place:04d}" for place in order),
        tuple(f"patient {name} {place // films}" for place in order),
        tuple(digests[place] for place in order),
        np.zeros((len(pictures), 1), np.float32),
        pictures[order],
    )


def sets(trained: Part, control: Part, released: Mapping[str, Pictures]) -> ScoreSets:
    """Sets with a release of these checkpoints' films."""
    together = part("drawn", np.concatenate(list(released.values())))
    starts = np.cumsum([0, *(len(films) for films in released.values())])
    places = {
        name: np.array(
            [
                place
                for place, film in enumerate(together.ids)
                if start <= int(film.split("-")[1]) < stop
            ],
            np.int64,
        )
        for name, start, stop in zip(released, starts, starts[1:], strict=False)
    }
    nothing = dict.fromkeys(("trained", "control", "released"), ())
    checkpoints = places if len(places) > 1 else {}
    return ScoreSets(trained, control, together, checkpoints, {"trained": 0, "control": 0}, nothing)


@cache
def good_and_poor(*, control: int = 48) -> ScoreSets:
    """Checkpoints `4` and `9`: the later one draws as patients' films are, the other does not."""
    few = shapes(50, seed=4)
    few[:, SHAPES // 3 :] = 0
    return sets(
        part("trained", drawn(shapes(120, seed=1), seed=1), films=2),
        part("control", drawn(shapes(control, seed=2), seed=2), films=2),
        {
            "4": drawn(few, grain=1.0, seed=4),
            "9": drawn(shapes(50, seed=9), seed=9),
        },
    )
