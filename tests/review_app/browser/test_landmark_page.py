"""The page of landmarks in a browser: by keyboard, by mouse, and through a server that dies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cxr_release.landmarks.placement import points_of_text
from cxr_release.landmarks.points import NAMES, PLACES, Points
from tests.support.browser.landmark_browser import Caliper, LandmarkServer, Room, make_room
from tests.support.browser.tab import open_context

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

FILMS = 20
KILLED, RELOADED = 8, 13
"""Films until the server is killed, and until the page is reloaded."""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    return make_room(tmp_path_factory.mktemp("films"), FILMS)


@pytest.fixture(scope="module")
def server(room: Room, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LandmarkServer]:
    one = room.server(tmp_path_factory.mktemp("logs"), ["a.b", "c.d", "e.f"], films=3)
    yield one
    one.kill()


def test_points_are_moved_by_keys_and_by_mouse_and_each_is_saved_to_a_hundredth(
    context: BrowserContext, room: Room, server: LandmarkServer
) -> None:
    page = Caliper(context.new_page(), server).come("a.b")
    scale = page.scale()
    assert scale > 8
    moved = room.began.copy()
    page.press("Control+ArrowRight", "Control+ArrowRight", "Control+Shift+ArrowDown")
    moved[0] += [2 / scale, 10 / scale]
    page.select("C4 top right")
    page.press("Control+ArrowUp")
    moved[PLACES["C4 top right"]] += [0, -1 / scale]
    page.drag("C7 bottom left", -30, 20)
    moved[PLACES["C7 bottom left"]] += [-30 / scale, 20 / scale]
    assert page.selected == "C7 bottom left"
    page.press("ArrowLeft")
    assert page.selected == "C7 top right"
    page.press("h")
    moved[PLACES["C7 top right"]] = np.nan
    assert "not saved" in page.text(".decision-state")
    page.save()
    page.settled()
    ((_, decision, text, count),) = server.logged("a.b")
    assert (decision, count) == ("place", "4")
    logged = points_of_text(text)
    assert np.array_equal(np.isnan(logged), np.isnan(moved))
    # Each press rounds to a hundredth of a pixel; the mouse goes to whole pixels of the screen.
    assert np.nanmax(np.abs(logged - moved)) < 1.5 / scale
    # Back on that film the points are where they were saved, and it can be taken back.
    page.press("PageUp")
    page.ready()
    assert "You placed these" in page.text(".decision-state")
    page.press("Delete")
    page.told("Taken back")
    page.settled()
    assert [line[1] for line in server.logged("a.b")] == ["place", "retract"]
    assert page.text(".decision-state") == "Changed, not saved yet"
    page.press("Shift+Delete")
    assert page.text(".decision-state").startswith("Not saved yet")
    assert page.errors == []


def test_what_was_moved_and_not_saved_waits_on_its_film(
    context: BrowserContext, server: LandmarkServer
) -> None:
    page = Caliper(context.new_page(), server).come("c.d")
    before = page.middle("C2 centroid")
    page.press("Control+Shift+ArrowLeft", "PageDown")
    page.told("they wait there")
    page.ready()
    page.press("PageUp")
    page.ready()
    assert page.middle("C2 centroid")[0] == pytest.approx(before[0] - 10, abs=1)
    page.press("Shift+Delete")
    assert page.middle("C2 centroid") == pytest.approx(before, abs=0.5)
    assert server.logged("c.d") == []
    assert page.errors == []


@pytest.mark.long
@pytest.mark.parametrize("by_mouse", [False, True])
def test_twenty_films_and_nothing_is_lost_when_the_server_dies(
    browser: Browser, room: Room, tmp_path: Path, by_mouse: bool
) -> None:
    context = open_context(browser, hurried=True)
    server = room.server(tmp_path, ["a.b"])
    chance = np.random.default_rng(int(by_mouse))
    wanted: list[Points] = []
    try:
        page = Caliper(context.new_page(), server).come("a.b")
        for place in range(FILMS):
            if place == RELOADED:
                page.page.reload()
                page.ready()
            scale, points = page.scale(), room.began.copy()
            for name in (NAMES[place], NAMES[(place + 7) % 23]):
                right, down = (int(step) for step in chance.integers(-3, 4, 2))
                if by_mouse:
                    page.drag(name, right, down)
                else:
                    page.select(name)
                    page.press(
                        *["Control+ArrowRight" if right > 0 else "Control+ArrowLeft"] * abs(right)
                    )
                    page.press(
                        *["Control+ArrowDown" if down > 0 else "Control+ArrowUp"] * abs(down)
                    )
                points[PLACES[name]] += [right / scale, down / scale]
            wanted.append(points)
            if place == KILLED:
                server.kill()
                page.press("Enter")
                page.page.locator(".banner, #banners *").first.wait_for()
                server.start()
                page.arrive(server.addresses["a.b"])
                page.ready()
                continue
            page.save()
        page.until("#empty-state:not([hidden]) h2")
        page.settled()
        lines = server.logged("a.b")
        assert [decision for _, decision, _, _ in lines] == ["place"] * FILMS
        assert {film for film, *_ in lines} == {*room.films}
        for (_, _, text, _), points in zip(lines, wanted, strict=True):
            assert np.abs(points_of_text(text) - points).max() < 1.5 / scale
        assert f"{FILMS}" in page.text("#empty-state")
        assert page.errors == []
    finally:
        server.kill()
        context.close()
