"""Readers' ratings as they come back from elsewhere: tidy CSV, read whole or refused whole."""

from __future__ import annotations

from pathlib import Path

from cxr_release.errors import Fault, ReaderStudyError
from cxr_release.reader_study.completeness import faults_of
from cxr_release.reader_study.rated import REAL, Rated, Unread
from cxr_release.reader_study.tidy_csv import Reading, read

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
