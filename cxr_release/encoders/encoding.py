"""Films → features, in pieces, so that memory does not grow with the set beyond the features.

An encoder with a model goes through imagededup's `CNN.encode_images`, as in the paper. That reads a
folder of files, so films are laid out in a temporary one under names that are their numbers: no id
of a stranger becomes a file name. A piece is deleted before the next is written. An encoder without
a model is applied to the films directly, on all cores.
"""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release.encoders.encoder import Encoder, imagededup_models
from cxr_release.errors import CxrReleaseError, SourceError
from cxr_release.films import png

if TYPE_CHECKING:
    import torch

Features = NDArray[Any]
"""(films, features), of the encoder's dtype."""
Encode = Callable[[Sequence[bytes]], list[Features | None]]
"""PNG bytes of some films → (views, features) of each; None of one that cannot be read."""

PIECE = 256
"""Films that are held at a time, on disk for imagededup."""
PIECE_BYTES = 2**26
"""No film is added to a piece of so many bytes."""
BATCH = 64
"""Pictures, over all views, that a model sees at a time: imagededup's own number."""


def encode_views(
    encoder: Encoder,
    films: Iterable[bytes],
    views: Sequence[str],
    *,
    advance: Callable[[int], object] = lambda _: None,
) -> dict[str, Features]:
    """Features of films in several views, each film read once.

    The features of a film do not depend on the films around it: on a processor they were the
    same bit for bit in batches of 1 to 64 with one thread and with two (thumbnail, resnet18,
    convnext_tiny, ViT-B/16; torch 2.15). A GPU was not tried; its rounding may follow the batch.

    Args:
        encoder: what turns a film into numbers.
        films: PNG bytes, 8-bit grey.
        views: what `Encoder.with_view` takes.
        advance: called with 1 at each film, for a progress bar.

    Returns:
        View → (films, features), rows in the films' order.

    Raises:
        CxrReleaseError: a film could not be read, so that rows and films would not match, or has
            features that are not finite numbers.
    """
    transforms = [encoder.with_view(view).transform for view in views]
    direct = encoder.model is None
    encode = _direct(transforms, advance) if direct else _imagededup(encoder, transforms, advance)
    parts = [np.empty((0, len(views), encoder.dimensions), encoder.dtype)]
    done = 0
    for piece in _pieces(films):
        parts.append(
            _checked(encode(piece), done, encoder.dtype).reshape(len(piece), *parts[0].shape[1:])
        )
        done += len(piece)
    return {
        view: np.concatenate([part[:, place] for part in parts]) for place, view in enumerate(views)
    }


def _pieces(films: Iterable[bytes]) -> Iterator[list[bytes]]:
    piece: list[bytes] = []
    size = 0
    for film in films:
        piece.append(film)
        size += len(film)
        if len(piece) >= PIECE or size >= PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _checked(rows: Sequence[Features | None], done: int, dtype: type[np.generic]) -> Features:
    """The features of a piece, before which `done` films came, if they are whole."""
    encoded = [row for row in rows if row is not None]
    if len(encoded) < len(rows):
        first = next(place for place, row in enumerate(rows) if row is None)
        raise CxrReleaseError(
            f"{len(rows) - len(encoded)} of {len(rows)} films could not be encoded, the first is"
            f" film {done + first + 1}",
            remedy="give whole 8-bit PNG films",
        )
    features = np.stack(encoded).astype(dtype, copy=False)
    broken = np.flatnonzero(~np.isfinite(features).reshape(len(rows), -1).all(axis=1))
    if len(broken):
        raise CxrReleaseError(
            f"the features of film {done + broken[0] + 1} are not finite numbers",
            remedy="are the weights those of this encoder?",
        )
    return features


def _direct(
    transforms: Sequence[Callable[[Image.Image], Any]], advance: Callable[[int], object]
) -> Encode:
    """Features that the transforms give."""

    def features(data: bytes) -> Features | None:
        try:
            film = Image.fromarray(png.decode(data, where="film"))
        except SourceError:
            return None
        advance(1)
        return np.stack([transform(film) for transform in transforms])

    def encode(piece: Sequence[bytes]) -> list[Features | None]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoding and scaling leave Python free
            return list(pool.map(features, piece))

    return encode


def _imagededup(
    encoder: Encoder,
    transforms: Sequence[Callable[[Image.Image], Any]],
    advance: Callable[[int], object],
) -> Encode:
    """Features that imagededup's `CNN` gives, all views side by side; on a GPU if there is one."""
    import torch

    models = imagededup_models()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from imagededup.methods import CNN

    class SideBySide(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = encoder.model

        def forward(self, films: torch.Tensor) -> torch.Tensor:
            # View by view: of the model's own memory, no more than for a single one.
            views = range(len(transforms))
            return torch.cat([self.model(films[:, place]) for place in views], dim=1)

    def transform(film: Image.Image) -> torch.Tensor:
        # Here and not after a batch: with some models a batch takes minutes.
        advance(1)
        return torch.stack([view_transform(film) for view_transform in transforms])

    # Its logger sets its own level to INFO each time, so only a filter can quiet it.
    logging.getLogger("imagededup.methods.cnn").addFilter(_is_warning)
    model = models.CustomModel(name=encoder.name, model=SideBySide().eval(), transform=transform)
    cnn = CNN(verbose=False, model_config=model)
    cnn.batch_size = max(1, BATCH // len(transforms))

    def encode(piece: Sequence[bytes]) -> list[Features | None]:
        with tempfile.TemporaryDirectory(prefix="cxr-release-") as name:
            folder = Path(name)
            names = [f"{place:08d}.png" for place in range(len(piece))]
            for file, data in zip(names, piece, strict=True):
                (folder / file).write_bytes(data)
            try:
                encoded = cnn.encode_images(image_dir=folder, num_enc_workers=0)
            except RuntimeError as error:
                # imagededup drops a film that it cannot read, and cannot stack a batch of none.
                if "non-empty" not in str(error):
                    raise
                encoded = {}
        return [encoded.get(file) for file in names]

    return encode


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
