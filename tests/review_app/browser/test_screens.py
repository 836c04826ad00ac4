"""All pages on all screens: nothing over anything, nothing cut off, and accessible; with fingers.

With CXR_RELEASE_SCREENSHOTS set to a folder, the long tests leave a PNG there of each page in each
state on each screen: what the documentation shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.browser.fingers import Fingers, Place
from tests.support.browser.looks import SCREENS, Screen, axe_faults, faults, film_sides, shoot
from tests.support.browser.stages import Stage, begin, stages
from tests.support.browser.tab import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.support.browser.review_browser import Films, Server
    from tests.support.browser.review_browser import Screen as ReviewTab

PAGES = ("review", "adjudicate", "study", "landmark", "clear")
SMALLEST = {"review": 120, "adjudicate": 300, "study": 290, "landmark": 400, "clear": 150}
"""Pixels of the shorter side of a film's place below which nobody could judge the film."""
BY_NAME = {screen.name: screen for screen in SCREENS}
TABLET, PHONE = BY_NAME["tablet"], BY_NAME["phone"]
Enter = Callable[[str, Screen], Tab]


@pytest.fixture(scope="module")
def people() -> dict[str, Iterator[str]]:
    """For each page people whom no other test uses."""
    return {name: iter(f"reader.{letter}" for letter in ascii_lowercase) for name in PAGES}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stage]]:
    """The server of a page, started where it is first asked for."""
    starts = stages(
        tmp_path_factory.mktemp("stages"), [f"reader.{each}" for each in ascii_lowercase]
    )
    started: dict[str, Stage] = {}

    def of(name: str) -> Stage:
        if name not in started:
            started[name] = starts[name]()
        return started[name]

    yield of
    for each in started.values():
        each.server.kill()


@pytest.fixture
def enter(
    browser: Browser, stage: Callable[[str], Stage], people: dict[str, Iterator[str]]
) -> Iterator[Enter]:
    """Opens a page on a screen, for a person of its own. At the end none may have complained."""
    opened: list[tuple[BrowserContext, Tab]] = []

    def open_page(name: str, screen: Screen, **more: Any) -> Tab:
        context = browser.new_context(**screen.context(), **more)
        tab = stage(name).open_tab(context.new_page())
        opened.append((context, tab))
        person = next(people[name])
        tab.page.goto(stage(name).address(person))
        assert faults(tab.page, screen) == []  # the way in
        tab.page.click("form button")
        return tab

    yield open_page
    for context, tab in opened:
        assert tab.errors == []
        context.close()


KEYS = re.compile(
    r"\b(?:Enter|Esc|Del|Space|Page Up|Page Down|Ctrl|Shift|Backspace)\b|the key |[←→]"
)
SAID = """
() => document.querySelector("dialog[open]")?.matches(".keys") ? "" : [
  document.querySelector("dialog[open]") ?? document.body,
].map((shown) => {
  const bar = document.querySelector("#touch-bar"); // its arrows are buttons
  const buttons = bar?.style.display ?? "";
  if (bar) bar.style.display = "none";
  const text = shown.innerText;
  if (bar) bar.style.display = buttons;
  return text;
}).join(" ")
"""


def key_names(page: Page) -> list[str]:
    """Names of keys in what the page says, but for the help, which lists them."""
    return KEYS.findall(page.evaluate(SAID))


def assert_well(page: Page, screen: Screen) -> None:
    page.evaluate("new Promise((wake) => requestAnimationFrame(() => setTimeout(wake, 50)))")
    assert faults(page, screen) == []
    assert axe_faults(page, ("moderate", "serious", "critical")) == []


@pytest.fixture
def tablet(browser: Browser, films: Films, hall: Server, reviewer: str) -> Iterator[ReviewTab]:
    """The screening page on a tablet."""
    from tests.support.browser.review_browser import Screen as Tablet

    context = browser.new_context(**TABLET.context())
    tab = Tablet(context.new_page(), hall, films)
    tab.arrive(hall.addresses[reviewer])
    begin(tab)
    yield tab
    assert tab.errors == []
    context.close()


def press(tab: Tab, name: str) -> None:
    """Tap a button that is on the screen."""
    tab.page.get_by_role("button", name=name, exact=True).tap()


def reads(tab: Tab, selector: str, text: str) -> None:
    """Wait until what was tapped has come about: a tap is told from a gesture only after it."""
    tab.page.locator(selector, has_text=text).wait_for()


def middle(tab: Tab, selector: str) -> Place:
    box = tab.page.locator(selector).first.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_film_is_screened_with_fingers_on_a_tablet(
    tablet: ReviewTab, hall: Server, reviewer: str
) -> None:
    page = tablet.page
    assert_well(page, TABLET)
    assert min(film_sides(page)) > SMALLEST["review"]
    second = tablet.ids()[1]
    page.locator(".tile").nth(1).tap()
    press(tablet, "elements inverted")
    tablet.saved()
    press(tablet, "Undo")
    tablet.until('.tile:nth-child(2)[data-state="open"]')
    press(tablet, "Keep")
    tablet.saved()
    decided = [(film, decision) for film, decision, _, _ in hall.logged(reviewer)]
    assert decided == [(second, "exclude"), (second, "retract"), (second, "keep")]

    press(tablet, "Enlarge")
    tablet.until(".enlarged:not([hidden]) img")
    assert_well(page, TABLET)
    fingers, (x, y) = Fingers(page), middle(tablet, ".enlarged-stage")
    size = tablet.text(".viewer-readout").split()[-1]
    fingers.drag(((x, y), (x + 40, y)))
    assert tablet.text(".viewer-readout").startswith("W 27")  # a wider window
    assert tablet.text(".viewer-readout").split()[-1] == size
    press(tablet, "Reset")
    reads(tablet, ".viewer-readout", "W 255")
    before = film_box(page)
    ends = ((x - 60, y - 30), (x - 170, y - 90)), ((x + 60, y + 30), (x + 190, y + 60))
    fingers.drag(*ends)
    after = film_box(page)
    for start, end in ends:  # the same places of the film are under both fingers
        assert np.allclose(of_film(before, start), of_film(after, end), atol=0.02)
    assert "W 255" in tablet.text(".viewer-readout")
    press(tablet, "Brighter")
    reads(tablet, ".viewer-readout", "L 119.5")
    while tablet.page.locator("#toast:not([hidden])").count() == 0:
        press(tablet, "Film ›")
    tablet.told("This is the last film of the page: Back leads to the page.")
    press(tablet, "Back")
    tablet.until(".enlarged[hidden]")
    press(tablet, "Help")
    press(tablet, "What this is about")
    assert_well(page, TABLET)
    assert "With your fingers" in tablet.text("dialog.task")
    assert key_names(page) == []
    press(tablet, "Close")
    tablet.until_gone("dialog")
    assert page.evaluate("document.activeElement.closest('.grid') !== null")


def film_box(page: Page) -> tuple[float, float, float, float]:
    box = page.locator(".viewer-film").first.bounding_box()
    assert box
    return box["x"], box["y"], box["width"], box["height"]


def of_film(box: tuple[float, float, float, float], place: Place) -> Place:
    """A place as shares of the film's width and height."""
    left, top, width, height = box
    return (place[0] - left) / width, (place[1] - top) / height


def test_on_a_phone_the_page_asks_for_a_larger_screen_and_no_key_counts(
    tablet: ReviewTab, hall: Server, reviewer: str
) -> None:
    page = tablet.page
    for width, height in ((PHONE.width, PHONE.height), (PHONE.height, PHONE.width)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.locator(".too-small").is_visible()
        assert_well(page, PHONE)
        assert film_sides(page) == []
        tablet.press("k", "x", "1", "Enter")
    page.set_viewport_size({"width": TABLET.width, "height": TABLET.height})
    assert page.locator(".too-small").is_hidden()
    tablet.ready()
    tablet.press("k")
    tablet.saved()
    assert [decision for _, decision, _, _ in hall.logged(reviewer)] == ["keep"]


BROKEN = {
    "text over text": '<p style="position:absolute;top:9px">One</p><p style="position:absolute;'
    'top:12px">Two</p>',
    "cut off": '<div style="width:40px;overflow:hidden;white-space:nowrap">More than that</div>',
    "outside the window": '<p style="position:absolute;left:-40px">Not all of this is seen</p>',
    "scrolls sideways": '<p style="width:3000px">Wide</p>',
    "too small for a finger": "<button>x</button>",
    "button over button": '<button style="margin:0 -20px 0 0;width:80px;height:60px">A</button>'
    '<button style="width:80px;height:60px">B</button>',
}


def test_what_is_wrong_with_a_page_is_noticed(browser: Browser) -> None:
    """Else the tests of all pages would say nothing."""
    page = browser.new_page(viewport={"width": TABLET.width, "height": TABLET.height})
    frame = '<html lang="en"><title>T</title><main><h1>T</h1>{}</main>'
    page.set_content(frame.format("<p>Well</p><button style='width:50px;height:50px'>A</button>"))
    assert_well(page, TABLET)
    for fault, markup in BROKEN.items():
        page.set_content(frame.format(f"<div style='padding-top:80px'>{markup}</div>"))
        assert any(fault in each for each in faults(page, TABLET)), fault
    page.set_content(
        frame.format("<p style='color:#999;background:#fff'>Pale</p><button></button>")
    )
    assert {"color-contrast", "button-name"} <= {rule for _, rule, *_ in axe_faults(page)}
    page.set_content(frame.format("<p>The key Page Up, or Enter</p>"))
    assert key_names(page) == ["Page Up", "Enter"]
    page.close()


@pytest.mark.long
@pytest.mark.parametrize("screen", SCREENS, ids=[screen.name for screen in SCREENS])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_well_in_every_state_on_every_screen(
    browser: Browser, enter: Enter, stage: Callable[[str], Stage], name: str, screen: Screen
) -> None:
    entrance = browser.new_page(**screen.context())
    entrance.goto(stage(name).server.base)
    assert_well(entrance, screen)
    entrance.close()
    tab = enter(name, screen)
    if screen.is_small:
        tab.page.locator(".too-small").wait_for()
        assert_well(tab.page, screen)
        shoot(tab.page, f"{name}-{screen.name}")
        return
    for state, step in stage(name).states.items():
        step(tab)
        tab.page.wait_for_timeout(100)
        assert_well(tab.page, screen)
        assert all(side >= SMALLEST[name] for side in film_sides(tab.page)), state
        if screen.touch:
            assert key_names(tab.page) == [], state
        shoot(tab.page, f"{name}-{state}-{screen.name}")


FRAMES = """
() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  const seen = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  const { tagName, className } = document.activeElement;
  return [tagName, className, seen];
}
"""


@pytest.mark.long
@pytest.mark.parametrize("name", PAGES)
def test_whatever_has_the_focus_shows_it(
    enter: Enter, stage: Callable[[str], Stage], name: str
) -> None:
    tab = enter(name, BY_NAME["laptop"])
    begin(tab)
    reached = []
    for _ in range(30):
        tab.press("Tab")
        reached.append(tab.page.evaluate(FRAMES))
    shown = [(tag, kind) for tag, kind, seen in reached if seen]
    hidden = {(tag, kind) for tag, kind, seen in reached if not seen}
    # The framed film of the study has its frame around the film and not around its buttons.
    assert hidden <= {("BODY", ""), ("ARTICLE", "film")}
    assert len(shown) > 5


LOOKS = """
() => {
  const look = (element) => {
    const { backgroundColor, borderTopColor } = getComputedStyle(element);
    return `${backgroundColor} ${borderTopColor}`;
  };
  const pressed = [...document.querySelectorAll('[aria-pressed="true"]')];
  const others = [...document.querySelectorAll('[aria-pressed="false"]')];
  return {
    pressed: pressed.map(look),
    others: others.map(look),
    around: [...document.querySelectorAll(".viewer, .tile-film")].map(
      (element) => getComputedStyle(element).backgroundColor,
    ),
  };
}
"""
PRESS = {"review": "decisions", "adjudicate": "pair", "study": "answered", "landmark": "film"}
"""A state in which a button is pressed."""


@pytest.mark.long
@pytest.mark.parametrize("name", list(PRESS))
def test_with_colours_of_one_s_own_what_is_pressed_differs_and_films_lie_on_black(
    enter: Enter, stage: Callable[[str], Stage], name: str
) -> None:
    tab = enter(name, BY_NAME["laptop"], forced_colors="active", color_scheme="light")
    for state, step in stage(name).states.items():
        step(tab)
        if state == PRESS[name]:
            break
    looks = tab.page.evaluate(LOOKS)
    assert looks["pressed"]
    assert not set(looks["pressed"]) & set(looks["others"])
    assert looks["around"]
    assert set(looks["around"]) == {"rgb(0, 0, 0)"}
    assert faults(tab.page, BY_NAME["laptop"]) == []  # axe-core does not know of such colours


@pytest.mark.long
def test_nothing_moves_by_itself_where_motion_is_not_wanted(enter: Enter) -> None:
    tab = enter("adjudicate", BY_NAME["laptop"], reduced_motion="reduce")
    begin(tab)
    tab.page.get_by_role("button", name="Flicker").click()
    shown = tab.page.locator("#pair")
    seen = set()
    for _ in range(10):
        seen.add(shown.get_attribute("data-shown"))
        tab.page.wait_for_timeout(80)
    assert seen == {"real"}
    assert tab.page.evaluate("document.getAnimations().length") == 0


@pytest.mark.long
def test_a_pair_is_judged_with_fingers(enter: Enter) -> None:
    tab: Any = enter("adjudicate", TABLET)
    begin(tab)
    fingers, (x, y) = Fingers(tab.page), middle(tab, '.film-pane[data-kind="real"]')
    fingers.drag(((x - 20, y), (x - 90, y)), ((x + 20, y), (x + 90, y)))
    zoomed = tab.rect("synthetic")  # both films share what one is touched for
    assert zoomed[2] > 3 * 400
    fingers.drag(((x, y), (x + 60, y + 10)))  # of a film that is zoomed one finger moves it
    assert tab.rect("synthetic")[0] == pytest.approx(zoomed[0] + 60, abs=10)
    assert "W 255" in tab.text(".pair-readout")
    press(tab, "Invert")
    reads(tab, ".pair-readout", "inverted")
    before = tab.name()
    press(tab, "Not a copy")
    tab.until_gone(f'#pair:not([hidden])[data-pair="{before}"]')
    tab.saved()
    assert [verdict for _, verdict, _ in tab.server.logged(person(tab))] == ["not-a-copy"]


def person(tab: Tab) -> str:
    """Who is at the page."""
    return tab.page.url.partition("/r/")[2].partition("/")[0]


@pytest.mark.long
def test_a_quartet_is_read_with_fingers(enter: Enter) -> None:
    tab: Any = enter("study", TABLET)
    tab.until(".start")
    press(tab, "Begin")
    tab.ready()
    for letter, rating in zip("ABCD", "1234", strict=True):
        tab.page.locator(f'[aria-label^="Film {letter}: {rating},"]').tap()
    press(tab, "Film B is the real one")
    press(tab, "Film C alone, large")
    tab.until('#films[data-enlarged="true"]')
    assert len(film_sides(tab.page)) == 1
    press(tab, "Film C alone, large")
    tab.until('#films[data-enlarged="false"]')
    films = tab.films()
    press(tab, "Submit")
    tab.until("#empty-state:not([hidden]) h2")
    (typed,) = tab.server.logged(person(tab))
    assert typed.rated == tuple(zip(films, (1, 2, 3, 4), strict=True))
    assert typed.picked == films[1]


@pytest.mark.long
def test_landmarks_are_placed_with_fingers(enter: Enter) -> None:
    tab: Any = enter("landmark", TABLET)
    begin(tab)
    before, readout = tab.middle("C4 top left"), tab.text(".film-readout")
    Fingers(tab.page).drag((before, (before[0] - 30, before[1] + 20)))
    after = tab.middle("C4 top left")
    assert np.allclose(after, (before[0] - 30, before[1] + 20), atol=1.5)
    assert tab.selected == "C4 top left"
    assert tab.text(".film-readout") == readout  # the film itself was left alone
    film = tab.name()
    press(tab, "Save and go on")
    tab.gone_from(film)
    tab.settled()
    ((_, decision, _, moved),) = tab.server.logged(person(tab))
    assert (decision, moved) == ("place", "1")


@pytest.mark.long
def test_text_is_looked_for_with_fingers(enter: Enter) -> None:
    tab: Any = enter("clear", TABLET)
    begin(tab)
    tab.page.locator('.corner[data-place="top-left"]').tap()
    tab.until('#film[data-mode="whole"]')
    assert tab.text(".film-readout").endswith("1:1")
    fingers, (x, y) = Fingers(tab.page), middle(tab, ".film-pane")
    fingers.drag(((x - 20, y), (x - 60, y)), ((x + 20, y), (x + 60, y)))
    assert not tab.text(".film-readout").endswith("1:1")
    press(tab, "Corners and edges")
    tab.until('#film[data-mode="around"]')
    film = tab.name()
    press(tab, "Text or a mark")
    tab.gone_from(film)
    tab.settled()
    assert [word for _, word in tab.server.logged(person(tab))] == ["text"]
