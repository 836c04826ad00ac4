"""No number on a page is that of an answer that was kept: it is that of the newest one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cxr_release import schemas, tables
from cxr_release.logbook import log
from cxr_release.screening.decision import DECISION, NewDecision
from tests.support.browser.review_browser import Screen, Server

if TYPE_CHECKING:
    from playwright.sync_api import Page

WATCH = """
() => {
  const bar = document.querySelector(".progress-bar");
  window.counted = [];
  const note = () => window.counted.push(Number(bar.getAttribute("aria-valuenow")));
  new MutationObserver(note).observe(bar, { attributes: true });
  note();
}
"""
"""Keeps every number that the counter shows."""
BACK = 'dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))'
"""As when a browser takes the page out of its memory."""
SIZES = {24: (1280, 720), 30: (1440, 900)}
"""Films that a window of that size holds."""


def expect(locator: Any) -> Any:
    from playwright.sync_api import expect

    return expect(locator)


def resize(screen: Screen, films: int) -> None:
    width, height = SIZES[films]
    screen.page.set_viewport_size({"width": width, "height": height})
    screen.page.wait_for_timeout(200)  # until the window rests
    expect(screen.page.locator(".tile")).to_have_count(films)
    screen.ready()


def done(screen: Screen) -> int:
    return int(screen.page.locator(".progress-bar").get_attribute("aria-valuenow") or "")


def test_the_counter_never_falls_whatever_page_comes_again(screen: Screen) -> None:
    resize(screen, 30)
    screen.ahead()
    resize(screen, 24)  # the larger page is kept by now, and so are those around it
    screen.ahead()
    screen.page.evaluate(WATCH)
    screen.press("1", "ArrowRight", "k", "ArrowRight", "1")
    screen.saved()
    assert done(screen) == 3
    resize(screen, 30)
    assert done(screen) == 3
    resize(screen, 24)
    screen.enter()
    screen.saved()
    assert done(screen) == 24
    screen.press("PageUp")
    screen.until('.tile[data-state="exclude"]')
    screen.ready()
    assert done(screen) == 24
    resize(screen, 30)
    assert done(screen) == 24
    screen.view("decided")
    screen.page.go_back()
    screen.until('a[data-view="queue"][aria-current="page"]')
    screen.page.go_forward()
    screen.until('a[data-view="decided"][aria-current="page"]')
    screen.view("queue")
    screen.ready()
    counted: list[int] = screen.page.evaluate("window.counted")
    assert counted == sorted(counted)
    assert counted[-1] == done(screen) == 24
    assert screen.text(".progress-done").split()[0] == "24"


def test_two_tabs_count_alike_and_an_empty_view_fills(
    screen: Screen, tab: Callable[[Server], Screen], reviewer: str
) -> None:
    other = tab(screen.server).come(f"{screen.server.base}/r/{reviewer}/")
    other.page.click('a[data-view="excluded"]')
    other.page.get_by_text("You have excluded no film.").wait_for()
    screen.press("k", "ArrowRight", "1")
    screen.saved()
    other.until('.tile[data-state="exclude"]')
    other.until('.progress-bar[aria-valuenow="2"]')
    screen.press("u")
    screen.saved()
    other.until('.progress-bar[aria-valuenow="1"]')


ORDERS: list[tuple[list[tuple[str, int, str]], str]] = [
    # (what is said, moment of the server, asked before the answer before it came)
    ([("a", 1, "after"), ("b", 2, "after")], "b"),
    ([("b", 2, "after"), ("a", 1, "before")], "b"),
    ([("a", 1, "after"), ("b", 2, "before")], "b"),
    ([("a", 9, "after"), ("b", 2, "after")], "b"),  # the server was started again elsewhere
    ([("a", 5, "after"), ("b", 5, "before")], "b"),
]


def test_answers_may_come_in_any_order(bare: Page) -> None:
    said: Any = bare.evaluate(
        """async (orders) => {
          const { Latest, now } = await import("/static/shared/connection.js");
          return orders.map((answers) => {
            const latest = new Latest();
            for (const [value, moment, asked] of answers) {
              latest.update({ value }, moment, asked === "after" ? now() : 0);
            }
            return latest.value.value;
          });
        }""",
        [answers for answers, _ in ORDERS],
    )
    assert said == [newest for _, newest in ORDERS]


def test_a_list_that_comes_late_takes_no_verdict_back(bare: Page) -> None:
    said: Any = bare.evaluate(
        """async () => {
          const { Worklist } = await import("/static/shared/worklist.js");
          const pairs = new Worklist({ latest: () => null }, "verdict");
          const pair = (verdict) => ({ name: "x", verdict });
          pairs.merge([pair(null)], performance.now());
          const askedAt = performance.now() - 1;
          pairs.update(pair("copy"));
          pairs.merge([pair(null)], askedAt);
          const late = pairs.at(0).verdict;
          pairs.merge([pair("unsure")], performance.now() + 1);
          return [late, pairs.at(0).verdict];
        }"""
    )
    assert said == ["copy", "unsure"]


def test_another_machine_s_decisions_are_counted_when_somebody_looks_again(
    screen: Screen, reviewer: str
) -> None:
    server = screen.server
    wish = NewDecision(*elsewhere(screen), "keep")
    log.append(DECISION, server.folder / "screening", reviewer, [wish])
    assert done(screen) == 0
    screen.page.evaluate(BACK)
    screen.until('.progress-bar[aria-valuenow="1"]')


def elsewhere(screen: Screen) -> tuple[str, str]:
    """Id and SHA-256 of a film that is not on the screen."""
    shown = set(screen.ids())
    rows = tables.iterate(screen.films.tables[0], schemas.ORIENTED)
    return next((row["id"], row["sha256"]) for row in rows if row["id"] not in shown)
