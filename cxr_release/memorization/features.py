"""Features of a set of films in several views, kept in files from one run to the next.

Films are encoded stretch by stretch, and each stretch is kept. A file is safetensors and holds the
matrix, an account of the films as JSON, and the SHA-256 of both. What is not whole, not of this
version, or not of the requested films, is ignored. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cxr_release.encoders.encoder import Encoder
from cxr_release.encoders.encoding import Features, encode_views
from cxr_release.errors import CxrReleaseError
from cxr_release.files import whole_file
from cxr_release.films import film_source
from cxr_release.films.film_set import FilmSet
from cxr_release.films.film_source import FilmSource, OpenedFilm
from cxr_release.partials import scratch_file

VERSION = 1
"""Of the file's layout."""
SUFFIX = ".safetensors"

Remark = tuple[str, str]
"""A film, and what there is to say of it."""

_notices = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """What became of the films of a part, in its order."""

    ids: tuple[str, ...]
    """Of the rows of the matrix."""
    unreadable: tuple[Remark, ...]
    """Film and fault."""
    notes: tuple[Remark, ...]
    """Film and what was done to it."""


@dataclass(frozen=True)
class StoredFeatures:
    """Features of a part in one view."""

    matrix: Features
    """(ids, features)."""
    account: Account


def key_of(*facts: str) -> str:
    """SHA-256, in hex, of what the features follow from."""
    return hashlib.sha256(json.dumps([VERSION, *facts]).encode()).hexdigest()


def load(
    folder: Path, key: str, *, films: Sequence[str], encoder: Encoder
) -> StoredFeatures | None:
    """What was kept under a key; None where it is not there, or not to be trusted.

    Args:
        folder: of the cache.
        key: see `key_of`.
        films: ids that the part has, readable or not.
        encoder: that they should be of.
    """
    import safetensors
    from safetensors.numpy import load as parse

    path = folder / (key + SUFFIX)
    try:
        if not path.is_file():
            return None
        # Read, not mapped: a file that shrinks under a map would end the process.
        tensors = parse(path.read_bytes())
        matrix, account, seal = tensors["features"], tensors["account"], tensors["sha256"]
        if seal.tobytes() != _seal(key, matrix, account):
            raise ValueError("hash mismatch")
        stored = StoredFeatures(matrix, _account(account.tobytes()))
        _check(stored, films, encoder)
    except (safetensors.SafetensorError, OSError, ValueError, TypeError, LookupError) as error:
        _notices.warning("%s is not used and made again: %s", path, error)
        return None
    return stored


def _prepare(folder: Path) -> None:
    """Make the folder before hours are spent on its content."""
    try:
        with scratch_file(folder / "probe"):
            pass
    except OSError as error:
        raise CxrReleaseError(
            f"features cannot be kept there ({error.strerror})",
            where=str(folder),
            remedy="name another folder for them",
        ) from error


def save(folder: Path, key: str, features: StoredFeatures) -> None:
    """Keep features under a key: whole or not at all, whatever other processes write there.

    A full disk is reported, and costs only the stored copy.
    """
    from safetensors.numpy import save as serialised

    account = np.frombuffer(json.dumps(asdict(features.account)).encode(), np.uint8)
    matrix = np.ascontiguousarray(features.matrix)
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


def _seal(key: str, matrix: Features, account: NDArray[np.uint8]) -> bytes:
    digest = hashlib.sha256(f"{key} {matrix.dtype} {matrix.shape}\n".encode())
    digest.update(np.ascontiguousarray(matrix).data)
    digest.update(np.ascontiguousarray(account).data)
    return digest.digest()


def _account(stored: bytes) -> Account:
    fields = json.loads(stored)
    pairs = {
        name: tuple((film, text) for film, text in fields[name]) for name in ("unreadable", "notes")
    }
    return Account(tuple(fields["ids"]), **pairs)


def _check(stored: StoredFeatures, films: Sequence[str], encoder: Encoder) -> None:
    ids = stored.account.ids
    shape = (len(ids), encoder.dimensions)
    if stored.matrix.dtype != encoder.dtype or stored.matrix.shape != shape:
        raise ValueError(f"holds {stored.matrix.dtype} {stored.matrix.shape}")
    bad = {film for film, _ in stored.account.unreadable}
    if list(ids) != [film for film in films if film not in bad] or not bad <= set(films):
        raise ValueError("is of other films")


STRETCH = 256
"""Films that are encoded and kept together: what a kill can cost, some minutes with a ViT."""


@dataclass(frozen=True)
class FilmFeatures:
    """Features of all readable films of a set, and what became of the others."""

    ids: tuple[str, ...]
    """Films searched, sorted: the rows of each matrix."""
    views: Mapping[str, Features]
    """View → (ids, features); mapped where they are kept, so that they take no memory."""
    unreadable: tuple[Remark, ...]
    """Film and fault, sorted."""
    notes: tuple[Remark, ...]
    """Film that is searched, and what was done to it first, sorted."""
    patients: Mapping[str, str]
    """Film → patient, where known."""
    keys: frozenset[str]
    """Keys under which the features are kept."""

    @property
    def total(self) -> int:
        """Films that are searched, and those that cannot be read."""
        return len(self.ids) + len(self.unreadable)


def features_of(
    films: FilmSet, encoder: Encoder, views: Sequence[str], cache: Path | None
) -> FilmFeatures:
    """Encode a set of films, or take from `cache` what was encoded before.

    Killed at any time, it goes on after the last stretch that was kept. In memory is one stretch of
    films; with `cache`, features are mapped from a file there that has no name.

    Args:
        films: the set.
        encoder: what turns a film into numbers.
        views: what `Encoder.with_view` takes.
        cache: folder in which features are kept, one file a stretch and view; None keeps none.

    Raises:
        SourceError: films changed while they were read.
        CxrReleaseError: a film cannot be encoded, or `cache` is not a folder to write in.
    """
    if cache is not None:
        _prepare(cache)
    columns = {view: _Column(encoder, len(films), cache) for view in views}
    accounts: list[Account] = []
    keys: set[str] = set()
    with tqdm(total=len(films), desc=f"encode {films.name}", unit="film", disable=None) as bar:
        for stretch in _stretches(films.sources):
            before = bar.n
            named = stretch.keys(encoder, views) if cache else dict.fromkeys(views, "")
            stored = _of_stretch(stretch, encoder, named, cache=cache, advance=bar.update)
            accounts.append(stored[views[0]].account)
            for view, column in columns.items():
                column.add(stored[view].matrix)
            keys.update(named.values())
            bar.update(before + len(stretch.films) - bar.n)
    ids = [name for account in accounts for name in account.ids]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return FilmFeatures(
        tuple(ids[place] for place in order),
        {view: column.in_order(order) for view, column in columns.items()},
        tuple(sorted(remark for account in accounts for remark in account.unreadable)),
        tuple(sorted(remark for account in accounts for remark in account.notes)),
        films.patients,
        frozenset(keys),
    )


class _Column:
    """Rows of features, up to a number of films, in a file without a name, or in memory."""

    def __init__(self, encoder: Encoder, films: int, cache: Path | None) -> None:
        self._cache = cache
        self._rows = self._array((films, encoder.dimensions), encoder.dtype)
        self._filled = 0

    def _array(self, shape: tuple[int, int], dtype: type[np.generic] | np.dtype[Any]) -> Features:
        if self._cache is None or not all(shape):
            return np.empty(shape, dtype)
        with tempfile.TemporaryFile(dir=self._cache) as file:
            return np.memmap(file, dtype, "w+", shape=shape)

    def add(self, rows: Features) -> None:
        """Take in the rows of a stretch."""
        self._rows[self._filled : self._filled + len(rows)] = rows
        self._filled += len(rows)

    def in_order(self, order: Sequence[int]) -> Features:
        """The rows in another order."""
        if list(order) == list(range(self._filled)):
            return self._rows[: self._filled]
        ordered = self._array((len(order), self._rows.shape[1]), self._rows.dtype)
        for start in range(0, len(order), STRETCH):
            ordered[start : start + STRETCH] = self._rows[list(order[start : start + STRETCH])]
        return ordered


@dataclass(frozen=True)
class _Stretch:
    """Some films of a part that follow each other."""

    part: FilmSource
    start: int
    films: Sequence[str]
    """Their ids, readable or not."""

    def keys(self, encoder: Encoder, views: Sequence[str]) -> dict[str, str]:
        """View → key under which its features are kept."""
        read = f"films read by version {film_source.VERSION}, {len(self.films)} from {self.start}"
        return {
            view: key_of(read, self.part.fingerprint, encoder.with_view(view).fingerprint)
            for view in views
        }

    def encoded(
        self, encoder: Encoder, views: Sequence[str], advance: Callable[[int], object]
    ) -> dict[str, StoredFeatures]:
        """View → features, and an account of all its films."""
        ids: list[str] = []
        unreadable: list[Remark] = []
        notes: list[Remark] = []

        def readable() -> Iterator[OpenedFilm]:
            for film in self.part.read(self.start, self.start + len(self.films)):
                if film.fault:
                    unreadable.append((film.id, film.fault))
                    continue
                ids.append(film.id)
                if film.note:
                    notes.append((film.id, film.note))
                yield film

        fresh = encode_views(encoder, readable(), views, advance=advance)
        account = Account(tuple(ids), tuple(unreadable), tuple(notes))
        return {view: StoredFeatures(matrix, account) for view, matrix in fresh.items()}


def _stretches(parts: Sequence[FilmSource]) -> Iterator[_Stretch]:
    for part in parts:
        films = list(part.places)
        for start in range(0, len(films), STRETCH):
            yield _Stretch(part, start, films[start : start + STRETCH])


def _of_stretch(
    stretch: _Stretch,
    encoder: Encoder,
    keys: Mapping[str, str],
    *,
    cache: Path | None,
    advance: Callable[[int], object],
) -> dict[str, StoredFeatures]:
    """View → features of a stretch: what was kept under its key, and the rest encoded and kept."""
    if cache is None:
        return stretch.encoded(encoder, list(keys), advance)
    loaded = {
        view: load(cache, key, films=stretch.films, encoder=encoder) for view, key in keys.items()
    }
    stored = {view: features for view, features in loaded.items() if features}
    missing = [view for view in keys if view not in stored]
    if missing:
        for view, encoded in stretch.encoded(encoder, missing, advance).items():
            save(cache, keys[view], encoded)
            stored[view] = encoded
    return stored
