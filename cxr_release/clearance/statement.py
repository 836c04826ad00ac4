"""A person's decision on a real film: whether anything on it may identify somebody.

A log of such decisions lies in git. So it names a film by its opaque id, and what was shown by an
HMAC under the film key: who has a film cannot look up whether it was trained on. It has no field
for free text, into which somebody could type the very name that stands on the film.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from cxr_release.films.film_key import REAL_ID
from cxr_release.logbook.entry import Entry, EntryType, Statement, matching, sha256

Shown = tuple[str, str]
"""A real film as it was shown: its opaque id, and the HMAC of its file's content."""
Word = Literal["clear", "text", "retract"]
WORDS: tuple[Word, ...] = get_args(Word)
CLEAR: Word = "clear"
"""Nothing on the film identifies anybody."""
TEXT: Word = "text"
"""It shows text or a mark that may identify somebody."""


@dataclass(frozen=True)
class NewClearance(Statement):
    """A decision on one real film that is not logged yet; see `Statement`."""

    real_id: Annotated[str, matching(REAL_ID, "the film's id is not one of a real film")]
    content: Annotated[str, sha256("the film's content")]
    """See `FilmKey.content`."""
    decision: Word

    @property
    def about(self) -> Shown:
        """The film as it was shown: of a file that has changed since, nothing was said."""
        return self.real_id, self.content

    @property
    def fingerprint(self) -> str:
        """What was shown."""
        return self.content

    @property
    def where(self) -> str:
        """The film in a message."""
        return repr(self.real_id[:32])

    @property
    def retracts(self) -> bool:
        """Whether it only takes back what the person said of the film."""
        return self.decision == "retract"


@dataclass(frozen=True)
class Clearance(Entry, NewClearance):
    """A decision in its log."""


CLEARANCE = EntryType("clearance decision", NewClearance, Clearance)
