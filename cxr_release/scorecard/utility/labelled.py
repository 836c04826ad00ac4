"""Which films of a score are labelled, and the films' labels in the order of its pools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import Fault, SourceError
from cxr_release.schemas import SMALL
from cxr_release.scorecard.sets import Part, Places, ScoreSets
from cxr_release.scorecard.utility.labels import Labels
from cxr_release.scorecard.utility.pools import Pools

MOST_TEACHING = 600
"""Trained films that a teacher learns from."""
LEAST_TEACHING = 20
"""Fewer teach nothing that could be passed on."""
COMMON = 0.9
"""Share of the labelled films of which a landmark must be stated to be one of the task."""


@dataclass(frozen=True)
class Labelled:
    """Labels of one kind, of all films of some pools."""

    labels: str
    """What they are."""
    unit: str
    values: NDArray[np.float64]
    """(films, q): coordinates in pixels of a film of SMALL², a number, or the number of a class;
    NaN where the film is not labelled."""
    control: Places
    """Labelled control films."""
    teaching: Places
    """Labelled trained films, of whom a teacher learns."""
    external: Places | None
    """Labelled films of another hospital, where there are any films of one."""


def stated_labels(sets: ScoreSets, labels: Labels, external: Part | None = None) -> Labels:
    """The labels by the ids of a score's films.

    Raises:
        SourceError: none is of a film here; or one is of two films of the same id, and it cannot be
            told which.
    """
    parts = {"trained": sets.trained, "control": sets.control, "synthetic": sets.released}
    parts |= {} if external is None else {"external": external}
    times = Counter(film for part in parts.values() for film in part.ids)
    stated = labels.of_ids(times)
    twice = sorted(film for film in stated.films if times[film] > 1)
    if twice:
        raise SourceError(
            f"{len(twice)} label(s) name films that are in two of the sets",
            remedy="give films of different sets different names",
            faults=[
                Fault(film, f"is in {' and '.join(n for n, p in parts.items() if film in p.ids)}")
                for film in twice[:200]
            ],
        )
    if not stated.films:
        raise SourceError(
            f"none of {len(labels.films):,} label(s) is of a film that is scored",
            remedy="call films by their ids, or by the names of their files",
        )
    return stated


def landmarks_of(pools: Pools, labels: Labels) -> Labelled | None:
    """Landmarks; those that nearly all labelled films have, of the films that have all of these.

    Returns:
        None where no landmark is that common.
    """
    films = [labels.points.get(film, {}) for film in pools.ids]
    stated = [points for points in films if points]
    times = Counter(name for points in stated for name in points)
    names = sorted(name for name, count in times.items() if count >= COMMON * len(stated))
    if not names:
        return None
    values = np.full((len(films), 2 * len(names)), np.nan)
    for place, points in enumerate(films):
        if all(name in points for name in names):
            values[place] = [SMALL * number for name in names for number in points[name]]
    plural = "s" * (len(names) != 1)
    return _labelled(
        pools,
        f"{len(names)} landmark{plural}",
        f"mean distance, pixels of {SMALL} × {SMALL}",
        values,
    )


def numbers_of(pools: Pools, labels: Labels) -> Labelled:
    """The number that is stated of films."""
    values = [[labels.numbers.get(film, np.nan)] for film in pools.ids]
    return _labelled(pools, labels.number_name, "mean absolute error", np.array(values))


def classes_of(pools: Pools, labels: Labels, places: Mapping[str, int]) -> Labelled:
    """Classes by their places among those that a task tells apart; others are not labelled.

    Args:
        pools: the films.
        labels: of films by ids.
        places: class → its number.
    """
    stated = [labels.classes.get(film, "") for film in pools.ids]
    values = np.array([[places.get(name, np.nan)] for name in stated], np.float64)
    return _labelled(pools, f"{len(places)} classes", "", values)


def _labelled(pools: Pools, labels: str, unit: str, values: NDArray[np.float64]) -> Labelled:
    known: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=1))

    def of(places: Places) -> Places:
        return places[known[places]]

    return Labelled(
        labels,
        unit,
        values,
        of(pools.control),
        of(pools.trained)[:MOST_TEACHING],
        None if pools.external is None else of(pools.external),
    )
