"""Distances of films as torch-fidelity takes them, a second implementation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset
from torch_fidelity import calculate_metrics


class Coloured(Dataset[torch.Tensor]):
    """Grey films as torch-fidelity takes pictures: three channels."""

    def __init__(self, films: np.ndarray) -> None:
        self.films = films

    def __len__(self) -> int:
        return len(self.films)

    def __getitem__(self, place: int) -> torch.Tensor:
        return torch.from_numpy(np.repeat(self.films[place][None], 3, axis=0))


def torch_fidelity(
    drawn: np.ndarray, real: np.ndarray, weights: Path, **asked: Any
) -> dict[str, float]:
    """What it says of two sets of films.

    Args:
        drawn: films, (count, side, side) uint8.
        real: likewise.
        weights: of the Inception network.
        asked: which measures, and how.
    """
    found: dict[str, float] = calculate_metrics(
        input1=Coloured(drawn),
        input2=Coloured(real),
        fid=True,
        feature_extractor_weights_path=str(weights),
        cuda=False,
        cache=False,
        save_cpu_ram=True,
        verbose=False,
        **asked,
    )
    return found
