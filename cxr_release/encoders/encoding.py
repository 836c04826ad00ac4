"""Films → features, in pieces, so that memory does not grow with the set beyond the features.

An encoder with a model goes through imagededup's `CNN.encode_images`, as in the paper. That reads a
folder of files, so films are laid out in a temporary one under names that are their numbers: no id
of a stranger becomes a file name, and what was labelled as synthetic keeps its label. A piece is
deleted before the next is written. An encoder without a model is applied to the films directly.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release.encoders.encoder import Encoder, imagededup_models
from cxr_release.errors import CxrReleaseError
from cxr_release.films import png
from cxr_release.films.film_source import OpenedFilm
from cxr_release.films.threads import mapped

if TYPE_CHECKING:
    import torch

Features = NDArray[Any]
"""(films, features), of the encoder's dtype."""
Encode = Callable[[Iterable[OpenedFilm]], Iterator[Features | None]]
"""Films → (views, features) of each; None of one that could not be encoded."""

PIECE = 256
"""Films that lie on disk at a time, for imagededup."""
PIECE_PIXELS = 2**26
"""No film is added to a piece of so many pixels."""
BATCH = 64
"""Pictures, over all views, that a model sees at a time: imagededup's own number."""


def encode_views(
    encoder: Encoder,
    films: Iterable[OpenedFilm],
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
        films: that could be read.
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
    rows = [np.empty((0, len(views), encoder.dimensions), encoder.dtype)]
    for number, row in enumerate(encode(films), start=1):
        rows.append(_checked(row, number, encoder.dtype).reshape(1, *rows[0].shape[1:]))
    features = np.concatenate(rows)
    return {view: np.ascontiguousarray(features[:, place]) for place, view in enumerate(views)}


def _checked(row: Features | None, number: int, dtype: type[np.generic]) -> Features:
    """The features of a film, the `number`-th, if they are whole."""
    if row is None:
        raise CxrReleaseError(
            f"film {number} could not be encoded", remedy="is the encoder made for such films?"
        )
    if not np.isfinite(row).all():
        raise CxrReleaseError(
            f"the features of film {number} are not finite numbers",
            remedy="are the weights those of this encoder?",
        )
    return row.astype(dtype, copy=False)


def _direct(
    transforms: Sequence[Callable[[Image.Image], Any]], advance: Callable[[int], object]
) -> Encode:
    """Features that the transforms give, on all cores: scaling leaves Python free."""

    def features(film: OpenedFilm) -> Features:
        picture = Image.fromarray(film.pixels)
        return np.stack([transform(picture) for transform in transforms])

    def encode(films: Iterable[OpenedFilm]) -> Iterator[Features]:
        for row in mapped(features, films):
            advance(1)
            yield row

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

    def encode(films: Iterable[OpenedFilm]) -> Iterator[Features | None]:
        for piece in _pieces(films):
            with tempfile.TemporaryDirectory(prefix="cxr-release-") as folder:
                yield from encoded(piece, Path(folder))

    def encoded(piece: Sequence[OpenedFilm], folder: Path) -> list[Features | None]:
        names = [f"{place:08d}.png" for place in range(len(piece))]
        for name, film in zip(names, piece, strict=True):
            (folder / name).write_bytes(png.encode(film.pixels, synthetic=film.labelled))
        try:
            rows = cnn.encode_images(image_dir=folder, num_enc_workers=0)
        except RuntimeError as error:
            # imagededup drops a film that it cannot read, and cannot stack a batch of none.
            if "non-empty" not in str(error):
                raise
            rows = {}
        return [rows.get(name) for name in names]

    return encode


def _pieces(films: Iterable[OpenedFilm]) -> Iterator[list[OpenedFilm]]:
    piece: list[OpenedFilm] = []
    pixels = 0
    for film in films:
        piece.append(film)
        pixels += film.pixels.size
        if len(piece) >= PIECE or pixels >= PIECE_PIXELS:
            yield piece
            piece, pixels = [], 0
    if piece:
        yield piece


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
