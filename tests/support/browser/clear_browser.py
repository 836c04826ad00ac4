"""A server of real films that can be killed, and the hands of who looks for text on them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from cxr_release.clearance.statement import CLEARANCE
from cxr_release.films import png
from cxr_release.films.png import Film
from cxr_release.logbook import log
from cxr_release.review_app.clear import clear
from cxr_release.review_app.site import Site
from tests.support.browser.mortal import MortalServer
from tests.support.browser.tab import Tab
from tests.support.real_folder import RealFolder, checks

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTH, HEIGHT = 1_400, 704
KEYS = {"2": "clear", "1": "text"}


def serve_films(asked: dict[str, Any]) -> None:
    """`clear`, in the server's process."""
    site = Site("127.0.0.1", asked.pop("port"))
    clear("data/raw", **asked, site=site)


class ClearServer(MortalServer):
    """`clear`, which can be killed; each server has logs of its own."""

    def __init__(
        self, real: RealFolder, folder: Path, reviewers: Sequence[str], **more: Any
    ) -> None:
        self.folder = folder
        paths = real.paths
        asked = {
            "root": paths.root,
            "manifest": paths.manifest,
            "film_key": paths.film_key,
            "flags": paths.text_flags,
            "clearance_log": folder / "burned-in",
            "orders": folder / "orders",
            "title": "Text <i>on films</i>",
            **more,
        }
        super().__init__(serve_films, asked, reviewers)

    def logged(self, reviewer: str) -> list[tuple[str, str]]:
        """Film and word of every line, in order."""
        path = self.folder / "burned-in" / f"{reviewer}.jsonl"
        lines = log.read(CLEARANCE, path) if path.exists() else []
        return [(line.real_id, line.decision) for line in lines]


class LightBox(Tab):
    """A tab with the page, and a person's hands."""

    def __init__(self, page: Page, server: ClearServer, real: RealFolder, films: int) -> None:
        super().__init__(page, server)
        self.server = server
        self._known = {
            png.pixel_sha256(checks(number, WIDTH, HEIGHT)): number for number in range(films)
        }
        self.real = real

    def come(self, reviewer: str) -> LightBox:
        self.arrive(self.server.addresses[reviewer])
        self.ready()
        return self

    def ready(self) -> None:
        self.until('#film[data-ready="true"]:not([hidden])')

    def settled(self) -> None:
        """The server has acknowledged everything."""
        self.until(".progress-saving:empty")
        self.until_gone('.decision-state[data-saving="true"]')

    def name(self) -> str:
        return self.page.locator("#film").get_attribute("data-film") or ""

    def number(self) -> int:
        """Which film is on the screen, known by its pixels."""
        (digest,) = self.hashes(".film-pane img")
        return self._known[digest]

    def film(self) -> str:
        """Opaque id of the film on the screen."""
        return self.real.id(self.number())

    def press_on(self, key: str) -> None:
        """Decide, and go on to the next film or the end."""
        before = self.name()
        self.press(key)
        self.gone_from(before)

    def gone_from(self, film: str) -> None:
        self.until(
            "#empty-state:not([hidden]) h2,"
            f' #film[data-ready="true"]:not([data-film="{film}"]):not([hidden])'
        )

    def corner(self, place: str) -> Film:
        """What the screen shows in a corner or at an edge."""
        data = self.page.locator(f'.corner[data-place="{place}"]').screenshot()
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("L"))

    @property
    def mode(self) -> str:
        return self.page.locator("#film").get_attribute("data-mode") or ""

    def scale(self) -> float:
        """Pixels of the page for a pixel of the film in the middle."""
        found: float = self.page.locator(".film-pane img").evaluate(
            "(image) => image.getBoundingClientRect().width / image.naturalWidth"
        )
        return found
