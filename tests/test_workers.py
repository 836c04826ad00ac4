"""Who works on shards, and that it does not show."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from cxr_release import workers as module
from cxr_release.errors import CxrReleaseError, Fault, TableError
from cxr_release.workers import ALONE, Workers, workers


def squared(value: int) -> tuple[int, int]:
    return value * value, os.getpid()


def faulty(value: int) -> int:
    if value == 3:
        raise TableError("is odd", where="a.parquet", remedy="r", faults=[Fault("row 3", "odd")])
    return value


def killed(value: int) -> int:
    if value == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return value


def table(path: Path, size: int) -> Path:
    with path.open("wb") as stream:
        stream.truncate(size)
    return path


def test_a_few_small_shards_start_no_process(tmp_path: Path) -> None:
    films = [table(tmp_path / str(number), 2**23) for number in range(3)]
    with workers([*films, tmp_path / "none"]) as crew:
        assert crew.pool is None
        assert {who for _, who in crew.map(squared, [(1,), (2,)])} == {os.getpid()}


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor: no other process")
def test_large_ones_do_and_results_and_errors_are_those_of_one(tmp_path: Path) -> None:
    with workers([table(tmp_path / "films", module.WORTH_PROCESSES)]) as crew:
        done = crew.map(squared, [(value,) for value in range(40)])
        assert [value for value, _ in done] == [value * value for value in range(40)]
        assert os.getpid() not in {who for _, who in done}
        for each in (crew, ALONE):
            with pytest.raises(TableError) as caught:
                each.map(faulty, [(value,) for value in range(9)])
            assert str(caught.value) == "a.parquet: is odd: r\n  row 3: odd"
        with pytest.raises(CxrReleaseError, match="was ended from outside"):
            crew.map(killed, [(value,) for value in range(9)])


@pytest.mark.parametrize("launched", [1, 2, 3, 7])
def test_processes_launched_together_share_the_parts(
    launched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each as many as the others or one more, neighbours: joined by rank they are in order."""
    monkeypatch.setattr(module, "_gathered", lambda results: results)
    calls = [(value,) for value in range(5)]
    shares = [Workers(None, rank, launched).map(faulty, calls[:3]) for rank in range(launched)]
    assert [value for share in shares for value in share] == [0, 1, 2]
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
