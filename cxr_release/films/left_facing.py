"""`left-facing.txt` beside the films: a few of them that somebody knows to face left."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from cxr_release.errors import Fault, SourceError
from cxr_release.files import read_bounded
from cxr_release.spelling import by_form

LEFT_FACING = "left-facing.txt"
MAX_BYTES = 2**20
SHOWN = 128
"""Characters of a line that an error repeats."""


def read_left_facing(path: Path, films: Collection[str]) -> frozenset[str]:
    """Films that a list names: a file's name or its stem a line, `#` before a comment.

    Args:
        path: the list.
        films: names of all films of the source, bad ones too.

    Returns:
        Some of `films`.

    Raises:
        SourceError: the list cannot be read, or names what is no film; with every such line.
    """
    named: dict[str, set[str]] = {}
    for film in films:
        for name in (film, PurePosixPath(film).name, PurePosixPath(film).stem):
            named.setdefault(name, set()).add(film)
    forms = by_form(named)
    found: set[str] = set()
    faults = []
    for number, line in _lines(path):
        name = line if line in forms else line.partition(" #")[0].strip()
        name = forms.get(name, name)
        if name in named:
            found |= named[name]
        else:
            near = difflib.get_close_matches(name[:SHOWN], sorted(named), n=3, cutoff=0)
            faults.append(
                Fault(
                    f"{LEFT_FACING} line {number}",
                    f"{name[:SHOWN]!a} is no film of the source",
                    f"nearest: {', '.join(near)}",
                )
            )
    if faults:
        raise SourceError(f"names {len(faults)} unknown film(s)", where=str(path), faults=faults)
    return frozenset(found)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is neither empty nor a comment."""
    try:
        text = read_bounded(path, MAX_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise SourceError("is no UTF-8 text", where=str(path)) from error
    for number, line in enumerate(text.split("\n"), start=1):
        name = line.strip()
        if name and not name.startswith("#"):
            yield number, name
