"""Features of films seen plainly."""

from __future__ import annotations

from collections.abc import Iterable

from cxr_release.encoders.encoder import Encoder
from cxr_release.encoders.encoding import Features, encode_views


def encode(encoder: Encoder, films: Iterable[bytes]) -> Features:
    """PNG bytes → (films, features) float32."""
    return encode_views(encoder, films, ["plain"])["plain"]
