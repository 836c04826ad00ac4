"""How films are seen: by size, at their true size, in a named window, by a code, in a list."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from cxr_release.films.png import Film
from cxr_release.screening.anatomy import NOT_STATED
from tests.support.browser.review_browser import A_PAGE, CODES, SIDE, Films, Screen, Server
from tests.support.browser.tab import open_context, size_text

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def enlarged(screen: Screen) -> Film:
    """Open the film in the frame, and return its pixels."""
    film = screen.films.greys[screen.ids()[screen.focused()]]
    screen.enlarge()
    return film


def shot_of(screen: Screen) -> Film:
    """The pixels of the screen that the film takes, at any ratio of screen to page."""
    screen.page.evaluate("new Promise((wake) => requestAnimationFrame(() => setTimeout(wake)))")
    box = screen.page.locator(".viewer-film").bounding_box()
    assert box
    ratio = screen.page.evaluate("devicePixelRatio")
    left, top, side = (round(ratio * box[name]) for name in ("x", "y", "width"))
    with Image.open(io.BytesIO(screen.page.screenshot(scale="device"))) as image:
        return np.asarray(image.convert("L"))[top : top + side, left : left + side]


def test_films_get_fewer_and_larger_and_stay_so(screen: Screen) -> None:
    name = screen.names()[5]
    screen.press(*["ArrowRight"] * 5)
    sizes = [A_PAGE]
    for _ in range(3):
        screen.press("+")
        screen.until_gone(f'.tile:nth-of-type({sizes[-1]}), .grid[data-films="{sizes[-1]}"]')
        screen.ready()
        sizes.append(len(screen.names()))
        assert screen.names()[screen.focused()] == name  # the frame stays on its film
        assert screen.text(".per-page") == str(sizes[-1])
    assert sizes == sorted({*sizes}, reverse=True)
    assert sizes[-1] <= 6
    screen.page.reload()
    screen.ready()
    assert len(screen.names()) == sizes[-1]
    screen.page.click('button[title*="smaller films"]')
    screen.until(f'.grid[data-films="{sizes[-2]}"]')
    for _ in range(9):
        screen.press("-")
    screen.told("do not get smaller")


# At ratios between, an emulated screen is not a real one: it lays out in whole pixels of the page.
@pytest.mark.parametrize("ratio", [1, pytest.param(2, marks=pytest.mark.long)])
def test_at_1_to_1_the_screen_shows_the_film_pixel_by_pixel(
    browser: Browser, hall: Server, films: Films, reviewer: str, ratio: float
) -> None:
    context = open_context(browser, hurried=True, ratio=ratio)
    try:
        screen = Screen(context.new_page(), hall, films)
        screen.come(hall.addresses[reviewer])
        film = enlarged(screen)
        fitted = screen.magnification(".viewer-film")
        assert screen.text(".viewer-readout").endswith(size_text(fitted))
        screen.press("o")
        screen.page.locator(".viewer-readout", has_text="1:1").wait_for()
        assert screen.page.get_attribute(".full-size", "aria-pressed") == "true"
        np.testing.assert_array_equal(shot_of(screen), film)
        screen.press("+")
        assert screen.magnification(".viewer-film") == pytest.approx(1.25, abs=1e-3)
        assert screen.text(".viewer-readout").endswith(("× 1.2", "× 1.3"))
        screen.page.click(".full-size")
        assert shot_of(screen).shape == (SIDE, SIDE)
        screen.press("r")
        assert screen.magnification(".viewer-film") == pytest.approx(fitted)
        assert screen.errors == []
    finally:
        context.close()


def test_windows_have_names_and_one_follows_the_film(screen: Screen) -> None:
    film = enlarged(screen)
    choice = screen.page.locator(".viewer-tools select")
    options = choice.locator("option:not([hidden])").all_inner_texts()
    assert options == [window.name for window in NOT_STATED.windows]
    screen.press("p")
    assert choice.evaluate("(select) => select.selectedOptions[0].text") == "full range"
    low, high = int(film.min()), int(film.max())
    window, level = high - low, (low + high) / 2
    assert screen.text(".viewer-readout").split()[:4] == ["W", f"{window}", "L", f"{level:g}"]
    screen.press("w")
    assert choice.evaluate("(select) => select.selectedOptions[0].text") == "by hand"
    choice.select_option("full range")
    screen.press("ArrowRight")  # the keys are the film's again
    other = screen.films.greys[screen.ids()[1]]
    wanted = f"W {int(other.max()) - int(other.min())}"
    screen.page.locator(".viewer-readout", has_text=wanted).wait_for()
    screen.press("p")
    assert screen.text(".viewer-readout").split()[:4] == ["W", "255", "L", "127.5"]
    screen.press("?")
    assert "full range: from the darkest to the lightest" in screen.text("dialog.keys")


def test_a_code_told_by_one_reviewer_leads_another_to_the_film(
    screen: Screen, browser: Browser, hall: Server, films: Films
) -> None:
    screen.press("Enter")  # a film of the second page
    screen.until_gone('.grid[data-ready="false"]')
    screen.ready()
    film = screen.ids()[3]
    code = screen.page.locator(".tile .tile-code").nth(3).inner_text()
    screen.press(*["ArrowRight"] * 3)
    assert screen.text(".film-title").startswith(f"{code} · ")
    colleague = hall.reviewers[-1]
    context = open_context(browser, hurried=True)
    other = Screen(context.new_page(), hall, films).come(hall.addresses[colleague])
    other.press("/")
    other.page.keyboard.type(code.lower())
    other.press("Enter")
    other.until(".tile:focus .tile-code:not(:empty)")
    other.page.locator(".film-title", has_text=code).wait_for()
    assert other.ids()[other.focused()] == film
    other.press("/")
    other.page.keyboard.type("0000 0000")
    other.press("Enter")
    other.told("Your list has none of the code 0000-0000.")
    other.press("Escape", "k")  # out of the box: keys are the films'
    other.saved()
    assert other.states()[other.focused()] == "keep"
    assert other.errors == []
    context.close()


@pytest.mark.long  # what the server lists: tests/review_app/test_app.py
def test_lists_are_narrowed_by_state_reason_and_note(screen: Screen, reviewer: str) -> None:
    ids = screen.ids()
    screen.press("k", "n")
    screen.until("dialog.note")
    screen.page.keyboard.type("slight tilt")
    screen.press("Enter")
    screen.until_gone("dialog.note")
    screen.press("ArrowRight", "1", "ArrowRight", "3", "ArrowRight", "k")
    screen.saved()
    assert (ids[0], "keep", "", "slight tilt") in screen.server.logged(reviewer)
    assert screen.page.locator(".tile-label").first.inner_text() == "kept ✎"

    screen.view("decided")
    screen.ready()
    screen.page.click(".list-filter summary")
    note, reason, state = (
        screen.page.locator(f'.list-filter select[aria-label="{name}"]')
        for name in ("Note", "Reason", "What was decided")
    )
    note.select_option("with")
    screen.until('.grid[data-films="1"][data-ready="true"]')
    assert screen.ids() == [ids[0]]
    assert screen.text(".list-filter summary") == "with a note: 1 film"
    note.select_option("")
    reason.select_option(CODES[2])
    screen.until_gone('.tile[data-state="keep"]')
    screen.ready()
    assert screen.ids() == [ids[2]]
    screen.page.reload()
    screen.ready()
    assert screen.ids() == [ids[2]]
    screen.page.click(".list-filter summary")
    reason.select_option("")
    state.select_option("keep")
    screen.until('.grid[data-films="2"][data-ready="true"]')
    assert sorted(screen.ids()) == sorted([ids[0], ids[3]])
    note.select_option("with")
    screen.until('.grid[data-films="1"][data-ready="true"]')
    screen.press("Delete")
    screen.saved()
    screen.view("queue")  # a view's link lists all of it
    screen.ready()
    assert len(screen.names()) == A_PAGE
    state.select_option("open")
    screen.until_gone('.tile[data-state="exclude"]')
    screen.ready()
    assert {*screen.states()} == {"open"}
    assert ids[0] in screen.ids()
    state.select_option("exclude")
    reason.select_option(CODES[4])
    screen.page.locator("#empty-state h2", has_text="No film is listed.").wait_for()
    screen.page.click("#empty-state a")
    screen.ready()
    assert len(screen.names()) == A_PAGE


@pytest.fixture
def newcomer(browser: Browser, hall: Server, films: Films) -> Iterator[Screen]:
    """A tab in a browser in which nobody has seen a page of ours."""
    context = open_context(browser, hurried=True, introduced=False)
    screen = Screen(context.new_page(), hall, films)
    yield screen
    assert screen.errors == []
    context.close()


def test_the_first_visit_says_what_is_asked_and_decides_nothing(
    newcomer: Screen, hall: Server, reviewer: str
) -> None:
    newcomer.arrive(hall.addresses[reviewer])
    newcomer.until("#empty-state:not([hidden]) .start")
    card = newcomer.text("#empty-state")
    assert "spine truncated" in card  # the reasons of this project
    assert "The column ends" in card
    newcomer.press("k", "1", "x", "Space")
    newcomer.press("Enter")
    newcomer.ready()
    assert newcomer.states() == ["open"] * A_PAGE
    assert hall.logged(reviewer) == []
    newcomer.page.reload()
    newcomer.ready()  # once


def test_only_a_film_at_its_true_size_is_said_to_be_so(bare: Page) -> None:
    texts = bare.evaluate(
        """async (sizes) => {
          const { magnificationText } = await import("/static/shared/viewer.js");
          return sizes.map(magnificationText);
        }""",
        [None, 1, 1.028, 0.9996, 14.4, 0.073, 2.5, 0.00004, 9.99],
    )
    assert texts == ["", "1:1", "× 1.03", "× 1.00", "× 14", "× 0.073", "× 2.5", "× 0.00004", "× 10"]
