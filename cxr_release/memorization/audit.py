"""The memorization audit: the real–synthetic pairs that people should look at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from cxr_release import encoders
from cxr_release.memorization.search import Pair, nearest_pairs
from cxr_release.radiographs import png
from cxr_release.radiographs.sheet import contact_sheet


@dataclass(frozen=True)
class Audit:
    """The nearest pairs and how they were found."""

    pairs: list[Pair]
    report: dict[str, Any]


def audit(
    real: Mapping[str, bytes],
    synthetic: Mapping[str, bytes],
    *,
    encoder: encoders.Encoder,
    top: int,
) -> Audit:
    """Search all real × synthetic pairs for the `top` nearest.

    Args:
        real: id → PNG bytes.
        synthetic: id → PNG bytes.
        encoder: whose cosine is the likeness.
        top: pairs to report.
    """
    pairs = nearest_pairs(
        encoders.encode(encoder, real.values()),
        encoders.encode(encoder, synthetic.values()),
        real_ids=list(real),
        synthetic_ids=list(synthetic),
        top=top,
    )
    report = {
        "encoder": encoder.name,
        "real": len(real),
        "synthetic": len(synthetic),
        "pairs": len(pairs),
        "cosine": {"highest": pairs[0].cosine, "lowest": pairs[-1].cosine},
        "review": {"state": "none"},
    }
    return Audit(pairs, report)


def pair_rows(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Rows of `schemas.PAIRS`."""
    return [
        {
            "rank": rank,
            "real_id": pair.real_id,
            "synthetic_id": pair.synthetic_id,
            "cosine": pair.cosine,
        }
        for rank, pair in enumerate(pairs, start=1)
    ]


def pair_sheet(
    pairs: Sequence[Pair], real: Mapping[str, bytes], synthetic: Mapping[str, bytes]
) -> Image.Image:
    """Each pair as real, synthetic and their difference (grey where equal), four pairs a row."""
    films: list[png.Film] = []
    captions: list[str] = []
    for rank, pair in enumerate(pairs, start=1):
        one = png.decode(real[pair.real_id], where=pair.real_id)
        other = png.decode(synthetic[pair.synthetic_id], where=pair.synthetic_id)
        difference = (255 + one.astype(np.int16) - other) // 2
        films += [one, other, difference.astype(np.uint8)]
        captions += [f"{rank} real", pair.synthetic_id.removeprefix("checkpoint-"), ""]
        captions[-1] = f"{pair.cosine:.4f}"
    return contact_sheet(films, captions, columns=12, side=112)
