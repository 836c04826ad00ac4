"""A Hub that does not answer: it is named, people are told how long, and it ends."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from cxr_release.errors import ReleaseError
from cxr_release.publishing import fetch, patience
from cxr_release.publishing.hub import Access
from cxr_release.publishing.patience import Watch
from tests.support.hub.requests import WRITER
from tests.support.hub.world import (
    QUICK,
    ServerProcess,
    World,
    client_process,
    environment,
    run_client,
    write_release,
)

pytest_plugins = ("tests.support.hub.fixture",)

SAID = re.compile(
    r"(http://\S+) has not answered for \d+ s\. Trying for another \d+ s; Ctrl-C is safe"
)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times as quick to ask and to tell."""
    for name, seconds in (("ASK_AFTER", 0.3), ("ASK_FOR", 0.3), ("SAY_AFTER", 0.5)):
        monkeypatch.setattr(patience, name, seconds)


def test_people_are_told_within_ten_seconds() -> None:
    """Three servers are asked in turn, each for as long as it takes."""
    assert patience.ASK_AFTER + 3 * patience.ASK_FOR + patience._TURN < 10
    assert patience.SAY_AFTER + 2 * patience.ASK_FOR + patience._TURN < 10


@pytest.mark.parametrize(
    ("how", "xet"),
    [
        ("killed", False),
        ("stopped", True),
        # Each way of going down, and each way of sending, stands above.
        pytest.param("killed", True, marks=pytest.mark.long),
        pytest.param("stopped", False, marks=pytest.mark.long),
    ],
    ids=["killed-lfs", "stopped-xet", "killed-xet", "stopped-lfs"],
)
def test_a_hub_that_goes_down_amid_the_uploads(
    tmp_path: Path, server: ServerProcess, xet: bool, how: str
) -> None:
    """Killed, it refuses every connection; stopped, it takes them and says nothing."""
    server.xet = xet
    place = ("POST", "/cas/v1/xorbs/") if xet else ("PUT", "/lfs/")
    server.start(*place, *(["stop"] if how == "stopped" else []))
    folder = write_release(tmp_path / "release")
    url = f"http://127.0.0.1:{server.port}"
    env = environment(url, tmp_path / "home", xet=xet) | {"PATIENCE": "2"}
    # As long as the libraries try by themselves: they are what has to be ended.
    env |= {"HF_XET_CLIENT_RETRY_MAX_ATTEMPTS": "50", "HF_XET_CLIENT_RETRY_BASE_DELAY": "1s"}
    code, out, err = run_client(folder, env)
    assert (code, out) == (1, ""), err
    assert SAID.search(err), err
    last = err.strip().splitlines()[-1]
    assert re.search(r"has not answered for \d+ s: run the same command again", last), err
    assert "Traceback" not in err
    assert WRITER not in err
    assert "5ec3e7" not in err, "the signature of an upload"
    assert "%|" not in err, "no bars where nobody looks"
    server.stop()
    server.start()
    del env["PATIENCE"]  # a Hub on a busy machine is slow and not silent
    code, _, err = run_client(folder, env)
    assert code == 0, err


def test_a_hub_that_comes_back_in_time(tmp_path: Path, server: ServerProcess) -> None:
    server.start("PUT", "/lfs/")
    folder = write_release(tmp_path / "release")
    url = f"http://127.0.0.1:{server.port}"
    env = environment(url, tmp_path / "home", xet=False) | {"PATIENCE": "30"}
    with client_process(folder, env) as client:
        assert server.wait_for_death() == -signal.SIGKILL
        assert client.stderr is not None
        lines = []
        for line in client.stderr:
            lines.append(line)
            if SAID.search(line):
                server.start()
                break
        _, err = client.communicate(timeout=60)
        assert client.returncode == 0, "".join(lines) + err
    assert re.search(r"http://\S+ answers again", err)


class Dripping(threading.Thread):
    """A server whose answers never end: a byte now and then, of the head or of the body."""

    def __init__(self, head: bytes) -> None:
        super().__init__(daemon=True)
        self.head = head
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            try:
                one, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.drip, args=(one,), daemon=True).start()

    def drip(self, one: socket.socket) -> None:
        with one:
            asked = one.recv(10_000)
            if asked.startswith(b"HEAD"):
                one.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                return
            try:
                one.sendall(self.head)
                while not self.over.wait(0.05):
                    one.sendall(b"7")
            except OSError:
                return

    def stop(self) -> None:
        self.over.set()
        self.socket.close()


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Padding: ",
    ],
    ids=["body", "head"],
)
def test_an_answer_that_drips_ends(
    world: World, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    from huggingface_hub import constants

    server = Dripping(head)
    server.start()
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.delenv("HF_TOKEN")
    began = time.monotonic()
    try:
        with pytest.raises(ReleaseError, match=r"did not answer GET /api/.* in full within 1 s"):
            world.push(dry_run=True, patience=replace(QUICK, total=1.0))
        with (
            pytest.raises(ReleaseError, match=r"did not answer GET /api/.* in full within 1 s"),
            fetch.open_release("cxr/films@v1.0.0", patience=replace(QUICK, total=1.0)),
        ):
            pass
    finally:
        server.stop()
    assert time.monotonic() - began < 30


@pytest.mark.usefixtures("hurried")
def test_a_slow_answer_of_a_hub_that_lives_is_waited_for(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.hub.trouble("GET", "/refs", before=lambda: time.sleep(1.2))
    assert world.push(patience=replace(QUICK, total=30.0))["state"] == "pushed"
    assert "has not answered" not in capfd.readouterr().err


def test_ctrl_c_is_ctrl_c(world: World) -> None:
    world.hub.trouble("POST", "/preupload/", before=lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        world.push()
    assert world.push()["state"] == "pushed"


@pytest.mark.usefixtures("hurried")
def test_an_interrupt_of_the_watch_never_gets_out() -> None:
    """Whatever is done when the time is over: the error comes, or it was done by then."""
    for wait in (0.0, 0.25, 1.0, 1.4):
        access = Access("http://127.0.0.1:9", "cxr/films", None)
        with suppress(ReleaseError), Watch(access, 0.1) as one:
            while one.error is None:
                time.sleep(0.01)
            time.sleep(wait)
        assert one.error is not None
        time.sleep(0.01)


def test_bars_are_for_terminals(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    world.push()
    monkeypatch.setattr(sys, "stderr", Terminal())
    with fetch.open_release("cxr/films@v1.0.0"):
        assert "fetching v1.0.0: 100%" in sys.stderr.getvalue()  # type: ignore[attr-defined]
