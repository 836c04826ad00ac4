"""The order in which a reviewer sees the films, and the names under which the page knows them.

Both follow from a random seed, drawn once a reviewer and kept in `<reviewer>.json`: anybody can
make the order again, and nobody sees from a film's name or place which checkpoint it is of.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import math
import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from cxr_release.errors import DecisionError
from cxr_release.files import PARTIAL, sync_folder
from cxr_release.screening.decision import TIME
from cxr_release.screening.films import Generated
from cxr_release.screening.log import log_file

Order = Literal["shuffled", "doubtful-first"]

SEED_BYTES = 16
NAME = re.compile(r"[0-9a-f]{32}")
"""A film, as the page knows it."""

_SEED = re.compile(rf"[0-9a-f]{{{2 * SEED_BYTES}}}")
_MOST = 1024
"""Bytes; a file that is longer is none of ours."""
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


def order_of(
    films: Sequence[Generated], seed: bytes, doubts: Mapping[str, float] | None = None
) -> list[Generated]:
    """All films, shuffled by the seed; with doubts those of the highest doubt first.

    Args:
        films: in any order.
        seed: see `seed_of`.
        doubts: film id → how much the pre-screen doubts it.

    Raises:
        DecisionError: a film's doubt is missing or no number.
    """
    shuffled = sorted(films, key=lambda film: hmac.digest(seed, film.id.encode(), "sha256"))
    if doubts is None:
        return shuffled
    unknown = sum(not math.isfinite(doubts.get(film.id, math.nan)) for film in films)
    if unknown:
        raise DecisionError(
            f"the pre-screen gave no score to {unknown} film(s)",
            remedy="run `dvc repro`, or order the films by `shuffled`",
        )
    return sorted(shuffled, key=lambda film: -doubts[film.id])


def name_of(film: Generated, seed: bytes) -> str:
    """The film's name on the page, matching `NAME`. Other bytes, or another reviewer: another name.

    The name says nothing of the film, and cannot be made without the seed.
    """
    return hmac.digest(seed, f"{film.id}\0{film.sha256}".encode(), "sha256").hex()[:32]


def _record(path: Path, reviewer: str, seed: bytes) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record = {"reviewer": reviewer, "seed": seed.hex(), "at": at}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")
    try:
        with partial.open("x", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        # A link, because it fails where a rename would overwrite what another server recorded.
        with contextlib.suppress(FileExistsError):
            os.link(partial, path)
    except OSError as error:
        raise DecisionError(f"cannot be written: {error.strerror}", where=str(path)) from error
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def _read(path: Path, reviewer: str) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as stream:  # noqa: PTH123 - of a handle, not of a path
            regular = stat.S_ISREG(os.fstat(handle).st_mode)
            data = stream.read(_MOST + 1) if regular else b""
        record: Any = json.loads(data.decode("utf-8")) if len(data) <= _MOST else None
    except OSError as error:
        raise DecisionError(f"cannot be opened: {error.strerror}", where=str(path)) from error
    except (ValueError, RecursionError):
        record = None
    if not _is_record(record, reviewer):
        raise DecisionError(f"is no record of {reviewer}'s order", where=str(path), remedy=_RESTORE)
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
