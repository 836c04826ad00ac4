"""Images → float32 features, through imagededup's own encoding path.

imagededup reads a folder of files, so films are laid out in a temporary one under names that are
their numbers: no id of a stranger becomes a file name.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]


@dataclass(frozen=True)
class Encoder:
    """A model and its transform, as imagededup's `CustomModel` takes them."""

    name: str
    model: Any
    transform: Any


def thumbnail(side: int) -> Encoder:
    """An encoder without weights: the film itself, small.

    A film is scaled to `side` × `side` grey values, brought to zero mean and unit length; so the
    cosine of two films is the normalised cross-correlation of their thumbnails. A constant film
    becomes the zero vector.

    Returns:
        An encoder of `side`² features.
    """
    import torch
    from PIL import Image
    from torchvision.transforms import functional

    def transform(film: Image.Image) -> torch.Tensor:
        grey = film.convert("L").resize((side, side), Image.Resampling.LANCZOS)
        tensor: torch.Tensor = functional.to_tensor(grey)
        return tensor

    class Thumbnail(torch.nn.Module):
        def forward(self, films: torch.Tensor) -> torch.Tensor:
            flat = films.flatten(1)
            flat = flat - flat.mean(dim=1, keepdim=True)
            lengths = flat.norm(dim=1, keepdim=True)
            # One pixel one grey level off is 4e-3; what is far below is rounding, not a film.
            return torch.where(lengths > 1e-4, flat / lengths, 0)

    return Encoder(f"thumbnail-{side}", Thumbnail().eval(), transform)


def encode(encoder: Encoder, films: Iterable[bytes]) -> Features:
    """Features of films, in their order.

    Args:
        encoder: what turns a film into numbers.
        films: PNG bytes, 8-bit (16-bit films saturate in imagededup).

    Returns:
        (films, features) float32.

    Raises:
        RuntimeError: a film could not be read, so that rows and films would not match.
    """
    with tempfile.TemporaryDirectory(prefix="cxr-release-") as name:
        folder = Path(name)
        count = 0
        for count, data in enumerate(films, start=1):
            (folder / f"{count - 1:08d}.png").write_bytes(data)
        encoded = _imagededup(encoder).encode_images(image_dir=folder, num_enc_workers=0)
    if len(encoded) != count:
        raise RuntimeError(f"{count - len(encoded)} of {count} films could not be encoded")
    rows = [encoded[f"{place:08d}.png"] for place in range(count)]
    return np.stack(rows).astype(np.float32, copy=False)


def _imagededup(encoder: Encoder) -> Any:
    with warnings.catch_warnings():
        # imagededup's optional parts warn about themselves on import; none of them is used here.
        warnings.simplefilter("ignore")
        from imagededup.methods import CNN
        from imagededup.utils.models import CustomModel

    # Its logger sets its own level to INFO each time, so only a filter can quiet it.
    logging.getLogger("imagededup.methods.cnn").addFilter(_is_warning)
    custom = CustomModel(name=encoder.name, model=encoder.model, transform=encoder.transform)
    return CNN(verbose=False, model_config=custom)


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
