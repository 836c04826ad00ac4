"""Whom does a release miss: the share of each group's real films that have a synthetic neighbour.

Real films are trained and control films together: the question is who is not in the release, and
whether trained films were copied is for privacy to say. A group's share is divided by that of the
ideal, as many real films of other patients in place of the synthetic ones: films of a rare group
lie sparser, and few of anybody's films are near them.

A release that covers everybody badly has low ratios in all groups. A group is *missed* where its
ratio is lower than that of all other films in both kinds of features, random convolution features
and vectors of small pictures, after correction over all groups (Holm; two-sided t test of the
difference, with the variance of `balls`).

The score is 100 × the lowest ratio of a group, or of all films, taking the better of the two kinds
of features; at most 100. That of the ideal is the mean over three draws: each a third of the real
films, by patient, in place of the release, against the others. It is not 100, since the lowest of
several ratios is lowered by chance; nor is a release's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.fidelity.distances import FEATURES
from cxr_release.films.folder import printable
from cxr_release.scorecard.anchors import COPIES, IDEAL, RELEASE
from cxr_release.scorecard.balls import (
    SCALE,
    SHARE,
    Division,
    Features,
    Neighbours,
    Space,
    covered,
    divisions,
    nearest,
)
from cxr_release.scorecard.facts import Facts
from cxr_release.scorecard.groups import (
    FEWEST_PATIENTS,
    MOST_COLUMNS,
    Group,
    grouped,
    merged,
)
from cxr_release.scorecard.picture_features import PictureFeatures, picture_features
from cxr_release.scorecard.sets import CONTROL, TRAINED, Places, ScoreSets
from cxr_release.statistics.multiple import holm
from cxr_release.statistics.proportions import ALPHA

VECTORS = "vectors of small pictures"
DIVISIONS, DIVISIONS_OF_ANCHOR = 200, 60
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
    ratio: float | None
    """Of the two; None where the ideal is 0."""
    interval: list[float] | None
    """Of the ratio; None where nothing scatters enough to give one."""
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
            and ratio.ratio is not None
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
    joined = dict(merged(stated, [part.ids for part in real_sets]))
    joined |= _several(patients)
    places = [str(place) for place in range(len(patients))]
    found = grouped(joined, places, patients)
    everybody = Group("", EVERYBODY, np.arange(len(patients)), len(set(patients)))
    groups = (everybody, *found.groups)
    why_not = _remarks(found.alike, found.left_out)
    spaces = _spaces(sets, known)
    films, pool = np.arange(len(patients)), np.arange(len(known.places))
    drawn = divisions(films, patients, pool, count=DIVISIONS, seed=_SEED)
    if not drawn or everybody.too_few:
        none: dict[str, float | None] = dict.fromkeys((RELEASE, IDEAL, COPIES))
        few = f"coverage: there are too few films to divide real films into {SHARE} parts"
        return Coverage(groups, {}, none, (few, *why_not))
    ratios = _corrected({space.name: _ratios(space, drawn, groups) for space in spaces})
    values = {
        RELEASE: _score(ratios.values()),
        IDEAL: _score_of_ideal(spaces, groups, patients),
        COPIES: _score_of_copies(spaces, groups, patients, np.arange(len(sets.trained))),
    }
    return Coverage(groups, ratios, values, tuple(why_not))


def _spaces(sets: ScoreSets, known: PictureFeatures) -> list[Space]:
    """Real films and released ones in both kinds of features."""
    vectors = sets.trained.vectors, sets.control.vectors, sets.released.vectors[known.places]
    of: dict[str, tuple[Features, ...]] = {
        FEATURES: (known.trained, known.control, known.released),
        VECTORS: vectors,
    }
    spaces = []
    for name, (trained, control, released) in of.items():
        real = np.concatenate([trained, control])
        spaces.append(Space(name, nearest(real), nearest(real, released)))
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


def _ratios(space: Space, drawn: Sequence[Division], groups: Sequence[Group]) -> dict[int, Ratio]:
    """Place in `groups` → ratio, of groups with enough films; p values are not yet corrected."""
    enough = [place for place, group in enumerate(groups) if not group.too_few]
    inside = np.zeros((len(space.real.places), len(enough)))
    for column, place in enumerate(enough):
        inside[groups[place].films, column] = 1
    films, hits, ideals = _sums(space, drawn, inside)
    return {
        place: _ratio(films[:, column], hits[:, [column, 0]], ideals[:, [column, 0]])
        for column, place in enumerate(enough)
    }


def _sums(space: Space, drawn: Sequence[Division], inside: Sums) -> tuple[Sums, Sums, Sums]:
    """(divisions, groups) films asked, covered, and covered by other patients' films."""
    films, hits, ideals = (np.zeros((len(drawn), inside.shape[1])) for _ in range(3))
    for number, division in enumerate(drawn):
        by_pool, by_ideal = covered(space, division)
        of_group = inside[division.covered]
        films[number] = of_group.sum(axis=0)
        hits[number] = by_pool @ of_group
        ideals[number] = by_ideal @ of_group
    return films, hits, ideals


def _ratio(films: Sums, hits: Sums, ideals: Sums) -> Ratio:
    """Of a group, whose sums over each division stand first, and everybody's second."""
    asked = films.sum()
    value, ideal = (float(sums[:, 0].sum() / asked) for sums in (hits, ideals))
    ratio, effects = _linear(hits[:, 0], ideals[:, 0])
    rest, of_rest = _linear(hits[:, 1] - hits[:, 0], ideals[:, 1] - ideals[:, 0])
    if ratio is None:
        return Ratio(value, ideal, None, None, rest, None)
    error = _error(effects)
    interval = [max(0.0, ratio - _T * error), ratio + _T * error] if error else None
    p = None
    if rest is not None:
        difference = _error(effects - of_rest)
        p = _two_sided(ratio - rest, difference) if difference else None
    return Ratio(value, ideal, ratio, interval, rest, p)


_T = 1.96


def _linear(above: Sums, below: Sums) -> tuple[float | None, Sums]:
    """Ratio of two sums, and how far each division moves it, to first order."""
    mean = float(below.mean())
    if mean <= 0:
        return None, np.zeros(len(below))
    ratio = float(above.mean()) / mean
    return ratio, (above - ratio * below) / mean


def _error(effects: Sums) -> float:
    return float(np.sqrt(SCALE * effects.var(ddof=1)))


def _two_sided(difference: float, error: float) -> float:
    from scipy.stats import norm

    return float(2 * norm.sf(abs(difference) / error))


def _corrected(ratios: Mapping[str, Mapping[int, Ratio]]) -> dict[str, dict[int, Ratio]]:
    """With p values adjusted over the groups, of each kind of features by itself."""
    result: dict[str, dict[int, Ratio]] = {}
    for name, of_groups in ratios.items():
        adjusted = holm([ratio.p for ratio in of_groups.values()])
        result[name] = {
            place: Ratio(**{**ratio.__dict__, "p_holm": p})
            for (place, ratio), p in zip(of_groups.items(), adjusted, strict=True)
        }
    return result


def _score(spaces: Sequence[Mapping[int, Ratio]] | Any) -> float | None:
    """100 × the lowest ratio of a group, taking the larger of the kinds of features."""
    by_group: dict[int, list[float]] = {}
    for of_groups in spaces:
        for place, ratio in of_groups.items():
            if ratio.ratio is not None:
                by_group.setdefault(place, []).append(ratio.ratio)
    if not by_group:
        return None
    lowest = min(max(ratios) for ratios in by_group.values())
    return round(100 * min(1.0, lowest), 1)


def _score_of_ideal(
    spaces: Sequence[Space], groups: Sequence[Group], patients: Sequence[str]
) -> float | None:
    """Mean over three draws of a third of the real films, by patient, as the release."""
    owners: dict[str, int] = {}
    numbers = np.array([owners.setdefault(patient, len(owners)) for patient in patients])
    scores = []
    for turn in range(SHARE):
        pool = np.flatnonzero(numbers % SHARE == turn)
        films = np.flatnonzero(numbers % SHARE != turn)
        drawn = divisions(films, patients, pool, count=DIVISIONS_OF_ANCHOR, seed=_SEED + turn)
        if not drawn:
            return None
        among = [Space(space.name, space.real, space.real) for space in spaces]
        scores.append(_score([_ratios(space, drawn, groups) for space in among]))
    known = [score for score in scores if score is not None]
    return round(float(np.mean(known)), 1) if len(known) == len(scores) else None


def _score_of_copies(
    spaces: Sequence[Space], groups: Sequence[Group], patients: Sequence[str], trained: Places
) -> float | None:
    """Trained films as the release; each covers itself, too."""
    films = np.arange(len(patients))
    drawn = divisions(films, patients, trained, count=DIVISIONS_OF_ANCHOR, seed=_SEED)
    if not drawn:
        return None
    among = [Space(space.name, space.real, _with_itself(space.real)) for space in spaces]
    return _score([_ratios(space, drawn, groups) for space in among])


def _with_itself(real: Neighbours) -> Neighbours:
    """Neighbours of each real film among the real ones, itself first."""
    own = np.arange(len(real.places), dtype=np.int32)[:, None]
    return Neighbours(
        np.hstack([own, real.places]), np.hstack([np.zeros((len(own), 1)), real.distances])
    )


def lines(report: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The rows in words, for a terminal.

    Args:
        report: see `Coverage.report`.
    """
    if all(row["too_few"] for row in report):
        yield "coverage: not measured, for there are too few films"
        return
    missed = []
    for row in report:
        name = f"{printable(row['column'])}: " if row["column"] else ""
        name += printable(row["group"])
        if row["too_few"]:
            counts = "" if row["films"] is None else f" ({row['films']:,})"
            yield f"{name}: too few films{counts} or patients to measure"
            continue
        yield f"{name}, {row['films']:,} films, {row['features']}: {_words(row)}"
        if row["missed"] and name not in missed:
            missed.append(name)
    if missed:
        yield f"covered less than other films in both kinds of features: {'; '.join(missed)}"
    else:
        yield "no group is covered less than other films in both kinds of features"


def _words(row: Mapping[str, Any]) -> str:
    if row["ratio"] is None:
        return "not even other patients' films cover any"
    text = (
        f"{100 * row['value']:.1f} % covered, {100 * row['ideal']:.1f} % by as many films of other"
        f" patients: ratio {row['ratio']:.2f}"
    )
    if row["interval"] is not None:
        low, high = row["interval"]
        text += f" [{low:.2f}, {high:.2f}]"
    if row["rest"] is not None:
        text += f"; of all other films {row['rest']:.2f}"
    return text
