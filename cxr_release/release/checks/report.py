"""Collects faults from many checks, so that all of them are reported at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cxr_release import tables
from cxr_release.errors import AGAIN, CxrReleaseError, Fault, ReleaseError
from cxr_release.json_documents import read
from cxr_release.tables import Table


class Collector:
    """Faults found so far, and what has been checked."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.tables: dict[str, int] = {}
        """Table → rows read."""
        self.rules: dict[str, int] = {}
        """Rule → things that it was applied to."""

    def add(self, where: object, what: str, remedy: str = "") -> None:
        """Note a fault."""
        self.faults.append(Fault(str(where), what, remedy))

    def applied(self, rule: str, things: int) -> None:
        """Note that `rule` was applied to so many things more."""
        self.rules[rule] = self.rules.get(rule, 0) + things

    def compare(self, where: str, stated: object, true: object, remedy: str) -> None:
        """Note a fault where a summary says something else than its table."""
        if stated != true:
            self.add(where, f"says {stated}, the table holds {true}", remedy)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Take the faults of an error raised inside, and go on behind the block."""
        try:
            yield
        except CxrReleaseError as error:
            faults = error.faults or [Fault(error.where, error.what)]
            self.faults.extend(replace(one, remedy=one.remedy or error.remedy) for one in faults)

    def rows(self, path: Path, kind: Table) -> list[dict[str, Any]] | None:
        """The flat columns of a table, or None where it departs from its schema."""
        with self.collecting():
            rows = tables.read_rows(path, kind)
            self.tables[f"{path.parent.name}/{path.name}"] = len(rows)
            return rows
        return None

    def document(self, path: Path, keys: dict[str, type]) -> dict[str, Any] | None:
        """A JSON object whose `keys` have the given types, or None where it is none."""
        value: dict[str, Any] | None = None
        with self.collecting():
            value = read(path, dict[str, Any])
        if value is None:
            return None
        wrong = [key for key, kind in keys.items() if not isinstance(value.get(key), kind)]
        for key in wrong:
            self.add(f"{path}: key {key}", f"missing, or no {keys[key].__name__}", AGAIN)
        return None if wrong else value

    def finish(self) -> None:
        """Raise everything that was found.

        Raises:
            ReleaseError: with all faults, sorted, each once.
        """
        if self.faults:
            faults = sorted(set(self.faults))
            raise ReleaseError(
                f"{len(faults)} fault(s) stand between these films and a release", faults=faults
            )


def value_at(document: Any, name: str) -> Any:
    """What stands under `name`, whose dots lead from mapping to mapping; None of nothing."""
    for key in name.split("."):
        document = document.get(key) if isinstance(document, Mapping) else None
    return document
