"""What turns a film into numbers, and what those numbers depend on."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from cxr_release.schemas import VIEWS

TRANSFORM = 1
"""Version of what this package does to a film before the model sees it, views included."""

LIBRARIES = ("torch", "torchvision", "imagededup", "pillow")


@dataclass(frozen=True)
class Weights:
    """The file of weights that a model was made with."""

    sha256: str
    """Of the file's bytes."""
    published: bool
    """Whether the hash begins as torchvision's own address of this model's weights says."""
    license: str
    """As far as known; empty where it is not."""


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A model and its transform, as imagededup's `CustomModel` takes them, or a transform alone."""

    name: str
    dimensions: int
    """Features a film."""
    dtype: type[np.generic] = np.float32
    model: Any
    """(b, channels, height, width) float32 → (b, dimensions) float32; None: the transform itself
    gives the features."""
    transform: Callable[[Image.Image], Any]
    """An RGB picture → (channels, height, width) float32; without a model a grey one → features."""
    fingerprint: str
    """SHA-256 of everything that the features depend on, in hex."""
    weights: Weights | None = None

    def with_view(self, view: str) -> Encoder:
        """The encoder whose features of a film are this one's of the film in that view.

        Args:
            view: one of `schemas.VIEWS`. Each has a fingerprint of its own.
        """
        if view == "plain":
            return self
        if view not in VIEWS:
            raise ValueError(f"{view!r} is not a view: {', '.join(VIEWS)}")

        def transform(film: Image.Image) -> Any:
            return self.transform(turned(film, view))

        marked = hashlib.sha256(f"{self.fingerprint} {view}".encode()).hexdigest()
        return replace(self, transform=transform, fingerprint=marked)


def turned(film: Image.Image, view: str) -> Image.Image:
    """A film (L or RGB) as one of `schemas.VIEWS` shows it."""
    if "mirrored" in view:
        film = ImageOps.mirror(film)
    return ImageOps.invert(film) if "inverted" in view else film


def fingerprint(
    name: str, *, weights_sha256: str = "", libraries: Sequence[str] = LIBRARIES
) -> str:
    """SHA-256, in hex, of everything that an encoder's features depend on.

    The kind of device counts where torch is used: a GPU rounds otherwise than a processor.

    Args:
        name: of the encoder.
        weights_sha256: of the file of weights, for one that has weights.
        libraries: that it uses.
    """
    facts = {
        "name": name,
        "weights": weights_sha256,
        "transform": TRANSFORM,
        "device": _device() if "torch" in libraries else "",
        **{library: version(library) for library in libraries},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def imagededup_models() -> Any:
    """Its module of models."""
    with warnings.catch_warnings():
        # imagededup's optional parts warn about themselves on import; none of them is used here.
        warnings.simplefilter("ignore")
        from imagededup.utils import models
    return models
