"""Connections that are opened and never ended keep nobody out. Each test takes a second or two."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from cxr_release.review_app.connections import BACKLOG, ConnectionPool, Limits, _address, fitting
from cxr_release.review_app.serve import Server, configure
from cxr_release.review_app.site import Site
from tests.support.certificates import needs_openssl, self_signed

WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nHost: x\r\nX-More: "
SHORT = Limits(at_once=8, an_address=8, request_s=0.3, answer_s=0.5)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the length of the body; `/slow` after a while, `/large` with 16 MiB."""
    size = len(await Request(scope, receive).body())
    if scope["path"] == "/slow":
        await asyncio.sleep(0.4)
    text = "x" * 2**24 if scope["path"] == "/large" else str(size)
    await PlainTextResponse(text)(scope, receive, send)


@contextlib.contextmanager
def running(limits: Limits | None = None, **more: Path) -> Iterator[tuple[Server, int]]:
    """A server in a thread, and its port."""
    site = Site("127.0.0.1", 0, **more)
    with site.listen() as listener:
        ready = threading.Event()
        server = Server(configure(app, site), ready.set, limits)
        thread = threading.Thread(target=server.run, args=[[listener]])
        thread.start()
        try:
            assert ready.wait(10)
            yield server, listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)
        assert not thread.is_alive()


def open_to(port: int, sent: bytes = b"") -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", port), timeout=10)
    stream.sendall(sent)
    return stream


def get(port: int, path: str = "/") -> tuple[int, bytes]:
    """As a normal person asks."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def assert_answered(stream: socket.socket) -> None:
    """One whole answer comes."""
    seen = b""
    while not seen.endswith(b"\r\n\r\n0"):
        more = stream.recv(2**16)
        assert more, seen
        seen += more
    assert seen.startswith(b"HTTP/1.1 200")


def ends(stream: socket.socket) -> None:
    """The server ends a connection, in less than the ten seconds that a stream waits."""
    with contextlib.suppress(ConnectionError):
        while stream.recv(2**16):
            pass


@contextlib.contextmanager
def within_time() -> Iterator[None]:
    """What has a limit of `SHORT` is not ended before it; how long after depends on the machine."""
    begin = time.perf_counter()
    yield
    assert time.perf_counter() - begin > 0.2


@pytest.mark.parametrize(
    "sent", [b"", HALF, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"]
)
def test_1100_half_open_connections_keep_nobody_out(sent: bytes) -> None:
    """With its usual 1,024 files a process would have none left for one more connection."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 3000:
        pytest.skip("this process may not open so many files")
    with running() as (server, port), contextlib.ExitStack() as held:
        most = 0
        for place in range(1100):
            held.enter_context(open_to(port, sent))
            if place % 100 == 99:
                assert get(port) == (200, b"0")
                most = max(most, len(server.pool))
        assert most <= Limits().an_address == 128


@pytest.mark.parametrize(
    ("files", "most"), [(1024, 448), (10**6, 512), (resource.RLIM_INFINITY, 512), (256, 64)]
)
def test_there_are_fewer_connections_than_files_that_a_process_may_open(
    files: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert (fitting().at_once, fitting().an_address) == (most, min(most, 128))
    assert most + 2 * BACKLOG <= files or files == resource.RLIM_INFINITY


def test_a_request_must_be_whole_in_time_and_then_has_all_the_time_it_needs() -> None:
    with running(SHORT) as (server, port):
        for half in (b"", HALF, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"):
            with within_time(), open_to(port, half) as stream:
                ends(stream)
        # A byte now and then is no reason to wait.
        with open_to(port, HALF) as stream, pytest.raises(ConnectionError):
            for _ in range(250):
                stream.sendall(b"x")
                time.sleep(0.02)
        assert get(port, "/slow") == (200, b"0")
        with open_to(port) as stream:  # one request after the other, over all the time of one
            for _ in range(4):
                time.sleep(0.12)
                stream.sendall(WHOLE)
                assert_answered(stream)
            with within_time():
                stream.sendall(b"GET / HTTP/1.1\r\n")  # and then half a one
                ends(stream)
    assert len(server.pool) == 0


def test_requests_that_do_not_wait_for_their_answers_are_answered() -> None:
    with running(SHORT) as (_, port), open_to(port) as stream:
        stream.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        seen = b""
        while seen.count(b"HTTP/1.1 200") < 3:
            seen += stream.recv(2**16)


def test_an_answer_must_be_taken_in_time() -> None:
    with running(SHORT) as (server, port), open_to(port) as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: len(server.pool) == 1)
        until(lambda: len(server.pool) == 0)


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_who_is_being_answered_stays_and_who_waits_between_two_requests_goes_last() -> None:
    patient = Limits(at_once=4, an_address=4, request_s=30, answer_s=30)
    with running(patient) as (server, port), contextlib.ExitStack() as held:
        idle = held.enter_context(open_to(port, WHOLE))
        assert_answered(idle)
        busy = held.enter_context(open_to(port, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"))
        until(lambda: len(server.pool) == 2)
        half = [held.enter_context(open_to(port, HALF)) for _ in range(6)]
        assert_answered(busy)
        for one in half[:4]:
            ends(one)
        idle.sendall(WHOLE)
        assert_answered(idle)


def test_where_all_are_being_answered_a_newcomer_is_turned_away() -> None:
    with running(Limits(2, 2, 30, 30)) as (server, port), contextlib.ExitStack() as held:
        some = [
            held.enter_context(open_to(port, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"))
            for _ in range(2)
        ]
        until(lambda: [one.phase for one in server.pool.all] == ["answer"] * 2)
        with open_to(port) as stream:
            ends(stream)
        for one in some:
            assert_answered(one)


@needs_openssl
def test_connections_that_are_never_secured_keep_nobody_out_either(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "IP:127.0.0.1")
    trust = ssl.create_default_context(cafile=str(certificate))

    def secured(port: int) -> ssl.SSLSocket:
        return trust.wrap_socket(open_to(port), server_hostname="127.0.0.1")

    with running(SHORT, certificate=certificate, key=key) as (server, port):
        with contextlib.ExitStack() as held:
            for _ in range(20):
                held.enter_context(open_to(port))
                held.enter_context(open_to(port, b"\x16\x03\x01"))
                held.enter_context(open_to(port, HALF))  # no TLS at all
            with secured(port) as stream:
                stream.sendall(WHOLE)
                assert_answered(stream)
            assert len(server.pool) <= SHORT.at_once
        with within_time(), open_to(port) as stream:
            ends(stream)
        with within_time(), secured(port) as stream:
            stream.sendall(HALF)
            ends(stream)
        until(lambda: len(server.pool) == 0)
        with open_to(port):  # a handshake that is under way does not hold the server's end
            until(lambda: len(server.pool) == 1)
            begin = time.perf_counter()
            server.should_exit = True
    assert time.perf_counter() - begin < 2


class Seat:
    """A connection of which only the address and the phase count."""

    def __init__(self, address: object, phase: str, since: float) -> None:
        self.address, self.phase, self.since, self.aborted = address, phase, since, False

    def abort(self) -> None:
        self.aborted = True


seats = st.builds(
    Seat,
    st.integers(0, 2),
    st.sampled_from(["request", "answer", "idle"]),
    st.floats(0, 9),
)


@given(st.lists(seats, max_size=30), st.integers(1, 6), st.integers(1, 6))
def test_there_are_never_more_than_the_limits_and_nobody_who_is_answered_goes(
    coming: list[Seat], at_once: int, an_address: int
) -> None:
    pool = ConnectionPool(Limits(at_once, an_address))
    for one in coming:
        before = list(pool.all)
        entered = pool.enter(one)  # type: ignore[arg-type]
        assert len(pool) <= at_once
        for address in range(3):
            assert sum(each.address == address for each in pool.all) <= an_address
        beside = [each for each in before if each.address == one.address]
        if not entered:
            some = beside if len(beside) >= an_address else before
            assert {each.phase for each in some} == {"answer"}
    assert not [one for one in coming if one.aborted and one.phase == "answer"]


def test_one_address_is_one_owner() -> None:
    assert _address(("192.0.2.1", 1)) == _address(("192.0.2.1", 2)) != _address(("192.0.2.2", 1))
    assert _address(("2001:db8::1", 1, 0, 0)) == _address(("2001:db8::ffff:1", 1, 0, 0))
    assert _address(("2001:db8::1", 1, 0, 0)) != _address(("2001:db8:0:1::1", 1, 0, 0))
    assert _address(("::ffff:192.0.2.1", 1, 0, 0)) == _address(("192.0.2.1", 9))
    assert _address(("fe80::1%eth0", 1, 0, 2)) == _address(("fe80::2", 1, 0, 0))
    assert _address(None) is None
