"""What the page's server knows of findings: logged, taken back, and kept from everybody else."""

from __future__ import annotations

from typing import Any

import pytest

from cxr_release.logbook import log
from cxr_release.screening.findings import FINDINGS
from tests.support.asking import Answer


def say(desk: Any, film: str, findings: object) -> Answer:
    answer: Answer = desk.send("findings", {"film": film, "findings": findings})
    return answer


def logged(desk: Any, person: str = "a.b") -> list[str]:
    path = desk.root / "reviews" / "findings" / f"{person}.jsonl"
    return [line.findings for line in log.read(FINDINGS, path)] if path.exists() else []


def test_findings_are_each_reviewer_s_own_and_can_be_taken_back(outside: Any) -> None:
    desk = outside.enter("a.b")
    film = desk.names()[0]
    assert desk.ask("findings").json() == {"noted": {}}
    assert say(desk, film, ["osteophytes", "hardware"]).json() == {
        "noted": {film: ["hardware", "osteophytes"]}
    }
    assert say(desk, film, ["hardware", "osteophytes"]).status == 200  # nothing new
    assert say(desk, film, []).json() == {"noted": {film: []}}
    assert say(desk, film, None).json() == {"noted": {}}
    assert say(desk, film, None).json() == {"noted": {}}
    assert logged(desk) == ["hardware osteophytes", "none", "retract"]
    assert desk.ask("setup").json()["findings"][0]["code"] == "hardware"
    say(desk, film, [])
    other = outside.enter("c.d")
    assert other.ask("findings").json() == {"noted": {}}
    assert logged(other, "c.d") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {}, [], {"film": "0" * 32}, {"film": "0" * 32, "findings": "hardware"},
        {"film": "0" * 32, "findings": [1]}, {"film": "../a", "findings": []},
        {"film": "0" * 32, "findings": ["hardware", "hardware"]},
        {"film": "0" * 32, "findings": [], "more": 1},
    ],
)  # fmt: skip
def test_anything_else_is_refused(desk: Any, wrong: object) -> None:
    assert desk.send("findings", wrong).status == 400
    assert logged(desk) == []


def test_an_unknown_film_or_finding_is_refused_and_so_is_a_stranger(
    desk: Any, outside: Any
) -> None:
    assert say(desk, "0" * 32, []).status == 409
    assert say(desk, desk.names()[0], ["none"]).status == 400
    outside.cookie = ""
    assert say(outside, "0" * 32, []).status == 403
    assert logged(desk) == []
