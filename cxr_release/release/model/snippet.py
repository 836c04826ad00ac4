"""The lines of the model's card that draw a film of the dataset with diffusers and torch alone.

`DDPMPipeline` would not do: it knows nothing of pixels folded into channels, and its noise is not
that of a film's seed. A test runs these lines where this package is not, and compares.
"""

from __future__ import annotations

from cxr_release.film_size import Size
from cxr_release.release.model.record import ModelRecord

_SCHEDULERS = {
    "ddpm": ("DDIMScheduler", "", ", eta=1.0, use_clipped_model_output=True"),
    "ddim": ("DDIMScheduler", "", ", eta=0.0, use_clipped_model_output=True"),
    "dpmsolver++": ("DPMSolverMultistepScheduler", "algorithm_type='dpmsolver++', ", ""),
    "sde-dpmsolver++": ("DPMSolverMultistepScheduler", "algorithm_type='sde-dpmsolver++', ", ""),
}
"""Sampler → the class of diffusers that it is, settings of the class, settings of each step."""
NOISY = frozenset({"ddpm", "sde-dpmsolver++"})
"""Samplers that add noise at each step."""
MOST_LINES = 13


def snippet(record: ModelRecord) -> str:
    """Python code that leaves a film as `film`, (height, width) uint8.

    Args:
        record: of the model.
    """
    network, sampling = record.network, record.sampling
    height, width = Size.of(network.size).shape
    kind, settings, each = _SCHEDULERS[sampling.sampler]
    if sampling.sampler in NOISY:
        each = f", variance_noise=noise(){each}"
    row = record.example.row
    told = "" if row is None else f", class_labels=torch.tensor([{row}])"
    velocity, guided = f"unet(film, time{told}).sample", []
    if row is not None and sampling.class_guidance != 1:
        none = len(network.classes)
        guided = [
            f"        away, asked = unet(torch.cat([film, film]), time,"
            f" class_labels=torch.tensor([{none}, {row}])).sample.split(1)"
        ]
        velocity = f"away + {sampling.class_guidance} * (asked - away)"
    place, fold = record.repository or record.name, network.pixel_unshuffle
    whence = f"{place!r}, revision={record.tag!r}"
    return "\n".join(
        [
            "import numpy as np, torch",
            f"from diffusers import {kind}, UNet2DModel",
            f"unet = UNet2DModel.from_pretrained({whence}, subfolder='unet')",
            f"solver = {kind}.from_pretrained({whence}, subfolder='scheduler', {settings}"
            "timestep_spacing='trailing')",
            f"solver.set_timesteps({sampling.steps})",
            f"stream = np.random.Generator(np.random.PCG64({record.example.seed}))"
            f"  # the `seed` of {record.example.film}",
            "noise = lambda: torch.nn.functional.pixel_unshuffle(torch.from_numpy("
            f"stream.standard_normal((1, 1, {height}, {width}), dtype=np.float32)), {fold})",
            "film = noise()",
            "with torch.inference_mode():",
            "    for time in solver.timesteps:",
            *guided,
            f"        film = solver.step({velocity}, time, film{each}).prev_sample",
            f"film = torch.nn.functional.pixel_shuffle(film, {fold})[0, 0].clamp(-1, 1)"
            ".add(1).mul(127.5).round().byte().numpy()",
        ]
    )
