"""What the films show: `cards/anatomy.yaml`, and what pages and the pre-screen take from it.

Nothing in it is needed. Without the file, or without one of its keys, pages and the pre-screen say
and do what holds for films of any part of the body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from cxr_release import plain_yaml
from cxr_release.errors import DecisionError, Fault
from cxr_release.screening.corruptions import FAULTS, GENERAL

MOST_WINDOWS, MOST_CRITERIA = 9, 6
"""Entries of a list: each window has a button, and the criteria one line of the page."""
LONGEST_NAME, LONGEST = 40, 200
"""Characters of a name, and of a sentence."""
FILM = "film"
"""In the place of window and level: from the darkest to the lightest grey value of the films."""
_KEYS = ("films", "windows", "copies", "faults")
_REMEDY = "mend it as docs/anatomies.md says, or restore it (`git checkout`)"


@dataclass(frozen=True)
class Window:
    """A window and level that a page offers, in per cent of black to white; None: `FILM`."""

    name: str
    window: float | None
    level: float | None


AS_STORED = Window("as stored", 100.0, 50.0)
"""How every film is shown at first."""
WINDOWS = (AS_STORED, Window("full range", None, None))
"""What is offered where the file has no windows."""
COPIES: Mapping[str, str] = {
    "Outlines of bones and organs": "They run alike, edge for edge.",
    "Outlines of soft tissue": "Skin and the borders of soft tissue run alike.",
    "Acquisition artefacts": "The same markers, borders or streaks lie in the same places.",
}
"""In what a synthetic film and a real one are nearly identical where it is a copy."""


@dataclass(frozen=True)
class Anatomy:
    """What the films show."""

    films: str = ""
    """Part of the body and view, such as `lateral cervical spine`; empty: not stated."""
    windows: tuple[Window, ...] = WINDOWS
    """`AS_STORED` first."""
    copies: Mapping[str, str] | None = None
    """Criterion → one line, by which a pair is judged; None: `COPIES`."""
    faults: tuple[str, ...] = GENERAL
    """Faults that are planted to try the pre-screen: keys of `corruptions.FAULTS`."""

    @property
    def of_page(self) -> dict[str, Any]:
        """What every page must know of it, for JSON."""
        windows = [
            {"name": window.name, "window": window.window, "level": window.level}
            for window in self.windows
        ]
        return {"anatomy": self.films, "windows": windows}

    @property
    def criteria(self) -> list[tuple[str, str]]:
        """Criterion and its line, in order."""
        return [*(COPIES if self.copies is None else self.copies).items()]


NOT_STATED = Anatomy()


def load_anatomy(path: Path) -> Anatomy:
    """Read the file; where there is none, `NOT_STATED`.

    Raises:
        DecisionError: it is not of that form; all faults are named.
    """
    if not path.exists():
        return NOT_STATED
    try:
        raw = plain_yaml.of_file(path)
    except (OSError, plain_yaml.NotPlainError) as error:
        why = error.strerror if isinstance(error, OSError) else f"not plain YAML: {error}"
        raise DecisionError(f"cannot be read: {why}", where=str(path), remedy=_REMEDY) from error
    faults = list(_faults(raw, str(path)))
    if faults:
        raise DecisionError(
            f"{len(faults)} fault(s) in what the films show", where=str(path), faults=faults
        )
    copies = raw.get("copies")
    return Anatomy(
        raw.get("films", ""),
        (AS_STORED, *map(_window, raw["windows"].items())) if "windows" in raw else WINDOWS,
        None if copies is None else {name: text.strip() for name, text in copies.items()},
        tuple(raw["faults"]) if "faults" in raw else GENERAL,
    )


def _window(entry: tuple[str, Any]) -> Window:
    name, value = entry
    if value == FILM:
        return Window(name, None, None)
    return Window(name, float(value["window"]), float(value["level"]))


def _faults(raw: Any, where: str) -> Iterator[Fault]:
    if not isinstance(raw, dict):
        what = f"expected some of the keys {', '.join(_KEYS)}, or {{}} where none is stated"
        yield Fault(where, what, _REMEDY)
        return
    for key in raw:
        if key not in _KEYS:
            yield Fault(f"{where}: {key}", "is not a key of this file", _nearest(key, _KEYS))
    films = raw.get("films", "")
    if not _is_line(films, LONGEST_NAME, empty=True):
        what = f"is not a line of up to {LONGEST_NAME} characters"
        yield Fault(f"{where}: films", what, _REMEDY)
    checks = {
        "windows": _faults_of_windows,
        "copies": _faults_of_copies,
        "faults": _faults_of_planted,
    }
    for key, check in checks.items():
        if key in raw:
            yield from check(raw[key], f"{where}: {key}")


def _faults_of_windows(windows: Any, where: str) -> Iterator[Fault]:
    if not isinstance(windows, dict) or len(windows) > MOST_WINDOWS:
        yield Fault(where, f"expected up to {MOST_WINDOWS} names of windows", _REMEDY)
        return
    for name, value in windows.items():
        if not _is_line(name, LONGEST_NAME) or name == AS_STORED.name:
            what = f"is not a name of up to {LONGEST_NAME} characters, or is {AS_STORED.name!r}"
            yield Fault(f"{where}: {name}", what, _REMEDY)
        if value == FILM:
            continue
        if (
            not isinstance(value, dict)
            or value.keys() != {"window", "level"}
            or not _is_share(value["window"], 1, 200)
            or not _is_share(value["level"], 0, 100)
        ):
            what = "is not {window: 1 to 200, level: 0 to 100}, in per cent, and not `film`"
            yield Fault(f"{where}: {name}", what, _REMEDY)


def _faults_of_copies(copies: Any, where: str) -> Iterator[Fault]:
    if (
        not isinstance(copies, dict)
        or not 1 <= len(copies) <= MOST_CRITERIA
        or not all(_is_line(name, LONGEST_NAME) for name in copies)
        or not all(_is_line(text, LONGEST) for text in copies.values())
    ):
        what = f"is not 1 to {MOST_CRITERIA} criteria, each `name: one line`"
        yield Fault(where, what, _REMEDY)


def _faults_of_planted(faults: Any, where: str) -> Iterator[Fault]:
    if not isinstance(faults, list) or not faults:
        yield Fault(where, "is not a list of faults", f"choose of {', '.join(FAULTS)}")
        return
    for fault in dict.fromkeys(map(str, faults)):
        if faults.count(fault) > 1:
            yield Fault(where, f"{fault!r} is a duplicate", "name it once")
        if fault not in FAULTS:
            yield Fault(where, f"{fault!r} is not a fault that can be planted", _nearest(fault))


def _is_line(value: Any, longest: int, *, empty: bool = False) -> bool:
    return (
        isinstance(value, str)
        and "\n" not in value.strip()
        and (empty or bool(value.strip()))
        and len(value) <= longest
    )


def _is_share(value: Any, least: float, most: float) -> bool:
    # `type` and not `isinstance`: true is not a number.
    return type(value) in {int, float} and least <= value <= most


def _nearest(name: Any, known: Any = FAULTS) -> str:
    close = get_close_matches(str(name), [*known], n=1)
    return f"did you mean {close[0]}?" if close else f"choose of {', '.join(known)}"
