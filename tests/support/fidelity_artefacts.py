"""Losses and distances along training, made up; and weights of Inception that learnt nothing."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import torch
from torch_fidelity import FeatureExtractorInceptionV3

from cxr_release.fidelity.distance_types import METRICS, BandPower, Distances
from cxr_release.fidelity.report import LossPoint


class Weights(NamedTuple):
    path: Path
    sha256: str


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def random_weights(path: Path) -> Weights:
    """Write weights of torch-fidelity's InceptionV3 that have learnt nothing."""
    empty = io.BytesIO()
    torch.save({}, empty)
    empty.seek(0)
    with mock.patch.object(FeatureExtractorInceptionV3, "load_state_dict"):
        network = FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048"], feature_extractor_weights_path=empty
        )
    chance = torch.Generator().manual_seed(1)
    for name, one in network.state_dict().items():
        if name.endswith("conv.weight"):
            # As wide as keeps activations from fading: by default they are 0 at the last layer.
            one.normal_(0, (2 / one[0].numel()) ** 0.5, generator=chance)
    torch.save(network.state_dict(), path)
    return Weights(path, hash_of(path))


def losses(training: Sequence[float], held_out: Sequence[float]) -> list[LossPoint]:
    return [
        {"checkpoint": number, "checkpoint_step": 10 * number, "training": one, "held_out": other}
        for number, (one, other) in enumerate(zip(training, held_out, strict=True), 1)
    ]


INCEPTION = {
    "extractor": "inception-v3-compat of torch-fidelity 0.4.0, layer 2048",
    "weights_sha256": "6726825d" + 56 * "0",
    "published_weights": True,
    "resize": "grey repeated to three channels, bilinear to 299 × 299 as TensorFlow 1 does it",
    "kid_subsets": 100,
    "kid_subset_size": 48,
    "fid_draws": 20,
    "real_floor": 7.5,
}


def bands(*powers: float, wide: float) -> list[BandPower]:
    """Bands of a film of 64 × 64 pixels; ends of intervals lie `wide` beside the powers."""
    ends = [1, 4, 8, 16, 32]
    return [
        {"low": low, "high": high, "power": power, "interval": [max(0, power - wide), power + wide]}
        for low, high, power in zip(ends[:-1], ends[1:], powers, strict=True)
    ]


def distances(
    *values: float, wide: float = 0.1, fid: Sequence[float] = (), fine: float = 1
) -> Distances:
    """`distances.json` of checkpoints 1, 2 …; ends of intervals lie `wide` beside the values.

    `fine` is the power of their films in the finest band, over source films' power.
    """
    points = []
    for number, value in enumerate(values, 1):
        taken = dict.fromkeys(METRICS, 0.5) | {"frechet_random_conv": value, "fid": 0, "kid": 0.01}
        taken |= {"recall": 0.1 * number, "ms_ssim": 0.6 - 0.02 * number}
        if fid:
            taken["fid"] = fid[number - 1]
        else:
            del taken["fid"], taken["kid"]
        intervals = {name: [one - wide, one + wide] for name, one in taken.items()}
        where: dict[str, Any] = {"checkpoint": number, "checkpoint_step": 10 * number}
        detail = {"bands": bands(1.1, 1.02, 0.98, fine, wide=wide)}
        points.append({**where, **taken, "intervals": intervals, **detail})
    found: Any = {
        "features": "random convolution features",
        "resize": "none",
        "images": 48,
        "real_images": 500,
        "size": 64,
        "real_floor": 0.5,
        "source": {
            **{"precision": 0.8, "recall": 0.75, "density": 0.95, "coverage": 0.9, "ms_ssim": 0.45},
            "intervals": {"ms_ssim": [0.43, 0.47]},
            "bands": bands(1.02, 0.98, 1.01, 0.99, wide=0.05),
        },
        "bootstrap": {"level": 0.95, "draws": 200},
        "manifold": {"features": "random convolution features", "neighbours": 5},
        "ms_ssim": {
            **{"pairs": 256, "source_pairs": 256, "scales": 5, "window": 11},
            "magnification": 3,
        },
        "spectrum": {"window": "Hann"},
        **({"inception": INCEPTION} if fid else {}),
        "checkpoints": points,
    }
    return found
