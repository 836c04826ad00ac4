"""The reader study in a browser: 50 quartets by keyboard, and what the page shows and does not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cxr_release.logbook.logs import read_all
from cxr_release.reader_study.answer import ANSWER
from cxr_release.review_app.pages import STATIC, static_files
from tests.support.browser.study_browser import TITLE, Seat, StudyServer, Typed
from tests.support.browser.tab import SMALL, size_text
from tests.support.study_kit import Drawn, draw_kit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

CLOSED, KILLED = 7, 11
"""Pages until the reader closes the browser, and until the server is killed."""
FEW = 3
READERS = "abcdefghijklmnop"
LETTERS = "abcd"
SIZES = [(1280, 800), (1920, 1080), (1024, 1366), (1024, 600)]
Open = Callable[[StudyServer], Seat]


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return draw_kit(tmp_path_factory.mktemp("few"), FEW)


@pytest.fixture(scope="module")
def hall(few: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudyServer]:
    """One server for all tests that let it live; each test is a reader of its own."""
    readers = [f"reader.{letter}" for letter in READERS]
    server = StudyServer(few, tmp_path_factory.mktemp("hall"), readers)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def free() -> Iterator[str]:
    """Readers whom no other test uses."""
    return iter(f"reader.{letter}" for letter in READERS)


@pytest.fixture
def reader(free: Iterator[str]) -> str:
    return next(free)


@pytest.fixture
def tab(context: BrowserContext, few: Drawn) -> Iterator[Open]:
    """Opens tabs. At the end none of them may have complained."""
    seats: list[Seat] = []

    def open_tab(server: StudyServer) -> Seat:
        seats.append(Seat(context.new_page(), server, few))
        return seats[-1]

    yield open_tab
    assert [seat.errors for seat in seats] == [[] for _ in seats]


@pytest.fixture
def seat(tab: Open, hall: StudyServer, reader: str) -> Seat:
    return tab(hall).come(reader)


def assert_thanked(seat: Seat, quartets: int) -> None:
    """After the last page, and when the page is loaded again."""
    assert seat.text("#empty-state h2") == "Thank you."
    assert f"All {quartets} pages are saved" in seat.text("#empty-state")
    seat.page.reload()
    seat.until("#empty-state:not([hidden]) h2")
    assert "you may close this window" in seat.text("#empty-state")


@pytest.mark.parametrize("quartets", [16, pytest.param(50, marks=pytest.mark.long)])
def test_two_readers_a_closed_browser_and_a_killed_server(
    browser: Browser, tmp_path: Path, quartets: int
) -> None:
    """50 quartets are the paper's."""
    drawn = draw_kit(tmp_path, quartets)
    server = StudyServer(drawn, tmp_path / "study", ["a.b", "c.d"])
    links = dict(server.addresses)
    chance = random.Random(1)
    typed: dict[str, list[Typed]] = {"a.b": [], "c.d": []}
    contexts = [browser.new_context(viewport=SMALL) for _ in range(3)]
    mine, theirs, elsewhere = (Seat(context.new_page(), server, drawn) for context in contexts)

    def fill(seat: Seat, reader: str) -> None:
        ratings = "".join(chance.choice("1234") for _ in LETTERS)
        typed[reader].append(seat.fill(ratings, chance.choice(LETTERS)))

    try:
        mine.come("a.b")
        theirs.come("c.d")
        for place in range(quartets):
            if place == CLOSED:
                mine.press("1", "2", "a")  # half a page, which is left
                contexts[0].close()
                mine = elsewhere.come("a.b")
                assert [one[0] for one in mine.said()] == [""] * 4
            assert mine.text(".place") == f"{place + 1} of {quartets}"
            fill(mine, "a.b")
            if place == KILLED:
                server.kill()
                mine.press("Enter")
                mine.page.get_by_text("1 answer is not saved yet: the server does not").wait_for()
                mine.press("1", "b")  # what is on its way is not changed
                server.start()
                assert server.addresses == links
                mine.until(f'.progress-bar[aria-valuenow="{place + 1}"]')
                mine.ready()
            else:
                mine.submit()
            if place < 2 * FEW:  # and the other one between
                fill(theirs, "c.d")
                theirs.submit()
        assert_thanked(mine, quartets)
        assert list(read_all(ANSWER, server.folder / "readers")) == list(typed)  # logs verify
        assert {reader: server.logged(reader) for reader in typed} == typed
        for reader, pages in typed.items():
            assert len({line.quartet for line in server.lines(reader)}) == len(pages)
            assert all(0 < float(line.seconds) < 60 for line in server.lines(reader))
        orders = [[line.quartet for line in server.lines(reader)][: 2 * FEW] for reader in typed]
        assert orders[0] != orders[1]
        assert [mine.errors, theirs.errors] == [[], []]
    finally:
        server.kill()
        for context in contexts:
            context.close()


def test_nothing_that_the_browser_gets_or_sends_says_which_film_is_which(
    seat: Seat, few: Drawn, hall: StudyServer, reader: str
) -> None:
    states = [seat.page.content(), seat.page.evaluate("JSON.stringify({ ...localStorage })")]
    for _ in range(FEW):
        seat.fill("1234", "b")
        states.append(seat.page.content())
        states.append(seat.page.evaluate("JSON.stringify({ ...localStorage })"))
        seat.submit()
    states.append(seat.page.content())
    everything = [*states, *seat.sent, *seat.received()]
    everything += [path.read_text() for path in static_files(STATIC).values()]
    assert sum("/answers" in one for one in seat.sent) == FEW
    assert sum("/film/" in one for one in seat.sent) == 4 * FEW
    for word in {*few.secrets, str(hall.folder)}:
        assert not [one for one in everything if word in one]
    bodies = [one for one in everything if "setup" in one or "/pages" in one or "/answers" in one]
    assert not [body for body in bodies if "/static/" not in body and '"quartet' in body]
    assert {line.quartet for line in hall.lines(reader)} == {"1", "2", "3"}
    assert seat.page.title() == f"{TITLE} – {reader}"


def test_the_introduction_says_what_is_asked(tab: Open, hall: StudyServer, reader: str) -> None:
    seat = tab(hall)
    seat.arrive(hall.addresses[reader])
    seat.until(".start")
    text = seat.text("#empty-state")
    for words in ("3 pages with 4 films", "exactly one film is real", "Answers are final"):
        assert words in text
    assert seat.text("h1") == TITLE
    seat.press("PageUp", "1", "a")  # nothing but Enter, or the button
    seat.page.click(".start")
    seat.ready()
    assert seat.said() == [("", False)] * 4
    # The help leads to the same text, and the keyboard comes back to the film.
    seat.press("ArrowRight", "?", "Shift+Tab", "Enter")
    seat.until("dialog.task")
    assert "exactly one film is real" in seat.text("dialog.task")
    assert seat.page.locator("dialog").count() == 1
    seat.press("1", "Escape")
    seat.until_gone("dialog")
    assert seat.page.evaluate("document.activeElement.dataset.place") == "1"
    assert seat.said() == [("", False)] * 4


def go_to(seat: Seat, code: str) -> None:
    """Type a code into the box."""
    seat.press("/")
    seat.page.keyboard.type(code)
    seat.press("Enter")


def codes_of(seat: Seat) -> dict[str, list[str]]:
    """Page → the codes of its films, in the reader's order."""
    pages = seat.page.evaluate("fetch('pages').then((answer) => answer.json())")["pages"]
    return {page["name"]: page["codes"] for page in pages}


def test_a_code_leads_to_its_film_and_never_past_a_page_that_is_not_answered(
    seat: Seat, hall: StudyServer, reader: str
) -> None:
    first, second, _ = codes_of(seat).values()
    go_to(seat, first[2].lower())
    seat.until('.film[data-place="2"][data-framed="true"]:focus')
    seat.press("3")  # out of the box: keys are the film's
    assert seat.said()[2] == ("3", False)
    go_to(seat, second[0])
    seat.told("on a page that is still to come")
    swapped = first[0][1] + first[0][0] + first[0][2:]
    go_to(seat, "" if swapped in {*first, *second} else swapped)
    seat.told(f"none of the code {swapped}. Did you mean {first[0]}")
    seat.press("Escape")
    seat.until(".film:focus")
    seat.fill("1234", "a")
    seat.submit()
    go_to(seat, first[1])
    seat.told("that is final in this study")
    assert seat.text(".place") == f"2 of {FEW}"
    assert len(hall.logged(reader)) == 1


def test_a_page_is_filled_by_keyboard_and_says_what_is_missing(
    seat: Seat, hall: StudyServer, reader: str
) -> None:
    assert seat.framed == 0
    assert seat.text(".missing") == "Still to say: 4 ratings, and which film is the real one."
    seat.press("ArrowRight", "3")  # film B, then on to C
    assert (seat.framed, seat.said()[1][0]) == (2, "3")
    seat.press("Tab", "4")
    assert (seat.framed, seat.said()[3][0]) == (0, "4")  # the next without a rating
    seat.press("Enter")
    seat.told("Still to say: the rating of A and C, and which film is the real one.")
    seat.press("1", "2", "Enter")
    seat.told("Still to say: which film is the real one.")
    seat.press("ArrowLeft", "y")
    assert [one[1] for one in seat.said()] == [False, True, False, False]
    seat.press("d", "ArrowLeft", "2")  # another pick, another rating
    assert seat.said() == [("2", False), ("3", False), ("2", False), ("4", True)]
    seat.press("f", "5", "9")  # no such film, no such rating
    assert hall.logged(reader) == []
    films = seat.films()
    seat.submit()
    assert hall.logged(reader) == [Typed(tuple(zip(films, (2, 3, 2, 4), strict=True)), films[3])]
    assert seat.said() == [("", False)] * 4


def test_a_page_is_filled_by_mouse(seat: Seat, hall: StudyServer, reader: str) -> None:
    films = seat.films()
    for place, rating in enumerate((4, 3, 2, 1)):
        seat.page.click(f'.film[data-place="{place}"] [data-rating="{rating}"]')
    seat.page.click('.film[data-place="2"] .pick')
    seat.page.dblclick('.film[data-place="1"] .film-pane')
    assert seat.page.locator(".film:visible").count() == 1
    assert seat.framed == 1
    seat.press("Escape")
    assert seat.page.locator(".film:visible").count() == 4
    before = seat.name()
    seat.page.click(".submit")
    seat.gone_from(before)
    assert hall.logged(reader) == [Typed(tuple(zip(films, (4, 3, 2, 1), strict=True)), films[2])]


def test_a_half_filled_page_survives_a_reload_and_is_this_reader_s(
    seat: Seat, tab: Open, hall: StudyServer, free: Iterator[str]
) -> None:
    seat.press("4", "3", "b")
    said = seat.said()
    seat.page.reload()
    seat.ready()
    assert seat.said() == said == [("4", False), ("3", True), ("", False), ("", False)]
    assert seat.framed == 2
    other, second = tab(hall), next(free)
    other.arrive(hall.addresses[second])
    # In the same browser: it asks.
    other.page.get_by_text(f"logged in {second}'s name").wait_for()
    other.page.click("form button")
    other.begin()
    assert other.said() == [("", False)] * 4
    assert seat.said() == said
    seat.press("1", "1")
    seat.submit()
    left = seat.page.evaluate("Object.keys(localStorage).filter((key) => key.includes('draft'))")
    assert left == []


def test_no_way_leads_back_to_an_answer_that_is_final(
    seat: Seat, hall: StudyServer, reader: str
) -> None:
    seat.fill("1111", "a")
    seat.submit()
    second = seat.name()
    seat.press("PageUp", "Backspace")
    seat.page.go_back()
    seat.page.goto(f"{hall.base}/r/{reader}/")
    seat.ready()
    assert seat.name() == second
    assert seat.page.locator('[data-action="previous"]').count() == 0


def test_an_answer_in_another_tab_is_the_one_that_counts(
    tab: Open, hall: StudyServer, reader: str
) -> None:
    first, second = (tab(hall).come(reader) for _ in range(2))
    page = first.name()
    assert second.name() == page
    typed = first.fill("1234", "a")
    second.press("4")
    first.submit()
    second.told("submitted in another tab")
    second.ready()
    assert second.name() == first.name() != page
    # A tab that heard nothing of it is told by the server.
    (body,) = [one.partition(" ")[2] for one in first.sent if "/answers" in one]
    assert second.page.evaluate(POST, body) == 200
    assert second.page.evaluate(POST, body.replace(":4", ":3")) == 409
    assert hall.logged(reader) == [typed]


POST = """
async (body) => {
  const headers = { "Content-Type": "application/json" };
  return (await fetch("answers", { method: "POST", headers, body })).status;
}
"""


def test_a_lost_acknowledgement_is_asked_for_again_and_not_logged_twice(
    tab: Open, hall: StudyServer, reader: str
) -> None:
    seat = tab(hall)
    lost: list[str] = []

    def lose(route: Any) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(str(route.fetch().status))
            route.abort()

    seat.page.route("**/answers", lose)
    seat.come(reader)
    typed = seat.fill("1324", "c")
    seat.submit()
    assert lost == ["200"]
    assert hall.logged(reader) == [typed]
    assert seat.text(".place") == f"2 of {FEW}"


def test_time_counts_while_the_page_is_in_view(tab: Open, hall: StudyServer, reader: str) -> None:
    seat = tab(hall)
    seat.page.clock.install()
    seat.come(reader)
    seen = """(seen) => {
      Object.defineProperty(document, "visibilityState", { value: seen, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    seat.page.clock.fast_forward(40_000)
    seat.page.evaluate(seen, "hidden")
    seat.page.clock.fast_forward(500_000)
    seat.page.reload()  # not in view, and half filled
    seat.ready()
    seat.page.clock.fast_forward(2_000)
    seat.fill("1111", "a")
    seat.submit()
    (line,) = hall.lines(reader)
    assert 42 <= float(line.seconds) < 60


def test_readers_who_may_go_back_change_answers(tab: Open, few: Drawn, tmp_path: Path) -> None:
    server = StudyServer(few, tmp_path, ["a.b"], going_back=True)
    try:
        seat = tab(server).come("a.b")
        typed = [seat.fill("1111", "a")]
        seat.submit()
        seat.press("PageDown")
        seat.told("not submitted yet")
        seat.press("2", "PageUp")
        seat.ready()
        assert seat.said() == [("1", True), *[("1", False)] * 3]
        seat.press("4", "PageDown")  # changed, and left without submitting
        seat.told("Not saved")
        seat.ready()
        assert seat.said()[0] == ("2", False)  # as it was left
        seat.press("PageUp")
        seat.ready()
        assert seat.said()[0] == ("1", True)
        films = seat.films()
        seat.press("4", "ArrowRight", "3", "b")
        typed.append(Typed(tuple(zip(films, (4, 3, 1, 1), strict=True)), films[1]))
        seat.submit()
        for letter in "cd":
            seat.press("ArrowLeft", "ArrowLeft", "ArrowLeft")
            typed.append(seat.fill("2222", letter))
            seat.submit()
        assert seat.text("#empty-state h2") == "Thank you."
        assert "‹ above (Page Up)" in seat.text("#empty-state")
        name, codes = next(iter(codes_of(seat).items()))
        go_to(seat, codes[3])
        seat.until(f'#films[data-page="{name}"] .film[data-place="3"][data-framed="true"]')
        seat.ready()
        seat.submit()
        seat.submit()
        seat.submit()
        seat.press("PageDown")  # leads nowhere
        seat.page.click('[data-action="previous"]')
        seat.ready()
        assert seat.text(".place") == f"{FEW} of {FEW}"
        assert seat.said()[3] == ("2", True)
        seat.submit()  # nothing changed: nothing logged
        assert seat.text("#empty-state h2") == "Thank you."
        assert server.logged("a.b") == typed
        assert [line.page for line in server.lines("a.b")] == ["1", "1", "2", "3"]
    finally:
        server.kill()


MEASURED = """
() => {
  const [width, height] = [innerWidth, innerHeight];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const boxes = all(".film-pane, .film-controls, .submit, .header button")
    .map((one) => one.getBoundingClientRect());
  const film = document.querySelector(".film-pane").getBoundingClientRect();
  return {
    side: film.width,
    square: Math.abs(film.width - film.height) < 1,
    outside: boxes
      .filter((one) => Math.min(one.left, one.top, width - one.right, height - one.bottom) < -0.5)
      .length,
    cut: all(".films, .film-controls, .film-controls *, .header *, .footer *")
      .filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1)
      .map((one) => one.className),
    where: [film.left, film.top],
  };
}
"""


def test_films_are_as_large_as_the_window_allows_and_stay_where_they_are(seat: Seat) -> None:
    for width, height in SIZES:
        seat.page.set_viewport_size({"width": width, "height": height})
        seat.page.evaluate("new Promise((wake) => requestAnimationFrame(() => setTimeout(wake)))")
        empty = seat.page.evaluate(MEASURED)
        assert empty["square"]
        assert (empty["outside"], empty["cut"]) == (0, [])
        # What four square films could have at most, in a row or two by two, without a line of text.
        assert empty["side"] > 0.79 * max(width / 4, min(width, height) / 2)
        seat.press("1", "2", "3", "4", "c")
        assert seat.page.evaluate(MEASURED)["where"] == empty["where"]
        seat.press(" ")
        alone = seat.page.locator('.film[data-framed="true"] .film-pane').bounding_box()
        assert alone
        assert alone["width"] > 0.79 * min(width, height)
        seat.press(" ")


def test_window_and_zoom_are_one_s_own_and_gone_on_the_next_page(seat: Seat) -> None:
    fitted = seat.magnification('.film[data-framed="true"] img')
    seat.press("q", "s", "+", "i")
    assert seat.text(".readout") == f"W 247 · L 135.5 · inverted · {size_text(1.25 * fitted)}"
    seat.press("ArrowRight")
    assert seat.text(".readout").endswith(size_text(fitted))
    seat.press("?")
    assert "more contrast" in seat.text("dialog.keys")
    seat.press("Escape", "ArrowLeft")
    seat.fill("1234", "a")
    seat.submit()
    assert seat.text(".readout") == f"W 255 · L 127.5 · {size_text(fitted)}"


def test_the_counter_is_that_of_the_newest_answer(
    seat: Seat, tab: Open, browser: Browser, reader: str
) -> None:
    hall = seat.server
    other = tab(hall).come(reader)  # in the same browser
    machine = browser.new_context(viewport=SMALL)  # and on another machine
    try:
        third = Seat(machine.new_page(), hall, seat.drawn).come(reader)
        seat.fill("1234", "a")
        seat.submit()
        other.until('.progress-bar[aria-valuenow="1"]')
        for width in (1024, SMALL["width"]):
            for one in (seat, other):
                one.page.set_viewport_size({"width": width, "height": 700})
                one.until('.progress-bar[aria-valuenow="1"]')
        third.fill("1111", "b")
        third.page.evaluate(
            'dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))'
        )
        third.until('.progress-bar[aria-valuenow="1"]')
        third.told("This page was submitted elsewhere.")
        third.ready()
        third.fill("1111", "b")
        third.submit()
        assert len(hall.lines(reader)) == 2
    finally:
        machine.close()
