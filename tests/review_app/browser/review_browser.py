"""A server that can be killed, films that are known by their pixels, and a reviewer's hands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mortal import MortalServer

from cxr_release.logbook import log
from cxr_release.radiographs import png
from cxr_release.screening.decision import DECISION

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Route

FILMS, SIDE, BLOCK = 240, 64, 16
REASONS = {
    "airway-posterior": "Pharynx or trachea lies behind the spinal column.",
    "elements-inverted": "Anterior and posterior elements have changed places.",
    "spine-truncated": "The column ends or leaves the film where it should go on.",
    "wrong-facing": "The film does not face left.",
    "other": "Any other gross abnormality <b>in bold</b>.",
}
CODES = list(REASONS)
TITLE = "Screening <i>of phantoms</i>"
SMALL = {"width": 1280, "height": 720}
A_PAGE = 24
"""Films that a window of that size holds."""
LONG = 10_000
"""Milliseconds that anything may take."""

SERVER = """
import json, sys
from pathlib import Path
from cxr_release.review_app.review import review
from cxr_release.review_app.site import Site
asked = json.load(sys.stdin)
paths = {name: Path(asked.pop(name)) for name in ("screening_log", "orders")}
site = Site("127.0.0.1", asked.pop("port"))
review([Path(one) for one in asked.pop("tables")], **paths, **asked, site=site)
"""

PIXELS = """
() => Promise.all([...document.querySelectorAll(".tile")].map(async (tile) => {
  const image = tile.querySelector("img");
  if (!image) return "";
  const { naturalWidth: width, naturalHeight: height } = image;
  const pen = new OffscreenCanvas(width, height).getContext("2d");
  pen.drawImage(image, 0, 0);
  const grey = pen.getImageData(0, 0, width, height).data.filter((_, place) => place % 4 === 0);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(grey)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}))
"""


WAIT = """
([selector, gone, patience]) => new Promise((resolve, reject) => {
  const late = setTimeout(() => reject(new Error(`waited for ${selector}`)), patience);
  const watch = new MutationObserver(look);
  function look() {
    if ((document.querySelector(selector) === null) !== gone) return;
    clearTimeout(late);
    watch.disconnect();
    resolve();
  }
  watch.observe(document, { subtree: true, childList: true, attributes: true });
  look();
})
"""
"""The page's rules forbid Playwright's own way to wait for a condition; a locator looks twice a
second."""


class Films:
    """What a test knows of the films and the page does not."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        """Hash of the pixels → id."""
        self.greys: dict[str, png.Film] = {}
        self.tables: list[Path] = []


class Server(MortalServer):
    """`review` in a process that can be killed and started again on the same port."""

    def __init__(self, films: Films, folder: Path, reviewers: Sequence[str]) -> None:
        self.folder = folder
        asked = {
            "tables": [str(path) for path in films.tables],
            "screening_log": str(folder / "screening"),
            "orders": str(folder / "orders"),
            "reasons": REASONS,
            "title": TITLE,
            "required": len(reviewers),  # nobody's queue gets shorter by what others decide
        }
        super().__init__(SERVER, asked, reviewers)

    def logged(self, reviewer: str) -> list[tuple[str, str, str, str]]:
        """Id, decision, reason and note of every line, in order."""
        path = self.folder / "screening" / f"{reviewer}.jsonl"
        lines = log.read(DECISION, path) if path.exists() else []
        return [(one.image_id, one.decision, one.reason, one.note) for one in lines]


class Screen:
    """A tab with the screening page, and the reviewer's hands."""

    def __init__(self, page: Page, server: Server, films: Films) -> None:
        self.page = page
        self.server = server
        self.films = films
        self.errors: list[str] = []
        self.fetched: list[str] = []
        self.warned = 0
        self.answer: Callable[[Route], None] | None = None
        page.set_default_timeout(LONG)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._console(message.text))
        page.on("request", self._request)
        page.on("dialog", self._leave)

    def _console(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.errors.append(text)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.server.base, "blob:", "data:")):
            self.errors.append(f"asked elsewhere: {request.url}")
        if "/film/" in request.url:
            self.fetched.append(request.url.rpartition("/")[2])

    def _leave(self, dialog: Any) -> None:
        self.warned += dialog.type == "beforeunload"
        dialog.accept()

    def intercept(self) -> None:
        """From now on `answer`, where it is set, answers decisions in the server's place.

        Before the page is opened: what is on its way when interception begins may never arrive.
        """

        def decide(route: Route) -> None:
            if self.answer is None:
                route.continue_()
            else:
                self.answer(route)

        self.page.route("**/decisions", decide)

    def come(self, address: str) -> Screen:
        self.page.goto(address)
        self.ready()
        return self

    def until(self, selector: str) -> None:
        """Something is there."""
        self.page.evaluate(WAIT, [selector, False, LONG])

    def until_gone(self, selector: str) -> None:
        self.page.evaluate(WAIT, [selector, True, LONG])

    def ready(self) -> None:
        """Every film is on the screen, and Enter would be heard."""
        self.until('#grid:not([hidden])[data-ready="true"]')

    def ahead(self) -> None:
        """The pages before and after this one have come, with all their films."""
        self.until('#grid[data-ahead="here"]')

    def saved(self) -> None:
        """The server has acknowledged everything."""
        self.until(".progress-saving:empty")
        self.until_gone('[data-saving="true"]')

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def enter(self) -> None:
        """Enter, and wait for the next page."""
        before = self.names()
        self.press("Enter")
        self.until_gone(f'.tile[data-film="{before[0]}"]')
        self.ready()

    def names(self) -> list[str]:
        found: list[str] = self.page.locator(".tile").evaluate_all(
            "tiles => tiles.map((tile) => tile.dataset.film)"
        )
        return found

    def ids(self) -> list[str]:
        """The films on the screen, known by their pixels; "" for one that is not there."""
        return [self.films.ids.get(one, "") for one in self.page.evaluate(PIXELS)]

    def states(self) -> list[str]:
        found: list[str] = self.page.locator(".tile").evaluate_all(
            "tiles => tiles.map((tile) => tile.dataset.state)"
        )
        return found

    def focused(self) -> int:
        return self.names().index(self.page.locator(".tile:focus").get_attribute("data-film") or "")

    def view(self, view: str) -> None:
        self.page.click(f'a[data-view="{view}"]')
        self.until(f'a[data-view="{view}"][aria-current="page"]')

    def told(self, text: str) -> None:
        """Wait until the page says this over the films."""
        self.page.locator("#toast", has_text=text).wait_for()

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()
