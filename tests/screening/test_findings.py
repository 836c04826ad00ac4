"""What reviewers see on films: codes in the log, and shares with their denominators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.logbook.log import Log, read
from cxr_release.params.load import load_params
from cxr_release.screening.films import Generated
from cxr_release.screening.findings import (
    FINDINGS,
    NONE,
    Findings,
    NewFindings,
    joined,
    load_findings,
    tally_findings,
)
from cxr_release.screening.real_findings import real_findings
from tests.support import ROOT

KNOWN = {"hardware": "Metal.", "osteophytes": "Spurs."}
FILMS = [
    Generated(f"checkpoint-1-large-{n:05d}", 1, "large", f"{n:064d}", f"{n + 50:064d}")
    for n in range(6)
]


def logged(folder: Path, who: str, *said: tuple[int, str]) -> list[Findings]:
    log = Log(FINDINGS, folder, who)
    log.append([NewFindings(FILMS[at].id, FILMS[at].sha256, codes) for at, codes in said])
    return list(read(FINDINGS, folder / f"{who}.jsonl"))


def tally(logs: dict[str, list[Findings]], released: int = 6, decided: int = 0) -> Any:
    ids = [film.id for film in FILMS]
    return tally_findings(FILMS, logs, KNOWN, released=ids[:released], decided=ids[:decided])


def test_untagged_films_are_in_no_denominator_and_none_is_said_in_words(tmp_path: Path) -> None:
    said = logged(
        tmp_path, "a.b", (0, "hardware"), (1, NONE), (2, "hardware osteophytes"), (3, NONE)
    )
    counted = tally({"a.b": said}, released=2, decided=5)
    assert (counted["tagged"], counted["released"], counted["taggers"]) == (4, 2, 1)
    assert (counted["decided"], counted["decided_tagged"]) == (5, 4)
    rows = {row["code"]: row for row in counted["findings"]}
    assert [*rows] == [*KNOWN]
    assert (rows["hardware"]["films"], rows["hardware"]["released"]) == (2, 1)
    assert rows["osteophytes"]["films"] == 1
    low, high = rows["hardware"]["interval"]
    assert low < 0.5 < high
    assert tally({}) is None


def test_the_last_word_counts_and_what_is_taken_back_is_not_tagged(tmp_path: Path) -> None:
    said = logged(tmp_path, "a.b", (0, "hardware"), (0, NONE), (1, "hardware"), (1, "retract"))
    counted = tally({"a.b": said})
    assert counted["tagged"] == 1
    assert sum(row["films"] for row in counted["findings"]) == 0


def test_several_taggers_need_a_majority_and_their_differences_are_counted(tmp_path: Path) -> None:
    logs = {
        "a.b": logged(tmp_path, "a.b", (0, "hardware"), (1, "hardware")),
        "c.d": logged(tmp_path, "c.d", (0, NONE), (1, "hardware osteophytes")),
        "e.f": logged(tmp_path, "e.f", (1, NONE)),
    }
    counted = tally(logs)
    rows = {row["code"]: row["films"] for row in counted["findings"]}
    assert rows == {"hardware": 1, "osteophytes": 0}
    assert (counted["several"], counted["differ"]) == (2, 2)


def test_notes_hold_for_the_mirror_image_and_not_for_films_drawn_anew(tmp_path: Path) -> None:
    log = Log(FINDINGS, tmp_path, "a.b")
    log.append(
        [
            NewFindings(FILMS[0].id, FILMS[0].mirrored_sha256, "hardware"),
            NewFindings(FILMS[1].id, 64 * "f", "hardware"),
        ]
    )
    counted = tally({"a.b": list(read(FINDINGS, tmp_path / "a.b.jsonl"))})
    assert counted["tagged"] == 1


def test_a_code_that_left_the_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(DecisionError, match="not in the list: listhesis"):
        tally({"a.b": logged(tmp_path, "a.b", (0, "listhesis"))})


@given(st.lists(st.sampled_from(["a", "b", "none", "retract", "B c", ""]), max_size=4))
def test_only_codes_in_order_each_once_are_taken(codes: list[str]) -> None:
    sound = codes == sorted({*codes}) and all(code in {"a", "b"} for code in codes) and codes
    alone = codes in (["none"], ["retract"])
    if sound or alone:
        assert NewFindings(FILMS[0].id, FILMS[0].sha256, " ".join(codes))
    else:
        with pytest.raises(DecisionError):
            NewFindings(FILMS[0].id, FILMS[0].sha256, " ".join(codes))
    assert joined([]) == NONE


def test_the_list_is_as_it_should_be_and_need_not_be_there(tmp_path: Path) -> None:
    assert 5 < len(load_findings(ROOT / "cards/phantoms/findings.yaml")) <= 24
    assert load_findings(tmp_path / "findings.yaml") == {}
    path = tmp_path / "findings.yaml"
    path.write_text("none: Nothing.\n")
    with pytest.raises(DecisionError, match="the code none"):
        load_findings(path)


def test_real_films_are_counted_only_where_a_fact_says_yes_or_no() -> None:
    params = load_params(ROOT / "params.yaml")
    least = params.ingest.least_patients

    def rows(have: int, codes: tuple[str, str]) -> list[dict[str, object]]:
        return [
            {
                "id": str(n),
                "patient": f"p{n}",
                "facts": [{"name": "hardware", "code": codes[n < have], "number": None}],
            }
            for n in range(4 * least)
        ]

    assert real_findings(rows(least, ("no", "Yes")), params) == {
        "hardware": {"real_films": least, "real_known": 4 * least}
    }
    assert real_findings(rows(least - 1, ("no", "yes")), params) == {}
    assert real_findings(rows(least, ("left", "right")), params) == {}
