from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from cxr_release.generators.checkpoints import WEIGHTS
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.denoising import fixed_losses
from cxr_release.params.training import ComputeParams, NetworkParams


@pytest.fixture
def silent(trained: Path, tmp_path: Path) -> Path:
    """A checkpoint that answers 0 to everything."""
    folder = Path(shutil.copytree(trained / "checkpoint-1", tmp_path / "checkpoint-1"))
    weights = load_file(folder / WEIGHTS)
    for name in ("conv_out.weight", "conv_out.bias"):
        weights[name] = torch.zeros_like(weights[name])
    save_file(weights, folder / WEIGHTS)
    return folder


def test_the_loss_of_silence_is_the_variance_of_v(
    silent: Path, network: NetworkParams, compute: ComputeParams
) -> None:
    films = np.full((40, 16, 16), 255, np.uint8)
    four: dict[str, Any] = {"levels": 4, "seed": 1, "compute": compute}
    kept = unets.noise_schedule(network).alphas_cumprod[[125, 375, 625, 875]].numpy()
    # v = √ᾱ ε − √(1 − ᾱ) x with x = 1: its square is ᾱ + (1 − ᾱ) on average.
    assert fixed_losses(silent, films, **four) == pytest.approx(1.0, abs=0.02)
    grey = np.full((40, 16, 16), 127, np.uint8)
    assert fixed_losses(silent, grey, **four) == pytest.approx(kept.mean(), abs=0.02)


def test_it_is_fixed_and_falls_along_training(
    trained: Path, arguments: dict[str, Any], compute: ComputeParams
) -> None:
    films = arguments["films"]
    five = {"levels": 5, "seed": 3, "compute": compute}
    losses = [fixed_losses(trained / f"checkpoint-{number}", films, **five) for number in (1, 2, 3)]
    torch.manual_seed(99)
    assert fixed_losses(trained / "checkpoint-1", films, **five) == losses[0]
    assert losses[0] > losses[1] > losses[2] > 0
    assert fixed_losses(trained / "checkpoint-1", films, **five | {"seed": 4}) != losses[0]
