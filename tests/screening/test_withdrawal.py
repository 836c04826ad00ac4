"""Films that are withdrawn after they were published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release.errors import DecisionError
from cxr_release.logbook.logs import read_all
from cxr_release.params.people import ScreenParams
from cxr_release.screening.consensus import Screening, apply, withdrawn_in
from cxr_release.screening.decision import DECISION, PRESCREEN
from cxr_release.screening.films import Generated
from cxr_release.screening.record_decisions import decide, withdraw

REASONS = {
    "other": "Something else.",
    "copy": "A copy.",
    "withdrawn-on-request": "Asked for.",
    PRESCREEN: "By a program.",
}
RULE = ScreenParams(
    reviewers_required=1, conflict="exclude", adjudicator="", require_complete=False
)
FILMS = [Generated(f"checkpoint-1-large-{place:05d}", 1, "large", "a" * 64) for place in range(4)]
ONE, TWO, *_ = (film.id for film in FILMS)


def rows(films: list[Generated]) -> list[dict[str, Any]]:
    return [vars(film) for film in films]


def withdrawing(folder: Path, *ids: str, by: str = "team", **said: Any) -> None:
    said = {"reason": "withdrawn-on-request"} | said
    withdraw(folder, by, ids, published=rows(FILMS), reasons=REASONS, **said)


def applied(folder: Path, reviews: Path, **more: Any) -> Screening:
    logs, withdrawals = read_all(DECISION, reviews), read_all(DECISION, folder)
    return apply(FILMS, logs, RULE, REASONS, withdrawals=withdrawals, **more)


def test_a_withdrawn_film_is_out_whatever_reviewers_say(tmp_path: Path) -> None:
    withdrawing(tmp_path / "w", ONE)
    keep = {"films": FILMS, "reasons": REASONS}
    decide(tmp_path / "r", "a.b", [ONE, TWO], "keep", **keep)  # type: ignore[arg-type]
    found = applied(tmp_path / "w", tmp_path / "r")
    assert [row["id"] for row in found.screened if not row["released"]] == [ONE]
    [row] = found.exclusions
    assert (row["reason"], row["withdrawn"], row["reviewers"]) == ("withdrawn-on-request", True, 0)
    assert found.counts["review"]["withdrawn"] == 1
    assert found.counts["total"]["excluded"] == 1
    assert found.counts["total"]["undecided"] == 2


def test_taken_back_the_film_is_what_reviewers_say_again(tmp_path: Path) -> None:
    withdrawing(tmp_path / "w", ONE)
    withdrawing(tmp_path / "w", ONE, retract=True, reason="")
    assert applied(tmp_path / "w", tmp_path / "r").exclusions == []
    withdrawing(tmp_path / "w", ONE, by="another")
    assert [row["id"] for row in applied(tmp_path / "w", tmp_path / "r").exclusions] == [ONE]


def test_it_stays_out_while_anyone_s_withdrawal_stands(tmp_path: Path) -> None:
    withdrawing(tmp_path, ONE)
    withdrawing(tmp_path, ONE, by="z", reason="other", note="a scratch")
    withdrawing(tmp_path, ONE, retract=True, reason="")
    assert withdrawn_in(read_all(DECISION, tmp_path)) == {ONE: "other"}


def test_the_audit_s_word_is_the_reason_where_both_keep_it_out(tmp_path: Path) -> None:
    withdrawing(tmp_path / "w", ONE)
    [row] = applied(tmp_path / "w", tmp_path / "r", copies={ONE: "copy"}).exclusions
    assert (row["reason"], row["audit"], row["withdrawn"]) == ("copy", True, True)
    assert applied(tmp_path / "w", tmp_path / "r", copies={ONE: "copy"}).counts["review"] == {
        **applied(tmp_path / "w", tmp_path / "r").counts["review"],
        "audited": 1,
        "withdrawn": 0,
    }


@pytest.mark.parametrize(
    ("ids", "said", "message"),
    [
        ([ONE, "checkpoint-1-large-7"], {}, "unknown film 'checkpoint-1-large-7'"),
        ([ONE], {"reason": ""}, "a withdrawal has a reason"),
        ([ONE], {"retract": True}, "a withdrawal has a reason"),
        ([ONE], {"reason": "because"}, "reason because: unknown"),
        ([ONE], {"reason": PRESCREEN}, "reason prescreen: unknown"),
        ([ONE], {"reason": "other"}, "reason other: the reason 'other' needs a note"),
        ([ONE], {"reason": "", "retract": True}, "team: has decided nothing"),
        ([ONE], {"by": PRESCREEN}, "pre-screen's name"),
        ([ONE], {"by": "../x"}, "name"),
    ],
)
def test_what_is_wrong_logs_nothing(
    tmp_path: Path, ids: list[str], said: dict[str, Any], message: str
) -> None:
    with pytest.raises(DecisionError) as caught:
        withdrawing(tmp_path / "w", *ids, **said)
    assert message in str(caught.value)
    assert not (tmp_path / "w").exists() or not list((tmp_path / "w").iterdir())


def test_reviewers_do_not_give_the_reasons_of_withdrawals(tmp_path: Path) -> None:
    with pytest.raises(DecisionError, match="nothing was logged"):
        decide(tmp_path, "a", [ONE], "exclude", films=FILMS, reasons=REASONS,
               reason="withdrawn-on-request")  # fmt: skip


def test_before_anything_is_published_there_is_nothing_to_withdraw(tmp_path: Path) -> None:
    with pytest.raises(DecisionError, match="no version is published"):
        withdraw(tmp_path, "a", [ONE], published=[], reasons=REASONS, reason="copy")


def test_a_withdrawal_of_other_bytes_than_the_film_has_stops_the_screening(tmp_path: Path) -> None:
    withdrawing(tmp_path, ONE)
    anew = [replace(film, sha256="b" * 64) for film in FILMS]
    with pytest.raises(DecisionError) as caught:
        apply(anew, {}, RULE, REASONS, withdrawals=read_all(DECISION, tmp_path))
    assert "does not match the SHA-256" in str(caught.value)


def test_only_what_stands_is_taken_back_and_by_whoever_withdrew_it(tmp_path: Path) -> None:
    taken_back = {"retract": True, "reason": ""}
    withdrawing(tmp_path, ONE, by="a.b")
    withdrawing(tmp_path, TWO)
    with pytest.raises(
        DecisionError,
        match=r"only they can take theirs back: a\.b",
    ):
        withdrawing(tmp_path, TWO, ONE, **taken_back)
    withdrawing(tmp_path, TWO, **taken_back)
    with pytest.raises(DecisionError, match="team has no decision on it in effect"):
        withdrawing(tmp_path, TWO, **taken_back)
    with pytest.raises(DecisionError, match=r"a\.bb: has decided nothing; did you mean a\.b\?"):
        withdrawing(tmp_path, ONE, by="a.bb", **taken_back)
    assert not (tmp_path / "a.bb.jsonl").exists()
    withdrawing(tmp_path, FILMS[2].id, by="c", proven={FILMS[2].id}, **taken_back)
    with pytest.raises(DecisionError, match=r"a\.b"):
        withdrawing(tmp_path, ONE, proven={ONE}, **taken_back)
    assert withdrawn_in(read_all(DECISION, tmp_path)) == {ONE: "withdrawn-on-request"}
