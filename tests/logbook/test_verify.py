from __future__ import annotations

from pathlib import Path

import pytest

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook import log
from cxr_release.logbook.logs import sentences_of, verified
from tests.support.remarks import REMARK, remark


def test_whole_logs_are_counted_and_what_was_torn_is_named(tmp_path: Path) -> None:
    log.append(REMARK, tmp_path, "a", [remark(0), remark(0), remark(1)])
    log.append(REMARK, tmp_path, "b", [remark(0), remark(0, "retract")])
    with (tmp_path / "b.jsonl").open("ab") as stream:
        stream.write(b'{"seq":3')
    found = verified(REMARK, tmp_path, lambda logs: [])
    assert found == {
        "logs": {"a": {"lines": 3, "standing": 2}, "b": {"lines": 2, "standing": 0}},
        "set_aside": ["b.jsonl.torn-3"],
    }
    assert sentences_of(found, "remark") == [
        "a: 3 line(s), 2 remark(s) stand",
        "b: 2 line(s), 0 remark(s) stand",
        "b.jsonl.torn-3: an unfinished line that was set aside; it was never acknowledged",
    ]


def test_lines_about_something_else_are_refused(tmp_path: Path) -> None:
    log.append(REMARK, tmp_path, "a", [remark(0)])
    with pytest.raises(DecisionError, match="1 fault") as caught:
        verified(REMARK, tmp_path, lambda logs: [Fault(name, "no") for name in logs])
    assert caught.value.faults == (Fault("a", "no"),)
