"""A real browser, and a real server in a process of its own.

Without Playwright or Chromium these tests are skipped; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cxr_release import schemas, tables
from tests.support.browser.chromium import NAMES, launch
from tests.support.browser.review_browser import BLOCK, FILMS, SIDE, Films, Screen, Server
from tests.support.browser.tab import open_context
from tests.support.oriented import oriented_row

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

_TAKEN = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Not for the whole session: Playwright's event loop would run on under the other tests."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        if browser is None:
            pytest.skip(f"none of {', '.join(NAMES)} is on this machine: apt-get install chromium")
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Films:
    """A set of films in two tables; each is a chequered field of greys of its own."""
    folder = tmp_path_factory.mktemp("oriented")
    chance = np.random.default_rng(4)
    found, paths = Films(), []
    for checkpoint in (3, 6):
        rows = []
        for index in range(FILMS // 2):
            greys = chance.integers(0, 256, (SIDE // BLOCK, SIDE // BLOCK))
            film = np.kron(greys, np.ones((BLOCK, BLOCK))).astype(np.uint8)
            row = oriented_row(film, checkpoint, "initial", index)
            found.ids[row["pixel_sha256"]] = row["id"]
            found.greys[row["id"]] = film
            rows.append(row)
        paths.append(folder / f"checkpoint-{checkpoint}-initial.parquet")
        tables.write(paths[-1], schemas.ORIENTED, rows)
    found.tables = paths
    return found


@pytest.fixture(scope="session")
def hall(films: Films, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that let it live; each test is a reviewer of its own."""
    reviewers = [
        f"{kind}.{letter}" for kind in ("reader", "other", "third") for letter in "abcdefghijklmnop"
    ]
    server = Server(films, tmp_path_factory.mktemp("hall"), reviewers)
    yield server
    server.kill()


@pytest.fixture
def mortal(films: Films, tmp_path: Path) -> Iterator[Server]:
    """A server to be killed."""
    server = Server(films, tmp_path, ["a.b"])
    yield server
    server.kill()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = open_context(browser, hurried=False)
    yield context
    context.close()


@pytest.fixture
def tab(context: BrowserContext, films: Films) -> Iterator[Callable[[Server], Screen]]:
    """Opens tabs. At the end none of them may have complained."""
    screens: list[Screen] = []

    def open_tab(server: Server) -> Screen:
        screens.append(Screen(context.new_page(), server, films))
        return screens[-1]

    yield open_tab
    assert [screen.errors for screen in screens] == [[] for _ in screens]


@pytest.fixture
def bare(context: BrowserContext, hall: Server) -> Page:
    """A page without films, in which a test imports a script of ours by itself."""
    page = context.new_page()
    page.goto(f"{hall.base}/static/shared/style.css")
    return page


@pytest.fixture
def screen(tab: Callable[[Server], Screen], hall: Server, request: pytest.FixtureRequest) -> Screen:
    """A tab of a reviewer whom no other test uses."""
    return tab(hall).come(hall.addresses[reviewer_of(hall, request)])


@pytest.fixture
def reviewer(hall: Server, request: pytest.FixtureRequest) -> str:
    return reviewer_of(hall, request)


def reviewer_of(hall: Server, request: pytest.FixtureRequest) -> str:
    """The reviewer of a test: the first who is free."""
    taken: dict[str, str] = request.session.stash.setdefault(_TAKEN, {})
    if request.node.nodeid not in taken:
        taken[request.node.nodeid] = hall.reviewers[len(taken)]
    return taken[request.node.nodeid]
