"""A log on a disk that fails: what could not be logged does not count, and what counts is read."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.logbook import log, logs
from tests.support.failing_disk import CODES, failing
from tests.support.remarks import REMARK, remark


@settings(max_examples=150)
@given(
    stood=st.integers(0, 3),
    wished=st.integers(1, 3),
    torn=st.booleans(),
    fault=st.tuples(st.integers(1, 14), st.sampled_from(CODES), st.booleans()),
)
def test_any_failure_logs_all_or_nothing_and_says_so(
    stood: int, wished: int, torn: bool, fault: tuple[int, int, bool]
) -> None:
    nth, code, on = fault
    folder = Path(tempfile.mkdtemp())
    log.append(REMARK, folder, "a", [remark(index) for index in range(stood)])
    path = folder / "a.jsonl"
    if torn:
        with path.open("ab") as stream:
            stream.write(b'{"seq":')
    wishes = [remark(10 + index) for index in range(wished)]
    mine = log.Log(REMARK, folder, "a")
    try:
        with failing(nth, code, on=on):
            logged = len(mine.append(wishes))
    except DecisionError as error:
        logged = 0
        if "is not known" in error.what:
            assert on
            shutil.rmtree(folder)
            return
        assert error.what.startswith("nothing was logged: ")
    assert len(log.Log(REMARK, folder, "a").refresh()) == stood + logged
    assert logged in {0, wished}
    # Whatever happened: the same log goes on, and verifies.
    assert len(mine.append(wishes)) == wished
    assert len(logs.read_all(REMARK, folder, mend=True)["a"]) == stood + logged + wished
    assert not [one for one in folder.iterdir() if one.name.endswith(".partial")]
    shutil.rmtree(folder)


@pytest.mark.parametrize("nth", [1, 2])
def test_a_line_that_cannot_be_restored_is_not_lost_more(tmp_path: Path, nth: int) -> None:
    """What is left of a line that counts stays until the whole line is on disk."""
    log.append(REMARK, tmp_path, "a", [remark(index) for index in range(3)])
    path = tmp_path / "a.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with (
        failing(nth, asked=["write", "fsync"]),
        pytest.raises(DecisionError, match="cannot be mended: No sp"),
    ):
        log.Log(REMARK, tmp_path, "a").mend()
    assert path.read_bytes() == whole[:-40]
    log.Log(REMARK, tmp_path, "a").mend()
    assert path.read_bytes() == whole


def test_a_command_that_is_interrupted_while_it_writes_logs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(REMARK, tmp_path, "a", [remark(0)])

    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("os.fsync", interrupted)
        log.append(REMARK, tmp_path, "a", [remark(1)])
    assert len(logs.read_all(REMARK, tmp_path)["a"]) == 1
