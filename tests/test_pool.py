import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cxr_release.errors import CxrReleaseError
from cxr_release.pool import WorkerDiedError, fatal_calls, in_order, worker_pool


def double(value: int) -> int:
    return 2 * value


def own_id(_: int) -> int:
    return os.getpid()


def die(_: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


@pytest.mark.parametrize("films", [1, 10_000])
def test_results_come_in_order(films: int) -> None:
    with worker_pool(films) as pool:
        assert list(in_order(pool, double, ((value,) for value in range(100)))) == [
            2 * value for value in range(100)
        ]


def test_small_work_stays_in_this_process() -> None:
    with worker_pool(10) as pool:
        assert pool is None
        assert set(in_order(pool, own_id, [(1,)])) == {os.getpid()}


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor: no other process")
def test_a_killed_worker_is_an_error_and_no_hang() -> None:
    with (
        worker_pool(10_000) as pool,
        pytest.raises(CxrReleaseError, match="ended from outside"),
    ):
        list(in_order(pool, die, [(1,)]))


def die_at_7(value: int) -> int:
    return die(value) if value == 7 else value


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor: no other process")
def test_what_kills_a_worker_is_found_among_what_was_not_done() -> None:
    with worker_pool(10_000) as pool, pytest.raises(WorkerDiedError) as caught:
        for _ in in_order(pool, die_at_7, ((value,) for value in range(30))):
            pass
    values = [value for (value,) in caught.value.calls]
    assert 7 in values
    assert [values[at] for at in fatal_calls(die_at_7, caught.value.calls)] == [7]


CHILD = """
import os, sys, time
from cxr_release.pool import WorkerDiedError, worker_pool, fatal_calls, in_order
from tests.test_pool import own_id
if __name__ == "__main__":
    with worker_pool(10_000) as pool:
        print(*in_order(pool, own_id, [(1,)]), flush=True)
        time.sleep(60)
"""


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor: no other process")
def test_workers_leave_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    here = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    child = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": here}
    )
    assert child.stdout is not None
    with child.stdout:
        worker = int(child.stdout.readline())
        child.kill()
        child.wait()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and _is_running(worker):
        time.sleep(0.05)
    assert not _is_running(worker)


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
