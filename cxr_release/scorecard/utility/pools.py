"""The films that models learn from: real ones, synthetic ones, and those between which they lie.

What synthetic films are worth is read between two ends: as many real films of other patients (the
ceiling), and films that cannot help (the floors: noise, one film repeated; and blurred films, where
a task sees texture). *Copies* are trained films themselves: they come out near the ceiling, so that
usefulness alone must never speak for a release.

However many films there are, models see a fixed number at most: `MOST_CONTROL` control films and
`MOST_FILMS` of each other kind. They are those with the least SHA-256, so that names choose none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cxr_release.scorecard.names import (
    BLURRED,
    COPIES,
    NOISE,
    ONE_FILM,
    RELEASE,
    row_name,
)
from cxr_release.scorecard.sets import Part, Places, ScoreSets

MOST_CONTROL, MOST_FILMS = 900, 800
"""Films of a pool."""
LEAST_CHECKPOINT = 40
"""Films of a checkpoint that is measured apart."""
ANCHORS = (COPIES, BLURRED, NOISE, ONE_FILM)
"""What is measured beside synthetic films."""
BLUR = 1.0
"""Standard deviation of the blur, in pixels of a film of `SMALL`²."""

Pictures = NDArray[np.uint8]


@dataclass(frozen=True)
class Pools:
    """All films in one array, and which of them lie where."""

    pictures: Pictures
    """(films, SMALL, SMALL)."""
    ids: tuple[str, ...]
    """Of each film; empty where it was made here."""
    control: Places
    patients: tuple[str, ...]
    """Of each of `control`."""
    others: Places
    """Trained films, which are added for the ceiling."""
    synthetic: Mapping[str, Places]
    """Name → films that stand in for real ones: the release, each checkpoint, and `ANCHORS`, of
    which the copies are trained films of patients who are not in `others`."""
    external: Places | None
    """Films of another hospital, on which models are tested in place of control films."""
    too_few: Mapping[str, int]
    """Checkpoint → films, of those with fewer than `LEAST_CHECKPOINT`."""

    @property
    def trained(self) -> Places:
        """Trained films, of both halves in turn."""
        halves = (self.others, self.synthetic[COPIES])
        longest = max(len(half) for half in halves)
        mixed = [int(half[n]) for n in range(longest) for half in halves if n < len(half)]
        return np.array(mixed, np.int64)

    @cached_property
    def keys(self) -> Mapping[str, int]:
        """A number for each of `synthetic`, which follows from its films and not from its name."""
        return {
            name: int(hashlib.sha256(self.pictures[places].tobytes()).hexdigest()[:15], 16)
            for name, places in self.synthetic.items()
        }


def pools_of(sets: ScoreSets, external: Part | None = None) -> Pools:
    """Lay the films of a score out for models to learn from.

    Args:
        sets: see `score_sets`.
        external: films of another hospital; see `Pools.external`.
    """
    from scipy.ndimage import gaussian_filter

    first, second = sets.trained.halves()
    control = sets.control.take(_of_first_patients(sets.control))
    copies = sets.trained.take(second[:MOST_FILMS])
    released = {RELEASE: sets.released.take(range(min(len(sets.released), MOST_FILMS)))}
    too_few = {}
    for name, places in sets.checkpoints.items():
        if len(places) < LEAST_CHECKPOINT:
            too_few[name] = len(places)
        else:
            released[row_name(name)] = sets.released.take(places[:MOST_FILMS])
    blurred = gaussian_filter(copies.pictures.astype(np.float32), (0, BLUR, BLUR))
    noise = np.random.default_rng(0).integers(0, 256, copies.pictures.shape, np.uint8)

    blocks: list[Pictures] = []
    ids: list[str] = []

    def laid(pictures: Pictures, names: tuple[str, ...] = ()) -> Places:
        start = len(ids)
        blocks.append(pictures)
        ids.extend(names or [""] * len(pictures))
        return np.arange(start, len(ids), dtype=np.int64)

    def of(part: Part) -> Places:
        return laid(part.pictures, part.ids)

    control_places, others = of(control), of(sets.trained.take(first[:MOST_FILMS]))
    synthetic = {name: of(part) for name, part in released.items()}
    synthetic[COPIES] = of(copies)
    synthetic[BLURRED] = laid(np.clip(np.rint(blurred), 0, 255).astype(np.uint8))
    synthetic[NOISE] = laid(noise)
    synthetic[ONE_FILM] = synthetic[COPIES][:1]
    outside = None if external is None else of(external.take(range(min(len(external), MOST_FILMS))))
    return Pools(
        np.concatenate(blocks),
        tuple(ids),
        control_places,
        control.patients,
        others,
        synthetic,
        outside,
        too_few,
    )


def _of_first_patients(part: Part) -> list[int]:
    """All films of the first patients, as many as together have `MOST_CONTROL` at most."""
    chosen: list[int] = []
    for places in part.by_patient().values():
        if len(chosen) + len(places) <= MOST_CONTROL:
            chosen += places
    return sorted(chosen)
