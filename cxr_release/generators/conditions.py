"""What a network is told of a film beside its pixels: its class, and whether it was mirrored.

A network that is told anything has a table with a row for each thing that it can be told: a row for
each class, one for films without a class, and, where it is told of mirrored films, all of these a
second time. The class is left out in a share of training's draws, so that the network also knows
films of no class, which guidance leads away from; that a film is mirrored is never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cxr_release.errors import CheckpointError
from cxr_release.params.limits import LONGEST_CLASS, MOST_CLASSES

Predict = Callable[[Tensor, Tensor], Any]
"""A network from (noisy films, diffusion times), whatever else it is told."""


@dataclass(frozen=True)
class Conditions:
    """What a network can be told."""

    classes: tuple[tuple[str, int], ...] = ()
    """Name of each class, in order, and how many films of it the network learns from."""
    mirrored: bool = False
    """Whether it is told which films were mirrored."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, in order."""
        return tuple(name for name, _ in self.classes)

    @property
    def none(self) -> int:
        """Row of films without a class that are as they were."""
        return len(self.classes)

    @property
    def rows(self) -> int | None:
        """Rows of the network's table; None: it is told nothing, and has none."""
        rows = (len(self.classes) + 1) * (2 if self.mirrored else 1)
        return rows if rows > 1 else None

    def codes(self, labels: Sequence[str | None]) -> NDArray[np.int64]:
        """Row of each film, not mirrored.

        Raises:
            CheckpointError: a class is not one of the network's.
        """
        rows: dict[str | None, int] = {name: row for row, name in enumerate(self.names)}
        rows[None] = self.none
        unknown = sorted({str(label) for label in labels if label not in rows})
        if unknown:
            raise CheckpointError(
                f"does not know the class(es) {', '.join(unknown)}",
                where="network",
                remedy=f"it knows {', '.join(self.names) or 'none'}",
            )
        return np.array([rows[label] for label in labels], np.int64)

    def codes_of(self, labels: Sequence[str | None] | None, films: int) -> NDArray[np.int64] | None:
        """Row of each of some films, not mirrored; None where the network is told nothing.

        Args:
            labels: class of each film, None of one that has none; of no use to a network without
                classes.
            films: how many there are.

        Raises:
            CheckpointError: the network has classes, and those of the films are not given or are
                others. It is never told `none` without a word.
        """
        if self.rows is None:
            return None
        if not self.classes:
            return np.full(films, self.none, np.int64)
        if labels is None:
            raise CheckpointError(
                "draws films as classes, and the films' classes are not given",
                where="network",
                remedy=f"give the class of each film: {', '.join(self.names)}",
            )
        return self.codes(labels)

    def plain(self) -> dict[str, Any]:
        """As a checkpoint states it; nothing of a network that is told nothing."""
        classes = [{"name": name, "films": films} for name, films in self.classes]
        return {
            **({"classes": classes} if classes else {}),
            **({"mirrored": True} if self.mirrored else {}),
        }


def read_conditions(raw: Mapping[str, Any]) -> Conditions:
    """What a checkpoint's record says of them.

    Raises:
        ValueError, KeyError, TypeError: it says what cannot be.
    """
    listed = raw.get("classes", [])
    if not isinstance(listed, list) or len(listed) > MOST_CLASSES or len(listed) == 1:
        raise ValueError(f"classes are not a list of 2 to {MOST_CLASSES}")
    classes = []
    for each in listed:
        name, films = each["name"], each["films"]
        if not isinstance(name, str) or not is_class_name(name):
            raise ValueError("a class does not have a name of printable characters")
        if type(films) is not int or not 0 <= films < 2**62:
            raise ValueError(f"{films!r} is not a number of films")
        classes.append((name, films))
    if len({name for name, _ in classes}) < len(classes):
        raise ValueError("two classes have one name")
    mirrored = raw.get("mirrored", False)
    if type(mirrored) is not bool:
        raise ValueError("mirrored is neither true nor false")
    return Conditions(tuple(classes), mirrored)


def is_class_name(name: str) -> bool:
    """Whether a text can be the name of a class."""
    return 0 < len(name) <= LONGEST_CLASS and name.isprintable() and name == name.strip()


@dataclass(frozen=True)
class ToldFilms:
    """The classes of the films that a run learns from."""

    names: Sequence[str]
    """Of the classes, in order."""
    labels: Sequence[str | None]
    """Class of each film; None of one without."""
    drop: float
    """Share of the draws in which the class is left out."""

    def conditions(self, *, mirrored: bool) -> Conditions:
        """What the network of this run can be told."""
        labels = list(self.labels)
        return Conditions(tuple((name, labels.count(name)) for name in self.names), mirrored)


def told(predict: Callable[..., Any], codes: NDArray[np.int64] | None, device: Any) -> Predict:
    """The network, told what it is told of the films at hand; itself where that is nothing.

    Args:
        predict: the network, or its compiled form.
        codes: (b,) rows; see `Conditions.codes_of`.
        device: where it is computed.
    """
    if codes is None:
        return predict
    rows = torch.from_numpy(codes).to(device)
    return lambda noisy, times: predict(noisy, times, class_labels=rows)
