"""One checkpoint of an autoencoder on disk.

    checkpoint-15/
      autoencoder.safetensors     averaged weights, and what was fitted to the latents of the films
      checkpoint.json             number, step, size, network, training

Loading trusts nothing, as that of the diffusion model does: the network is built from
`checkpoint.json` without memory for weights, and the file must hold exactly its tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from safetensors.torch import save as serialize

from cxr_release.errors import CheckpointError, ParamsError
from cxr_release.files import read_json, whole_folder, write_json
from cxr_release.film_size import ASKED, Size, is_film_size, read_sides
from cxr_release.generators.autoencoder.network import (
    Autoencoder,
    FilmAutoencoder,
    FirstStageAutoencoder,
)
from cxr_release.generators.runtime.weights import read_weights
from cxr_release.params.autoencoders import AutoencoderNetwork, FirstStageNetwork
from cxr_release.settings import between, checked, matching, read_by

RECORD = "checkpoint.json"
WEIGHTS = "autoencoder.safetensors"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What every checkpoint says about itself; in its file `training` stands beside it."""

    checkpoint: int = between(1, 2**62)
    """Number: training step ÷ steps between checkpoints."""
    checkpoint_step: int = between(1, 2**62)
    """Training steps that it had seen."""
    size: int | tuple[int, int] = read_by(ASKED, read_sides, is_film_size)
    """Of its films."""
    fingerprint: str = matching("[0-9a-f]{1,64}", "hex digits")
    """Of the run that it comes from."""


@dataclass(frozen=True, kw_only=True)
class Record(Facts):
    """Of a generator by itself."""

    generator: Literal["autoencoder"]
    network: AutoencoderNetwork


@dataclass(frozen=True, kw_only=True)
class FirstStageRecord(Facts):
    """Of the first stage of latent diffusion."""

    generator: Literal["latent"]
    network: FirstStageNetwork


R = TypeVar("R", Record, FirstStageRecord)
A = TypeVar("A", bound=Autoencoder)


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint: its record and the network with the averaged weights."""

    record: Record
    network: FilmAutoencoder


def save(
    folder: Path,
    network: Autoencoder,
    record: Record | FirstStageRecord,
    training: Mapping[str, Any],
) -> None:
    """Write a checkpoint folder, whole or not at all. Same weights and record, same bytes.

    Args:
        folder: of the checkpoint.
        network: with its averaged weights, fitted to the latents of the films.
        record: of the checkpoint.
        training: settings, hash of the cohort, precision and versions of the code, for the reader.
    """
    with whole_folder(folder) as partial:
        tensors = {
            name: tensor.detach().cpu().contiguous()
            for name, tensor in network.state_dict().items()
        }
        (partial / WEIGHTS).write_bytes(serialize(tensors))
        write_json(partial / RECORD, asdict(record) | {"training": dict(training)})


def read_record(folder: Path) -> Record:
    """What a checkpoint of a generator says about itself, without its weights.

    Raises:
        CheckpointError: it is missing, or says what cannot be.
    """
    return _read(folder, Record)


def read_first_stage_record(folder: Path) -> FirstStageRecord:
    """Likewise, of the first stage of latent diffusion.

    Raises:
        CheckpointError: it is missing, or says what cannot be.
    """
    return _read(folder, FirstStageRecord)


def read_training(folder: Path) -> Mapping[str, Any]:
    """What a checkpoint says of its training, as `save` was given it.

    Raises:
        CheckpointError: it is missing, or says what cannot be.
    """
    try:
        return dict(read_json(folder / RECORD)["training"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"does not say how it was trained: {error!r}",
            where=str(folder / RECORD),
            remedy="copy the checkpoint again, or delete it and train again (`dvc repro`)",
        ) from None


def _read(folder: Path, kind: type[R]) -> R:
    """What a checkpoint says about itself, without its weights.

    Raises:
        CheckpointError: it is missing, or says what cannot be.
    """
    path = folder / RECORD
    again = "copy the checkpoint again, or delete it and train again (`dvc repro`)"
    try:
        raw = read_json(path)
        stated = {name: value for name, value in raw.items() if name != "training"}
        record = checked(kind, stated, where=str(path))
    except OSError as error:
        raise CheckpointError(
            f"no readable checkpoint here ({error.strerror})",
            where=str(path),
            remedy="train first (`dvc repro`)",
        ) from None
    except ParamsError as error:
        raise CheckpointError(
            f"not a record of an autoencoder: {error.what}",
            where=str(path),
            remedy=again,
            faults=error.faults,
        ) from None
    except (ValueError, AttributeError) as error:
        raise CheckpointError(
            f"not a record of an autoencoder: {error!r}", where=str(path), remedy=again
        ) from None
    size = Size.of(record.size)
    if not size.is_multiple_of(record.network.halvings):
        raise CheckpointError(
            f"a film of {size} pixels cannot be halved as often as its network asks",
            where=str(path),
        )
    return record


def load(folder: Path) -> Checkpoint:
    """Open a checkpoint folder of a generator, from this program or from anywhere.

    Raises:
        CheckpointError: the folder is missing or damaged, its weights are a pickle, truncated,
            not finite, or another network's. Nothing in it is ever executed.
    """
    record = read_record(folder)
    with torch.device("meta"):
        network = FilmAutoencoder(record.network, Size.of(record.size))
    return Checkpoint(record, _filled(network, folder))


def load_first_stage(folder: Path) -> FirstStageAutoencoder:
    """Likewise, of the first stage of latent diffusion.

    Raises:
        CheckpointError: as of `load`, or its latents are said not to vary.
    """
    record = read_first_stage_record(folder)
    with torch.device("meta"):
        network = FirstStageAutoencoder(record.network, Size.of(record.size))
    _filled(network, folder)
    if not (network.deviation > 0).all():
        raise CheckpointError(
            "its latents are said to be the same for all films",
            where=str(folder / WEIGHTS),
            remedy="copy the checkpoint again, or train again with more latent.steps",
        )
    return network


def _filled(network: A, folder: Path) -> A:
    """The network with the weights in a folder, ready to be asked."""
    weights = read_weights(folder / WEIGHTS, network.state_dict())
    network.load_state_dict(weights, assign=True)
    return network.requires_grad_(False).eval()
