"""Is what the real films show kept at its prevalence: shares of classes among synthetic films.

A classifier that learnt from real films says which class each synthetic film is of. It errs, so
that what it says of films is not their share: of a rare class it finds too many among films of
common ones. How it errs is measured on real films of patients from whom it did not learn, and taken
out: the mean probabilities q that it gives to synthetic films are a mixture of the mean
probabilities M of real films of each class, q = M p, and p, with p ≥ 0 and a sum of 1, are the
shares (probabilistic adjusted count: Bella, Ferri, Hernández-Orallo and Ramírez-Quintana,
Quantification via Probability Estimators, ICDM 2010).

That holds as far as a synthetic film of a class looks to the classifier as a real film of it does;
noise has shares, too. So the probabilities of synthetic films are held against those of a mixture
of real films in these shares: *unlike* is the largest distance of the distribution functions of a
class (Kolmogorov and Smirnov). Measured on 300 phantoms against 600: 0.06 of other phantoms,
0.04 to 0.06 of softened ones, 0.15 and more of strongly blurred or darkened ones, 0.7 and more of
noise. Where films are that unlike, or too few to tell, nothing is said to be found.

That test is blind to blur or grain that a classifier takes for a class. So there are two
classifiers, which see films otherwise: one the grey levels of a small film, one its edges. A share
is the mean of what both come to. Where their intervals do not meet, nothing is said to be found,
and a share is said to differ only where it does by both, on the same side. Of the films of the
default's three checkpoints, for instance, grey levels say that 9 % are in the highest third of
lordosis, and edges 39 %: nobody knows then.

Intervals are those of a bootstrap in which patients of real films, and synthetic films, are drawn
again. The share among the films that the generator learnt from is counted, and has none. All
classes of all facts are tested together (Holm). No film and no patient is in what is reported.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.films.folder import printable
from cxr_release.memorization.parallel import one_thread_each
from cxr_release.params.limits import LEAST_PATIENTS
from cxr_release.schemas import SMALL
from cxr_release.scorecard.class_model import edges
from cxr_release.scorecard.facts import TECHNICAL, Facts
from cxr_release.scorecard.groups import NOT_STATED, Group, grouped, merged
from cxr_release.scorecard.names import CONTROL, TRAINED
from cxr_release.scorecard.sets import ScoreSets
from cxr_release.scorecard.utility.classification import SIDE, class_scores
from cxr_release.statistics.bootstrap import cluster_numbers
from cxr_release.statistics.multiple import holm
from cxr_release.statistics.proportions import ALPHA

Numbers = NDArray[np.float64]
Row = dict[str, Any]

FOLDS = 5
"""Parts of the patients of real films, each of which is left out once."""
LEAST_OF_CLASS = 20
"""Real films of a class whose share is measured."""
LEAST_SYNTHETIC = 20
MOST_LEARNT = 900
"""Films from which a classifier learns; more make it slow."""
DRAWS = 1000
_SEED = 1_903
MOST_UNLIKE = 0.12
"""Distance of distribution functions from which on films are not judged."""
MOST_BY_CHANCE = 0.3
"""Where chance alone gives more than that in one of a hundred sets of so few films, nobody could
tell films that are unlike."""
RARE = 0.01
_WEIGHT = 1e3
"""Of the sum of 1 beside the mixture, where least squares weigh one against the other."""


@dataclass(frozen=True)
class Prevalence:
    """Shares of the classes of all facts."""

    rows: tuple[Row, ...]
    why_not: tuple[str, ...]
    """A sentence for each fact whose classes could not be counted."""

    def report(self) -> list[Row]:
        """Rows ready for JSON: `fact`, `class`, `real` (`films`, `patients`, `share`), `synthetic`
        (`films`, `share`, `interval`), `unlike`, `why_not` (None, or why nothing is said to be
        found), `p`, `p_holm` (None then), `found` (`less`, `more` or None) and `half`, whether half
        the share would be found."""
        return list(self.rows)


def measure_prevalence(
    sets: ScoreSets, facts: Mapping[str, Facts], *, least: int = LEAST_PATIENTS
) -> Prevalence:
    """Count the classes of each fact among synthetic films.

    Args:
        sets: see `score_sets`.
        facts: `trained` and `control` → facts of those films; of how a film was made none counts.
        least: patients who must share a value that is named.
    """
    parts = [(name, part) for name, part in ((TRAINED, sets.trained), (CONTROL, sets.control))]
    shown = [
        {name: values for name, values in facts.get(part, {}).items() if name not in TECHNICAL}
        for part, _ in parts
    ]
    known = merged(shown, [part.ids for _, part in parts])
    patients = [patient for _, part in parts for patient in part.patients]
    places = [str(place) for place in range(len(patients))]
    found = grouped(known, places, patients, least=least)
    pictures = np.concatenate([part.pictures for _, part in parts])
    seen = [(look(pictures), look(sets.released.pictures)) for look in LOOKS]
    columns: dict[str, list[Group]] = {}
    for group in found.groups:
        if group.name != NOT_STATED:
            columns.setdefault(group.column, []).append(group)
    rows: list[Row] = []
    why_not = []
    for column, groups in columns.items():
        fault = _fault(groups, len(sets.released), patients[: len(sets.trained)])
        if fault:
            why_not.append(f"prevalence, {column}: {fault}")
        else:
            rows += _rows(column, groups, seen, patients, learnt=len(sets.trained))
    tested = [row for row in rows if row["why_not"] is None]
    for row, p in zip(tested, holm([row["p"] for row in tested]), strict=True):
        row["p_holm"] = p
        if p is not None and p <= ALPHA:
            less = row["synthetic"]["share"] < row["real"]["share"]
            row["found"] = "less" if less else "more"
    return Prevalence(tuple(rows), tuple(why_not))


def grey_levels(pictures: NDArray[np.uint8]) -> Numbers:
    """(films, SIDE²) means of pixels, 0 … 1, of pictures (films, SMALL, SMALL)."""
    reduced = pictures.reshape(-1, SIDE, SMALL // SIDE, SIDE, SMALL // SIDE)
    return np.asarray(reduced.mean(axis=(2, 4)).reshape(len(pictures), -1) / 255, np.float64)


LOOKS = (grey_levels, edges)
"""What each of the classifiers sees of films."""


def _fault(groups: Sequence[Group], synthetic: int, trained: Sequence[str]) -> str:
    """Why the classes of a fact cannot be counted; empty where they can.

    Args:
        groups: the classes.
        synthetic: films.
        trained: whose each trained film is; they are the first of all real films.
    """
    if len(groups) < 2:
        return "all films whose class is known are of one class"
    if synthetic < LEAST_SYNTHETIC:
        return f"there are {synthetic} synthetic films, and {LEAST_SYNTHETIC} are needed"
    for group in groups:
        owners = {trained[place] for place in group.films if place < len(trained)}
        # Numbers of few patients are not given, and fewer than folds cannot be learnt from.
        needed = max(group.least, FOLDS)
        if len(group.films) < LEAST_OF_CLASS or len(owners) < needed:
            return (
                f"a class has fewer than {LEAST_OF_CLASS} real films, or is of fewer than {needed}"
                " patients that were trained on"
            )
    return ""


def _rows(
    column: str,
    groups: Sequence[Group],
    seen: Sequence[tuple[Numbers, Numbers]],
    patients: Sequence[str],
    *,
    learnt: int,
) -> Iterator[Row]:
    films = np.concatenate([group.films for group in groups])
    classes = np.repeat(np.arange(len(groups)), [len(group.films) for group in groups])
    whose = cluster_numbers([patients[place] for place in films])
    asked, unlike = len(seen[0][1]), 0.0
    counted = []
    for inputs, released in seen:
        real, synthetic = cross_fitted(inputs[films], classes, whose, released, len(groups))
        share, drawn = shares_of(real, classes, whose, synthetic)
        unlike = max(unlike, unlikeness(real, classes, synthetic, share))
        counted.append((share, drawn))
    shares, draws = (np.mean(each, axis=0) for each in zip(*counted, strict=True))
    why_not = _why_not(unlike, int(whose.max()) + 1, asked, len(groups))
    if why_not is None and not agreeing([drawn for _, drawn in counted]):
        why_not = "classifiers that see films otherwise disagree"
    trained = np.bincount(classes[films < learnt], minlength=len(groups))
    owners = [len({patients[place] for place in group.films if place < learnt}) for group in groups]
    for number, group in enumerate(groups):
        truth = float(trained[number] / trained.sum())
        low, high = (
            float(np.quantile(draws[:, number], end)) for end in (ALPHA / 2, 1 - ALPHA / 2)
        )
        yield {
            "fact": column,
            "class": group.name,
            "real": {
                "films": int(trained[number]),
                "patients": owners[number],
                "share": truth,
            },
            "synthetic": {
                "films": asked,
                "share": float(shares[number]),
                "interval": [low, high],
            },
            "unlike": unlike,
            "why_not": why_not,
            "p": _p_of_all([drawn[:, number] for _, drawn in counted], truth),
            "p_holm": None,
            "found": None,
            "half": why_not is None
            and all(
                np.quantile(drawn[:, number], 1 - ALPHA / 2) - share[number] < truth / 2
                for share, drawn in counted
            ),
        }


def agreeing(draws: Sequence[Numbers]) -> bool:
    """Whether the intervals of several estimates meet, for each class.

    Args:
        draws: of each estimate (DRAWS, classes).
    """
    ends = np.array([np.quantile(each, [ALPHA / 2, 1 - ALPHA / 2], axis=0) for each in draws])
    return bool((ends[:, 0].max(axis=0) <= ends[:, 1].min(axis=0)).all())


def _why_not(unlike: float, patients: int, synthetic: int, count: int) -> str | None:
    """Why nothing is said of films that are so unlike a mixture; None where it can be.

    Args:
        unlike: how unlike, the worst of all classes.
        patients: of real films, which are alike within patients.
        synthetic: films.
        count: of classes.
    """
    # The quantile of Kolmogorov's distribution, corrected for the classes (Bonferroni).
    quantile = math.sqrt(-math.log(RARE / count / 2) / 2)
    by_chance = quantile * ((patients + synthetic) / (patients * synthetic)) ** 0.5
    if by_chance > MOST_BY_CHANCE:
        return "too few films to tell whether they look like real ones"
    if unlike > max(MOST_UNLIKE, by_chance):
        return "unlike real films of any class"
    return None


def unlikeness(
    real: Numbers, classes: NDArray[np.int64], synthetic: Numbers, shares: Numbers
) -> float:
    """How far synthetic films are from a mixture of real ones, by the classifier: 0 … 1.

    Args:
        real: (n, classes) probabilities of real films.
        classes: (n,) what they are.
        synthetic: (m, classes) probabilities of synthetic films.
        shares: (classes,) of the mixture.

    Returns:
        The largest distance between the distribution functions of a class's probability.
    """
    weights = (shares / np.bincount(classes, minlength=len(shares)))[classes]
    steps = np.concatenate([weights, np.full(len(synthetic), -1 / len(synthetic))])
    worst = 0.0
    for number in range(len(shares)):
        values = np.concatenate([real[:, number], synthetic[:, number]])
        order = np.argsort(values, kind="stable")
        # Distribution functions differ behind the last of equal values alone.
        last = np.append(np.diff(values[order]) > 0, True)
        worst = max(worst, float(np.abs(np.cumsum(steps[order])[last]).max()))
    return worst


def cross_fitted(
    inputs: Numbers,
    classes: NDArray[np.int64],
    whose: NDArray[np.int64],
    asked: Numbers,
    count: int,
) -> tuple[Numbers, Numbers]:
    """Probabilities of the classes, by classifiers that did not learn from the film's patient.

    Args:
        inputs: (n, q) real films.
        classes: (n,) of each, 0 … count − 1.
        whose: (n,) number of the patient of each.
        asked: (m, q) synthetic films.
        count: of classes.

    Returns:
        (n, count) of each real film by the classifier that learnt from the other folds; and
        (m, count) of each synthetic film by one of the classifiers, which take turns: the mean of
        several would be less sure of a film than each of them is.
    """
    import sklearn.linear_model  # noqa: F401 - its threads must be loaded to be held back

    chance = np.random.default_rng(_SEED)
    order = chance.permutation(int(whose.max()) + 1)
    fold = (order % FOLDS)[whose]
    real = np.zeros((len(inputs), count))
    synthetic = np.zeros((len(asked), count))
    with one_thread_each():
        for number in range(FOLDS):
            out = fold == number
            both = np.concatenate([inputs[out], asked[number::FOLDS]])
            learnt = chance.permutation(np.flatnonzero(~out))[:MOST_LEARNT]
            scores = class_scores(inputs[learnt], classes[learnt], both, count)
            real[out] = scores[: out.sum()]
            synthetic[number::FOLDS] = scores[out.sum() :]
    return real, synthetic


def shares_of(
    real: Numbers, classes: NDArray[np.int64], whose: NDArray[np.int64], synthetic: Numbers
) -> tuple[Numbers, Numbers]:
    """Shares of the classes among synthetic films, and as drawn again in a bootstrap.

    Args:
        real: (n, classes) probabilities of real films, from classifiers that did not see them.
        classes: (n,) what they are.
        whose: (n,) number of the patient of each, from 0.
        synthetic: (m, classes) probabilities of synthetic films.

    Returns:
        (classes,) and (DRAWS, classes); each row sums to 1.
    """
    count, owners = synthetic.shape[1], int(whose.max()) + 1
    sums = np.zeros((owners, count, count))
    films = np.zeros((owners, count))
    np.add.at(sums, (whose, classes), real)
    np.add.at(films, (whose, classes), 1)
    means = sums.sum(axis=0) / films.sum(axis=0)[:, None]
    random = np.random.default_rng(_SEED)
    draws = np.empty((DRAWS, count))
    for number in range(DRAWS):
        drawn = random.multinomial(owners, np.full(owners, 1 / owners))
        total = drawn @ films
        again = np.tensordot(drawn, sums, axes=1) / np.maximum(total, 1)[:, None]
        # A class none of whose patients was drawn keeps what all of them give.
        mixed = np.where(total[:, None] > 0, again, means)
        weights = random.multinomial(len(synthetic), np.full(len(synthetic), 1 / len(synthetic)))
        draws[number] = mixture(mixed, weights @ synthetic / len(synthetic))
    return mixture(means, synthetic.mean(axis=0)), draws


def mixture(means: Numbers, mixed: Numbers) -> Numbers:
    """(classes,) shares, 0 or more and of sum 1, at which a mixture comes nearest to `mixed`.

    Args:
        means: (classes, classes) mean probabilities of films of each class, a row a class.
        mixed: (classes,) mean probabilities of the mixture.
    """
    from scipy.optimize import nnls

    count = len(mixed)
    shares, _ = nnls(
        np.vstack([means.T, np.full(count, _WEIGHT)]), np.concatenate([mixed, [_WEIGHT]])
    )
    return np.asarray(shares / shares.sum(), np.float64)


def _p(draws: Numbers, truth: float) -> float:
    """Two-sided p of the share being `truth`, by the draws beyond it."""
    beyond = min(np.count_nonzero(draws <= truth), np.count_nonzero(draws >= truth))
    return float(min(1.0, 2 * (beyond + 1) / (len(draws) + 1)))


def _p_of_all(draws: Sequence[Numbers], truth: float) -> float:
    """The largest p of several estimates; 1 where they lie on both sides of `truth`."""
    sides = {bool(np.median(each) > truth) for each in draws}
    return max(_p(each, truth) for each in draws) if len(sides) == 1 else 1.0


def lines(report: Sequence[Row]) -> Iterator[str]:
    """The rows in words, for a terminal; a line for each class.

    Args:
        report: see `Prevalence.report`.
    """
    if not report:
        yield "prevalence: not measured"
        return
    yield "prevalence, share among synthetic films by classifiers, and among trained films:"
    for row in report:
        low, high = row["synthetic"]["interval"]
        found = {"less": "; LESS OFTEN", "more": "; MORE OFTEN"}.get(row["found"] or "", "")
        weak = "" if row["half"] or found else "; half the share would not be found"
        weak = f"; not judged: {row['why_not']}" if row["why_not"] else weak
        yield (
            f"  {printable(row['fact'])}: {printable(row['class'])}:"
            f" {row['synthetic']['share']:.1%} [{low:.1%}, {high:.1%}], trained"
            f" {row['real']['share']:.1%}, {row['real']['films']:,} films{found}{weak}"
        )
