"""People's statements on one film: its decision, or which way it faces; and the reasons' codes.

Both are types of entries of their own, in logs of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, get_args

from cxr_release import plain_yaml
from cxr_release.errors import DecisionError
from cxr_release.logbook.entry import Entry, EntryType, Note, Statement, identifier, sha256, text
from cxr_release.schemas import COPY, POSSIBLE_COPY

PRESCREEN = "prescreen"
"""Under this name, and for the reason of this code, the automatic pre-screen decides."""

Via = Literal["", "page", "terminal"]
"""How a decision came; empty: not stated, as in lines from before it was asked."""
PAGE: Via = "page"
"""The page, which shows the film."""
TERMINAL: Via = "terminal"
"""It was typed or piped, and no film was shown."""

Verb = Literal["keep", "exclude", "retract"]
VERBS: tuple[Verb, ...] = get_args(Verb)
CATEGORIES = ("keep", "exclude")
"""What can be in effect."""
Faces = Literal["left", "right", "unknown", "retract"]


@dataclass(frozen=True)
class OnFilm(Statement):
    """A statement on a film."""

    image_id: Annotated[str, identifier("a film's id")]
    image_sha256: Annotated[str, sha256("the film's hash")]
    """Of the film's PNG bytes, as the reviewer saw them."""

    @property
    def about(self) -> str:
        """The film's id."""
        return self.image_id

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what was shown."""
        return self.image_sha256


@dataclass(frozen=True)
class NewDecision(OnFilm):
    """A decision on whether a film is released; see `Statement`."""

    decision: Verb
    reason: Annotated[str, text("the reason")] = ""
    """Code of the reason: for an exclusion, and only there."""
    note: Note = ""
    via: Via = field(default="", kw_only=True)

    @property
    def retracts(self) -> bool:
        """Whether it takes back what the reviewer decided on the film."""
        return self.decision == "retract"

    def _contradictions(self) -> Iterator[str]:
        if bool(self.reason) != (self.decision == "exclude"):
            yield "an exclusion has a reason, and nothing else has"


@dataclass(frozen=True)
class Decision(Entry, NewDecision):
    """A decision in its log."""


DECISION = EntryType("decision", NewDecision, Decision)


@dataclass(frozen=True)
class NewFacing(OnFilm):
    """A decision on the way that a film faces, as it was shown; see `Statement`."""

    faces: Faces
    """`unknown`: it cannot be told; `retract`: the reviewer's earlier statement is taken back."""
    note: Note = ""
    via: Via = field(default="", kw_only=True)

    @property
    def retracts(self) -> bool:
        """Whether it takes back the reviewer's statement on the film."""
        return self.faces == "retract"


@dataclass(frozen=True)
class FacingDecision(Entry, NewFacing):
    """A decision on facing in its log."""


FACING = EntryType("facing decision", NewFacing, FacingDecision)

CODE = re.compile(r"[a-z0-9][a-z0-9-]*")
WITHDRAWN = "withdrawn-"
"""What the codes begin with that are given on withdrawal alone."""
OTHER = "other"
"""The reason that says nothing without a note."""
_REMEDY = "mend it, or restore it (`git checkout`)"
_NOT_THEIRS = (PRESCREEN, COPY, POSSIBLE_COPY)


def load_reasons(path: Path) -> dict[str, str]:
    """Read code → one-line meaning, in the file's order.

    Raises:
        DecisionError: the file is not such a mapping.
    """
    try:
        raw = plain_yaml.of_file(path)
    except (OSError, plain_yaml.NotPlainError) as error:
        why = error.strerror if isinstance(error, OSError) else f"not plain YAML: {error}"
        raise DecisionError(f"cannot be read: {why}", where=str(path), remedy=_REMEDY) from error
    if not isinstance(raw, dict) or not all(
        isinstance(code, str)
        and CODE.fullmatch(code)
        and isinstance(meaning, str)
        and "\n" not in meaning.strip()
        for code, meaning in raw.items()
    ):
        raise DecisionError(
            "expected `code: one-line meaning`, line by line", where=str(path), remedy=_REMEDY
        )
    return {code: meaning.strip() for code, meaning in raw.items()}


def of_people(reasons: Mapping[str, str]) -> dict[str, str]:
    """The reasons that a reviewer of films may give: not the pre-screen's, audit's or withdrawal's.

    Who screens never sees a source film, and cannot say what copies one.
    """
    return {
        code: meaning
        for code, meaning in reasons.items()
        if code not in _NOT_THEIRS and not code.startswith(WITHDRAWN)
    }


def of_withdrawals(reasons: Mapping[str, str]) -> dict[str, str]:
    """The reasons for which a published film may be withdrawn: all but the pre-screen's."""
    return {code: meaning for code, meaning in reasons.items() if code != PRESCREEN}


def missing_note(reason: str, note: str) -> str:
    """What is wrong with a new decision for this reason and with this note; nothing: empty."""
    lacks = reason == OTHER and not note.strip()
    return f"the reason {OTHER!r} needs a note that says which abnormality" if lacks else ""
