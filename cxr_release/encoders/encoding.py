"""Films → features, in pieces, through imagededup's `CNN.encode_images`.

imagededup reads a folder of files, so films are laid out in a temporary one under names that are
their numbers: no id of a stranger becomes a file name. A piece is deleted before the next is
written, so that neither disk nor memory grows with the set beyond the features.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.encoders.encoder import Encoder, imagededup_cnn
from cxr_release.errors import CxrReleaseError

if TYPE_CHECKING:
    import torch
    from PIL import Image

Features = NDArray[np.float32]
"""(films, features)."""

PIECE = 256
"""Films that lie on disk at a time."""
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
        films: PNG bytes, 8-bit (16-bit films saturate in imagededup).
        views: what `Encoder.seen` takes.
        advance: called with 1 at each film, for a progress bar.

    Returns:
        View → (films, features) float32, rows in the films' order.

    Raises:
        CxrReleaseError: a film could not be read, so that rows and films would not match, or has
            features that are no numbers.
    """
    cnn = imagededup_cnn(_side_by_side(encoder, views, advance))
    cnn.batch_size = max(1, BATCH // len(views))
    parts: dict[str, list[Features]] = {view: [] for view in views}
    shape = (len(views), encoder.dimensions)
    done = 0
    for piece in _pieces(films):
        rows = _encoded(cnn, piece, done, shape)
        for place, view in enumerate(views):
            parts[view].append(np.ascontiguousarray(rows[:, place]))
        done += len(piece)
    none = np.empty((0, encoder.dimensions), np.float32)
    return {view: np.concatenate([none, *parts.pop(view)]) for view in views}


def _side_by_side(
    encoder: Encoder, views: Sequence[str], advance: Callable[[int], object]
) -> Encoder:
    """One encoder that gives the features of all views, one after the other."""
    import torch

    seen = [encoder.seen(view).transform for view in views]
    model = encoder.model

    class SideBySide(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, films: torch.Tensor) -> torch.Tensor:
            # View by view: of the model's own memory, no more than for a single one.
            return torch.cat([self.model(films[:, place]) for place in range(len(seen))], dim=1)

    def transform(film: Image.Image) -> Any:
        # Here and not after a batch: with some models a batch takes minutes.
        advance(1)
        return torch.stack([one(film) for one in seen])

    return replace(encoder, model=SideBySide().eval(), transform=transform)


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


def _encoded(cnn: Any, piece: Sequence[bytes], done: int, shape: tuple[int, int]) -> Features:
    """Features (films, views, features) of a piece, before which `done` films came."""
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
    lost = [done + place + 1 for place, file in enumerate(names) if file not in encoded]
    if lost:
        raise CxrReleaseError(
            f"{len(lost)} of {len(piece)} films could not be encoded, the first is film {lost[0]}",
            remedy="give whole 8-bit PNG films",
        )
    rows: Features = np.stack([encoded[file] for file in names]).astype(np.float32, copy=False)
    rows = rows.reshape(len(piece), *shape)
    broken = np.flatnonzero(~np.isfinite(rows).all(axis=(1, 2)))
    if len(broken):
        raise CxrReleaseError(
            f"the features of film {done + broken[0] + 1} are no finite numbers",
            remedy="are the weights those of this encoder?",
        )
    return rows
