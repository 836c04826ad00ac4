"""The tables of a card, as its readers see them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_RULE = re.compile(r"\|(\s*:?-+:?\s*\|)+")
_BAR = re.compile(r"(?<!\\)\|")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>#|~$!+=-])")


@dataclass(frozen=True)
class Shown:
    """One table of a card."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def columns(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """The cells of some columns, row by row; "" where a row is too short."""
        places = [self.header.index(name) for name in names]
        return [tuple(row[at] if at < len(row) else "" for at in places) for row in self.rows]


def tables_of(body: str) -> list[Shown]:
    """Every pipe table of a Markdown text, cells without their marks."""
    lines = [line.strip() for line in body.split("\n")]
    found, at = [], 0
    while at + 1 < len(lines):
        if lines[at].startswith("|") and _RULE.fullmatch(lines[at + 1]):
            header, at = cells_of(lines[at]), at + 2
            rows = []
            while at < len(lines) and lines[at].startswith("|"):
                rows.append(cells_of(lines[at]))
                at += 1
            found.append(Shown(header, tuple(rows)))
        else:
            at += 1
    return found


def cells_of(line: str) -> tuple[str, ...]:
    """The cells of one line of a table."""
    return tuple(plain(cell) for cell in _BAR.split(line.strip().strip("|")))


def plain(text: str) -> str:
    """Text without the marks of bold and code, and without escapes."""
    bare = text.strip().removeprefix("**").removesuffix("**").strip("`")
    return _ESCAPED.sub(r"\1", bare).replace("&amp;", "&")
