"""Features of a set of films in several views, taken stretch by stretch and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from cxr_release.encoders.encoder import Encoder
from cxr_release.encoders.encoding import Features, encode_views
from cxr_release.memorization import feature_cache, opened
from cxr_release.memorization.feature_cache import Account, Kept, Told
from cxr_release.memorization.film_parts import Part
from cxr_release.memorization.films import FilmSet

STRETCH = 256
"""Films that are encoded and kept together: what a kill can cost, some minutes with a ViT."""


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
    kept: frozenset[str]
    """Keys under which the features are kept."""

    @property
    def found(self) -> int:
        """Films found: searched and unreadable."""
        return len(self.ids) + len(self.unreadable)


def features_of(
    films: FilmSet, encoder: Encoder, views: Sequence[str], cache: Path | None
) -> FilmFeatures:
    """Encode a set of films, or take from `cache` what was encoded before.

    Killed at any time, it goes on after the last stretch that was kept. In memory are the
    features, and one stretch of films.

    Args:
        films: the set.
        encoder: what turns a film into numbers.
        views: what `Encoder.seen` takes.
        cache: folder in which features are kept, one file a stretch and view; None keeps none.

    Raises:
        SourceError: films changed while they were read.
        CxrReleaseError: a film cannot be encoded, or `cache` is no folder to write in.
    """
    if cache is not None:
        feature_cache.prepare(cache)
    matrices = {view: np.empty((len(films), encoder.dimensions), np.float32) for view in views}
    accounts: list[Account] = []
    keys: set[str] = set()
    filled = 0
    with tqdm(total=len(films), desc=f"encode {films.name}", unit="film", disable=None) as bar:
        for stretch in _stretches(films.parts):
            before = bar.n
            named = stretch.keys(encoder, views) if cache else dict.fromkeys(views, "")
            kept = _of_stretch(stretch, encoder, named, cache=cache, advance=bar.update)
            account = kept[views[0]].account
            for view in views:
                matrices[view][filled : filled + len(account.ids)] = kept[view].matrix
            accounts.append(account)
            filled += len(account.ids)
            keys.update(named.values())
            bar.update(before + len(stretch.films) - bar.n)
    ids = [name for account in accounts for name in account.ids]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return FilmFeatures(
        tuple(ids[place] for place in order),
        {view: matrices.pop(view)[order] for view in views},
        tuple(sorted(told for account in accounts for told in account.unreadable)),
        tuple(sorted(told for account in accounts for told in account.notes)),
        films.patients,
        frozenset(keys),
    )


@dataclass(frozen=True)
class _Stretch:
    """Some films of a part that follow each other."""

    part: Part
    start: int
    films: Sequence[str]
    """Their ids, readable or not."""

    def keys(self, encoder: Encoder, views: Sequence[str]) -> dict[str, str]:
        """View → key under which its features are kept."""
        read = f"films read by version {opened.VERSION}, {len(self.films)} from {self.start}"
        return {
            view: feature_cache.key_of(read, self.part.fingerprint, encoder.seen(view).fingerprint)
            for view in views
        }

    def read(self, ids: list[str], unreadable: list[Told], notes: list[Told]) -> Iterator[bytes]:
        """PNG bytes of each readable film; an account of all goes into the lists."""
        for film in self.part.read(self.start, self.start + len(self.films)):
            if film.fault:
                unreadable.append((film.id, film.fault))
                continue
            ids.append(film.id)
            if film.note:
                notes.append((film.id, film.note))
            yield film.png


def _stretches(parts: Sequence[Part]) -> Iterator[_Stretch]:
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
) -> dict[str, Kept]:
    """View → features of a stretch: what was kept, and the rest encoded and kept.

    Args:
        stretch: the films.
        encoder: what turns a film into numbers.
        keys: view → key.
        cache: folder, or None.
        advance: called with 1 at each film that is encoded.
    """
    kept: dict[str, Kept] = {}
    if cache is not None:
        for view, key in keys.items():
            found = feature_cache.load(
                cache, key, films=stretch.films, dimensions=encoder.dimensions
            )
            if found:
                kept[view] = found
    missing = [view for view in keys if view not in kept]
    if missing:
        ids: list[str] = []
        unreadable: list[Told] = []
        notes: list[Told] = []
        films = stretch.read(ids, unreadable, notes)
        fresh = encode_views(encoder, films, missing, advance=advance)
        account = Account(tuple(ids), tuple(unreadable), tuple(notes))
        for view in missing:
            kept[view] = Kept(fresh.pop(view), account)
            if cache is not None:
                feature_cache.save(cache, keys[view], kept[view])
    return kept
