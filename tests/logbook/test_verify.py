from __future__ import annotations

from pathlib import Path

import pytest

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook import log
from cxr_release.logbook.logs import LogFolder, text_of
from tests.support.remarks import REMARK, remark, verified


def test_whole_logs_are_counted_and_what_was_torn_is_named(tmp_path: Path) -> None:
    log.append(REMARK, tmp_path, "a", [remark(0), remark(0), remark(1)])
    log.append(REMARK, tmp_path, "b", [remark(0), remark(0, "retract")])
    with (tmp_path / "b.jsonl").open("ab") as stream:
        stream.write(b'{"seq":3')
    found = verified(tmp_path)
    assert found == {
        "logs": {"a": {"lines": 3, "standing": 2}, "b": {"lines": 2, "standing": 0}},
        "set_aside": ["b.jsonl.torn-3"],
    }
    assert text_of(found, "remark").splitlines() == [
        "a: 3 line(s), 2 remark(s) in effect",
        "b: 2 line(s), 0 remark(s) in effect",
        "b.jsonl.torn-3: an unfinished line that was set aside; it was never acknowledged",
        "2 log(s) of remarks, all whole",
    ]


def test_lines_about_something_else_are_refused(tmp_path: Path) -> None:
    log.append(REMARK, tmp_path, "a", [remark(0)])
    with pytest.raises(DecisionError, match="1 fault") as caught:
        LogFolder(REMARK, tmp_path, lambda logs: [Fault(name, "no") for name in logs]).verify()
    assert caught.value.faults == (Fault("a", "no"),)
