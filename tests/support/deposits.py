"""A small folder that looks like a release, to be packed: record, checksums, tables, pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from cxr_release.files import write_json
from tests.support.records import record_json

RECORD: dict[str, Any] = {
    "name": "films",
    "title": "Films",
    "version": "1.2.0",
    "tag": "v1.2.0",
    "license": "cc-by-4.0",
    "authors": ["A. One", "B. Two"],
    "contact": "a@b.org",
    "unset": [],
    "source": {
        "title": "Source",
        "license": "cc0-1.0",
        "citation": "Us (2026), doi 10.1038/s41597-024-03383-0; doi:10.57760/sciencedb.15391.",
    },
}


def make_deposit(folder: Path, **changes: Any) -> Path:
    """Write the folder; `changes` are of its record."""
    (folder / "data" / "checkpoint-1").mkdir(parents=True)
    (folder / "data" / "checkpoint-1" / "train-00000-of-00001.parquet").write_bytes(70_000 * b"ab")
    (folder / "figures").mkdir()
    (folder / "figures" / "losses.png").write_bytes(b"\x89PNG")
    (folder / "README.md").write_text("# Films\n", encoding="utf-8")
    write_json(folder / "release.json", record_json(RECORD, **changes))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in files
    ]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    return folder
