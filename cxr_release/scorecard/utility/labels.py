"""Labels that people state of films: landmarks, a class or a number, in a file of theirs.

JSON: `{"film or file name": {"points": {"C2": [0.41, 0.22]}, "class": "a", "number": 31.5}}`, each
part where it is known; points are x and y as fractions of the film's width and height, from
its top left corner. CSV: `file,class`, or `file` and a column of numbers under any other name. A
film may be called by its id or by the name of its file. Labels of one film in two rows, points in
pixels, and whatever else could be read in two ways are refused.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from cxr_release.errors import Fault, SourceError, one_line
from cxr_release.files import read_bounded
from cxr_release.films.film_set import FILMS
from cxr_release.spelling import by_form

MAX_BYTES = 2**26
"""Of a file of labels."""
MAX_POINTS, MAX_TEXT = 1_000, 100
"""Landmarks of a film; letters of a class, of a landmark's name, or of a column's."""
MOST_FAULTS = 200
"""Named at a time."""
FILE, CLASS, POINTS, NUMBER = "file", "class", "points", "number"
REMEDY = (
    "give JSON as `{film: {points: {name: [x, y]}, class: …, number: …}}`, or CSV with the columns"
    " `file` and `class`, or `file` and one of numbers"
)
_FRACTIONS = "give x and y as fractions of the film's width and height, 0 … 1, and not as pixels"
_NUMBERS = f"call the column `{CLASS}` if its values are classes; leave an unknown value empty"
_NO_CLASS = f"has a class that is not one line of 1 to {MAX_TEXT} letters"

Point = tuple[float, float]
"""x and y, 0 … 1."""


@dataclass(frozen=True)
class Labels:
    """What is stated of films, each by the film's id or the name of its file."""

    points: Mapping[str, Mapping[str, Point]] = field(default_factory=dict)
    """Film → name of a landmark → where it lies."""
    classes: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Film → a number, such as an angle."""
    number_name: str = NUMBER
    """What the numbers are."""

    @property
    def films(self) -> frozenset[str]:
        """Names of all films of which anything is stated."""
        return frozenset({*self.points, *self.classes, *self.numbers})

    def of_ids(self, ids: Iterable[str]) -> Labels:
        """The same labels by films' ids; those of other films are left out.

        Args:
            ids: of films. A name that is none of them and ends as a film's file does is that of the
                film whose id stands before the ending.
        """
        forms = by_form(frozenset(ids))
        named = {name: forms.get(name) or forms.get(_stem(name)) for name in self.films}

        def renamed(stated: Mapping[str, Any]) -> dict[str, Any]:
            return {film: stated[name] for name in stated if (film := named[name]) is not None}

        return Labels(
            renamed(self.points), renamed(self.classes), renamed(self.numbers), self.number_name
        )


def read_labels(path: Path) -> Labels:
    """Read a file of labels; see above.

    Args:
        path: one that ends in `.csv`, or JSON.

    Raises:
        SourceError: it cannot be read, is too large, is neither, or has faults; with each of them.
    """
    try:
        text = read_bounded(path, MAX_BYTES, follow=True).decode("utf-8-sig")
    except OSError as error:
        fault = f"cannot be read ({one_line(error.strerror or str(error))})"
        raise SourceError(fault, where=str(path)) from error
    except UnicodeDecodeError as error:
        raise SourceError("is not UTF-8 text", where=str(path), remedy=REMEDY) from error
    table = path.suffix.lower() == ".csv"
    labels, faults = _from_csv(text, path) if table else _from_json(text, path)
    faults += _twice(labels, path)
    if faults:
        raise SourceError(
            f"{len(faults)} fault(s) in labels",
            where=str(path),
            faults=faults[:MOST_FAULTS],
        )
    if not labels.films:
        raise SourceError("states no label of any film", where=str(path), remedy=REMEDY)
    return labels


def _stem(name: str) -> str:
    """The name of a film's file without its ending; other names as they are."""
    path = Path(name)
    return path.stem if path.suffix.lower() in FILMS and path.name == name else name


def _twice(labels: Labels, path: Path) -> Iterator[Fault]:
    """A fault for each film that is named with and without the ending of its file, or in two."""
    for film, times in Counter(_stem(name) for name in labels.films).items():
        if times > 1:
            yield Fault(f"{path}: {film}", f"is labelled under {times} names", "leave one of them")


def _from_csv(text: str, path: Path) -> tuple[Labels, list[Fault]]:
    faults: list[Fault] = []
    classes: dict[str, str] = {}
    numbers: dict[str, float] = {}
    with io.StringIO(text, newline="") as stream:
        rows = csv.reader(stream, strict=True)
        try:
            header = [cell.strip() for cell in next(rows, [])]
            column = _column(header, path)
            seen: dict[str, int] = {}
            for cells in rows:
                if not cells:
                    continue
                place = f"{path}: line {rows.line_num}"
                if len(cells) != 2:
                    fault = f"has {len(cells)} cell{'s' * (len(cells) != 1)}, and the first line 2"
                    faults.append(Fault(place, fault, "put a name that contains a comma in quotes"))
                    continue
                cell = dict(zip(header, (each.strip() for each in cells), strict=True))
                film, value = cell[FILE], cell[column]
                if not film:
                    faults.append(Fault(place, "names no film"))
                elif film in seen:
                    fault = f"names {film[:MAX_TEXT]!a}, as line {seen[film]} does"
                    faults.append(Fault(place, fault, "leave one of them"))
                elif value and column == CLASS:
                    classes[film] = value
                    faults += [] if _is_text(value) else [Fault(place, _NO_CLASS)]
                elif value and (number := _number(value)) is not None:
                    numbers[film] = number
                elif value:
                    fault = f"has {value[:MAX_TEXT]!a}, which is not a finite number"
                    faults.append(Fault(place, fault, _NUMBERS))
                seen.setdefault(film, rows.line_num)
        except csv.Error as error:
            fault = f"line {rows.line_num} is not CSV ({one_line(str(error))})"
            raise SourceError(fault, where=str(path), remedy=REMEDY) from error
    return Labels(classes=classes, numbers=numbers, number_name=column), faults


def _column(header: list[str], path: Path) -> str:
    """Name of the column that holds the labels."""
    others = [name for name in header if name != FILE]
    if len(header) != 2 or len(others) != 1:
        columns = ", ".join(map(ascii, header[:10])) or "none"
        raise SourceError(
            f"has the columns {columns}",
            where=f"{path}: line 1",
            remedy="give `file` and one more, `class` or one of numbers",
        )
    if not _is_text(others[0]):
        fault = f"has a column whose name is not one line of 1 to {MAX_TEXT} letters"
        raise SourceError(fault, where=f"{path}: line 1")
    return others[0]


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _from_json(text: str, path: Path) -> tuple[Labels, list[Fault]]:
    try:
        document = json.loads(text, parse_constant=_refused, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        fault = f"is not JSON of labels: {one_line(str(error))[:300]}"
        raise SourceError(fault, where=str(path), remedy=REMEDY) from None
    if not isinstance(document, dict):
        raise SourceError("is not a JSON object of films", where=str(path), remedy=REMEDY)
    faults = [
        Fault(f"{path}: {film[: 3 * MAX_TEXT]}", *fault)
        for film, stated in document.items()
        for fault in _json_faults(stated)
    ]
    if faults:
        return Labels(), faults

    def stated_of(kind: str) -> dict[str, Any]:
        return {film: stated[kind] for film, stated in document.items() if stated.get(kind)}

    points = {
        film: {name: (float(x), float(y)) for name, (x, y) in named.items()}
        for film, named in stated_of(POINTS).items()
    }
    numbers = {
        film: float(stated[NUMBER])
        for film, stated in document.items()
        if stated.get(NUMBER) is not None
    }
    return Labels(points, stated_of(CLASS), numbers), []


def _json_faults(stated: object) -> Iterator[tuple[str, str]]:
    """What is wrong with what is stated of a film, and what to do about it."""
    if not isinstance(stated, dict) or not stated.keys() <= {POINTS, CLASS, NUMBER}:
        yield f"is not an object of `{POINTS}`, `{CLASS}` and `{NUMBER}` alone", REMEDY
        return
    name, number, points = (stated.get(kind) for kind in (CLASS, NUMBER, POINTS))
    if name is not None and not (isinstance(name, str) and _is_text(name)):
        yield _NO_CLASS, ""
    if number is not None and not _is_number(number):
        yield "has a number that is not a finite one", ""
    if points is not None and (fault := _points_fault(points)):
        yield fault, _FRACTIONS


def _points_fault(value: object) -> str:
    """What is wrong with a film's landmarks; empty where nothing is."""
    if not isinstance(value, dict) or len(value) > MAX_POINTS:
        return f"has points that are not an object of at most {MAX_POINTS:,} names"
    for name, point in value.items():
        if not _is_text(name):
            return f"has a point whose name is not one line of 1 to {MAX_TEXT} letters"
        if not isinstance(point, list) or len(point) != 2 or not all(map(_is_number, point)):
            return f"has a point {name!a} that is not two finite numbers"
        if not all(0 <= number <= 1 for number in point):
            return f"has a point {name!a} outside the film"
    return ""


def _is_text(value: str) -> bool:
    return 0 < len(value) <= MAX_TEXT and value.isprintable() and bool(value.strip())


def _is_number(value: object) -> bool:
    # An integer of JSON may be too large for a float.
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
    return whole or (isinstance(value, float) and math.isfinite(value))


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the name {name[:MAX_TEXT]!a} stands there more than once")
    return named
