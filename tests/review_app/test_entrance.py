"""Coming in: what an address shows, what its button does, and who is told what instead."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.review_app.access import Links, LinkSignIn, SignIn
from cxr_release.review_app.guard import Guard
from cxr_release.review_app.pages import pages
from tests.support.asking import ORIGIN, Answer, ask, form_of, press

PEOPLE = ("a.b", "c.d", "e")


@dataclass
class House:
    """Pages of nobody in particular, behind a door."""

    door: SignIn
    announced: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = [ORIGIN, "http://localhost:8741", "https://review.example.org"]
        self.app = Guard(pages(self.door, "review/review.html", []), names)

    @property
    def lasting(self) -> bool:
        return isinstance(self.door, LinkSignIn)

    def address(self, person: str = "a.b") -> str:
        return f"/?token={self.door.tokens[person]}"


@dataclass
class Browser:
    """Keeps cookies as a browser does, by their paths."""

    house: House
    cookies: dict[str, str] = field(default_factory=dict)

    def open(self, path: str, **more: object) -> Answer:
        """Type an address."""
        headers = {"cookie": self._for(path), "accept": "text/html", "sec-fetch-mode": "navigate"}
        return self._kept(ask(self.house.app, path, headers=headers, **more))  # type: ignore[arg-type]

    def press(self, page: Answer) -> Answer:
        cookie = self._for(form_of(page)[0])
        return self._kept(press(self.house.app, page, cookie))

    def _for(self, path: str) -> str:
        return "; ".join(one for start, one in self.cookies.items() if path.startswith(start))

    def _kept(self, answer: Answer) -> Answer:
        self.cookies |= answer.cookies
        return answer

    def inside(self, person: str = "a.b") -> bool:
        return self.open(f"/r/{person}/").status == 200


@pytest.fixture(params=["once", "lasting"])
def house(request: pytest.FixtureRequest) -> House:
    announced: list[tuple[str, str]] = []
    if request.param == "lasting":
        return House(LinkSignIn(PEOPLE, Links(bytes(32))))
    return House(SignIn(PEOPLE, lambda *one: announced.append(one)), announced)


@pytest.fixture
def once() -> House:
    announced: list[tuple[str, str]] = []
    return House(SignIn(PEOPLE, lambda *one: announced.append(one)), announced)


# A page with a button


def test_an_address_shows_a_page_and_its_button_lets_in(house: House) -> None:
    browser = Browser(house)
    page = browser.open(house.address())
    assert page.status == 200
    assert b"a.b" in page.body
    assert not page.cookies
    answer = browser.press(page)
    assert (answer.status, answer.header("location")) == (303, "/r/a.b/")
    assert browser.inside()
    assert not browser.inside("c.d")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"user-agent": "Slackbot-LinkExpanding 1.0"},
        {"user-agent": "Mozilla/5.0 (compatible; MSIE 9.0) BingPreview/1.0b", "accept": "*/*"},
        {"sec-purpose": "prefetch;prerender", "sec-fetch-mode": "navigate"},
        {"purpose": "prefetch"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {"range": "bytes=0-1023"},
    ],
)
def test_whatever_follows_an_address_by_itself_spends_nothing(
    house: House, headers: dict[str, str]
) -> None:
    address = house.address()
    for _ in range(3):
        answer = ask(house.app, address, headers=headers)
        assert answer.status == 200
        assert not answer.cookies
    assert ask(house.app, address, method="HEAD", headers=headers).status == 405
    assert (house.address(), house.announced) == (address, [])
    browser = Browser(house)
    assert browser.press(browser.open(address)).status == 303


def test_the_page_needs_no_script_and_gives_its_address_to_nobody(house: House) -> None:
    page = ask(house.app, house.address())
    policy = page.header("content-security-policy")
    assert b"<script" not in page.body
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy  # nobody else's page may have the button pressed
    assert page.header("cache-control") == "no-store"
    # Our own requests too say no more than where they come from; "no-referrer" would have the
    # form sent with the origin "null".
    assert page.header("referrer-policy") == "strict-origin"
    links = links_in(page)
    assert links == ["data:,"]
    action, fields = form_of(page)
    assert action == "/r/a.b/enter"
    assert fields.keys() == {"token", "page"}
    assert fields["token"] == house.door.tokens["a.b"]
    other = form_of(ask(house.app, house.address()))[1]
    assert other["page"] != fields["page"]


def test_the_cookies_are_for_our_own_pages_alone(house: House) -> None:
    answer = press(house.app, ask(house.app, house.address()))
    set_cookies = [value.split("; ") for name, value in answer.headers if name == "set-cookie"]
    assert [sorted(cooky[1:]) for cooky in set_cookies] == [
        ["HttpOnly", "Path=/r/", "SameSite=Strict"],
        ["HttpOnly", "Path=/r/a.b/", "SameSite=Strict"],
    ]
    assert [cooky[0].partition("=")[0] for cooky in set_cookies] == ["last-8741", "session-8741"]
    more = {"host": "review.example.org", "headers": {"origin": "https://review.example.org"}}
    page = ask(house.app, house.address(), host="review.example.org")
    answer = press(house.app, page, **more)
    assert all("Secure" in value for name, value in answer.headers if name == "set-cookie")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:8741"},
        {"sec-fetch-site": "cross-site", "origin": "http://evil.example"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    ],
)
def test_only_our_own_page_s_button_lets_in(house: House, headers: dict[str, str]) -> None:
    """Or a foreign page could bring somebody in under another person's name."""
    address = house.address()
    answer = press(house.app, ask(house.app, address), headers=headers)
    assert answer.status == 403
    assert not answer.cookies
    assert house.address() == address


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/json", "multipart/form-data; boundary=x"]
)
def test_what_is_no_form_is_refused(house: House, kind: str) -> None:
    page = ask(house.app, house.address())
    assert press(house.app, page, headers={"content-type": kind}).status == 415


@given(st.binary(max_size=200))
def test_no_form_lets_in_or_breaks_anything(body: bytes) -> None:
    house = House(SignIn(PEOPLE, lambda *_: None))
    headers = {"origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"}
    answer = ask(house.app, "/r/a.b/enter", method="POST", headers=headers, body=[body])
    assert answer.status in {400, 403}
    assert not answer.cookies


# Again


def test_a_live_session_goes_on_when_the_address_is_opened_again(house: House) -> None:
    browser = Browser(house)
    address = house.address()
    browser.press(browser.open(address))
    kept = dict(browser.cookies)
    for _ in range(2):
        answer = browser.press(browser.open(address))
        assert (answer.status, answer.header("location")) == (303, "/r/a.b/")
        assert browser.inside()
    assert browser.cookies == kept
    # The next address, that the server shows by now, is not spent by it either.
    after = house.address()
    assert browser.press(browser.open(after)).status == 303
    assert house.address() == after


def test_in_another_browser_an_address_that_was_used_lets_nobody_in(once: House) -> None:
    address = once.address()
    first, second = Browser(once), Browser(once)
    first.press(first.open(address))
    page = second.open(address)
    assert page.status == 200
    assert b"was used already" in page.body
    assert_refused(second.press(page))
    assert not second.inside()
    # The next one does, and shuts out nobody.
    second.press(second.open(once.address()))
    assert second.inside()
    assert first.inside()


def test_a_double_click_on_the_button_comes_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser drops the first answer, with its cookies, and shows the second."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    browser = Browser(house)
    page = browser.open(house.address())
    after = press(house.app, page)
    announced = len(house.announced)
    now[0] += 5
    answer = browser.press(page)
    assert (answer.status, answer.header("location")) == (303, "/r/a.b/")
    assert browser.inside()
    if not house.lasting:
        assert answer.cookies == after.cookies  # no second session
    assert len(house.announced) == announced
    if not house.lasting:  # later it is no double click: a saved page lets nobody in
        now[0] += 60
        assert_refused(press(house.app, page))


def test_no_other_page_of_a_used_address_is_a_double_click(once: House) -> None:
    address = once.address()
    pages = [ask(once.app, address) for _ in range(2)]
    press(once.app, pages[0])
    late = ask(once.app, address)
    assert_refused(press(once.app, pages[1]))
    assert_refused(press(once.app, late))
    for forged in (b"", b"x", "é".encode()):
        page = ask(once.app, address)
        page.body = re.sub(rb'(name="page" value=")[^"]*', rb"\1" + forged, page.body)
        assert_refused(press(once.app, page))
    page = pages[0]
    page.body = page.body.replace(b"/r/a.b/enter", b"/r/c.d/enter")
    assert_refused(press(once.app, page))


def test_of_two_browsers_that_press_at_once_one_comes_in(once: House) -> None:
    first, second = Browser(once), Browser(once)
    pages = [browser.open(once.address()) for browser in (first, second)]
    assert first.press(pages[0]).status == 303
    assert_refused(second.press(pages[1]))


def test_another_person_s_address_in_the_same_browser_asks_first(house: House) -> None:
    browser = Browser(house)
    browser.press(browser.open(house.address("a.b")))
    address = house.address("c.d")
    asked = browser.press(browser.open(address))
    assert asked.status == 200
    assert b"a.b was the last to come in" in asked.body
    assert b"in c.d&#x27;s name" in asked.body
    assert house.address("c.d") == address
    assert not browser.inside("c.d")
    assert browser.press(asked).status == 303
    assert browser.inside("c.d")
    assert browser.inside("a.b")
    # And back: both sessions live, so the question is all there is.
    again = browser.press(browser.open(house.address("a.b")))
    assert b"c.d was the last to come in" in again.body
    assert browser.press(again).header("location") == "/r/a.b/"
    # The answer to one question is not taken for that to another.
    third = browser.press(browser.open(house.address("c.d")))
    browser.cookies["/r/"] = "last-8741=e"
    assert b"e was the last to come in" in browser.press(third).body


def test_whom_nobody_knows_is_not_asked_about(house: House) -> None:
    """The cookie is no secret: another server of this machine may set it."""
    browser = Browser(house, {"/r/": "last-8741=<b>x</b>"})
    assert browser.press(browser.open(house.address())).status == 303


# Not let in


def assert_refused(answer: Answer) -> None:
    """A dark page that says whom to ask, and nothing of what the person cannot see."""
    assert answer.status == 403
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert b"color-scheme:dark" in answer.body
    assert b"terminal" not in answer.body
    assert b"sent it to you" in answer.body
    assert b"<form" not in answer.body
    assert not answer.cookies


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%00%ff", "?other=1"])
def test_without_the_right_token_nobody_comes_in(house: House, query: str) -> None:
    assert_refused(Browser(house).open(f"/{query}"))
    assert_refused(ask(house.app, f"/{query}"))


def test_a_session_that_has_ended_is_told_whom_to_ask(house: House) -> None:
    browser = Browser(house)
    browser.press(browser.open(house.address()))
    other = House(LinkSignIn(PEOPLE, Links(b"1" * 32)) if house.lasting else SignIn(PEOPLE, print))
    browser.house = other
    for path in ("/r/a.b/", "/r/a.b/enter", "/r/nobody/", house.address()):
        assert_refused(browser.open(path))


def test_a_token_is_for_its_own_person_s_pages(house: House) -> None:
    page = ask(house.app, house.address("a.b"))
    page.body = page.body.replace(b"/r/a.b/enter", b"/r/c.d/enter")
    assert_refused(press(house.app, page))
    browser = Browser(house)
    browser.press(browser.open(house.address("c.d")))
    page = browser.open(house.address("a.b"))
    action, fields = form_of(page)
    assert (action, fields["token"]) == ("/r/a.b/enter", house.door.tokens["a.b"])


def test_the_address_of_the_button_leads_whoever_is_in_to_the_pages(house: House) -> None:
    browser = Browser(house)
    browser.press(browser.open(house.address()))
    answer = browser.open("/r/a.b/enter")
    assert (answer.status, answer.header("location")) == (303, "/r/a.b/")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"href", "src", "srcset"}]


def links_in(page: Answer) -> list[str]:
    """What a page has a browser fetch, or a person open."""
    parser = _Links()
    parser.feed(page.body.decode())
    return parser.found


# The door itself


def test_a_token_opens_once_and_the_next_one_is_announced() -> None:
    announced = []
    door = SignIn(["a", "b"], lambda person, token: announced.append((person, token)))
    first = door.tokens["a"]
    entered = door.enter(first)
    assert entered is not None
    assert entered[0] == "a"
    assert door.enter(first) is None
    assert announced == [("a", door.tokens["a"])]
    assert door.tokens["a"] != first
    again = door.enter(door.tokens["a"])
    assert again is not None
    assert again[1] != entered[1]
    assert door.knows("a", entered[1])  # a second browser does not shut out the first


def test_tokens_and_sessions_cannot_be_guessed_or_lent() -> None:
    door = SignIn(["a", "b"], lambda person, token: None)
    assert len(set(door.tokens.values())) == 2
    assert all(len(token) >= 43 for token in door.tokens.values())  # 256 bits
    for wrong in ("", "a", door.tokens["a"][:-1], door.tokens["a"] + "=", "é", "\ud800", "\0"):
        assert door.enter(wrong) is None
        assert not door.knows("a", wrong)
    entered = door.enter(door.tokens["a"])
    assert entered is not None
    session = entered[1]
    assert len(session) >= 43
    assert door.knows("a", session)
    assert not door.knows("b", session)
    assert not door.knows("nobody", session)
    assert not door.knows("a", door.tokens["a"])
