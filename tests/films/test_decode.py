import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.films.decode import decode, read_bytes
from cxr_release.films.grey import window
from cxr_release.films.limits import MAX_BYTES
from cxr_release.films.png import Film

FILM = np.random.default_rng(5).integers(0, 256, (24, 17), dtype=np.uint8)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format=kind, **options)
    return stream.getvalue()


def png_of(film: Film, **options: Any) -> bytes:
    return encoded(Image.fromarray(film), "PNG", **options)


def chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def png_header(width: int, height: int, bits: int, colour: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    )


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA", "LA"])
def test_8_bit_grey_values_stay_as_they_are_in_any_dress(kind: str, mode: str) -> None:
    image = Image.fromarray(FILM).convert(mode)
    decoded = decode(encoded(image, kind))
    np.testing.assert_array_equal(decoded.film, FILM)
    assert (decoded.bits, decoded.mode) == (8, mode)


def test_jpeg_in_grey_and_cmyk() -> None:
    smooth = np.tile(np.linspace(20, 230, 32).astype(np.uint8), (32, 1))
    for mode in ("L", "RGB", "CMYK"):
        data = encoded(Image.fromarray(smooth).convert(mode), "JPEG", quality=95)
        decoded = decode(data)
        assert decoded.mode == mode
        assert np.abs(decoded.film.astype(int) - smooth).max() <= 6


def test_one_bit_is_black_and_white() -> None:
    for kind in ("PNG", "TIFF"):
        decoded = decode(encoded(Image.fromarray(FILM > 128), kind))
        np.testing.assert_array_equal(decoded.film, np.where(FILM > 128, 255, 0))
        assert (decoded.bits, decoded.mode) == (1, "1")


def test_transparency_lies_on_black() -> None:
    colours = np.full((4, 4, 4), 200, np.uint8)
    colours[:2, :, 3] = 0
    colours[2:, :, 3] = 255
    film = decode(encoded(Image.fromarray(colours), "PNG")).film
    assert (film[:2] == 0).all()
    assert (film[2:] == 200).all()


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deep_films_use_the_whole_range_whatever_their_scale(dtype: type) -> None:
    ramp = np.linspace(1000, 3000, 10_000).reshape(100, 100).astype(dtype)
    marker = ramp.copy()
    marker[0, :20] = 30_000
    for pixels in (ramp, marker):
        decoded = decode(encoded(Image.fromarray(pixels), "TIFF"))
        assert (decoded.film.min(), decoded.film.max()) == (0, 255)
        assert abs(float(np.median(decoded.film)) - 127) < 3
        assert decoded.bits == 8 * np.dtype(dtype).itemsize


def test_16_bit_png_and_big_endian_tiff_agree() -> None:
    pixels = (FILM.astype(np.uint16) << 8) + 7
    deep = Image.fromarray(pixels)
    big = b"MM" + struct.pack(">HI", 42, 8) + _big_endian_tiff(pixels)
    films = [decode(encoded(deep, "PNG")), decode(encoded(deep, "TIFF")), decode(big)]
    for film in films:
        np.testing.assert_array_equal(film.film, films[0].film)
        assert film.bits == 16


def _big_endian_tiff(pixels: np.ndarray[Any, Any]) -> bytes:
    height, width = pixels.shape
    tags = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 16 << 16),
        (259, 3, 1 << 16),
        (262, 3, 1 << 16),
        (273, 4, 8 + 2 + 12 * 8 + 4),
        (277, 3, 1 << 16),
        (279, 4, pixels.size * 2),
    ]
    entries = b"".join(struct.pack(">HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return struct.pack(">H", len(tags)) + entries + bytes(4) + pixels.astype(">u2").tobytes()


TURNED = {
    1: lambda film: film,
    2: lambda film: film[:, ::-1],
    3: lambda film: film[::-1, ::-1],
    4: lambda film: film[::-1],
    5: lambda film: film.T,
    6: lambda film: film.T[:, ::-1],
    7: lambda film: film[::-1, ::-1].T,
    8: lambda film: film.T[::-1],
}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_exif_rotation_is_applied(kind: str, orientation: int) -> None:
    film = np.zeros((16, 32), np.uint8)
    film[:8, :8] = 255
    exif = Image.Exif()
    exif[274] = orientation
    decoded = decode(encoded(Image.fromarray(film), kind, exif=exif)).film
    expected = TURNED[orientation](film)
    assert decoded.shape == expected.shape
    assert np.abs(decoded.astype(int) - expected).max() <= 8


@given(
    arrays(np.uint16, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=24)).filter(
        lambda pixels: pixels.min() != pixels.max()
    )
)
def test_inverting_a_deep_film_inverts_its_window(pixels: np.ndarray[Any, Any]) -> None:
    for values in (pixels, pixels.astype(np.float32)):
        film = window(values).astype(int)
        inverse = window(values.dtype.type(65535) - values).astype(int)
        assert np.abs(255 - film - inverse).max() <= 1


@pytest.mark.parametrize(
    ("pixels", "fault"),
    [
        (np.full((5, 5), 7, np.uint8), "blank"),
        (np.full((5, 5), 7, np.uint16), "blank"),
        (np.array([[1, np.nan]], np.float32), "not finite"),
        (np.array([[1, np.inf]], np.float32), "not finite"),
    ],
)
def test_pixels_that_show_nothing_are_refused(pixels: np.ndarray[Any, Any], fault: str) -> None:
    with pytest.raises(SourceError, match=fault):
        window(pixels)


def test_a_bomb_is_refused_from_its_header() -> None:
    tail = chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    for side in (8193, 12_000, 60_000):
        with pytest.raises(SourceError, match="decompression bomb"):
            decode(png_header(side, side, 8, 0) + tail)


def test_more_than_one_picture_is_refused() -> None:
    pages = [Image.fromarray(FILM), Image.fromarray(FILM[::-1])]
    for kind in ("PNG", "TIFF"):
        data = encoded(pages[0], kind, save_all=True, append_images=pages[1:])
        with pytest.raises(SourceError, match="more than one picture"):
            decode(data)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "PPM", "WEBP"])
def test_other_formats_are_no_films(kind: str) -> None:
    with pytest.raises(SourceError, match="is not a PNG, JPEG or TIFF image"):
        decode(encoded(Image.fromarray(FILM), kind))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_film_cut_anywhere_is_refused(kind: str) -> None:
    data = encoded(Image.fromarray(FILM), kind)
    # A TIFF of this writer has its directory first: nothing but pixels can be missing.
    for length in range(1, len(data), 7):
        with pytest.raises(SourceError):
            decode(data[:length])
    with pytest.raises(SourceError):
        decode(data[:-1])


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0"])
)
def test_junk_raises_nothing_but_a_source_error(junk: bytes, magic: bytes) -> None:
    with pytest.raises(SourceError):
        decode(magic + junk)


@given(st.sampled_from(["PNG", "JPEG", "TIFF"]), st.data())
def test_damage_raises_nothing_but_a_source_error(kind: str, data: st.DataObject) -> None:
    good = encoded(Image.fromarray(FILM), kind)
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    try:
        film = decode(bad).film
    except SourceError:
        return
    assert film.dtype == np.uint8


def test_reasons_are_the_same_on_every_run() -> None:
    with pytest.raises(SourceError) as first:
        decode(b"junk")
    assert "0x" not in str(first.value)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty.png"
    empty.touch()
    with pytest.raises(SourceError, match="0 bytes"):
        read_bytes(empty)
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(SourceError, match="not a regular file"):
        read_bytes(tmp_path / "pipe.png")
    large = tmp_path / "large.png"
    with large.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(SourceError, match="larger than 512 MiB"):
        read_bytes(large)
    large.unlink()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    locked = tmp_path / "locked.png"
    locked.write_bytes(b"x")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceError, match="Permission denied"):
        read_bytes(locked)


def test_the_same_bytes_have_the_same_fault() -> None:
    """A fault stands in the manifest, of which the same films give the same bytes."""
    stream = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(stream, format="JPEG")
    frame, scan = b"\xff\xc0\x00\x0b\x08\x00\x08\x00\x08", b"\xff\xda\x00\x08\x01\x01\x00"
    data = stream.getvalue()
    assert frame in data
    assert scan in data
    # Two components, of which Pillow knows no colour.
    data = data.replace(frame + b"\x01", frame[:3] + b"\x0e" + frame[4:] + b"\x02\x02\x11\x00")
    data = data.replace(scan, b"\xff\xda\x00\x0a\x02\x02\x00\x01\x00")
    with pytest.raises(SourceError, match=r"damaged \(cannot identify image file\)$"):
        decode(data)
