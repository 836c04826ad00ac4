"""The U-Net, its noise schedule, and how films go into it.

A film x in [−1, 1] at diffusion time t is x_t = √ᾱ_t x + √(1 − ᾱ_t) ε, with the cosine schedule
of Nichol and Dhariwal (2021) for ᾱ. The network predicts v = √ᾱ_t ε − √(1 − ᾱ_t) x (Salimans and
Ho, 2022), which holds up with few sampling steps where predicting ε does not.
"""

from __future__ import annotations

import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DModel
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from cxr_release.params import NetworkParams

NORM_GROUPS = 8
"""Channels come in multiples of this."""


def build(network: NetworkParams, size: int) -> UNet2DModel:
    """A U-Net for films of `size` × `size` pixels, its weights drawn from torch's global stream.

    Attention stands in the middle block alone: at higher resolutions it costs more time than it
    brings likeness. The diffusion time scales and shifts every block's features, which brings
    small networks nearer to the films than shifting them alone.
    """
    stages = len(network.channels)
    folded = network.pixel_unshuffle**2
    return UNet2DModel(
        sample_size=size // network.pixel_unshuffle,
        in_channels=folded,
        out_channels=folded,
        block_out_channels=network.channels,
        layers_per_block=network.layers,
        down_block_types=("DownBlock2D",) * stages,
        up_block_types=("UpBlock2D",) * stages,
        norm_num_groups=NORM_GROUPS,
        attn_norm_num_groups=NORM_GROUPS,
        resnet_time_scale_shift="scale_shift",
    )


def halvings(network: NetworkParams) -> int:
    """Films must be a multiple of this many pixels high and wide."""
    return network.pixel_unshuffle << (len(network.channels) - 1)


def noise_schedule() -> DDPMScheduler:
    """1,000 diffusion times of the cosine schedule, predicting v."""
    return DDPMScheduler(
        num_train_timesteps=1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
    )


def to_unit(films: NDArray[np.uint8]) -> Tensor:
    """Films (n, height, width) uint8 as (n, 1, height, width) float32 in [−1, 1]."""
    return torch.from_numpy(films).unsqueeze(1).float().div_(127.5).sub_(1)


def to_films(unit: Tensor) -> NDArray[np.uint8]:
    """The inverse of `to_unit`; values outside [−1, 1] are clipped."""
    grey = unit.squeeze(1).clamp(-1, 1).add(1).mul(127.5).round()
    films: NDArray[np.uint8] = grey.to(torch.uint8).cpu().numpy()
    return films


def fold(films: Tensor, network: NetworkParams) -> Tensor:
    """(b, 1, h, w) → (b, n², h/n, w/n): n × n pixels become channels, which makes steps cheap."""
    folded = functional.pixel_unshuffle(films, network.pixel_unshuffle)
    return folded.contiguous(memory_format=torch.channels_last)


def unfold(folded: Tensor, network: NetworkParams) -> Tensor:
    """(b, n², h/n, w/n) → (b, 1, h, w): the inverse of `fold`."""
    return functional.pixel_shuffle(folded, network.pixel_unshuffle)
