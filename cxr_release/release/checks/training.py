"""What a release says of its training, held against the parameters and computed again.

That the weights came about so nobody can see from a release; but what is stated can be made sure
to follow from itself.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from cxr_release.errors import TrainingError
from cxr_release.film_id import Job
from cxr_release.generators.privacy.accounting import FINEST, epsilon_of, is_installed
from cxr_release.params.autoencoders import AutoencoderParams, LatentParams
from cxr_release.params.project import Params
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.inputs import ReleaseInputs, TrainedAutoencoder, TrainedCheckpoint
from cxr_release.release.record import Metrics, Privacy, Split, Training

_TRAIN = "train again (`dvc repro train`)"
_TOLERANCE = 1e-3
"""Share by which two versions of the accountant may differ."""


def check_trained(
    inputs: ReleaseInputs, jobs: list[Job], params: Params, split: Split, report: CheckReport
) -> None:
    """The sampled checkpoints say the same of their training, and what the parameters say."""
    stated = {}
    for number, path in inputs.trained(jobs).items():
        document = report.document(path, TrainedCheckpoint)
        if document is not None:
            place = Place(str(path), _TRAIN)
            report.says(place.at("key checkpoint"), document.checkpoint, number, "its folder")
            stated[number] = document.stated()
            check_training(stated[number], params, split, place.at("key training"), report)
            if params.latent.is_on:
                first = path.parent / "latent" / "checkpoint.json"
                _check_autoencoder(first, document, params.latent, params.latent_step, report)
    if len({training.model_dump_json() for training in stated.values()}) > 1:
        report.add(str(inputs.final), "its checkpoints are not of one run", _TRAIN)


def check_autoencoder(inputs: ReleaseInputs, params: Params, report: CheckReport) -> None:
    """The autoencoder's checkpoint is of the parameters, and of the films of the final run."""
    if not params.sample.beside:
        return
    for other in inputs.trained(params.sample.jobs).values():
        trained = report.document(other, TrainedCheckpoint)
        path, step = inputs.trained_autoencoder, params.autoencoder_step
        _check_autoencoder(path, trained, params.autoencoder, step, report)
    report.applied("statements on the autoencoder held against the parameters", 1)


def _check_autoencoder(
    path: Path,
    trained: TrainedCheckpoint | None,
    settings: AutoencoderParams,
    step: int,
    report: CheckReport,
) -> None:
    """What an autoencoder's checkpoint says against its section, and the films of the network's.

    Args:
        path: of what it says.
        trained: what the network's checkpoint says.
        settings: its section.
        step: that it should have been trained to.
        report: where faults go.
    """
    document = report.document(path, TrainedAutoencoder)
    if document is None:
        return
    section = "latent" if isinstance(settings, LatentParams) else "autoencoder"
    place = Place(str(path), f"train again (`dvc repro train_{section}`)")
    where = f"section {section}"
    report.says(place.at("key generator"), document.generator, section, where)
    report.says(place.at("key checkpoint_step"), document.checkpoint_step, step, where)
    network = {**asdict(settings.network), "channels": list(settings.channels)}
    report.says(place.at("key network"), document.network, network, where)
    for key in ("steps", "batch_size", "learning_rate"):
        true, stated = getattr(settings, key), getattr(document.training, key)
        report.says(place.at(f"key training.{key}"), stated, true, where)
    if trained is not None and trained.training.cohort_sha256 is not None:
        films, stated = trained.training.cohort_sha256, document.training.cohort_sha256
        report.says(place.at("key training.cohort_sha256"), stated, films, "the network's films")


def check_untrained(metrics: Metrics, params: Params, place: Place, report: CheckReport) -> None:
    """A release says of a network what there is to say, and nothing where none was trained."""
    stated = {
        "losses": bool(metrics.losses),
        "distances": metrics.distances is not None,
        "checkpoints": metrics.checkpoints is not None,
    }
    for key, is_stated in stated.items():
        if is_stated != params.trains:
            report.add(place.at(key), "does not fit train.steps")
    points = (metrics.distances or {}).get("generators", [])
    names = [point.get("source") if isinstance(point, dict) else None for point in _list(points)]
    report.says(
        place.at("distances.generators"), names, list(params.sample.beside), "sample.generators"
    )
    members = metrics.scorecard and metrics.scorecard.members
    if metrics.scorecard and (members is None) != params.trains:
        report.add(place.at("scorecard.members"), "does not fit train.steps")


def check_training(
    training: Training | None, params: Params, split: Split, place: Place, report: CheckReport
) -> None:
    """What is stated is what was asked for, and ε follows from the noise.

    Args:
        training: as stated; None in a record of before it was.
        params: what was asked for.
        split: how many films and patients training had.
        place: where it is stated.
        report: where faults go.
    """
    settings = params.train
    if not params.trains:
        if training is not None:
            report.add(place, "is stated, and train.steps is 0: nothing was trained")
        return
    privacy = training.privacy if training else None
    start = training.start if training else None
    given = None if start is None else start.sha256
    report.says(place.at("start"), given, settings.start_sha256, "train.start_sha256")
    if bool(training and training.latent_sha256) != params.latent.is_on:
        report.add(place.at("latent_sha256"), "does not fit latent.steps")
    if (privacy is None) != (settings.privacy is None):
        report.add(place.at("privacy"), "is not what train.privacy asked for")
    elif privacy is not None and settings.privacy is not None:
        where = place.at("privacy")
        for key in ("delta", "clip", "levels"):
            asked = getattr(settings.privacy, key)
            if getattr(privacy, key) != asked:
                report.add(where.at(key), f"is not {asked:g}, which train.privacy asked for")
        if privacy.epsilon > settings.privacy.epsilon:
            asked = settings.privacy.epsilon
            report.add(where.at("epsilon"), f"is above {asked:g}, which train.privacy asked for")
        steps = settings.steps - settings.steps % settings.checkpoint_every
        report.says(where.at("steps"), privacy.steps, steps, "train.steps")
        report.says(where.at("batch_size"), privacy.batch_size, settings.batch_size, "train")
        _check_units(privacy, split, where, report)
        _check_epsilon(privacy, where, report)
    report.applied("statements on training held against the parameters", 1)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _check_units(privacy: Privacy, split: Split, place: Place, report: CheckReport) -> None:
    parts = ("tuning", "held_out")
    films = sum(split.films.get(part, 0) for part in parts)
    report.says(place.at("films"), privacy.films, films, "the parts of the split")
    without, stated = privacy.films_without_patient, privacy.films - privacy.films_without_patient
    if split.patients is not None and not split.patients_not_stated:
        patients = sum(split.patients.get(part, 0) for part in parts)
        report.says(place.at("units"), privacy.units, patients, "the patients of the split")
    of = {without == 0: "patient", stated == 0: "film"}.get(True, "patient or film")
    report.says(place.at("unit"), privacy.unit, of, "films_without_patient")
    if not (without <= privacy.units <= privacy.films and without <= split.patients_not_stated):
        report.add(place.at("units"), "and films without a patient do not fit the films")
    if privacy.delta * privacy.units >= 1:
        report.add(place.at("delta"), "is not below 1 in the number of units")
    if privacy.batch_size > privacy.units:
        report.add(place.at("batch_size"), "is more than there are units")


def _check_epsilon(privacy: Privacy, place: Place, report: CheckReport) -> None:
    if not is_installed():
        report.note(
            f"ε = {privacy.epsilon:g} of its private training was not computed again: opacus is not"
            " installed (`pip install 'cxr-release[privacy]'`)"
        )
        return
    if privacy.batch_size > privacy.units:
        return
    try:
        true = epsilon_of(
            privacy.noise_multiplier,
            rate=privacy.batch_size / privacy.units,
            steps=privacy.steps,
            delta=privacy.delta,
        )
    except (TrainingError, ValueError, OverflowError) as error:
        report.add(place.at("epsilon"), f"cannot be computed again: {error}")
        return
    if abs(privacy.epsilon - true) > max(_TOLERANCE * true, 2 * FINEST):
        report.add(
            place.at("epsilon"),
            f"says {privacy.epsilon:g}; its noise, steps and sampling come to {true:g}",
        )
    report.applied("guarantees of differential privacy computed again", 1)
