"""DICOM films: the picture as the header displays it, held against pydicom and against PNG."""

from __future__ import annotations

import hashlib
import io
import logging
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from pydicom.pixels import apply_windowing, pixel_array
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    RLELossless,
)

from cxr_release.errors import SourceError
from cxr_release.films import dicom_file
from cxr_release.films.decode import decode
from cxr_release.films.dicom_levels import windowed
from cxr_release.films.png import Film
from cxr_release.params.films import DicomParams
from tests.support.dicom_films import COMPRESSED, NATIVE, dataset_of, encoded, table, test_files

DEFLATED = "1.2.840.10008.1.2.1.99"
LARGE = [f"RG{n}_{kind}.dcm" for n in (1, 3) for kind in ("UNCI", "J2KR", "J2KI")]
RADIOGRAPHS = ["6154", "6247", "6278", "RG1_UNCR.dcm", "RG3_UNCR.dcm"]


def file_of(name: str) -> Path:
    return next(path for path in test_files() if path.name == name)


def as_png(pixels: NDArray[Any]) -> Film:
    """The same stored values by the path of PNG."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
    return decode(stream.getvalue()).film


def fault(data: bytes, **settings: Any) -> str:
    with pytest.raises(SourceError) as caught:
        decode(data, DicomParams(**settings))
    return str(caught.value)


@pytest.fixture(scope="module")
def deep() -> NDArray[np.uint16]:
    """A smooth film of 12 bits with some noise, and a marker."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:90, :70]
    film = 300 + 25 * rows + 9 * columns + rng.integers(0, 40, (90, 70))
    film[:6, :9] = 4095
    return film.astype(np.uint16)


@pytest.mark.parametrize(
    "name", [*RADIOGRAPHS, *(pytest.param(name, marks=pytest.mark.long) for name in LARGE)]
)
def test_radiographs_of_pydicom_come_in_as_their_tags_display_them(name: str) -> None:
    data = file_of(name).read_bytes()
    dataset = pydicom.dcmread(io.BytesIO(data))
    most = 2**dataset.BitsStored - 1
    shown = apply_windowing(pixel_array(dataset), dataset) / most
    decoded = decode(data)
    assert dataset.PhotometricInterpretation == "MONOCHROME1"
    assert np.abs(decoded.film - (1 - shown) * 255).max() <= 0.5 + 255 / most
    assert decoded.header.negative is False
    assert decoded.header.codes["modality"] == "CR"
    if name.startswith("RG"):
        assert decoded.header.spacing is None  # 0 in RG1, nothing in RG3
        assert decoded.header.exposed is None  # RG1 states millimetres from the centre
    else:
        assert decoded.header.spacing is not None
        assert decoded.header.spacing.kind == "detector"
        assert decoded.header.codes["body_part"] == "CSPINE"
        assert decoded.header.codes["age"] == 47


@pytest.mark.parametrize("name", ["RG3", pytest.param("RG1", marks=pytest.mark.long)])
def test_lossless_syntaxes_give_one_film(name: str) -> None:
    dataset = pydicom.dcmread(file_of(f"{name}_UNCR.dcm"))
    pixels = pixel_array(dataset)
    elements = {
        keyword: dataset[keyword].value
        for keyword in ("PhotometricInterpretation", "WindowCenter", "WindowWidth")
    }
    films = [file_of(f"{name}_{kind}.dcm").read_bytes() for kind in ("UNCR", "J2KR")]
    films += [
        encoded(dataset_of(pixels, dataset.BitsStored, **elements), syntax) for syntax in COMPRESSED
    ]
    hashes = {hashlib.sha256(decode(film).film.tobytes()).hexdigest() for film in films}
    assert len(hashes) == 1


def test_every_file_of_pydicom_is_a_film_or_has_its_reason() -> None:
    outcomes: dict[str, str] = {}
    for path in test_files():
        try:
            if not path.name.startswith("RG"):
                decode(path.read_bytes())
        except SourceError as error:
            outcomes[path.name] = str(error)
        else:
            assert path.name in RADIOGRAPHS or path.name in LARGE
    assert len(outcomes) > 200
    starts = (
        "has the modality ",
        "states no modality that DICOM defines",
        "is not a film: ",
        "is not a PNG, JPEG or TIFF image, nor DICOM",
        "is truncated: a DICOM file without its last elements",
    )
    assert all(what.startswith(starts) for what in outcomes.values()), outcomes
    for name, what in {
        "DICOMDIR": "an index of other files",
        "liver.dcm": "a segmentation",
        "test-SR.dcm": "a structured report",
        "waveform_ecg.dcm": "an ECG",
        "rtdose.dcm": "radiotherapy",
    }.items():
        assert what in outcomes[name]


@pytest.mark.long
def test_of_all_modalities_films_come_in_and_the_rest_has_its_reason() -> None:
    wide = DicomParams(modality=(), burned_in="keep")
    films, reasons = 0, []
    for path in test_files():
        if path.name.startswith("RG"):
            continue
        try:
            decode(path.read_bytes(), wide)
            films += 1
        except SourceError as error:
            reasons.append(str(error))
    assert films >= 60
    for reason in ("colour", "frames", "no pixels", "truncated: 8,130 of 8,192"):
        assert any(reason in what for what in reasons), reason


@pytest.mark.parametrize(
    ("bits", "signed"),
    [(8, False), *((bits, signed) for bits in (10, 12, 16) for signed in (False, True))],
)
def test_every_syntax_and_depth_is_the_film_that_png_holds(
    deep: NDArray[np.uint16], bits: int, signed: bool
) -> None:
    most = 2**bits - 1
    values = (deep.astype(np.int64) * most // deep.max()).astype("<u1" if bits == 8 else "<u2")
    expected = as_png(values)
    stored = (values.astype(int) - 2 ** (bits - 1)).astype("<i2") if signed else values
    for syntax in (*NATIVE, *COMPRESSED, DEFLATED):
        film = decode(encoded(dataset_of(stored, bits), syntax)).film
        assert np.array_equal(film, expected), syntax
    negative = (-1 - stored.astype(int)).astype("<i2") if signed else (most - values)
    turned = decode(
        encoded(
            dataset_of(negative.astype(stored.dtype), bits, PhotometricInterpretation="MONOCHROME1")
        )
    )
    assert np.abs(turned.film.astype(int) - expected).max() <= 1
    assert turned.bits == bits
    assert turned.header.negative is False


def test_a_window_and_a_table_that_undo_the_depth_give_the_8_bit_film(
    deep: NDArray[np.uint16],
) -> None:
    film = (deep >> 4).astype(np.uint8)
    stored = film.astype("<u2") * 16
    window = {"WindowCenter": "2040", "WindowWidth": "4080", "VOILUTFunction": "LINEAR_EXACT"}
    assert np.array_equal(decode(encoded(dataset_of(stored, 12, **window))).film, film)
    lut = table(0, 8, np.arange(4096) >> 4)
    assert np.array_equal(decode(encoded(dataset_of(stored, 12, VOILUTSequence=[lut]))).film, film)
    # The values are the output of the modality LUT, and the window is of those.
    rescaled = {"RescaleSlope": "2", "RescaleIntercept": "-1024"}
    window |= {"WindowCenter": "3056", "WindowWidth": "8160"}
    assert np.array_equal(decode(encoded(dataset_of(stored, 12, **rescaled, **window))).film, film)


@given(
    centre=st.floats(-3000, 6000),
    width=st.floats(1, 9000),
    shape=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
def test_windows_are_those_of_pydicom(centre: float, width: float, shape: str) -> None:
    values = np.arange(0, 4096, 7, dtype=np.uint16)
    dataset = dataset_of(values[None], 12, WindowCenter=centre, WindowWidth=width)
    dataset.VOILUTFunction = shape
    share = windowed(
        values.astype(float), float(dataset.WindowCenter), float(dataset.WindowWidth), shape
    )
    assert share is not None
    if shape == "LINEAR" and width == 1:
        return  # pydicom divides by 0 there
    with np.errstate(over="ignore"):
        assert np.allclose(share * 4095, apply_windowing(values, dataset), atol=1e-6)


def test_inversion_comes_after_the_window(deep: NDArray[np.uint16]) -> None:
    window = {"WindowCenter": "1000", "WindowWidth": "800"}
    plain = decode(encoded(dataset_of(deep, 12, **window))).film
    for elements in (
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"},
        {"PresentationLUTShape": "INVERSE"},
    ):
        turned = decode(encoded(dataset_of(deep, 12, **window, **elements)))
        assert np.array_equal(turned.film, 255 - plain)
        contradicts = "PhotometricInterpretation" not in elements
        assert turned.header.negative is (None if contradicts else False)


@pytest.mark.parametrize("high", [11, 13, 15])
@pytest.mark.parametrize("syntax", [*NATIVE, RLELossless])
def test_bits_beside_the_value_do_not_count(
    deep: NDArray[np.uint16], high: int, syntax: str
) -> None:
    shift = high - 11
    rng = np.random.default_rng(1)
    others = rng.integers(0, 2**16, deep.shape).astype(np.uint16)
    mask = np.uint16(4095 << shift)
    words = (deep << shift).astype(np.uint16) | (others & ~mask)
    dataset = dataset_of(words, 12, HighBit=high)
    assert np.array_equal(decode(encoded(dataset, syntax)).film, as_png(deep))


def test_a_window_beyond_all_values_is_passed_over(deep: NDArray[np.uint16]) -> None:
    for window in ("60000", "2"), ("-5000", "100"), ("2000", "0"), ("2000", "1"), ("2000", "x"):
        dataset = dataset_of(deep, 12)
        for keyword, value in zip(("WindowCenter", "WindowWidth"), window, strict=True):
            dataset.add(pydicom.DataElement(keyword, "LO", value))
        assert np.array_equal(decode(encoded(dataset)).film, as_png(deep)), window
    several = {"WindowCenter": ["1000", "9"], "WindowWidth": ["800", "9"]}
    first = {"WindowCenter": "1000", "WindowWidth": "800"}
    assert np.array_equal(
        decode(encoded(dataset_of(deep, 12, **several))).film,
        decode(encoded(dataset_of(deep, 12, **first))).film,
    )


def test_padding_says_nothing_of_the_grey_values() -> None:
    rng = np.random.default_rng(4)
    film = rng.integers(1000, 1200, (60, 60)).astype(np.uint16)
    padded = film.copy()
    padded[:, :20] = np.arange(3000, 3020)
    stated = {"PixelPaddingValue": 3000, "PixelPaddingRangeLimit": 3019}
    shown = decode(encoded(dataset_of(padded, 12, **stated))).film
    assert np.abs(shown[:, 20:].astype(int) - as_png(film)[:, 20:]).max() <= 3
    padded[:] = 3001
    padded[0, 0] = 3004
    assert "blank" in fault(encoded(dataset_of(padded, 12, **stated)))


def test_a_modality_table_comes_first(deep: NDArray[np.uint16]) -> None:
    entries = (np.arange(4096) // 4) ** 2 // 64
    dataset = dataset_of(deep, 12, ModalityLUTSequence=[table(0, 16, entries)])
    assert np.array_equal(decode(encoded(dataset)).film, as_png(entries[deep].astype(np.uint16)))
    empty = pydicom.Dataset()
    assert "modality LUT" in fault(encoded(dataset_of(deep, 12, ModalityLUTSequence=[empty])))


def test_entries_of_a_table_may_share_words(deep: NDArray[np.uint16]) -> None:
    lut = table(0, 8, np.arange(2048))
    lut.LUTDescriptor = [4096, 0, 8]
    lut["LUTData"].value = (np.arange(4096) >> 4).astype(np.uint8).tobytes()
    film = decode(encoded(dataset_of(deep, 12, VOILUTSequence=[lut]))).film
    assert np.array_equal(film, (deep >> 4).astype(np.uint8))


def test_12_bit_jpeg_with_loss_is_read(deep: NDArray[np.uint16]) -> None:
    decoded = decode(encoded(dataset_of(deep, 12), JPEGExtended12Bit))
    assert np.abs(decoded.film.astype(int) - as_png(deep)).mean() < 2
    assert decoded.header.lossy is True


@pytest.mark.parametrize("frames", ["refuse", "first"])
def test_of_several_frames_the_first_is_read_where_that_is_asked_for(
    deep: NDArray[np.uint16], frames: Any
) -> None:
    dataset = dataset_of(deep, 12, NumberOfFrames=2)
    dataset.PixelData = deep.tobytes() + deep[::-1].tobytes()
    data = encoded(dataset)
    zero = encoded(dataset_of(deep, 12, NumberOfFrames=0))
    assert np.array_equal(decode(zero).film, as_png(deep))
    if frames == "first":
        assert np.array_equal(decode(data, DicomParams(frames="first")).film, as_png(deep))
    else:
        assert "has 2 frames" in fault(data)


@pytest.mark.parametrize(
    ("elements", "settings", "what"),
    [
        ({"Modality": "MR"}, {}, "has the modality MR; CR, DX asked for"),
        ({"Modality": "Mueller^Anna"}, {}, "states no modality that DICOM defines"),
        ({"BodyPartExamined": "CHEST"}, {"body_part": ("CSPINE",)}, "has the body part CHEST"),
        ({}, {"view": ("LL",)}, "states no view"),
        ({"Laterality": "L"}, {"laterality": ("R",)}, "has the laterality L"),
        ({"BurnedInAnnotation": "YES"}, {}, "has text burned in"),
        ({"Modality": "OT"}, {"modality": ("OT",)}, "is a picture of a screen"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, {}, "is a picture of a screen"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.1"}, {}, "a presentation state"),
        ({"PresentationIntentType": "FOR PROCESSING"}, {}, "is raw data of a detector"),
        ({"PhotometricInterpretation": "RGB"}, {}, "is in colour"),
        ({"PhotometricInterpretation": ""}, {}, "does not state its PhotometricInterpretation"),
        ({"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}, {}, "32 bits stored in 32"),
        ({"Rows": 65535, "Columns": 65535}, {}, "refused as a decompression bomb"),
        ({"Rows": 200}, {}, "is truncated: 12,600 of 28,000 bytes"),
        ({"PixelData": b"\0\0" * 6300}, {}, "is blank"),
        ({"HighBit": 3}, {}, "its high bit is 3"),
    ],
)
def test_what_is_not_taken_in_has_its_reason(
    deep: NDArray[np.uint16], elements: dict[str, Any], settings: dict[str, Any], what: str
) -> None:
    assert what in fault(encoded(dataset_of(deep, 12, **elements)), **settings)


def test_burned_in_text_comes_in_where_the_settings_keep_it(deep: NDArray[np.uint16]) -> None:
    data = encoded(dataset_of(deep, 12, Modality="OT", BurnedInAnnotation="YES"))
    assert decode(data, DicomParams(modality=("OT",), burned_in="keep")).film.shape == deep.shape


def test_files_without_preamble_and_files_of_other_kinds(deep: NDArray[np.uint16]) -> None:
    data = encoded(dataset_of(deep, 12))
    expected = decode(data).film
    assert np.array_equal(decode(data[132:]).film, expected)  # begins with its file meta
    implicit = encoded(dataset_of(deep, 12), NATIVE[0])
    (length,) = struct.unpack_from("<I", implicit, 140)
    assert np.array_equal(decode(implicit[144 + length :]).film, expected)  # a bare data set
    assert np.array_equal(decode(b"II*\0" + data[4:]).film, expected)  # a TIFF's head before it
    for junk in (b"\2\0 ", b"\x08\0\x05\0CS\n\0", b"\x08\0" * 80, bytes(200)):
        assert not dicom_file.is_dicom(junk)


def test_bombs_are_refused_before_they_are_decoded(
    deep: NDArray[np.uint16], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dicom_file, "MAX_BYTES", 2**20)
    data = encoded(dataset_of(deep, 12), JPEG2000Lossless)
    at = data.index(b"\xff\x4f\xff\x51") + 8
    wide = data[:at] + struct.pack(">II", 40_000, 40_000) + data[at + 8 :]
    assert "decompression bomb" in fault(wide)
    other = data[:at] + struct.pack(">II", 71, 90) + data[at + 8 :]
    assert "its compressed picture is 71 × 90" in fault(other)
    runs = dataset_of(deep, 12)
    frame = struct.pack("<16L", 2, 64, 64 + 2**21, *[0] * 13) + b"\x81\0" * 2**21
    bomb = encoded(runs, RLELossless)
    bomb = bomb[: bomb.index(struct.pack("<2L", 2, 64))] + frame
    assert "damaged" in fault(bomb) or "truncated" in fault(bomb)
    plain = encoded(dataset_of(deep, 12), DEFLATED)
    (length,) = struct.unpack_from("<I", plain, 140)
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    zeros = deflater.compress(bytes(2**22)) + deflater.flush()
    assert "compression bomb" in fault(plain[: 144 + length] + zeros)


def test_elements_without_end_are_refused(deep: NDArray[np.uint16]) -> None:
    data = encoded(dataset_of(deep, 12))
    at = data.index(struct.pack("<HH", 0x0010, 0x0020))
    for many in (
        b"".join(struct.pack("<HH2sH", 9, 0x1000 + place, b"SH", 0) for place in range(30_000)),
        struct.pack("<HH2sHIHHI", 8, 0x1140, b"SQ", 0, 2**32 - 1, 0xFFFE, 0xE000, 2**32 - 1) * 5000,
    ):
        what = fault(data[:at] + many + data[at:])
        assert "more than 20,000 elements" in what or "RecursionError" in what


@pytest.mark.parametrize("syntax", [*COMPRESSED, DEFLATED, *NATIVE])
@pytest.mark.parametrize("share", [0.4, 0.9, 0.99])
def test_what_is_cut_short_is_not_a_film(
    deep: NDArray[np.uint16], syntax: str, share: float
) -> None:
    data = encoded(dataset_of(deep, 12), syntax)
    what = fault(data[: int(len(data) * share)])
    assert "truncated" in what or "damaged" in what


def test_a_jpeg_that_lacks_pixels_in_a_whole_file_is_truncated(deep: NDArray[np.uint16]) -> None:
    from pydicom.encaps import encapsulate, generate_frames

    dataset = pydicom.dcmread(io.BytesIO(encoded(dataset_of(deep, 12), JPEGLosslessSV1)))
    frame = next(iter(generate_frames(dataset.PixelData, number_of_frames=1)))
    dataset.PixelData = encapsulate([frame[: len(frame) // 2] + b"\xff\xd9"])
    stream = io.BytesIO()
    dataset.save_as(stream)
    assert "its scans stop before the picture does" in fault(stream.getvalue())


def test_without_pydicom_one_line_says_what_to_install(
    deep: NDArray[np.uint16], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(dataset_of(deep, 12))
    dicom_file.silenced.cache_clear()
    for name in ("pydicom", "pydicom.config"):
        monkeypatch.setitem(sys.modules, name, None)
    assert fault(data) == "is a DICOM file, and pydicom is missing: install cxr-release[dicom]"
    assert as_png(deep).shape == deep.shape  # other films need no pydicom


def test_nothing_of_a_file_is_said_aloud(
    deep: NDArray[np.uint16], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    data = encoded(dataset_of(deep, 12, PatientName="Mueller^Anna", StudyDate="19610724"))
    with caplog.at_level(logging.DEBUG):
        damaged = data.replace(b"19610724", b"Hollerer").replace(b"CS\2\0CR", b"CS\2\0Ho")
        for end in (len(data), 700, 400, 250):
            for film in (data, damaged):
                try:
                    decode(film[:end])
                except SourceError as error:
                    assert "Mueller" not in str(error)
                    assert "Ho" not in str(error).replace("How", "")
    captured = capfd.readouterr()
    assert "Mueller" not in captured.out + captured.err + caplog.text
    assert "Hollerer" not in captured.out + captured.err + caplog.text
