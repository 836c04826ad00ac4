"""What training minimizes: the weighted error of the predicted v."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from diffusers import DDPMScheduler
from torch import Tensor


def v_losses(
    unet: Callable[..., Any], schedule: DDPMScheduler, films: Tensor, noise: Tensor, times: Tensor
) -> Tensor:
    """Mean squared error of the predicted v, one a film.

    Args:
        unet: the network, or its compiled form.
        schedule: of the noise.
        films: (b, c, h, w), folded as the network takes them, in [−1, 1].
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
    kept = schedule.alphas_cumprod.to(times.device)[times]
    snr = kept / (1 - kept)
    weights: Tensor = snr.clamp(max=gamma) / (snr + 1)
    return weights
