"""The screening page in a browser: what it shows, what it keeps from happening, what it undoes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from cxr_release.films.png import Film
from cxr_release.review_app.keys import groups_of
from tests.support.browser.review_browser import A_PAGE, BLOCK, CODES, TITLE, Screen, Server
from tests.support.browser.tab import size_text

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZES = [(1024, 600), (1280, 720), (1440, 900), (1920, 1080), (2560, 1440)]
AT_ONCE = 4
"""Films that the page asks for at a time."""
BOXES = """
() => ({
  tiles: [...document.querySelectorAll(".tile-film")].map((one) => one.getBoundingClientRect()),
  scrolls: [document.documentElement, document.body, ...document.querySelectorAll("main *")]
    .filter((one) => one.matches(".grid, .workspace, body, html"))
    .filter((one) => one.scrollHeight > one.clientHeight + 1)
    .length,
  panel: document.querySelector("#sidebar").getBoundingClientRect(),
})
"""


def test_every_window_shows_24_to_60_films_at_once(screen: Screen) -> None:
    """And the film in the frame stays on the page when the window changes."""
    screen.press("End")
    for width, height in [*SIZES, SIZES[0]]:
        kept = screen.page.locator(".tile:focus").get_attribute("data-film")
        count = len(screen.names())
        screen.page.set_viewport_size({"width": width, "height": height})
        due = _expected(screen, width, height)
        screen.until(f".grid[data-films='{due['count']}']")
        screen.ready()
        seen = _laid_out(screen, height, due["side"])

        assert 24 <= len(seen["tiles"]) == due["count"] <= 60
        assert seen["scrolls"] == 0
        for box in seen["tiles"]:
            assert box["left"] >= 0 and box["right"] <= seen["panel"]["left"]
            assert box["top"] >= 0 and box["bottom"] <= height
            assert width < 1280 or box["width"] >= 160
        assert kept in screen.names()
        assert count <= 60


def _laid_out(screen: Screen, height: int, side: int) -> dict[str, Any]:
    """Where everything is, once it is where this window wants it; or at last, where it is.

    Two windows may want as many films: then their size tells which of them is laid out.
    """
    for _ in range(100):
        seen: dict[str, Any] = screen.page.evaluate(BOXES)
        boxes = seen["tiles"]
        fits = all(box["bottom"] <= height and abs(box["width"] - side) < 3 for box in boxes)
        if seen["scrolls"] == 0 and fits:
            break
        screen.page.wait_for_timeout(50)
    return seen


def _expected(screen: Screen, width: int, height: int) -> dict[str, int]:
    """What the page's own arithmetic says of a window."""
    layout: dict[str, int] = screen.page.evaluate(
        """async ([width, height]) => {
          const { gridLayout } = await import("/static/shared/layout.js");
          const panel = document.querySelector("#sidebar").getBoundingClientRect().width;
          const { columns, rows, side } = gridLayout(width - panel - 14, height - 14, { gap: 6 });
          return { count: columns * rows, side };
        }""",
        [width, height],
    )
    return layout


def test_the_next_page_needs_no_new_films(screen: Screen) -> None:
    screen.ahead()
    before = list(screen.fetched)
    first = screen.names()
    screen.enter()
    second = screen.names()
    screen.press("PageUp")
    screen.until(f'.tile[data-film="{first[0]}"]')
    screen.ready()

    assert set(second) <= set(before)
    assert len(screen.fetched) == len(set(screen.fetched))
    assert screen.names() == first


def test_two_tabs_follow_each_other_and_enter_overwrites_nothing(
    screen: Screen, tab: Callable[[Server], Screen], reviewer: str
) -> None:
    hall = screen.server
    other = tab(hall)
    other.intercept()
    other.come(f"{hall.base}/r/{reviewer}/")
    ids = screen.ids()
    assert other.ids() == ids

    screen.press("ArrowRight", "2")
    other.until('.tile[data-state="exclude"]')
    other.answer = lambda route: route.abort()
    other.press("Enter")
    other.until('[data-banner="trouble"]')
    screen.press("ArrowRight", "3")
    screen.saved()
    other.answer = None
    other.saved()

    stands = {one: (verb, reason) for one, verb, reason, _ in hall.logged(reviewer)}
    assert stands[ids[1]] == ("exclude", CODES[1])
    assert stands[ids[2]] == ("exclude", CODES[2])
    assert [stands[one] for one in ids[3:]] == [("keep", "")] * (A_PAGE - 3)
    assert len(hall.logged(reviewer)) == A_PAGE
    screen.until_gone('.tile[data-state="open"]')


def test_a_note_is_text_whatever_it_says(screen: Screen, reviewer: str) -> None:
    note = "<script>document.title = 'hacked'</script><img src=x onerror=alert(1)> & 2 jaws"
    film = screen.ids()[0]
    screen.press("5")  # other: asks for its note first, and decides nothing without one
    screen.until("dialog.note")
    screen.press("Escape")
    screen.until_gone("dialog")
    screen.saved()
    assert screen.server.logged(reviewer) == []
    screen.press("5")
    screen.until("dialog.note")
    screen.page.keyboard.type(note)
    screen.press("Enter")
    screen.until_gone("dialog")
    screen.saved()

    assert screen.text(".film-note") == f"Note: {note}"
    assert "hacked" not in screen.page.title()
    assert screen.server.logged(reviewer) == [(film, "exclude", "other", note)]
    screen.press("2")  # another reason keeps the note
    screen.saved()
    screen.view("decided")
    screen.ready()
    assert screen.ids() == [film]
    assert screen.text(".tile-note") == note
    assert screen.page.locator("img[src=x], .tile script").count() == 0
    assert screen.page.locator(".reason-meaning b, h1 i").count() == 0
    assert screen.text("h1") == TITLE
    assert screen.server.logged(reviewer)[-1] == (film, "exclude", CODES[1], note)


def test_a_reason_is_changed_and_taken_back(screen: Screen, reviewer: str) -> None:
    ids = screen.ids()
    screen.press("x")  # there is no last reason yet: which one?
    screen.until('[role="menu"]')
    screen.press("1", "ArrowRight", "3", "ArrowRight", "x", "ArrowRight", "l")
    screen.press("ArrowLeft", "4", "u", "u")  # the second `u` undoes what was done before: `l`
    screen.press("ArrowLeft", "Delete")
    screen.saved()

    assert screen.states()[:4] == ["exclude", "exclude", "open", "open"]
    assert screen.server.logged(reviewer) == [
        (ids[0], "exclude", CODES[0], ""),
        (ids[1], "exclude", CODES[2], ""),
        (ids[2], "exclude", CODES[2], ""),
        (ids[3], "exclude", "wrong-facing", ""),
        (ids[2], "exclude", CODES[3], ""),
        (ids[2], "exclude", CODES[2], ""),
        (ids[3], "retract", "", ""),
        (ids[2], "retract", "", ""),
    ]
    screen.view("excluded")
    screen.ready()
    assert screen.ids() == [ids[1], ids[0]]
    assert screen.page.locator(".tile-label").all_inner_texts() == [
        "spine truncated",
        "airway posterior",
    ]


def test_enter_held_down_keeps_one_page_and_is_taken_back_as_a_whole(
    screen: Screen, reviewer: str
) -> None:
    ids, names = screen.ids(), screen.names()
    screen.press("1")
    for _ in range(4):
        screen.page.keyboard.down("Enter")
    screen.page.keyboard.up("Enter")
    screen.until_gone(f'.tile[data-film="{names[0]}"]')
    screen.ready()
    screen.saved()
    assert len(screen.server.logged(reviewer)) == A_PAGE
    screen.press("u")
    screen.until('.tile:focus[aria-label^="Film 2 "]')
    screen.saved()

    assert screen.ids() == ids
    assert screen.states() == ["exclude"] + ["open"] * (A_PAGE - 1)
    assert [one[1] for one in screen.server.logged(reviewer)] == (
        ["exclude"] + ["keep"] * (A_PAGE - 1) + ["retract"] * (A_PAGE - 1)
    )


def test_a_film_that_cannot_be_shown_is_never_kept(screen: Screen, reviewer: str) -> None:
    ids = screen.ids()
    bad = screen.names()[4]
    screen.page.route(f"**/film/{bad}", lambda route: route.fulfill(status=500, body="{}"))
    screen.page.reload()
    screen.ready()
    tile = screen.page.locator(f'.tile[data-film="{bad}"]')
    assert "cannot be shown" in tile.inner_text()

    screen.press(*["ArrowRight"] * 4, "k")
    screen.told("cannot be kept")
    screen.enter()
    screen.told("1 film could not be shown and stayed undecided")
    screen.saved()

    kept = [one for one, *_ in screen.server.logged(reviewer)]
    assert kept == ids[:4] + ids[5:]


def test_films_that_are_not_on_the_screen_yet_are_not_kept(
    tab: Callable[[Server], Screen], hall: Server, reviewer: str
) -> None:
    screen = tab(hall)
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)
        if len(held) > AT_ONCE:
            route.continue_()

    screen.page.route("**/film/*", hold)
    screen.arrive(hall.addresses[reviewer])
    screen.until('.tile[data-image="loading"]')
    screen.press("Enter")
    screen.told(f"{A_PAGE} films are not on the screen yet")
    for key in ("1", "k", "l"):
        screen.press(key)
        screen.told("film is not on the screen yet")
    assert hall.logged(reviewer) == []

    for one in held[:AT_ONCE]:
        one.continue_()
    screen.ready()
    screen.enter()
    screen.saved()
    assert len(hall.logged(reviewer)) == A_PAGE


def test_enter_does_not_run_ahead_of_failing_saves(
    tab: Callable[[Server], Screen], hall: Server, reviewer: str
) -> None:
    screen = tab(hall)
    screen.intercept()
    screen.answer = lambda route: route.abort()
    screen.come(hall.addresses[reviewer])
    screen.enter()
    screen.enter()
    screen.press("Enter")
    screen.told("the pages before this one are not saved yet")
    screen.page.get_by_text(f"{2 * A_PAGE} decisions are not saved yet").wait_for()
    assert set(screen.states()) == {"open"}

    screen.answer = None
    screen.saved()
    assert len(screen.server.logged(reviewer)) == 2 * A_PAGE


def test_a_refused_decision_is_said_and_not_shown_as_made(
    tab: Callable[[Server], Screen], hall: Server, reviewer: str
) -> None:
    screen = tab(hall)
    screen.intercept()
    screen.answer = lambda route: route.fulfill(
        status=409, json={"error": "This film <b>changed</b>."}
    )
    screen.come(hall.addresses[reviewer])
    screen.press("2")
    banner = screen.page.locator('[data-banner="refused"]')
    banner.wait_for()
    assert "the exclusion for elements inverted" in banner.inner_text()
    assert "This film <b>changed</b>." in banner.inner_text()
    screen.ready()
    assert screen.states()[0] == "open"

    screen.answer = None
    screen.press("3")
    screen.saved()
    banner.get_by_role("button").click()
    assert banner.count() == 0
    assert [one[2] for one in screen.server.logged(reviewer)] == [CODES[2]]


def test_the_end_of_the_queue_is_calm(
    tab: Callable[[Server], Screen], hall: Server, reviewer: str
) -> None:
    screen = tab(hall)
    screen.page.set_viewport_size({"width": 2560, "height": 1440})
    screen.come(hall.addresses[reviewer])
    screen.press("1")
    for _ in range(3):
        screen.enter()
    screen.press("Enter")
    screen.page.get_by_text("All films are decided.").wait_for()

    assert screen.page.locator(".figures dd").all_inner_texts() == ["240", "239", "1"]
    assert len(screen.server.logged(reviewer)) == 240
    screen.press("PageUp")
    screen.ready()
    assert set(screen.states()) == {"keep"}


def test_window_and_level_are_exactly_linear(screen: Screen) -> None:
    film = screen.films.greys[screen.ids()[0]]
    screen.enlarge()
    _compare(screen, film, inverted=False)
    screen.press(*["w"] * 3, *["q"] * 9)
    _compare(screen, film, inverted=False)
    screen.press("i", "z")
    _compare(screen, film, inverted=True)
    screen.press("r")
    size = size_text(screen.magnification(".viewer-film"))
    assert screen.text(".viewer-readout").split() == ["W", "255", "L", "127.5", *size.split()]


def _compare(screen: Screen, film: Film, *, inverted: bool) -> None:
    """What is on the screen, with what window and level make of the film."""
    readout = screen.text(".viewer-readout")
    window, level = (float(one) for one in re.findall(r"[WL] ([\d.]+)", readout))
    assert ("inverted" in readout) == inverted
    box = screen.page.locator(".viewer-film").bounding_box()
    assert box
    with Image.open(io.BytesIO(screen.page.screenshot())) as image:
        shot = np.asarray(image.convert("L"), np.float64)
    blocks = film.shape[0] // BLOCK
    step = box["width"] / blocks
    for row, column in np.ndindex(blocks, blocks):
        x, y = (int(box[side] + (at + 0.5) * step) for side, at in (("x", column), ("y", row)))
        grey = float(film[row * BLOCK, column * BLOCK])
        wanted = np.clip(255 * ((grey - level) / window + 0.5), 0, 255)
        assert abs(shot[y, x] - (255 - wanted if inverted else wanted)) <= 1, (readout, row, column)


def test_the_enlarged_film_takes_decisions_and_moves_on(screen: Screen, reviewer: str) -> None:
    ids = screen.ids()
    screen.press(" ")
    fitted = screen.magnification(".viewer-film")
    screen.page.mouse.move(500, 300)
    screen.page.mouse.wheel(0, -300)
    wider = size_text(np.exp(300 * 0.0016) * fitted)  # a notch of the wheel is 100
    screen.page.locator(".viewer-readout", has_text=wider).wait_for()
    screen.page.mouse.down(button="right")
    screen.page.mouse.move(460, 280)  # narrower, brighter
    screen.page.mouse.up(button="right")
    assert screen.text(".viewer-readout").split()[:4] == ["W", "235", "L", "117.5"]
    screen.press("3", "ArrowRight", "k", "ArrowRight", "Enter")
    screen.told("kept only while the page is on the screen: Back (Esc) first.")
    screen.press("Escape")
    screen.saved()

    assert screen.server.logged(reviewer) == [
        (ids[0], "exclude", CODES[2], ""),
        (ids[1], "keep", "", ""),
    ]
    assert screen.focused() == 2


def test_the_mouse_can_do_it_too(screen: Screen, reviewer: str) -> None:
    ids = screen.ids()
    tiles = screen.page.locator(".tile")
    tiles.nth(7).click()
    screen.page.click('[data-reason="spine-truncated"]')
    tiles.nth(9).click(button="right")
    screen.page.click('[role="menuitem"]:has-text("airway")')
    tiles.nth(20).hover()
    screen.until(".preview:not([hidden])")
    tiles.nth(11).dblclick()
    screen.until("#enlarged:not([hidden])")
    screen.press("Escape")
    screen.saved()
    # After a click on a button, Enter still means the page and not the button.
    tiles.nth(12).click()
    screen.page.click('[data-reason="airway-posterior"]')
    screen.enter()
    screen.saved()

    stands = {one: reason for one, _, reason, _ in screen.server.logged(reviewer)}
    assert (stands[ids[7]], stands[ids[9]], stands[ids[12]]) == (CODES[2], CODES[0], CODES[0])
    assert len(stands) == A_PAGE


def test_keys_are_found_on_other_keyboards(bare: Page) -> None:
    """Digits without Shift, brackets with AltGr, CapsLock, Greek; Ctrl is the browser's, mostly."""
    actions = bare.evaluate(
        """async (keys) => {
          const { actionOf, useKeys } = await import("/static/shared/keys.js");
          useKeys(keys);
          const press = (options, shown = "grid") =>
            actionOf(new KeyboardEvent("keydown", options), shown);
          return [
            press({ key: "é", code: "Digit2" }),
            press({ key: "[", code: "Digit8", ctrlKey: true, modifierAltGraph: true }),
            press({ key: "+", code: "Digit1", shiftKey: true }, "viewer"),
            press({ key: "X", code: "KeyX" }),
            press({ key: "0", code: "Numpad0" }),
            press({ key: "f", code: "KeyF", ctrlKey: true }),
            press({ key: "z", code: "KeyY", ctrlKey: true }),
            press({ key: "z", code: "KeyZ", metaKey: true }),
            press({ key: "Z", code: "KeyZ", ctrlKey: true, shiftKey: true }),
            press({ key: "\u03c5", code: "KeyY" }),
            press({ key: "\u03c7", code: "KeyX" }),
            press({ key: "U", code: "KeyU", shiftKey: true }),
            press({ key: "u", code: "KeyU", altKey: true }),
          ];
        }""",
        groups_of("review"),
    )
    assert actions == [
        "choice-2",
        "previous",
        "zoom-in",
        "exclude",
        "choice-10",
        "",
        *("undo", "undo", "redo"),
        "",  # a Greek keyboard: y and x by their places
        *("exclude", "undo", ""),
    ]


def test_a_film_that_faces_right_is_mirrored_by_a_key_and_taken_back(
    screen: Screen, reviewer: str
) -> None:
    ids = screen.ids()
    turned = '.tile:nth-child(2)[data-mirrored="true"]'
    screen.press("ArrowRight", "m")
    screen.until(turned)
    tile = screen.page.locator(turned)
    assert "faces right, shown mirrored" in (tile.get_attribute("aria-label") or "")
    assert tile.locator(".tile-mirrored").is_visible()
    style = tile.locator("img").evaluate("one => getComputedStyle(one).transform")
    assert style == "matrix(-1, 0, 0, 1, 0, 0)"
    assert screen.server.faced(reviewer) == [(ids[1], "right")]
    assert screen.server.logged(reviewer) == []  # it is no decision on the film itself

    screen.enlarge()
    large = screen.page.locator("#enlarged img").evaluate("one => one.style.transform")
    assert large == "scaleX(-1)"
    screen.press("Escape")
    screen.page.reload()
    screen.ready()
    screen.until(turned)
    screen.press("k", "m")  # the film in the frame is the one that was left
    screen.until('.tile:nth-child(2)[data-mirrored="false"]')
    screen.saved()
    assert screen.server.faced(reviewer) == [(ids[1], "right"), (ids[1], "retract")]
    assert screen.server.logged(reviewer) == [(ids[1], "keep", "", "")]


def test_a_facing_that_is_not_saved_is_not_shown(screen: Screen, reviewer: str) -> None:
    screen.ahead()  # what is on its way when interception begins may never arrive
    screen.page.route("**/facing", lambda route: route.abort())
    screen.press("m")
    screen.page.locator('#toast:has-text("Not saved: that this film faces right")').wait_for()
    assert screen.page.locator('.tile[data-mirrored="true"]').count() == 0
    assert screen.server.faced(reviewer) == []
