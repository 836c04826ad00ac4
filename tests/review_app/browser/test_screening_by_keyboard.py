"""A whole evening by keyboard alone: what was typed is what the log holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.support.browser.review_browser import CODES, Screen, Server

Line = tuple[str, str, str, str]
FILMS_TO_SCREEN, PAGE = 200, 30


class Typist:
    """Types on a screen, and writes down for itself what the log should then hold."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.lines: list[Line] = []
        self.last = ""
        self.stands: dict[int, Line] = {}
        """What was decided on the films of this page, by place."""
        self.columns = 6
        self.look()

    def look(self) -> None:
        """At a page that has just come."""
        self.ids = self.screen.ids()
        self.place = self.screen.focused()

    def go_to(self, place: int) -> None:
        rows, columns = (
            place // self.columns - self.place // self.columns,
            place % self.columns - self.place % self.columns,
        )
        self.screen.press(*["ArrowDown" if rows > 0 else "ArrowUp"] * abs(rows))
        self.screen.press(*["ArrowRight" if columns > 0 else "ArrowLeft"] * abs(columns))
        self.place = place

    def decide(self, key: str) -> None:
        """Press a deciding key on the film in the frame."""
        if key.isdigit():
            self.last = CODES[int(key) - 1]
        reason = {"l": "wrong-facing", "k": ""}.get(key, self.last)
        verb = "keep" if key == "k" else "exclude"
        self.screen.press(key)
        line = (self.ids[self.place], verb, reason, "")
        if self.stands.get(self.place) != line:  # what stands exactly so is no new decision
            self.lines.append(line)
        self.stands[self.place] = line

    def take_back(self) -> None:
        self.screen.press("Delete")
        self.lines.append((self.ids[self.place], "retract", "", ""))
        del self.stands[self.place]

    def enter(self) -> None:
        self.screen.enter()
        rest = [one for place, one in enumerate(self.ids) if place not in self.stands]
        self.lines += [(one, "keep", "", "") for one in rest]
        self.stands = {}
        self.look()


def test_200_films_by_keyboard_with_reload_and_a_killed_server(
    mortal: Server, tab: Callable[[Server], Screen]
) -> None:
    screen = tab(mortal)
    screen.page.set_viewport_size({"width": 1440, "height": 900})
    screen.come(mortal.addresses["a.b"])
    typist = Typist(screen)
    chance = np.random.default_rng(7)
    seen: list[str] = []
    while len(seen) < FILMS_TO_SCREEN:
        turn = len(seen) // PAGE
        assert len(typist.ids) == len(set(typist.ids) - {""}) == PAGE
        seen += typist.ids
        some, other, third = sorted(int(one) for one in chance.choice(PAGE, 3, replace=False))
        typist.go_to(some)
        typist.decide(str(chance.integers(1, 5)))
        typist.go_to(other)
        typist.decide(str(chance.choice(["x", "l", "k"])))
        if turn == 2:
            screen.saved()
            shown = typist.ids, screen.states()
            screen.page.reload()
            screen.ready()
            typist.look()
            assert (typist.ids, screen.states(), typist.place) == (*shown, other)
        if turn == 5:
            screen.saved()
            screen.ahead()
            mortal.kill()
        typist.go_to(third)
        typist.decide(str(chance.integers(1, 5)))
        typist.go_to(other)
        typist.decide(str(chance.integers(1, 5)))  # it stays so, or is given another reason
        if turn % 3 == 0:
            typist.take_back()
        typist.enter()  # the dead server's page too: the next one is there already
        if turn == 5:
            screen.until('[data-banner="trouble"]')
            mortal.start()
            ahead = typist.ids
            screen.come(mortal.addresses["a.b"])
            screen.saved()
            assert screen.warned == 1
            typist.look()
            assert typist.ids == ahead
    screen.saved()

    assert len(set(seen)) == len(seen) == 7 * PAGE
    assert mortal.logged("a.b") == typist.lines
    assert screen.text(".progress-done").split() == ["210", "of", "240", "done", "30", "left"]


def test_unsaved_decisions_survive_a_dead_server_and_a_reload(
    mortal: Server, tab: Callable[[Server], Screen]
) -> None:
    from playwright.sync_api import Error

    screen = tab(mortal).come(mortal.addresses["a.b"])
    typist = Typist(screen)
    mortal.kill()
    typist.decide("2")
    typist.go_to(3)
    typist.decide("k")
    typist.go_to(8)
    typist.decide("3")
    banner = screen.page.locator('[data-banner="trouble"]')
    banner.wait_for()
    screen.page.get_by_text("3 decisions are not saved yet: the server does not answer").wait_for()
    assert screen.page.locator('[data-saving="true"][data-state]').count() >= 3
    with pytest.raises(Error, match="ERR_CONNECTION_REFUSED"):
        screen.page.reload()
    assert screen.warned == 1

    mortal.start()
    screen.come(mortal.addresses["a.b"])
    screen.saved()

    assert mortal.logged("a.b") == typist.lines
    assert screen.ids()[0] not in {typist.ids[0], typist.ids[3], typist.ids[8]}


def test_an_ended_session_goes_on_once_the_new_address_is_open_in_another_tab(
    mortal: Server, tab: Callable[[Server], Screen]
) -> None:
    screen = tab(mortal).come(mortal.addresses["a.b"])
    typist = Typist(screen)
    mortal.kill()
    mortal.start()
    typist.decide("1")
    screen.page.get_by_text("Ask the person who sent you the address for a new one").wait_for()

    other = tab(mortal).come(mortal.addresses["a.b"])
    screen.saved()
    screen.until_gone("[data-banner]")

    assert mortal.logged("a.b") == typist.lines
    assert other.errors == []
