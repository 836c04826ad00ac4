"""Tables beside films, such as `metadata.csv`: no film is in them, and nothing of them is taken in.

Where one lists files, the list and the films are held against each other: a dataset that lacks half
of what its table names is not what its publishers meant.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from cxr_release.files import read_bounded
from cxr_release.films.folder import printable
from cxr_release.films.limits import MAX_PATIENTS_BYTES

FILE_COLUMNS = frozenset(
    {"file", "filename", "file_name", "image", "image_path", "path", "file_path", "filepath"}
)
SHOWN = 3


def told_of(path: Path, films: Collection[str]) -> Iterator[str]:
    """Sentences on a table: that it cannot be read, or what it and the films lack of each other.

    Args:
        path: the table.
        films: names of all films below the folder, parts joined by `/`.
    """
    if path.suffix.lower() not in (".csv", ".tsv"):
        return
    try:
        text = read_bounded(path, MAX_PATIENTS_BYTES).decode("utf-8-sig")
        rows = list(csv.reader(text.splitlines(), delimiter=_delimiter(text)))
    except (OSError, UnicodeDecodeError, csv.Error, ValueError):
        yield "could not be read as a table in UTF-8, and was not held against the films"
        return
    header = [name.strip().lower() for name in rows[0]] if rows else []
    column = next((place for place, name in enumerate(header) if name in FILE_COLUMNS), None)
    if column is None:
        return
    listed = {row[column].strip() for row in rows[1:] if len(row) > column and row[column].strip()}
    forms = {form for film in films for form in _forms(film)}
    absent = sorted(name for name in listed if not forms & {*_forms(name)})
    named = {form for name in listed for form in _forms(name)}
    unlisted = sorted(film for film in films if not named & {*_forms(film)})
    if absent:
        number = f"{len(absent):,} of which are not films there"
        yield f"lists {len(listed):,} files, {number}: {_some(absent)}"
    if unlisted:
        yield f"does not list {len(unlisted):,} of the {len(films):,} films: {_some(unlisted)}"


def _delimiter(text: str) -> str:
    line = text.partition("\n")[0]
    return max(",;\t", key=line.count)


def _forms(name: str) -> tuple[str, ...]:
    """The last part of a name, with its ending and without."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.name, path.stem


def _some(names: list[str]) -> str:
    shown = ", ".join(printable(name)[:80] for name in names[:SHOWN])
    return shown + (", …" if len(names) > SHOWN else "")
