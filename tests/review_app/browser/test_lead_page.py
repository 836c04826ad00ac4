"""The lead's page in a real browser: what it shows, and a link from its making to its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cxr_release.project import Project
from cxr_release.screening.record_decisions import decide
from tests.support.browser.lead_browser import LEAD, Servers
from tests.support.browser.looks import SCREENS, axe_faults, faults, shoot
from tests.support.browser.tab import LONG, open_context
from tests.support.team_project import SETTINGS, team_project

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PLAIN = {
    **SETTINGS,
    "review": {"assign": "shared"},
    "screen": {"reviewers_required": 2, "conflict": "adjudicate", "adjudicator": "rev.c"},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two people have decided on a few films, and differ on one."""
    project = team_project(tmp_path_factory.mktemp("led"), PLAIN)
    films, reasons = project.films(), project.reasons()
    common = {"films": films, "reasons": reasons, "note": ""}
    ids, log = [film.id for film in films], project.paths.screening_log
    decide(log, "rev.a", ids[:12], "keep", **common)
    decide(log, "rev.b", ids[:1], "exclude", reason="blank-or-noise", **common)
    decide(log, "rev.b", ids[1:11], "keep", **common)
    return project


@pytest.fixture(scope="module")
def servers(project: Project) -> Iterator[Servers]:
    servers = Servers(project.root)
    yield servers
    servers.kill()


@pytest.fixture
def page(browser: Browser, servers: Servers) -> Iterator[Page]:
    """The lead's page, with its tables."""
    context = open_context(browser, hurried=True)
    page = context.new_page()
    page.set_default_timeout(LONG)
    page.set_viewport_size({"width": 1440, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(servers.lead.addresses[LEAD])
    page.click("button")
    page.locator('main[aria-busy="false"]').wait_for()
    yield page
    context.close()
    assert not errors


def table_of(page: Page, selector: str) -> list[list[str]]:
    rows = page.locator(f"{selector} tr").all()
    return [[cell.inner_text() for cell in row.locator("th, td").all()] for row in rows]


def test_the_page_shows_the_tables_and_a_link_lives_until_it_is_revoked(
    page: Page, browser: Browser, project: Project
) -> None:
    overview = project.overview()
    shown = table_of(page, '[data-task="screening"]')
    assert shown[0] == ["person", "done", "keep", "exclude", "left", "an hour", "last seen", "link"]
    rows = {row["person"]: row for row in overview["tasks"]["screening"]["people"]}
    assert [row[0] for row in shown[1:]] == sorted(rows)
    for name, done, keep, exclude, left, *_ in shown[1:]:
        row = rows[name]
        numbers = (row["done"], row["words"]["keep"], row["words"]["exclude"], row["left"])
        assert (done, keep, exclude, left) == tuple(map(str, numbers))
    text = page.locator('[data-task="screening"]').inner_text()
    assert "48 films to do, 2 on each; 38 waiting. People differ on 1. 1 to settle." in text
    assert "Agreement: Cohen's kappa" in text
    reasons = table_of(page, "#reasons")
    assert reasons[1][:3] == ["checkpoint 1", "24", "1"]
    assert table_of(page, "#conflicts")[1][2] == "rev.a: keep, rev.b: exclude"
    # No wider than the window.
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440

    page.fill("input[name=person]", "new.one")
    page.click("#invite button")
    address = page.locator("#address").input_value()
    invited = '#invitations tbody tr:has-text("new.one")'
    page.locator(invited).wait_for()
    guest_context = open_context(browser, hurried=True)
    guest = guest_context.new_page()
    guest.set_default_timeout(LONG)
    guest.goto(address)
    guest.click("button")
    guest.locator("#grid img, .grid img, img").first.wait_for()
    page.locator(f'{invited} [data-act="send"]').click()
    page.locator(f'{invited}:has-text("2 ×")').wait_for()
    assert page.locator("#address").input_value() == address
    page.locator(f'{invited} [data-act="revoke"]').click()
    page.locator(f'{invited}:has-text("revoked")').wait_for()
    asked = "fetch('films?n=1').then((answer) => answer.status)"
    assert guest.evaluate(asked) == 403
    guest.goto(address)
    assert "Not let in" in guest.content()
    guest_context.close()
    with page.expect_download() as download:
        page.click('.downloads a:text-is("invitations")')
    assert "new.one,revoked" in Path(download.value.path()).read_text()


@pytest.mark.long
def test_the_page_is_well_on_every_screen(page: Page, browser: Browser) -> None:
    """It shows no film, so a phone will do."""
    for screen in SCREENS:
        context = browser.new_context(
            **screen.context(), storage_state=page.context.storage_state()
        )
        here = context.new_page()
        here.goto(page.url)
        here.locator('main[aria-busy="false"]').wait_for()
        assert faults(here, screen) == [], screen.name
        assert axe_faults(here, ("moderate", "serious", "critical")) == [], screen.name
        shoot(here, f"lead-{screen.name}")
        context.close()
