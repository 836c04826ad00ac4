"""One checkpoint of the autoencoder on disk.

    checkpoint-15/
      autoencoder.safetensors     averaged weights, and the distribution that films are drawn from
      checkpoint.json             number, step, size, network, training

Loading trusts nothing, as that of the diffusion model does: the network is built from
`checkpoint.json` without memory for weights, and the file must hold exactly its tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save as serialize

from cxr_release.errors import CheckpointError, ParamsError
from cxr_release.files import read_json, whole_folder, write_json
from cxr_release.film_size import ASKED, Size, is_film_size, read_sides
from cxr_release.generators.autoencoder.network import FilmAutoencoder, build
from cxr_release.generators.runtime.weights import read_weights
from cxr_release.params import AutoencoderNetwork
from cxr_release.settings import between, checked, matching, read_by

RECORD = "checkpoint.json"
WEIGHTS = "autoencoder.safetensors"


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a checkpoint says about itself; in its file `training` stands beside it."""

    generator: Literal["autoencoder"]
    checkpoint: int = between(1, 2**62)
    """Number: training step ÷ steps between checkpoints."""
    checkpoint_step: int = between(1, 2**62)
    """Training steps that it had seen."""
    size: int | tuple[int, int] = read_by(ASKED, read_sides, is_film_size)
    """Of its films."""
    network: AutoencoderNetwork
    fingerprint: str = matching("[0-9a-f]{1,64}", "hex digits")
    """Of the run that it comes from."""


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint: its record and the network with the averaged weights."""

    record: Record
    network: FilmAutoencoder


def save(
    folder: Path, network: FilmAutoencoder, record: Record, training: Mapping[str, Any]
) -> None:
    """Write a checkpoint folder, whole or not at all. Same weights and record, same bytes.

    Args:
        folder: of the checkpoint.
        network: with its averaged weights, and the latents' distribution fitted.
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
    """What a checkpoint says about itself, without its weights.

    Raises:
        CheckpointError: it is missing, or says what cannot be.
    """
    path = folder / RECORD
    again = "copy the checkpoint again, or delete it and train again (`dvc repro`)"
    try:
        raw = read_json(path)
        stated = {name: value for name, value in raw.items() if name != "training"}
        record = checked(Record, stated, where=str(path))
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
    """Open a checkpoint folder, from this program or from anywhere.

    Raises:
        CheckpointError: the folder is missing or damaged, its weights are a pickle, truncated,
            not finite, or another network's. Nothing in it is ever executed.
    """
    record = read_record(folder)
    with torch.device("meta"):
        network = build(record.network, Size.of(record.size))
    weights = read_weights(folder / WEIGHTS, network.state_dict())
    network.load_state_dict(weights, assign=True)
    network.requires_grad_(False).eval()
    return Checkpoint(record, network)
