"""The page of text on real films in a browser: 20 films by keyboard, and what it shows of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.browser.clear_browser import HEIGHT, KEYS, WIDTH, ClearServer, LightBox
from tests.support.browser.tab import open_context
from tests.support.real_folder import RealFolder, checks

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

FILMS = 20
KILLED, RELOADED = 8, 13
"""Films until the server is killed, and until the page is reloaded."""
Open = Callable[[ClearServer], LightBox]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> RealFolder:
    return RealFolder(tmp_path_factory.mktemp("real"), FILMS, width=WIDTH, height=HEIGHT)


@pytest.fixture(scope="module")
def room(real: RealFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClearServer]:
    """One server for all tests that let it live; each test is a reviewer of its own."""
    reviewers = [f"reader.{letter}" for letter in "abcdefghi"]
    server = ClearServer(real, tmp_path_factory.mktemp("room"), reviewers, required=99)
    yield server
    server.kill()


@pytest.fixture
def tab(context: BrowserContext, real: RealFolder) -> Iterator[Open]:
    """Opens tabs. At the end none of them may have complained."""
    boxes: list[LightBox] = []

    def open_tab(server: ClearServer) -> LightBox:
        boxes.append(LightBox(context.new_page(), server, real, FILMS))
        return boxes[-1]

    yield open_tab
    assert [box.errors for box in boxes] == [[] for _ in boxes]


@pytest.fixture(scope="module")
def free() -> Iterator[str]:
    """Reviewers whom no other test uses."""
    return iter(f"reader.{letter}" for letter in "abcdefghi")


@pytest.fixture
def reviewer(free: Iterator[str]) -> str:
    return next(free)


@pytest.fixture
def box(tab: Open, room: ClearServer, reviewer: str) -> LightBox:
    return tab(room).come(reviewer)


def test_twenty_films_by_keyboard_and_nothing_is_lost_when_the_server_dies(
    browser: Browser, real: RealFolder, tmp_path: Path
) -> None:
    context = open_context(browser, hurried=True)
    server = ClearServer(real, tmp_path, ["a.b"])
    typed: list[tuple[str, str]] = []
    try:
        box = LightBox(context.new_page(), server, real, FILMS).come("a.b")
        for place in range(FILMS):
            key = "1" if place % 7 == 3 else "2"
            typed.append((box.film(), KEYS[key]))
            if place == KILLED:
                server.kill()
                box.press(key)
                box.page.locator(".banner, #banners *").first.wait_for()
                server.start()
                box.arrive(server.addresses["a.b"])
                box.ready()
                continue
            if place == RELOADED:
                box.page.reload()
                box.ready()
                typed[-1] = box.film(), KEYS[key]
            box.press_on(key)
        box.until("#empty-state:not([hidden]) h2")
        box.settled()
        assert server.logged("a.b") == typed
        assert len({film for film, _ in typed}) == FILMS
        text = sum(word == "text" for _, word in typed)
        said = box.text("#empty-state")
        assert "No film waits for you any more." in said
        assert [str(FILMS), str(FILMS - text), str(text)] == [
            line for line in said.split() if line.isdecimal()
        ]
        assert box.errors == []
    finally:
        server.kill()
        context.close()


def test_corners_and_edges_are_shown_at_full_size_pixel_by_pixel(box: LightBox) -> None:
    film = checks(box.number(), WIDTH, HEIGHT)
    assert box.mode == "around"
    for place, down, right in (
        ("top-left", 0, 0),
        ("top-right", 0, 1),
        ("bottom-left", 1, 0),
        ("bottom-right", 1, 1),
        ("top", 0, 0.5),
        ("bottom", 1, 0.5),
        ("left", 0.5, 0),
        ("right", 0.5, 1),
    ):
        shown = box.corner(place)
        height, width = shown.shape
        top, left = round((HEIGHT - height) * down), round((WIDTH - width) * right)
        # A screenshot of a place at half a pixel may hold a line of its neighbour.
        best = min(
            np.abs(
                shown[4:-4, 4:-4].astype(int)
                - film[
                    top + 4 + y : top + height - 4 + y, left + 4 + x : left + width - 4 + x
                ].astype(int)
            ).max()
            for y in (-1, 0, 1)
            for x in (-1, 0, 1)
        )
        assert best == 0, place


@pytest.mark.long
def test_any_place_is_shown_at_full_size_and_the_keys_go_there_and_back(
    box: LightBox, reviewer: str
) -> None:
    assert box.scale() < 0.5
    box.press("o")
    assert box.mode == "whole"
    assert box.scale() == pytest.approx(1, abs=1e-6)
    box.press("Escape")
    assert (box.mode, box.scale() < 0.5) == ("around", True)
    box.press(" ")
    assert box.mode == "whole"
    box.page.locator(".film-readout", has_text=re.compile(r"· × 0\.[78]\d?$")).wait_for()
    before = box.scale()
    box.press("+", "+")
    assert box.scale() == pytest.approx(before * 1.25**2, abs=1e-4)
    box.press(" ")
    assert box.mode == "around"
    box.page.click('.corner[data-place="bottom-right"]')
    assert box.scale() == pytest.approx(1, abs=1e-6)
    seen = box.page.locator(".film-pane img").bounding_box()
    place = box.page.locator(".film-pane").bounding_box()
    assert seen and place
    assert seen["x"] + seen["width"] == pytest.approx(place["x"] + place["width"], abs=260)
    box.press("Escape", "i")
    film = checks(box.number(), WIDTH, HEIGHT)
    assert abs(int(box.corner("top-left")[8, 8]) - (255 - int(film[8, 8]))) <= 1
    assert box.server.logged(reviewer) == []


def test_the_mouse_decides_takes_back_and_moves(
    box: LightBox, room: ClearServer, reviewer: str
) -> None:
    first = box.film()
    before = box.name()
    box.page.click('[data-choice="text"]')
    box.gone_from(before)
    second = box.film()
    box.page.click('.moves [data-action="previous"]')
    box.gone_from(second)
    box.until(f'#film[data-film="{before}"]')
    box.ready()
    assert "You said: text or a mark" in box.text(".decision-state")
    box.page.click('[data-action="undo"]')
    box.told("Taken back")
    box.settled()
    assert room.logged(reviewer) == [(first, "text"), (first, "retract")]
    box.page.click('.moves [data-action="next"]')
    box.gone_from(before)
    assert box.film() == second


@pytest.mark.long
def test_the_last_decision_is_taken_back_from_the_film_after_it(
    box: LightBox, room: ClearServer, reviewer: str
) -> None:
    first, name = box.film(), box.name()
    box.press_on("2")
    box.press("u")
    box.until(f'#film[data-film="{name}"][data-ready="true"]')
    box.told("Taken back")
    box.settled()
    assert room.logged(reviewer) == [(first, "clear"), (first, "retract")]
    box.press("u")
    box.told("There is nothing to undo")
    box.press("Delete")
    box.told("There is no decision of yours to take back on this film.")
    box.press("ArrowLeft")
    box.told("There is no film before this one.")


@pytest.mark.long
def test_a_film_that_had_only_just_appeared_is_not_decided_on(
    box: LightBox, room: ClearServer, reviewer: str
) -> None:
    box.press("ArrowRight", "2")
    box.told("Nothing was decided")
    box.settled()
    assert room.logged(reviewer) == []


@pytest.mark.long
def test_while_the_browser_shows_films_reduced_nothing_is_decided(
    browser: Browser, real: RealFolder, room: ClearServer, reviewer: str
) -> None:
    """As it does where its zoom is below 100 %."""
    context = open_context(browser, hurried=True, ratio=0.8)
    try:
        box = LightBox(context.new_page(), room, real, FILMS).come(reviewer)
        assert "zoom is below 100 %" in box.text(".film-explained")
        box.press("2")
        box.told("Nothing was decided: the browser's zoom")
        box.settled()
        assert room.logged(reviewer) == []
        assert box.errors == []
    finally:
        context.close()


@pytest.mark.long
@pytest.mark.parametrize("width", [1024, 2560])
def test_the_page_fits_its_window(box: LightBox, width: int) -> None:
    if width == 1024:
        box.page.set_viewport_size({"width": 1024, "height": 600})
        assert box.mode == "around"
    else:
        box.page.set_viewport_size({"width": 2560, "height": 1440})
        box.until('#film[data-mode="whole"]')  # 1,400 × 704 pixels fit at full size
        assert box.scale() >= 1
    wide, high = box.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    size = box.page.viewport_size
    assert size and (wide, high) <= (size["width"], size["height"])


@pytest.mark.long  # pairs are, in the regular tier
def test_films_are_gone_through_by_decision_and_found_by_their_code(
    box: LightBox, reviewer: str
) -> None:
    choice = box.page.locator(".list-tools select")
    first = box.name()
    code = box.text(".place").rpartition(" · ")[2]
    box.press_on(next(key for key, word in KEYS.items() if word == "text"))
    box.settled()
    choice.select_option(label="text or a mark (1)")
    box.ready()
    assert box.name() == first
    box.press("ArrowRight")
    box.told("This is the last film of this list.")
    choice.select_option(index=0)
    box.press("ArrowRight")
    box.gone_from(first)
    box.press("/")
    box.page.keyboard.type(code)
    box.press("Enter")
    box.until(f'#film[data-film="{first}"][data-ready="true"]')
    box.press("i")  # the keys are the film's again
    assert "inverted" in box.text(".film-readout")
