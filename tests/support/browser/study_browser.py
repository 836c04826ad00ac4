"""A server of quartets that can be killed, films known by their pixels, and a reader's hands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr_release.logbook import log
from cxr_release.reader_study.answer import ANSWER, Answer
from cxr_release.review_app.site import Site
from cxr_release.review_app.study import serve_study
from tests.support.browser.mortal import MortalServer
from tests.support.browser.tab import Tab
from tests.support.study_kit import Drawn

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Response

TITLE = "Realism <i>of phantoms</i>"


@dataclass(frozen=True)
class Typed:
    """What a reader typed on one page."""

    rated: tuple[tuple[str, int], ...]
    """Film, by its name in the kit, and rating, in the order shown."""
    picked: str


def serve(asked: dict[str, Any]) -> None:
    """`serve_study`, in the server's process."""
    site = Site("127.0.0.1", asked.pop("port"))
    readers = asked.pop("reviewers")
    serve_study(**asked, readers=readers, site=site)


class StudyServer(MortalServer):
    """`serve_study`, which can be killed."""

    def __init__(self, drawn: Drawn, folder: Path, readers: Sequence[str], **more: Any) -> None:
        self.folder = folder
        asked = {
            "kit": drawn.path,
            "served": folder / "served.json",
            "answers": folder / "readers",
            "orders": folder / "orders",
            "links": folder / "links" / "secret",
            "title": TITLE,
            "going_back": False,
            **more,
        }
        super().__init__(serve, asked, readers)

    def lines(self, reader: str) -> list[Answer]:
        path = self.folder / "readers" / f"{reader}.jsonl"
        return log.read(ANSWER, path) if path.exists() else []

    def logged(self, reader: str) -> list[Typed]:
        return [Typed(tuple(line.rated.items()), line.picked) for line in self.lines(reader)]


class Seat(Tab):
    """A tab with the study's page, and the reader's hands."""

    def __init__(self, page: Page, server: StudyServer, drawn: Drawn) -> None:
        super().__init__(page, server)
        self.server = server
        self.drawn = drawn
        self.sent: list[str] = []
        """Address and body of every request."""
        self.answers: list[Response] = []
        page.on("response", self._response)

    def asks(self, request: Request) -> None:
        self.sent.append(f"{request.url} {request.post_data or ''}")

    def _response(self, answer: Response) -> None:
        self.answers.append(answer)

    def come(self, reader: str) -> Seat:
        """Open the link, and begin."""
        self.arrive(self.server.addresses[reader])
        return self.begin()

    def begin(self) -> Seat:
        """Leave the introduction, if there is one."""
        self.until('.start, #films[data-ready="true"]:not([hidden])')
        if self.page.locator(".start").count():
            self.press("Enter")
        self.ready()
        return self

    def ready(self) -> None:
        self.until('#films[data-ready="true"]:not([hidden])')

    def films(self) -> list[str]:
        """Names in the kit of the films on the screen, known by their pixels."""
        return [self.drawn.by_pixels[digest] for digest in self.hashes(".film-pane img")]

    def name(self) -> str:
        return self.page.locator("#films").get_attribute("data-page") or ""

    def fill(self, ratings: str, letter: str) -> Typed:
        """Rate each film, and pick one, by keyboard."""
        films = self.films()
        self.press(*ratings, letter)
        rated = zip(films, map(int, ratings), strict=True)
        return Typed(tuple(rated), films["abcdef".index(letter)])

    def submit(self) -> None:
        """On to the next page, or the end."""
        before = self.name()
        self.press("Enter")
        self.gone_from(before)

    def gone_from(self, page: str) -> None:
        self.until(
            f'#empty-state:not([hidden]) h2, #films[data-ready="true"]:not([data-page="{page}"])'
        )

    def said(self) -> list[tuple[str, bool]]:
        """Of each film: the rating that is marked, if any, and whether it is picked."""
        found: list[tuple[str, bool]] = [
            (one[0], one[1])
            for one in self.page.evaluate(
                """() => [...document.querySelectorAll(".film")].map((film) => [
                  film.querySelector('.ratings [aria-pressed="true"]')?.dataset.rating ?? "",
                  film.dataset.picked === "true",
                ])"""
            )
        ]
        return found

    @property
    def framed(self) -> int:
        return int(self.page.locator('.film[data-framed="true"]').get_attribute("data-place") or "")

    def received(self) -> list[str]:
        """Address, headers and body of every answer."""
        return [
            f"{answer.url} {answer.all_headers()} {self._body(answer)}"
            for answer in self.answers
            if re.match("http", answer.url)
        ]

    def _body(self, answer: Response) -> str:
        if "/?token=" in answer.url:  # the browser keeps none of a page that was left
            return self.offered
        return "" if 300 <= answer.status < 400 else repr(answer.body())
