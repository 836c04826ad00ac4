"""The loss of a checkpoint on noise that never changes, so that curves are smooth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cxr_release.generators import checkpoints
from cxr_release.generators.denoising import PIECE
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.network import v_losses
from cxr_release.generators.runtime.compute import chunks, computing
from cxr_release.generators.runtime.randomness import generator
from cxr_release.params import ComputeParams


def fixed_losses(
    checkpoint_folder: Path,
    films: NDArray[np.uint8],
    *,
    levels: int,
    seed: int,
    compute: ComputeParams,
) -> float:
    """Mean v-prediction loss of a checkpoint's averaged weights.

    Every film is taken at `levels` evenly spaced diffusion times (the middles of equal strata of
    the schedule), each with its own fixed noise, all of equal weight. The loss has no unit;
    pixels run from −1 to 1.

    Args:
        checkpoint_folder: see `checkpoints`.
        films: (n, size, size) uint8, of the checkpoint's size.
        levels: diffusion times.
        seed: of the noise: take the same for all checkpoints of a curve.
        compute: precision and compilation.

    Raises:
        CheckpointError: the checkpoint cannot be loaded.
    """
    model = checkpoints.load(checkpoint_folder)
    network, schedule = model.record.network, unets.noise_schedule(model.record.network)
    total = len(schedule.alphas_cumprod)
    with computing(compute) as here:
        predict = here.place(model.unet)

        @torch.inference_mode()
        def losses(cases: range) -> Tensor:
            film, level = np.divmod(np.array(cases), levels)
            noise = np.stack([_noise(seed, case, films.shape[1:]) for case in cases])
            times = torch.from_numpy(((level + 0.5) / levels * total).astype(np.int64))
            clean = unets.fold(unets.to_unit(films[film]).to(here.device), network)
            folded = unets.fold(torch.from_numpy(noise).to(here.device), network)
            with here.autocast():
                return v_losses(predict, schedule, clean, folded, times.to(here.device)).cpu()

        found = here.run(losses, chunks(range(len(films) * levels), PIECE))
    return float(torch.cat(found).double().mean())


def _noise(seed: int, case: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return generator(seed, "loss", case).standard_normal((1, *shape), dtype=np.float32)
