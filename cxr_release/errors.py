"""The error tree. Every error says what is wrong, where, and what to do about it.

    CxrReleaseError
    ├── ParamsError          params.yaml is wrong
    ├── SourceError          the source films cannot be taken as they are (names every fault)
    ├── TableError           a table breaks its schema or cannot be read (names every fault)
    ├── DocumentError        a JSON document of a stage is missing or holds something else
    ├── CheckpointError      a checkpoint folder is damaged, hostile or of another network
    ├── TrainingError        training cannot go on (NaN loss, full disk, cohort too small)
    ├── DecisionError        a decision, or the log that holds it, is refused
    ├── ReaderStudyError     the blinded study cannot be drawn, or its responses are refused
    └── ReleaseError         the release would not be true, or is not whole

The command line prints each as one line (faults as one line each, or one for all equal ones) and
exits with 1. So it does with what the system refuses, an `OSError`: see `of_system`. Equal faults
of lines in a file are reported once, with all their line numbers: see `each_once`.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong in a file, so that all of them can be reported together."""

    where: str
    """The file, as the user knows it; with the row or column where there is one."""
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return _joined(_printable(self.where), self.what, self.remedy)


class CxrReleaseError(Exception):
    """Base of every error that this package raises on purpose.

    Args:
        what: what is wrong, in one sentence without a full stop.
        where: file, row, key or id.
        remedy: what the reader can do about it.
        faults: the single faults, where the error collects many.
    """

    of_lines: ClassVar[bool] = False
    """Whether faults are of lines that people typed: equal ones share one line of the message."""

    def __init__(
        self, what: str, *, where: str = "", remedy: str = "", faults: Sequence[Fault] = ()
    ) -> None:
        self.what = what
        self.where = _printable(where)
        self.remedy = remedy
        self.faults = tuple(faults)
        super().__init__(what)

    def __str__(self) -> str:
        head = _joined(self.where, self.what, self.remedy)
        return "\n".join([head, *(f"  {detail}" for detail in self._details())])

    def _details(self) -> Iterable[object]:
        if not self.of_lines:
            return self.faults
        details = each_once(
            (fault.where, _joined(fault.what, fault.remedy)) for fault in self.faults
        )
        return map(_joined, details)


class ParamsError(CxrReleaseError):
    """params.yaml holds an unknown key, a missing one, or a value of the wrong type or unit."""


class SourceError(CxrReleaseError):
    """Source films are unreadable, hostile or ambiguous; `faults` names every one of them."""

    of_lines = True


class TableError(CxrReleaseError):
    """A table is missing, unreadable, or breaks its schema; `faults` holds file, row and column."""

    of_lines = True


class DocumentError(CxrReleaseError):
    """A JSON document that a stage wrote is missing, unreadable, or holds something else."""


class CheckpointError(CxrReleaseError):
    """A checkpoint folder is missing, truncated, hostile, or holds another network's weights."""


class TrainingError(CxrReleaseError):
    """Training cannot start or cannot go on."""


class DecisionError(CxrReleaseError):
    """A reviewer's decision, or the log that holds it, is refused by name and line."""


class ReaderStudyError(CxrReleaseError):
    """The blinded reader study cannot be drawn, or its responses are refused."""

    of_lines = True


class ReleaseError(CxrReleaseError):
    """The release would say something untrue, or is not whole."""


REMAKE = "delete it and run `dvc repro`, which makes it again"
"""What to do about an output of a stage that is not what it should be."""

_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room, and run it again"),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "check who may read and write it"),
    errno.EROFS: "let it be written, and run it again",
    errno.EIO: "the disk or the network drive fails: see to it, and run it again",
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "too many files are open: see `ulimit -n`"),
}


def of_system(error: OSError) -> CxrReleaseError:
    """What the system refused, as a `CxrReleaseError`: no room, no right, a disk that fails."""
    message = error.strerror or str(error) or type(error).__name__
    where = "" if error.filename is None else str(error.filename)
    return CxrReleaseError(
        one_line(message), where=one_line(where), remedy=_REMEDIES.get(error.errno or 0, "")
    )


def _joined(*parts: str) -> str:
    """One line of some parts, whatever names of files and values stand in them.

    What moves a cursor, turns the direction of a line or is not seen is written as Python writes
    it: a message shows what is there, and is nothing but a message to a terminal.
    """
    text = ": ".join(part for part in parts if part)
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _printable(where: str) -> str:
    """The name of a file, whatever it is called: no message breaks its line."""
    return where if where.isprintable() else one_line(where)


def one_line(text: str) -> str:
    """A text of the system's or of a file's name, for a message of one line."""
    return "".join(
        character if character.isprintable() else "?" for character in " ".join(text.split())
    )


MOST_RUNS = 30
"""Most runs of lines that a message lists."""
TOGETHER = 20
"""So many files, films or columns with the same fault share one line."""
_LINE = re.compile(r"(.+: )(line|row) (\d{1,12})((?:, .*)?)", re.DOTALL)


def each_once(faults: Iterable[tuple[str, str]]) -> list[str]:
    """Faults as people read them: where it is equal what is wrong, once with all places.

    Args:
        faults: place (such as `a.csv: line 12, column rating`) and what is wrong there.

    Returns:
        A line for each, in the order in which they were first met.
    """
    places: dict[tuple[str, ...], list[int]] = {}
    """Text before a number, its word, text behind it, what is wrong → numbers."""
    for where, message in faults:
        match = _LINE.fullmatch(where)
        key = (match[1], match[2], match[4], message) if match else (where, "", "", message)
        places.setdefault(key, []).extend([int(match[3])] if match else [])
    by_message: dict[str, list[str]] = {}
    for (before, unit, behind, message), numbers in places.items():
        by_message.setdefault(message, []).append(f"{before}{numbered(unit, numbers)}{behind}")
    return [
        ": ".join(part for part in (place, message) if part)
        for message, wheres in by_message.items()
        for place in (wheres if len(wheres) < TOGETHER else [_together(wheres)])
    ]


def _together(wheres: Sequence[str]) -> str:
    return f"{', '.join(wheres)} ({len(wheres):,} in all)"


def numbered(unit: str, numbers: Iterable[int]) -> str:
    """Lines of a file: `line 4`, or `lines 2–90, 95 (90 lines)`."""
    distinct = sorted(set(numbers))
    if len(distinct) < 2:
        return f"{unit} {distinct[0]}" if distinct else unit
    return f"{unit}s {ranges(distinct)} ({len(distinct):,} {unit}s)"


def ranges(numbers: Sequence[int], most: int = MOST_RUNS) -> str:
    """Rising whole numbers in short: `1, 3–7`; of more than `most` runs the first and the last."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    texts = ["–".join(map(str, run)) for run in runs]
    return ", ".join(texts if len(texts) <= most else [*texts[: most - 1], "…", texts[-1]])
