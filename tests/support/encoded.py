"""Features of films seen plainly, and a quick encoder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image

from cxr_release.encoders.encoder import Encoder, fingerprint
from cxr_release.encoders.encoding import Features, encode_views
from cxr_release.films.film_source import OpenedFilm
from cxr_release.films.png import Film


def encode(encoder: Encoder, films: Iterable[Film]) -> Features:
    """Films → (films, features), of the encoder's dtype."""
    return encode_views(encoder, map(opened, films), ["plain"])["plain"]


def opened(film: Film) -> OpenedFilm:
    """A film as a source gives it."""
    return OpenedFilm("film", film)


def tiny(side: int, dtype: type[np.generic] = np.uint8) -> Encoder:
    """Like `registry.small_picture`, of another size: side² grey values, of any dtype."""

    def transform(film: Image.Image) -> Any:
        small = film.convert("L").resize((side, side), Image.Resampling.BILINEAR)
        return np.asarray(small).ravel().astype(dtype)

    return Encoder(
        name=f"tiny-{side}",
        dimensions=side * side,
        dtype=dtype,
        model=None,
        transform=transform,
        fingerprint=fingerprint(f"tiny {side} {np.dtype(dtype)}"),
    )
