"""One tidy CSV of ratings: what its lines say, and what is wrong with each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cxr_release import schemas
from cxr_release.errors import Fault
from cxr_release.reader_study.csv_file import Unusable, read_text, records
from cxr_release.reader_study.rated import Rated, Unread

COLUMNS = {column.name: column for column in schemas.RESPONSES.columns}
MAX_FAULTS = 500
"""Of one file; past them it is the file that is wrong."""
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_QUARTET = re.compile(r"[0-9]{1,9}")
MAX_NAME = 64
"""Characters of a rater's name."""
_AS_CSV = "save it as `CSV UTF-8`, with commas between the columns"
Cells = Mapping[str, str]


@dataclass
class Reading:
    """What was read of one file."""

    rows: list[Rated] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    """One a faulty line, where what it was about would otherwise be missed."""


def read(path: Path, *, blinded: bool = False) -> Reading:
    """Read one file of ratings; see `responses.read_csv`."""
    reading = Reading()
    try:
        text = read_text(path)
        header, lines = _lines(text, blinded=blinded)
        names = [name.strip() for name in header]
        for number, cells in lines:
            if len(reading.faults) >= MAX_FAULTS:
                raise Unusable(number, "and more lines after it are wrong", "mend these first")
            _take(reading, f"{path.name}: line {number}", names, cells)
        if not reading.rows and not reading.faults:
            raise Unusable(1, "has a header and no ratings")
    except Unusable as error:
        reading.faults.append(Fault(error.where(path), error.what, error.remedy or _AS_CSV))
        reading.unread.append(Unread())
    return reading


def _lines(text: str, *, blinded: bool) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header, and the lines below it, each with its number."""
    lines = records(text)
    _, header = next(lines, (1, []))
    faults = [*_header_faults([name.strip() for name in header], blinded=blinded)]
    if faults:
        wanted = ",".join(COLUMNS)
        raise Unusable(1, "; ".join(faults), f"the first line is to be {wanted}")
    return header, lines


def _header_faults(names: Sequence[str], *, blinded: bool) -> Iterator[str]:
    optional = {"source"} if blinded else set()
    missing = [name for name in COLUMNS if name not in names and name not in optional]
    unknown = [name for name in dict.fromkeys(names) if name not in COLUMNS]
    twice = [name for name in COLUMNS if names.count(name) > 1]
    for what, which in (
        ("has no column", missing),
        ("has the unknown column", unknown[:10]),
        ("has twice the column", twice),
    ):
        if which:
            yield f"{what} {', '.join(map(_quoted, which))}"


def _take(reading: Reading, where: str, names: Sequence[str], cells: Sequence[str]) -> None:
    if [cell.strip() for cell in cells] == list(names):
        reading.faults.append(Fault(where, "is the header once more", "remove this line"))
        return
    if len(cells) != len(names):
        what = f"has {len(cells)} fields, expected {len(names)}"
        reading.faults.append(Fault(where, what))
        reading.unread.append(_about(dict(zip(names, cells, strict=False))))
        return
    row = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
    faults = [Fault(where, what, remedy) for what, remedy in _cell_faults(row)]
    if faults:
        reading.faults.extend(faults)
        reading.unread.append(_about(row))
        return
    reading.rows.append(
        Rated(
            where=where,
            rater=row["rater"],
            quartet=int(row["quartet"]),
            image=row["image"],
            source=row.get("source"),
            rating=int(row["rating"]),
            identified_as_real=_BOOLEANS[row["identified_as_real"].lower()],
        )
    )


def _cell_faults(row: Cells) -> Iterator[tuple[str, str]]:
    if not _is_name(row["rater"]):
        yield _named("rater", row), f"expected a name of at most {MAX_NAME} characters"
    if not _fits(row, "image"):
        yield _named("image", row), "expected 1 to 64 letters, digits, . _ -"
    if not _QUARTET.fullmatch(row["quartet"]):
        yield _named("quartet", row), "expected a whole number"
    if "source" in row and not _fits(row, "source"):
        what = f"unknown source {_quoted(row['source'])}" if row["source"] else "missing source"
        yield what, "expected real, or a checkpoint's name such as checkpoint-34"
    if row["rating"] not in {"1", "2", "3", "4"}:
        yield _named("rating", row), "expected 1, 2, 3 or 4"
    if row["identified_as_real"].lower() not in _BOOLEANS:
        yield _named("identified_as_real", row), "expected true or false"


def _is_name(text: str) -> bool:
    """What people call a rater; the release calls them otherwise."""
    return 0 < len(text) <= MAX_NAME and text.isprintable()


def _fits(row: Cells, name: str) -> bool:
    return re.fullmatch(COLUMNS[name].matches, row[name]) is not None


def _named(name: str, row: Cells) -> str:
    return f"{name} is {_quoted(row[name])}" if row[name] else f"missing {name}"


def _quoted(value: str) -> str:
    return ascii(value if len(value) <= 40 else f"{value[:40]}…")


def _about(row: Cells) -> Unread:
    """What a faulty line was about, where these cells are in order."""
    rater, quartet = row.get("rater", "").strip(), row.get("quartet", "").strip()
    return Unread(
        rater if _is_name(rater) else None,
        int(quartet) if _QUARTET.fullmatch(quartet) else None,
    )
