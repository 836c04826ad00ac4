"""Bounded readers of files that somebody else made: texts, Parquet and PNG.

Texts are bounded before they are read and strict when they are parsed. Parquet must be packed as
ours, so that what it holds is bounded. Of a PNG the frame is checked before anything is decoded.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from cxr_release import plain_yaml, tables
from cxr_release.errors import ReleaseError
from cxr_release.films.png import MAX_PIXELS
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.shards import GROUP_BYTES, SHARD_BYTES
from cxr_release.release.untrusted.folder import Folder
from cxr_release.tables import ROWS_PER_GROUP, Table

LARGEST = 20_000_000
"""Bytes of a JSON document; texts for people are much shorter."""
LARGEST_TEXT = 2_000_000
DEEPEST = 50
LARGEST_YAML = 200_000
"""Characters: PyYAML takes up to two seconds for that many."""


def text_of_file(folder: Folder, name: str, report: CheckReport) -> str | None:
    """A text file as UTF-8; None, with the difference noted, where it is none or is not there.

    That a file is not there `folder.look` and SHA256SUMS say.
    """
    most = LARGEST if name.endswith(".json") else LARGEST_TEXT
    if name not in folder.sizes:
        return None
    if folder.sizes[name] > most:
        report.add(name, f"is {folder.sizes[name]:,} bytes, more than {most:,}: it was not read")
        return None
    try:
        with folder.path(name).open("rb") as stream:
            return stream.read(most).decode("utf-8")
    except UnicodeDecodeError as error:
        report.add(name, f"is not UTF-8: {error.reason} at byte {error.start}")
    except OSError as error:
        report.add(name, f"cannot be read: {error.strerror}")
    return None


def json_of_file(folder: Folder, name: str, report: CheckReport) -> dict[str, Any] | None:
    """A JSON object; None, with the difference noted, where the file holds none."""
    text = text_of_file(folder, name, report)
    if text is None:
        return None
    try:
        value = json.loads(
            text, object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:
        report.add(name, f"is not JSON: {error}")
        return None
    if not isinstance(value, dict):
        report.add(name, "is not a JSON object")
        return None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key is a duplicate")
    return made


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits} is not a finite number")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def mapping_of_yaml(text: str, where: str) -> dict[Any, Any]:
    """A YAML mapping.

    Raises:
        ReleaseError: it is none, or is more than plain values.
    """
    if len(text) > LARGEST_YAML:
        raise ReleaseError(f"is {len(text):,} characters of YAML: it was not read", where=where)
    try:
        value = plain_yaml.of_text(text, nodes=LARGEST_YAML, deepest=DEEPEST, dates=True)
    except plain_yaml.NotPlainError as error:
        raise ReleaseError(f"is not plain YAML: {error}", where=where) from None
    if not isinstance(value, dict):
        raise ReleaseError("is not a YAML mapping", where=where)
    return value


MOST_ROWS = 10_000_000
"""Of a table: its rows lie in memory, and what somebody else wrote could be many small ones."""
_PLAIN = {"PLAIN", "RLE", "BIT_PACKED"}
"""Encodings that hold every value once: a short file cannot become a long table."""


def rows_of(
    folder: Folder, name: str, kind: Table, report: CheckReport
) -> list[dict[str, object]] | None:
    """The flat columns of a table; None, with every fault noted, where it is not as declared."""
    faults = len(report.faults)
    with report.trying(name):
        if is_as_packed(folder, name, kind, report):
            rows = tables.read_rows(folder.path(name), kind)
            report.applied("rows of tables held against their schema", len(rows))
            return rows if len(report.faults) == faults else None
    return None


def is_as_packed(folder: Folder, name: str, kind: Table, report: CheckReport) -> bool:
    """Whether the file is one that `tables.Writer` could have written, by its footer alone."""
    if folder.sizes[name] > SHARD_BYTES:
        report.add(name, f"is {folder.sizes[name]:,} bytes, more than {SHARD_BYTES:,}")
        return False
    try:
        with pq.ParquetFile(folder.path(name), memory_map=True) as parquet:
            wrong = _unlike_ours(parquet.metadata)
            schema = parquet.schema_arrow
    except (pa.ArrowException, OSError) as error:
        report.add(name, f"is not a readable Parquet file: {error}")
        return False
    if wrong:
        report.add(name, f"{wrong}: its rows were not read")
    for column in schema:
        # Where Arrow keeps types that are not its own: some have been unpickled by its readers.
        if {*(column.metadata or ())} - {b"PARQUET:field_id"}:
            report.add(f"{name}: column {column.name}", "states a type beside its own")
    if schema.equals(kind.arrow) and schema.metadata != kind.arrow.metadata:
        # Other departures of the schema `tables` names, column by column.
        report.add(name, "the features in its schema are not those of its columns")
    return not wrong


def _unlike_ours(footer: pq.FileMetaData) -> str:
    if footer.num_rows > MOST_ROWS or footer.num_row_groups > MOST_ROWS // 100:
        return f"holds {footer.num_rows:,} rows in {footer.num_row_groups:,} groups"
    if footer.num_columns > 100:
        return f"holds {footer.num_columns:,} columns"
    for place in range(footer.num_row_groups):
        group = footer.row_group(place)
        if group.num_rows > ROWS_PER_GROUP or group.total_byte_size > GROUP_BYTES:
            return f"row group {place + 1} is larger than this package writes any"
        for number in range(group.num_columns):
            column = group.column(number)
            if column.compression != "UNCOMPRESSED" or {*column.encodings} - _PLAIN:
                how = f"{column.compression}, {', '.join(sorted(column.encodings))}"
                return f"column {column.path_in_schema} is packed ({how})"
    return ""


_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD = struct.Struct(">IIBBBBB")
_GREY = (8, 0, 0, 0, 0)
"""Bits, colour type, compression, filter, interlacing of an 8-bit grey PNG of ours."""


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height as a PNG states them, or None of anything that does not begin as one."""
    head = _head(data)
    return None if head is None else (head[0], head[1])


def _head(data: bytes) -> tuple[int, ...] | None:
    if data[:16] != _SIGNATURE + b"\x00\x00\x00\x0dIHDR" or len(data) < 16 + _HEAD.size:
        return None
    return _HEAD.unpack_from(data, 16)


def frame_fault(data: bytes) -> str:
    """Why the bytes are not a plain grey film of bounded size; empty where they are one.

    Beside its pixels a film may hold chunks of text, which are not looked at here, between its
    head and its pixels; and nothing else, not inside the compressed pixels either.
    """
    head = _head(data)
    if head is None:
        return "is not a PNG"
    width, height = head[:2]
    if head[2:] != _GREY:
        return "is not an 8-bit grey PNG"
    if not 0 < width * height <= MAX_PIXELS:
        return f"is {width:,} × {height:,} pixels, and was not decoded"
    chunks = _chunks(data)
    if chunks is None:
        return "is not a whole PNG"
    kinds = [kind for kind, _ in chunks]
    pixels = kinds.index(b"IDAT") if b"IDAT" in kinds else len(kinds)
    if {*kinds[1:pixels]} & {b"IHDR", b"IEND"} or {*kinds[pixels:-1]} != {b"IDAT"}:
        return "holds chunks out of their place"
    stream = b"".join(part for kind, part in chunks if kind == b"IDAT")
    return _stream_fault(stream, (width + 1) * height)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]] | None:
    """Kind and content of every chunk; None where one is damaged, or more follows the last."""
    chunks, place = [], len(_SIGNATURE)
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind, end = data[place + 4 : place + 8], place + 12 + length
        if end > len(data) or data[end - 4 : end] != _sum(data[place + 4 : end - 4]):
            return None
        chunks.append((kind, data[place + 8 : end - 4]))
        place = end
        if kind == b"IEND":
            return chunks if place == len(data) and not length else None
    return None


def _sum(checked: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(checked))


def _stream_fault(stream: bytes, expected: int) -> str:
    """Whether compressed pixels hold those of the film and not a byte more."""
    inflate = zlib.decompressobj()
    try:
        size = len(inflate.decompress(stream, expected + 1))
    except zlib.error as error:
        return f"its pixels cannot be read: {error}"
    if size != expected or not inflate.eof or inflate.unused_data:
        return "its compressed pixels hold less or more than the film"
    return ""
