"""One checkpoint on disk: a folder that `DDPMPipeline.from_pretrained` opens.

    checkpoint-3/
      model_index.json, unet/, scheduler/     as diffusers writes them, weights as safetensors
      checkpoint.json                         what diffusers does not know: number, step, size …,
                                              and the classes of a network that draws films as such
      latent/                                 the autoencoder whose latents the network draws,
                                              where it draws latents; see `autoencoder.checkpoint`

Loading trusts nothing: the network is built from `checkpoint.json` without memory for weights,
then names, shapes and types in the safetensors header must be exactly its own. Pickles are never
opened.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import DDPMPipeline, UNet2DModel

from cxr_release.errors import CheckpointError, ParamsError
from cxr_release.files import read_json, sha256, whole_folder, write_json
from cxr_release.film_id import checkpoint_of, source_name
from cxr_release.film_size import Size, read_sides
from cxr_release.generators.autoencoder import checkpoint as autoencoders
from cxr_release.generators.autoencoder.network import FirstStageAutoencoder
from cxr_release.generators.conditions import Conditions, read_conditions
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.spaces import LatentSpace, PixelSpace, Space
from cxr_release.generators.runtime.weights import read_weights
from cxr_release.params.autoencoders import FirstStageNetwork
from cxr_release.params.training import NetworkParams
from cxr_release.settings import checked

RECORD = "checkpoint.json"
LATENT = "latent"
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
    latent: Latents | None = None
    """The autoencoder whose latents the network draws; None, and not in a file: it draws pixels."""

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of what the network sees of a film."""
        if self.latent is None:
            return (1, *self.size.shape)
        return self.latent.network.latent_shape(self.size)


@dataclass(frozen=True)
class Latents:
    """An autoencoder whose latents a network draws."""

    sha256: str
    """Of its weights."""
    network: FirstStageNetwork


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint: its record and the network with the averaged weights."""

    record: Record
    unet: UNet2DModel
    autoencoder: FirstStageAutoencoder | None = None
    """Of `record.latent`, where there is one."""

    @property
    def space(self) -> Space:
        """What the network sees of films."""
        if self.autoencoder is None:
            return PixelSpace(self.record.size)
        return LatentSpace(self.autoencoder)


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


def built(record: Record) -> UNet2DModel:
    """The network of a record, its weights drawn from torch's global stream."""
    depth, height, width = record.input_shape
    size = Size(width=width, height=height)
    return unets.build(record.network, size, record.conditions.rows, depth=depth)


def save(folder: Path, unet: UNet2DModel, record: Record, latent: Path | None = None) -> None:
    """Write a checkpoint folder, whole or not at all. Same weights and record, same bytes.

    Args:
        folder: of the checkpoint.
        unet: with its averaged weights.
        record: of the checkpoint.
        latent: folder of the checkpoint of `record.latent`, where there is one.
    """
    with whole_folder(folder) as partial:
        if latent is not None:
            (partial / LATENT).mkdir()
            for name in (RECORD, autoencoders.WEIGHTS):
                shutil.copyfile(latent / name, partial / LATENT / name)
        DDPMPipeline(unet=unet, scheduler=unets.noise_schedule(record.network)).save_pretrained(
            partial
        )
        write_json(partial / RECORD, plain(record))


def plain(record: Record) -> dict[str, Any]:
    """A record as `checkpoint.json` has it."""
    values = asdict(record)
    del values["conditions"], values["latent"]
    latent = {} if record.latent is None else {"latent_sha256": record.latent.sha256}
    return values | {"size": record.size.sides} | record.conditions.plain() | latent


def load(folder: Path) -> Checkpoint:
    """Open a checkpoint folder, from this program or from anywhere.

    Raises:
        CheckpointError: the folder is missing or damaged, its weights are a pickle, truncated,
            not finite, or another network's. Nothing in it is ever executed.
    """
    record = read_record(folder)
    autoencoder = None
    if record.latent is not None:
        autoencoder = autoencoders.load_first_stage(folder / LATENT)
        if sha256(folder / LATENT / autoencoders.WEIGHTS) != record.latent.sha256:
            raise CheckpointError(
                "is not the autoencoder whose latents the network learnt",
                where=str(folder / LATENT),
                remedy="copy the checkpoint again, or train again (`dvc repro train`)",
            )
    with torch.device("meta"):
        unet = built(record)
    weights = read_weights(folder / WEIGHTS, unet.state_dict())
    unet.load_state_dict(weights, assign=True)
    unet.requires_grad_(False).eval()
    return Checkpoint(record, unet.to(memory_format=torch.channels_last), autoencoder)


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
            latent=_latents(folder, raw),
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
    _, height, width = record.input_shape
    if not Size(width=width, height=height).is_multiple_of(unets.halvings(network)):
        raise CheckpointError(
            f"a film of {record.size} pixels cannot be halved as often as its network asks",
            where=str(path),
        )
    return record


def latents_of(folder: Path) -> Latents:
    """What a checkpoint of an autoencoder is, to a network that draws its latents.

    Raises:
        CheckpointError: it is missing, or says what cannot be.
    """
    record = autoencoders.read_first_stage_record(folder)
    return Latents(sha256(folder / autoencoders.WEIGHTS), record.network)


def _latents(folder: Path, raw: Mapping[str, Any]) -> Latents | None:
    """What a record says of latents; the autoencoder's own record says the rest."""
    stated = raw.get("latent_sha256")
    if stated is None:
        return None
    if not isinstance(stated, str) or not re.fullmatch("[0-9a-f]{64}", stated):
        raise ValueError("latent_sha256 is not 64 hex digits")
    record = autoencoders.read_first_stage_record(folder / LATENT)
    if Size.of(record.size) != _size(raw["size"]):
        raise ValueError(f"its autoencoder is for films of {Size.of(record.size)} pixels")
    return Latents(stated, record.network)


def _size(value: Any) -> Size:
    size = Size.of(read_sides(value))
    for side in size:
        _number(side, MAX_SIZE)
    return size


def _number(value: Any, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError(f"{value!r} is not a number from 1 to {most}")
    return value
