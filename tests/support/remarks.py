"""A kind of line of its own, with which the logs are tried: a remark on a topic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cxr_release.errors import DecisionError
from cxr_release.logbook import chain
from cxr_release.logbook.entry import Chained, Kind, Place

HASH = "a" * 64


@dataclass(frozen=True)
class _OnTopic:
    topic: str
    word: str
    note: str

    @property
    def about(self) -> str:
        return self.topic

    @property
    def fingerprint(self) -> str:
        return HASH

    @property
    def retracts(self) -> bool:
        return self.word == "retract"

    def malformed(self) -> Iterator[str]:
        if self.word not in {"good", "bad", "retract"}:
            yield f"{self.word!r} is no word"
        yield from chain.of_text("the note", self.note)


@dataclass(frozen=True)
class Remark(_OnTopic):
    word: str = "good"
    note: str = ""

    def __post_init__(self) -> None:
        for fault in self.malformed():
            raise DecisionError(fault)


@dataclass(frozen=True)
class Remarked(Chained, _OnTopic, Place):
    pass


REMARK = Kind("remark", Remark, Remarked)


def remark(index: int, word: str = "good", note: str = "") -> Remark:
    return Remark(f"topic-{index:05d}", word, note)
