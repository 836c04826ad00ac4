"""Features of a set of films in several views, taken part by part and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cxr_release.encoders.encoder import Encoder
from cxr_release.encoders.encoding import Features, encode_views
from cxr_release.memorization import feature_cache, opened
from cxr_release.memorization.feature_cache import Account, Kept, Told
from cxr_release.memorization.film_parts import Part
from cxr_release.memorization.films import FilmSet


@dataclass(frozen=True)
class FilmFeatures:
    """Features of all readable films of a set, and what became of the others."""

    ids: tuple[str, ...]
    """Films searched, sorted: the rows of each matrix."""
    views: Mapping[str, Features]
    """View → (ids, features) float32."""
    unreadable: tuple[Told, ...]
    """Film and fault, sorted."""
    notes: tuple[Told, ...]
    """Film that is searched, and what was done to it first, sorted."""
    patients: Mapping[str, str]
    """Film → patient, where known."""

    @property
    def found(self) -> int:
        """Films found: searched and unreadable."""
        return len(self.ids) + len(self.unreadable)


def features_of(
    films: FilmSet, encoder: Encoder, views: Sequence[str], cache: Path | None
) -> FilmFeatures:
    """Encode a set of films, or take from `cache` what was encoded before.

    In memory are the features, those of the largest part a second time, and one piece of films.

    Args:
        films: the set.
        encoder: what turns a film into numbers.
        views: of `schemas.VIEWS`.
        cache: folder in which features are kept, one file a part and view; None keeps none.

    Raises:
        SourceError: films changed while they were read.
        CxrReleaseError: a film cannot be encoded, or `cache` is no folder to write in.
    """
    if cache is not None:
        feature_cache.prepare(cache)
    matrices = {view: np.empty((len(films), encoder.dimensions), np.float32) for view in views}
    accounts: list[Account] = []
    filled = 0
    for part in films.parts:
        account, found = _of_part(part, encoder, views, cache, label=films.name)
        for view in views:
            matrices[view][filled : filled + len(account.ids)] = found.pop(view)
        accounts.append(account)
        filled += len(account.ids)
    ids = [name for account in accounts for name in account.ids]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return FilmFeatures(
        tuple(ids[place] for place in order),
        {view: matrices.pop(view)[order] for view in views},
        tuple(sorted(told for account in accounts for told in account.unreadable)),
        tuple(sorted(told for account in accounts for told in account.notes)),
        films.patients,
    )


def _of_part(
    part: Part, encoder: Encoder, views: Sequence[str], cache: Path | None, *, label: str
) -> tuple[Account, dict[str, Features]]:
    """The films of a part, and view → their features, in the part's order."""
    films = list(part.places)
    keys: dict[str, str] = {}
    kept: dict[str, Kept] = {}
    if cache is not None:
        keys = {view: _key(part, encoder, view) for view in views}
        for view, key in keys.items():
            found = feature_cache.load(cache, key, films=films, dimensions=encoder.dimensions)
            if found:
                kept[view] = found
    missing = [view for view in views if view not in kept]
    if missing:
        reader = _Reader(part)
        fresh = encode_views(
            encoder, reader.films(), missing, total=len(films), label=f"encode {label}"
        )
        account = reader.account()
        for view in missing:
            kept[view] = Kept(fresh.pop(view), account)
            if cache is not None:
                feature_cache.save(cache, keys[view], kept[view])
    account = next(iter(kept.values())).account
    return account, {view: one.matrix for view, one in kept.items()}


def _key(part: Part, encoder: Encoder, view: str) -> str:
    return feature_cache.key_of(
        f"films read by version {opened.VERSION}", part.fingerprint, encoder.fingerprint, view
    )


class _Reader:
    """Gives the readable films of a part, and keeps account of all."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._ids: list[str] = []
        self._unreadable: list[Told] = []
        self._notes: list[Told] = []

    def films(self) -> Iterator[bytes]:
        """PNG bytes of each readable film."""
        for film in self._part.read():
            if film.fault:
                self._unreadable.append((film.id, film.fault))
                continue
            self._ids.append(film.id)
            if film.note:
                self._notes.append((film.id, film.note))
            yield film.png

    def account(self) -> Account:
        """What became of the films so far."""
        return Account(tuple(self._ids), tuple(self._unreadable), tuple(self._notes))
