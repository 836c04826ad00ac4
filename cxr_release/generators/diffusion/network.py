"""The U-Net, its noise schedule, how films go into it, and what training minimizes.

A film x, as pixels in [−1, 1] or as latents (see `spaces`), is at diffusion time t
x_t = √ᾱ_t x + √(1 − ᾱ_t) ε. The network predicts v = √ᾱ_t ε − √(1 − ᾱ_t) x (Salimans and Ho, 2022),
which holds up with few sampling steps where predicting ε does not. Training minimizes the weighted
error of the predicted v.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DModel
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from cxr_release.film_size import Size
from cxr_release.params.training import NetworkParams

NORM_GROUPS = 8
"""Channels come in multiples of this."""

TIMES = 1000
"""Diffusion times."""


def build(
    network: NetworkParams, size: int | Size, rows: int | None = None, *, depth: int = 1
) -> UNet2DModel:
    """A U-Net for films of a size, its weights drawn from torch's global stream.

    What it sees may be latents instead of films: `size` is theirs then, and `depth` their channels.

    Attention is in the middle block, and in the `attention` innermost resolutions: further
    out it costs more time than it brings likeness. The diffusion time scales and shifts every
    block's features, which brings small networks nearer to the films than shifting them alone. With
    `rows` there is a table of as many rows, of which one is added to the time (see `conditions`).
    """
    plain = len(network.channels) - network.attention
    folded = depth * network.pixel_unshuffle**2
    return UNet2DModel(
        sample_size=_sample_size(Size.of(size), network.pixel_unshuffle),
        in_channels=folded,
        out_channels=folded,
        block_out_channels=network.channels,
        layers_per_block=network.layers,
        down_block_types=("DownBlock2D",) * plain + ("AttnDownBlock2D",) * network.attention,
        up_block_types=("AttnUpBlock2D",) * network.attention + ("UpBlock2D",) * plain,
        attention_head_dim=_head(network.channels[min(plain, len(network.channels) - 1) :]),
        norm_num_groups=NORM_GROUPS,
        attn_norm_num_groups=NORM_GROUPS,
        resnet_time_scale_shift="scale_shift",
        num_class_embeds=rows,
    )


def _sample_size(size: Size, fold: int) -> int | tuple[int, int]:
    """Rows and columns of a folded film, as diffusers writes them: one number for a square."""
    rows, columns = (side // fold for side in size.shape)
    return rows if rows == columns else (rows, columns)


def halvings(network: NetworkParams) -> int:
    """Films must be a multiple of this many pixels high and wide."""
    return network.pixel_unshuffle << (len(network.channels) - 1)


def _head(channels: tuple[int, ...]) -> int:
    """Channels of an attention head: as many as fit all that attend, at most 32."""
    return next(head for head in (32, 24, 16, 8) if not any(width % head for width in channels))


def noise_schedule(network: NetworkParams) -> DDPMScheduler:
    """The noise at 1,000 diffusion times, predicting v.

    `cosine` is ᾱ of Nichol and Dhariwal (2021), `sigmoid` that of Jabri et al. (2022).
    """
    if network.schedule == "cosine":
        return DDPMScheduler(
            num_train_timesteps=TIMES,
            beta_schedule="squaredcos_cap_v2",
            prediction_type="v_prediction",
        )
    return DDPMScheduler(
        num_train_timesteps=TIMES,
        trained_betas=_sigmoid_betas(),
        prediction_type="v_prediction",
    )


def _sigmoid_betas(start: float = -3, end: float = 3) -> list[float]:
    """β of the sigmoid schedule of Jabri et al., Scalable adaptive computation for iterative
    generation (2022), equation of γ(t) with τ = 1, at most 0.999.

    diffusers' `sigmoid` is another one: it bends β itself.
    """
    curve = 1 / (1 + np.exp(-np.linspace(start, end, TIMES + 1)))
    signal = (curve[-1] - curve) / (curve[-1] - curve[0])
    betas: list[float] = (1 - signal[1:] / signal[:-1]).clip(max=0.999).tolist()
    return betas


def to_unit(films: NDArray[np.uint8]) -> Tensor:
    """Films (n, height, width) uint8 as (n, 1, height, width) float32 in [−1, 1]."""
    return torch.from_numpy(films.astype(np.float32)).unsqueeze(1).div_(127.5).sub_(1)


def to_grey(unit: Tensor) -> Tensor:
    """The inverse of `to_unit`, (n, height, width) uint8; values outside [−1, 1] are clipped."""
    return unit.squeeze(1).clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)


def fold(films: Tensor, network: NetworkParams) -> Tensor:
    """(b, c, h, w) → (b, c n², h/n, w/n): n × n pixels become channels, which makes steps cheap."""
    folded = functional.pixel_unshuffle(films, network.pixel_unshuffle)
    return folded.contiguous(memory_format=torch.channels_last)


def unfold(folded: Tensor, network: NetworkParams) -> Tensor:
    """(b, c n², h/n, w/n) → (b, c, h, w): the inverse of `fold`."""
    return functional.pixel_shuffle(folded, network.pixel_unshuffle)


def v_losses(
    unet: Callable[..., Any], schedule: DDPMScheduler, films: Tensor, noise: Tensor, times: Tensor
) -> Tensor:
    """Mean squared error of the predicted v, one a film.

    Args:
        unet: the network, or its compiled form.
        schedule: of the noise.
        films: (b, c, h, w), folded as the network takes them.
        noise: the same shape, standard normal.
        times: (b,) diffusion times.

    Returns:
        (b,) errors. Predicting 0 everywhere costs about 1 at high noise.
    """
    noisy = schedule.add_noise(films, noise, times)
    target = schedule.get_velocity(films, noise, times)
    error: Tensor = unet(noisy, times).sample.float() - target
    return error.square().mean(dim=(1, 2, 3))


def min_snr_weights(schedule: DDPMScheduler, times: Tensor, gamma: float) -> Tensor:
    """Min-SNR-γ weights of v losses: min(SNR, γ) / (SNR + 1), or 1 when γ is 0.

    A γ that no SNR reaches weighs as predicting the noise would; so does the paper's library. A
    small one keeps the many nearly clean times, where there is little to learn, from ruling the
    gradient.
    Source: Hang et al., Efficient Diffusion Training via Min-SNR Weighting Strategy, ICCV 2023.
    """
    if gamma == 0:
        return torch.ones(len(times), device=times.device)
    signal = schedule.alphas_cumprod.to(times.device)[times]
    snr = signal / (1 - signal)
    weights: Tensor = snr.clamp(max=gamma) / (snr + 1)
    return weights
