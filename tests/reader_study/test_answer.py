from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release.errors import DecisionError
from cxr_release.logbook import logs
from cxr_release.logbook.entry import effective_of
from cxr_release.reader_study.answer import ANSWER, NewAnswer
from tests.support.reading_of import answer, reply, small_kit

KIT, _ = small_kit()


def test_a_line_says_what_was_shown_and_answered_and_no_source(tmp_path: Path) -> None:
    answer(tmp_path, KIT, "a.b", [2])
    line = json.loads((tmp_path / "a.b.jsonl").read_text())
    said = reply(KIT, 2)
    assert list(line) == ["seq", "at", "reviewer", *vars(said), "prev"]
    assert {name: line[name] for name in vars(said)} == vars(said)
    assert said.rated == dict(zip(said.films.split(), map(int, said.ratings.split()), strict=True))
    assert "checkpoint" not in json.dumps(line)


def test_a_later_answer_stands_and_the_earlier_one_stays_in_the_log(tmp_path: Path) -> None:
    answer(tmp_path, KIT, "a.b", [1, 2])
    answer(tmp_path, KIT, "a.b", [1], seed=5)
    lines = logs.read_all(ANSWER, tmp_path)["a.b"]
    assert [line.about for line in lines] == [1, 2, 1]
    assert effective_of(lines)[1].ratings == reply(KIT, 1, seed=5).ratings


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"quartet": "0"}, "the quartet is not a number from 1"),
        ({"quartet": "1\n"}, "the quartet is not a number from 1"),
        ({"page": "-1"}, "the page is not a number from 1"),
        ({"quartet_sha256": "x"}, "the quartet's hash is not a SHA-256"),
        ({"films": ""}, "the films are not names"),
        ({"films": f"{'a' * 16} {'a' * 16} {'b' * 16}"}, "the films are not names"),
        ({"ratings": "1 2"}, "the ratings are not one for each film"),
        ({"ratings": "1 2 5"}, "the ratings are not one for each film"),
        ({"ratings": "1 2 "}, "the ratings are not one for each film"),
        ({"picked": "c" * 16}, "the film picked as the real one is not one of the films"),
        ({"seconds": "nan"}, "seconds are not a time"),
        ({"seconds": "-3.000"}, "seconds are not a time"),
        ({"seconds": "١.000"}, "seconds are not a time"),
    ],
)
def test_a_malformed_answer_is_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(DecisionError, match=fault):
        replace(reply(KIT, 1), **changes)


def test_a_changed_answer_breaks_the_log(tmp_path: Path) -> None:
    answer(tmp_path, KIT, "a.b", [1, 2, 3])
    path = tmp_path / "a.b.jsonl"
    first, *rest = path.read_text().splitlines()
    ratings = json.loads(first)["ratings"]
    path.write_text("\n".join([first.replace(ratings, "4 4 4"), *rest, ""]))
    with pytest.raises(DecisionError, match="line 2: the chain is broken"):
        logs.read_all(ANSWER, tmp_path)


def test_a_reply_is_frozen() -> None:
    assert isinstance(reply(KIT, 1), NewAnswer)
    with pytest.raises(AttributeError):
        reply(KIT, 1).picked = "x"  # type: ignore[misc]
