"""All parts of a score, of the same films: what a stage and a command alike measure and write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cxr_release.errors import Fault, SourceError
from cxr_release.files import write_json
from cxr_release.films.film_set import FilmSet
from cxr_release.params.limits import LEAST_PATIENTS
from cxr_release.params.measures import ScoreParams
from cxr_release.scorecard import coverage_rows, fidelity_rows, figures, prevalence
from cxr_release.scorecard.attacks import sentences
from cxr_release.scorecard.attacks.attack import Attack, NotMeasurable
from cxr_release.scorecard.classes import rows as class_rows
from cxr_release.scorecard.classes.measure import ClassLabels, known_classes, measure_classes
from cxr_release.scorecard.coverage import measure_coverage
from cxr_release.scorecard.extractors import open_extractor
from cxr_release.scorecard.facts import Facts
from cxr_release.scorecard.fidelity import measure_fidelity
from cxr_release.scorecard.names import CONTROL, RELEASED, TRAINED
from cxr_release.scorecard.picture_features import picture_features
from cxr_release.scorecard.privacy import measure_privacy
from cxr_release.scorecard.sets import ScoreSets, score_sets
from cxr_release.scorecard.summary import LIMITS, sets_lines, summary_lines, summary_of
from cxr_release.scorecard.utility import words
from cxr_release.scorecard.utility.labelled import stated_labels
from cxr_release.scorecard.utility.labels import Labels
from cxr_release.scorecard.utility.utility import measure_utility

SCHEMA = 1
"""Of the report."""
FILE = "scorecard.json"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is scored."""

    trained: FilmSet
    """Films that the generator learnt from; or, without `members_known`, real films alone."""
    members_known: bool = True
    """See `score_sets`."""
    control: FilmSet | None
    """Films of other patients, through the same ingest, that no run saw; None without any."""
    released: FilmSet
    checkpoint_of: Mapping[str, str] | None = None
    """See `score_sets`."""
    facts: Mapping[str, Facts] = field(default_factory=dict)
    """`trained` and `control` → facts of those films, which make groups."""
    least_patients: int = LEAST_PATIENTS
    """Who must share a value that is named."""
    labels: Labels | None = None
    classes: ClassLabels | None = None
    """That films were drawn as; None: those of `labels`, where it states any of released films."""
    external: FilmSet | None = None
    """Films of another hospital to test on, in place of control films."""
    network_attacks: Sequence[Attack | NotMeasurable] = ()
    """On networks whose weights an attacker holds, not corrected; see `network_attacks`."""


@dataclass(frozen=True)
class Scorecard:
    """What was measured."""

    sets: ScoreSets
    report: Mapping[str, Any]
    """What `scorecard.json` holds: it names no film that could be read, and no patient."""

    @property
    def unreadable(self) -> dict[str, list[tuple[str, str]]]:
        """Set → films that could not be read, and why."""
        return {name: list(films) for name, films in self.sets.unreadable.items()}


def measure(subject: Subject, settings: ScoreParams) -> Scorecard:
    """Measure privacy, fidelity, utility and coverage of a release.

    Args:
        subject: what is scored.
        settings: how much is computed, and by what.

    Raises:
        SourceError: a patient or a picture is in two sets that are held against each other, labels
            fit no film, or a film cannot be read any more.
        CxrReleaseError: a file of weights is refused.
    """
    films = {TRAINED: subject.trained, RELEASED: subject.released}
    if subject.control is not None:
        films[CONTROL] = subject.control
    sets = score_sets(
        subject.trained,
        subject.control,
        subject.released,
        checkpoint_of=subject.checkpoint_of,
        members_known=subject.members_known,
    )
    extractors = [_extractor(text) for text in settings.extractors]
    features = picture_features(sets)
    faithful = measure_fidelity(sets, features=features, extractors=extractors, films=films)
    covering = measure_coverage(
        sets, subject.facts, least=subject.least_patients, features=features
    )
    kept = prevalence.measure_prevalence(sets, subject.facts, least=subject.least_patients)
    useful = measure_utility(
        sets, labels=subject.labels, external=subject.external, learner=settings.learner
    )
    classes = subject.classes or _stated_classes(sets, subject.labels)
    by_class = None
    if classes is not None:
        by_class = measure_classes(sets, classes, least=subject.least_patients, features=features)
    private = measure_privacy(sets, subject.trained, further=subject.network_attacks)
    parts = {
        "fidelity": faithful.scores(),
        "utility": useful.scores(),
        "privacy": private.scores(),
        "coverage": covering.scores(),
    }
    why_not = [
        *faithful.why_not, *useful.why_not, *private.why_not, *covering.why_not,
        *kept.why_not
    ]  # fmt: skip
    return Scorecard(
        sets,
        {
            "schema": SCHEMA,
            **({} if subject.members_known else {"members": "not known"}),
            "sets": sets.report(),
            "fidelity": faithful.report(),
            "utility": useful.report(),
            "learning_curves": useful.curves(),
            "privacy": private.report(),
            "coverage": covering.report(),
            "prevalence": kept.report(),
            "notes": list(useful.notes),
            "summary": summary_of(parts, why_not),
            **({} if by_class is None else {"classes": by_class}),
        },
    )


def _stated_classes(sets: ScoreSets, labels: Labels | None) -> ClassLabels | None:
    if labels is None or not labels.classes:
        return None
    return known_classes(sets.released.ids, stated_labels(sets, labels).classes)


def _extractor(text: str) -> Any:
    network, _, file = text.partition("=")
    weights, _, sha256 = file.partition("@")
    return open_extractor(network, Path(weights), sha256)


def text_of(report: Mapping[str, Any]) -> str:
    """A score in words, for a terminal.

    Args:
        report: see `Scorecard.report`.
    """
    lines = [*sets_lines(report["sets"]), "", *summary_lines(report["summary"])]
    for block in (
        fidelity_rows.lines(report["fidelity"]),
        words.lines(report["utility"]),
        coverage_rows.lines(report["coverage"]),
        prevalence.lines(report["prevalence"]),
        sentences.lines(report["privacy"]),
    ):
        lines += ["", *(line.rstrip() for line in block)]
    if "classes" in report:
        lines += ["", *class_rows.lines(report["classes"])]
    lines += [f"note: {note}" for note in report["notes"]]
    lines += [f"not counted: {sentence}" for sentence in report["summary"]["why_not"]]
    return "\n".join([*lines, "", LIMITS])


def printed(report: Mapping[str, Any], output: Path) -> dict[str, Any]:
    """What the command prints: what was written, and where."""
    written = {name: part for name, part in report.items() if name != "unreadable"}
    return written | {"output": str(output)}


def write(folder: Path, report: Mapping[str, Any]) -> None:
    """Write `scorecard.json`, and a picture of each thing that was measured.

    Args:
        folder: is there. Pictures of an earlier score of things that are not in this one go.
        report: see `Scorecard.report`.
    """
    write_json(folder / FILE, report)
    drawn = figures.draw(folder, report)
    for name in figures.FIGURES.keys() - {*drawn}:
        (folder / name).unlink(missing_ok=True)


def require_read(unreadable: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Refuse to call a set scored in which a film could not be read.

    Raises:
        SourceError: with every film that could not be read.
    """
    faults = [Fault(film, fault) for films in unreadable.values() for film, fault in films]
    if faults:
        raise SourceError(
            f"{len(faults)} film(s) could not be read and are not in the score",
            remedy="mend them or take them out, and score again",
            faults=faults,
        )
