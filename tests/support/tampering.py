"""Ways to alter a sound release, so that a test can see which check names it."""

from __future__ import annotations

import io
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.files import sha256
from cxr_release.films import png
from cxr_release.release.layout import write_checksums
from cxr_release.release.shards import content_of
from cxr_release.release.verify import verify
from cxr_release.tables import Table
from tests.support.breaking import rejson, rewrite
from tests.support.release_artefacts import make_release, small_params

Change = Callable[[Path], None]
Row = dict[str, Any]
SHARD = "data/checkpoint-1/train-00000-of-00001.parquet"
OTHER_SHARD = "data/checkpoint-3/train-00000-of-00001.parquet"
PAIRS = "audit_pairs/train-00000-of-00001.parquet"
EXCLUSIONS = "exclusions/train-00000-of-00001.parquet"
RATINGS = "reader_study/train-00000-of-00001.parquet"
FIRST = "checkpoint-1-initial-00000"


def make(root: Path, **said: Any) -> Path:
    """A sound release; see `make_release`."""
    return make_release(root, said.pop("params", small_params()), **said)


def named(folder: Path) -> list[str]:
    """What verification finds, a line each: where, what."""
    found = verify(folder)["differences"]
    return [f"{one['where']}: {one['what']}" for one in found]


def kind_of(name: str) -> Table:
    tables = {"audit_pairs": schemas.AUDIT_PAIRS, "exclusions": schemas.TOMBSTONES}
    return {**tables, "reader_study": schemas.RESPONSES}.get(
        name.split("/", maxsplit=1)[0], schemas.RELEASE
    )


def restate(folder: Path) -> None:
    """Make the record's statements on shards those of the shards, as a careful forger would."""

    def change(record: Any) -> None:
        for name, stated in record["shards"].items():
            rows = tables.read_rows(folder / name, schemas.RELEASE)
            stated |= {"rows": len(rows), "content": content_of(rows)}

    rejson(folder / "release.json", change)


def unstated(name: str, change: Callable[[list[Row]], list[Row] | None]) -> Change:
    """Rewrite a table, and leave what the record says of it."""
    return lambda folder: rewrite(folder / name, kind_of(name), change)


def rows(name: str, change: Callable[[list[Row]], list[Row] | None]) -> Change:
    """Rewrite a table; what the record says of the films' files is made to fit."""

    def alter(folder: Path) -> None:
        rewrite(folder / name, kind_of(name), change)
        if name.startswith("data/"):
            restate(folder)

    return alter


def row(name: str, place: int = 0, **values: Any) -> Change:
    """Give one row of a table other values."""
    return rows(name, lambda found: found[place].update(values))


def film(change: Callable[[Row], bytes], name: str = SHARD, place: int = 0) -> Change:
    """Give a film other bytes, and the hash of these."""

    def put(found: list[Row]) -> None:
        data = change(found[place])
        found[place] |= {"image": png.cell(data, found[place]["id"]), "sha256": png.sha256(data)}

    return rows(name, put)


def pixels(values: Any, name: str = SHARD, place: int = 0) -> Change:
    """Give a film other pixels, and the hashes of these."""

    def put(found: list[Row]) -> None:
        drawn = np.asarray(values, np.uint8)
        data = png.encode(drawn, synthetic=True)
        named_as = png.cell(data, found[place]["id"])
        found[place] |= {"image": named_as, **png.facts(drawn, data)}

    return rows(name, put)


def said(change: Callable[[Any], None]) -> Change:
    """Alter what release.json says."""
    return lambda folder: rejson(folder / "release.json", change)


def record(*keys: Any, value: Any) -> Change:
    """Put something else into release.json."""

    def put(document: Any) -> None:
        for key in keys[:-1]:
            document = document[key]
        document[keys[-1]] = value

    return said(put)


def text(name: str, old: str, new: str) -> Change:
    """Write something else into a text file, wherever it stands."""

    def alter(folder: Path) -> None:
        before = (folder / name).read_text(encoding="utf-8")
        assert old in before
        (folder / name).write_text(before.replace(old, new), encoding="utf-8")

    return alter


def both(*changes: Change) -> Change:
    def alter(folder: Path) -> None:
        for change in changes:
            change(folder)

    return alter


def file(name: str, data: bytes | None) -> Change:
    """Write a file, or delete it."""

    def alter(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).unlink() if data is None else (folder / name).write_bytes(data)

    return alter


def summed(folder: Path, change: Change) -> Path:
    """Alter a release, and make its SHA256SUMS anew."""
    change(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    kept = [line for line in lines if not line.endswith("  SHA256SUMS\n")]
    (folder / "SHA256SUMS").write_text("".join(kept), encoding="utf-8")
    return folder


def copied(release: Path, copy: Path, change: Callable[[Path], object]) -> Path:
    """An altered copy of a release, with SHA256SUMS that fit.

    Args:
        release: stays as it is.
        copy: where to; what lies there is removed.
    """
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(release, copy)
    change(copy)
    write_checksums(copy, {})
    return copy


def flip(path: Path, place: int) -> None:
    """Change one byte of a file."""
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 1 << place % 8
    path.write_bytes(data)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(side: int = 60_000) -> bytes:
    """A PNG of a few hundred bytes that states an enormous film."""
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(99_999))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def without_label(found: Row) -> bytes:
    return png.encode(png.decode(found["image"]["bytes"], where=""), synthetic=False)


def before_end(extra: bytes) -> Callable[[Row], bytes]:
    """Put something into a film's file, before its last chunk."""
    return lambda found: found["image"]["bytes"][:-12] + extra + found["image"]["bytes"][-12:]


def trailed(found: Row) -> bytes:
    return bytes(found["image"]["bytes"]) + b"PK\x03\x04"


def _with(found: Row, *parts: tuple[bytes, bytes]) -> bytes:
    """A film's head and text, and other chunks behind them."""
    data = found["image"]["bytes"]
    return bytes(data[: data.index(b"IDAT") - 4]) + b"".join(chunk(*part) for part in parts)


def labelled_more(found: Row) -> bytes:
    """The same film with a line of text more beside its label."""
    data = bytes(found["image"]["bytes"])
    place = data.index(b"IDAT") - 4
    return data[:place] + chunk(b"tEXt", b"Patient\0Doe") + data[place:]


def unreadable(found: Row) -> bytes:
    return _with(found, (b"IDAT", b"no stream"), (b"IEND", b""))


def coloured(found: Row) -> bytes:
    drawn = png.decode(found["image"]["bytes"], where="")
    stream = io.BytesIO()
    Image.fromarray(drawn).convert("RGB").save(stream, format="PNG")
    return stream.getvalue()


def stuffed(found: Row) -> bytes:
    """The same film, with more behind its pixels inside the compressed stream."""
    drawn = png.decode(found["image"]["bytes"], where="")
    raw = b"".join(b"\0" + line.tobytes() for line in drawn) + b"a name"
    return _with(found, (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
