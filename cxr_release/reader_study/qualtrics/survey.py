"""The survey in Qualtrics' words: its questions, their names, and how answers to them are written.

Both ways go through here, so that a letter stands for the same film in the survey and in what
comes back. The tags are those that Qualtrics documents for its Advanced Format TXT files; there is
none among them for forced responses, timing, the back button or a random order.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from cxr_release.reader_study.kit import Kit, KitFilm

READER = "reader"
KIT_FIELD = "study_kit"
"""Embedded data field, and column of the export, that says which kit the survey shows."""
LABELS = {1: "unrealistic", 2: "", 3: "", 4: "fully realistic"}
MAX_FILMS = 26
"""Of a quartet: each has a letter."""

_READER_TEXT = "Your reader's code"
_PICK_TEXT = "Quartet {}: which film is the real one?"
_RATING_TEXT = "Quartet {}: how realistic is each film?"
_PICKED = re.compile(r"quartet ([0-9]{1,6}): which film is the real one\?")
# Of a matrix, Qualtrics writes the question, a dash and the row.
_RATED = re.compile(r"quartet ([0-9]{1,6}): how realistic is each film\? ?\W ?film ([a-z])")


@dataclass(frozen=True, order=True)
class Question:
    """What one column of an export answers; `Question()` is the reader's code."""

    quartet: int = 0
    """From 1."""
    film: int = 0
    """Place of the film that is rated, from 1; 0: which one is picked."""


def questions_of(kit: Kit) -> list[Question]:
    """All that a whole response answers, in the order of the survey."""
    return [
        Question(),
        *(
            Question(quartet, film)
            for quartet, films in kit.quartets.items()
            for film in range(len(films) + 1)
        ),
    ]


def column_of(question: Question, kit: Kit) -> str:
    """Name of its column: `reader`, `q07_real`, `q07_rating_2`."""
    if not question.quartet:
        return READER
    return _id(question.quartet, kit, f"rating_{question.film}" if question.film else "real")


def question_in_name(name: str) -> Question | None:
    """What a column of this name answers; None: not a question of this survey."""
    if name.lower() == READER:
        return Question()
    match = re.fullmatch(r"q([0-9]{1,6})_(?:real|rating_([0-9]{1,6}))", name.lower())
    return Question(int(match[1]), int(match[2] or 0)) if match else None


def question_in_text(text: str) -> Question | None:
    """What a column with this question answers, where the question's words are unchanged."""
    plain = _plain(re.sub(r"<[^<>]*>", " ", html.unescape(text)))
    if plain == _plain(_READER_TEXT):
        return Question()
    if match := _PICKED.fullmatch(plain):
        return Question(int(match[1]))
    match = _RATED.fullmatch(plain)
    return Question(int(match[1]), _place(match[2])) if match else None


def film_in_cell(cell: str) -> int | None:
    """Place of the film that a cell names, from 1, as a number, `Film B` or `B`; None: nothing."""
    plain = _plain(cell)
    if re.fullmatch(r"[1-9][0-9]?", plain):
        return int(plain)
    match = re.fullmatch(r"(?:film\W?)?([a-z])", plain)
    return _place(match[1]) if match else None


def rating_in_cell(cell: str) -> int | None:
    """The whole number that a cell holds, alone or before its label; None: nothing of the kind.

    Between number and label there may be any dash, also one in a wrong encoding.
    """
    match = re.fullmatch(r"([0-9]{1,6})(|\W[^0-9]*)", _plain(cell))
    if not match:
        return None
    letters = re.sub(r"[^a-z]", "", match[2])
    rating = int(match[1])
    known = LABELS.get(rating, "").replace(" ", "")
    return rating if letters in {"", known} else None


def mark_of(kit: Kit) -> str:
    """16 hex digits that only this kit has: of the films in their places."""
    films = [film for films in kit.quartets.values() for film in films]
    places = (f"{film.quartet}:{film.position}:{film.name}:{film.sha256}" for film in films)
    return hashlib.sha256("\n".join(places).encode()).hexdigest()[:16]


def survey_of(kit: Kit, *, image_url: str, title: str, going_back: bool) -> str:
    """The survey as Advanced Format TXT: a page with the reader's code, then one a quartet.

    Each page is a block of its own, since it is blocks that Qualtrics can put in a random order.

    Args:
        kit: with at most `MAX_FILMS` films in a quartet.
        image_url: where the films lie; ends with a slash.
        title: shown on the first page.
        going_back: what readers are told about it.
    """
    back = (
        "You may go back to earlier pages."
        if going_back
        else "You cannot go back to a page that you have left."
    )
    parts = [
        "[[AdvancedFormat]]",
        f"[[ED:{KIT_FIELD}:{mark_of(kit)}]]",
        "[[Block:Reader]]",
        f"[[Question:TE:SingleLine]]\n[[ID:{READER}]]\n{_READER_TEXT}",
        f"[[Question:DB]]\n[[ID:instructions]]\n<h2>{_escaped(title)}</h2>"
        "<p>Each page shows some films, of which exactly one is a real radiograph; a model made"
        " the others. Say which one you take for the real one, and rate how realistic each film"
        " is, from 1 (unrealistic) to 4 (fully realistic). Please answer alone, and do not look"
        f" the films up. {back}</p>",
    ]
    for quartet, films in kit.quartets.items():
        parts.extend(_page(quartet, films, kit, image_url))
    return "\n\n".join(parts) + "\n"


def _page(quartet: int, films: Sequence[KitFilm], kit: Kit, image_url: str) -> list[str]:
    names = [f"Film {chr(ord('A') + place)}" for place in range(len(films))]
    pictures = "".join(
        '<div style="display:inline-block;margin:4px;text-align:center">'
        f'<strong>{name}</strong><br><img src="{_escaped(image_url)}{film.name}.png"'
        f' alt="{name}" style="max-width:100%"></div>'
        for name, film in zip(names, films, strict=True)
    )
    # The number before a choice or answer is what "numeric values" exports.
    choices = "\n".join(f"[[Choice:{place}]]\n{name}" for place, name in enumerate(names, start=1))
    answers = "\n".join(
        f"[[Answer:{rating}]]\n{rating}{f' – {label}' if label else ''}"
        for rating, label in LABELS.items()
    )
    return [
        "[[PageBreak]]",
        f"[[Block:{_id(quartet, kit, 'block')}]]",
        f"[[Question:DB]]\n[[ID:{_id(quartet, kit, 'films')}]]\n{pictures}",
        f"[[Question:MC:SingleAnswer:Horizontal]]\n[[ID:{_id(quartet, kit, 'real')}]]\n"
        f"{_PICK_TEXT.format(quartet)}\n[[AdvancedChoices]]\n{choices}",
        f"[[Question:Matrix:SingleAnswer]]\n[[ID:{_id(quartet, kit, 'rating')}]]\n"
        f"{_RATING_TEXT.format(quartet)}\n[[Choices]]\n" + "\n".join(names) + "\n"
        f"[[AdvancedAnswers]]\n{answers}",
    ]


def _id(quartet: int, kit: Kit, part: str) -> str:
    width = max(2, len(str(max(kit.quartets))))
    return f"q{quartet:0{width}d}_{part}"


def _place(letter: str) -> int:
    return ord(letter) - ord("a") + 1


def _plain(text: str) -> str:
    """In lower case, with single plain spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def _escaped(text: str) -> str:
    """As text of HTML that holds neither a tag of the TXT format nor one of Qualtrics' pipes."""
    quoted = html.escape(text, quote=True)
    return quoted.replace("[", "&#91;").replace("]", "&#93;").replace("$", "&#36;")
