"""Are synthetic films of a class like that class's real films: distance beside a floor, coverage.

Both are taken of random convolution features of small pictures (`picture_features`), against the
class's real films, trained and control together: that trained films were copied is for privacy to
say, class by class (`leaks`).

The Fréchet distance of few films is large whatever they are, and a class has few. So it stands
beside the class's own floor: the class's real films are halved by patient, and the second half is
held against the first, and against as many synthetic films as the first half has. Both are means
over `HALVES` halvings; where the synthetic films are no farther than the floor, they cannot be told
from real films by this measure. The interval is that of one halving, films drawn again by patient
(`clustered_distance_interval`), about that mean.

Coverage is that of `balls`, within the class: the share of its real films that have a synthetic
film of the class in their ball, and the ratio to what as many real films of other patients cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.fidelity.distance_types import FEATURES
from cxr_release.fidelity.distances import frechet_distance
from cxr_release.memorization.parallel import one_thread_each
from cxr_release.scorecard.balls import Space, nearest
from cxr_release.scorecard.classes.members import Members, owners
from cxr_release.scorecard.coverage import EVERYBODY
from cxr_release.scorecard.groups import Group
from cxr_release.scorecard.picture_features import (
    OF_CHECKPOINT,
    Features,
    PictureFeatures,
    features_of_pictures,
)
from cxr_release.scorecard.ratios import Ratio, drawn_of, ratios_of
from cxr_release.scorecard.sets import Places, ScoreSets
from cxr_release.statistics.bootstrap import cluster_numbers, clustered_distance_interval

HALVES = 8
"""Halvings over which distance and floor are averaged."""
FEWEST = 5
"""Films of a half: patients with many films make halves unequal."""
BOOTSTRAP = 200
_SEED = 1811


@dataclass(frozen=True)
class Distance:
    """How far a class's synthetic films are from its real ones."""

    value: float
    interval: list[float]
    floor: float
    """Of as many real films of other patients of the class."""
    films: int
    """That are held against the class's other real films, synthetic and real ones alike."""


@dataclass(frozen=True)
class Likeness:
    """What was measured of a class; None where it has too few films."""

    distance: Distance | None
    coverage: Ratio | None
    drawn: int | None
    """Synthetic films that cover at a time."""
    why_not: tuple[str, ...]

    def report(self) -> dict[str, object]:
        """Ready for JSON."""
        distance, coverage = self.distance, self.coverage
        return {
            "features": FEATURES,
            "distance": None
            if distance is None
            else {
                "value": distance.value,
                "interval": distance.interval,
                "floor": distance.floor,
                "films": distance.films,
            },
            "coverage": None
            if coverage is None
            else {
                "value": coverage.value,
                "ideal": coverage.ideal,
                "ratio": coverage.ratio,
                "interval": coverage.interval,
                "drawn": self.drawn,
            },
            "why_not": list(self.why_not),
        }


def likeness_of(sets: ScoreSets, members: Members, known: PictureFeatures) -> Likeness:
    """The distance and the coverage of a class.

    Args:
        sets: see `score_sets`.
        members: films of the class.
        known: features of all films.
    """
    why_not = (*members.real, *members.few_released)
    if why_not:
        return Likeness(None, None, None, why_not)
    real = np.concatenate([known.trained[members.trained], known.control[members.control]])
    patients = [*owners(sets.trained, members.trained), *owners(sets.control, members.control)]
    drawn = _drawn(sets, members, known)
    with one_thread_each():
        distance = _distance(drawn, real, patients)
        ratio = _coverage(drawn, real, patients, members.least)
    count = drawn_of(np.arange(len(real)), np.arange(len(drawn)))
    alone = () if distance else ("nearly all real films are of one patient",)
    return Likeness(distance, ratio, count, alone)


def _drawn(sets: ScoreSets, members: Members, known: PictureFeatures) -> Features:
    """Features of the class's synthetic films; of a rare class among very many, taken here."""
    there = np.isin(known.places, members.released)
    if np.count_nonzero(there) >= min(len(members.released), OF_CHECKPOINT):
        return known.released[there]
    # Films of a part are in an order of chance.
    return features_of_pictures(sets.released.pictures[members.released[:OF_CHECKPOINT]])


def _distance(drawn: Features, real: Features, patients: Sequence[str]) -> Distance | None:
    """None where no halving leaves `FEWEST` films in each half."""
    chance = np.random.default_rng(_SEED)
    numbers = cluster_numbers(patients)
    halvings = [
        (held, rest)
        for held, rest in (_halved(numbers, chance) for _ in range(HALVES))
        if min(len(held), len(rest)) >= FEWEST
    ]
    if not halvings:
        return None
    # As many of each, and in each halving: the distance of fewer films is larger.
    films = min(len(drawn), *(len(held) for held, _ in halvings))
    some = [drawn[chance.permutation(len(drawn))[:films]] for _ in halvings]
    values, floors = [], []
    for (held, rest), each in zip(halvings, some, strict=True):
        values.append(frechet_distance(each, real[rest]))
        floors.append(frechet_distance(real[held[:films]], real[rest]))
    value = float(np.mean(values))
    rest = halvings[0][1]
    interval = clustered_distance_interval(
        frechet_distance,
        some[0],
        real[rest],
        clusters=(range(films), [patients[int(place)] for place in rest]),
        value=value,
        draws=BOOTSTRAP,
        seed=_SEED,
    )
    return Distance(value, interval, float(np.mean(floors)), films)


def _halved(numbers: NDArray[np.int64], chance: np.random.Generator) -> tuple[Places, Places]:
    """Places of two halves of films that share no patient, in an order of chance."""
    turn = chance.permutation(int(numbers.max()) + 1)
    order = chance.permutation(len(numbers))
    order = order[np.argsort(turn[numbers[order]], kind="stable")]
    # Cut between two patients, as near to the middle as they allow.
    cuts = np.flatnonzero(np.diff(numbers[order])) + 1
    cut = int(cuts[np.abs(cuts - len(order) / 2).argmin()])
    first, second = order[:cut], order[cut:]
    return chance.permutation(first), second


def _coverage(drawn: Features, real: Features, patients: Sequence[str], least: int) -> Ratio | None:
    numbers = cluster_numbers(patients)
    films, pool = np.arange(len(real)), np.arange(len(drawn))
    space = Space(FEATURES, nearest(real, owners=numbers), nearest(real, drawn), numbers)
    everybody = Group("", EVERYBODY, films, len(set(patients)), least)
    return ratios_of(space, films, pool, (everybody,)).get(0)
