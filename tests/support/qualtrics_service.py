"""What stands in for Qualtrics: takes a survey file as it is, and exports answers to it as CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cxr_release.films import png

QUARTETS, FILMS = 3, 4
URL = "https://images.hospital.example/study-7/"
PRESENT_METADATA = {
    "StartDate": ("startDate", "2026-03-02 08:00:00"),
    "EndDate": ("endDate", "2026-03-02 08:40:00"),
    "Status": ("status", ""),
    "IPAddress": ("ipAddress", "203.0.113.7"),
    "Progress": ("progress", "100"),
    "Duration (in seconds)": ("duration", "2400"),
    "Finished": ("finished", ""),
    "RecordedDate": ("recordedDate", "2026-03-02 08:40:01"),
    "ResponseId": ("_recordId", "R_2SecretSecret"),
    "RecipientLastName": ("recipientLastName", "Mustermann"),
    "RecipientFirstName": ("recipientFirstName", "Erika"),
    "RecipientEmail": ("recipientEmail", "erika@hospital.example"),
    "ExternalReference": ("externalDataReference", "staff-4711"),
    "LocationLatitude": ("locationLatitude", "47.115"),
    "LocationLongitude": ("locationLongitude", "7.2315"),
    "DistributionChannel": ("distributionChannel", "anonymous"),
    "UserLanguage": ("userLanguage", "DE"),
}
LEGACY_METADATA = {
    "V1": ("ResponseID", "R_2SecretSecret"),
    "V2": ("ResponseSet", "Default Response Set"),
    "V3": ("Name", "Mustermann, Erika"),
    "V4": ("ExternalDataReference", "staff-4711"),
    "V5": ("EmailAddress", "erika@hospital.example"),
    "V6": ("IPAddress", "203.0.113.7"),
    "V7": ("Status", ""),
    "V8": ("StartDate", "2026-03-02 08:00:00"),
    "V9": ("EndDate", "2026-03-02 08:40:00"),
    "V10": ("Finished", ""),
}
PERSONAL = ("Secret", "Mustermann", "Erika", "erika", "203.0.113", "4711", "47.115")


def kit_rows(quartets: int = QUARTETS, films: int = FILMS) -> list[dict[str, object]]:
    chance = np.random.default_rng(5)
    rows: list[dict[str, object]] = []
    for quartet in range(1, quartets + 1):
        for position in range(1, films + 1):
            data = png.encode_evenly(chance.integers(0, 256, (4, 4), dtype=np.uint8))
            name = chance.bytes(8).hex()
            rows.append(
                {
                    "image": png.cell(data, name),
                    "quartet": quartet,
                    "position": position,
                    "name": name,
                    "sha256": png.sha256(data),
                }
            )
    # Neither by quartet nor by position: letters must not follow the table's order.
    return [rows[place] for place in chance.permutation(len(rows))]


@dataclass(frozen=True)
class Question:
    kind: str
    id: str
    text: str
    choices: tuple[tuple[str, str], ...]
    """Value and words of each choice of a multiple choice question, or row of a matrix."""
    answers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Survey:
    fields: dict[str, str]
    blocks: dict[str, list[Question]]

    @property
    def questions(self) -> list[Question]:
        return [question for block in self.blocks.values() for question in block]

    def shown(self) -> dict[str, dict[str, str]]:
        """Quartet, such as q07 → film's name → letter below which its picture stands."""
        found = {}
        for question in self.questions:
            films = re.findall(
                r'<img src="[^"]*/([0-9a-f]{16})\.png" alt="Film ([A-Z])"', question.text
            )
            if films:
                found[question.id.removesuffix("_films")] = dict(films)
        return found


@dataclass(frozen=True)
class Answered:
    """One reader's answers."""

    reader: str
    picked: Mapping[str, str]
    """Quartet, such as q07 → film."""
    rated: Mapping[str, int]
    """Film → rating."""
    status: int = 0
    finished: bool = True


def imported(text: str) -> Survey:
    """The survey that Qualtrics makes of an Advanced Format file."""
    head, *parts = text.rstrip("\n").split("\n\n")
    assert head == "[[AdvancedFormat]]"
    fields: dict[str, str] = {}
    blocks: dict[str, list[Question]] = {}
    breaks = 0
    for part in parts:
        first, *rest = part.split("\n")
        if field := re.fullmatch(r"\[\[ED:(\w+):(\w+)\]\]", first):
            fields[field[1]] = field[2]
        elif block := re.fullmatch(r"\[\[Block:(\w+)\]\]", first):
            assert block[1] not in blocks
            # A page a block.
            assert breaks == len(blocks)
            blocks[block[1]] = []
        elif part == "[[PageBreak]]":
            breaks += 1
        else:
            blocks[[*blocks][-1]].append(_question(first, rest))
    return Survey(fields, blocks)


def _question(first: str, rest: Sequence[str]) -> Question:
    kind = re.fullmatch(r"\[\[Question:([\w:]+)\]\]", first)
    name = re.fullmatch(r"\[\[ID:(\w{1,15})\]\]", rest[0])
    assert kind and name
    lists: dict[str, list[tuple[str, str]]] = {"text": [], "choices": [], "answers": []}
    where, value = "text", ""
    for line in rest[1:]:
        if tag := re.fullmatch(r"\[\[(?:Advanced)?(Choices|Answers)\]\]", line):
            where = tag[1].lower()
        elif tag := re.fullmatch(r"\[\[(?:Choice|Answer):(\d+)\]\]", line):
            value = tag[1]
        else:
            assert "[[" not in line
            lists[where].append((value or str(len(lists[where]) + 1), line))
            value = ""
    text = "\n".join(words for _, words in lists["text"])
    return Question(kind[1], name[1], text, tuple(lists["choices"]), tuple(lists["answers"]))


def table(
    survey: Survey,
    responses: Sequence[Answered],
    *,
    legacy: bool = False,
    numeric: bool = True,
    remark: str = "",
) -> list[list[str]]:
    """Rows of an export, header rows first.

    Args:
        survey: see `imported`.
        responses: one row each.
        legacy: layout.
        numeric: values, else the choices' words.
        remark: put behind the text of every question.
    """
    metadata = LEGACY_METADATA if legacy else PRESENT_METADATA
    heads: list[tuple[str, str, str]] = [
        (name, facts[0] if legacy else f"Metadatum {name}", "" if legacy else facts[0])
        for name, facts in metadata.items()
    ]
    asked: list[tuple[str, Question | None, str]] = []
    for number, one in enumerate(survey.questions, start=1):
        if one.kind == "Matrix:SingleAnswer":
            for row, words in one.choices:
                heads.append(
                    (f"{one.id}_{row}", f"{one.text}{remark} - {words}", f"QID{number}_{row}")
                )
                asked.append(("rating", one, words))
        elif one.kind != "DB":
            heads.append((one.id, one.text + remark, f"QID{number}"))
            asked.append(("real" if one.kind.startswith("MC") else "reader", one, ""))
    for name in survey.fields:
        heads.append((name, name, name))
        asked.append((name, None, ""))
    ids = [json.dumps({"ImportId": third}) for *_, third in heads]
    names, texts = [one for one, *_ in heads], [one for _, one, _ in heads]
    rows = [names, texts] if legacy else [names, texts, ids]
    for response in responses:
        cells = [
            _status(response, facts[0], value, numeric=numeric)
            for facts, value in ((facts, facts[1]) for facts in metadata.values())
        ]
        cells.extend(_answer(survey, response, *one, numeric=numeric) for one in asked)
        rows.append(cells)
    # Legacy exports end each row with a comma.
    return [[*row, ""] for row in rows] if legacy else rows


def _status(response: Answered, what: str, otherwise: str, *, numeric: bool) -> str:
    if what.lower() == "status":
        words = {0: "IP Address", 1: "Survey Preview", 2: "Survey Test", 8: "Spam"}
        return str(response.status) if numeric else words[response.status]
    if what.lower() == "finished":
        return str(int(response.finished)) if numeric else str(response.finished)
    return otherwise


def _answer(
    survey: Survey,
    response: Answered,
    what: str,
    question: Question | None,
    words: str,
    *,
    numeric: bool,
) -> str:
    if question is None:
        return survey.fields[what]
    if what == "reader":
        return response.reader
    quartet = question.id.split("_")[0]
    letters = survey.shown()[quartet]
    if what == "real":
        film = response.picked.get(quartet)
        wanted = f"Film {letters[film]}" if film else ""
        return _chosen(question.choices, wanted, numeric=numeric)
    (film,) = (film for film, letter in letters.items() if words == f"Film {letter}")
    return _chosen(question.answers, str(response.rated.get(film, "")), numeric=numeric)


def _chosen(choices: Sequence[tuple[str, str]], wanted: str, *, numeric: bool) -> str:
    """The choice whose words begin with what the reader looked for on the page."""
    if not wanted:
        return ""
    ((value, words),) = [choice for choice in choices if choice[1].startswith(wanted)]
    return value if numeric else words


def write(path: Path, rows: Sequence[Sequence[str]], *, bom: bool = True) -> Path:
    """A CSV as Qualtrics writes it."""
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerows(rows)
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + stream.getvalue().encode())
    return path
