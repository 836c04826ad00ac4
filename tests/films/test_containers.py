"""Whatever container holds a film without loss, it comes out as the same film in 16-bit grey."""

from __future__ import annotations

import io
import re
import struct
import zlib
from itertools import pairwise
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.films.decode import decode
from tests.support.containers import (
    GREY,
    GREY_ALPHA,
    PALETTE,
    RGB,
    RGBA,
    SIGNATURE,
    Pixels,
    chunk,
    write_png,
    write_tiff,
)

HIGH, WIDE = 37, 53
SHADES = np.random.default_rng(4).integers(100, 4000, (HIGH, WIDE), dtype=np.uint16)
SHADES[0, :2] = 100, 3999


def expected(film: Pixels) -> Pixels:
    """The film in 8 bits, in whole numbers; of films without outliers."""
    values = film.astype(object)
    low, high = int(film.min()), int(film.max())
    span = high - low
    assert span % 2  # so that no value lies amid two: rounding of halves is not asked about here
    return np.array([[(510 * (v - low) + span) // (2 * span) for v in row] for row in values])


def coloured(film: Pixels, opaque: int | None = None) -> Pixels:
    channels = [film, film, film]
    if opaque is not None:
        channels.append(np.full_like(film, opaque))
    return np.stack(channels, axis=-1)


def of_tifffile(pixels: Pixels, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, metadata=None, **options)
    return stream.getvalue()


def pngs(film: Pixels, bits: int) -> dict[str, bytes]:
    veiled = np.stack([film, np.full_like(film, 65535)], axis=-1)
    clear = np.stack([film, np.zeros_like(film)], axis=-1)
    files = {
        "grey": write_png(film, 16),
        "grey interlaced": write_png(film, 16, interlaced=True),
        "grey in many chunks": write_png(film, 16, pieces=9),
        "grey and alpha": write_png(veiled, 16, GREY_ALPHA),
        "grey, transparent everywhere": write_png(clear, 16, GREY_ALPHA),
        "RGB": write_png(coloured(film), 16, RGB),
        "RGB interlaced": write_png(coloured(film), 16, RGB, interlaced=True),
        "RGBA": write_png(coloured(film, 65535), 16, RGBA),
        "RGBA, half transparent everywhere": write_png(coloured(film, 32768), 16, RGBA),
        "grey with sBIT, gAMA": write_png(
            film,
            16,
            before=chunk(b"sBIT", bytes([bits])) + chunk(b"gAMA", struct.pack(">I", 45455)),
        ),
    }
    return {f"PNG {name}": data for name, data in files.items()}


def tiffs(film: Pixels, bits: int) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for order in ("<", ">"):
        for depth in {bits, 16, 32} - set(range(9)):
            most = 2**depth - 1
            for photometric, stored in ((1, film), (0, most - film.astype(np.uint64))):
                name = f"{order} {depth} bits photometric {photometric}"
                plain: dict[str, Any] = {"order": order, "photometric": photometric}
                files[name] = write_tiff(stored, depth, **plain)
                files[f"{name} strips"] = write_tiff(stored, depth, rows=5, **plain)
                files[f"{name} tiles"] = write_tiff(stored, depth, tile=16, **plain)
                files[f"{name} deflated"] = write_tiff(
                    stored, depth, rows=7, deflated=True, **plain
                )
                files[f"{name} last bit first"] = write_tiff(stored, depth, lsb_first=True, **plain)
        for planar in (False, True):
            name = f"{order} RGB planar {planar}"
            how: dict[str, Any] = {"order": order, "photometric": 2, "planar": planar}
            files[name] = write_tiff(coloured(film), 16, **how)
            files[f"{name} tiles"] = write_tiff(coloured(film), 16, tile=16, deflated=True, **how)
            alpha = write_tiff(coloured(film, 65535), 16, tags={338: (3, 2)}, **how)
            files[f"{name} alpha"] = alpha
    return {f"TIFF {name}": data for name, data in files.items()}


def others(film: Pixels) -> dict[str, bytes]:
    """What other people's writers make."""
    files = {
        f"TIFF {compression} predictor {predictor}": of_tifffile(
            film,
            photometric="minisblack",
            compression=compression,
            predictor=predictor,
            rowsperstrip=6,
        )
        for compression in ("lzw", "zlib", "zstd", "lzma")
        for predictor in (None, 2)
    }
    grey: dict[str, Any] = {"photometric": "minisblack"}
    white: dict[str, Any] = {"photometric": "miniswhite"}
    files |= {
        "TIFF packbits": of_tifffile(film, compression="packbits", **grey),
        "TIFF big": of_tifffile(film, bigtiff=True, **grey),
        "TIFF signed": of_tifffile(film.astype(np.int32) - 5000, **grey),
        "TIFF signed white is zero": of_tifffile(5000 - film.astype(np.int32), **white),
        "TIFF float": of_tifffile(film.astype(np.float32), **grey),
        "TIFF double, deflated": of_tifffile(film.astype(np.float64), compression="zlib", **grey),
        "TIFF float white is zero": of_tifffile(-film.astype(np.float32), **white),
        "TIFF lossless JPEG": of_tifffile(
            film,
            compression="jpeg",
            compressionargs={"lossless": True, "bitspersample": 16},
            **grey,
        ),
        "JPEG lossless 16": imagecodecs.jpeg8_encode(film, lossless=True, bitspersample=16),
        "JPEG lossless 16, other writer": imagecodecs.ljpeg_encode(film, bitspersample=16),
    }
    return files


def test_a_12_bit_film_is_the_same_in_every_container() -> None:
    right = expected(SHADES)
    files = pngs(SHADES, 12) | tiffs(SHADES, 12) | others(SHADES)
    files["JPEG lossless 12"] = imagecodecs.jpeg8_encode(SHADES, lossless=True, bitspersample=12)
    assert len(files) > 80
    wrong = [name for name, data in files.items() if np.abs(decode(data).film - right).max() > 0]
    assert not wrong


@given(st.data(), st.integers(9, 16))
def test_any_film_is_the_same_in_any_container(data: st.DataObject, bits: int) -> None:
    shape = data.draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    values = st.integers(0, 2**bits - 1)
    film = data.draw(arrays(np.uint16, shape, elements=values))
    if film.min() == film.max():
        return
    right = decode(write_png(film, 16)).film
    files = pngs(film, bits) | tiffs(film, bits)
    name = data.draw(st.sampled_from(sorted(files)))
    np.testing.assert_array_equal(decode(files[name]).film, right, err_msg=name)


@given(st.data())
def test_8_bit_films_stay_as_they_are_in_any_container(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    film = data.draw(arrays(np.uint8, shape))
    if film.min() == film.max():
        return
    shades = b"".join(bytes([shade] * 3) for shade in range(256))
    veiled = np.stack([film, np.full_like(film, 9)], axis=-1)
    for interlaced in (False, True):
        for file in (
            write_png(film, 8, GREY, interlaced=interlaced),
            write_png(veiled, 8, GREY_ALPHA, interlaced=interlaced),
            write_png(coloured(film), 8, RGB, interlaced=interlaced),
            write_png(coloured(film, 255), 8, RGBA, interlaced=interlaced),
            write_png(film, 8, PALETTE, interlaced=interlaced, before=chunk(b"PLTE", shades)),
        ):
            np.testing.assert_array_equal(decode(file).film, film)
    for order in ("<", ">"):
        for file in (
            write_tiff(film, 8, order=order),
            write_tiff(255 - film, 8, order=order, photometric=0, rows=3),
            write_tiff(coloured(film), 8, order=order, photometric=2, planar=True),
        ):
            np.testing.assert_array_equal(decode(file).film, film)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_films_of_few_bits_use_all_8(bits: int) -> None:
    film = np.random.default_rng(bits).integers(0, 2**bits, (19, 21), dtype=np.uint8)
    right = film * (255 // (2**bits - 1))
    for file in (
        write_png(film, bits),
        write_png(film, bits, interlaced=True),
        write_tiff(film, bits),
        write_tiff(film, bits, order=">", lsb_first=True),
        write_tiff(2**bits - 1 - film, bits, photometric=0, rows=4),
    ):
        decoded = decode(file)
        np.testing.assert_array_equal(decoded.film, right)
        assert decoded.bits == bits


def test_a_palette_of_16_bits_keeps_them() -> None:
    """240 shades of 12 bits, which a TIFF's palette holds in 16."""
    shades = np.linspace(100, 3900, 240).astype(np.uint16)
    indices = np.random.default_rng(1).integers(0, 240, (20, 30), dtype=np.uint8)
    palette = np.zeros((3, 256), np.uint16)
    palette[:, :240] = shades
    file = of_tifffile(indices, photometric="palette", colormap=palette)
    np.testing.assert_array_equal(decode(file).film, decode(write_png(shades[indices], 16)).film)


@pytest.mark.parametrize("factor", [1, 256, 257])
def test_a_palette_of_8_bits_is_one_however_it_is_written(factor: int) -> None:
    film = np.random.default_rng(2).integers(20, 230, (20, 30), dtype=np.uint8)
    palette = np.stack([np.arange(256, dtype=np.uint16) * factor] * 3)
    file = of_tifffile(film, photometric="palette", colormap=palette)
    np.testing.assert_array_equal(decode(file).film, film)


def test_colour_of_16_bits_becomes_luma() -> None:
    colours = np.random.default_rng(3).integers(0, 2**16, (9, 11, 3), dtype=np.uint16)
    luma = (colours @ np.array([0.299, 0.587, 0.114])).round().astype(np.uint16)
    for file in (write_png(colours, 16, RGB), write_tiff(colours, 16, photometric=2)):
        found = decode(file)
        assert (found.bits, found.mode) == (16, "RGB")
        assert np.abs(found.film.astype(int) - decode(write_png(luma, 16)).film).max() <= 1


def test_ink_is_undone() -> None:
    film = np.random.default_rng(6).integers(0, 256, (9, 11), dtype=np.uint8)
    inks = np.zeros((9, 11, 4), np.uint8)
    inks[..., 3] = 255 - film
    np.testing.assert_array_equal(decode(write_tiff(inks, 8, photometric=5)).film, film)


@pytest.mark.parametrize("photometric", [8, 9, 32803, 34892, 34925])
def test_what_is_not_grey_nor_colour_is_refused_by_name(photometric: int) -> None:
    with pytest.raises(SourceError, match=r"photometric interpretation .*which is not read"):
        decode(write_tiff(coloured(SHADES), 16, photometric=photometric))


def test_a_compression_that_is_not_read_is_refused_by_name() -> None:
    file = of_tifffile(SHADES, photometric="minisblack", compression="jpeg2000")
    with pytest.raises(SourceError, match=r"compression .*2000.* which is not read"):
        decode(file)


def test_a_partly_transparent_film_of_16_bits_lies_on_black() -> None:
    veiled = np.stack([SHADES, np.full_like(SHADES, 65535)], axis=-1)
    veiled[:10, :, 1] = 0
    film = decode(write_png(veiled, 16, GREY_ALPHA)).film
    assert (film[:10] == 0).all()
    kept = decode(write_png(SHADES[10:], 16)).film
    assert np.abs(film[10:].astype(int) - kept).max() <= 8


def test_a_picture_in_its_transparency_alone_is_said_to_be_that() -> None:
    veiled = np.stack([np.zeros_like(SHADES), SHADES], axis=-1)
    with pytest.raises(SourceError, match="in its transparency alone"):
        decode(write_png(veiled, 16, GREY_ALPHA))


def test_a_thumbnail_beside_a_film_is_no_second_film() -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(SHADES, photometric="minisblack", metadata=None)
        writer.write(SHADES[::4, ::4], photometric="minisblack", subfiletype=1, metadata=None)
    np.testing.assert_array_equal(decode(stream.getvalue()).film, expected(SHADES))


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_deep_tiffs_and_pngs_are_turned(orientation: int) -> None:
    upright = decode(write_png(SHADES, 16)).film
    right = {3: upright[::-1, ::-1], 6: upright.T[:, ::-1], 8: upright.T[::-1]}[orientation]
    exif = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)
    for file in (
        write_tiff(SHADES, 16, tags={274: (3, orientation)}),
        write_png(SHADES, 16, before=chunk(b"eXIf", exif)),
        write_png(SHADES, 16, after=chunk(b"eXIf", exif)),
    ):
        np.testing.assert_array_equal(decode(file).film, right)


# What costs no pixel costs no film.

PROFILE = b"icc\0\0" + zlib.compress(np.random.default_rng(0).bytes(3 * 2**20))


@pytest.mark.parametrize(
    "beside",
    [
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**24))),
        chunk(b"tEXt", b"Comment\0" + b"x" * (3 * 2**20)),
        b"".join(chunk(b"tEXt", b"Comment\0" + b"x" * 2**18) for _ in range(9)),
        chunk(b"iCCP", PROFILE),
        chunk(b"tEXt", b"Comment\0mended", damaged=True),
        chunk(b"pHYs", bytes(9), damaged=True),
        chunk(b"eXIf", b"MM\0*junk"),
        chunk(b"eXIf", b"junk", damaged=True),
        chunk(b"vpAg", b"private"),
    ],
)
def test_what_stands_beside_the_pixels_of_a_png_costs_no_film(beside: bytes) -> None:
    for file in (write_png(SHADES, 16, before=beside), write_png(SHADES, 16, after=beside)):
        np.testing.assert_array_equal(decode(file).film, expected(SHADES))


def test_a_damaged_end_marker_carries_no_pixels() -> None:
    whole = write_png(SHADES, 16)
    assert decode(whole[:-1] + b"\0").film.shape == SHADES.shape


@pytest.mark.parametrize("name", [b"IDAT", b"IHDR", b"PLTE", b"tRNS"])
def test_damage_in_chunks_of_pixels_is_named(name: bytes) -> None:
    shades = b"".join(bytes([shade] * 3) for shade in range(256))
    film = (SHADES >> 4).astype(np.uint8)
    tables = chunk(b"PLTE", shades) + chunk(b"tRNS", bytes([255] * 256))
    whole = write_png(film, 8, PALETTE, before=tables)
    at = whole.index(name) + 5
    with pytest.raises(SourceError, match=rf"damaged: its chunk {name.decode()}"):
        decode(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


def test_a_chunk_that_must_be_understood_is_named() -> None:
    with pytest.raises(SourceError, match="has the chunk CgBI"):
        decode(write_png(SHADES, 16, before=chunk(b"CgBI", bytes(4))))


# What is not whole.


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("pieces", [1, 5])
@pytest.mark.parametrize("keep", [0.0, 0.42, 0.999])
def test_a_png_whose_stream_ends_early_is_truncated(
    interlaced: bool, pieces: int, keep: float
) -> None:
    for film, bits in ((SHADES, 16), ((SHADES >> 4).astype(np.uint8), 8)):
        file = write_png(film, bits, interlaced=interlaced, pieces=pieces, keep=keep)
        with pytest.raises(SourceError, match="truncated"):
            decode(file)


def test_a_png_without_pixels_is_truncated() -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 5, 8, 0, 0, 0, 0))
    with pytest.raises(SourceError, match="truncated: 0 % of its pixels"):
        decode(SIGNATURE + header + chunk(b"IEND", b""))


def test_more_pixels_than_a_png_says_are_left_out() -> None:
    film = (SHADES >> 4).astype(np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in film) + bytes(2**22)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDE, HIGH, 8, 0, 0, 0, 0))
    file = SIGNATURE + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(decode(file).film, film)


def jpeg(**options: Any) -> bytes:
    noisy = np.random.default_rng(8).integers(0, 256, (96, 120), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noisy).convert(options.pop("mode", "L")).save(stream, "JPEG", **options)
    return stream.getvalue()


JPEGS = {
    "baseline": jpeg(),
    "colour": jpeg(mode="RGB"),
    "inks": jpeg(mode="CMYK"),
    "progressive": jpeg(progressive=True),
    "progressive colour": jpeg(mode="RGB", progressive=True),
    "restarts": jpeg(restart_marker_blocks=7),
    "restarts in colour": jpeg(mode="RGB", restart_marker_rows=1),
    "12 bits": imagecodecs.jpeg8_encode(SHADES, bitspersample=12),
    "lossless 12": imagecodecs.jpeg8_encode(SHADES, lossless=True, bitspersample=12),
    "lossless 16": imagecodecs.jpeg8_encode(SHADES << 3, lossless=True, bitspersample=16),
    "lossless 8": imagecodecs.jpeg8_encode((SHADES >> 4).astype(np.uint8), lossless=True),
}


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_whose_scan_stops_early_is_truncated(name: str) -> None:
    whole = JPEGS[name]
    decode(whole)
    scan = whole.rindex(b"\xff\xda") + 20
    for part in (0.0, 0.3, 0.5, 0.9):
        end = int(scan + part * (len(whole) - 2 - scan))
        with pytest.raises(SourceError, match="truncated"):
            decode(whole[:end].rstrip(b"\xff") + b"\xff\xd9")


def test_a_jpeg_that_lacks_pixels_amid_its_restarts_is_truncated() -> None:
    whole = JPEGS["restarts"]
    at = whole.index(b"\xff\xd3")
    with pytest.raises(SourceError, match="truncated"):
        decode(whole[: at - 30] + whole[at:])


RESTARTING = {
    "grey": jpeg(restart_marker_blocks=7),
    "rows": jpeg(restart_marker_rows=1),
    "colour": jpeg(mode="RGB", restart_marker_blocks=3),
    "colour, every pixel": jpeg(mode="RGB", subsampling=0, restart_marker_rows=2),
    "colour, two of three": jpeg(mode="RGB", subsampling=1, restart_marker_blocks=5),
    "progressive": jpeg(progressive=True, restart_marker_blocks=7),
    "progressive colour": jpeg(mode="RGB", progressive=True, restart_marker_blocks=4),
}


@pytest.mark.parametrize("name", RESTARTING)
def test_a_jpeg_that_lacks_whole_intervals_between_restarts_is_truncated(name: str) -> None:
    """A decoder goes on behind the gap, or makes up the end, and does not tell."""
    whole = RESTARTING[name]
    assert decode(whole).film.shape == (96, 120)
    restarts = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", whole)]
    assert len(restarts) > 2
    cut = [whole[:at] + b"\xff\xd9" for at in restarts[:: len(restarts) // 3]]
    lost = [whole[:one] + whole[other:] for one, other in pairwise(restarts) if other - one > 40][
        :3
    ]
    lost += [whole[: restarts[at]] + whole[restarts[at + 8] :] for at in range(len(restarts) - 8)][
        :3
    ]
    for file in (*cut, *lost):
        with pytest.raises(SourceError, match=r"truncated|damaged: its restart markers"):
            decode(file)


def test_intervals_of_a_jpeg_in_another_order_are_damage() -> None:
    whole = RESTARTING["grey"]
    one, two, three = (whole.index(bytes([0xFF, 0xD0 + at])) for at in range(3))
    with pytest.raises(SourceError, match=r"damaged: .* restart"):
        decode(whole[:one] + whole[two:three] + whole[one:two] + whole[three:])


@pytest.mark.parametrize("name", ["grey", "colour", "progressive"])
def test_a_jpeg_with_restarts_that_is_said_to_be_higher_is_truncated(name: str) -> None:
    higher = bytearray(RESTARTING[name])
    frame = re.search(rb"\xff[\xc0\xc2]\0", higher)
    assert frame is not None
    higher[frame.start() + 5 : frame.start() + 7] = struct.pack(">H", 192)
    with pytest.raises(SourceError, match="truncated"):
        decode(bytes(higher))


def test_a_progressive_jpeg_without_its_last_scans_is_truncated() -> None:
    whole = JPEGS["progressive"]
    for count in range(1, whole.count(b"\xff\xda")):
        parts = whole.split(b"\xff\xda")
        with pytest.raises(SourceError, match="last scans"):
            decode(b"\xff\xda".join(parts[: count + 1]) + b"\xff\xd9")


def test_a_jpeg_with_junk_behind_its_scan_or_its_end_is_whole() -> None:
    whole = JPEGS["baseline"]
    for file in (whole[:-2] + b"junk" + whole[-2:], whole + b"junk"):
        np.testing.assert_array_equal(decode(file).film, decode(whole).film)


def test_jpegs_of_other_kinds_are_named() -> None:
    with pytest.raises(SourceError, match="is JPEG-LS, which is not read"):
        decode(imagecodecs.jpegls_encode(SHADES))


@pytest.mark.parametrize("how", [{"rows": 5}, {"tile": 16}, {"rows": 5, "deflated": True}, {}])
def test_a_tiff_without_one_of_its_parts_is_truncated(how: dict[str, Any]) -> None:
    part = "tile 1 of 12" if "tile" in how else "strip 1 of"
    with pytest.raises(SourceError, match=f"truncated: {part}"):
        decode(write_tiff(SHADES, 16, lost=0, **how))


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "zstd", "lzma", "jpeg"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_a_tiff_whose_strip_or_tile_stops_early_is_truncated(
    compression: str | None, tile: tuple[int, int] | None
) -> None:
    film = (SHADES >> 4).astype(np.uint8)
    rows = None if tile else 12
    file = of_tifffile(
        film, photometric="minisblack", compression=compression, tile=tile, rowsperstrip=rows
    )
    decode(file)
    with tifffile.TiffFile(io.BytesIO(file)) as tiff:
        page = tiff.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        tag = page.tags[325 if tile else 279]
        at, length = page.dataoffsets[0], page.databytecounts[0]
    shorter = length * 2 // 3
    if compression == "jpeg":  # a scan that stops well before a marker that says it is whole
        body = file[at : at + shorter - 2] + b"\xff\xd9"
        file = file[:at] + body + file[at + shorter :]
    kind = {3: "H", 4: "I"}[int(tag.dtype)]
    size = struct.calcsize(kind)
    place = tag.valueoffset
    file = file[:place] + struct.pack("<" + kind, shorter) + file[place + size :]
    with pytest.raises(SourceError, match=r"truncated|damaged"):
        decode(file)


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_a_fax_that_stops_early_is_truncated(compression: str) -> None:
    lines = np.random.default_rng(9).integers(0, 2, (HIGH, WIDE)).astype(bool)
    stream = io.BytesIO()
    Image.fromarray(lines).save(stream, "TIFF", compression=compression)
    whole = stream.getvalue()
    np.testing.assert_array_equal(decode(whole).film, lines * np.uint8(255))
    with tifffile.TiffFile(io.BytesIO(whole)) as tiff:
        page = tiff.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        place, length = page.tags[279].valueoffset, page.databytecounts[0]
        size = 2 if page.tags[279].dtype == 3 else 4
    for part in (0.3, 0.6, 0.9):
        shorter = int(part * length).to_bytes(size, "little")
        with pytest.raises(SourceError, match="truncated"):
            decode(whole[:place] + shorter + whole[place + size :])


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK", "YCbCr"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_8_bit_tiffs_of_libtiff(mode: str, compression: str | None) -> None:
    film = (SHADES >> 4).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(film).convert(mode).save(stream, "TIFF", compression=compression)
    np.testing.assert_array_equal(decode(stream.getvalue()).film, film)


def test_a_tiff_of_absurd_size_is_refused_before_it_is_read() -> None:
    tags = {256: (4, 2**20), 257: (4, 2**20)}
    with pytest.raises(SourceError, match="decompression bomb"):
        decode(write_tiff(SHADES, 16, tags=tags))
    with pytest.raises(SourceError, match="decompression bomb"):
        decode(write_tiff(SHADES, 16, tile=16, tags={322: (4, 2**20), 323: (4, 2**20)}))
    with pytest.raises(SourceError, match="MiB"):
        decode(write_tiff(SHADES, 16, tags={256: (4, 2**13), 257: (4, 2**13), 277: (3, 8)}))


SMALL = SHADES[:12, :15]
ALL = [*pngs(SMALL, 12).values(), *tiffs(SMALL, 12).values(), *others(SMALL).values()]


@given(st.data())
def test_damage_in_any_container_raises_nothing_but_a_source_error(data: st.DataObject) -> None:
    file = bytearray(data.draw(st.sampled_from([*ALL, *JPEGS.values()])))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(file) - 1))
        file[at] = data.draw(st.integers(0, 255))
    try:
        film = decode(bytes(file)).film
    except SourceError as error:
        assert "\n" not in str(error)
    else:
        assert film.dtype == np.uint8
        assert film.ndim == 2
