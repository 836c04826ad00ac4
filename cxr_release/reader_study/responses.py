"""One tidy CSV of ratings: what its lines say, and what is wrong with each of them.

Readers' ratings as they come back from elsewhere: tidy CSV, read whole or refused whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cxr_release import schemas
from cxr_release.errors import Fault, ReaderStudyError
from cxr_release.reader_study.csv_file import Unusable, read_text, records
from cxr_release.reader_study.ratings import REAL, Rated, Unread
from cxr_release.reader_study.study_checks import faults_of

COLUMNS = {column.name: column for column in schemas.RESPONSES.columns}
MAX_KINDS, MAX_FAULTS = 500, 100_000
"""Of one file; past them it is the file that is wrong. Kinds: equal faults count once."""
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_QUARTET = re.compile(r"[0-9]{1,9}")
MAX_NAME, MAX_IMAGE = 64, 255
"""Characters of a rater's or a source's name, and of an image's."""
_AS_CSV = "save it as `CSV UTF-8`, with commas between the columns"
Cells = Mapping[str, str]


@dataclass
class Reading:
    """What was read of one file."""

    rows: list[Rated] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unread: set[Unread] = field(default_factory=set)
    """What faulty lines were about, where it would otherwise be missed."""
    kinds: set[tuple[str, str]] = field(default_factory=set)
    """What is wrong, wherever, and the remedy."""

    def add(self, where: str, what: str, remedy: str = "") -> None:
        """Note a fault."""
        self.faults.append(Fault(where, what, remedy))
        self.kinds.add((what, remedy))

    @property
    def full(self) -> bool:
        """Whether enough is wrong."""
        return len(self.kinds) >= MAX_KINDS or len(self.faults) >= MAX_FAULTS


def read(path: Path, *, blinded: bool = False, real: str = REAL) -> Reading:
    """Read one file of ratings; see `responses.read_csv`."""
    reading = Reading()
    try:
        text = read_text(path)
        header, lines = _lines(text, blinded=blinded)
        names = [name.strip() for name in header]
        for number, cells in lines:
            if reading.full:
                raise Unusable(number, "and more lines after it are wrong", "mend these first")
            _take(reading, f"{path.name}: line {number}", names, cells, real)
        if not reading.rows and not reading.faults:
            raise Unusable(1, "has a header and no ratings")
    except Unusable as error:
        reading.add(error.where(path), error.what, error.remedy or _AS_CSV)
        reading.unread.add(Unread())
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


def _take(
    reading: Reading, where: str, names: Sequence[str], cells: Sequence[str], real: str
) -> None:
    if [cell.strip() for cell in cells] == list(names):
        reading.add(where, "is the header once more", "remove this line")
        return
    if len(cells) != len(names):
        reading.add(where, f"has {len(cells)} fields, expected {len(names)}")
        reading.unread.add(_about(dict(zip(names, cells, strict=False))))
        return
    row = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
    faults = [*_cell_faults(row, real)]
    if faults:
        for what, remedy in faults:
            reading.add(where, what, remedy)
        reading.unread.add(_about(row))
        return
    source = row.get("source")
    reading.rows.append(
        Rated(
            where=where,
            rater=row["rater"],
            quartet=int(row["quartet"]),
            image=row["image"],
            source=REAL if source == real else source,
            rating=int(row["rating"]),
            identified_as_real=_BOOLEANS[row["identified_as_real"].lower()],
        )
    )


def _cell_faults(row: Cells, real: str) -> Iterator[tuple[str, str]]:
    if not _is_name(row["rater"]):
        yield _named("rater", row), f"expected a name of at most {MAX_NAME} characters"
    if not _is_name(row["image"], MAX_IMAGE) or {"/", "\\"} & {*row["image"]}:
        remedy = f"expected a file's name of at most {MAX_IMAGE} characters, without its folder"
        yield _named("image", row), remedy
    if not _QUARTET.fullmatch(row["quartet"]):
        yield _named("quartet", row), "expected a whole number"
    if "source" in row and not _is_name(row["source"]):
        yield _named("source", row), f"expected a name of at most {MAX_NAME} characters"
    elif row.get("source") == REAL != real:
        yield f"source is {REAL}, and the real films are said to be {_quoted(real)}", "rename one"
    if row["rating"] not in {"1", "2", "3", "4"}:
        yield _named("rating", row), "expected 1, 2, 3 or 4"
    if row["identified_as_real"].lower() not in _BOOLEANS:
        yield _named("identified_as_real", row), "expected true or false"


def _is_name(text: str, most: int = MAX_NAME) -> bool:
    """What people call a rater, a source, an image; the release calls them otherwise."""
    return 0 < len(text) <= most and text.isprintable()


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


__all__ = ["Rated", "Reading", "Unread", "faults_of", "read", "read_csv", "read_responses"]


def read_csv(path: Path, *, blinded: bool = False) -> tuple[list[Rated], list[Fault]]:
    """What the lines of one file say, each looked at for itself.

    The file is UTF-8 (with or without a byte order mark; any line ends) with commas, at most
    64 MiB, and has the columns of `schemas.RESPONSES` in any order. Raters and sources have names
    of 1 to 64 printable characters, images file names of 1 to 255; a quartet is a whole number, a
    rating 1 to 4; `identified_as_real` is true or false in any case, or 1 or 0.

    Args:
        path: the CSV.
        blinded: whether the column `source` may be missing; then `Rated.source` is None.

    Returns:
        The ratings of lines without a fault, in the file's order, and the faults, each with its
        line.
    """
    found = read(path, blinded=blinded)
    return found.rows, found.faults


def read_responses(path: Path, *, real: str = REAL) -> list[Rated]:
    """Ratings of a whole study from one file, each line and all of them together in order.

    Args:
        path: the CSV.
        real: what it calls the source of the real films, which is `REAL` in what is returned.

    Raises:
        ReaderStudyError: with every fault and its line, first of the lines and then of the study.
            What is missing because its line is faulty is not named a second time.
    """
    found = read(path, real=real)
    faults = [*found.faults]
    sources = {row.source for row in found.rows}
    if found.rows and real != REAL not in sources:
        named = ", ".join(sorted(map(str, sources)))
        what = f"no film has the source {real!a}; the sources are {named}"
        faults.append(Fault(path.name, what, "name the one of the real films"))
    elif found.rows:
        faults += faults_of(found.rows, found.unread)
    if faults:
        raise ReaderStudyError(
            f"{len(faults)} fault(s), nothing is analysed",
            where=str(path),
            remedy="mend the lines named and run it again",
            faults=faults,
        )
    return found.rows
