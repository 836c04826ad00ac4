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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.fidelity.distances import FEATURES
from cxr_release.films.folder import printable
from cxr_release.memorization.parallel import one_thread_each
from cxr_release.scorecard.balls import Features, Space, halves, nearest
from cxr_release.scorecard.facts import Facts
from cxr_release.scorecard.groups import (
    FEWEST_PATIENTS,
    MOST_COLUMNS,
    Group,
    grouped,
    merged,
)
from cxr_release.scorecard.picture_features import PictureFeatures, picture_features
from cxr_release.scorecard.sets import (
    CONTROL,
    COPIES,
    IDEAL,
    RELEASE,
    TRAINED,
    Places,
    ScoreSets,
)
from cxr_release.statistics.bootstrap import LEVEL, cluster_numbers
from cxr_release.statistics.multiple import holm
from cxr_release.statistics.proportions import ALPHA

VECTORS = "vectors of small pictures"
HALVES = 200
"""Draws behind each interval."""
DRAWN = 4
"""One synthetic film for so many real ones covers the real films at a time, at most: more would
cover nearly all films of any group, and hide that there are few of its kind."""
THIRDS = 3
EVERYBODY = "all films"
"""Name of the group that every film is in, of no column."""
SEVERAL = "films of the patient"
_SEED = 1805

Sums = NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """What a group comes to in one kind of features."""

    value: float
    """Share of the group's films that have a synthetic neighbour."""
    ideal: float
    """Share that have one of as many real films of other patients."""
    ratio: float
    """Of the two."""
    interval: list[float] | None
    """Of the ratio; None where it was not asked for."""
    rest: float | None
    """Ratio of all films that are not in the group."""
    p: float | None
    """Of the two ratios being equal."""
    p_holm: float | None = None


@dataclass(frozen=True)
class Coverage:
    """How groups are covered."""

    groups: tuple[Group, ...]
    """The first is everybody."""
    ratios: Mapping[str, Mapping[int, Ratio]]
    """Features → place in `groups` → ratio, of groups with enough films."""
    values: Mapping[str, float | None]
    """Release, ideal and copies → the score."""
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
        where it has `FEWEST_PATIENTS` patients.
        """
        rows = []
        for place, group in enumerate(self.groups):
            head = {"column": group.column, "group": group.name}
            hidden = group.patients < FEWEST_PATIENTS
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
                empty = ("features", "value", "ideal", "ratio", "interval", "rest", "p", "p_holm")
                rows.append(
                    head | counts | dict.fromkeys(empty) | {"missed": False, "too_few": True}
                )
        return rows


def measure_coverage(
    sets: ScoreSets,
    facts: Mapping[str, Facts] | None = None,
    *,
    features: PictureFeatures | None = None,
) -> Coverage:
    """How the release covers each group of real films.

    Args:
        sets: see `score_sets`; control films may be none.
        facts: `trained` and `control` → facts of those films, by id.
        features: of the sets' pictures; None takes them.
    """
    known = features or picture_features(sets)
    real_sets = (sets.trained, sets.control)
    patients = [patient for part in real_sets for patient in part.patients]
    stated = [(facts or {}).get(role, {}) for role in (TRAINED, CONTROL)]
    several = _several(patients)
    joined = {**several, **merged(stated, [part.ids for part in real_sets]), **several}
    places = [str(place) for place in range(len(patients))]
    found = grouped(joined, places, patients)
    everybody = Group("", EVERYBODY, np.arange(len(patients)), len(set(patients)))
    groups = (everybody, *found.groups)
    why_not = _remarks(found.alike, found.left_out)
    owners = cluster_numbers(patients)
    films, pool = np.arange(len(patients)), np.arange(len(known.pooled))
    if everybody.too_few:
        none: dict[str, float | None] = dict.fromkeys((RELEASE, IDEAL, COPIES))
        return Coverage(groups, {}, none, ("coverage: there are too few real films", *why_not))
    spaces = _spaces(sets, known, owners)
    with one_thread_each():
        ratios = {space.name: _ratios(space, films, pool, groups) for space in spaces}
        values = {
            RELEASE: _score(ratios.values()),
            IDEAL: _score_of_ideal(spaces, groups),
            COPIES: _score_of_copies(spaces, groups, np.arange(len(sets.trained))),
        }
    return Coverage(groups, _corrected(ratios), values, tuple(why_not))


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
    """Whether a film's patient has others; nothing where the patient is not stated."""
    counts: dict[str, int] = {}
    for patient in patients:
        counts[patient] = counts.get(patient, 0) + 1
    return {
        SEVERAL: {
            str(place): "several" if counts[patient] > 1 else "one"
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


def _ratios(
    space: Space, films: Places, pool: Places, groups: Sequence[Group], *, count: int = HALVES
) -> dict[int, Ratio]:
    """Place in `groups` → ratio, of groups with enough films; p values are not yet corrected.

    Args:
        space: features.
        films: real films that take part.
        pool: covering films that take part.
        groups: of real films; the first is everybody.
        count: halves behind intervals; 0: none are taken.
    """
    enough = [place for place, group in enumerate(groups) if not group.too_few]
    inside = np.zeros((len(space.owners), len(enough)))
    for column, place in enumerate(enough):
        inside[groups[place].films, column] = 1
    drawn = max(1, min(len(pool), len(films) // DRAWN))
    hits, ideals = _sums(space, films, pool, drawn, inside)
    parts = [
        _quotients(*_sums(space, *half, max(1, drawn // 2), inside))
        for half in halves(films, space.owners, pool, count=count, seed=_SEED)
    ]
    ratio, rest = _quotients(hits, ideals)
    counts = inside[films].sum(axis=0)
    found = {}
    for column, place in enumerate(enough):
        if counts[column]:
            scattered = np.array([[each[column] for each in part] for part in parts])
            found[place] = _ratio(
                float(hits[column] / counts[column]),
                float(ideals[column] / counts[column]),
                (float(ratio[column]), float(rest[column])),
                scattered.reshape(-1, 2),
            )
    return found


def _sums(space: Space, films: Places, pool: Places, drawn: int, inside: Sums) -> tuple[Sums, Sums]:
    """(groups,) films of each that are covered, and that the ideal covers; on average."""
    rates, ideals = space.rates(films, pool, drawn)
    return rates @ inside[films], ideals @ inside[films]


def _quotients(hits: Sums, ideals: Sums) -> tuple[Sums, Sums]:
    """(groups,) ratios of each group and of all others; nan where there are no films."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return hits / ideals, (hits[0] - hits) / (ideals[0] - ideals)


def _ratio(value: float, ideal: float, ratios: tuple[float, float], scattered: Sums) -> Ratio:
    """What a group comes to, from its ratio and that of all others, and those of (halves, 2)."""
    ratio, rest = ratios
    alone = not np.isfinite(rest)
    known = scattered[np.isfinite(scattered).all(axis=1) | alone]
    interval = p = None
    if len(known) > 1:
        reach = _NORMAL * float(known[:, 0].std(ddof=1))
        interval = [max(0.0, ratio - reach), ratio + reach]
        error = 0.0 if alone else float((known[:, 0] - known[:, 1]).std(ddof=1))
        p = _two_sided((ratio - rest) / error) if error > 0 else None
    return Ratio(value, ideal, ratio, interval, None if alone else rest, p)


_NORMAL = NormalDist().inv_cdf((1 + LEVEL) / 2)


def _two_sided(statistic: float) -> float:
    return 2 * NormalDist().cdf(-abs(statistic))


def _corrected(ratios: Mapping[str, Mapping[int, Ratio]]) -> dict[str, dict[int, Ratio]]:
    """With p values adjusted over the groups, of each kind of features by itself."""
    result: dict[str, dict[int, Ratio]] = {}
    for name, of_groups in ratios.items():
        adjusted = holm([ratio.p for ratio in of_groups.values()])
        result[name] = {
            place: replace(ratio, p_holm=p)
            for (place, ratio), p in zip(of_groups.items(), adjusted, strict=True)
        }
    return result


def _score(spaces: Iterable[Mapping[int, Ratio]]) -> float | None:
    """100 × the lowest ratio of a group, taking the larger of the kinds of features."""
    by_group: dict[int, list[float]] = {}
    for of_groups in spaces:
        for place, ratio in of_groups.items():
            by_group.setdefault(place, []).append(ratio.ratio)
    if not by_group:
        return None
    lowest = min(max(ratios) for ratios in by_group.values())
    return round(100 * min(1.0, lowest), 1)


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
            found.append(_ratios(among, films, pool, groups, count=0))
        scores.append(_score(found))
    known = [score for score in scores if score is not None]
    return round(float(np.mean(known)), 1) if len(known) == THIRDS else None


def _score_of_copies(
    spaces: Sequence[Space], groups: Sequence[Group], trained: Places
) -> float | None:
    """Trained films as the release; each covers itself, too."""
    return _score(
        [
            _ratios(
                replace(space, pool=space.real.with_itself()),
                np.arange(len(space.owners)),
                trained,
                groups,
                count=0,
            )
            for space in spaces
        ]
    )


def lines(report: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The rows in words, for a terminal; a line for each group.

    Args:
        report: see `Coverage.report`.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in report:
        groups.setdefault((row["column"], row["group"]), []).append(row)
    measured = [row for row in report if not row["too_few"]]
    if not measured:
        yield "coverage: not measured, for there are too few films"
        return
    kinds = " and ".join(dict.fromkeys(row["features"] for row in measured))
    yield f"coverage, as a ratio to that by as many films of other patients, by {kinds}:"
    for (column, group), rows in groups.items():
        name = ": ".join(printable(part) for part in (column, group) if part)
        first = rows[0]
        if first["too_few"]:
            counts = "" if first["films"] is None else f": {first['films']:,} films"
            yield f"  {name}{counts}: too few to measure"
        else:
            missed = "; MISSED" if first["missed"] else ""
            ratios = " and ".join(map(_ratio_in_words, rows))
            yield f"  {name}, {first['films']:,} films: {ratios}{missed}"
    if any(row["missed"] for row in measured):
        yield "  MISSED: shown by both kinds of features to be covered less than all other films"
    else:
        yield "  no group is shown by both kinds of features to be covered less than the others"


def _ratio_in_words(row: Mapping[str, Any]) -> str:
    text = f"{row['ratio']:.2f}"
    if row["interval"] is not None:
        low, high = row["interval"]
        text += f" [{low:.2f}, {high:.2f}]"
    if row["rest"] is not None:
        text += f" (others {row['rest']:.2f})"
    return text
