"""A type of entry of its own, with which the logs are tried: a remark on a topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cxr_release.logbook.entry import Entry, EntryType, Note, Statement
from cxr_release.logbook.logs import LogFolder

HASH = "a" * 64


@dataclass(frozen=True)
class NewRemark(Statement):
    topic: str
    word: Literal["good", "bad", "retract"] = "good"
    note: Note = ""

    @property
    def about(self) -> str:
        return self.topic

    @property
    def fingerprint(self) -> str:
        return HASH

    @property
    def retracts(self) -> bool:
        return self.word == "retract"


@dataclass(frozen=True)
class Remark(Entry, NewRemark):
    pass


REMARK = EntryType("remark", NewRemark, Remark)


def remark(index: int, word: Any = "good", note: str = "") -> NewRemark:
    return NewRemark(f"topic-{index:05d}", word, note)


def no_faults(logs: Mapping[str, Sequence[Remark]]) -> list[Any]:
    """What is wrong with entries that may be about anything."""
    return []


def verified(folder: Path) -> dict[str, Any]:
    """What verifying a folder of such logs returns."""
    return LogFolder(REMARK, folder, no_faults).verify()
