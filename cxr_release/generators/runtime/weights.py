"""Tensors of a file that somebody else may have written: names, shapes, types and values checked.

Nothing in it is ever executed, and nothing is read before its header is exactly what is expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from cxr_release.errors import CheckpointError, Fault


def read_weights(path: Path, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a safetensors file, if they are exactly those that a network has.

    Args:
        path: the file, from this program or from anywhere.
        expected: name → tensor of the same shape, float32; its values do not matter.

    Raises:
        CheckpointError: there is none, or it is truncated, or another network's, or not finite.
            A pickle is never opened.
    """
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
            "the weights are not those of the network in checkpoint.json",
            where=str(path),
            faults=faults,
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
