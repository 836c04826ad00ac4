"""The classes that films are drawn as, and the class of each real film: what stage `split` wrote.

Where films are not drawn as classes, both are there and empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import TypedDict

from cxr_release import json_documents, schemas, tables
from cxr_release.errors import REMAKE, DocumentError, Fault, ParamsError

Balance = str | Mapping[str, float]
"""How many films of each class: `source`, `uniform`, or share by class."""


class FilmClass(TypedDict):
    """A class, and how many films that are trained on are of it."""

    name: str
    films: int
    patients: int
    """Or cases, or films: see `Classes.by`."""


class Classes(TypedDict):
    """`classes.json`."""

    fact: str
    """What the classes are of, such as `curvature`; empty where there are none."""
    by: str
    """What `patients` counts: `patient`, or `case` or `film` where patients are not stated."""
    classes: list[FilmClass]
    """In their order: the first one is class 0 of a network."""
    unlabelled: int
    """Films that are trained on and of which the class is not known."""


@dataclass(frozen=True)
class Labels:
    """Classes, and whose each real film is."""

    classes: tuple[FilmClass, ...]
    of: Mapping[str, str | None]
    """Id of each film in a part, control films too → name of its class; None: not known."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, in order."""
        return tuple(each["name"] for each in self.classes)


def read_classes(path: Path) -> Classes:
    """The classes alone.

    Raises:
        DocumentError: the file is missing or holds something else.
    """
    return json_documents.read(path, Classes)


def read_labels(classes: Path, labels: Path) -> Labels:
    """The classes and the class of each real film.

    Args:
        classes: `classes.json`.
        labels: the `schemas.LABELS` table beside it.

    Raises:
        DocumentError, TableError: one of them is missing or holds something else.
    """
    document = read_classes(classes)
    table = tables.read(labels, schemas.LABELS)
    of = dict(zip(table["id"].to_pylist(), table["label"].to_pylist(), strict=True))
    known = [each["name"] for each in document["classes"]]
    if len({*known}) < len(known) or {*of.values()} - {*known, None}:
        raise DocumentError(
            "does not have the classes of labels.parquet", where=str(classes), remedy=REMAKE
        )
    return Labels(tuple(document["classes"]), of)


def require_classes(names: Sequence[str], balance: Balance) -> None:
    """Refuse shares of classes that are not there.

    Raises:
        ParamsError: with one fault for each.
    """
    unknown = [] if isinstance(balance, str) else sorted({*balance} - {*names})
    if unknown:
        raise ParamsError(
            "names classes that no film has",
            where="condition.balance",
            remedy=f"the classes are {', '.join(names)}",
            faults=[Fault(f"condition.balance.{name}", "is not a class") for name in unknown],
        )
