"""DICOM films for the tests, written with pydicom and, where it has no encoder, imagecodecs."""

from __future__ import annotations

import io
import struct
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.config
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, FileMetaDataset, dcmwrite
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

from cxr_release.films.grey import window
from cxr_release.films.png import Film

# Films are written here against the standard, too.
pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
COMPRESSED = (JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, RLELossless)


def dataset_of(pixels: NDArray[Any], bits: int, **elements: Any) -> Dataset:
    """A radiograph of stored values, MONOCHROME2 unless told otherwise; `elements` by keyword."""
    dataset = Dataset()
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.Modality = "CR"
    dataset.PatientID = "7411"
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = 8 * pixels.dtype.itemsize
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes()
    if len(dataset.PixelData) % 2:
        dataset.PixelData += b"\0"
    dataset["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def table(first: int, bits: int, entries: NDArray[Any]) -> Dataset:
    """An item of a modality or VOI LUT sequence, its entries as words."""
    dataset = Dataset()
    dataset.add_new(
        "LUTDescriptor", "SS" if first < 0 else "US", [len(entries) % 2**16, first, bits]
    )
    dataset.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    return dataset


def encoded(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The file of a data set, its pixels in the transfer syntax."""
    syntax = UID(syntax)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID") or "1.2"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID") or "1.2"
    if syntax.is_compressed and not syntax.is_deflated:
        frame = _compressed(dataset, syntax)
        dataset.PixelData = encapsulate([frame])
        dataset["PixelData"].is_undefined_length = True
        dataset["PixelData"].VR = "OB"
    elif syntax == ExplicitVRBigEndian and dataset.BitsAllocated == 16:
        words = np.frombuffer(dataset.PixelData, "<u2")
        dataset.PixelData = words.astype(">u2").tobytes()
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def _compressed(dataset: Dataset, syntax: str) -> bytes:
    import imagecodecs

    dtype = {(8, 0): "u1", (16, 0): "<u2", (16, 1): "<i2"}[
        dataset.BitsAllocated, dataset.PixelRepresentation
    ]
    shape = dataset.Rows, dataset.Columns
    count = dataset.Rows * dataset.Columns
    pixels = np.frombuffer(dataset.PixelData, dtype, count).reshape(shape)
    if syntax == RLELossless:
        return _run_lengths(pixels)
    words = pixels.view(f"u{pixels.dtype.itemsize}")
    mask = 2**dataset.BitsStored - 1
    if syntax == JPEGLosslessSV1:
        return imagecodecs.ljpeg_encode(
            words & words.dtype.type(mask), bitspersample=dataset.BitsStored
        )
    if syntax == JPEGLSLossless:
        return imagecodecs.jpegls_encode(words & words.dtype.type(mask))
    if syntax == JPEG2000Lossless:
        return imagecodecs.jpeg2k_encode(
            pixels, codecformat="J2K", reversible=True, level=0, bitspersample=dataset.BitsStored
        )
    assert syntax == JPEGExtended12Bit
    return imagecodecs.jpeg8_encode(words, level=100, bitspersample=12)


def _run_lengths(pixels: NDArray[Any]) -> bytes:
    """PS3.5 annex G: a segment a byte of a pixel, the highest first; literal runs alone."""
    rows = pixels.reshape(pixels.shape[0], -1)
    segments = []
    for byte in reversed(range(pixels.dtype.itemsize)):
        plane = rows.view(np.uint8).reshape(*pixels.shape, -1)[..., byte]
        coded = bytearray()
        for row in plane:
            data = row.tobytes()
            for start in range(0, len(data), 128):
                piece = data[start : start + 128]
                coded += bytes([len(piece) - 1]) + piece
        segments.append(bytes(coded) + b"\0" * (len(coded) % 2))
    places, at = [], 64
    for segment in segments:
        places.append(at)
        at += len(segment)
    head = struct.pack("<16L", len(segments), *places, *[0] * (15 - len(segments)))
    return head + b"".join(segments)


def test_files() -> list[Path]:
    """pydicom's test files, as they are installed: in itself, and in pydicom-data."""
    import data_store

    roots = (Path(pydicom.__file__).parent / "data/test_files", Path(data_store.__file__).parent)
    return sorted(
        path
        for root in roots
        for path in root.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    )


@cache
def shown_as_stated(name: str) -> Film:
    """A film of the test data of pydicom-data, `RG1` or `RG3`, in 8 bits: bone bright.

    Both are MONOCHROME1: the least value is shown white.
    """
    pydicom = pytest.importorskip("pydicom")
    pytest.importorskip("data_store")
    from pydicom.data import get_testdata_file

    data = pydicom.dcmread(get_testdata_file(f"{name}_UNCR.dcm", download=False))
    assert data.PhotometricInterpretation == "MONOCHROME1"
    film: Film = 255 - window(data.pixel_array.astype(np.uint16))
    return film


test_files.__test__ = False  # type: ignore[attr-defined] - it is not a test
