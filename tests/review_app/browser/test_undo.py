"""Ctrl+Z after each kind of action on each page, and the redo: every one a line of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cxr_release.landmarks.placement import points_of_text
from tests.review_app.browser.test_keys_page import LISTEN, opened
from tests.support.browser.review_browser import A_PAGE, CODES, Films, Screen, Server
from tests.support.browser.study_browser import StudyServer
from tests.support.browser.tab import Tab

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

UNDO, REDO = "Control+z", "Control+y"


def test_exclusions_notes_findings_facing_and_whole_pages_are_undone_in_order(
    screen: Screen, hall: Server, reviewer: str
) -> None:
    ids, names = screen.ids(), screen.names()
    screen.press("1", "ArrowRight", "k", "ArrowRight", "2", "3", "n")
    screen.until("dialog.note")
    screen.page.keyboard.type("two jaws")
    screen.press("Enter")
    screen.until_gone("dialog")
    screen.press("ArrowRight", "4", "Delete", "ArrowRight", "m")
    screen.until('.tile[data-mirrored="true"]')
    screen.press("ArrowRight", "t", "a", "Enter")
    screen.page.locator(".film-findings", has_text="osteophytes").wait_for()
    screen.enter()
    screen.saved()
    done = hall.logged(reviewer)
    assert len(done) == 7 + A_PAGE - 3

    screen.press(UNDO)  # the page that was kept
    screen.until(f'.tile[data-film="{names[0]}"]')
    screen.told(f"Taken back: {A_PAGE - 3} films are open again.")
    screen.ready()
    screen.press(UNDO)  # what was noted
    screen.page.locator(".film-findings:empty").wait_for(state="attached")
    screen.press(UNDO)  # the mirror
    screen.until_gone('.tile[data-mirrored="true"]')
    screen.press(UNDO)  # a decision that was taken back
    screen.until('.tile:nth-child(4)[data-state="exclude"]')
    screen.press(UNDO, UNDO, UNDO)  # that decision, the note, the other reason
    screen.saved()
    assert screen.states()[:4] == ["exclude", "keep", "exclude", "open"]
    screen.press(UNDO, UNDO, UNDO)
    screen.saved()
    assert set(screen.states()) == {"open"}
    screen.press(UNDO)
    screen.told("There is nothing to undo")
    undone = hall.logged(reviewer)[len(done) :]
    assert sorted(undone[: A_PAGE - 3]) == sorted(
        (film, "retract", "", "") for film in {*ids} - {*ids[:3]}
    )
    assert undone[A_PAGE - 3 :] == [
        (ids[3], "exclude", CODES[3], ""),
        (ids[3], "retract", "", ""),
        (ids[2], "exclude", CODES[2], ""),
        (ids[2], "exclude", CODES[1], ""),
        (ids[2], "retract", "", ""),
        (ids[1], "retract", "", ""),
        (ids[0], "retract", "", ""),
    ]
    assert hall.faced(reviewer) == [(ids[4], "right"), (ids[4], "retract")]
    assert hall.noted(reviewer) == [(ids[5], "osteophytes"), (ids[5], "retract")]

    screen.press(*[REDO] * 4, "Control+Shift+Z")
    screen.saved()
    assert screen.states()[:4] == ["exclude", "keep", "exclude", "open"]
    assert hall.logged(reviewer)[-1] == (ids[2], "exclude", CODES[2], "two jaws")
    screen.press("ArrowRight", "ArrowRight", "1")  # something else: nothing is left to redo
    screen.press(REDO)
    screen.told("There is nothing to redo")
    screen.saved()
    assert hall.logged(reviewer)[-1][1:] == ("exclude", CODES[0], "")


def test_what_was_decided_elsewhere_since_is_not_undone(
    screen: Screen, hall: Server, films: Films, context: BrowserContext, reviewer: str
) -> None:
    ids = screen.ids()
    screen.press("1", "ArrowRight", "2")
    screen.saved()
    other = Screen(context.new_page(), hall, films).come(f"{hall.base}/r/{reviewer}/")
    other.press("PageUp")
    other.until('.tile[data-state="exclude"]')
    other.ready()
    other.press("Home", "ArrowRight", "k")
    other.saved()
    screen.until('.tile:nth-child(2)[data-state="keep"]')
    screen.press(UNDO)  # the first film: the other tab has kept the second
    screen.until('.tile:nth-child(1)[data-state="open"]')
    screen.saved()
    assert screen.states()[:2] == ["open", "keep"]
    assert hall.logged(reviewer)[-1] == (ids[0], "retract", "", "")


def taken(desk: Any) -> None:
    """What was pressed is with the server, and a film is on the screen."""
    desk.until(".progress-saving:empty")
    desk.until('[data-ready="true"]:not([hidden])')


@pytest.fixture
def desk(
    request: pytest.FixtureRequest, films: Films, context: BrowserContext, tmp_path: Path
) -> Any:
    server, desk, way = opened(request.param, context.new_page(), films, tmp_path)
    try:
        desk.come(way)
        desk.page.evaluate(LISTEN)
        yield desk
        assert desk.errors == []
    finally:
        server.kill()


@pytest.mark.long
@pytest.mark.parametrize("desk", ["adjudicate"], indirect=True)
def test_verdicts_and_their_notes_are_undone_and_done_anew(desk: Any) -> None:
    note = ("n", "a", "l", "i", "k", "e", "Enter")
    desk.press(*note)
    desk.until_gone("dialog")
    assert "alike" in desk.text(".note-button")
    desk.press(UNDO)
    assert "alike" not in desk.text(".note-button")
    desk.press(REDO)
    assert "alike" in desk.text(".note-button")
    first = desk.name()
    desk.judge("1")
    desk.judge("3")
    second = desk.server.logged("a.b")[-1][0]
    desk.press(UNDO)
    desk.told("Taken back")
    taken(desk)
    assert desk.pair() == 1
    desk.press(UNDO)
    desk.until(f'#pair[data-pair="{first}"]')
    desk.told("Taken back")
    taken(desk)
    assert "alike" in desk.text(".note-button")  # it waits for its verdict again
    desk.press("2")
    taken(desk)
    desk.press("ArrowLeft")
    taken(desk)
    desk.press("1")  # a correction: the page stays
    desk.told("Saved: copy.")
    taken(desk)
    desk.press(UNDO)
    desk.told("Saved: unsure.")
    taken(desk)
    desk.press("Delete")
    desk.told("Taken back")
    taken(desk)
    desk.press(UNDO)
    desk.told("Saved: unsure.")
    taken(desk)
    desk.press(REDO)
    desk.told("Taken back")
    taken(desk)
    pair = desk.archive.pairs[0]
    assert desk.server.logged("a.b") == [
        (pair, "copy", "alike"),
        (second, "not-a-copy", ""),
        (second, "retract", ""),
        (pair, "retract", ""),
        (pair, "unsure", "alike"),
        (pair, "copy", "alike"),
        (pair, "unsure", "alike"),
        (pair, "retract", ""),
        (pair, "unsure", "alike"),
        (pair, "retract", ""),
    ]


@pytest.mark.long
@pytest.mark.parametrize("desk", ["clear"], indirect=True)
def test_decisions_on_real_films_are_undone_and_done_anew(desk: Any) -> None:
    first, name = desk.film(), desk.name()
    desk.press_on("2")
    second = desk.film()
    desk.press_on("1")
    desk.press(UNDO)
    desk.told("Taken back")
    taken(desk)
    assert desk.film() == second
    desk.press(UNDO)
    desk.until(f'#film[data-film="{name}"]')
    desk.told("Taken back")
    taken(desk)
    assert desk.film() == first
    desk.press(REDO)
    desk.told("Saved: nothing that identifies.")
    taken(desk)
    desk.press(REDO)
    desk.told("Saved: text or a mark.")
    taken(desk)
    desk.press("Delete")
    desk.told("Taken back")
    taken(desk)
    desk.press(UNDO)
    desk.told("Saved: text or a mark.")
    taken(desk)
    assert desk.server.logged("a.b") == [
        (first, "clear"),
        (second, "text"),
        (second, "retract"),
        (first, "retract"),
        (first, "clear"),
        (second, "text"),
        (second, "retract"),
        (second, "text"),
    ]


@pytest.mark.long
@pytest.mark.parametrize("desk", ["landmark"], indirect=True)
def test_points_that_were_dragged_moved_hidden_put_back_and_saved_are_undone(desk: Any) -> None:
    began = desk.middle("C2 centroid")
    desk.drag("C2 centroid", 40, 10)
    dragged = desk.middle("C2 centroid")
    desk.press("Control+ArrowLeft", "Control+ArrowLeft")
    moved = desk.middle("C2 centroid")
    assert moved[0] == pytest.approx(dragged[0] - 2, abs=0.6)
    desk.press("h", "Shift+Delete")
    assert desk.middle("C2 centroid") == pytest.approx(began, abs=0.6)
    desk.press(UNDO)
    assert desk.page.locator('.dot[data-point="C2 centroid"][data-seen="false"]').count() == 1
    desk.press(UNDO)
    assert desk.page.locator('.dot[data-seen="false"]').count() == 0
    assert desk.middle("C2 centroid") == pytest.approx(moved, abs=0.6)
    desk.press(UNDO)
    assert desk.middle("C2 centroid") == pytest.approx(dragged, abs=0.6)
    desk.press(REDO)
    assert desk.middle("C2 centroid") == pytest.approx(moved, abs=0.6)
    first = desk.name()
    desk.save()
    taken(desk)
    desk.press(UNDO)  # the save
    desk.until(f'#film[data-film="{first}"]')
    desk.told("Taken back")
    taken(desk)
    assert desk.text(".decision-state") == "Changed, not saved yet"
    assert desk.middle("C2 centroid") == pytest.approx(moved, abs=0.6)
    desk.press(UNDO, UNDO)  # and on with what was done before it
    assert desk.middle("C2 centroid") == pytest.approx(began, abs=0.6)
    desk.press(REDO, REDO, REDO)
    desk.told("Saved.")
    taken(desk)
    (placed, back, anew) = desk.server.logged("a.b")
    assert (placed[1], back[1], anew) == ("place", "retract", placed)
    assert points_of_text(anew[2]) == pytest.approx(points_of_text(placed[2]), nan_ok=True)


@pytest.mark.long
@pytest.mark.parametrize("desk", ["study"], indirect=True)
def test_ratings_and_picks_are_undone_and_a_submitted_page_is_opened_to_be_changed(
    desk: Any,
) -> None:
    desk.press("1", "2", "a", "3", "b")
    desk.press(UNDO, UNDO)
    assert desk.said() == [("1", True), ("2", False), ("", False), ("", False)]
    desk.press(REDO)
    assert desk.said()[2] == ("3", False)
    desk.press("4")
    films = desk.films()
    desk.submit()
    assert desk.text(".place").startswith("2 of")
    desk.press(UNDO)
    desk.told("You submitted this page last, and it stays so")
    desk.ready()
    assert desk.films() == films
    desk.press(REDO)
    desk.told("That page stands as you had submitted it last.")
    desk.ready()
    assert desk.text(".place").startswith("2 of")
    desk.press(UNDO)
    desk.ready()
    desk.press("d")
    desk.submit()
    desk.press(UNDO)
    desk.told("As you had submitted it before")
    desk.ready()
    assert desk.said()[0] == ("1", True)
    desk.submit()
    picked = [line.picked for line in desk.server.lines("a.b")]
    assert picked == [films[0], films[3], films[0]]


@pytest.mark.long
def test_where_answers_are_final_an_undo_says_so_and_logs_nothing(
    context: BrowserContext, tmp_path: Path
) -> None:
    from tests.support.browser.study_browser import Seat
    from tests.support.study_kit import draw_kit

    drawn = draw_kit(tmp_path / "kit", 3)
    server = StudyServer(drawn, tmp_path / "logs", ["a.b"])
    try:
        seat: Any = Seat(context.new_page(), server, drawn)
        seat.come("a.b")
        seat.press("1", UNDO)
        assert seat.said()[0] == ("", False)
        seat.fill("1234", "a")
        seat.submit()
        seat.press(UNDO)
        seat.told("what you had submitted is final in this study")
        assert seat.text(".place").startswith("2 of")
        seat.press("PageUp")
        seat.told("final in this study")
        assert len(server.lines("a.b")) == 1
        assert isinstance(seat, Tab) and seat.errors == []
    finally:
        server.kill()
