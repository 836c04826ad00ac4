"""One decision on one film: the kind of line that the screening logs hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from cxr_release.errors import DecisionError
from cxr_release.logbook import checks
from cxr_release.logbook.line import Chained, Kind, Place

PRESCREEN = "prescreen"
"""Under this name, and for the reason of this code, the automatic pre-screen decides."""

PAGE, TERMINAL = "page", "terminal"
"""How a decision came: on the page, which shows the film; or typed or piped, which shows none."""

Verb = Literal["keep", "exclude", "retract"]
VERBS: tuple[Verb, ...] = ("keep", "exclude", "retract")
CATEGORIES = ("keep", "exclude")
"""What can stand."""


class OnFilm(ABC):
    """What every decision on a film has, whatever is decided of it.

    No dataclass: the order of a line's keys is that of the fields, which each kind states itself.
    """

    image_id: str
    image_sha256: str
    note: str
    via: str

    @property
    def about(self) -> str:
        """The film's id."""
        return self.image_id

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the film's PNG bytes, as the reviewer saw them."""
        return self.image_sha256

    def malformed(self) -> Iterator[str]:
        """What is wrong with it in itself."""
        yield from checks.of_id("a film's id", self.image_id)
        yield from self._malformed()
        yield from checks.of_note(self.note)
        yield from checks.of_sha256("the film's hash", self.image_sha256)
        yield from checks.of_text("the note", self.note)
        if self.via not in {"", PAGE, TERMINAL}:
            yield f"via is neither {PAGE} nor {TERMINAL}"

    @abstractmethod
    def _malformed(self) -> Iterator[str]:
        """What is wrong with what is decided."""


@dataclass(frozen=True)
class _OnFilm(OnFilm):
    """What is decided, in a line and in the wish for one."""

    image_id: str
    image_sha256: str
    decision: Verb
    reason: str
    """Code of the reason: for an exclusion, and only there."""
    note: str
    via: str = field(default="", kw_only=True)
    """`PAGE` or `TERMINAL`; empty: not stated, as in lines from before it was asked."""

    @property
    def retracts(self) -> bool:
        """Whether it takes back what the reviewer decided on the film."""
        return self.decision == "retract"

    def _malformed(self) -> Iterator[str]:
        if self.decision not in VERBS:
            yield f"{self.decision!r} is none of {', '.join(VERBS)}"
        if bool(self.reason) != (self.decision == "exclude"):
            yield "an exclusion has a reason, and nothing else has"
        yield from checks.of_text("the reason", self.reason)


@dataclass(frozen=True)
class Wish(_OnFilm):
    """A decision that is not logged yet.

    Raises:
        DecisionError: it is malformed.
    """

    reason: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for fault in self.malformed():
            raise DecisionError(fault, where=repr(self.image_id[: checks.MAX_ID]))


@dataclass(frozen=True)
class Decision(Chained, _OnFilm, Place):
    """One line of a log: the fields of `Place`, of `_OnFilm` and of `Chained`, in this order."""


DECISION = Kind("decision", Wish, Decision)
