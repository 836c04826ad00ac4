"""Coming in with a real browser: previewers, second clicks, sessions that ended, wrong links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from tests.support.browser.review_browser import Films, Screen, Server
from tests.support.browser.tab import SMALL, open_context

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MAIL = "https://mail.example/"
"""A page elsewhere, on which somebody clicks a link."""
DARK = "getComputedStyle(document.body).backgroundColor"
GRID = '#grid[data-ready="true"]'


@pytest.fixture
def pages(browser: Browser) -> Iterator[list[Page]]:
    """Each of a browser of its own, without scripts."""
    contexts = [browser.new_context(viewport=SMALL, java_script_enabled=False) for _ in range(2)]
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


@pytest.fixture
def two(films: Films, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(films, tmp_path_factory.mktemp("two"), ["a.b", "c.d"])
    yield server
    server.kill()


def click_in_a_mail(page: Page, address: str) -> None:
    """A link on a page of another site: the strict cookies do not go along."""
    page.route(
        f"{MAIL}**",
        lambda route: route.fulfill(
            body=f'<a href="{address}">films</a>', content_type="text/html"
        ),
    )
    page.goto(MAIL)
    page.click("a")
    page.wait_for_url(f"{address.partition('/?')[0]}/**")


def previewed(address: str) -> int:
    """As a mail gateway looks at an address."""
    with urlopen(Request(address, headers={"User-Agent": "BingPreview/1.0b"})) as answer:  # noqa: S310
        return int(answer.status)


def refused(page: Page) -> str:
    """What stands on a dark page that lets nobody in."""
    assert page.locator("form, #grid").count() == 0
    text = page.locator("main").inner_text()
    assert "terminal" not in text
    return text


def test_after_a_previewer_the_person_comes_in_and_again_by_a_second_click(
    pages: list[Page], two: Server
) -> None:
    address, (page, other) = two.addresses["a.b"], pages
    sent: list[dict[str, str]] = []
    page.on("request", lambda request: sent.append(request.all_headers()))
    assert [previewed(address) for _ in range(3)] == [200] * 3
    for _ in range(2):
        click_in_a_mail(page, address)
        assert "The pages of a.b" in page.locator("main").inner_text()
        page.click("form button")
        page.wait_for_url("**/r/a.b/")
        assert page.title() == "Film screening"
    token = urlsplit(address).query.partition("=")[2]
    assert not [one for one in sent if token in one.get("referer", "")]

    # In another browser it is used up, and says so; the person is told whom to ask.
    other.goto(address)
    other.click("form button")
    assert "Ask the person who sent it to you" in refused(other)

    # Another person's address in the first browser asks before it goes on.
    click_in_a_mail(page, two.addresses["c.d"])
    page.click("form button")
    assert "a.b was the last to come in in this browser" in page.locator("main").inner_text()
    page.click("form button")
    page.wait_for_url("**/r/c.d/")


def test_a_session_that_ended_and_a_wrong_link_show_a_dark_page(
    browser: Browser, two: Server
) -> None:
    context = open_context(browser, hurried=False)
    page = context.new_page()
    try:
        screen = Screen(page, two, Films())
        screen.arrive(two.addresses["a.b"])
        page.wait_for_selector(GRID)
        two.kill()
        two.start()
        for address in (f"{two.base}/r/a.b/", f"{two.base}/?token=wrong", f"{two.base}/no/such"):
            page.goto(address)
            assert refused(page)
            assert page.evaluate(DARK) == "rgb(8, 9, 11)"
        page.goto(f"{two.base}/?token=")
        assert "Ask the person who sent it to you" in refused(page)
        screen.arrive(two.addresses["a.b"])
        page.wait_for_selector(GRID)
        assert screen.errors == []
    finally:
        context.close()
