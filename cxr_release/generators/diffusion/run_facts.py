"""What a training run is, as its checkpoints state it, and what it may start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cxr_release.errors import CheckpointError, TrainingError
from cxr_release.film_size import Size
from cxr_release.generators import checkpoints
from cxr_release.generators.checkpoints import Checkpoint
from cxr_release.generators.conditions import Conditions
from cxr_release.generators.privacy.mechanism import Guarantee, Private
from cxr_release.params.training import NetworkParams, TrainParams


def guarantee_of(
    private: Private | None, settings: TrainParams, films: int, end: int
) -> Guarantee | None:
    """What the run guarantees; it is private exactly where the settings ask for it."""
    if (private is None) != (settings.privacy is None):
        raise TrainingError("train.privacy and what makes a run private go together")
    if private is None:
        return None
    if private.units.film_count != films:
        raise TrainingError(f"units of {private.units.film_count:,} films, and {films:,} films")
    return private.guarantee(settings, end)


def settings_of(settings: TrainParams) -> dict[str, Any]:
    """The settings; of the checkpoint that training starts from the hash, and not the place."""
    values = asdict(settings)
    started = values.pop("start_sha256")
    return values | {"start": None if started is None else {"sha256": started}}


def facts_of(guarantee: Guarantee | None, private: Private | None) -> dict[str, Any] | None:
    """The guarantee, and the fingerprint of the key that its noise comes from."""
    if guarantee is None or private is None:
        return None
    return asdict(guarantee) | {"noise_key": private.key.fingerprint}


def load_start(
    folder: Path,
    settings: TrainParams,
    network: NetworkParams,
    size: Size,
    conditions: Conditions,
) -> Checkpoint:
    """The checkpoint to start from, if it is the stated one and of the same network.

    Raises:
        CheckpointError: it is another one, or cannot be loaded.
    """
    found = checkpoints.load_stated(folder, settings.start_sha256 or "")
    if (found.record.network, found.record.size) != (network, size):
        raise CheckpointError(
            "is of another network or another size of films than this run",
            where=str(folder),
            remedy="start from one that was trained with the same `network` and `ingest.size`",
        )
    own, asked = found.record.conditions, conditions
    if (own.names, own.mirrored) != (asked.names, asked.mirrored):
        raise CheckpointError(
            f"draws films as {', '.join(own.names) or 'no classes'}, and this run as"
            f" {', '.join(asked.names) or 'no classes'}, or is told otherwise of mirrored films",
            where=str(folder),
            remedy="start from one that was trained with the same `condition` and `train.flip`",
        )
    return found


def films_named(cohort: str, private: Private | None) -> dict[str, str]:
    """The hash of the films, as a checkpoint states it.

    Of private training it goes by the key of the noise: whoever has all films but one could try
    others in its place against the plain hash, which no noise protects.
    """
    if private is None:
        return {"cohort_sha256": cohort}
    return {"cohort_hmac": private.key.of_films(cohort)}


def require_other_films(begin: Checkpoint, names: Mapping[str, str], folder: Path | None) -> None:
    """Weights that have seen the films otherwise would make nothing of the guarantee."""
    if any(begin.record.training.get(key) == name for key, name in names.items()):
        raise TrainingError(
            "was trained on the very films that this run is to keep private",
            where=str(folder),
            remedy="start from a checkpoint of public films, such as phantoms, or from none",
        )
