from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.logbook import log, logs
from cxr_release.params.people import ScreenParams
from cxr_release.screening.consensus import Screening, apply
from cxr_release.screening.counts import decided_by, table_s1
from cxr_release.screening.decision import (
    DECISION,
    PRESCREEN,
    TERMINAL,
    Decision,
    NewDecision,
    load_reasons,
)
from cxr_release.screening.films import Generated
from cxr_release.screening.record_decisions import decide, read_with_prescreen
from tests.support.decisions import decision

REASONS = {"other": "Something else.", "blank-or-noise": "Nothing there."}
RULE = ScreenParams(
    reviewers_required=1, conflict="exclude", adjudicator="", require_complete=False
)
TABLE_S1 = {
    (34, "initial"): (1000, 607),
    (40, "initial"): (1000, 654),
    (80, "initial"): (1000, 742),
    (34, "large"): (8000, 5071),
    (40, "large"): (7968, 5999),
    (80, "large"): (8032, 6990),
}
"""Generated and released films of the paper's Table S1."""


def film(index: int, checkpoint: int = 1, batch: str = "large") -> Generated:
    return Generated(f"checkpoint-{checkpoint}-{batch}-{index:05d}", checkpoint, batch, "a" * 64)


def decided(reviewer: str, *entries: tuple[str, str], at: str = "2026") -> list[Decision]:
    return [
        decision(one, verb, seq=seq, at=at, reviewer=reviewer)
        for seq, (one, verb) in enumerate(entries, start=1)
    ]


def released(result: Screening) -> set[str]:
    return {row["id"] for row in result.screened if row["released"]}


def test_the_paper_s_table_s1() -> None:
    films, entries = [], []
    for (checkpoint, batch), (generated, kept) in TABLE_S1.items():
        for index in range(generated):
            films.append(film(index, checkpoint, batch))
            entries.append((films[-1].id, "keep" if index < kept else "exclude"))
    result = apply(films, {"a": decided("a", *entries)}, RULE, REASONS)
    rows = result.counts["rows"]
    assert [(row["checkpoint"], row["batch"]) for row in rows] == list(TABLE_S1)
    for row in rows:
        assert (row["generated"], row["released"]) == TABLE_S1[row["checkpoint"], row["batch"]]
        assert row["generated"] - row["excluded"] == row["released"]
    total = result.counts["total"]
    assert (total["generated"], total["excluded"], total["released"]) == (27000, 6937, 20063)
    assert result.counts["review"]["state"] == "complete"
    assert "| Checkpoint 40 (large generation) | 7,968 | 1,969 | 5,999 | 0 |" in table_s1(
        result.counts
    )


def test_with_no_decisions_everything_is_released_and_nothing_reviewed() -> None:
    result = apply([film(0), film(1)], {}, RULE, REASONS)
    assert released(result) == {film(0).id, film(1).id}
    assert result.counts["review"] == {
        "state": "none",
        "reviewers": 0,
        "films_by_reviewers": {"0": 2},
        "decisions": {"page": 0, "terminal": 0, "not_stated": 0},
        "hurried": 0,
        "looked_at": 0,
        "each": [],
        "sentence": "",
        "decided": 0,
        "undecided": 2,
        "undecided_released": 2,
        "prescreened": 0,
        "audited": 0,
        "withdrawn": 0,
        "open_conflicts": 0,
        "elsewhere": 0,
        "agreement": None,
    }


def test_a_correction_is_a_new_line_and_a_retraction_takes_back() -> None:
    one, two, three = film(0), film(1), film(2)
    mine = decided(
        "a",
        (one.id, "exclude"), (one.id, "keep"),
        (two.id, "keep"), (two.id, "exclude"),
        (three.id, "exclude"), (three.id, "retract"),
    )  # fmt: skip
    result = apply([one, two, three], {"a": mine}, RULE, REASONS)
    assert released(result) == {one.id, three.id}
    assert result.counts["total"]["undecided"] == 1


def test_a_film_that_anyone_excludes_stays_out_with_the_first_reason() -> None:
    one = film(0)
    early = decided("b", (one.id, "exclude"), at="2026-01-01")
    late = decided("a", (one.id, "exclude"), at="2026-01-02")
    early = [replace(early[0], reason="blank-or-noise")]
    logs = {"a": late, "b": early, "c": decided("c", (one.id, "keep"))}
    result = apply([one], logs, RULE, REASONS)
    assert result.exclusions == [
        {"id": one.id, "checkpoint": 1, "batch": "large", "sha256": "a" * 64,
         "reason": "blank-or-noise", "reviewers": 2, "prescreen": False, "audit": False,
         "withdrawn": False}
    ]  # fmt: skip
    assert result.counts["rows"][0]["by_reason"] == {"blank-or-noise": 1}


def test_every_unfit_decision_is_named_by_log_and_line() -> None:
    one = film(12)
    mine = decided("a", ("checkpoint-1-large-00013", "keep"), ("nonsense", "keep"))
    mine.append(decision(one.id, seq=3, image_sha256="b" * 64))
    mine.append(decision(one.id, "exclude", seq=4, reason="ugly"))
    with pytest.raises(DecisionError) as caught:
        apply([one], {"a": mine}, RULE, REASONS)
    faults = [str(fault) for fault in caught.value.faults]
    assert faults[0] == (
        "a.jsonl: line 1: unknown film 'checkpoint-1-large-00013':"
        " did you mean checkpoint-1-large-00012?"
    )
    assert faults[1] == "a.jsonl: line 2: unknown film 'nonsense'"
    assert faults[2].startswith("a.jsonl: line 3: checkpoint-1-large-00012 does not match")
    assert faults[3].startswith("a.jsonl: line 4: unknown reason 'ugly'")


def test_decisions_on_a_dropped_checkpoint_are_left_alone_and_counted() -> None:
    mine = decided("a", (film(0).id, "keep"), (film(0, checkpoint=9).id, "exclude"))
    result = apply([film(0)], {"a": mine}, RULE, REASONS)
    assert released(result) == {film(0).id}
    assert result.counts["review"]["elsewhere"] == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["keep", "exclude", "retract"]))))
def test_counts_close_whatever_was_decided(entries: list[tuple[int, str]]) -> None:
    films = [film(index, 1 + index % 2, "initial" if index < 5 else "large") for index in range(10)]
    mine = decided("a", *((films[index].id, verb) for index, verb in entries))
    result = apply(films, {"a": mine}, RULE, REASONS)
    last = {films[index].id: verb for index, verb in entries}
    assert {row["id"] for row in result.exclusions} == {
        one for one, verb in last.items() if verb == "exclude"
    }
    for row in [*result.counts["rows"], result.counts["total"]]:
        assert row["generated"] - row["excluded"] == row["released"]
        assert sum(row["by_reason"].values()) == row["excluded"]


def test_the_desk_logs_all_or_nothing(tmp_path: Path) -> None:
    films = [film(0), film(1)]
    with pytest.raises(DecisionError, match=r"did you mean checkpoint-1-large-0000") as caught:
        decide(
            tmp_path, "a", [film(0).id, "checkpoint-1-large-0001"], "exclude",
            films=films, reasons=REASONS, reason="ugly",
        )  # fmt: skip
    assert len(caught.value.faults) == 2
    assert list(tmp_path.iterdir()) == []
    for note in ("", " \n"):
        with pytest.raises(DecisionError, match="reason other: the reason 'other' needs a note"):
            decide(
                tmp_path, "a", [film(0).id], "exclude",
                films=films, reasons=REASONS, reason="other", note=note,
            )  # fmt: skip
    decide(
        tmp_path, "a", [film(0).id], "exclude",
        films=films, reasons=REASONS, reason="other", note="two jaws",
    )  # fmt: skip
    assert {one.via for one in logs.read_all(DECISION, tmp_path)["a"]} == {TERMINAL}
    assert released(apply(films, logs.read_all(DECISION, tmp_path), RULE, REASONS)) == {film(1).id}


def test_a_new_name_is_told_and_takes_nothing_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    films = [film(0), film(1)]
    for who in ("a.b", "a.b", "a.bb"):
        decide(tmp_path, who, [film(0).id], "keep", films=films, reasons=REASONS)
    assert caplog.messages == [
        "first decision of a.b", "first decision of a.bb; did you mean a.b?",
    ]  # fmt: skip
    with pytest.raises(DecisionError, match="reason"):  # nothing was decided, and nothing said
        decide(tmp_path, "new", [film(0).id], "exclude", films=films, reasons=REASONS)
    assert len(caplog.messages) == 2
    before = sorted(tmp_path.iterdir())
    for who, which, message in (
        ("a.c", 0, r"reviewer a\.c: has decided nothing; did you mean a\.b"),
        ("zz", 0, r"reviewer zz: has decided nothing$"),
        ("a.b", 1, r"00001: a\.b has no decision on it in effect$"),
    ):
        with pytest.raises(DecisionError, match=message):
            decide(tmp_path, who, [film(which).id], "retract", films=films, reasons=REASONS)
    assert sorted(tmp_path.iterdir()) == before
    decide(tmp_path, "a.b", [film(0).id], "retract", films=films, reasons=REASONS)
    with pytest.raises(DecisionError, match=r"only they can take theirs back: a\.bb"):
        decide(tmp_path, "a.b", [film(0).id], "retract", films=films, reasons=REASONS)


def test_the_reasons_of_the_house_are_readable(tmp_path: Path) -> None:
    reasons = load_reasons(Path(__file__).parents[2] / "cards/phantoms/reasons.yaml")
    assert {"elements-inverted", "airway-posterior", "other"} <= set(reasons)
    for text in ["- a", "Bad Code: x", "a: [1]", "a: |\n  two\n  lines"]:
        (tmp_path / "r.yaml").write_text(text)
        with pytest.raises(DecisionError):
            load_reasons(tmp_path / "r.yaml")


def test_a_wish_of_another_film_s_bytes_is_refused(tmp_path: Path) -> None:
    log.append(DECISION, tmp_path, "a", [NewDecision(film(0).id, "b" * 64, "keep")])
    with pytest.raises(DecisionError, match="does not match the SHA-256"):
        apply([film(0)], logs.read_all(DECISION, tmp_path), RULE, REASONS)


K, X = "keep", "exclude"
"""What a, b, c … said, and what comes of it: decided, released."""
TWO = replace(RULE, reviewers_required=2)
MAJORITY = replace(RULE, reviewers_required=3, conflict="majority")
ADJUDICATED = replace(TWO, conflict="adjudicate", adjudicator="z")


@pytest.mark.parametrize(
    ("rule", "said", "outcome"),
    [
        (RULE, {}, (False, True)),
        (RULE, {"a": K}, (True, True)),
        (RULE, {"a": K, "b": X}, (True, False)),
        (TWO, {"a": K}, (False, True)),
        (TWO, {"a": X}, (False, False)),
        (TWO, {"a": K, "b": K}, (True, True)),
        (TWO, {"a": K, "b": X}, (True, False)),
        (MAJORITY, {"a": K, "b": X}, (False, False)),
        (MAJORITY, {"a": K, "b": X, "c": K}, (True, True)),
        (MAJORITY, {"a": X, "b": X, "c": K}, (True, False)),
        (MAJORITY, {"a": X, "b": X, "c": K, "d": K}, (True, False)),
        (ADJUDICATED, {"a": K, "b": K}, (True, True)),
        (ADJUDICATED, {"a": X, "b": X}, (True, False)),
        (ADJUDICATED, {"a": K, "b": X}, (False, False)),
        (ADJUDICATED, {"a": K, "b": X, "z": K}, (True, True)),
        (ADJUDICATED, {"a": K, "b": X, "z": X}, (True, False)),
        (ADJUDICATED, {"a": K, "z": K}, (True, True)),
        (RULE, {PRESCREEN: X}, (True, False)),
        (RULE, {PRESCREEN: X, "a": K}, (True, True)),
        (RULE, {PRESCREEN: X, "a": X}, (True, False)),
        (TWO, {PRESCREEN: X, "a": K}, (True, False)),
        (TWO, {PRESCREEN: X, "a": K, "b": K}, (True, True)),
    ],
)
def test_what_decisions_come_to(
    rule: ScreenParams, said: dict[str, str], outcome: tuple[bool, bool]
) -> None:
    one = film(0)
    logs = {reviewer: decided(reviewer, (one.id, verb)) for reviewer, verb in said.items()}
    result = apply([one], logs, rule, REASONS)
    row = result.screened[0]
    assert (row["decided"], row["released"]) == outcome
    people = [reviewer for reviewer in said if reviewer != PRESCREEN]
    review = result.counts["review"]
    assert review["reviewers"] == len(people)
    assert review["state"] == ("none" if not people else "complete" if outcome[0] else "partial")
    assert review["open_conflicts"] == (rule is ADJUDICATED and outcome == (False, False))
    assert len(result.exclusions) == (not outcome[1])
    for row in result.exclusions:
        assert row["reviewers"] == sum(verb == X and one != PRESCREEN for one, verb in said.items())
        assert row["prescreen"] or row["reviewers"]


def test_the_pre_screen_is_counted_apart_from_people() -> None:
    films = [film(0), film(1), film(2)]
    machine = decision(films[0].id, "exclude", reviewer=PRESCREEN, reason=PRESCREEN)
    logs = {PRESCREEN: [machine], "a": decided("a", (films[1].id, X), (films[2].id, K))}
    result = apply(films, logs, RULE, [*REASONS, PRESCREEN])
    assert result.counts["total"]["by_reason"] == {"other": 1, PRESCREEN: 1}
    review = result.counts["review"]
    assert (review["prescreened"], review["reviewers"]) == (1, 1)
    assert review["films_by_reviewers"] == {"0": 1, "1": 2}
    assert review["state"] == "complete"
    assert decided_by(films, logs) == {("checkpoint-1", "large"): {PRESCREEN: 1, "a": 2}}


def test_what_the_audit_takes_for_a_copy_is_out_whatever_reviewers_say() -> None:
    films = [film(index) for index in range(4)]
    logs = {"a": decided("a", (films[0].id, K), (films[1].id, X), (films[3].id, K))}
    copies = {films[0].id: "copy", films[1].id: "possible-copy", films[2].id: "copy"}
    result = apply(films, logs, RULE, REASONS, copies=copies)
    assert released(result) == {films[3].id}
    assert [(row["reason"], row["reviewers"], row["audit"]) for row in result.exclusions] == [
        ("copy", 0, True), ("possible-copy", 1, True), ("copy", 0, True),
    ]  # fmt: skip
    total = result.counts["total"]
    assert (total["generated"], total["excluded"], total["released"]) == (4, 3, 1)
    assert result.counts["review"]["audited"] == 2
    assert result.counts["review"]["prescreened"] == 0
    # Nobody has screened the third one; that it is out anyway does not make it screened.
    assert total["undecided"] == 1


def test_nobody_decides_under_the_pre_screen_s_name_or_reason(tmp_path: Path) -> None:
    name = PRESCREEN
    reasons = {**REASONS, PRESCREEN: "The program's own."}
    films, wanted = [film(0)], [film(0).id]
    with pytest.raises(DecisionError, match="automatic pre-screen's name"):
        decide(tmp_path, name, wanted, "keep", films=films, reasons=reasons)
    with pytest.raises(DecisionError, match="unknown: known: other, blank-or-noise"):
        decide(tmp_path, "a", wanted, "exclude", films=films, reasons=reasons, reason=name)
    log.append(DECISION, tmp_path / "people", name, [NewDecision(film(0).id, "a" * 64, "keep")])
    log.append(DECISION, tmp_path / "machine", name, [NewDecision(film(0).id, "a" * 64, "keep")])
    with pytest.raises(DecisionError, match="move that log away"):
        read_with_prescreen(tmp_path / "people", tmp_path / "machine" / "prescreen.jsonl")


def test_a_batch_of_any_name_is_counted_after_the_paper_s() -> None:
    films = [film(0, batch="extra"), film(1, batch="large"), film(2, batch="initial")]
    result = apply(films, {}, RULE, None)
    assert [row["batch"] for row in result.counts["rows"]] == ["initial", "large", "extra"]
    assert "| Checkpoint 1 (extra) | 1 | 0 | 1 | 1 |" in table_s1(result.counts)
