"""How networks of the score are trained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Of a training; the same for every arm."""

    steps: int = 400
    batch: int = 32
    """Films a step, drawn anew for each."""
    rate: float = 1e-3
    """Of AdamW; it falls to 0 along half a cosine."""
    decay: float = 0.01
    """Of weights."""
    channels: tuple[int, ...] = (32, 64, 96)
    """Of the U-Net's resolutions, multiples of 8."""
