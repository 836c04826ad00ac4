"""What the checks found: differences that can be shown, however hostile what they quote is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cxr_release.errors import CxrReleaseError, Fault
from cxr_release.release.checks.report import Collector

MOST = 10_000
"""Differences that are named; beyond them there is only their number."""
LONGEST = 400
"""Characters of a text that is quoted."""

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Where an object lies in memory, which libraries' messages tell and nobody needs to know."""

Kinds = type | tuple[type, ...]


def is_a(value: object, kinds: Kinds) -> bool:
    """`isinstance`, but for bool, which is no number."""
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    return isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)


class Findings(Collector):
    """Differences between a folder and what it says of itself, and what has been checked."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._below = f"{root}/"
        self.unnamed = 0
        """Differences beyond `MOST`."""
        self.notes: list[str] = []
        """Sentences on what could not be checked."""

    def note(self, text: str) -> None:
        """Note what could not be checked, and is no difference."""
        self.notes.append(self._plain(text))

    def add(self, where: object, what: str, remedy: str = "") -> None:
        """Note a difference: files by their name below the folder, texts made printable."""
        if len(self.faults) < MOST:
            self.faults.append(Fault(*map(self._plain, (str(where), what, remedy))))
        else:
            self.unnamed += 1

    def _plain(self, text: str) -> str:
        short = _ADDRESS.sub("", text[: 9 * LONGEST].replace(self._below, ""))
        short = short[:LONGEST] + "…" * (len(short) > LONGEST)
        return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in short)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Take the faults of an error raised inside, and go on behind the block."""
        try:
            yield
        except CxrReleaseError as error:
            for fault in error.faults or [Fault(error.where, error.what)]:
                self.add(fault.where, fault.what)

    @contextmanager
    def trying(self, where: str) -> Iterator[None]:
        """Take whatever a hostile file makes a check raise as a difference of that file."""
        try:
            with self.collecting():
                yield
        except Exception as error:  # noqa: BLE001 - the file decides what is raised, not this code
            self.add(where, f"cannot be checked: {type(error).__name__}: {error}")

    def says(self, where: str, stated: object, true: object, of: str = "the tables") -> None:
        """Note where a statement is not what the tables, or another witness, come to."""
        if type(stated) is not type(true) or stated != true:
            self.add(where, f"says {short(stated)}, {of} say {short(true)}")

    @property
    def differences(self) -> list[Fault]:
        """All of them, sorted, each once."""
        more = [Fault("", f"{self.unnamed:,} more differences")] if self.unnamed else []
        return sorted(set(self.faults)) + more


def short(value: object) -> str:
    """A value as a difference quotes it."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST // 4 else text[: LONGEST // 4] + "…"
