from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cxr_release.adjudication.expectation import Expectation, expectation_of


def planted(alteration: str, found: int, of: int = 40) -> dict[str, Any]:
    share = found / of
    interval = {"low": max(0.0, share - 0.123), "high": min(1.0, share + 0.045)}
    return {"alteration": alteration, "planted": of, "found": found, "recall": share, **interval}


def expected(
    folder: Path, *power: dict[str, Any], note: str | None = None, **more: Any
) -> Expectation:
    path = folder / "audit.json"
    document = {"pairs": 100, "power": list(power), "power_note": note, "other": 1, **more}
    path.write_text(json.dumps(document))
    return expectation_of(path, pairs=100)


def test_the_worst_found_kinds_come_first_each_with_its_figures(tmp_path: Path) -> None:
    given = expected(tmp_path, planted("identical", 40), planted("blurred", 3), planted("half", 31))
    assert given.summary == (
        "may miss these kinds of copies: blurred (holds 3 of 40 planted), half (holds 31 of 40"
        " planted)"
    )
    assert given.kinds == [
        ("blurred", "3 of 40 planted (95 % interval 0 % to 12 %)"),
        ("half", "31 of 40 planted (95 % interval 65 % to 82 %)"),
        ("identical", "40 of 40 planted (95 % interval 87 % to 100 %)"),
    ]
    assert "this list of 100 pairs:" in given.texts[0]
    assert "may be missing" in given.texts[1]


def test_of_many_badly_found_kinds_the_line_names_the_worst_and_counts_the_others(
    tmp_path: Path,
) -> None:
    kinds = [planted(f"kind {found}", found) for found in (4, 3, 2, 1, 0)]
    assert expected(tmp_path, *kinds[:4]).summary.endswith(
        "kind 3 (holds 3 of 40 planted), and 1 more kind"
    )
    summary = expected(tmp_path, *kinds).summary
    assert summary.startswith("may miss these kinds of copies: kind 0 (holds 0 of 40 planted)")
    assert summary.endswith(", and 2 more kinds")


@pytest.mark.parametrize(
    ("found", "summary"),
    [
        ([40], "holds all planted copies of the 1 kind tried"),
        ([40, 40], "holds all planted copies of each of the 2 kinds tried"),
        (
            [40, 38],
            "holds at least 95 % of the planted copies of each of the 2 kinds tried;"
            " fewest: kind 1 (38 of 40)",
        ),
    ],
)
def test_where_nothing_is_badly_found_the_line_says_how_many_are(
    tmp_path: Path, found: list[int], summary: str
) -> None:
    rows = [planted(f"kind {place}", count) for place, count in enumerate(found)]
    assert expected(tmp_path, *rows).summary == summary


UNMEASURED = {**planted("identical", 40), "recall": None, "low": None, "high": None}


def test_what_could_not_be_measured_is_said_to_be_so_and_why(tmp_path: Path) -> None:
    note = "not measurable: 100 of 120 pairs are listed"
    given = expected(tmp_path, UNMEASURED, note=note)
    assert (given.summary, given.kinds) == ("not measurable", [])
    assert note in given.texts[0]


@pytest.mark.parametrize(
    "change",
    [
        {"power": []},
        {"power": [UNMEASURED]},
        {"power": [{**planted("identical", 40), "found": 39}]},
        {"power": [{**planted("identical", 40), "low": None}]},
        {"power": [{**planted("identical", 40), "planted": 0}]},
        {"power": [{**planted("identical", 40), "recall": 1.5}]},
        {"power": [{**planted("identical", 40), "alteration": 3}]},
        {"power": {"identical": 40}},
        {"power": None},
        {"power_note": 1},
        {"pairs": 99},
        {"pairs": None},
    ],
)
def test_of_another_form_or_another_list_nothing_is_known(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    fine = expected(tmp_path, planted("identical", 40))
    assert fine.summary != "not known"
    given = expected(tmp_path, planted("identical", 40), **change)
    assert (given.summary, given.kinds) == ("not known", [])
    assert given.texts[0].endswith("How many copies it would hold is not known.")


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", '{"pairs": NaN}', "[" * 100_000])
def test_a_report_that_is_missing_or_broken_stops_nobody(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "audit.json"
    if text is not None:
        path.write_text(text)
    assert expectation_of(path, pairs=100).summary == "not known"
