"""Real films by the part of the split that they are in: searched, held out among those, control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import SourceError
from cxr_release.memorization.features import FilmFeatures

TUNING, HELD_OUT, CONTROL = "tuning", "held_out", "control"

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Divided:
    """Features of the real films, by part."""

    source: FilmFeatures
    """Films that a generator may have seen: they are searched."""
    control: FilmFeatures | None
    """Films that no generator saw; None where there are none."""
    tuning: Places | None
    """Places in `source` of the films of that part, rising; None where there is no such film, no
    split, or a control film: then no part is searched by itself."""
    held_out: Places | None
    """Likewise of the films that were held out."""

    @cached_property
    def unseen(self) -> FilmFeatures | None:
        """Films that are new to those that they are compared with; None where there are none.

        The control films, and without them those that were held out of the tuning part. Control
        films serve better: held-out films are searched for among fewer films than synthetic ones.
        """
        if self.has_control:
            return self.control
        if self.tuning is None or self.held_out is None:
            return None
        return _chosen(self.source, {self.source.ids[place] for place in self.held_out})

    @property
    def unseen_name(self) -> str:
        """What `unseen` is called."""
        return CONTROL if self.has_control else HELD_OUT

    @property
    def has_control(self) -> bool:
        """Whether there is a control film that can be read."""
        return self.control is not None and bool(self.control.ids)


def divided(films: FilmFeatures, split: Mapping[str, str] | None) -> Divided:
    """Tell the films of a real set by the part that they are in.

    Args:
        films: of the real set.
        split: film → part; None where the films were not split.

    Raises:
        SourceError: a film is in no part, or none is left beside the control part.
    """
    if split is None:
        return Divided(films, None, None, None)
    missing = [film for film in films.ids if split.get(film) not in (TUNING, HELD_OUT, CONTROL)]
    if missing:
        raise SourceError(
            f"{len(missing)} real film(s) are in no part of the split",
            where=missing[0],
            remedy="give the split of these films, or none",
        )
    every = {*films.ids, *(film for film, _ in films.unreadable)}
    apart = {film for film in every if split.get(film) == CONTROL}
    if not apart:
        return Divided(films, None, *_held_out_of(films.ids, split))
    source, control = _chosen(films, every - apart), _chosen(films, apart)
    if not source.ids:
        raise SourceError(
            "every real film that can be read is a control film: there are none to search",
            remedy="give the films that the generator learnt from, too",
        )
    return Divided(
        source, control, *((None, None) if control.ids else _held_out_of(source.ids, split))
    )


def _chosen(films: FilmFeatures, names: Set[str]) -> FilmFeatures:
    places = [place for place, film in enumerate(films.ids) if film in names]
    return replace(
        films,
        ids=tuple(films.ids[place] for place in places),
        views={view: rows[places] for view, rows in films.views.items()},
        unreadable=tuple(remark for remark in films.unreadable if remark[0] in names),
        notes=tuple(remark for remark in films.notes if remark[0] in names),
    )


def _held_out_of(
    ids: Sequence[str], split: Mapping[str, str]
) -> tuple[Places | None, Places | None]:
    tuning, held_out = (
        np.array([place for place, film in enumerate(ids) if split[film] == part], np.int64)
        for part in (TUNING, HELD_OUT)
    )
    return tuning if len(tuning) else None, held_out if len(held_out) else None


def require_apart(split: Mapping[str, str], patients: Mapping[str, str]) -> None:
    """Refuse a split with films of one patient in two parts.

    They would make films that no generator saw look near, and copies not.

    Args:
        split: film → part.
        patients: film → patient, of each film that is compared.
    """
    people = {
        part: {patients[film] for film in patients if split[film] == part}
        for part in (TUNING, HELD_OUT, CONTROL)
    }
    shared = set[str]().union(*(one & other for one, other in combinations(people.values(), 2)))
    if shared:
        raise SourceError(
            f"{len(shared)} patient(s) of the real films are in two parts of the split",
            remedy="give a split by patient, or none",
        )
