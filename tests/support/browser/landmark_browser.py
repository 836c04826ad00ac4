"""A server of films to place landmarks on, which can be killed, and a reader's hands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr_release import schemas, tables
from cxr_release.film_size import Size
from cxr_release.landmarks.page_films import Drawn
from cxr_release.landmarks.placement import PLACEMENT, points_of_text, text_of
from cxr_release.landmarks.points import MODEL, NAMES, Points, column_of, template
from cxr_release.logbook import log
from cxr_release.review_app.landmark import landmark
from cxr_release.review_app.site import Site
from tests.support.browser.mortal import MortalServer
from tests.support.browser.tab import Tab
from tests.support.oriented import oriented_row

if TYPE_CHECKING:
    from playwright.sync_api import Page


def serve_films(asked: dict[str, Any]) -> None:
    """`landmark`, in the server's process."""
    site = Site("127.0.0.1", asked.pop("port"))
    drawn = Drawn(asked.pop("drawn"), {})
    landmark(drawn, asked.pop("films"), **asked, site=site)


class LandmarkServer(MortalServer):
    """`landmark`, which can be killed; each server has logs of its own."""

    def __init__(
        self,
        films: Sequence[Path],
        drawn: Mapping[str, str],
        folder: Path,
        reviewers: Sequence[str],
        *,
        size: Size,
        model: Path,
        **more: Any,
    ) -> None:
        self.folder = folder
        asked = {
            "films": list(films),
            "drawn": dict(drawn),
            "model": model,
            "landmark_log": folder / "landmarks",
            "orders": folder / "orders",
            "title": "Landmarks <i>of films</i>",
            "size": size,
            **more,
        }
        super().__init__(serve_films, asked, reviewers)

    def logged(self, reviewer: str) -> list[tuple[str, str, str, str]]:
        """Film, decision, points and moved ones of every line, in order."""
        path = self.folder / "landmarks" / f"{reviewer}.jsonl"
        lines = log.read(PLACEMENT, path) if path.exists() else []
        return [(line.image_id, line.decision, line.points, line.moved) for line in lines]

    def points(self, reviewer: str) -> dict[str, Points]:
        """Film → the points that were logged last."""
        return {film: points_of_text(text) for film, _, text, _ in self.logged(reviewer) if text}


class Caliper(Tab):
    """A tab with the page, and a reader's hands."""

    def __init__(self, page: Page, server: LandmarkServer) -> None:
        super().__init__(page, server)
        self.server = server

    def come(self, reviewer: str) -> Caliper:
        self.arrive(self.server.addresses[reviewer])
        self.ready()
        return self

    def ready(self) -> None:
        self.until('#film[data-ready="true"]:not([hidden])')

    def name(self) -> str:
        return self.page.locator("#film").get_attribute("data-film") or ""

    def settled(self) -> None:
        """The server has acknowledged everything."""
        self.until(".progress-saving:empty")
        self.until_gone('.decision-state[data-saving="true"]')

    def save(self) -> None:
        """Save with Enter, and go on to the next film or the end."""
        before = self.name()
        self.press("Enter")
        self.gone_from(before)

    def gone_from(self, film: str) -> None:
        self.until(
            "#empty-state:not([hidden]) h2,"
            f' #film[data-ready="true"]:not([data-film="{film}"]):not([hidden])'
        )

    def middle(self, point: str) -> tuple[float, float]:
        """Where a point is on the screen."""
        box = self.page.locator(f'.dot[data-point="{point}"]').bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, point: str, right: float, down: float) -> None:
        """Drag a point by pixels of the screen."""
        x, y = self.middle(point)
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + right / 2, y + down / 2)
        mouse.move(x + right, y + down)
        mouse.up()

    def scale(self) -> float:
        """Pixels of the screen for a pixel of the film."""
        found: float = self.page.locator(".film-pane img").evaluate(
            "(image) => image.getBoundingClientRect().width / image.naturalWidth"
        )
        return found

    @property
    def selected(self) -> str:
        return self.page.locator('.dot[data-selected="true"]').get_attribute("data-point") or ""

    def select(self, point: str) -> None:
        """By the keyboard alone."""
        while self.selected != point:
            assert self.selected in NAMES
            self.press("ArrowRight")


SIZE = Size(64, 64)


@dataclass(frozen=True)
class Room:
    """Films, and where the teacher put points on them."""

    table: Path
    films: dict[str, str]
    model: Path
    began: Points

    def server(
        self, folder: Path, readers: Sequence[str], films: int | None = None
    ) -> LandmarkServer:
        some = dict(list(self.films.items())[:films])
        return LandmarkServer([self.table], some, folder, readers, size=SIZE, model=self.model)


def make_room(folder: Path, films: int) -> Room:
    """Films of noise in a folder, with points of a model a quarter of a pixel off the template."""
    chance = np.random.default_rng(3)
    rows = [
        oriented_row(chance.integers(0, 256, SIZE.shape, np.uint8), 3, "large", index)
        for index in range(films)
    ]
    tables.write(folder / "films.parquet", schemas.ORIENTED, rows)
    began = points_of_text(text_of(template(SIZE) + 0.25))
    column = column_of(began, np.ones(23), MODEL, SIZE)
    placed = [
        {"id": row["id"], "sha256": row["sha256"], "keypoints": column, "angles": None}
        for row in rows
    ]
    tables.write(folder / "model.parquet", schemas.LANDMARKS, placed)
    shown = {row["id"]: row["sha256"] for row in rows}
    return Room(folder / "films.parquet", shown, folder / "model.parquet", began)
