"""What a line of a log of clearance decisions may hold, and what it gives away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cxr_release.clearance.statement import CLEARANCE, NewClearance
from cxr_release.errors import DecisionError
from cxr_release.films.film_key import FilmKey
from cxr_release.logbook import log

FILM, CONTENT = f"film-{7:016x}", "ab" * 32


@pytest.mark.parametrize(
    ("film", "content", "word"),
    [
        ("Mueller_Anna.png", CONTENT, "clear"),
        ("phantom-00001", CONTENT, "clear"),
        (FILM + "0", CONTENT, "clear"),
        (FILM, "ab", "clear"),
        (FILM, CONTENT, "keep"),
        (FILM, CONTENT, ""),
    ],
)
def test_a_line_names_a_real_film_by_opaque_things_alone(
    film: str, content: str, word: str
) -> None:
    with pytest.raises(DecisionError):
        NewClearance(film, content, word)  # type: ignore[arg-type]


def test_a_line_has_no_place_for_a_name(tmp_path: Path) -> None:
    log.append(CLEARANCE, tmp_path, "a.b", [NewClearance(FILM, CONTENT, "text")])
    line = json.loads((tmp_path / "a.b.jsonl").read_text())
    assert list(line) == ["seq", "at", "reviewer", "real_id", "content", "decision", "prev"]


def test_who_has_a_film_cannot_look_up_its_line() -> None:
    """The same file under two keys is two contents, and neither is a hash of the file."""
    file = "cd" * 32
    first, second = (FilmKey(bytes([number]) * 32).content(file) for number in (1, 2))
    assert len({first, second, file, FilmKey(b"\1" * 32).pixels(file)}) == 4
    assert first == FilmKey(b"\1" * 32).content(file)


def test_what_was_said_of_another_content_is_another_subject(tmp_path: Path) -> None:
    old, new = NewClearance(FILM, CONTENT, "clear"), NewClearance(FILM, "cd" * 32, "text")
    log.append(CLEARANCE, tmp_path, "a.b", [old, new])
    assert len(log.Log(CLEARANCE, tmp_path, "a.b").refresh()) == 2
    assert old.about != new.about
