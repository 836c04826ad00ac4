from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.adjudication.outcomes import VERDICT, Verdict
from cxr_release.errors import DecisionError
from cxr_release.logbook import log
from cxr_release.logbook.chain import parse
from cxr_release.logbook.entry import GENESIS, EntryType, effective_of, line_of
from cxr_release.screening.decision import DECISION, Decision
from tests.support.remarks import REMARK, Remark, remark


@pytest.mark.parametrize(
    ("kind", "line"), [(REMARK, Remark), (DECISION, Decision), (VERDICT, Verdict)]
)
def test_a_line_s_fields_are_its_place_its_own_and_the_chain(kind: EntryType, line: type) -> None:  # type: ignore[type-arg]
    own = [field.name for field in fields(kind.statement)]
    assert {field.name for field in fields(line)} == {*kind.keys}
    assert kind.keys[: 4 + len(own)] == ["seq", "at", "reviewer", *own, "prev"]
    assert not kind.optional & {"seq", "at", "reviewer", "prev", "note", "reason"}
    assert kind.optional >= {"joined_from", "joined_line", "joined_after"}


def test_a_line_is_compact_json_that_hangs_on_the_line_before(tmp_path: Path) -> None:
    log.append(REMARK, tmp_path, "a.b", [remark(12, "bad", "é"), remark(13)])
    first, second = (tmp_path / "a.b.jsonl").read_text().splitlines()
    at = json.loads(first)["at"]
    assert first == (
        f'{{"seq":1,"at":"{at}","reviewer":"a.b","topic":"topic-00012","word":"bad","note":"é",'
        f'"prev":"{GENESIS}"}}'
    )
    assert json.loads(second)["prev"] == hashlib.sha256(first.encode()).hexdigest()


def line(**changes: object) -> bytes:
    one = {"seq": 1, "at": "2026-11-20T12:00:00Z", "reviewer": "a", "topic": "t", "word": "good",
           "note": "", "prev": GENESIS}  # fmt: skip
    return json.dumps(one | changes).encode()


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"[]", "is not a remark: expected the keys seq, at, reviewer, topic, word, note, prev"),
        (b"x", "is not a remark"),
        (b"[" * 100_000, "is not a remark"),
        (b"\xff", "is not a remark"),
        (line(more=""), "is not a remark"),
        (line(seq="1"), "seq has the wrong type"),
        (line(seq=True), "seq has the wrong type"),
        (line(note=None), "note has the wrong type"),
        (line(seq=2), "seq is 2"),
        (line(at="today"), "at is not a time"),
        (line(reviewer="b"), "is a remark of 'b' in the log of 'a'"),
        (line(prev="1" * 64), "the chain is broken"),
        (line(word="maybe"), "word 'maybe' is not one of good, bad, retract"),
    ],
)
def test_what_is_no_such_line_is_named(raw: bytes, what: str) -> None:
    with pytest.raises(DecisionError) as caught:
        parse(REMARK, Path("a.jsonl"), [raw], "a")
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].where == "a.jsonl: line 1"
    assert what in caught.value.faults[0].what
    assert "remarks are never edited" in caught.value.remedy


def test_the_same_line_as_it_should_be_is_taken() -> None:
    (one,), _ = parse(REMARK, Path("a.jsonl"), [line()], "a")
    assert json.loads(line_of(one)) == json.loads(line())


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["good", "bad", "retract"]))))
def test_the_last_word_on_a_subject_stands_unless_it_retracts(said: list[tuple[int, str]]) -> None:
    lines = [
        REMARK.entered(remark(topic, word), seq=seq, at="", reviewer="a", prev="")
        for seq, (topic, word) in enumerate(said, start=1)
    ]
    last = {one.topic: one for one in lines}
    stands = [one for one in lines if one is last[one.topic] and one.word != "retract"]
    assert list(effective_of(lines).items()) == [(stand.topic, stand) for stand in stands]
