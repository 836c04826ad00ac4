"""The audit page in a browser: 20 pairs by keyboard, and what it shows of a pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import VERDICT, NewVerdict
from cxr_release.logbook import log
from cxr_release.logbook.logs import read_all
from tests.support.browser.adjudicate_browser import (
    BOTH,
    EQUAL,
    INVERTED,
    KEYS,
    MIRRORED,
    PAIRS,
    TITLE,
    Archive,
    PairServer,
    Table,
    make_archive,
)
from tests.support.browser.tab import open_context

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

Open = Callable[[PairServer], Table]
PEOPLE = ("a.b", "c.d", "e.f")
RELOADED, KILLED, SETTLED = 7, 10, 3
"""Pairs until the first reviewer's page is reloaded and the second's server killed; conflicts that
are settled."""
SIZES = [(1024, 600), (1280, 720), (1920, 1080), (2560, 1440)]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return make_archive(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="module")
def room(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PairServer]:
    """One server for all tests that let it live; each test is a reviewer of its own."""
    reviewers = [f"reader.{letter}" for letter in "abcdefghijklm"]
    server = PairServer(archive, tmp_path_factory.mktemp("room"), reviewers, required=99)
    yield server
    server.kill()


@pytest.fixture
def tab(context: BrowserContext, archive: Archive) -> Iterator[Open]:
    """Opens tabs. At the end none of them may have complained."""
    tables: list[Table] = []

    def open_tab(server: PairServer) -> Table:
        tables.append(Table(context.new_page(), server, archive))
        return tables[-1]

    yield open_tab
    assert [table.errors for table in tables] == [[] for _ in tables]


@pytest.fixture(scope="module")
def free() -> Iterator[str]:
    """Reviewers whom no other test uses."""
    return iter(f"reader.{letter}" for letter in "abcdefghijklm")


@pytest.fixture
def reviewer(free: Iterator[str]) -> str:
    return next(free)


@pytest.fixture
def table(tab: Open, room: PairServer, reviewer: str) -> Table:
    return tab(room).come(room.addresses[reviewer])


class Session:
    """Two reviewers and the adjudicator, each in a browser of their own, and what they typed."""

    def __init__(self, browser: Browser, archive: Archive, folder: Path) -> None:
        self.archive = archive
        self.server = PairServer(archive, folder, PEOPLE, required=2, adjudicator=PEOPLE[-1])
        self.typed: dict[str, list[tuple[tuple[str, str], str, str]]] = {}
        self.contexts = [open_context(browser, hurried=True) for _ in PEOPLE]
        self.tables = {
            person: Table(context.new_page(), self.server, archive)
            for person, context in zip(PEOPLE, self.contexts, strict=True)
        }

    def come(self, person: str) -> Table:
        return self.tables[person].come(self.server.addresses[person])

    def note(self, person: str, key: str) -> None:
        """Write down what the log should then hold."""
        pair = self.archive.pairs[self.tables[person].pair()]
        self.typed.setdefault(person, []).append((pair, KEYS[key], ""))

    def judge(self, person: str, key: str) -> None:
        self.note(person, key)
        self.tables[person].judge(key)

    def close(self) -> None:
        self.server.kill()
        for context in self.contexts:
            context.close()


@pytest.fixture
def session(browser: Browser, archive: Archive, tmp_path: Path) -> Iterator[Session]:
    session = Session(browser, archive, tmp_path)
    yield session
    session.close()


def test_two_reviewers_judge_20_pairs_and_a_third_what_they_differ_on(session: Session) -> None:
    chance = np.random.default_rng(5)
    mine, theirs = ([str(one) for one in chance.choice(list(KEYS), PAIRS)] for _ in range(2))
    mine[0] = theirs[0] = "2"
    server = session.server
    first, second, third = session.tables.values()
    # The second looks before the first has judged anything, and again after all of it.
    session.come("c.d")
    before = seen(second)
    third.arrive(server.addresses["e.f"])
    third.page.get_by_text(f"The reviewers have still to judge {PAIRS} pairs").wait_for()

    session.come("a.b")
    for place, key in enumerate(mine):
        assert first.pair() == place
        if place == RELOADED:  # and goes on where it was
            first.page.reload()
            first.ready()
            assert first.pair() == place
        session.judge("a.b", key)
    assert first.text("#empty-state h2") == "All pairs are judged."
    counted = [str(PAIRS), *(str(mine.count(key)) for key in "132")]
    assert first.page.locator(".figures dd").all_inner_texts() == counted

    second.page.reload()
    second.ready()
    assert seen(second) == before

    for key in theirs[:KILLED]:
        session.judge("c.d", key)
    third.ready()  # the adjudicator's page has seen by itself that they differ
    assert third.pair() == 0
    server.kill()
    session.note("c.d", theirs[KILLED])
    second.press(theirs[KILLED])
    second.page.get_by_text("1 verdict is not saved yet: the server does not answer").wait_for()
    assert second.pair() == KILLED  # what is not saved does not move the page on
    assert "Saving" in second.text(".verdict-state")
    server.start()
    session.come("c.d")
    assert second.pair() == KILLED + 1
    for key in theirs[KILLED + 1 :]:
        session.judge("c.d", key)

    differ = [place for place in range(PAIRS) if mine[place] != theirs[place]]
    unsure = [place for place in range(PAIRS) if mine[place] == theirs[place] == "2"]
    conflicts = sorted([*differ, *unsure])
    assert differ and unsure and len(conflicts) < PAIRS
    session.come("e.f")
    for place in conflicts[:SETTLED]:
        assert third.pair() == place
        session.judge("e.f", "3")
    assert third.text(".left") == f"{SETTLED} judged, {len(conflicts) - SETTLED} left"

    assert list(read_all(VERDICT, server.folder / "audit")) == list(PEOPLE)  # every log verifies
    assert {person: server.logged(person) for person in PEOPLE} == session.typed
    assert [table.errors for table in session.tables.values()] == [[], [], []]


def seen(table: Table) -> tuple[str, str, list[str], dict[str, Any]]:
    """All that a reviewer gets on opening the page: its text and elements, requests, answers."""
    dom: str = table.page.evaluate("document.body.innerHTML.replaceAll(/blob:[^\"]+/g, 'blob:')")
    asked = sorted(set(table.asked[table.asked.index("/r/c.d/") :]))
    listing: dict[str, Any] = table.page.evaluate("fetch('pairs').then((answer) => answer.json())")
    assert isinstance(listing.pop("moment"), int)  # a clock, whatever was judged
    return table.page.inner_text("body"), dom, asked, listing


def test_the_page_says_what_a_copy_is_and_names_no_film(table: Table, archive: Archive) -> None:
    criteria = table.text(".criteria")
    for word in ("Vertebral contours", "Soft-tissue silhouettes", "Acquisition artefacts"):
        assert word in criteria
    assert table.page.locator(".criteria").is_visible()
    assert "not known" in table.text(".expectation summary")  # there is no report of an audit
    assert table.text("h1") == TITLE
    assert table.page.locator("h1 i").count() == 0
    page = table.page.content()
    for pair in archive.pairs:
        assert not [one for one in pair if one in page]
    table.press("?")
    assert "flicker" in table.text("dialog.keys")
    table.press("?")
    table.until_gone("dialog")
    table.press("Shift+V")
    assert table.page.locator("#pair").get_attribute("data-mode") == "difference"


CUT_OFF = """
() => [document.documentElement, ...document.querySelectorAll(".header *, .footer *")]
  .filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1)
  .map((one) => `${one.tagName} ${one.className}`)
"""
OVERLAPS = """
() => {
  const boxes = [...document.querySelectorAll(".pair-bar > *")]
    .filter((one) => one.checkVisibility())
    .map((one) => one.getBoundingClientRect())
    .sort((one, other) => one.left - other.left);
  return boxes.slice(1).filter((box, place) => box.left < boxes[place].right).length;
}
"""
LARGEST = 0.68
"""Of half the window's width, or of its height, whatever is less."""


def test_films_are_large_and_nothing_is_cut_off(table: Table) -> None:
    table.press(*["ArrowRight"] * BOTH)  # the pair of which most is to be said
    table.ready()
    for width, height in SIZES:
        table.page.set_viewport_size({"width": width, "height": height})
        table.drawn()
        real, synthetic = (table.pane(kind).bounding_box() for kind in ("real", "synthetic"))
        assert real and synthetic
        assert real["x"] < synthetic["x"]
        assert table.rect("real") == table.rect("synthetic")
        assert min(table.rect("real")[2:]) > LARGEST * min(width / 2, height)
        assert table.page.evaluate(CUT_OFF) == []
        for mode in ("difference", "flicker", "side"):
            table.page.click(f'[data-action="{mode}"]')
            assert table.page.evaluate(OVERLAPS) == 0


def test_both_films_are_zoomed_moved_and_windowed_alike(table: Table) -> None:
    table.press(*["ArrowRight"] * 5)  # films that differ
    table.ready()
    film = table.greys("real")
    assert np.abs(film - table.greys("synthetic")).max() > 20
    real = table.pane("real").bounding_box()
    assert real
    table.page.mouse.move(real["x"] + 150, real["y"] + 120)
    table.page.mouse.wheel(0, -400)
    table.page.mouse.down()
    table.page.mouse.move(real["x"] + 90, real["y"] + 70, steps=3)
    table.page.mouse.up()
    table.press("+", "Shift+ArrowLeft", "Shift+ArrowUp")
    zoomed = table.rect("real")
    assert zoomed[2] > 1.9 * min(real["width"], real["height"])
    assert zoomed == table.rect("synthetic")
    synthetic = table.pane("synthetic").bounding_box()
    assert synthetic
    table.page.mouse.move(synthetic["x"] + 300, synthetic["y"] + 300)
    table.page.mouse.wheel(0, 300)
    assert table.rect("real") == table.rect("synthetic") != zoomed
    for mode in ("flicker", "difference", "side"):
        table.look(mode)
        table.drawn()
        assert table.rect("real") == table.rect("synthetic")
    table.page.dblclick('.film-pane[data-kind="real"]')
    table.press("i")
    for kind, plain in (("real", film), ("synthetic", None)):
        shown = table.greys(kind)
        if plain is not None:
            assert np.abs(shown - (255 - plain)).max() <= 1
    table.press("r", "w", "q")
    window, level = (float(one) for one in table.text(".pair-readout").split()[1:4:2])
    assert (window, level) == (247, 119.5)
    wanted = np.clip(255 * ((film - level) / window + 0.5), 0, 255)
    assert np.abs(table.greys("real") - wanted).max() <= 2


TURNS = """
() => new Promise((resolve) => {
  const host = document.querySelector("#pair"), seen = [], begun = performance.now();
  const all = (selector) => [...document.querySelectorAll(selector)];
  new MutationObserver(() => {
    const { shown } = host.dataset;
    if (seen.at(-1)?.[0] === shown) return;
    const lit = all('.caption[data-lit="true"]').map((one) => one.innerText);
    const visible = all(".film-pane")
      .filter((one) => getComputedStyle(one).visibility === "visible")
      .map((one) => one.dataset.kind);
    seen.push([shown, lit.join(), visible.join(), performance.now() - begun]);
    if (seen.length === 5) resolve(seen);
  }).observe(host, { attributes: true });
})
"""
"""Which film each of the next turns shows, by name, by label and by what is visible; and when."""


def test_flicker_shows_both_in_one_place_in_turn_until_a_verdict(
    table: Table, reviewer: str
) -> None:
    table.look("flicker")
    shown = []
    turns = table.page.evaluate(TURNS)
    labels = {"real": "Real film", "synthetic": "Synthetic film"}
    for kind, lit, visible, _ in turns:
        assert (lit, visible) == (labels[kind], kind)
        shown.append(kind)
    assert set(shown) == {"real", "synthetic"}
    assert 700 < turns[-1][3] - turns[0][3] < 1800  # four turns of a quarter of a second
    boxes = [table.pane(kind).bounding_box() for kind in labels]
    assert boxes[0] == boxes[1]
    table.press("j")  # held
    held = table.page.locator("#pair").get_attribute("data-shown")
    table.page.wait_for_timeout(400)
    assert table.page.locator("#pair").get_attribute("data-shown") == held
    table.look("side")
    table.look("flicker")
    table.judge("1")
    assert table.page.locator("#pair").get_attribute("data-mode") == "side"
    assert [one[1] for one in table.server.logged(reviewer)] == ["copy"]


def test_where_nothing_shall_move_by_itself_flicker_is_by_hand(table: Table) -> None:
    table.page.emulate_media(reduced_motion="reduce")
    host = table.page.locator("#pair")
    table.look("flicker")
    table.page.wait_for_timeout(600)
    seen_kinds = [host.get_attribute("data-shown")]
    for _ in range(3):
        table.press("j")
        seen_kinds.append(host.get_attribute("data-shown"))
    assert seen_kinds == ["real", "synthetic", "real", "synthetic"]
    table.look("side")
    assert host.get_attribute("data-mode") == "side"


def test_the_difference_of_equal_films_is_black_and_of_others_their_difference(
    table: Table,
) -> None:
    for place in (EQUAL, MIRRORED, INVERTED, BOTH):
        assert table.pair() == place
        table.look("difference")
        assert difference(table).max() <= 1
        table.press(*["w"] * 3, *["q"] * 6)
        assert "difference × 3.8" in table.text(".pair-readout")
        assert difference(table).max() <= 4
        table.press("r", "ArrowRight")
        table.ready()
    real, synthetic = table.greys("real"), table.greys("synthetic")
    table.look("difference")
    assert np.abs(difference(table) - np.abs(real - synthetic)).max() <= 1
    table.press(*["q"] * 3)
    wanted = np.minimum(255, 1.25**3 * np.abs(real - synthetic))
    assert np.abs(difference(table) - wanted).max() <= 3
    table.look("side")
    assert np.abs(table.greys("real") - real).max() <= 1


def difference(table: Table) -> np.ndarray[Any, np.dtype[np.float64]]:
    return table.greys("real")


def test_a_film_that_matched_turned_is_shown_so_and_as_it_is_on_demand(table: Table) -> None:
    note = table.page.locator(".pair-note")
    assert not note.is_visible()
    table.press("g")
    table.told("shown as it was generated")
    for place, text in (
        (MIRRORED, "mirrored"),
        (INVERTED, "inverted"),
        (BOTH, "mirrored, inverted"),
    ):
        table.press("ArrowRight")
        table.ready()
        assert table.pair() == place
        real = table.greys("real")
        assert np.abs(table.greys("synthetic") - real).max() <= 1
        assert note.inner_text().startswith(f"{text} to match")
        table.press("g")
        plain = real[:, ::-1] if "mirrored" in text else real
        plain = 255 - plain if "inverted" in text else plain
        assert np.abs(table.greys("synthetic") - plain).max() <= 1
        assert note.inner_text().startswith("as generated")
        note.click()
        assert np.abs(table.greys("synthetic") - real).max() <= 1


def test_a_verdict_is_corrected_noted_and_taken_back(
    table: Table, archive: Archive, reviewer: str
) -> None:
    first, second = archive.pairs[:2]
    text = "<img src=x onerror=alert(1)> & the same marker"
    table.press("n")
    table.page.keyboard.type(text)
    table.press("Enter")
    table.until_gone("dialog")
    table.judge("3")  # the note goes with it
    table.judge("1")
    table.press("Backspace", "ArrowLeft")
    table.ready()
    assert table.pair() == 0
    assert "You said: not a copy" in table.text(".verdict-state")
    assert table.text(".note-button span") == f"Note: {text}"
    table.press("2")
    table.told("Saved: unsure.")
    assert table.pair() == 0
    table.press("2")
    table.told("That is your verdict already")
    table.press("Delete")
    table.told("Taken back")
    assert table.text(".verdict-state") == "Not judged yet"
    table.page.click('[data-choice="copy"]')
    table.until_gone('.verdict-state[data-saving="true"]')
    table.until(".place:not(:empty)")
    table.ready()
    assert table.pair() == 2
    assert table.server.logged(reviewer) == [
        (first, "not-a-copy", text),
        (second, "copy", ""),
        (first, "unsure", text),
        (first, "retract", ""),
        (first, "copy", ""),
    ]
    assert table.page.locator("img[src=x]").count() == 0


def test_no_slip_and_no_missing_film_is_a_verdict(
    tab: Open, room: PairServer, reviewer: str
) -> None:
    table = tab(room)
    held: list[Any] = []
    hold = [True]

    def answer(route: Any) -> None:
        if hold[0]:
            held.append(route)
        else:
            route.continue_()

    table.page.route("**/film/*", answer)
    table.arrive(room.addresses[reviewer])
    table.until('#pair[data-pair]:not([data-pair=""])')
    table.press("1")
    table.told("Nothing was judged")
    hold[0] = False
    held[0].fulfill(status=500, body="{}")
    for route in held[1:]:
        route.continue_()
    table.until('.film-pane[data-kind="real"][data-image="broken"]')
    table.press("1")
    table.told("a film of this pair cannot be shown")
    table.press("ArrowRight")
    table.ready()
    assert table.pair() == 1
    table.press("3", "3", "3")  # the second and third come too soon for the next pair
    table.until('.progress-bar[aria-valuenow="1"]')
    table.ready()
    table.saved()
    assert [one[1] for one in room.logged(reviewer)] == ["not-a-copy"]


def test_a_refused_verdict_is_said_and_not_shown_as_given(
    tab: Open, room: PairServer, reviewer: str
) -> None:
    table = tab(room)
    refusing = [True]

    def answer(route: Any) -> None:
        if refusing[0]:
            route.fulfill(status=409, json={"error": "This film <b>changed</b>."})
        else:
            route.continue_()

    table.page.route("**/verdicts", answer)
    table.come(room.addresses[reviewer])
    with table.page.expect_response("**/pairs") as listed:  # it asks how things stand
        table.press("1")
    listed.value.finished()
    banner = table.page.locator('[data-banner="refused"]')
    banner.wait_for()
    assert "Not saved, and so not judged: copy" in banner.inner_text()
    assert "This film <b>changed</b>." in banner.inner_text()
    table.drawn()
    table.drawn()
    table.ready()
    assert (table.pair(), table.text(".verdict-state")) == (0, "Not judged yet")
    refusing[0] = False
    table.judge("3")
    banner.get_by_role("button").click()
    assert banner.count() == 0
    assert [one[1] for one in room.logged(reviewer)] == ["not-a-copy"]


def test_who_judges_again_before_the_list_is_back_is_not_held_nor_sent_elsewhere(
    tab: Open, room: PairServer, reviewer: str
) -> None:
    """After a refusal the page asks for the list; it may come before the next answer, or after."""
    table = tab(room)
    refusing: list[bool] = []  # empty until the page has come
    verdicts: list[Any] = []
    lists: list[Any] = []

    def judged(route: Any) -> None:
        if refusing[0]:
            route.fulfill(status=409, json={"error": "This film changed."})
        else:
            verdicts.append(route)

    def listed(route: Any) -> None:
        if refusing:
            lists.append(route)
        else:
            route.continue_()

    # Before it comes: what is on its way when interception begins may never arrive.
    table.page.route("**/verdicts", judged)
    table.page.route("**/pairs", listed)
    table.come(room.addresses[reviewer])

    def refused_then_judged() -> None:
        refusing[:] = [True]
        table.press("1")
        table.page.locator('[data-banner="refused"]').wait_for()
        while not lists:
            table.drawn()
        refusing[0] = False
        table.press("3")
        while not verdicts:
            table.drawn()

    def let(held: list[Any], path: str) -> None:
        with table.page.expect_response(path) as answered:
            held.pop().continue_()
        answered.value.finished()
        table.drawn()
        table.drawn()

    refused_then_judged()
    let(lists, "**/pairs")
    let(verdicts, "**/verdicts")
    table.until(".progress-bar[aria-valuenow='1']")
    table.ready()
    assert table.pair() == 1
    refused_then_judged()
    let(verdicts, "**/verdicts")
    table.until(".progress-bar[aria-valuenow='2']")
    table.ready()
    assert table.pair() == 2
    let(lists, "**/pairs")
    assert table.pair() == 2
    assert [one[1] for one in room.logged(reviewer)] == ["not-a-copy"] * 2


def test_the_counter_is_that_of_the_newest_answer(
    table: Table, tab: Open, room: PairServer, reviewer: str
) -> None:
    other = tab(room).come(f"{room.base}/r/{reviewer}/")
    table.judge("1")
    other.until('.progress-bar[aria-valuenow="1"]')
    for width, height in SIZES[:2]:
        other.page.set_viewport_size({"width": width, "height": height})
        other.until('.progress-bar[aria-valuenow="1"]')
    log.append(VERDICT, room.folder / "audit", reviewer, [judged(table)])  # elsewhere
    table.page.evaluate('dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))')
    table.until('.progress-bar[aria-valuenow="2"]')


def judged(table: Table) -> NewVerdict:
    """A verdict on the last pair."""
    folder = table.archive.folder
    real, synthetic = table.archive.pairs[-1]
    (one,) = (
        row
        for row in tables.iterate(folder / "cohort.parquet", schemas.COHORT)
        if row["id"] == real
    )
    (other,) = (
        row
        for row in tables.iterate(folder / "synthetic.parquet", schemas.ORIENTED)
        if row["id"] == synthetic
    )
    return NewVerdict(real, one["sha256"], synthetic, other["sha256"], "copy")


def test_pairs_are_gone_through_by_verdict_and_note_and_found_by_their_code(table: Table) -> None:
    page = table.page
    choice = page.locator(".list-tools select")

    def counts() -> list[str]:
        return choice.locator("option").all_inner_texts()

    first, code = table.name(), table.text(".viewer-tools .film-code")
    assert counts()[:2] == [f"all pairs ({PAIRS})", f"not judged ({PAIRS})"]
    table.judge("3")
    table.judge("1")
    table.saved()
    assert {"copy (1)", "not a copy (1)", "with a note (0)"} <= {*counts()}
    choice.select_option(label="copy (1)")
    table.ready()
    assert page.locator('[data-choice="copy"]').get_attribute("aria-pressed") == "true"
    table.press("ArrowRight")
    table.told("This is the last pair of this list.")
    table.press("ArrowLeft")
    table.told("There is no pair before this one in this list.")
    choice.select_option(label="with a note (0)")
    table.told("No pair of your list is so: all are listed.")
    assert choice.evaluate("(select) => select.selectedIndex") == 0
    page.locator(".code-box input").fill(code.lower())
    table.press("Enter")
    table.until(f'#pair[data-pair="{first}"][data-ready="true"]')
    assert table.text(".viewer-tools .film-code") == code
