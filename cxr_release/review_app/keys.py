"""The one table of keys of all pages: what each does, and what the help says of it.

A key stands for one action, whatever the page: a page has that action or nothing. Digits are the
number of a choice in the list that a page shows (reasons, verdicts, ratings, decisions); letters
that judge or pick mean nothing on any other page. What a project changes of it: `key_settings`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PAGES = ("review", "adjudicate", "study", "landmark", "clear")
TITLES = {
    "decide": {
        "review": "Decide on the film in the frame",
        "adjudicate": "Judge the pair",
        "study": "Rate and pick",
        "landmark": "Place the points",
        "clear": "Decide on the film",
    },
    "move": dict.fromkeys(PAGES, "Move"),
    "see": {**dict.fromkeys(PAGES, "See"), "review": "In the enlarged film"},
}
"""Group of rows → its title in the help of each page."""
SIDES = ("left", "right", "up", "down")
PICKS = "abcdef"
"""Letters of the films of a study's page; a page with more of them has `pick`."""

Bindings = Mapping[str, tuple[str, ...]]
"""Action → its keys, as `KeyboardEvent.key` gives them in lower case, after `ctrl+` and `shift+`
where these are held. Ctrl is Cmd as well."""


@dataclass(frozen=True)
class Row:
    """Actions that the help lists in one row, and the pages that have them."""

    group: str
    keys: Mapping[str, str]
    """Action → its keys as they are unless a project says otherwise, with blanks between them."""
    meaning: str
    """What they do, true on every page."""
    pages: Mapping[str, str]
    """Page → what the help says there; empty: `meaning`."""
    repeats: bool = False
    """Whether holding the key down goes on; no decision does."""
    where: Mapping[str, str] = field(default_factory=dict)
    """Page → `grid` or `viewer`, where its keys count in that alone."""
    only: Mapping[str, int] = field(default_factory=dict)
    """Page → how many of the actions it has, the first ones."""

    def actions(self, page: str) -> list[str]:
        """What a page has of this row, in order."""
        return list(self.keys)[: self.only.get(page)] if page in self.pages else []


def _everywhere(**special: str) -> dict[str, str]:
    return {page: special.get(page, "") for page in PAGES}


def _sides(prefix: str, held: str) -> dict[str, str]:
    return {f"{prefix}{side}": f"{held}arrow{side}" for side in SIDES}


_VIEWER = {"review": "viewer"}
_GRID = {"review": "grid"}

ROWS: tuple[Row, ...] = (
    Row(
        "decide",
        {f"choice-{number}": str(number % 10) for number in range(1, 11)},
        "the choice of this number in the list that the page shows",
        {
            "review": "exclude it with the reason of this number (0 is the tenth)",
            "adjudicate": "copy, unsure, not a copy",
            "study": "rate the framed film; it goes on to the next without a rating",
            "clear": "text or a mark that may identify, nothing that identifies",
        },
        only={"adjudicate": 3, "study": 4, "clear": 2},
    ),
    Row("decide", {"exclude": "x"}, "exclude it with the last reason again", {"review": ""}),
    Row("decide", {"keep": "k"}, "keep it", {"review": ""}),
    Row("decide", {"facing": "l"}, "exclude it: wrong facing, not left", {"review": ""}),
    Row(
        "decide",
        {"mirror": "m"},
        "it faces right: mirror it; again: take that back",
        {"review": ""},
    ),
    Row(
        "decide",
        {"findings": "t"},
        "tag it: which findings it shows, or none; decides nothing",
        {"review": ""},
    ),
    Row(
        "decide",
        {f"pick-{place}": letter for place, letter in enumerate(PICKS, 1)},
        "the film of this letter is the real one",
        {"study": ""},
    ),
    Row("decide", {"pick": "y"}, "the framed film is the real one", {"study": ""}),
    Row(
        "decide",
        _sides("fine-", "ctrl+"),
        "move the point by one pixel of the screen",
        {"landmark": ""},
        repeats=True,
    ),
    Row(
        "decide",
        _sides("coarse-", "ctrl+shift+"),
        "move the point by ten",
        {"landmark": ""},
        repeats=True,
    ),
    Row(
        "decide",
        {"not-seen": "h"},
        "the point is hidden on this film; again: it is visible",
        {"landmark": ""},
    ),
    Row(
        "decide", {"restart": "shift+delete"}, "all points as they were at first", {"landmark": ""}
    ),
    Row(
        "decide",
        {"note": "n"},
        "write a note",
        {"review": "add a note", "adjudicate": "a note that goes with the verdict"},
    ),
    Row(
        "decide",
        {"undo": "u ctrl+z"},
        "undo what you did last on this page, step by step",
        _everywhere(study="undo; after submitting, back to the answer where it may be changed"),
    ),
    Row("decide", {"redo": "ctrl+y ctrl+shift+z"}, "redo what you undid", _everywhere()),
    Row(
        "decide",
        {"retract": "delete"},
        "take back what is saved",
        {
            "review": "take back the decision on this film",
            "adjudicate": "take back your verdict on this pair",
            "landmark": "take back the points that you saved on this film",
            "clear": "take back the decision on this film",
        },
    ),
    Row(
        "move",
        {"go-on": "enter"},
        "done with what is on the screen: on to the next",
        {
            "review": "keep all the rest of the page and go on",
            "study": "submit, and on to the next page",
            "landmark": "save the points, and on to the next film",
        },
    ),
    Row(
        "move",
        _sides("", ""),
        "to what lies before or after",
        {
            "review": "to another film",
            "adjudicate": "the pair before or after; nothing is judged",
            "study": "frame another film, also with Tab",
            "landmark": "to another point",
            "clear": "the film before or after; nothing is decided",
        },
        repeats=True,
        only={"adjudicate": 2, "clear": 2},
    ),
    Row(
        "move",
        {"previous": "pageup [ backspace"},
        "what comes before, to look or to correct",
        _everywhere(
            review="previous page, nothing is decided",
            adjudicate="the pair before, to look or to correct",
            study="the page before, where the study lets readers go back",
            landmark="the film before; nothing is saved",
            clear="the film before, to look or to correct",
        ),
    ),
    Row(
        "move",
        {"next": "pagedown ]"},
        "what comes next; nothing is decided",
        _everywhere(
            review="next page, nothing is decided",
            adjudicate="the next pair; nothing is judged",
            study="the page after it, likewise",
            landmark="the next film; nothing is saved",
            clear="the next film; nothing is decided",
        ),
    ),
    Row(
        "move",
        {"first": "home", "last": "end"},
        "to the first or last film of the page",
        {"review": ""},
        where=_GRID,
    ),
    Row(
        "move",
        {"enlarge": "space"},
        "enlarge the film; again: back",
        {
            "review": "enlarge the film, also by double click; again: back",
            "study": "the framed film alone, large; again: all films",
            "clear": "the whole film, large; again: corners and edges",
        },
    ),
    Row(
        "move",
        {"close": "escape"},
        "out of the enlarged film",
        {"review": "back to the page", "study": "all films", "clear": "corners and edges"},
        where=_VIEWER,
    ),
    Row(
        "move",
        {"preview": "."},
        "larger preview under the mouse: on or off",
        {"review": ""},
    ),
    Row("move", {"find": "/"}, "the box for a code", _everywhere()),
    Row("move", {"help": "?"}, "these keys, and what the page is about", _everywhere()),
    Row(
        "see",
        {"zoom-in": "+ =", "zoom-out": "-"},
        "larger, smaller; also the wheel",
        _everywhere(
            review="fewer and larger films on a page, or more; in the enlarged film: zoom",
            landmark="zoom about the selected point; also the wheel",
        ),
        repeats=True,
    ),
    Row(
        "see",
        _sides("pan-", "shift+"),
        "move the film, as a drag does",
        _everywhere(),
        repeats=True,
        where=_VIEWER,
    ),
    Row(
        "see",
        {"brighter": "w", "darker": "s"},
        "level: brighter, darker",
        _everywhere(),
        repeats=True,
        where=_VIEWER,
    ),
    Row(
        "see",
        {"narrower": "q", "wider": "z"},
        "window: more contrast, less",
        _everywhere(adjudicate="window: more contrast, less; a stronger difference, weaker"),
        repeats=True,
        where=_VIEWER,
    ),
    Row("see", {"invert": "i"}, "invert the display", _everywhere(), where=_VIEWER),
    Row(
        "see",
        {"full-size": "o"},
        "1:1: a pixel of the film is a pixel of the screen",
        _everywhere(),
        where=_VIEWER,
    ),
    Row("see", {"preset": "p"}, "the next window by its name", _everywhere(), where=_VIEWER),
    Row("see", {"reset": "r"}, "zoom, window and level as they were", _everywhere(), where=_VIEWER),
    Row(
        "see",
        {"view": "v", "view-back": "shift+v"},
        "the next view or the one before: side by side, flicker, difference",
        {"adjudicate": ""},
    ),
    Row("see", {"other": "j"}, "in the flicker: hold it, then the other film", {"adjudicate": ""}),
    Row(
        "see",
        {"as-generated": "g"},
        "both films as they are, or aligned to match",
        {"adjudicate": ""},
    ),
)

STANDARD: Bindings = {
    action: tuple(keys.split()) for row in ROWS for action, keys in row.keys.items()
}
"""The keys unless a project says otherwise."""

NAMES = {
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "delete": "Del",
    "backspace": "Backspace",
    "home": "Home",
    "end": "End",
    "pageup": "Page Up",
    "pagedown": "Page Down",
    "arrowleft": "←",
    "arrowright": "→",
    "arrowup": "↑",
    "arrowdown": "↓",
}
"""Keys that are no letter, digit or sign → how the help and the documents write them."""
HELD = {"ctrl+": "Ctrl + ", "shift+": "Shift + "}


def name_of(key: str) -> str:
    """A key as the help and the documents write it: `ctrl+z` is Ctrl + Z."""
    held, plain = _parts(key)
    shown = NAMES.get(plain, "−" if plain == "-" else plain)
    return held + (shown.upper() if held and len(plain) == 1 else shown)


def row_name(row: Row, page: str, bindings: Bindings = STANDARD) -> str:
    """What the help writes before a row: all keys of one action, or the first of each of many."""
    actions = row.actions(page)
    if len(actions) == 1:
        return ", ".join(map(name_of, bindings[actions[0]]))
    first = [bindings[action][0] for action in actions]
    held = {_parts(key)[0] for key in first}
    if len(held) > 1:
        return ", ".join(map(name_of, first))
    names = [name_of(key).removeprefix(*held) for key in first]
    several = f"{names[0]} … {names[-1]}" if len(names) > len(SIDES) else " ".join(names)
    return "".join(held) + several


def groups_of(page: str, bindings: Bindings = STANDARD) -> list[dict[str, Any]]:
    """What a page is told of its keys.

    Args:
        page: of `PAGES`.
        bindings: see `key_settings.load_keys`.

    Returns:
        Groups with `title` and `keys`, each with `keys`, `action`, `name` (its first key as buttons
        write it), `repeats`, `where` (`grid` or `viewer`; empty: both), and `shown` and `help`,
        which are empty but in the first of a row.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in ROWS:
        shown, text = row_name(row, page, bindings), row.pages.get(page) or row.meaning
        for action in row.actions(page):
            keys = bindings[action]
            groups.setdefault(_title(row, page), []).append(
                {
                    "keys": [re.sub(r"(^|\+)space$", r"\1 ", key) for key in keys],
                    "action": action,
                    "name": name_of(keys[0]),
                    "repeats": row.repeats,
                    "where": row.where.get(page, ""),
                    "shown": shown,
                    "help": text,
                }
            )
            shown = text = ""
    return [{"title": title, "keys": keys} for title, keys in groups.items()]


def _title(row: Row, page: str) -> str:
    if row.where.get(page) == "viewer":
        return TITLES["see"][page]
    # The title of this group is the enlarged film's there, and these keys are the page's as well.
    group = "move" if row.group == "see" and page in _VIEWER else row.group
    return TITLES[group][page]


def _parts(key: str) -> tuple[str, str]:
    """What is held, as it is written, and the key itself."""
    held = ""
    for prefix, name in HELD.items():
        if key.startswith(prefix):
            held, key = held + name, key.removeprefix(prefix)
    return held, key


def as_markdown(page: str = "") -> str:
    """The standard keys as a table of a document.

    Args:
        page: with what it says of them; empty: of all pages, with a column a page.
    """
    if page:
        told = [key for group in groups_of(page) for key in group["keys"] if key["shown"]]
        rows = [["key", "what it does"], *([key["shown"], key["help"]] for key in told)]
    else:
        rows = [["key", "action", "what it does", *PAGES], *map(_everywhere_row, ROWS)]
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, f"|{'---|' * len(rows[0])}", *body])


def _everywhere_row(row: Row) -> list[str]:
    widest = max(row.pages, key=lambda page: len(row.actions(page)))
    first, last = row.actions(widest)[0], row.actions(widest)[-1]
    actions = f"`{first}`" if first == last else f"`{first}` … `{last}`"
    cells = ["yes" if row.actions(page) else "" for page in PAGES]
    return [row_name(row, widest), actions, row.meaning, *cells]
