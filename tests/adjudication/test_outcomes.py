"""What reviewers' verdicts on pairs come to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.adjudication.outcomes import (
    VERDICT,
    Adjudication,
    NewVerdict,
    PairOutcome,
    Word,
    apply,
    settle,
)
from cxr_release.errors import DecisionError
from cxr_release.logbook.log import Log
from cxr_release.logbook.logs import read_all

REAL = {f"real-{number}": f"{number:064x}" for number in range(4)}
FILMS = {
    f"checkpoint-{checkpoint}-large-{index:05d}": f"{1000 * checkpoint + index:064x}"
    for checkpoint in (3, 6)
    for index in range(4)
}
COPY, NOT, UNSURE = "copy", "not-a-copy", "unsure"
WORDS = (COPY, NOT, UNSURE)


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ({}, PairOutcome()),
        ({"a": NOT}, PairOutcome()),
        ({"a": COPY}, PairOutcome(excluded="possible-copy")),
        ({"a": UNSURE}, PairOutcome(excluded="possible-copy")),
        ({"a": NOT, "b": NOT}, PairOutcome(NOT, settled=True)),
        ({"a": COPY, "b": COPY}, PairOutcome(COPY, settled=True, excluded="copy")),
        ({"a": COPY, "b": NOT}, PairOutcome(conflict=True, excluded="possible-copy")),
        ({"a": UNSURE, "b": UNSURE}, PairOutcome(conflict=True, excluded="possible-copy")),
        ({"a": UNSURE, "b": NOT}, PairOutcome(conflict=True, excluded="possible-copy")),
        ({"a": COPY, "b": NOT, "third": NOT}, PairOutcome(NOT, settled=True)),
        ({"a": COPY, "b": NOT, "third": COPY}, PairOutcome(COPY, settled=True, excluded="copy")),
        (
            {"a": UNSURE, "b": UNSURE, "third": UNSURE},
            PairOutcome(UNSURE, settled=True, excluded="possible-copy"),
        ),
        ({"a": NOT, "third": COPY}, PairOutcome(COPY, settled=True, excluded="copy")),
        ({"a": COPY, "b": COPY, "c": NOT}, PairOutcome(conflict=True, excluded="possible-copy")),
    ],
)
def test_the_rule(words: dict[str, str], outcome: PairOutcome) -> None:
    assert settle(words, required=2, adjudicator="third") == outcome


@given(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(WORDS)),
    st.integers(1, 3),
    st.sampled_from(["", "a"]),
)
def test_in_doubt_out(words: dict[str, str], required: int, adjudicator: str) -> None:
    outcome = settle(words, required=required, adjudicator=adjudicator)
    if outcome.verdict == NOT:
        assert not outcome.excluded
        assert words.get(adjudicator) == NOT or set(words.values()) == {NOT}
    else:
        assert bool(outcome.excluded) == bool(set(words.values()) - {NOT})
    assert not (outcome.settled and outcome.conflict)
    assert outcome.settled == (outcome.verdict is not None)
    if len(words) < required and adjudicator not in words:
        assert not outcome.settled


def wish(real: str, film: str, word: Word, note: str = "") -> NewVerdict:
    return NewVerdict(real, REAL[real], film, FILMS[film], word, note)


def adjudicated(folder: Path, *pairs: tuple[str, str], **options: Any) -> Adjudication:
    listed = [
        {"rank": rank, "real_id": real, "synthetic_id": film}
        for rank, (real, film) in enumerate(pairs, start=1)
    ]
    films = {"real": REAL, "synthetic": FILMS} | options
    return apply(listed, read_all(VERDICT, folder), required=2, adjudicator="third", **films)


def log(folder: Path, reviewer: str, *wishes: NewVerdict) -> None:
    Log(VERDICT, folder, reviewer).append(wishes)


ONE, TWO, THREE = (
    ("real-0", "checkpoint-3-large-00000"),
    ("real-1", "checkpoint-3-large-00001"),
    ("real-2", "checkpoint-6-large-00002"),
)


def test_nobody_has_judged(tmp_path: Path) -> None:
    found = adjudicated(tmp_path, ONE, TWO)
    assert found.report["state"] == "none"
    assert not found.excluded
    assert [row["verdict"] for row in found.rows] == [None, None]
    assert found.report["agreement"] is None


def test_two_judge_and_a_third_settles(tmp_path: Path) -> None:
    log(tmp_path, "a.b", wish(*ONE, COPY), wish(*TWO, NOT), wish(*THREE, COPY))
    log(tmp_path, "c.d", wish(*ONE, COPY), wish(*TWO, NOT), wish(*THREE, NOT))
    found = adjudicated(tmp_path, ONE, TWO, THREE)
    assert found.excluded == {ONE[1]: "copy", THREE[1]: "possible-copy"}
    assert found.report["state"] == "partial"
    assert found.report["open_conflicts"] == 1
    assert found.report["agreement"]["agree"] == pytest.approx(2 / 3)
    # By hand: observed 2/3, expected (2·1 + 1·2) / 9 = 4/9, so (2/3 − 4/9) / (5/9).
    assert found.report["agreement"]["kappa"] == pytest.approx(0.4)
    log(tmp_path, "third", wish(*THREE, NOT))
    found = adjudicated(tmp_path, ONE, TWO, THREE)
    assert found.excluded == {ONE[1]: "copy"}
    assert found.report["state"] == "complete"
    assert found.report["verdicts"] == {COPY: 1, NOT: 2, UNSURE: 0}
    # The third is no judge of the first round.
    assert found.report["agreement"]["reviewers"] == 2


def test_a_retracted_verdict_does_not_count(tmp_path: Path) -> None:
    log(tmp_path, "a.b", wish(*ONE, COPY), wish(*ONE, "retract"))
    found = adjudicated(tmp_path, ONE)
    assert found.report["state"] == "none"
    assert not found.excluded


def test_a_copy_of_an_earlier_audit_stays_out(tmp_path: Path) -> None:
    for reviewer in ("a.b", "c.d"):
        log(tmp_path, reviewer, wish(*ONE, COPY))
    found = adjudicated(tmp_path, TWO)
    assert found.excluded == {ONE[1]: "copy"}
    assert [row["rank"] for row in found.rows] == [1, None]
    assert found.report["earlier"] == 1
    assert found.report["settled"] == 0
    withdrawn = {name: one for name, one in REAL.items() if name != ONE[0]}
    assert adjudicated(tmp_path, TWO, real=withdrawn).excluded == {ONE[1]: "copy"}


def test_a_film_in_two_pairs_is_a_copy_when_one_of_them_says_so(tmp_path: Path) -> None:
    other = ("real-3", ONE[1])
    for reviewer in ("a.b", "c.d"):
        log(tmp_path, reviewer, wish(*ONE, COPY), wish(*other, UNSURE))
    assert adjudicated(tmp_path, other, ONE).excluded == {ONE[1]: "copy"}
    assert adjudicated(tmp_path, ONE, other).excluded == {ONE[1]: "copy"}


def test_verdicts_on_a_dropped_checkpoint_are_left_alone(tmp_path: Path) -> None:
    log(tmp_path, "a.b", wish(*ONE, COPY), wish(*THREE, COPY))
    rest = {film: one for film, one in FILMS.items() if film.startswith("checkpoint-3")}
    found = adjudicated(tmp_path, ONE, synthetic=rest)
    assert found.excluded == {ONE[1]: "possible-copy"}
    assert found.report["elsewhere"] == 1


def test_other_films_are_named_by_line(tmp_path: Path) -> None:
    log(tmp_path, "a.b", wish(*ONE, COPY), wish(*TWO, COPY), wish(*THREE, COPY))
    films = FILMS | {TWO[1]: "f" * 64}
    del films[THREE[1]]
    cohort = REAL | {ONE[0]: "e" * 64}
    with pytest.raises(DecisionError) as caught:
        adjudicated(tmp_path, ONE, real=cohort, synthetic=films)
    assert [fault.where for fault in caught.value.faults] == [
        f"a.b.jsonl: line {number}" for number in (1, 2, 3)
    ]
