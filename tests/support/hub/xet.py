"""A small content-addressed store (CAS) as hf_xet speaks to it: xorbs, shards, reconstructions.

After the Xet protocol's specification, huggingface.co/docs/xet. A xorb is a row of compressed
chunks; a shard says of which chunks of which xorbs a file is made. When a shard comes, the file is
put together from the xorbs that are here and must have the SHA-256 that the shard states: only
then a commit can name it.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from cxr_release.files import read_json
from tests.support.hub.store import Store, write, write_json

TAG = bytes.fromhex("48465265706f4d6574614461746100556967456a7b815783a5bdd95ccdd14aa9")
ROW = 48
"""Bytes of each entry of a shard."""
BOOKEND = b"\xff" * 32
VERIFIED, EXTENDED = 1 << 31, 1 << 30


def spelled(raw: bytes) -> str:
    """32 bytes of a hash as the protocol writes them: four little-endian numbers in hex."""
    return "".join(f"{one:016x}" for one in struct.unpack("<4Q", raw))


@dataclass(frozen=True)
class Chunk:
    """One chunk of a xorb."""

    start: int
    """Where its header begins in the xorb."""
    end: int
    data: bytes


def chunks_of(xorb: bytes) -> list[Chunk]:
    """All chunks of a xorb, unpacked."""
    found, place = [], 0
    while place < len(xorb) and xorb[place : place + 7] != b"XETBLOB":
        packed = int.from_bytes(xorb[place + 1 : place + 4], "little")
        scheme = xorb[place + 4]
        size = int.from_bytes(xorb[place + 5 : place + 8], "little")
        end = place + 8 + packed
        found.append(Chunk(place, end, _unpacked(scheme, xorb[place + 8 : end], size)))
        place = end
    return found


def _unpacked(scheme: int, data: bytes, size: int) -> bytes:
    if scheme:
        data = pa.Codec("lz4").decompress(data, size, asbytes=True)
    if scheme == 2:  # the first bytes of every four, then the second ones, and so on
        out = bytearray(size)
        place = 0
        for group in range(4):
            count = (size - group + 3) // 4
            out[group::4] = data[place : place + count]
            place += count
        data = bytes(out)
    assert len(data) == size
    return data


class Cas:
    """Xorbs and files below a folder; whole files end up among the store's objects."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        for name in ("xorbs", "files", "known"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def file_of(self, sha256: str) -> str:
        """Hash by which Xet knows an object."""
        return str(read_json(self.folder / "files" / f"{sha256}.json")["file"])

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, url: str
    ) -> tuple[int, dict[str, str], Any]:
        """Status, headers and body of the answer to a request."""
        for verb, pattern, serve in (
            ("POST", r"/v1/xorbs/default/(\w{64})", self.put_xorb),
            ("POST", r"/v1/shards", self.put_shard),
            ("GET", r"/v1/chunks/default(?:-merkledb)?/(\w{64})", self.known),
            ("GET", r"/v1/reconstructions/(\w{64})", self.reconstruction),
            ("GET", r"/xorbs/(\w{64})", self.get_xorb),
        ):
            found = re.fullmatch(pattern, path) if verb == method else None
            if found:
                return serve(*found.groups(), headers=headers, body=body, url=url)
        return 404, {}, b""

    def put_xorb(self, name: str, body: bytes, **_: Any) -> tuple[int, dict[str, str], Any]:
        path = self.folder / "xorbs" / name
        there = path.exists()
        chunks_of(body)
        with self.store.lock:
            write(path, body)
        return 200, {}, {"was_inserted": not there}

    def get_xorb(self, name: str, **_: Any) -> tuple[int, dict[str, str], Any]:
        data = (self.folder / "xorbs" / name).read_bytes()
        return 200, {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}, data

    def put_shard(self, body: bytes, **_: Any) -> tuple[int, dict[str, str], Any]:
        rows = [body[at : at + ROW] for at in range(ROW, len(body), ROW)]
        if body[:32] != TAG:
            return 400, {}, b"no shard"
        place = 0
        while rows[place][:32] != BOOKEND:
            place = self._file(rows, place)
        self._note_xorbs(rows, place + 1)
        return 200, {}, {"result": 1}

    def _file(self, rows: list[bytes], place: int) -> int:
        """Put one file together; where the next one stands."""
        flags, count = struct.unpack_from("<II", rows[place], 32)
        name, entries = spelled(rows[place][:32]), rows[place + 1 : place + 1 + count]
        place += 1 + count * (2 if flags & VERIFIED else 1)
        assert flags & EXTENDED, "every file states its SHA-256"
        sha256 = spelled(rows[place][:32])
        terms, parts = [], []
        for entry in entries:
            _, size, first, last = struct.unpack_from("<4I", entry, 32)
            xorb = spelled(entry[:32])
            chunks = chunks_of((self.folder / "xorbs" / xorb).read_bytes())[first:last]
            parts += [chunk.data for chunk in chunks]
            terms.append({"xorb": xorb, "size": size, "first": first, "last": last})
            assert sum(len(chunk.data) for chunk in chunks) == size
        self.store.put(sha256, b"".join(parts))
        said = {"file": name, "terms": terms}
        write_json(self.folder / "files" / f"{sha256}.json", said)
        write_json(self.folder / "files" / f"{name}.json", said)
        return place + 1

    def _note_xorbs(self, rows: list[bytes], place: int) -> None:
        """Remember which xorb holds which chunks, for clients that have forgotten."""
        while rows[place][:32] != BOOKEND:
            count = struct.unpack_from("<I", rows[place], 36)[0]
            block = b"".join(rows[place : place + 1 + count])
            for row in rows[place + 1 : place + 1 + count]:
                write(self.folder / "known" / spelled(row[:32]), block)
            place += 1 + count

    def known(self, chunk: str, **_: Any) -> tuple[int, dict[str, str], Any]:
        """A shard that names the xorb in which a chunk lies already."""
        path = self.folder / "known" / chunk
        if not path.exists():
            return 404, {}, b""
        bookend = BOOKEND + bytes(16)
        body = bookend + path.read_bytes() + bookend
        head, end = TAG + struct.pack("<QQ", 2, 200), ROW + len(body)
        # Where the sections begin; the tables for searching behind them are empty.
        footer = struct.pack("<9Q", 1, ROW, ROW + ROW, end, 0, end, 0, end, 0).ljust(192, b"\0")
        return 200, {}, head + body + footer + struct.pack("<Q", end)

    def reconstruction(
        self, name: str, headers: Mapping[str, str], url: str, **_: Any
    ) -> tuple[int, dict[str, str], Any]:
        """Of which ranges of which xorbs a file is made; all of it, or some of its bytes."""
        path = self.folder / "files" / f"{name}.json"
        if not path.exists():
            return 404, {}, b""
        terms = read_json(path)["terms"]
        first, last = 0, sum(term["size"] for term in terms) - 1
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("Range", ""))
        if wanted:
            first, last = int(wanted[1]), min(int(wanted[2] or last), last)
            if first > last:
                return 416, {}, b""
        said: list[dict[str, Any]] = []
        fetch: dict[str, list[dict[str, Any]]] = {}
        offset, place = 0, 0
        for term in terms:
            chunks = chunks_of((self.folder / "xorbs" / term["xorb"]).read_bytes())
            number = term["first"]
            inside: list[int] = []
            for chunk in chunks[term["first"] : term["last"]]:
                end = place + len(chunk.data)
                if place <= last and end > first:
                    if not said and not inside:
                        offset = first - place
                    inside.append(number)
                place, number = end, number + 1
            if inside:
                span = {"start": inside[0], "end": inside[-1] + 1}
                size = sum(len(chunks[one].data) for one in inside)
                said.append({"hash": term["xorb"], "unpacked_length": size, "range": span})
                bytes_of = {"start": chunks[inside[0]].start, "end": chunks[inside[-1]].end - 1}
                one = {"range": span, "url": f"{url}/cas/xorbs/{term['xorb']}"}
                if one | {"url_range": bytes_of} not in fetch.setdefault(term["xorb"], []):
                    fetch[term["xorb"]].append(one | {"url_range": bytes_of})
        answer = {"offset_into_first_range": offset, "terms": said, "fetch_info": fetch}
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()
