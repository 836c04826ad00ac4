"""Whom does a release miss: the share of each group's real films that have a synthetic neighbour.

Real films are trained and control films together: the question is who is not in the release, and
whether trained films were copied is for privacy to say. A group's share is divided by that of the
ideal, as many real films of other patients in place of the synthetic ones (see `balls`).

A release that covers everybody badly has low ratios in all groups. A group is *missed* where its
ratio is lower than that of all other films in both kinds of features, random convolution features
and vectors of small pictures, after correction over all groups (Holm; two-sided test of the
difference by the normal distribution).

The score is 100 × the lowest ratio of a group, or of all films, taking the better of the two kinds
of features; at most 100. That of the ideal is the mean over three draws: each a third of the real
films, by patient, in place of the release, against the others. It is not 100, since the lowest of
several ratios is lowered by chance; nor is a release's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.fidelity.distance_types import FEATURES
from cxr_release.memorization.parallel import one_thread_each
from cxr_release.scorecard.balls import Features, Space, nearest
from cxr_release.scorecard.facts import Facts
from cxr_release.scorecard.groups import (
    FEWEST_PATIENTS,
    MOST_COLUMNS,
    Group,
    grouped,
    merged,
)
from cxr_release.scorecard.names import (
    CONTROL,
    COPIES,
    FILMS_OF_PATIENT,
    IDEAL,
    RELEASE,
    SEVERAL,
    SINGLE,
    TRAINED,
)
from cxr_release.scorecard.picture_features import PictureFeatures, picture_features
from cxr_release.scorecard.ratios import Ratio, corrected, drawn_of, ratios_of, score_of
from cxr_release.scorecard.sets import Places, ScoreSets
from cxr_release.statistics.bootstrap import cluster_numbers
from cxr_release.statistics.proportions import ALPHA

VECTORS = "vectors of small pictures"
THIRDS = 3
EVERYBODY = "all films"
"""Name of the group that every film is in, of no column."""
_SEED = 1806
_MEASURED = ("features", "drawn", "value", "ideal", "ratio", "interval", "rest", "p", "p_holm")


@dataclass(frozen=True)
class Coverage:
    """How groups are covered."""

    groups: tuple[Group, ...]
    """The first is everybody."""
    ratios: Mapping[str, Mapping[int, Ratio]]
    """Features → place in `groups` → ratio, of groups with enough films."""
    values: Mapping[str, float | None]
    """Release, ideal and copies → the score."""
    drawn: int = 0
    """Synthetic films that cover at a time; as many of other patients are the ideal."""
    why_not: tuple[str, ...] = ()

    @property
    def missed(self) -> tuple[int, ...]:
        """Places of the groups that are missed in both kinds of features."""
        places = range(len(self.groups))
        return tuple(place for place in places if self._missed(place))

    def _missed(self, place: int) -> bool:
        found = [each.get(place) for each in self.ratios.values()]
        return bool(found) and all(
            ratio is not None
            and ratio.rest is not None
            and ratio.p_holm is not None
            and ratio.ratio < ratio.rest
            and ratio.p_holm <= ALPHA
            for ratio in found
        )

    def scores(self) -> dict[str, float | None]:
        """0 … 100 of the release, the ideal and copies; None where not measurable."""
        return dict(self.values)

    def report(self) -> list[dict[str, Any]]:
        """A row for each group and kind of features, ready for JSON; names no film and no patient.

        Of a group with too few films there is one row, with numbers of films and patients only
        where it has as many patients as its `least`.
        """
        rows = []
        for place, group in enumerate(self.groups):
            head = {"column": group.column, "group": group.name}
            hidden = group.patients < group.least
            counts = {
                "films": None if hidden else len(group.films),
                "patients": None if hidden else group.patients,
            }
            measured = {
                features: each[place] for features, each in self.ratios.items() if place in each
            }
            for features, ratio in measured.items():
                rows.append(
                    head
                    | counts
                    | {
                        "features": features,
                        "drawn": self.drawn,
                        "value": ratio.value,
                        "ideal": ratio.ideal,
                        "ratio": ratio.ratio,
                        "interval": ratio.interval,
                        "rest": ratio.rest,
                        "p": ratio.p,
                        "p_holm": ratio.p_holm,
                        "missed": place in self.missed,
                        "too_few": False,
                    }
                )
            if not measured:
                rows.append(
                    head | counts | dict.fromkeys(_MEASURED) | {"missed": False, "too_few": True}
                )
        return rows


def measure_coverage(
    sets: ScoreSets,
    facts: Mapping[str, Facts] | None = None,
    *,
    least: int = FEWEST_PATIENTS,
    features: PictureFeatures | None = None,
) -> Coverage:
    """How the release covers each group of real films.

    Args:
        sets: see `score_sets`; control films may be none.
        facts: `trained` and `control` → facts of those films, by id.
        least: patients who must share a value that is named.
        features: of the sets' pictures; None takes them.
    """
    known = features or picture_features(sets)
    real_sets = (sets.trained, sets.control)
    patients = [patient for part in real_sets for patient in part.patients]
    stated = [(facts or {}).get(role, {}) for role in (TRAINED, CONTROL)]
    several = _several(patients)
    joined = {**several, **merged(stated, [part.ids for part in real_sets]), **several}
    places = [str(place) for place in range(len(patients))]
    found = grouped(joined, places, patients, least=least)
    everybody = Group("", EVERYBODY, np.arange(len(patients)), len(set(patients)), least)
    groups = (everybody, *found.groups)
    why_not = _remarks(found.alike, found.left_out)
    owners = cluster_numbers(patients)
    films, pool = np.arange(len(patients)), np.arange(len(known.pooled))
    if everybody.too_few:
        none: dict[str, float | None] = dict.fromkeys((RELEASE, IDEAL, COPIES))
        few = "coverage: there are too few real films"
        return Coverage(groups, {}, none, why_not=(few, *why_not))
    spaces = _spaces(sets, known, owners)
    with one_thread_each():
        ratios = {space.name: ratios_of(space, films, pool, groups) for space in spaces}
        values = {
            RELEASE: score_of(ratios.values()),
            IDEAL: _score_of_ideal(spaces, groups),
            COPIES: _score_of_copies(spaces, groups, np.arange(len(sets.trained))),
        }
    return Coverage(groups, corrected(ratios), values, drawn_of(films, pool), tuple(why_not))


def _spaces(sets: ScoreSets, known: PictureFeatures, owners: NDArray[np.int64]) -> list[Space]:
    """Real films and released ones in both kinds of features."""
    drawn = sets.released.vectors[known.places[known.pooled]]
    of: dict[str, tuple[Features, ...]] = {
        FEATURES: (known.trained, known.control, known.released[known.pooled]),
        VECTORS: (sets.trained.vectors, sets.control.vectors, drawn),
    }
    spaces = []
    for name, (trained, control, released) in of.items():
        real = np.concatenate([trained, control])
        within = nearest(real, owners=owners)
        spaces.append(Space(name, within, nearest(real, released), owners))
    return spaces


def _several(patients: Sequence[str]) -> dict[str, dict[str, str]]:
    """Whether a film's patient has others; nothing where the patient is not stated, or none has."""
    counts: dict[str, int] = {}
    for patient in patients:
        counts[patient] = counts.get(patient, 0) + 1
    if max(counts.values(), default=1) < 2:
        return {}
    return {
        FILMS_OF_PATIENT: {
            str(place): SEVERAL if counts[patient] > 1 else SINGLE
            for place, patient in enumerate(patients)
            if patient.startswith("patient ")
        }
    }


def _remarks(alike: Sequence[str], left_out: int) -> list[str]:
    remarks = []
    if alike:
        remarks.append(
            f"coverage: nothing to compare in {', '.join(alike)}: all films are in one group"
        )
    if left_out:
        remarks.append(
            f"coverage: {left_out} further column(s) made no groups; the first {MOST_COLUMNS} did"
        )
    return remarks


def _score_of_ideal(spaces: Sequence[Space], groups: Sequence[Group]) -> float | None:
    """Mean over three draws of a third of the real films, by patient, as the release."""
    owners = spaces[0].owners
    thirds = np.random.default_rng(_SEED).permutation(int(owners.max()) + 1)[owners] % THIRDS
    scores = []
    for turn in range(THIRDS):
        found = []
        for space in spaces:
            among = replace(space, pool=space.real)
            films, pool = np.flatnonzero(thirds != turn), np.flatnonzero(thirds == turn)
            found.append(ratios_of(among, films, pool, groups, count=0))
        scores.append(score_of(found))
    known = [score for score in scores if score is not None]
    return round(float(np.mean(known)), 1) if len(known) == THIRDS else None


def _score_of_copies(
    spaces: Sequence[Space], groups: Sequence[Group], trained: Places
) -> float | None:
    """Trained films as the release; each covers itself, too."""
    return score_of(
        [
            ratios_of(
                replace(space, pool=space.real.with_itself()),
                np.arange(len(space.owners)),
                trained,
                groups,
                count=0,
            )
            for space in spaces
        ]
    )
