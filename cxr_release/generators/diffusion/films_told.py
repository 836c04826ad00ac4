"""The classes of the films that a run learns from, as stage `split` formed them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cxr_release.films.labels import read_labels
from cxr_release.generators.conditions import ToldFilms
from cxr_release.params.training import ConditionParams


def films_told(
    classes: Path, labels: Path, ids: Sequence[str], condition: ConditionParams
) -> ToldFilms | None:
    """What a run tells the network of its films; None where films are not drawn as classes.

    Args:
        classes: see `read_labels`.
        labels: likewise.
        ids: of the films, in their order.
        condition: what is asked for.

    Raises:
        DocumentError, TableError: a file is missing or holds something else.
    """
    if not condition.is_on:
        return None
    known = read_labels(classes, labels)
    return ToldFilms(known.names, [known.of[film] for film in ids], condition.drop)
