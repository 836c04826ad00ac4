"""One decision on one film: the kind of line that the screening logs hold.

Codes of the reasons for which a reviewer may exclude a film.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cxr_release import plain_yaml
from cxr_release.errors import DecisionError
from cxr_release.logbook import chain
from cxr_release.logbook.entry import Chained, Kind, Place
from cxr_release.schemas import COPY, POSSIBLE_COPY

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
        yield from chain.of_id("a film's id", self.image_id)
        yield from self._malformed()
        yield from chain.of_note(self.note)
        yield from chain.of_sha256("the film's hash", self.image_sha256)
        yield from chain.of_text("the note", self.note)
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
        yield from chain.of_text("the reason", self.reason)


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
            raise DecisionError(fault, where=repr(self.image_id[: chain.MAX_ID]))


@dataclass(frozen=True)
class Decision(Chained, _OnFilm, Place):
    """One line of a log: the fields of `Place`, of `_OnFilm` and of `Chained`, in this order."""


DECISION = Kind("decision", Wish, Decision)

CODE = re.compile(r"[a-z0-9][a-z0-9-]*")
WITHDRAWN = "withdrawn-"
"""What the codes begin with that are given on withdrawal alone."""
OTHER = "other"
"""The reason that says nothing without a note."""
_AGAIN = "mend it, or restore it (`git checkout`)"
_NOT_THEIRS = (PRESCREEN, COPY, POSSIBLE_COPY)


def load_reasons(path: Path) -> dict[str, str]:
    """Read code → one-line meaning, in the file's order.

    Raises:
        DecisionError: the file is no such mapping.
    """
    try:
        raw = plain_yaml.of_file(path)
    except (OSError, plain_yaml.NotPlainError) as error:
        said = error.strerror if isinstance(error, OSError) else f"no plain YAML: {error}"
        raise DecisionError(f"cannot be read: {said}", where=str(path), remedy=_AGAIN) from error
    if not isinstance(raw, dict) or not all(
        isinstance(code, str)
        and CODE.fullmatch(code)
        and isinstance(meaning, str)
        and "\n" not in meaning.strip()
        for code, meaning in raw.items()
    ):
        raise DecisionError(
            "expected `code: one-line meaning`, line by line", where=str(path), remedy=_AGAIN
        )
    return {code: meaning.strip() for code, meaning in raw.items()}


def of_people(reasons: Mapping[str, str]) -> dict[str, str]:
    """The reasons that a reviewer of films may give: no pre-screen's, audit's or withdrawal's.

    Who screens never sees a source film, and cannot say what copies one.
    """
    return {
        code: text
        for code, text in reasons.items()
        if code not in _NOT_THEIRS and not code.startswith(WITHDRAWN)
    }


def of_withdrawals(reasons: Mapping[str, str]) -> dict[str, str]:
    """The reasons for which a published film may be withdrawn: all but the pre-screen's."""
    return {code: text for code, text in reasons.items() if code != PRESCREEN}


def lacks_note(reason: str, note: str) -> str:
    """What is wrong with a new decision for this reason and with this note; nothing: empty."""
    lacks = reason == OTHER and not note.strip()
    return f"the reason {OTHER!r} needs a note that says which abnormality" if lacks else ""
