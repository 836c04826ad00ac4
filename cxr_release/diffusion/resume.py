"""The state from which killed training goes on: weights, their average, and AdamW's moments.

One safetensors file, no pickle. Random numbers and data order are no part of it: they follow
from seed and step (see `randomness`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from diffusers import UNet2DModel
from diffusers.training_utils import EMAModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor

from cxr_release.errors import TrainingError
from cxr_release.files import whole_file

MOMENTS = ("exp_avg", "exp_avg_sq")


def save(
    path: Path, step: int, unet: UNet2DModel, average: EMAModel, optimizer: torch.optim.AdamW
) -> None:
    """Write the state after `step` steps, whole or not at all."""
    tensors = {
        name: tensor.detach().contiguous() for name, tensor in _state(unet, average, optimizer)
    }
    with whole_file(path) as partial:
        # Not `save_file`: killed, it leaves a temporary file of its own making behind.
        partial.write_bytes(serialize(tensors, metadata={"step": str(step)}))


def load(path: Path, unet: UNet2DModel, average: EMAModel, optimizer: torch.optim.AdamW) -> int:
    """Put a saved state back in place.

    Returns:
        The steps done so far.

    Raises:
        TrainingError: the file is damaged or another network's.
    """
    _make_moments(optimizer)
    try:
        with safe_open(path, framework="pt") as stored, torch.no_grad():
            step = int(stored.metadata()["step"])
            for name, tensor in _state(unet, average, optimizer):
                # In place, so that memory layout, and with it every last bit, stays as it was.
                tensor.copy_(stored.get_tensor(name))
    except (SafetensorError, OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(
            f"the state to resume from is damaged: {error}",
            where=str(path),
            remedy="delete this file to train from the start",
        ) from error
    for moments in optimizer.state.values():
        moments["step"].fill_(step)
    average.optimization_step = step
    return step


def _state(
    unet: UNet2DModel, average: EMAModel, optimizer: torch.optim.AdamW
) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of the state, by name: in place, not copies."""
    named = unet.named_parameters()
    for (name, weight), mean in zip(named, average.shadow_params, strict=True):
        yield f"weight.{name}", weight
        yield f"average.{name}", mean
        for moment in MOMENTS:
            yield f"{moment}.{name}", optimizer.state[weight][moment]


def _make_moments(optimizer: torch.optim.AdamW) -> None:
    """Room for AdamW's moments, as its first step would make it."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            optimizer.state[weight] = {
                "step": torch.zeros((), dtype=torch.float32),
                **{moment: torch.zeros_like(weight) for moment in MOMENTS},
            }
