from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from cxr_release.review_app.guard import HEADERS, MAX_BODY, Guard, Refusal
from tests.support.asking import HOST, ORIGIN, ask

SAFE = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the scheme and the length of the body."""
    size = len(await Request(scope, receive).body())
    await PlainTextResponse(f"{scope['scheme']} {size}")(scope, receive, send)


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("checkpoint-34-large-00001")


async def half(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError("halfway")


def guarded(app: ASGIApp = echo, *more: str) -> Guard:
    return Guard(app, [ORIGIN, "http://localhost:8741", *more])


def post(app: ASGIApp = echo, **more: Any) -> int:
    headers = {"origin": ORIGIN, **more.pop("headers", {})}
    return ask(guarded(app), method="POST", headers=headers, **more).status


@pytest.mark.parametrize("host", ["127.0.0.1:8741", "localhost:8741", "LOCALHOST:8741"])
def test_our_own_names_are_answered(host: str) -> None:
    assert ask(guarded(), host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "evil.example:8741",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:8741.evil.example",
        "localhost.evil.example:8741",
        "127.0.0.1:8741,evil.example",
        "evil@127.0.0.1:8741",
        "[::1]:8741",
    ],
)
def test_a_foreign_host_is_refused(host: str | None) -> None:
    """DNS rebinding: the name is another page's, the address is ours."""
    assert ask(guarded(), host=host).status == 403


def test_two_hosts_are_refused() -> None:
    assert ask(guarded(), headers=[("host", "evil.example")]).status == 403


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "https://127.0.0.1:8741",
        "http://127.0.0.1:8742",
        "http://127.0.0.1",
        "http://127.0.0.1:8741.evil.example",
        "http://localhost:8741",
        "http://127.0.0.1:8741/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_origin_is_refused(origin: str, method: str) -> None:
    """CSRF: a page elsewhere asks in the person's browser. Our other name is elsewhere too."""
    assert ask(guarded(), method=method, headers={"origin": origin}).status == 403


def test_a_post_must_say_that_it_is_ours() -> None:
    assert ask(guarded(), method="POST").status == 403
    both = [("origin", ORIGIN), ("origin", ORIGIN)]
    assert ask(guarded(), method="POST", headers=both).status == 403
    assert post() == 200
    assert ask(guarded(), headers={"origin": ORIGIN}).status == 200


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("none", "navigate", 200),
        ("same-origin", "cors", 200),
        ("cross-site", "navigate", 200),
        ("cross-site", "no-cors", 403),
        ("same-site", "no-cors", 403),
        ("same-site", "cors", 403),
    ],
)
def test_what_the_browser_says_about_the_asking_page_counts(
    site: str, mode: str, status: int
) -> None:
    """Another port of this machine is same-site: our strict cookie goes along."""
    headers = {"sec-fetch-site": site, "sec-fetch-mode": mode}
    assert ask(guarded(), headers=headers).status == status


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "get"])
def test_other_methods_are_not_answered(method: str) -> None:
    answer = ask(guarded(), method=method, headers={"origin": ORIGIN})
    assert answer.status == 405
    assert answer.header("allow") == "GET, POST"


def test_a_body_of_64_kib_passes_and_one_byte_more_does_not() -> None:
    assert MAX_BODY == 64 * 1024
    assert post(body=[b"x" * 1000] * 65 + [b"x" * 536]) == 200
    assert post(body=[b"x" * 1000] * 65 + [b"x" * 537]) == 413
    assert post(body=[b"x" * MAX_BODY, b"", b"x"]) == 413


@pytest.mark.parametrize("length", ["65537", "9" * 5000, "-1", "+1", "1e3", "\u00b2", ""])
def test_a_length_that_is_too_large_or_none_is_refused_unread(length: str) -> None:
    assert post(broken, headers={"content-length": length}) == 413


def test_a_length_that_lies_does_not_help() -> None:
    assert post(headers={"content-length": "10"}, body=[b"x" * MAX_BODY, b"x"]) == 413


def test_after_a_refusal_the_rest_of_the_body_is_no_request() -> None:
    answer = ask(guarded(), method="POST", headers={"content-length": "99999"})
    assert answer.header("connection") == "close"


@pytest.mark.parametrize(
    ("app", "more", "status"),
    [
        (echo, {}, 200),
        (broken, {}, 500),
        (echo, {"host": "evil.example"}, 403),
        (echo, {"method": "PUT"}, 405),
        (echo, {"headers": {"content-length": "99999"}}, 413),
    ],
)
def test_every_answer_carries_the_headers(
    app: ASGIApp, more: dict[str, Any], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(guarded(app), **more)
    assert answer.status == status
    assert {name: answer.header(name) for name in SAFE} == SAFE
    assert {name.lower() for name in HEADERS} == SAFE.keys()
    if status >= 400:
        assert json.loads(answer.body).keys() == {"error"}


def test_an_error_of_ours_is_told_to_the_terminal_alone(caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(guarded(broken))
    assert answer.json() == {"error": "The server failed."}
    assert "checkpoint-34-large-00001" in caplog.text
    with pytest.raises(ConnectionError):
        ask(guarded(half))


def test_a_refusal_of_the_application_is_an_answer() -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        raise Refusal(409, "Changed.")

    answer = ask(guarded(refuse))
    assert (answer.status, answer.json()) == (409, {"error": "Changed."})


def test_behind_a_proxy_the_scheme_is_the_one_of_the_name() -> None:
    app = guarded(echo, "https://review.example.org")
    assert ask(app, host="review.example.org").body == b"https 0"
    assert ask(app).body == b"http 0"
    headers = {"origin": "http://review.example.org"}
    assert ask(app, host="review.example.org", headers=headers).status == 403


def test_a_socket_for_anything_else_gets_nothing() -> None:
    async def never(*_: object) -> None:
        raise AssertionError

    with pytest.raises(StopIteration):
        guarded(never)({"type": "websocket"}, never, never).__await__().__next__()  # type: ignore[arg-type]


def test_a_refusal_that_somebody_looks_at_is_a_dark_page() -> None:
    """A white page of JSON tells nobody whom to ask."""
    for headers in ({"sec-fetch-mode": "navigate"}, {"accept": "text/html,*/*;q=0.8"}):
        for app, more, status in (
            (broken, {}, 500),
            (echo, {"host": "evil.example"}, 403),
            (echo, {"method": "PUT"}, 405),
        ):
            answer = ask(guarded(app), headers=headers, **more)
            assert answer.status == status
            assert answer.header("content-type") == "text/html; charset=utf-8"
            assert b"color-scheme:dark" in answer.body
            assert b"ask the person who sent you the address" in answer.body
            assert "form-action 'none'" in answer.header("content-security-policy")


def test_nothing_is_logged_about_requests_that_are_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "cxr_release")
    ask(guarded(), "/?token=secret")
    ask(guarded(), "/?token=secret", host="evil.example")
    ask(guarded(broken), "/?token=secret", host=HOST)
    assert "secret" not in caplog.text
