"""Training, resumable to the bit.

Killed at any moment and called again, `train` ends with the checkpoints that it would have made
uninterrupted, bit for bit on one machine's CPU, whatever number of its cores it may use. On a GPU
they differ as two uninterrupted runs would.

Under `accelerate launch` the processes share each batch: every one holds the network, takes its
part of the films, and adds the gradients up with the others'. The main process writes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cxr_release.errors import TrainingError
from cxr_release.film_size import Size
from cxr_release.generators import checkpoints
from cxr_release.generators.autoencoder.checkpoint import (
    load_first_stage,
    read_first_stage_record,
    read_training,
)
from cxr_release.generators.checkpoints import Record
from cxr_release.generators.conditions import Conditions, ToldFilms
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.learner import Learner
from cxr_release.generators.diffusion.private_learner import PrivateLearner
from cxr_release.generators.diffusion.run_facts import (
    facts_of,
    films_named,
    guarantee_of,
    load_start,
    require_other_films,
    settings_of,
)
from cxr_release.generators.diffusion.spaces import LatentSpace
from cxr_release.generators.privacy.mechanism import Private
from cxr_release.generators.runtime.compute import computing
from cxr_release.generators.runtime.films import Films, films_sha256
from cxr_release.generators.runtime.training_run import Run, begin_run, take_steps
from cxr_release.generators.runtime.versions import versions
from cxr_release.params.training import ComputeParams, NetworkParams, TrainParams


def train(
    films: Films,
    folder: Path,
    *,
    network: NetworkParams,
    settings: TrainParams,
    compute: ComputeParams,
    steps: int,
    seed: int,
    fingerprint: str,
    start: Path | None = None,
    private: Private | None = None,
    films_told: ToldFilms | None = None,
    latent: Path | None = None,
) -> None:
    """Train a denoising network and leave its checkpoints in `folder`.

    `folder` gets `checkpoint-<N>/` after every `settings.checkpoint_every` steps, `stats.jsonl`
    and `run.json`; no times and no host names, so that equal runs give equal bytes. Steps after
    the last checkpoint would leave nothing and are not taken.

    Args:
        films: (n, height, width) uint8, the cohort.
        folder: of this run; an unfinished run of the same fingerprint in it is resumed.
        network: the U-Net.
        settings: of training; `settings.steps` is the length of the learning rate's decay.
        steps: where to stop. A run that stops early trains up to there exactly as the whole one
            would, so that its checkpoints can be used for those of the whole one.
        compute: precision and compilation.
        seed: root of the run's random numbers.
        fingerprint: names everything that the result depends on.
        start: folder of the checkpoint that `settings.start_sha256` is the hash of, whose weights
            training starts from; None: from random ones.
        private: what makes the run private, where `settings.privacy` asks for that.
        films_told: the classes of the films; None: films are drawn without classes.
        latent: folder of the checkpoint of an autoencoder of the same films, whose latents the
            network learns; None: it learns pixels.

    Raises:
        TrainingError: films or steps do not fit, the loss is not a number, the disk is full, or an
            unfinished run in `folder` trains on another cohort. The last good checkpoint is kept.
        CheckpointError: the checkpoint to start from cannot be loaded, or is not the one.
        CxrReleaseError: `folder` holds something else.
    """
    end = _end(films, network, settings, steps, latent)
    size = Size.of_shape(films.shape)
    cohort = films_sha256(films)
    guarantee = guarantee_of(private, settings, len(films), end)
    conditions = _conditions(films_told, settings, len(films))
    if films_told is not None:
        # Films whose classes have changed are another cohort to go on with.
        labels = json.dumps([*films_told.names, *films_told.labels, films_told.drop])
        begun_with = _joined(cohort, labels)
    else:
        begun_with = cohort
    if private is not None:
        # With another key the steps that are left would not go with those that are done.
        fingerprint = _joined(fingerprint, private.key.fingerprint)
    if latent is not None:
        _require_fitting(latent, cohort, settings)
    if (start is None) != (settings.start_sha256 is None):
        raise TrainingError("a checkpoint to start from and train.start_sha256 go together")
    begin = None if start is None else load_start(start, settings, network, size, conditions)
    if begin is not None and private is not None:
        require_other_films(begin, films_named(cohort, None) | films_named(cohort, private), start)
    with computing(compute) as context:
        if context.processes.agreed(lambda: begin_run(folder, fingerprint, begun_with)):
            return
        last = Record(
            checkpoint=end // settings.checkpoint_every,
            checkpoint_step=end,
            size=size,
            network=network,
            training=settings_of(settings)
            | {"privacy": facts_of(guarantee, private)}
            | {"films": len(films), **films_named(cohort, private), "seed": seed}
            | ({} if films_told is None else {"drop": films_told.drop})
            | {"precision": context.precision, "versions": versions()},
            fingerprint=fingerprint,
            conditions=conditions,
            latent=None if latent is None else checkpoints.latents_of(latent),
        )
        given: dict[str, Any] = {
            "network": network,
            "settings": settings,
            "horizon": max(steps, settings.steps),
            "seed": seed,
            "compute": context,
            "start": None if begin is None else begin.unet,
            "films_told": films_told,
            "space": None if latent is None else LatentSpace(load_first_stage(latent)),
        }
        if private is None or guarantee is None:
            learner = Learner(films, **given)
        else:
            stated = {"fingerprint": fingerprint, "cohort": cohort, "steps": steps, "seed": seed}
            chance = private.chance(
                stated | {"network": asdict(network), "settings": asdict(settings)}
            )
            learner = PrivateLearner(
                films, guarantee=guarantee, units=private.units, chance=chance, **given
            )
        run = Run(
            folder=folder,
            fingerprint=fingerprint,
            films=len(films),
            cohort=begun_with,
            end=end,
            checkpoint_every=settings.checkpoint_every,
            write=lambda path, number, step: checkpoints.save(
                path,
                learner.averaged(),
                replace(last, checkpoint=number, checkpoint_step=step),
                latent,
            ),
        )
        take_steps(learner, run, context.processes)


def _conditions(films_told: ToldFilms | None, settings: TrainParams, films: int) -> Conditions:
    """What the network is told; nothing in private training.

    Raises:
        TrainingError: it is private, or the classes are of other films.
    """
    mirrored = settings.flip == "labelled"
    if films_told is None:
        conditions = Conditions(mirrored=mirrored)
    elif len(films_told.labels) != films:
        raise TrainingError(f"classes of {len(films_told.labels):,} films, and {films:,} films")
    else:
        conditions = films_told.conditions(mirrored=mirrored)
    if settings.privacy is not None and conditions.rows is not None:
        raise TrainingError(
            "private training does not tell the network of classes or mirrored films",
            where="train.privacy",
            remedy="set train.privacy to null, or train without condition.label and labelled flips",
        )
    return conditions


def _joined(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _require_fitting(latent: Path, cohort: str, settings: TrainParams) -> None:
    """An autoencoder for these films, and for training without privacy and from the start.

    One that has seen other films would bring into the run what its checkpoints deny.
    """
    if settings.privacy is not None or settings.start_sha256 is not None:
        raise TrainingError(
            "a network that learns latents is trained neither privately nor from another checkpoint"
        )
    if read_training(latent).get("cohort_sha256") != cohort:
        raise TrainingError(
            "this autoencoder was trained on other films than the network is to be",
            where=str(latent),
            remedy="train it again (`dvc repro train_latent`)",
        )


def _end(
    films: Films,
    network: NetworkParams,
    settings: TrainParams,
    steps: int,
    latent: Path | None,
) -> int:
    """The step of the last checkpoint, after a look at whether training can start at all."""
    if len(films.shape) != 3 or len(films) == 0:
        raise TrainingError(f"needs films of one size, got an array of {films.shape}")
    size = Size.of_shape(films.shape)
    halvings = unets.halvings(network)
    if latent is not None:
        record = read_first_stage_record(latent)
        if Size.of(record.size) != size:
            raise TrainingError(
                f"films of {size} pixels, and an autoencoder for {Size.of(record.size)}",
                where=str(latent),
                remedy="train it again (`dvc repro train_latent`)",
            )
        halvings *= record.network.halvings
    if not size.is_multiple_of(halvings):
        raise TrainingError(
            f"films of {size} pixels cannot be halved as often as the network asks",
            remedy=f"take multiples of {halvings}, or fewer network.channels",
        )
    if steps < settings.checkpoint_every:
        raise TrainingError(
            f"{steps} steps end before the first checkpoint at step {settings.checkpoint_every}",
            remedy="raise the steps or lower train.checkpoint_every",
        )
    return steps - steps % settings.checkpoint_every
