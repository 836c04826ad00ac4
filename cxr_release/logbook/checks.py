"""What any kind of line asks of its ids, hashes and words."""

from __future__ import annotations

import re
from collections.abc import Iterator

HEX64 = re.compile(r"[0-9a-f]{64}")
MAX_NOTE, MAX_ID = 2000, 255
"""Characters."""


def of_id(what: str, value: str) -> Iterator[str]:
    """An id has a length and no odd characters; `what` names it, as in `a film's id`."""
    if not 0 < len(value) <= MAX_ID or not value.isprintable():
        yield f"{what} has 1 to {MAX_ID} printable characters"


def of_sha256(what: str, value: str) -> Iterator[str]:
    """A hash is 64 hex digits; `what` names it, as in `the film's hash`."""
    if not HEX64.fullmatch(value):
        yield f"{what} is no SHA-256"


def of_note(value: str) -> Iterator[str]:
    """A note has a length."""
    if len(value) > MAX_NOTE:
        yield f"the note is longer than {MAX_NOTE} characters"


def of_text(what: str, value: str) -> Iterator[str]:
    """JSON can spell half a surrogate pair, which no file can hold; `what` names the text."""
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        yield f"{what} is no text"
