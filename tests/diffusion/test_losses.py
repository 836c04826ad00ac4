from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from cxr_release.diffusion import network as unets
from cxr_release.diffusion.checkpoints import WEIGHTS
from cxr_release.diffusion.losses import fixed_losses


@pytest.fixture
def silent(trained: Path, tmp_path: Path) -> Path:
    """A checkpoint that answers 0 to everything."""
    folder = Path(shutil.copytree(trained / "checkpoint-1", tmp_path / "checkpoint-1"))
    weights = load_file(folder / WEIGHTS)
    for name in ("conv_out.weight", "conv_out.bias"):
        weights[name] = torch.zeros_like(weights[name])
    save_file(weights, folder / WEIGHTS)
    return folder


def test_the_loss_of_silence_is_the_variance_of_v(silent: Path) -> None:
    films = np.full((40, 16, 16), 255, np.uint8)
    kept = unets.noise_schedule().alphas_cumprod[[125, 375, 625, 875]].numpy()
    # v = √ᾱ ε − √(1 − ᾱ) x with x = 1: its square is ᾱ + (1 − ᾱ) on average.
    assert fixed_losses(silent, films, levels=4, seed=1) == pytest.approx(1.0, abs=0.02)
    grey = np.full((40, 16, 16), 127, np.uint8)
    assert fixed_losses(silent, grey, levels=4, seed=1) == pytest.approx(kept.mean(), abs=0.02)


def test_it_is_fixed_and_falls_along_training(trained: Path, arguments: dict[str, Any]) -> None:
    films = arguments["films"]
    losses = [
        fixed_losses(trained / f"checkpoint-{number}", films, levels=5, seed=3)
        for number in (1, 2, 3)
    ]
    torch.manual_seed(99)
    assert fixed_losses(trained / "checkpoint-1", films, levels=5, seed=3) == losses[0]
    assert losses[0] > losses[1] > losses[2] > 0
    assert fixed_losses(trained / "checkpoint-1", films, levels=5, seed=4) != losses[0]
