"""Grey levels of a DICOM film → 8 bits, in the order of PS3.3 C.11 and PS3.4 N.2.

Modality LUT, VOI LUT or window, and inversion act on each pixel by itself: they are taken for the
65,536 levels at most that a film can have, and its pixels are looked up in the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import SourceError
from cxr_release.films.dicom_file import code, items, numbers, value
from cxr_release.films.dicom_header import is_inverted
from cxr_release.films.grey import exposed_shades
from cxr_release.films.png import Film

if TYPE_CHECKING:
    from pydicom import Dataset

Numbers = NDArray[np.float64]
SHADES = 3
"""Shades that a film has at least under a window that suits it; a window beyond all values leaves
one, a step in it two."""
SAMPLED = 8
"""Rows and columns of which every so many are looked at first."""


@dataclass(frozen=True)
class Stored:
    """How pixels are stored."""

    bits: int
    """That hold a pixel's value."""
    shift: int
    """Bits below them, which hold something else."""
    signed: bool

    def places(self, raw: NDArray[Any]) -> NDArray[np.intp]:
        """Bits of a value, of each unsigned word that holds one."""
        places: NDArray[np.intp] = (raw.astype(np.intp) >> self.shift) & (2**self.bits - 1)
        return places

    def levels(self) -> Numbers:
        """The value of all bits of a pixel, from 0 to the greatest number that they can hold."""
        levels = np.arange(2**self.bits, dtype=np.float64)
        if self.signed:
            levels[len(levels) // 2 :] -= len(levels)
        return levels


def displayed(dataset: Dataset, raw: NDArray[Any], stored: Stored) -> Film:
    """A film as its header displays it.

    Args:
        dataset: of the film.
        raw: (height, width), unsigned words of 8 or 16 bits as they are stored.
        stored: where in them the values are.

    Raises:
        SourceError: it is blank, or its modality LUT cannot be used.
    """
    words = stored.places(np.arange(2 ** (8 * raw.dtype.itemsize)))
    levels = stored.levels()
    output = modality_values(dataset, levels, stored)
    padding = _padding(dataset, stored)
    inverted = is_inverted(dataset)
    for shades in _by_voi(dataset, output):
        film = _looked_up(shades, inverted, words, raw)
        if _suits(film):
            return film
    counts = np.bincount(words, np.bincount(raw.ravel(), minlength=len(words)), len(levels))
    counts[padding] = 0
    if np.count_nonzero(counts) < 2:
        raise SourceError("is blank: every pixel has the same value")
    if stored.bits == 8 and not stored.signed and np.array_equal(output, levels):
        return _looked_up(levels.astype(np.uint8), inverted, words, raw)
    return _looked_up(exposed_shades(output, counts), inverted, words, raw)


def _looked_up(shades: Film, inverted: bool, words: NDArray[np.intp], raw: NDArray[Any]) -> Film:
    film: Film = (255 - shades if inverted else shades)[words][raw]
    return film


def _suits(film: Film) -> bool:
    """Whether a film has `SHADES` shades or more."""
    for part in (film[::SAMPLED, ::SAMPLED], film):
        if np.count_nonzero(np.bincount(part.ravel(), minlength=256)) >= SHADES:
            return True
    return False


def _padding(dataset: Dataset, stored: Stored) -> NDArray[np.bool_]:
    """Which bits of a pixel say that it is padding, not film."""
    ends = numbers(dataset, "PixelPaddingValue", 1)
    ends += numbers(dataset, "PixelPaddingRangeLimit", 1)
    # They are read with either sign, whatever that of the pixels.
    levels, size = stored.levels(), 2**stored.bits
    stated = [levels[int(end) % size] for end in ends if -size < end < size]
    if not stated:
        return np.zeros(size, bool)
    padding: NDArray[np.bool_] = (levels >= min(stated)) & (levels <= max(stated))
    return padding


def modality_values(dataset: Dataset, levels: Numbers, stored: Stored) -> Numbers:
    """Output of the modality LUT, or of the rescale (PS3.3 C.11.1), for each level.

    Raises:
        SourceError: it is not stated as it has to be: then no value has a meaning.
    """
    tables = items(dataset, "ModalityLUTSequence")
    if tables:
        table = Table.read(tables[0], stored.signed)
        if table is None:
            raise SourceError("is damaged: its modality LUT is not a table")
        return table.of(levels)
    slope, intercept = (
        numbers(dataset, keyword, 1) for keyword in ("RescaleSlope", "RescaleIntercept")
    )
    if not slope and not intercept:
        return levels
    factor = slope[0] if slope else 1.0
    if not 1e-9 < abs(factor) < 1e9 or abs(intercept[0] if intercept else 0.0) > 1e12:
        raise SourceError("is damaged: its rescale slope or intercept is not usable")
    return levels * factor + (intercept[0] if intercept else 0.0)


@dataclass(frozen=True)
class Table:
    """A look-up table as DICOM has it (PS3.3 C.11.1.1 and C.11.2.1.1)."""

    entries: Numbers
    first: float
    """The value that is mapped to the first entry."""
    bits: int
    """Of an entry."""

    @classmethod
    def read(cls, item: Dataset, signed: bool) -> Table | None:
        """The table of an item of a sequence; None where it is not one.

        Args:
            item: with LUTDescriptor and LUTData.
            signed: whether the values that are looked up may be below 0.
        """
        descriptor = numbers(item, "LUTDescriptor")
        if len(descriptor) != 3:
            return None
        count, first, bits = (int(number) for number in descriptor)
        count = count % 2**16 or 2**16
        first = (first + 2**15) % 2**16 - 2**15 if signed else first % 2**16
        entries = _entries(value(item, "LUTData"), count, item.is_little_endian is not False)
        if entries is None or not 1 <= bits <= 16:
            return None
        return cls(entries.astype(np.float64), first, bits)

    def of(self, values: Numbers) -> Numbers:
        """The entry of each value; values beyond the table have its first or its last."""
        at = np.clip(np.rint(values) - self.first, 0, len(self.entries) - 1)
        return self.entries[at.astype(np.intp)]


def _entries(data: Any, count: int, little: bool) -> NDArray[Any] | None:
    """Entries of a table, which may be words, or bytes of which two share a word."""
    if isinstance(data, int):
        data = [data]
    if not isinstance(data, bytes):
        try:
            words = np.asarray(data, np.int64) % 2**16
        except (TypeError, ValueError, OverflowError):
            return None
        if words.ndim != 1:
            return None
        data, little = words.astype("<u2").tobytes(), True
    if len(data) >= 2 * count:
        return np.frombuffer(data, "<u2" if little else ">u2", count)
    return np.frombuffer(data, np.uint8, count) if len(data) >= count else None


def _by_voi(dataset: Dataset, output: Numbers) -> list[Film]:
    """Shades by each VOI LUT or window that can be used, the preferred first."""
    choices = []
    tables = items(dataset, "VOILUTSequence")
    table = Table.read(tables[0], bool(output.min() < 0)) if tables else None
    if table is not None:
        choices.append(_eight_bits(table.of(output) / (2**table.bits - 1)))
    centre, width = (numbers(dataset, f"Window{part}") for part in ("Center", "Width"))
    if centre and width:
        shape = code(dataset, "VOILUTFunction")
        share = windowed(output, centre[0], width[0], shape)
        if share is not None:
            choices.append(_eight_bits(share))
    return choices


def windowed(values: Numbers, centre: float, width: float, shape: str = "LINEAR") -> Numbers | None:
    """Share of white of values under a window (PS3.3 C.11.2.1.2 and C.11.2.1.3).

    Args:
        values: output of the modality LUT.
        centre: of the window.
        width: of the window.
        shape: VOI LUT function: LINEAR_EXACT, SIGMOID, or LINEAR, as all others are taken.

    Returns:
        From 0, black, to 1; None where the width is not one of the function.
    """
    if shape == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0, 1) if width > 0 else None
    if shape == "SIGMOID":
        if width <= 0:
            return None
        exponent = np.clip(-4 * (values - centre) / width, -700, 700)
        return np.asarray(1 / (1 + np.exp(exponent)))
    if width < 1:
        return None
    if width == 1:
        return (values > centre - 0.5).astype(np.float64)
    return np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)


def _eight_bits(share: Numbers) -> Film:
    return np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
