"""Networks that learn tasks in place of closed forms, from random weights; meant for a GPU.

ResNet-50 and Swin-T are torchvision's, the U-Net is diffusers'. Each arm of each repetition trains
one of its own, by the same number of steps and from the same weights: what differs is the films.
No weights are downloaded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cxr_release.errors import TrainingError
from cxr_release.generators.runtime import compute
from cxr_release.scorecard.utility.training import Settings
from cxr_release.statistics.ridge import Numbers

RESNET, UNET, SWIN = "resnet50", "unet", "swin_t"
Loss = Callable[[Tensor, Tensor], Tensor]
"""Of what a network says and what it should."""
_AT_ONCE = 64
"""Films that are tested at a time."""


def image_network(name: str, outputs: int) -> nn.Module:
    """A network that takes films (n, 3, h, w) to (n, outputs).

    Args:
        name: `RESNET` or `SWIN`.
        outputs: numbers a film.
    """
    import torchvision.models

    build = {RESNET: torchvision.models.resnet50, SWIN: torchvision.models.swin_t}[name]
    network: nn.Module = build(weights=None, num_classes=outputs)
    return network


class PictureNetwork(nn.Module):
    """A U-Net that takes films (n, channels, h, w) to pictures (n, 1, h, w)."""

    def __init__(self, channels: int, side: int, settings: Settings) -> None:
        super().__init__()
        from diffusers import UNet2DModel

        depth = len(settings.channels)
        self.unet: Any = UNet2DModel(
            sample_size=side,
            in_channels=channels,
            out_channels=1,
            block_out_channels=settings.channels,
            layers_per_block=1,
            down_block_types=("DownBlock2D",) * depth,
            up_block_types=("UpBlock2D",) * depth,
            norm_num_groups=8,
        )

    def forward(self, films: Tensor) -> Tensor:
        """See above; there is no diffusion time here, so that it is always 0."""
        pictures: Tensor = self.unet(films, 0).sample
        return pictures


def learnt(
    build: Callable[[], nn.Module],
    inputs: NDArray[np.float32],
    targets: NDArray[np.floating] | NDArray[np.int64],
    tested: NDArray[np.float32],
    *,
    loss: Loss,
    settings: Settings,
    seed: int,
) -> Numbers:
    """Train a network on some films, and ask it about others.

    The same bits on any number of cores; GPUs promise nothing of the kind.

    Args:
        build: makes the network, with random weights.
        inputs: (n, …) of films to learn from, n ≥ 2.
        targets: (n, …) of them.
        tested: (m, …) films to be asked about.
        loss: what is minimized.
        settings: of the training.
        seed: of weights and batches.

    Returns:
        (m, …) what the network says.

    Raises:
        TrainingError: the loss is not a finite number any more.
    """
    device = compute.device()
    gpus = [device] if device.type == "cuda" else []
    with compute.cores(), torch.random.fork_rng(gpus):
        torch.manual_seed(seed)
        network = build().to(device)
        known = torch.as_tensor(inputs), torch.as_tensor(targets)
        _train(network, *known, loss=loss, settings=settings, seed=seed)
        network.eval()
        with torch.no_grad():
            values = [
                network(films.to(device)).float().cpu()
                for films in torch.split(torch.as_tensor(tested), _AT_ONCE)
            ]
    return torch.cat(values).numpy().astype(np.float64)


def _train(
    network: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    loss: Loss,
    settings: Settings,
    seed: int,
) -> None:
    device = next(network.parameters()).device
    network.train()
    chance = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=settings.rate, weight_decay=settings.decay
    )
    for step in range(settings.steps):
        share = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
        optimizer.param_groups[0]["lr"] = settings.rate * share
        films = torch.randperm(len(inputs), generator=chance)[: settings.batch]
        error = loss(network(inputs[films].to(device)), targets[films].to(device))
        if not torch.isfinite(error):
            raise TrainingError(
                f"the loss of a model of the score is {error.item()} at step {step + 1}",
                remedy="lower its rate",
            )
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward([error])
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()


def three_channels(films: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 3, h, w) of grey films (n, h, w) 0 … 1, around 0."""
    grey = np.ascontiguousarray(films[:, None] * 2 - 1, np.float32)
    return np.repeat(grey, 3, axis=1)


def squared(said: Tensor, truth: Tensor) -> Tensor:
    """Mean squared error."""
    return functional.mse_loss(said, truth)


def entropy(said: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of classes."""
    return functional.cross_entropy(said, truth)
