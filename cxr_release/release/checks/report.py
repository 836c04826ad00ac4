"""What checks find: all faults at once, and to how many things each rule was applied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cxr_release import tables
from cxr_release.errors import CxrReleaseError, Fault, ReleaseError
from cxr_release.json_documents import read
from cxr_release.tables import Table

T = TypeVar("T")
MOST = 10_000
"""Faults that are named; beyond them there is only their number."""
LONGEST = 400
"""Characters of a text that is quoted."""
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Where an object lies in memory, which libraries' messages tell and nobody needs to know."""


@dataclass(frozen=True)
class Place:
    """Where something is stated, and what to do where it is not true."""

    where: str
    remedy: str = ""

    def at(self, key: str) -> Place:
        """A key or row there."""
        return Place(f"{self.where}: {key}", self.remedy)

    def column(self, name: str) -> Place:
        """A column of the row that this is."""
        return Place(f"{self.where}, column {name}", self.remedy)


class CheckReport:
    """Faults of a release, and what has been checked.

    Args:
        root: the folder, where strangers made it: its files are then called by their names below
            it, and what is quoted of them is made short and printable.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.faults: list[Fault] = []
        self.unnamed = 0
        """Faults beyond `MOST`."""
        self.notes: list[str] = []
        """Sentences on what could not be checked."""
        self.tables: dict[str, int] = {}
        """Table → rows read."""
        self.rules: dict[str, int] = {}
        """Rule → things that it was applied to."""
        self._below = None if root is None else f"{root}/"

    def add(self, where: object, what: str, remedy: str = "") -> None:
        """Note a fault, at a `Place` or wherever a text says."""
        if isinstance(where, Place):
            remedy = remedy or where.remedy
            where = where.where
        if len(self.faults) < MOST:
            self.faults.append(Fault(*map(self._plain, (str(where), what, remedy))))
        else:
            self.unnamed += 1

    def note(self, text: str) -> None:
        """Note what could not be checked, and is not a fault."""
        self.notes.append(self._plain(text))

    def applied(self, rule: str, things: int) -> None:
        """Note that `rule` was applied to so many things more."""
        self.rules[rule] = self.rules.get(rule, 0) + things

    def says(self, where: object, stated: object, true: object, of: str = "the tables") -> None:
        """Note where a statement is not what the tables, or another witness, come to."""
        if type(stated) is not type(true) or stated != true:
            self.add(where, f"says {short(stated)}, {of} say {short(true)}")

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Take the faults of an error raised inside, and go on behind the block."""
        try:
            yield
        except CxrReleaseError as error:
            for fault in error.faults or [Fault(error.where, error.what)]:
                # How to make a file again is no remedy for one that a stranger made.
                remedy = "" if self._below else fault.remedy or error.remedy
                self.add(fault.where, fault.what, remedy)

    @contextmanager
    def trying(self, where: str) -> Iterator[None]:
        """Take whatever a hostile file makes a check raise as a fault of that file."""
        try:
            with self.collecting():
                yield
        except Exception as error:  # noqa: BLE001 - the file decides what is raised, not this code
            self.add(where, f"cannot be checked: {type(error).__name__}: {error}")

    def rows(self, path: Path, kind: Table, name: str = "") -> list[dict[str, Any]] | None:
        """The flat columns of a table, or None where it departs from its schema.

        Args:
            path: the table.
            kind: what it holds.
            name: what its rows are counted under, with those of others of this name; empty: under
                its own.
        """
        with self.collecting():
            rows = tables.read_rows(path, kind)
            name = name or f"{path.parent.name}/{path.name}"
            self.tables[name] = self.tables.get(name, 0) + len(rows)
            return rows
        return None

    def document(self, path: Path, shape: type[T]) -> T | None:
        """A JSON document, or None where it is not of that shape."""
        with self.collecting():
            return read(path, shape)
        return None

    @property
    def differences(self) -> list[Fault]:
        """All faults, sorted, each once."""
        more = [Fault("", f"{self.unnamed:,} more differences")] if self.unnamed else []
        return sorted(set(self.faults)) + more

    def finish(self) -> None:
        """Raise everything that was found.

        Raises:
            ReleaseError: with all faults, sorted, each once.
        """
        if self.faults:
            faults = self.differences
            raise ReleaseError(
                f"{len(faults)} fault(s) stand between these films and a release", faults=faults
            )

    def _plain(self, text: str) -> str:
        if self._below is None:
            return text
        plain = _ADDRESS.sub("", text[: 9 * LONGEST].replace(self._below, ""))
        plain = plain[:LONGEST] + "…" * (len(plain) > LONGEST)
        return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in plain)


def short(value: object) -> str:
    """A value as a fault quotes it."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST // 4 else text[: LONGEST // 4] + "…"
