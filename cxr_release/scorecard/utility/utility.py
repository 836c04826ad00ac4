"""Are synthetic films good for anything: every task, and what could not be measured.

Models learn from synthetic films, alone or beside real ones, and are tested on films of patients
whom no generator saw. No film and no patient is in what is reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cxr_release.encoders.registry import small_picture
from cxr_release.errors import Fault, SourceError
from cxr_release.films.film_set import FilmSet
from cxr_release.memorization.features import features_of
from cxr_release.memorization.parallel import one_thread_each
from cxr_release.scorecard.names import COPIES, IDEAL, RELEASE, row_name, title
from cxr_release.scorecard.sets import Part, ScoreSets, part_of
from cxr_release.scorecard.utility.arms import LEAST_REAL, SEEDS, design_of
from cxr_release.scorecard.utility.classification import (
    CLASSIFICATION,
    LEAST_OF_CLASS,
    labelled_classes,
)
from cxr_release.scorecard.utility.comparison import curves_of, insensitive, rows_of
from cxr_release.scorecard.utility.labelled import (
    LEAST_TEACHING,
    Labelled,
    landmarks_of,
    numbers_of,
    stated_labels,
)
from cxr_release.scorecard.utility.labels import Labels
from cxr_release.scorecard.utility.learners import Learner, learner_of
from cxr_release.scorecard.utility.pools import LEAST_CHECKPOINT, Pools, pools_of
from cxr_release.scorecard.utility.rows import Row, recoveries
from cxr_release.scorecard.utility.students import LANDMARKS, NUMBER
from cxr_release.scorecard.utility.task import CLOSED, Task
from cxr_release.scorecard.utility.training import Settings
from cxr_release.scorecard.utility.trials import Trials, run_trials

CONTROL, EXTERNAL = "control", "external"


@dataclass(frozen=True)
class Utility:
    """What synthetic films are worth in every task."""

    trials: tuple[Trials, ...]
    rows: tuple[Row, ...]
    why_not: tuple[str, ...]
    """A sentence for what could not be measured, or could not have told good films from bad."""
    notes: tuple[str, ...]
    """Films that were left out, counted."""
    checkpoints: tuple[str, ...]
    """All of the release, measured or not."""

    def report(self) -> list[Row]:
        """Rows ready for JSON; see `comparison.rows_of`."""
        return list(self.rows)

    def curves(self) -> list[Row]:
        """Learning curves of real films, ready for JSON; see `comparison.curves_of`."""
        return curves_of(self.trials)

    def repetitions(self) -> list[dict[str, Any]]:
        """The value of each arm in each repetition: a table to keep."""
        return [row for each in self.trials for row in _repetitions(each)]

    def scores(self) -> dict[str, float | None]:
        """Mean recovery, 0 … 100, of the release, each checkpoint and copies.

        `ideal` is the ceiling itself: 100, wherever anything could be measured. Those of floors and
        of blurred films: see `comparison.recoveries`.
        """
        shares = recoveries(self.rows)
        ideal = 100.0 if any(row["sensitive"] for row in self.rows) else None
        names = (COPIES, *map(row_name, self.checkpoints))
        return {RELEASE: shares.get(RELEASE), IDEAL: ideal} | {
            name: shares.get(name) for name in names
        }


def measure_utility(
    sets: ScoreSets,
    *,
    labels: Labels | None = None,
    external: FilmSet | None = None,
    learner: str = CLOSED,
    settings: Settings | None = None,
    seeds: int = SEEDS,
) -> Utility:
    """Learn from synthetic films, and from others, and test on control films.

    Args:
        sets: see `score_sets`.
        labels: of any of the films; see `read_labels`.
        external: films of another hospital, to test on in place of control films.
        learner: one of `learners.LEARNERS`.
        settings: of a learner that needs a training loop.
        seeds: repetitions of the folds, 1 or more.

    Raises:
        ParamsError: there is no such learner.
        SourceError: labels cannot be matched with films; or an external film is among the trained
            or control films, or none can be read.
    """
    # Whose threads are to be held back must be loaded by then: the last bits hang on their number.
    import scipy.linalg  # noqa: F401
    import sklearn.linear_model  # noqa: F401

    with one_thread_each():
        return _measured(sets, labels, external, learner_of(learner, settings), seeds)


def _measured(
    sets: ScoreSets,
    labels: Labels | None,
    external: FilmSet | None,
    learner: Learner,
    seeds: int,
) -> Utility:
    if not len(sets.control):
        why = (
            "utility: there are no films of patients whom no run saw, to learn from and to test on"
        )
        return Utility((), (), (why,), (), tuple(sets.checkpoints))
    notes: list[str] = []
    outside = None if external is None else _outside(external, sets, notes)
    pools = pools_of(sets, outside)
    stated = None if labels is None else stated_labels(sets, labels, outside)
    why_not = [
        f"{title(name)}: has {films} films, and is measured apart with {LEAST_CHECKPOINT} or more"
        for name, films in pools.too_few.items()
    ]
    trials: list[Trials] = []
    for task, tested in _tasks(pools, stated, learner, sets.source_name, why_not):
        design = design_of(pools, task.usable, external=tested, seeds=seeds)
        if design is None:
            why_not.append(
                f"{task.about.task}: there are too few films or patients for folds of which each"
                f" leaves {LEAST_REAL} real films to learn from, and twice as many of every other"
                " kind"
            )
        else:
            trials.append(run_trials(task, design, pools))
    if labels is not None and stated is not None:
        notes += _counts(sets, labels, stated)
    rows = rows_of(trials, CONTROL if external is None else EXTERNAL)
    why_not += [
        f"{each.about.task}, {arm.protocol}, {arm.ratio} to 1: {why}"
        for each in trials
        for arm in each.ceilings
        if (why := insensitive(each, arm))
    ]
    return Utility(
        tuple(trials), tuple(rows), tuple(why_not), tuple(notes), tuple(sets.checkpoints)
    )


def _tasks(
    pools: Pools, labels: Labels | None, learner: Learner, source: str, why_not: list[str]
) -> Iterator[tuple[Task, Any]]:
    """Each task that can be tried, and films that it is tested on in place of a fold."""
    yield learner.inpainting(pools), pools.external
    yield learner.super_resolution(pools), pools.external
    if labels is None:
        return
    for task, stated, labelled in (
        (LANDMARKS, labels.points, landmarks_of(pools, labels) if labels.points else None),
        (NUMBER, labels.numbers, numbers_of(pools, labels) if labels.numbers else None),
        (CLASSIFICATION, labels.classes, labelled_classes(pools, labels)),
    ):
        if not stated:
            continue
        fault = _no_teacher(labelled, task, source)
        if fault or labelled is None:
            why_not.append(f"{task}: {fault}")
        elif task == CLASSIFICATION:
            yield learner.classification(pools, labelled), labelled.external
        else:
            yield learner.student(pools, labelled, task), labelled.external


def _no_teacher(labelled: Labelled | None, task: str, source: str) -> str:
    """Why nothing can be learnt of some labels; empty where it can."""
    if labelled is None and task == CLASSIFICATION:
        return (
            f"fewer than two classes have {LEAST_OF_CLASS} control and {LEAST_OF_CLASS} {source}"
            " films"
        )
    if labelled is None:
        return "no landmark is stated of nearly all labelled films"
    if len(labelled.teaching) < LEAST_TEACHING:
        return (
            f"{len(labelled.teaching)} {source} film(s) are labelled, and a teacher needs"
            f" {LEAST_TEACHING} or more"
        )
    if labelled.external is not None and not len(labelled.external):
        return "no external film is labelled"
    return ""


def _outside(films: FilmSet, sets: ScoreSets, notes: list[str]) -> Part:
    read = features_of(films, small_picture(), ["plain"], None)
    if not read.ids:
        raise SourceError("has no external film that can be read", where=films.name)
    part = part_of(films, read)
    if read.unreadable:
        notes.append(f"{len(read.unreadable):,} external film(s) could not be read")
    inside = dict.fromkeys(sets.trained.digests, sets.source_name)
    inside |= dict.fromkeys(sets.control.digests, "control")
    faults = [
        Fault(film, f"looks as a {inside[digest]} film does", "take it out of one of the two")
        for film, digest in zip(part.ids, part.digests, strict=True)
        if digest in inside
    ]
    if faults:
        raise SourceError(
            f"{len(faults)} external film(s) are among the {sets.source_name} or control films",
            faults=faults,
        )
    return part


def _counts(sets: ScoreSets, labels: Labels, stated: Labels) -> Iterator[str]:
    """How many films are labelled, in words."""
    kinds = {LANDMARKS: stated.points, NUMBER: stated.numbers, CLASSIFICATION: stated.classes}
    for task, films in kinds.items():
        for name, part in ((sets.source_name, sets.trained), ("control", sets.control)):
            missing = len(part) - sum(film in films for film in part.ids)
            if films and missing:
                yield f"{task}: {missing:,} of {len(part):,} {name} films are not labelled"
        own = sum(film in films for film in sets.released.ids)
        if own:
            yield f"{task}: {own:,} of {len(sets.released):,} synthetic films came with labels"
    strange = len(labels.films) - len(stated.films)
    if strange:
        yield f"{strange:,} of {len(labels.films):,} labelled films are not among those scored"


def _repetitions(trials: Trials) -> Iterator[dict[str, Any]]:
    every = {("real only", 0, "real"): trials.real_only}
    every |= {
        (arm.protocol, arm.ratio, "ceiling"): values for arm, values in trials.ceilings.items()
    }
    every |= {(arm.protocol, arm.ratio, of): values for (arm, of), values in trials.values.items()}
    for (protocol, ratio, of), values in every.items():
        for repetition, value in zip(trials.design.repetitions, values, strict=True):
            yield {
                "task": trials.about.task,
                "protocol": protocol,
                "ratio": ratio,
                "of": of,
                "seed": repetition.seed,
                "fold": repetition.fold,
                "value": float(value),
            }
