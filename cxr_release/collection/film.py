"""One synthetic film from elsewhere: its bytes, checked, in the form of the films that we draw."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cxr_release.errors import Fault, SourceError
from cxr_release.film_size import Size
from cxr_release.films import png
from cxr_release.films.decode import decode
from cxr_release.films.folder import FilmFile
from cxr_release.params.films import Fit
from cxr_release.radiographs.resample import resample

_STATED = re.compile(rb"newscodes/digitalsourcetype/([A-Za-z]{1,40})")
_CAPTURED = frozenset(
    {b"digitalCapture", b"computationalCapture", b"negativeFilm", b"positiveFilm", b"print"}
)
"""IPTC's codes of pictures that somebody took."""
_DICOM = slice(128, 132)


@dataclass(frozen=True)
class Candidate:
    """What may be a film, not looked at yet. Travels to another process."""

    name: str
    """What reports and the manifest call it: a file, or a file and a row."""
    file: FilmFile | None
    data: bytes = b""
    """Its bytes, where it is not a file of its own."""


@dataclass(frozen=True)
class CollectedFilm:
    """A film that was read."""

    name: str
    sha256: str
    """Of the bytes as they came."""
    width: int
    height: int
    bits: int
    mode: str
    data: bytes
    """PNG of the resampled film, with the provenance label."""
    facts: dict[str, int | str]
    """See `png.facts`."""


def take_in(size: Size, fit: Fit, candidates: Sequence[Candidate]) -> list[CollectedFilm | Fault]:
    """Decode, resample and encode films; a fault stands in the place of what is not one.

    Polarity and facing stay as they come.

    Args:
        size: of the films that come out.
        fit: see `resample`; a scale cannot be kept where none is known, so that `physical` pads.
        candidates: in order.
    """
    return [_taken(size, fit, candidate) for candidate in candidates]


def _taken(size: Size, fit: Fit, candidate: Candidate) -> CollectedFilm | Fault:
    try:
        data = candidate.file.read() if candidate.file else candidate.data
        _require_synthetic(data)
        decoded = decode(data)
    except SourceError as error:
        return Fault(candidate.name, error.what, error.remedy)
    height, width = decoded.film.shape
    film = resample(decoded.film, size, "pad" if fit == "physical" else fit)
    encoded = png.encode(film, synthetic=True, origin="elsewhere")
    return CollectedFilm(
        candidate.name,
        hashlib.sha256(data).hexdigest(),
        width,
        height,
        decoded.bits,
        decoded.mode,
        encoded,
        png.facts(film, encoded),
    )


def _require_synthetic(data: bytes) -> None:
    """Refuse what says of itself that it is a real film: it would go out as a synthetic one.

    Raises:
        SourceError: it is DICOM, which is how real films travel, or its metadata state a capture.
    """
    if data[_DICOM] == b"DICM":
        raise SourceError(
            "is DICOM, as real films are: it is not taken for a synthetic one",
            remedy="take it out, or, if a generator drew it, convert it to PNG",
        )
    stated = {*_STATED.findall(data)} & _CAPTURED
    if stated:
        raise SourceError(
            f"states that it was captured ({min(stated).decode()}), not drawn by a model",
            remedy="take it out",
        )
