"""One verdict on one pair, a real and a synthetic film: the kind of line of the audit's logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from cxr_release.errors import DecisionError
from cxr_release.logbook import chain
from cxr_release.logbook.entry import Chained, Kind, Place

Word = Literal["copy", "not-a-copy", "unsure", "retract"]
WORDS: tuple[Word, ...] = get_args(Word)

Pair = tuple[str, str]
"""Id of the real film, and of the synthetic one."""


@dataclass(frozen=True)
class _OnPair:
    """What is judged, in a line and in the wish for one."""

    real_id: str
    real_sha256: str
    synthetic_id: str
    synthetic_sha256: str
    verdict: Word
    note: str

    @property
    def about(self) -> Pair:
        """The pair."""
        return self.real_id, self.synthetic_id

    @property
    def fingerprint(self) -> tuple[str, str]:
        """SHA-256 of both films' PNG bytes, the real one's first."""
        return self.real_sha256, self.synthetic_sha256

    @property
    def retracts(self) -> bool:
        """Whether it takes back what the reviewer judged of the pair."""
        return self.verdict == "retract"

    def malformed(self) -> Iterator[str]:
        """What is wrong with it in itself."""
        yield from chain.of_id("a real film's id", self.real_id)
        yield from chain.of_sha256("the real film's hash", self.real_sha256)
        yield from chain.of_id("a synthetic film's id", self.synthetic_id)
        yield from chain.of_sha256("the synthetic film's hash", self.synthetic_sha256)
        if self.verdict not in WORDS:
            yield f"{self.verdict!r} is none of {', '.join(WORDS)}"
        yield from chain.of_note(self.note)
        yield from chain.of_text("the note", self.note)


@dataclass(frozen=True)
class Judgement(_OnPair):
    """A verdict that is not logged yet.

    Raises:
        DecisionError: it is malformed.
    """

    note: str = ""

    def __post_init__(self) -> None:
        for fault in self.malformed():
            pair = " and ".join(one[: chain.MAX_ID] for one in self.about)
            raise DecisionError(fault, where=repr(pair))


@dataclass(frozen=True)
class Verdict(Chained, _OnPair, Place):
    """One line of a log: the fields of `Place`, of `_OnPair` and of `Chained`, in this order."""


VERDICT = Kind("verdict", Judgement, Verdict)
