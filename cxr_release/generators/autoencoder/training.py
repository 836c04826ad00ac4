"""Training an autoencoder, resumable to the bit, as `diffusion.training` is."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cxr_release.errors import TrainingError
from cxr_release.film_size import Size
from cxr_release.generators.autoencoder import checkpoint
from cxr_release.generators.autoencoder.checkpoint import FirstStageRecord, Record
from cxr_release.generators.autoencoder.learner import AutoencoderLearner
from cxr_release.generators.runtime.compute import computing
from cxr_release.generators.runtime.films import Films, films_sha256
from cxr_release.generators.runtime.randomness import seed_of
from cxr_release.generators.runtime.training_run import Run, begin_run, take_steps
from cxr_release.generators.runtime.versions import versions
from cxr_release.params.autoencoders import AutoencoderParams, LatentParams
from cxr_release.params.training import ComputeParams, TrainParams


def train(
    films: Films,
    folder: Path,
    *,
    settings: AutoencoderParams,
    others: TrainParams,
    compute: ComputeParams,
    seed: int,
    fingerprint: str,
) -> None:
    """Train an autoencoder and leave its checkpoints in `folder`, as `diffusion.training.train`.

    Args:
        films: (n, height, width) uint8, the cohort.
        folder: of this run; an unfinished run of the same fingerprint in it is resumed.
        settings: of the autoencoder, a generator or, as `LatentParams`, the first stage of latent
            diffusion; its steps end at the last whole `others.checkpoint_every`.
        others: of training, where the autoencoder has no settings of its own.
        compute: precision and compilation.
        seed: root of the run's random numbers.
        fingerprint: names everything that the result depends on.

    Raises:
        TrainingError: films or steps do not fit, the loss is not a number, the disk is full, or an
            unfinished run in `folder` trains on another cohort. The last good checkpoint is kept.
        CxrReleaseError: `folder` holds something else.
    """
    name = "latent" if isinstance(settings, LatentParams) else "autoencoder"
    size = _size(films, settings, name)
    end = settings.steps - settings.steps % others.checkpoint_every
    if not end:
        raise TrainingError(
            f"{settings.steps} steps end before the first checkpoint at step"
            f" {others.checkpoint_every}",
            remedy=f"raise {name}.steps or lower train.checkpoint_every",
        )
    cohort = films_sha256(films)
    with computing(compute) as context:
        if context.processes.agreed(lambda: begin_run(folder, fingerprint, cohort)):
            return
        batches = replace(
            others,
            steps=settings.steps,
            batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            # A generator draws no mirrored film; a first stage brings those back that are learnt.
            flip=bool(others.flip) if name == "latent" else others.flip is True,
        )
        learner = AutoencoderLearner(
            films,
            network=settings.network,
            settings=batches,
            horizon=settings.steps,
            seed=seed_of(seed, name),
            compute=context,
        )
        shared = ("decay", "checkpoint_every", "warmup", "ema", "ema_every", "flip")
        training = {
            **{name: getattr(settings, name) for name in ("steps", "batch_size", "learning_rate")},
            **{name: value for name, value in asdict(batches).items() if name in shared},
            "films": len(films),
            "cohort_sha256": cohort,
            "seed": seed,
            "precision": context.precision,
            "versions": versions(),
        }

        def write(path: Path, number: int, step: int) -> None:
            facts: dict[str, Any] = {
                "checkpoint": number,
                "checkpoint_step": step,
                "size": size.sides,
                "fingerprint": fingerprint,
            }
            record: Record | FirstStageRecord
            if isinstance(settings, LatentParams):
                record = FirstStageRecord(generator="latent", network=settings.network, **facts)
            else:
                record = Record(generator="autoencoder", network=settings.network, **facts)
            checkpoint.save(path, learner.averaged(), record, training)

        run = Run(
            folder=folder,
            fingerprint=fingerprint,
            films=len(films),
            cohort=cohort,
            end=end,
            checkpoint_every=others.checkpoint_every,
            write=write,
        )
        take_steps(learner, run, context.processes)


def _size(films: Films, settings: AutoencoderParams, name: str) -> Size:
    if len(films.shape) != 3 or len(films) == 0:
        raise TrainingError(f"needs films of one size, got an array of {films.shape}")
    size = Size.of_shape(films.shape)
    halvings = settings.network.halvings
    if not size.is_multiple_of(halvings):
        raise TrainingError(
            f"films of {size} pixels cannot be halved as often as the autoencoder asks",
            remedy=f"take multiples of {halvings}, or fewer {name}.channels",
        )
    return size
