from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from cxr_release.adjudication.outcomes import VERDICT, WORDS, NewVerdict, Word
from cxr_release.errors import DecisionError
from cxr_release.logbook import log, logs
from cxr_release.logbook.entry import GENESIS, effective_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.schemas import JUDGED
from cxr_release.screening.decision import DECISION, NewDecision

REAL, SYNTHETIC = "a" * 64, "b" * 64


def judgement(real: str, synthetic: str, verdict: Word = "copy", note: str = "") -> NewVerdict:
    return NewVerdict(real, REAL, synthetic, SYNTHETIC, verdict, note)


def test_a_line_names_both_films_and_hangs_on_the_line_before(tmp_path: Path) -> None:
    wishes = [judgement("r-1", "s-1", note="é"), judgement("r-1", "s-2", "not-a-copy")]
    log.append(VERDICT, tmp_path, "a.b", wishes)
    first, second = (tmp_path / "a.b.jsonl").read_text().splitlines()
    assert first == (
        f'{{"seq":1,"at":"{json.loads(first)["at"]}","reviewer":"a.b","real_id":"r-1",'
        f'"real_sha256":"{REAL}","synthetic_id":"s-1","synthetic_sha256":"{SYNTHETIC}",'
        f'"verdict":"copy","note":"é","prev":"{GENESIS}"}}'
    )
    assert json.loads(second)["prev"] == hashlib.sha256(first.encode()).hexdigest()
    found = logs.read_all(VERDICT, tmp_path)["a.b"]
    assert [(one.about, one.verdict) for one in found] == [
        (("r-1", "s-1"), "copy"),
        (("r-1", "s-2"), "not-a-copy"),
    ]


def test_a_changed_verdict_breaks_the_chain(tmp_path: Path) -> None:
    log.append(VERDICT, tmp_path, "a", [judgement("r", "s-1"), judgement("r", "s-2")])
    path = tmp_path / "a.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"copy"', b'"unsure"', 1))
    with pytest.raises(DecisionError, match="line 2: the chain is broken"):
        logs.read_all(VERDICT, tmp_path)


def test_a_pair_has_a_verdict_of_its_own_until_it_is_retracted(tmp_path: Path) -> None:
    wishes = [
        judgement("r-1", "s-1"),
        judgement("r-2", "s-1", "unsure"),
        judgement("r-1", "s-2", "not-a-copy"),
        judgement("r-1", "s-1", "retract"),
        judgement("r-2", "s-1", "copy"),
    ]
    standing = effective_of(log.append(VERDICT, tmp_path, "a", wishes))
    assert {pair: one.verdict for pair, one in standing.items()} == {
        ("r-1", "s-2"): "not-a-copy",
        ("r-2", "s-1"): "copy",
    }


def test_lines_of_another_kind_are_refused_by_name(tmp_path: Path) -> None:
    log.append(DECISION, tmp_path / "screening", "a", [NewDecision("film", REAL, "keep")])
    log.append(VERDICT, tmp_path / "audit", "a", [judgement("r", "s")])
    with pytest.raises(
        DecisionError, match="line 1: is not a verdict: expected the keys"
    ) as caught:
        logs.read_all(VERDICT, tmp_path / "screening")
    assert "real_id, real_sha256, synthetic_id" in caught.value.faults[0].what
    with pytest.raises(DecisionError, match="is not a decision: expected the keys"):
        logs.read_all(DECISION, tmp_path / "audit")
    with pytest.raises(DecisionError, match="is not a verdict"):
        log.append(VERDICT, tmp_path / "screening", "a", [judgement("r", "s")])


@pytest.mark.parametrize("which", [0, 1])
def test_a_verdict_on_other_bytes_of_either_film_is_named(tmp_path: Path, which: int) -> None:
    log.append(VERDICT, tmp_path, "a", [judgement("r", "s")])
    SharedState(VERDICT, tmp_path, {("r", "s"): (REAL, SYNTHETIC)}).refresh()
    now = [REAL, SYNTHETIC]
    now[which] = "c" * 64
    with pytest.raises(DecisionError, match="1 verdict") as caught:
        SharedState(VERDICT, tmp_path, {("r", "s"): tuple(now)}).refresh()
    assert str(caught.value.faults[0]) == (
        "a.jsonl: line 1: a verdict that does not match the SHA-256 of 'r and s'"
    )


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ({"verdict": "keep"}, "not one of copy, not-a-copy, unsure, retract"),
        ({"verdict": ""}, "not one of copy"),
        ({"note": "x" * 2001}, "longer than 2000"),
        ({"note": "\ud800"}, "is not valid Unicode text"),
        ({"real_sha256": "A" * 64}, "the real film's hash is not a SHA-256"),
        ({"synthetic_sha256": ""}, "the synthetic film's hash is not a SHA-256"),
        ({"real_id": ""}, "a real film's id has 1 to 255 printable"),
        ({"synthetic_id": "a\nb"}, "a synthetic film's id has 1 to 255 printable"),
    ],
)
def test_a_malformed_verdict_cannot_even_be_wished(bad: dict[str, str], what: str) -> None:
    values = {"real_id": "r", "real_sha256": REAL, "synthetic_id": "s",
              "synthetic_sha256": SYNTHETIC, "verdict": "copy"} | bad  # fmt: skip
    with pytest.raises(DecisionError, match=what):
        NewVerdict(**values)  # type: ignore[arg-type]


def test_what_can_stand_is_what_a_table_holds() -> None:
    assert (*JUDGED, "retract") == WORDS
