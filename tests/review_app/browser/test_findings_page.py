"""Findings on the screening page: noted at the keyboard and with the mouse, and nothing lost."""

from __future__ import annotations

from tests.support.browser.review_browser import Screen

OPEN = "dialog.findings"
SIDEBAR = ".film-findings"


def noted(screen: Screen, text: str) -> None:
    """The page says that this is on disk."""
    screen.page.locator(f'{SIDEBAR}:text-is("{text}")').wait_for()


def test_findings_are_chosen_by_letters_saved_by_enter_and_taken_back(
    screen: Screen, reviewer: str
) -> None:
    ids = screen.ids()
    screen.press("t")
    screen.until(OPEN)
    assert screen.page.locator(f"{OPEN} b").count() == 0  # meanings are text
    screen.press("c", "a", "x", "1", "k", "Enter")  # keys of decisions decide nothing in here
    noted(screen, "Findings: osteophytes, hardware")
    screen.press("ArrowRight", "t", "0", "Enter")
    noted(screen, "Findings: none of the list")
    screen.press("ArrowRight", "t")
    hint = screen.page.locator(f"{OPEN} [role=status]")
    while "Choose a finding" not in hint.inner_text():  # Enter may come too early: it says so
        assert "Letters choose" in hint.inner_text() or "only just opened" in hint.inner_text()
        screen.press("Enter")
    screen.press("b", "Escape")
    screen.until_gone(OPEN)
    assert screen.page.locator(SIDEBAR).inner_text() == ""

    screen.page.reload()
    screen.ready()
    screen.press("Home")
    noted(screen, "Findings: osteophytes, hardware")
    screen.press("t", "a", "Enter")
    noted(screen, "Findings: hardware")
    screen.press(" ", "t", "Delete")  # of the film that is enlarged
    screen.until_gone(OPEN)
    screen.page.locator(f"{SIDEBAR}:empty").wait_for(state="attached")
    screen.press("Escape", "k")
    screen.saved()
    assert screen.server.noted(reviewer) == [
        (ids[0], "hardware osteophytes"),
        (ids[1], "none"),
        (ids[0], "hardware"),
        (ids[0], "retract"),
    ]
    assert screen.server.logged(reviewer) == [(ids[0], "keep", "", "")]


def test_findings_by_mouse_and_what_is_not_saved_is_not_shown(
    screen: Screen, reviewer: str
) -> None:
    (first, *_) = screen.ids()
    screen.page.click('[title^="Which findings"]')
    screen.page.click('[data-finding="fused-bodies"]')
    screen.page.click(f"{OPEN} .primary")
    noted(screen, "Findings: fused bodies")
    screen.ahead()  # what is on its way when interception begins may never arrive
    screen.page.route("**/findings", lambda route: route.abort())
    screen.press("t", "b", "c", "Enter")
    screen.page.locator('#toast:has-text("Not saved: what you noted")').wait_for()
    noted(screen, "Findings: fused bodies")
    assert screen.server.noted(reviewer) == [(first, "fused-bodies")]
