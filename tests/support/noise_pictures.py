"""Pictures of noise, as files that somebody else may have made."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def noise_png(seed: int) -> bytes:
    """A PNG of 20 × 24 pixels; another seed, another picture."""
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 20), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()
