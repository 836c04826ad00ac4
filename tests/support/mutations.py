"""Every number of a document in a release, altered by one digit: does verification notice it?"""

from __future__ import annotations

import gc
import hashlib
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cxr_release.release.verify import verify

NUMBER = re.compile(
    r"(?<![0-9A-Za-z])(?=[a-f]*[0-9])[0-9a-f]{16,64}(?![0-9A-Za-z])"  # a hash, or a part of one
    r"|[0-9]+(?:[.,][0-9]+)*"
)
"""A number: a longest run of digits, with decimal points and thousands commas between them.

So a version (1.0.0) is one number, and so is a hash in hex; the exponent of 2e-05 is another one.
"""
WITH_HASHES = ("croissant.json", "SHA256SUMS")
"""Files that state the hashes of others; the first one's own stands in the second."""
AROUND = 40
"""Characters that are shown before and behind an altered number."""


@dataclass(frozen=True)
class Mutation:
    """A text with the last digit of one number altered."""

    line: int
    """In which the number stands, from 1."""
    was: str
    """The number."""
    now: str
    """What stands in its place."""
    before: str
    """What stands before it in its line, as far as it is shown."""
    behind: str
    """What stands behind it, likewise."""
    text: str
    """The whole altered text."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.before}[{self.was} → {self.now}]{self.behind}"


def mutations_of(text: str) -> Iterator[Mutation]:
    """One mutation for each number of a text, in its order."""
    for found in NUMBER.finditer(text):
        was = found[0]
        place = max(place for place, letter in enumerate(was) if letter.isdigit())
        now = was[:place] + str((int(was[place]) + 1) % 10) + was[place + 1 :]
        begin, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.end())
        yield Mutation(
            line=text.count("\n", 0, found.start()) + 1,
            was=was,
            now=now,
            before=text[max(begin, found.start() - AROUND) : found.start()],
            behind=text[found.end() : min(end if end >= 0 else len(text), found.end() + AROUND)],
            text=text[: found.start()] + now + text[found.end() :],
        )


def sampled(mutations: list[Mutation], most: int) -> list[Mutation]:
    """At most so many of them, always the same ones; all of them for 0."""
    if not most or len(mutations) <= most:
        return mutations
    places = sorted(random.Random(0).sample(range(len(mutations)), most))
    return [mutations[place] for place in places]


@contextmanager
def many_times() -> Iterator[None]:
    """Make verification quick inside the block: statsmodels has all garbage collected, thrice in
    each analysis of a reader study, and what lies in memory by now is no garbage.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def is_noticed(folder: Path, name: str, text: str) -> bool:
    """Whether verification names a difference once a file of a sound release has another text.

    Its hash is made anew wherever it stands, as a careful forger would. All files are put back.

    Args:
        folder: the release; nobody else may look at it meanwhile.
        name: of the file.
        text: what it is to hold.
    """
    before = {one: (folder / one).read_bytes() for one in (name, *WITH_HASHES)}
    now = before | {name: text.encode()}
    for fromkey in dict.fromkeys((name, *WITH_HASHES)):
        old, new = (hashlib.sha256(some[fromkey]).hexdigest().encode() for some in (before, now))
        for other in WITH_HASHES:
            if other != fromkey:
                now[other] = now[other].replace(old, new)
    try:
        for one, data in now.items():
            (folder / one).write_bytes(data)
        return bool(verify(folder)["differences"])
    finally:
        for one, data in before.items():
            (folder / one).write_bytes(data)
