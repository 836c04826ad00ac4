from __future__ import annotations

from pathlib import Path

import pytest

from cxr_release.errors import DecisionError
from cxr_release.logbook import log
from cxr_release.logbook.shared_state import SharedState
from tests.support.remarks import HASH, REMARK, NewRemark, Remark, remark


def votes_on(folder: Path, count: int = 3, shown: str = HASH) -> SharedState[NewRemark, Remark]:
    return SharedState(REMARK, folder, {remark(index).topic: shown for index in range(count)})


def test_what_everybody_said_is_kept_up_and_what_is_unknown_left_out(tmp_path: Path) -> None:
    votes = votes_on(tmp_path)
    votes.refresh()
    assert votes.effective == {}
    log.append(REMARK, tmp_path, "a", [remark(0), remark(9), remark(1, "bad")])
    log.append(REMARK, tmp_path, "b", [remark(0, "bad")])
    votes.refresh()
    log.append(REMARK, tmp_path, "a", [remark(0, "retract")])
    votes.refresh()
    standing = {
        person: {topic: one.word for topic, one in mine.items()}
        for person, mine in votes.effective.items()
    }
    assert standing == {"a": {"topic-00001": "bad"}, "b": {"topic-00000": "bad"}}
    changed = ["topic-00000", "topic-00001", "topic-00000", "topic-00000"]
    assert votes.changed == changed


def test_nobody_s_log_does_not_count(tmp_path: Path) -> None:
    log.append(REMARK, tmp_path, "machine", [remark(0)])
    votes = SharedState(REMARK, tmp_path, {"topic-00000": HASH}, not_people={"machine"})
    votes.refresh()
    assert votes.effective == {}


def test_a_log_that_is_gone_takes_its_votes_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log.append(REMARK, tmp_path, "a", [remark(0)])
    votes = votes_on(tmp_path)
    votes.refresh()
    (tmp_path / "a.jsonl").unlink()
    (tmp_path / "a.head").unlink()
    votes.refresh()
    assert votes.effective == {"a": {}}
    assert votes.changed == ["topic-00000", "topic-00000"]
    assert "is gone, and its 1 remark(s) do not count any more" in caplog.text


def test_the_log_of_somebody_who_is_served_must_stay(tmp_path: Path) -> None:
    log.append(REMARK, tmp_path, "a", [remark(0)])
    votes = votes_on(tmp_path)
    votes.log_of("a")
    votes.refresh()
    kept = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for path in kept:
        path.unlink()
    with pytest.raises(DecisionError, match=r"a\.jsonl: line 1"):
        votes.refresh()
    for path, data in kept.items():
        path.write_bytes(data)
    votes.refresh()
    assert list(votes.effective["a"]) == ["topic-00000"]


def test_a_line_on_other_bytes_is_named(tmp_path: Path) -> None:
    log.append(REMARK, tmp_path, "a", [remark(0), remark(1)])
    with pytest.raises(DecisionError, match="2 remark") as caught:
        votes_on(tmp_path, shown="b" * 64).refresh()
    assert str(caught.value.faults[1]) == (
        "a.jsonl: line 2: a remark that does not match the SHA-256 of 'topic-00001'"
    )
