"""Networks for films of 16 × 16 pixels that learn single films within seconds, and such films."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from cxr_release.files import write_json
from cxr_release.film_size import Size
from cxr_release.films.png import Film
from cxr_release.generators import checkpoints
from cxr_release.generators.checkpoints import Checkpoint, Record
from cxr_release.params.training import ComputeParams, NetworkParams

SIDE = 16
NETWORK = NetworkParams(
    channels=(64, 32), layers=1, attention=0, pixel_unshuffle=4, schedule="cosine"
)
COMPUTE = ComputeParams(precision="fp32", compile="never")


def untrained(*, step: int = 4, seed: int = 0, **record: Any) -> Checkpoint:
    """A network of chance, said to have taken some steps.

    Args:
        step: that it says.
        seed: of its weights.
        record: what else its record says differently.
    """
    said = Record(
        **{
            "checkpoint": step,
            "checkpoint_step": step,
            "network": NETWORK,
            "training": {},
            "fingerprint": "a" * 64,
            **record,
            "size": Size.of(record.get("size", SIDE)),
        }
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet = checkpoints.built(said)
    return Checkpoint(said, unet.requires_grad_(False).eval())


def saved(run: Path, checkpoint: Checkpoint) -> Path:
    """The folder of a checkpoint, in the folder of a run."""
    folder = checkpoints.folder_of(run, checkpoint.record.checkpoint)
    checkpoints.save(folder, checkpoint.unet, checkpoint.record)
    return folder


def recorded(run: Path, step: int) -> None:
    """A checkpoint in the folder of a run, of which there is nothing but what it says of itself."""
    folder = checkpoints.folder_of(run, step)
    folder.mkdir(parents=True)
    record = untrained(step=step).record
    write_json(folder / checkpoints.RECORD, checkpoints.plain(record))


def with_weights(checkpoint: Checkpoint, values: Mapping[str, float]) -> Checkpoint:
    """The network with all weights of some names set to a value."""
    with torch.no_grad():
        for name, weight in checkpoint.unet.named_parameters():
            if name in values:
                weight.fill_(values[name])
    return checkpoint


def speckles(count: int, *, seed: int, of_patient: int = 2) -> list[tuple[Film, str]]:
    """Films of grey speckles that have nothing in common, with their patients."""
    chance = np.random.default_rng(seed)
    films = []
    for number in range(count):
        smooth = gaussian_filter(chance.normal(size=(SIDE, SIDE)), 1.0)
        grey = np.clip(128 + 60 * smooth / smooth.std(), 0, 255).astype(np.uint8)
        films.append((grey, f"s{seed}p{number // of_patient}"))
    return films
