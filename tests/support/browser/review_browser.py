"""A server that can be killed, films that are known by their pixels, and a reviewer's hands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr_release.films import png
from cxr_release.logbook import log
from cxr_release.review_app.review import review
from cxr_release.review_app.site import Site
from cxr_release.screening.decision import DECISION, FACING
from cxr_release.screening.findings import FINDINGS
from tests.support.browser.mortal import MortalServer
from tests.support.browser.tab import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page, Request, Route

FILMS, SIDE, BLOCK = 240, 64, 16
REASONS = {
    "airway-posterior": "Pharynx or trachea lies behind the spinal column.",
    "elements-inverted": "Anterior and posterior elements have changed places.",
    "spine-truncated": "The column ends or leaves the film where it should go on.",
    "wrong-facing": "The film does not face left.",
    "other": "Any other gross abnormality <b>in bold</b>.",
}
CODES = list(REASONS)
SEEN = {
    "osteophytes": "Bony spurs at the margins of vertebral bodies.",
    "fused-bodies": "Two or more vertebral bodies are one.",
    "hardware": "Metal <b>of an operation</b>.",
}
"""Findings that may be noted."""
TITLE = "Screening <i>of phantoms</i>"
A_PAGE = 24
"""Films that a window of that size holds."""


class Films:
    """What a test knows of the films and the page does not."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        """Hash of the pixels → id."""
        self.greys: dict[str, png.Film] = {}
        self.tables: list[Path] = []


def serve_review(asked: dict[str, Any]) -> None:
    """`review`, in the server's process."""
    site = Site("127.0.0.1", asked.pop("port"))
    review(**asked, site=site)


class Server(MortalServer):
    """`review` in a process that can be killed and started again on the same port."""

    def __init__(self, films: Films, folder: Path, reviewers: Sequence[str], **more: Any) -> None:
        self.folder = folder
        asked = {
            "tables": films.tables,
            "screening_log": folder / "screening",
            "facing_log": folder / "facing",
            "findings_log": folder / "findings",
            "findings": SEEN,
            "orders": folder / "orders",
            "reasons": REASONS,
            "title": TITLE,
            "required": len(reviewers),  # nobody's queue gets shorter by what others decide
            **more,
        }
        super().__init__(serve_review, asked, reviewers)

    def logged(self, reviewer: str) -> list[tuple[str, str, str, str]]:
        """Id, decision, reason and note of every line, in order."""
        path = self.folder / "screening" / f"{reviewer}.jsonl"
        lines = log.read(DECISION, path) if path.exists() else []
        return [(line.image_id, line.decision, line.reason, line.note) for line in lines]

    def faced(self, reviewer: str) -> list[tuple[str, str]]:
        """Id and facing of every line on facing, in order."""
        path = self.folder / "facing" / f"{reviewer}.jsonl"
        lines = log.read(FACING, path) if path.exists() else []
        return [(line.image_id, line.faces) for line in lines]

    def noted(self, reviewer: str) -> list[tuple[str, str]]:
        """Id and findings of every line on findings, in order."""
        path = self.folder / "findings" / f"{reviewer}.jsonl"
        lines = log.read(FINDINGS, path) if path.exists() else []
        return [(line.image_id, line.findings) for line in lines]


class Screen(Tab):
    """A tab with the screening page, and the reviewer's hands."""

    def __init__(self, page: Page, server: Server, films: Films) -> None:
        super().__init__(page, server)
        self.server = server
        self.films = films
        self.fetched: list[str] = []
        self.warned = 0
        self.answer: Callable[[Route], None] | None = None

    def asks(self, request: Request) -> None:
        if "/film/" in request.url:
            self.fetched.append(request.url.rpartition("/")[2])

    def leaves(self, dialog: Dialog) -> None:
        self.warned += dialog.type == "beforeunload"
        super().leaves(dialog)

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
        self.arrive(address)
        self.ready()
        return self

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

    def enter(self) -> None:
        """Enter, and wait for the next page."""
        before = self.names()
        self.press("Enter")
        self.until_gone(f'.tile[data-film="{before[0]}"]')
        self.ready()

    def enlarge(self) -> None:
        """The film in the frame over the page, laid out, which waits for the browser to read it."""
        self.press(" ")
        self.until('#enlarged:not([hidden]) .viewer-film[style*="width"]')

    def names(self) -> list[str]:
        found: list[str] = self.page.locator(".tile").evaluate_all(
            "tiles => tiles.map((tile) => tile.dataset.film)"
        )
        return found

    def ids(self) -> list[str]:
        """The films on the screen, known by their pixels; "" for one that is not there."""
        return [self.films.ids.get(digest, "") for digest in self.hashes(".tile")]

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
