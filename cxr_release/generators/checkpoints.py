"""One checkpoint on disk: a folder that `DDPMPipeline.from_pretrained` opens.

    checkpoint-3/
      model_index.json, unet/, scheduler/     as diffusers writes them, weights as safetensors
      checkpoint.json                         what diffusers does not know: number, step, size …,
                                              and the classes of a network that draws films as such

Loading trusts nothing: the network is built from `checkpoint.json` without memory for weights,
then names, shapes and types in the safetensors header must be exactly its own. Pickles are never
opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import DDPMPipeline, UNet2DModel
from safetensors import SafetensorError, safe_open
from torch import Tensor

from cxr_release.errors import CheckpointError, Fault, ParamsError
from cxr_release.files import read_json, sha256, whole_folder, write_json
from cxr_release.film_id import checkpoint_of, source_name
from cxr_release.film_size import Size, read_sides
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.conditions import Conditions, read_conditions
from cxr_release.params import NetworkParams
from cxr_release.settings import checked

RECORD = "checkpoint.json"
WEIGHTS = Path("unet", "diffusion_pytorch_model.safetensors")
MAX_SIZE = 2048


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a checkpoint says about itself."""

    checkpoint: int
    """Number: training step ÷ steps between checkpoints."""
    checkpoint_step: int
    """Training steps that it had seen."""
    size: Size
    """Of its films; in a file one number where they are square."""
    network: NetworkParams
    training: Mapping[str, Any]
    """Settings, hash of the cohort, precision and versions of the code, for the reader."""
    fingerprint: str
    """Of the run that it comes from."""
    conditions: Conditions = field(default_factory=Conditions)
    """What the network is told of a film; in a file `classes` and `mirrored`, where there are any.
    """


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint: its record and the network with the averaged weights."""

    record: Record
    unet: UNet2DModel


def folder_of(run: Path, number: int) -> Path:
    """Where checkpoint `number` of a training run lies."""
    return run / source_name(number)


def list_checkpoints(run: Path) -> dict[int, Path]:
    """The checkpoints of a training run by number, rising.

    Raises:
        CheckpointError: there is none.
    """
    checkpoints = {
        number: folder
        for folder in run.glob("checkpoint-*")
        if (number := checkpoint_of(folder.name)) is not None
    }
    if not checkpoints:
        raise CheckpointError("holds no checkpoint", where=str(run), remedy="train first")
    return dict(sorted(checkpoints.items()))


def save(folder: Path, unet: UNet2DModel, record: Record) -> None:
    """Write a checkpoint folder, whole or not at all. Same weights and record, same bytes."""
    with whole_folder(folder) as partial:
        DDPMPipeline(unet=unet, scheduler=unets.noise_schedule(record.network)).save_pretrained(
            partial
        )
        write_json(partial / RECORD, plain(record))


def plain(record: Record) -> dict[str, Any]:
    """A record as `checkpoint.json` has it."""
    values = asdict(record)
    del values["conditions"]
    return values | {"size": record.size.sides} | record.conditions.plain()


def load(folder: Path) -> Checkpoint:
    """Open a checkpoint folder, from this program or from anywhere.

    Raises:
        CheckpointError: the folder is missing or damaged, its weights are a pickle, truncated,
            not finite, or another network's. Nothing in it is ever executed.
    """
    record = read_record(folder)
    with torch.device("meta"):
        unet = unets.build(record.network, record.size, record.conditions.rows)
    weights = _weights(folder, unet.state_dict())
    unet.load_state_dict(weights, assign=True)
    unet.requires_grad_(False).eval()
    return Checkpoint(record, unet.to(memory_format=torch.channels_last))


def load_stated(folder: Path, weights_sha256: str) -> Checkpoint:
    """Open a checkpoint folder whose weights have this SHA-256, which is looked at first.

    Raises:
        CheckpointError: its weights have another one, or as `load`.
    """
    path = folder / WEIGHTS
    try:
        actual = sha256(path)
    except OSError as error:
        raise CheckpointError(
            f"no weights to start from can be read here ({error.strerror})",
            where=str(path),
            remedy="train.start names the folder of a checkpoint, with checkpoint.json in it",
        ) from None
    if actual != weights_sha256:
        raise CheckpointError(
            f"has the SHA-256 {actual}, not that of train.start_sha256",
            where=str(path),
            remedy="copy the checkpoint again, or state its hash if you trust it",
        )
    return load(folder)


def read_record(folder: Path) -> Record:
    """What a checkpoint says about itself, without its weights.

    Raises:
        CheckpointError: it is missing, or says what cannot be.
    """
    path = folder / RECORD
    try:
        raw = read_json(path)
        record = Record(
            checkpoint=_number(raw["checkpoint"], 2**62),
            checkpoint_step=_number(raw["checkpoint_step"], 2**62),
            size=_size(raw["size"]),
            network=checked(NetworkParams, raw["network"], where=str(path)),
            training=dict(raw["training"]),
            fingerprint=str(raw["fingerprint"]),
            conditions=read_conditions(raw),
        )
    except OSError as error:
        raise CheckpointError(
            f"no readable checkpoint here ({error.strerror})",
            where=str(path),
            remedy="train first (`dvc repro`)",
        ) from None
    except (ValueError, KeyError, TypeError, ParamsError) as error:
        fault = error.what if isinstance(error, ParamsError) else repr(error)
        raise CheckpointError(
            f"not a checkpoint's record: {fault}",
            where=str(path),
            remedy="copy the checkpoint again, or delete it and train again (`dvc repro`)",
            faults=error.faults if isinstance(error, ParamsError) else (),
        ) from None
    network = record.network
    if network.attention > len(network.channels):
        raise CheckpointError(
            f"a network cannot attend at {network.attention} of {len(network.channels)}"
            " resolutions",
            where=str(path),
        )
    if not record.size.is_multiple_of(unets.halvings(network)):
        raise CheckpointError(
            f"a film of {record.size} pixels cannot be halved as often as its network asks",
            where=str(path),
        )
    return record


def _size(value: Any) -> Size:
    size = Size.of(read_sides(value))
    for side in size:
        _number(side, MAX_SIZE)
    return size


def _number(value: Any, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError(f"{value!r} is not a number from 1 to {most}")
    return value


def _weights(folder: Path, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights in the safetensors file, if they are exactly those that the network has."""
    path = folder / WEIGHTS
    if not path.is_file():
        pickles = [file.name for file in path.parent.glob("*") if file.suffix in {".bin", ".pt"}]
        pickled = f"only pickled weights here ({', '.join(pickles)})"
        raise CheckpointError(
            pickled if pickles else "no weights here",
            where=str(path),
            remedy="save them as safetensors, or train again (`dvc repro`); no pickle is opened",
        )
    try:
        with safe_open(path, framework="pt") as stored:
            faults = _faults(stored, expected, str(path))
            if not faults:
                weights = {name: stored.get_tensor(name) for name in expected}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"not a whole safetensors file: {error}",
            where=str(path),
            remedy="copy the checkpoint again, or delete it and train again (`dvc repro`)",
        ) from error
    if not faults:
        faults = [
            Fault(name, "holds values that are not finite numbers")
            for name, tensor in weights.items()
            if not torch.isfinite(tensor).all()
        ]
    if faults:
        raise CheckpointError(
            f"the weights are not those of the network in {RECORD}", where=str(path), faults=faults
        )
    return weights


def _faults(stored: Any, expected: Mapping[str, Tensor], where: str) -> list[Fault]:
    """Names, shapes and types in a safetensors header against those of the network."""
    names = set(stored.keys())
    faults = [Fault(name, "unknown tensor") for name in sorted(names - expected.keys())]
    for name, tensor in expected.items():
        if name not in names:
            faults.append(Fault(name, "missing tensor"))
            continue
        header = stored.get_slice(name)
        actual = (header.get_dtype(), tuple(header.get_shape()))
        if actual != ("F32", tuple(tensor.shape)):
            faults.append(Fault(name, f"is {actual}, expected {('F32', tuple(tensor.shape))}"))
    return faults
