"""What the page's server knows of facing: logged, taken back, and kept from everybody else."""

from __future__ import annotations

from typing import Any

import pytest

from cxr_release.logbook import log
from cxr_release.screening.decision import FACING
from cxr_release.screening.record_decisions import record_facing
from tests.support.asking import Answer


def say(desk: Any, film: str, right: object = True) -> Answer:
    answer: Answer = desk.send("facing", {"film": film, "right": right})
    return answer


def logged(desk: Any, person: str = "a.b") -> list[tuple[str, str, str]]:
    path = desk.root / "reviews" / "facing" / f"{person}.jsonl"
    lines = log.read(FACING, path) if path.exists() else []
    return [(line.image_sha256, line.faces, line.via) for line in lines]


def test_a_film_faces_right_until_it_is_taken_back(desk: Any) -> None:
    first, second = desk.names()[:2]
    assert desk.ask("facing").json() == {"right": []}
    assert say(desk, first).json() == {"right": [first]}
    assert say(desk, second).json() == {"right": sorted([first, second])}
    assert say(desk, first).json() == {"right": sorted([first, second])}  # nothing new
    assert say(desk, first, False).json() == {"right": [second]}
    assert say(desk, first, False).json() == {"right": [second]}
    assert [(faces, via) for _, faces, via in logged(desk)] == [
        ("right", "page"), ("right", "page"), ("retract", "page"),
    ]  # fmt: skip
    assert desk.ask("facing").json() == {"right": [second]}


def test_it_is_each_reviewer_s_own(outside: Any) -> None:
    mine = outside.enter("a.b")
    say(mine, mine.names()[0])
    other = outside.enter("c.d")
    assert other.ask("facing").json() == {"right": []}
    assert logged(other, "c.d") == []


def test_what_was_said_of_the_film_before_it_was_mirrored_is_not_said_of_it_now(desk: Any) -> None:
    film = desk.films[0]
    before = [type(film)(film.id, film.checkpoint, film.batch, film.mirrored_sha256)]
    record_facing(desk.root / "reviews" / "facing", "a.b", [film.id], "right", films=before)
    assert desk.ask("facing").json() == {"right": []}
    record_facing(desk.root / "reviews" / "facing", "a.b", [film.id], "left", films=before)
    (name,) = desk.ask("facing").json()["right"]
    assert name in desk.names()


@pytest.mark.parametrize(
    "wrong",
    [
        {}, [], "x", {"film": "0" * 32}, {"film": "0" * 32, "right": 1}, {"film": 1, "right": True},
        {"film": "../a", "right": True}, {"film": "0" * 32, "right": True, "more": 1},
    ],
)  # fmt: skip
def test_anything_else_is_refused(desk: Any, wrong: object) -> None:
    assert desk.send("facing", wrong).status == 400
    assert logged(desk) == []


def test_an_unknown_film_is_refused_and_so_is_a_stranger(desk: Any, outside: Any) -> None:
    assert say(desk, "0" * 32).status == 409
    outside.cookie = ""
    assert say(outside, "0" * 32).status == 403
    assert logged(desk) == []


def test_a_log_that_does_not_verify_is_a_trouble(desk: Any) -> None:
    first = desk.names()[0]
    say(desk, first)
    path = desk.root / "reviews" / "facing" / "a.b.jsonl"
    path.write_bytes(path.read_bytes().replace(b"right", b"wrong"))
    answer = desk.ask("facing")
    assert answer.status == 503
    assert first not in answer.json()["error"]
