"""Names that people read as one although they are spelt differently."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable

REVIEWER = re.compile(r"(?!.*\.\.)[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
"""A person's name in settings and logs: it is the name of a file, too."""

_INVISIBLE = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}
_IGNORABLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")
"""Characters of no width beyond those of `_INVISIBLE`: fillers and variation selectors."""


def folded(name: str) -> str:
    """What is left of a name without what a person does not see or reads over.

    Case, the form of Unicode (NFKC, and digits of any script), white space and characters of no
    width make no difference: `r1`, `R1` and `ｒ１` are one.
    """
    # What was left out may have held apart what Unicode composes.
    while (shorter := _once(name)) != name:
        name = shorter
    return name


def _once(name: str) -> str:
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    visible = (
        character for character in plain if unicodedata.category(character) not in _INVISIBLE
    )
    return _IGNORABLE.sub(
        "", "".join(str(unicodedata.decimal(character, character)) for character in visible)
    )


def spellings(names: Iterable[str]) -> list[list[str]]:
    """Names that are one name in several spellings: each with all of its spellings, sorted."""
    groups: dict[str, set[str]] = defaultdict(set)
    for name in names:
        groups[folded(name)].add(name)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def one_person(group: Iterable[str], noun: str) -> str:
    """What is wrong with several spellings of a person's name: `r1 and R1: one reader under …`."""
    *earlier, last = (
        name if _is_plain(name) else ascii(name)
        for name in sorted(group, key=lambda name: (not _is_plain(name), name.swapcase()))
    )
    number = "two" if len(earlier) == 1 else str(len(earlier) + 1)
    return f"{', '.join(earlier)} and {last}: one {noun} under {number} spellings"


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isprintable()


def did_you_mean(name: str, known: Collection[str]) -> str:
    """`did you mean A, B?`, of the known names most like one; empty where none is like it."""
    near = difflib.get_close_matches(name, sorted(known), n=3)
    return f"did you mean {', '.join(near)}?" if near else ""


def by_form(names: Collection[str]) -> dict[str, str]:
    """Names by themselves, and by every form of Unicode in which only one of them is meant.

    File systems and spreadsheets write one name in different forms; a person sees no difference.
    """
    names_of: dict[str, set[str]] = defaultdict(set)
    for name in names:
        for form in ("NFC", "NFD"):
            names_of[unicodedata.normalize(form, name)].add(name)
    forms = {form: min(candidates) for form, candidates in names_of.items() if len(candidates) == 1}
    return forms | {name: name for name in names}
