from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from cxr_release.errors import CxrReleaseError, DecisionError
from cxr_release.logbook import log
from cxr_release.review_app.review import review
from cxr_release.review_app.site import Site
from cxr_release.screening.decision import DECISION, NewDecision
from tests.support.certificates import needs_openssl, self_signed

SCRIPT = """
import json, sys
from pathlib import Path
from cxr_release.review_app.review import review
from cxr_release.review_app.site import Site
root, more = Path(sys.argv[1]), json.loads(sys.argv[2])
site = {"host": "127.0.0.1", "port": 0}
site |= {name: more.pop(name) for name in ("host", "names") if name in more}
site |= {name: Path(more.pop(name)) for name in ("certificate", "key") if name in more}
review(
    sorted((root / "films").iterdir()),
    screening_log=root / "data/reviews/screening",
    facing_log=root / "data/reviews/facing",
    orders=root / "data/reviews/orders",
    reasons={"other": "Any other.", "prescreen": "Not for people."},
    site=Site(**site),
    **more,
)
"""


@dataclass
class Browser:
    """A server in a process of its own, and one person's connection to it."""

    process: subprocess.Popen[str]
    lines: list[str]
    """What the server printed until it listened."""
    addresses: dict[str, str]
    cookie: str = ""
    cookies: list[str] = field(default_factory=list)
    """Of the session, as they were set."""
    context: ssl.SSLContext | None = None
    last: dict[str, str] = field(default_factory=dict)
    """Headers of the last answer."""

    @property
    def origin(self) -> str:
        return next(iter(self.addresses.values())).partition("/?")[0]

    def ask(
        self, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        sent = {"Cookie": self.cookie, **(headers or {})}
        with contextlib.closing(self.connection()) as connection:
            if body is None:
                connection.request("GET", path, headers=sent)
            else:
                sent |= {"Content-Type": "application/json", "Origin": self.origin}
                connection.request("POST", path, json.dumps(body), headers=sent)
            answer = connection.getresponse()
            self.last = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, answer.read()

    def enter(self, person: str) -> Browser:
        address = f"/?{self.addresses[person].partition('/?')[2]}"
        assert self.ask(address)[0] == 200
        assert self.press(person, address.partition("token=")[2]) == 303
        return self

    def press(self, person: str, token: str) -> int:
        """The button of an address's page."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.origin,
        }
        with contextlib.closing(self.connection()) as connection:
            connection.request("POST", f"/r/{person}/enter", f"token={token}", headers=headers)
            answer = connection.getresponse()
            answer.read()
            cookies = answer.msg.get_all("set-cookie", [])
        self.cookies = [cooky for cooky in cookies if cooky.startswith("session")]
        self.cookie = "".join(self.cookies).partition(";")[0]
        return answer.status

    def connection(self) -> HTTPConnection:
        host = self.origin.partition("://")[2]
        if self.context:
            return HTTPSConnection(host, timeout=20, context=self.context)
        return HTTPConnection(host, timeout=20)

    def json(self, path: str, body: object = None) -> Any:
        status, data = self.ask(path, body)
        assert status == 200, data
        return json.loads(data)


def start(root: Path, *people: str, **more: Any) -> subprocess.Popen[str]:
    """A server that begins; what it says of errors goes to a file."""
    arguments = json.dumps({"reviewers": people, **more})
    command = [sys.executable, "-c", SCRIPT, root, arguments]
    with (root / "stderr").open("w") as stderr:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)


@contextlib.contextmanager
def served(root: Path, *people: str, **more: Any) -> Iterator[Browser]:
    with start(root, *(people or ("a.b",)), **more) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not any(line.startswith("Ctrl-C") for line in lines):
            line = process.stdout.readline()
            assert line, (root / "stderr").read_text()
            lines.append(line.strip())
        pairs = [line.split(": ", 1) for line in lines if "/?token=" in line]
        try:
            yield Browser(process, lines, dict(pairs))
        finally:
            process.kill()


@pytest.fixture
def root(films: Path, tmp_path: Path) -> Path:
    shutil.copytree(films, tmp_path / "films")
    return tmp_path


def tree(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def decisions(names: list[str], verb: str = "keep", **more: Any) -> dict[str, Any]:
    reason = "other" if verb == "exclude" else ""
    note = "two jaws" if reason else ""
    some = [{"film": name, "decision": verb, "reason": reason, "note": note} for name in names]
    return {"undecided_only": False, "decisions": some, **more}


def test_killed_in_the_middle_the_next_server_goes_on(root: Path) -> None:
    before = tree(root)
    with served(root) as browser:
        browser.enter("a.b")
        page = browser.json("/r/a.b/films?n=10")
        names = [film["name"] for film in page["films"]]
        assert browser.ask(f"/r/a.b/film/{names[0]}")[1].startswith(b"\x89PNG")
        assert browser.json("/r/a.b/decisions", decisions(names[:3]))["logged"] == 3
        assert browser.json("/r/a.b/decisions", decisions(names[3:4], "exclude"))["logged"] == 1
        old, browser_cookie = browser.addresses["a.b"], browser.cookie
        browser.process.send_signal(signal.SIGKILL)
        browser.process.wait()
    # As a crash leaves it: a line that was never finished, and never acknowledged.
    path = root / "data/reviews/screening/a.b.jsonl"
    with path.open("ab") as stream:
        stream.write(b'{"seq":5,"at"')
    with served(root) as browser:
        assert browser.addresses["a.b"].partition("token=")[2] != old.partition("token=")[2]
        browser.cookie = browser_cookie
        assert browser.ask("/r/a.b/setup")[0] == 403
        browser.enter("a.b")
        page = browser.json("/r/a.b/films?n=10")
        assert [film["name"] for film in page["films"]][:6] == names[4:]
        assert page["progress"]["done"] == 4
        assert page["from"] == 4
        assert (
            browser.json("/r/a.b/decisions", decisions(names[:6], undecided_only=True))["logged"]
            == 2
        )
    found = log.read(DECISION, path)
    assert [one.decision for one in found] == ["keep"] * 3 + ["exclude"] + ["keep"] * 2
    new = tree(root).keys() - before.keys() - {"stderr"}
    assert {Path(name).parent.as_posix() for name in new} == {
        "data/reviews/orders",
        "data/reviews/screening",
    }
    assert {name: data for name, data in tree(root).items() if name in before} == before


def test_what_is_printed_and_what_is_not(root: Path) -> None:
    with served(root, "a.b", "c.d") as browser:
        assert browser.addresses.keys() == {"a.b", "c.d"}
        assert browser.origin.startswith("http://127.0.0.1:")
        tokens = [address.partition("token=")[2] for address in browser.addresses.values()]
        assert len(set(tokens)) == 2
        assert "40 films" in " ".join(browser.lines)
        browser.enter("c.d")
        assert "server" not in browser.last
        assert browser.last["cache-control"] == "no-store"
        assert browser.json("/r/c.d/setup")["reasons"] == [
            {"code": "other", "meaning": "Any other."}
        ]
        assert browser.ask("/r/a.b/setup")[0] == 403
        assert browser.press("c.d", tokens[1]) == 403
        assert browser.ask("/", headers={"Host": "evil.example"})[0] == 403
        rest = stopped(browser.process, signal.SIGINT)
    assert rest[0].startswith(f"c.d: {browser.origin}/?token=")
    assert rest[0].partition("token=")[2] not in tokens
    assert rest[1:] == ["stopped"]
    assert (root / "stderr").read_text() == ""


def stopped(process: subprocess.Popen[str], ending: signal.Signals) -> list[str]:
    """What a server still prints when it is told to end, which it does well."""
    process.send_signal(ending)
    assert process.wait(20) == 0
    assert process.stdout is not None
    return process.stdout.read().splitlines()


@pytest.mark.parametrize("ignored", [False, True], ids=["", "background"])
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_alike_whatever_tells_it_to_and_however_it_was_started(
    root: Path, ending: signal.Signals, ignored: bool
) -> None:
    """A shell without job control lets what it starts in the background ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if ignored else None
    try:
        with served(root) as browser:
            assert stopped(browser.process, ending) == ["stopped"]
    finally:
        if before:
            signal.signal(signal.SIGINT, before)
    assert (root / "stderr").read_text() == ""


@pytest.mark.long
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_stopped_at_any_moment_of_its_start_it_says_so_or_was_never_there(
    root: Path, ending: signal.Signals
) -> None:
    begun = time.monotonic()
    with served(root):
        whole = time.monotonic() - begun
    for part in range(1, 13):
        with start(root, "a.b") as process:
            time.sleep(whole * part / 10)
            process.send_signal(ending)
            out, _ = process.communicate(timeout=20)
        if "token=" in out:
            assert (process.returncode, out.splitlines()[-1]) == (0, "stopped")
            assert (root / "stderr").read_text() == ""
        else:
            assert process.returncode in {0, -ending}


@pytest.mark.long
@pytest.mark.parametrize(
    "endings",
    [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT] * 2],
    ids=["int", "term", "twice"],
)
def test_stopped_while_it_answers_it_says_so_and_has_logged_what_it_acknowledged(
    root: Path, endings: list[signal.Signals]
) -> None:
    kept = 0

    def tell(process: subprocess.Popen[str]) -> None:
        for each in endings:
            process.send_signal(each)

    for part in range(5):
        with served(root) as browser:
            browser.enter("a.b")
            names = [film["name"] for film in browser.json("/r/a.b/films?n=40")["films"]]
            threading.Timer(0.03 * part, tell, [browser.process]).start()
            with contextlib.suppress(OSError, HTTPException):
                while True:
                    kept += browser.json("/r/a.b/decisions", decisions(names[:1]))["logged"]
            out, _ = browser.process.communicate(timeout=20)
            assert (browser.process.returncode, out.splitlines()[-1]) == (0, "stopped")
        entries = log.read(DECISION, root / "data/reviews/screening/a.b.jsonl")
        assert kept <= len(entries) <= kept + 1 + part


def test_a_request_without_an_end_is_cut_off(root: Path) -> None:
    with served(root) as browser:
        port = int(browser.origin.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as stream:
            stream.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            sent = 0
            with contextlib.suppress(ConnectionError):
                while sent < 10_000_000:
                    sent += stream.send(b"X-More: " + b"x" * 10_000 + b"\r\n")
            assert sent < 10_000_000
        head = f"POST /r/a.b/decisions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        head += f"Origin: {browser.origin}\r\nTransfer-Encoding: chunked\r\n\r\n"
        browser.enter("a.b")
        cookie = f"Cookie: {browser.cookie}\r\nContent-Type: application/json\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=20) as stream:
            stream.sendall(head.removesuffix("\r\n").encode() + cookie.encode())
            for size in [1024] * 64 + [1]:
                stream.sendall(f"{size:x}\r\n{'x' * size}\r\n".encode())
            answer = stream.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in answer.lower()
        assert browser.json("/r/a.b/setup")["films"] == 40


@needs_openssl
def test_with_a_certificate_it_is_https(root: Path) -> None:
    certificate, key = self_signed(root, "DNS:localhost")
    paths = {"certificate": str(certificate), "key": str(key)}
    with served(root, host="0.0.0.0", names=["localhost"], **paths) as browser:  # noqa: S104
        assert browser.origin.startswith("https://localhost:")
        browser.context = ssl.create_default_context(cafile=str(certificate))
        browser.enter("a.b")
        assert "Secure" in browser.cookies[0]
        assert browser.json("/r/a.b/setup")["reviewer"] == "a.b"
    assert (root / "stderr").read_text() == ""
    key.write_text("no key")
    with pytest.raises(CxrReleaseError, match="certificate"):
        reviewed(root, certificate=certificate, key=key)


def reviewed(root: Path, **more: Any) -> None:
    """The call itself, where it is to fail."""
    site: dict[str, Any] = {"host": "127.0.0.1", "port": 0}
    site |= {one.name: more.pop(one.name) for one in fields(Site) if one.name in more}
    review(
        sorted((root / "films").iterdir()),
        screening_log=root / "screening",
        facing_log=root / "facing",
        orders=root / "orders",
        reasons={},
        site=Site(**site),
        **{"reviewers": ["a"], **more},
    )


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"reviewers": []}, "no reviewer or reader"),
        ({"reviewers": ["a", "b", "a"]}, "a is named twice"),
        ({"reviewers": ["prescreen"]}, "pre-screen's own name"),
        ({"reviewers": ["../a"]}, "not a reviewer's name"),
        ({"order": "doubtful-first"}, "no score to 40 film"),
        ({"host": "0.0.0.0"}, "every address"),  # noqa: S104
        ({"host": "::"}, "every address"),
        ({"host": ""}, "every address|no host"),
        ({"host": "no such host"}, "is not a host name"),
        ({"host": "203.0.113.7"}, "cannot listen"),
        ({"names": ["a/b"]}, "is not a host name"),
        ({"names": ["evil@host"]}, "is not a host name"),
        ({"certificate": Path("x")}, "go together"),
        ({"certificate": Path("x"), "key": Path("y")}, "cannot be used"),
    ],
)
def test_what_is_not_in_order_is_said_before_anybody_comes(
    root: Path, more: dict[str, Any], what: str
) -> None:
    with pytest.raises(CxrReleaseError, match=what):
        reviewed(root, **more)


def test_a_taken_port_is_named_with_a_remedy(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CxrReleaseError, match="in use") as caught:
            reviewed(root, port=port)
    assert caught.value.where == f"127.0.0.1:{port}"
    assert "--port" in caught.value.remedy


def test_a_log_on_other_films_stops_the_server_at_its_start(root: Path) -> None:
    wish = NewDecision("checkpoint-34-large-00001", "f" * 64, "keep")
    log.append(DECISION, root / "screening", "b", [wish])
    with pytest.raises(DecisionError, match="do not match the SHA-256"):
        reviewed(root)


@pytest.mark.parametrize(
    ("site", "origins"),
    [
        (Site("127.0.0.1", 0), ["http://127.0.0.1:5", "http://localhost:5"]),
        (Site("localhost", 0), ["http://localhost:5", "http://127.0.0.1:5"]),
        (Site("::1", 0), ["http://[::1]:5", "http://127.0.0.1:5", "http://localhost:5"]),
        (Site("10.1.2.3", 0), ["http://10.1.2.3:5"]),
        (Site("Films.Example.org", 0), ["http://films.example.org:5"]),
        (Site("10.1.2.3", 0, ["films"]), ["http://films:5", "http://10.1.2.3:5"]),
        (Site("0.0.0.0", 0, ["films:80"]), ["http://films"]),  # noqa: S104
        (Site("::", 0, ["films:8000"]), ["http://films:8000"]),
        (
            Site("10.1.2.3", 0, ["https://films.example.org/"]),
            ["https://films.example.org", "http://10.1.2.3:5"],
        ),
        (Site("10.1.2.3", 0, (), Path("c"), Path("k")), ["https://10.1.2.3:5"]),
    ],
)
def test_the_addresses_under_which_browsers_know_a_server(site: Site, origins: list[str]) -> None:
    assert site.origins(5) == origins


def test_the_scheme_s_own_port_is_not_said() -> None:
    assert Site("10.1.2.3", 0).origins(80) == ["http://10.1.2.3"]
    assert Site("10.1.2.3", 0, (), Path("c"), Path("k")).origins(443) == ["https://10.1.2.3"]


@pytest.mark.parametrize(
    ("site", "warned"),
    [
        (Site("127.0.0.1", 0), False),
        (Site("127.8.8.8", 0), False),
        (Site("::1", 0), False),
        (Site("localhost", 0), False),
        (Site("10.1.2.3", 0), True),
        (Site("0.0.0.0", 0, ["films"]), True),  # noqa: S104
        (Site("10.1.2.3", 0, (), Path("c"), Path("k")), False),
    ],
)
def test_an_open_network_is_warned_of(
    site: Site, warned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    site.warn()
    assert ("read along" in capsys.readouterr().err) == warned


def test_answers_are_sent_at_once() -> None:
    """Without the protocol in the socket, every answer waits 40 ms for the browser's receipt."""
    with Site("127.0.0.1", 0).listen() as listener:
        assert listener.proto == socket.IPPROTO_TCP
        assert not os.get_inheritable(listener.fileno())
