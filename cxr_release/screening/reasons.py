"""Codes of the reasons for which a reviewer may exclude a film."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from cxr_release import plain_yaml
from cxr_release.errors import DecisionError
from cxr_release.schemas import COPY, POSSIBLE_COPY
from cxr_release.screening.decision import PRESCREEN

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
