"""Versions of the code that a checkpoint may hang on."""

from __future__ import annotations

import diffusers
import torch

from cxr_release import __version__


def versions() -> dict[str, str]:
    """Name of each library → its version."""
    return {
        "cxr-release": __version__,
        "diffusers": diffusers.__version__,
        "torch": torch.__version__,
    }
