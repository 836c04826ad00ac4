"""Features kept in files, so that a part that was encoded once is not encoded again.

A file is safetensors and holds the matrix, an account of the films as JSON, and the SHA-256 of
both. What is not whole, not of this version, or not of the films that are asked for, is as if it
were not there. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import CxrReleaseError
from cxr_release.files import whole_file
from cxr_release.partials import scratch_file

VERSION = 1
"""Of the file's layout."""
SUFFIX = ".safetensors"

Told = tuple[str, str]
"""A film, and what there is to say of it."""

_notices = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """What became of the films of a part, in its order."""

    ids: tuple[str, ...]
    """Of the rows of the matrix."""
    unreadable: tuple[Told, ...]
    """Film and fault."""
    notes: tuple[Told, ...]
    """Film and what was done to it."""


@dataclass(frozen=True)
class Kept:
    """Features of a part in one view."""

    matrix: NDArray[np.float32]
    """(ids, features)."""
    account: Account


def key_of(*facts: str) -> str:
    """SHA-256, in hex, of what the features follow from."""
    return hashlib.sha256(json.dumps([VERSION, *facts]).encode()).hexdigest()


def load(folder: Path, key: str, *, films: Sequence[str], dimensions: int) -> Kept | None:
    """What was kept under a key; None where it is not there, or not to be trusted.

    Args:
        folder: of the cache.
        key: see `key_of`.
        films: ids that the part has, readable or not.
        dimensions: features a film.
    """
    import safetensors
    from safetensors.numpy import load as parse

    path = folder / (key + SUFFIX)
    try:
        if not path.is_file():
            return None
        # Read, not mapped: a file that shrinks under a map would end the process.
        found = parse(path.read_bytes())
        matrix, account, seal = found["features"], found["account"], found["sha256"]
        if seal.tobytes() != _seal(key, matrix, account):
            raise ValueError("its hash is another")
        kept = Kept(matrix, _account(account.tobytes()))
        _check(kept, films, dimensions)
    except (safetensors.SafetensorError, OSError, ValueError, TypeError, LookupError) as error:
        _notices.warning("%s is not used and made again: %s", path, error)
        return None
    return kept


def prepare(folder: Path) -> None:
    """Make the folder, before hours are spent on what it is to hold.

    Raises:
        CxrReleaseError: it cannot be made or written.
    """
    try:
        with scratch_file(folder / "probe"):
            pass
    except OSError as error:
        raise CxrReleaseError(
            f"features cannot be kept there ({error.strerror})",
            where=str(folder),
            remedy="name another folder for them",
        ) from error


def save(folder: Path, key: str, kept: Kept) -> None:
    """Keep features under a key: whole or not at all, whoever else writes there.

    A full disk is told and costs no more than the keeping.
    """
    from safetensors.numpy import save as serialised

    told = json.dumps(asdict(kept.account), ensure_ascii=True).encode()
    account = np.frombuffer(told, np.uint8)
    matrix = np.ascontiguousarray(kept.matrix)
    seal = np.frombuffer(_seal(key, matrix, account), np.uint8)
    data = serialised({"features": matrix, "account": account, "sha256": seal})
    try:
        with whole_file(folder / (key + SUFFIX)) as partial:
            partial.write_bytes(data)
    except OSError as error:
        _notices.warning("%s: features could not be kept: %s", folder, error.strerror)


def prune(folder: Path, keys: Collection[str]) -> None:
    """Remove what is kept under other keys: of films, or for encoders, of earlier runs."""
    for path in folder.glob(f"*{SUFFIX}"):
        if path.name.removesuffix(SUFFIX) not in keys:
            path.unlink(missing_ok=True)


def _seal(key: str, matrix: NDArray[np.float32], account: NDArray[np.uint8]) -> bytes:
    digest = hashlib.sha256(f"{key} {matrix.dtype} {matrix.shape}\n".encode())
    digest.update(np.ascontiguousarray(matrix).data)
    digest.update(np.ascontiguousarray(account).data)
    return digest.digest()


def _account(told: bytes) -> Account:
    fields = json.loads(told)
    return Account(
        tuple(fields["ids"]),
        tuple((film, what) for film, what in fields["unreadable"]),
        tuple((film, what) for film, what in fields["notes"]),
    )


def _check(kept: Kept, films: Sequence[str], dimensions: int) -> None:
    ids = kept.account.ids
    if kept.matrix.dtype != np.float32 or kept.matrix.shape != (len(ids), dimensions):
        raise ValueError(f"holds {kept.matrix.dtype} {kept.matrix.shape}")
    bad = {film for film, _ in kept.account.unreadable}
    if list(ids) != [film for film in films if film not in bad] or not bad <= set(films):
        raise ValueError("is of other films")
