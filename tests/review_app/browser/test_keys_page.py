"""Every key on every page, as a person presses it: one action or none, and what it does shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cxr_release.review_app.key_settings import load_keys
from cxr_release.review_app.keys import PAGES, STANDARD, groups_of
from tests.support.browser.adjudicate_browser import PairServer, Table, make_archive
from tests.support.browser.clear_browser import HEIGHT, WIDTH, ClearServer, LightBox
from tests.support.browser.landmark_browser import Caliper, make_room
from tests.support.browser.mortal import MortalServer
from tests.support.browser.review_browser import Films, Screen, Server
from tests.support.browser.study_browser import Seat, StudyServer
from tests.support.real_folder import RealFolder
from tests.support.study_kit import draw_kit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

FILMS = 24
NAMED = {
    "space": " ",
    "pageup": "PageUp",
    "pagedown": "PageDown",
    **{f"arrow{side.lower()}": f"Arrow{side}" for side in ("Left", "Right", "Up", "Down")},
    **{key.lower(): key for key in ("Enter", "Escape", "Delete", "Backspace", "Home", "End")},
}
OTHERS = [
    *"abcdefghijklmnopqrstuvwxyz0123456789,;/'",
    "ctrl+s",
    "ctrl+k",
    "shift+;",
    "f2",
    "insert",
]
"""Pressed too, whether anything is bound to them or not."""
FIRST = {
    "zoom-out": "+",
    "reset": "+",
    **{f"pan-{side}": "+" for side in ("left", "right", "up", "down")},
    "close": " ",
    "other": "v",
    "redo": "u",
    "left": "ArrowRight",
    "up": "ArrowDown",
    "first": "End",
    "last": "Home",
}
"""Without which an action has nothing to do."""
IN_A_ROW = {("study", "up"), ("study", "down")}
"""No film lies there, and nothing is to be said of it."""
LISTEN = """
async () => {
  const { actionOf } = await import("/static/shared/keys.js");
  const shown = () => (document.querySelector("#enlarged:not([hidden])") ? "viewer" : "grid");
  let where = "";
  addEventListener("keydown", () => { where = shown(); }, { capture: true });
  addEventListener("keydown", (event) => {
    window.pressed = [actionOf(event, where), event.defaultPrevented];
  });
}
"""
"""What the page made of the last press: its action, and whether the page took it."""
LOOK = """
() => {
  const chosen = [...document.querySelectorAll("select")].map((list) => list.selectedIndex);
  const focused = [...document.querySelectorAll("*")].indexOf(document.activeElement);
  return document.body.outerHTML + chosen + focused;
}
"""


def on_keyboard(key: str) -> str:
    """A key of the table, as Playwright calls it."""
    held, plain = "", key
    for prefix, name in (("ctrl+", "Control+"), ("shift+", "Shift+")):
        if plain.startswith(prefix):
            held, plain = held + name, plain.removeprefix(prefix)
    if held.endswith("Shift+") and len(plain) == 1:
        plain = plain.upper()
    return held + NAMED.get(plain, plain.capitalize() if plain in ("f2", "insert") else plain)


@pytest.fixture
def tab(
    request: pytest.FixtureRequest, films: Films, context: BrowserContext, tmp_path: Path
) -> Iterator[Any]:
    """A page with a person at it, whom no other test uses."""
    server, tab, way = opened(request.param, context.new_page(), films, tmp_path)
    try:
        tab.come(way)
        tab.page.evaluate(LISTEN)
        yield tab
        assert tab.errors == []
    finally:
        server.kill()


def opened(kind: str, page: Page, films: Films, folder: Path) -> tuple[MortalServer, Any, str]:
    """A server, a tab before it has come, and what its `come` takes."""
    people = ["a.b"]
    if kind == "review":
        server = Server(films, folder, people)
        return server, Screen(page, server, films), server.addresses["a.b"]
    if kind == "adjudicate":
        archive = make_archive(folder)
        pairs = PairServer(archive, folder / "logs", people, required=99)
        return pairs, Table(page, pairs, archive), pairs.addresses["a.b"]
    if kind == "study":
        drawn = draw_kit(folder / "kit", 3)
        study = StudyServer(drawn, folder / "logs", people, going_back=True)
        return study, Seat(page, study, drawn), "a.b"
    if kind == "landmark":
        landmarks = make_room(folder, 5).server(folder / "logs", people)
        return landmarks, Caliper(page, landmarks), "a.b"
    real = RealFolder(folder, FILMS, width=WIDTH, height=HEIGHT)
    clear = ClearServer(real, folder / "logs", people, required=99)
    return clear, LightBox(page, clear, real, FILMS), "a.b"


@pytest.mark.long
@pytest.mark.parametrize("tab", PAGES, indirect=True)
def test_every_key_has_its_action_on_this_page_or_none(
    tab: Any, request: pytest.FixtureRequest
) -> None:
    """The action is the same on all pages: it is read from the one table."""
    page: str = request.node.callspec.params["tab"]
    told = [key for group in groups_of(page) for key in group["keys"]]
    here = {key["action"]: key["where"] for key in told}
    bound = {key: action for action, keys in STANDARD.items() for key in keys}
    for key in dict.fromkeys([*bound, *OTHERS]):
        action = bound.get(key, "")
        settle(tab)
        enlarged = here.get(action) == "viewer" and action != "close"
        if enlarged:
            tab.press(" ")
        if action == "redo" and page == "landmark":
            tab.press("h")
        if action in FIRST and action in here:
            tab.press(FIRST[action])
        before = tab.page.evaluate(LOOK)
        tab.page.evaluate("window.pressed = null")
        tab.press(on_keyboard(key))
        if action in here:
            assert tab.page.evaluate("window.pressed") == [action, True], key
            assert changed(tab, before) or (page, action) in IN_A_ROW, f"{key}: no {action} is seen"
        else:
            assert tab.page.evaluate("window.pressed") == ["", False], key
            assert tab.page.locator("dialog[open]").count() == 0
        while tab.page.locator("dialog[open]").count():
            tab.press("Escape")
            tab.until_gone("dialog")
        if enlarged or action in ("enlarge", "find"):
            tab.press("Escape")


def settle(tab: Any) -> None:
    """A film is on the screen, or nothing is left."""
    tab.until(
        '[data-ready="true"]:not([hidden]), #empty-state:not([hidden]) h2',
    )
    tab.until(".progress-saving:empty")
    if tab.page.locator("#empty-state:not([hidden]) h2").count():
        tab.press("PageUp")
        tab.until('[data-ready="true"]:not([hidden])')


def changed(tab: Any, before: str) -> bool:
    """Whether anything is otherwise on the page, soon."""
    for _ in range(50):
        if tab.page.evaluate(LOOK) != before:
            return True
        tab.page.wait_for_timeout(20)
    return False


def test_a_hospital_s_own_keys_are_those_of_the_page_and_of_its_buttons(
    context: BrowserContext, hall: Server, films: Films, reviewer: str, tmp_path: Path
) -> None:
    (tmp_path / "keys.yaml").write_text("keep: ';'\nexclude: k\n")
    own = groups_of("review", load_keys(tmp_path / "keys.yaml"))
    screen = Screen(context.new_page(), hall, films)

    def setup(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(json={**answer.json(), "keys": own})

    screen.page.route("**/setup", setup)
    screen.come(hall.addresses[reviewer])
    ids = screen.ids()
    screen.press("1", "ArrowRight", "k", "ArrowRight", "x", ";")
    screen.saved()
    assert [line[:2] for line in hall.logged(reviewer)] == [
        (ids[0], "exclude"),
        (ids[1], "exclude"),
        (ids[2], "keep"),
    ]
    assert screen.text('[data-action="keep"] kbd') == ";"
    screen.press("?")
    rows = screen.page.locator("dialog.keys dt").all_inner_texts()
    assert ";" in rows
    assert "x" not in rows
    screen.press("?")
    screen.until_gone("dialog")
    assert screen.errors == []


def test_a_key_that_comes_before_the_page_says_so(
    context: BrowserContext, hall: Server, films: Films, reviewer: str
) -> None:
    screen = Screen(context.new_page(), hall, films)
    held: list[Any] = []
    screen.page.route("**/setup", lambda route, _: held.append(route))
    screen.arrive(hall.addresses[reviewer])
    while not held:
        screen.page.wait_for_timeout(10)
    screen.press("1")
    screen.told("Nothing was done: this page is still being loaded.")
    lists: list[Any] = []
    screen.page.route("**/films?*", lambda route, _: lists.append(route))
    held[0].continue_()
    while not lists:
        screen.page.wait_for_timeout(10)
    for key in ("1", "k", "x", "Enter", "m", "n", "t", " ", "Delete", "l"):
        screen.page.locator("#toast").evaluate("(toast) => { toast.textContent = ''; }")
        screen.press(key)
        screen.told("the films are still on their way")
    screen.page.unroute("**/films?*")
    lists[0].continue_()
    screen.ready()
    assert hall.logged(reviewer) == []
