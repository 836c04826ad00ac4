"""The state from which killed training goes on: weights, their average, and AdamW's moments.

One safetensors file, no pickle. Random numbers and data order are not part of it: they follow
from seed and step (see `randomness`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.training_utils import EMAModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor

from cxr_release.errors import TrainingError
from cxr_release.files import whole_file

MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    step: int
    """Steps done."""
    averaged: int
    """Times that the weights have entered their average."""
    cohort: str
    """Hash of the films that it trains on."""


def save(
    path: Path,
    progress: Progress,
    network: torch.nn.Module,
    average: EMAModel,
    optimizer: torch.optim.AdamW,
) -> None:
    """Write the state of a run, whole or not at all."""
    tensors = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in _state(network, average, optimizer)
    }
    metadata = {name: str(value) for name, value in asdict(progress).items()}
    with whole_file(path) as partial:
        # Not `save_file`: killed, it leaves a temporary file of its own making behind.
        partial.write_bytes(serialize(tensors, metadata=metadata))


def progress_of(path: Path) -> Progress:
    """How far the run of a saved state has come, without its tensors.

    Raises:
        TrainingError: the file is damaged.
    """
    with _open_state(path) as stored:
        return _progress(stored)


def load(
    path: Path, network: torch.nn.Module, average: EMAModel, optimizer: torch.optim.AdamW
) -> int:
    """Put a saved state back in place.

    Returns:
        The steps done so far.

    Raises:
        TrainingError: the file is damaged or another network's.
    """
    _make_moments(optimizer)
    with _open_state(path) as stored, torch.no_grad():
        progress = _progress(stored)
        for name, tensor in _state(network, average, optimizer):
            # In place, so that memory layout, and with it every last bit, stays as it was.
            tensor.copy_(stored.get_tensor(name))
    for moments in optimizer.state.values():
        moments["step"].fill_(progress.step)
    average.optimization_step = progress.averaged
    return progress.step


@contextmanager
def _open_state(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as stored:
            yield stored
    except (SafetensorError, OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(
            f"the state to resume from is damaged: {error}",
            where=str(path),
            remedy="delete this file to train from the start",
        ) from error


def _progress(stored: Any) -> Progress:
    facts = stored.metadata()
    return Progress(int(facts["step"]), int(facts["averaged"]), str(facts["cohort"]))


def _state(
    network: torch.nn.Module, average: EMAModel, optimizer: torch.optim.AdamW
) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of the state, by name: in place, not copies."""
    parameters = network.named_parameters()
    for (name, weight), mean in zip(parameters, average.shadow_params, strict=True):
        yield f"weight.{name}", weight
        yield f"average.{name}", mean
        for moment in MOMENTS:
            yield f"{moment}.{name}", optimizer.state[weight][moment]


def _make_moments(optimizer: torch.optim.AdamW) -> None:
    """Room for AdamW's moments, as its first step would make it."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            optimizer.state[weight] = {
                "step": torch.zeros((), dtype=torch.float32, device=weight.device),
                **{moment: torch.zeros_like(weight) for moment in MOMENTS},
            }
