"""Pushing with the clients as they are, Xet and all: each push is a process of its own."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

from tests.support.hub.requests import WRITER
from tests.support.hub.server import Hub
from tests.support.hub.store import Store
from tests.support.hub.world import (
    SHARD,
    ServerProcess,
    environment,
    files_of,
    noise,
    run_client,
    write_release,
)


def sent(hub: Hub, start: int) -> int:
    """Bytes of the xorbs that were uploaded since request `start`."""
    asked = list(zip(hub.asked, hub.bodies, strict=True))[start:]
    return sum(len(body) for (_, path), body in asked if "/v1/xorbs/" in path)


def test_all_that_can_fail_on_the_way_through_xet(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "release", shard_2=noise(2, 400_000))
    with Hub(tmp_path / "hub", xet=True) as hub:
        hub.trouble("GET", "/xet-write-token/", status=500)
        hub.trouble("GET", "/cas/v1/chunks/", status=503)
        hub.trouble("POST", "/cas/v1/xorbs/", status=500)
        hub.trouble("POST", "/cas/v1/xorbs/", lose=True)
        hub.trouble("POST", "/cas/v1/xorbs/", status=429, headers={"Retry-After": "0"})
        hub.trouble("POST", "/cas/v1/shards", status=500)
        hub.trouble("POST", "/cas/v1/shards", lose=True)
        code, out, err = run_client(folder, environment(hub.url, tmp_path / "home", xet=True))
        assert code == 0, err
        assert json.loads(out)["state"] == "pushed"
        assert WRITER not in out + err
        assert hub.store.files() == hub.store.files("v1.0.0") == files_of(folder)
        assert not any(trouble.times for trouble in hub.troubles), "all of them came"
        assert hub.count("PUT", ".") == 0, "nothing went around Xet"

        # One more version, from another machine: what changed is sent, and little else.
        changed = bytearray(noise(2, 400_000))
        changed[300_000] ^= 1
        write_release(folder, "1.0.1", shard_2=bytes(changed))
        start = len(hub.asked)
        code, out, err = run_client(folder, environment(hub.url, tmp_path / "other", xet=True))
        assert code == 0, err
        assert hub.store.files() == hub.store.files("v1.0.1") == files_of(folder)
        assert 0 < sent(hub, start) < 300_000
        assert hub.store.files("v1.0.0")[SHARD.format(2)] == noise(2, 400_000)

        start = len(hub.asked)
        code, out, err = run_client(folder, environment(hub.url, tmp_path / "third", xet=True))
        assert json.loads(out)["state"] == "already there"
        # A slow machine's client asks now and then whether the Hub is there: HEAD.
        assert {method for method, _ in hub.asked[start:]} <= {"GET", "HEAD"}


def test_an_xet_that_stays_broken_leaves_main_as_it_was(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "release")
    with Hub(tmp_path / "hub", xet=True) as hub:
        hub.trouble("POST", "/cas/v1/xorbs/", status=500, times=10_000)
        env = environment(hub.url, tmp_path / "home", xet=True)
        code, out, err = run_client(folder, env, tries=2)
        assert (code, out) == (1, "")
        assert "error: " in err
        assert "sending through Xet failed" in err
        assert "run the same command again" in err
        assert hub.store.files() == {}


def test_a_killed_server_with_xet_gets_all_of_it(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "release")
    server = ServerProcess(tmp_path / "hub", xet=True)
    server.start("POST", "/cas/v1/shards")

    def again() -> None:
        assert server.wait_for_death() == -signal.SIGKILL
        server.start()

    helper = threading.Thread(target=again)
    helper.start()
    try:
        env = environment(f"http://127.0.0.1:{server.port}", tmp_path / "home", xet=True)
        code, _, err = run_client(folder, env)
        helper.join()
    finally:
        server.stop()
    assert code == 0, err
    store = Store(server.folder)
    assert store.files() == store.files("v1.0.0") == files_of(folder)
