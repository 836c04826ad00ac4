"""A random seed for each reviewer, drawn once and kept in `<reviewer>.json`.

From it follow the order in which the reviewer sees things and the names under which a page knows
them: with the seed both can be made again, and without it not be guessed.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from pathlib import Path
from typing import Any

from cxr_release.errors import DecisionError
from cxr_release.files import read_bounded, write_once
from cxr_release.logbook.entry import TIME, now
from cxr_release.logbook.log_files import log_file

SEED_BYTES = 16

_SEED = re.compile(rf"[0-9a-f]{{{2 * SEED_BYTES}}}")
_MOST = 1024
"""Bytes; a longer file is not such a record."""
_RESTORE = "restore it from git; with another seed the reviewer would see another order"


def seed_of(folder: Path, reviewer: str) -> bytes:
    """A reviewer's seed: the recorded one, or a fresh one, which is then on disk.

    Several servers may ask at once; all get the same.

    Raises:
        DecisionError: the name could not be a file name of its own, or the record is damaged.
    """
    path = log_file(folder, reviewer).with_suffix(".json")
    if not os.path.lexists(path):
        _record(path, reviewer, secrets.token_bytes(SEED_BYTES))
    return _read(path, reviewer)


def _record(path: Path, reviewer: str, seed: bytes) -> None:
    record = {"reviewer": reviewer, "seed": seed.hex(), "at": now()}
    try:
        write_once(path, json.dumps(record) + "\n")
    except OSError as error:
        raise DecisionError(f"cannot be written: {error.strerror}", where=str(path)) from error


def _read(path: Path, reviewer: str) -> bytes:
    try:
        record: Any = json.loads(read_bounded(path, _MOST).decode("utf-8"))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise DecisionError(problem, where=str(path), remedy=_RESTORE) from error
    except (ValueError, RecursionError):
        record = None
    if not _is_record(record, reviewer):
        raise DecisionError(
            f"is not a record of {reviewer}'s order", where=str(path), remedy=_RESTORE
        )
    return bytes.fromhex(record["seed"])


def _is_record(record: Any, reviewer: str) -> bool:
    return (
        isinstance(record, dict)
        and record.keys() == {"reviewer", "seed", "at"}
        and all(isinstance(value, str) for value in record.values())
        and record["reviewer"] == reviewer
        and bool(_SEED.fullmatch(record["seed"]))
        and bool(TIME.fullmatch(record["at"]))
    )
