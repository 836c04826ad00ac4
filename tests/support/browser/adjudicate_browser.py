"""A server of pairs that can be killed, films known by their pixels, and a reviewer's hands."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import VERDICT
from cxr_release.films import png
from cxr_release.logbook import log
from cxr_release.review_app.adjudicate import adjudicate
from cxr_release.review_app.site import Site
from cxr_release.screening.anatomy import load_anatomy
from tests.support import ROOT
from tests.support.browser.mortal import MortalServer
from tests.support.browser.tab import Tab
from tests.support.oriented import oriented_row
from tests.support.plain_pairs import MATCH
from tests.support.unspaced import NO_SPACING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Request

PAIRS, SIDE, BLOCK = 20, 64, 16
TITLE = "Audit <i>of phantoms</i>"
KEYS = {"1": "copy", "3": "not-a-copy", "2": "unsure"}
EQUAL, MIRRORED, INVERTED, BOTH = range(4)
"""Places of the pairs whose synthetic film is the real one, turned so; all others differ."""
Grey = NDArray[np.float64]


@dataclass
class Archive:
    """What a test knows of the films and the page does not."""

    folder: Path
    pairs: list[tuple[str, str]] = field(default_factory=list)
    """Ids, the most similar pair first."""
    hashes: list[tuple[str, str]] = field(default_factory=list)
    """SHA-256 of both films' pixels, in the same order."""


def make_archive(folder: Path) -> Archive:
    """Pairs of chequered films; neither table has them in the order of rank."""
    chance = np.random.default_rng(11)
    pairs = []
    for place in range(PAIRS):
        real, other = (
            np.kron(
                chance.integers(0, 256, (SIDE // BLOCK, SIDE // BLOCK)), np.ones((BLOCK, BLOCK))
            ).astype(np.uint8)
            for _ in range(2)
        )
        synthetic = {
            EQUAL: real,
            MIRRORED: real[:, ::-1],
            INVERTED: 255 - real,
            BOTH: 255 - real[:, ::-1],
        }.get(place, other)
        view = schemas.VIEWS[place] if place < len(schemas.VIEWS) else "plain"
        pairs.append((real, synthetic, {"view": view}))
    return write_archive(folder, pairs)


def write_archive(
    folder: Path, pairs: Sequence[tuple[png.Film, png.Film, Mapping[str, Any]]]
) -> Archive:
    """Tables of real films, synthetic films and pairs of them, the most similar pair first.

    Args:
        folder: where to.
        pairs: real film, synthetic film, and what the audit says of them; see `MATCH`.
    """
    archive = Archive(folder)
    reals, synthetics, rows = [], [], []
    for place, (real, other, match) in enumerate(pairs):
        data = png.encode(real, synthetic=False)
        name = f"phantom-{place:05d}"
        facts = png.facts(real, data)
        reals.append(
            {"image": png.cell(data, name), "id": name, "patient": name, "inverted": False}
            | {"facing": "left", "flipped": False}
            | facts
            | NO_SPACING
        )
        synthetic = oriented_row(np.ascontiguousarray(other), 3, "large", len(pairs) - place)
        synthetics.append(synthetic)
        rows.append(
            {
                "rank": place + 1,
                "real_id": name,
                "synthetic_id": synthetic["id"],
                "cosine": 0.9 - place / 100,
                "view": "plain",
                "percentile": 50.0,
                "flagged": False,
                **MATCH,
                **match,
            }
        )
        archive.pairs.append((name, synthetic["id"]))
        archive.hashes.append((str(facts["pixel_sha256"]), synthetic["pixel_sha256"]))
    tables.write(folder / "cohort.parquet", schemas.COHORT, reals[::-1])
    tables.write(folder / "synthetic.parquet", schemas.ORIENTED, synthetics[::-1])
    tables.write(folder / "pairs.parquet", schemas.PAIRS, rows[::-1])
    return archive


def serve_pairs(asked: dict[str, Any]) -> None:
    """`adjudicate`, in the server's process."""
    site = Site("127.0.0.1", asked.pop("port"))
    adjudicate(**asked, site=site)


class PairServer(MortalServer):
    """`adjudicate`, which can be killed."""

    def __init__(
        self, archive: Archive, folder: Path, reviewers: Sequence[str], **more: Any
    ) -> None:
        self.folder = folder
        asked = {
            **{name: archive.folder / f"{name}.parquet" for name in ("pairs", "cohort")},
            "report": archive.folder / "audit.json",
            "synthetic": [archive.folder / "synthetic.parquet"],
            "audit_log": folder / "audit",
            "orders": folder / "orders",
            "title": TITLE,
            "anatomy": load_anatomy(ROOT / "cards/phantoms/anatomy.yaml"),
            **more,
        }
        super().__init__(serve_pairs, asked, reviewers)

    def logged(self, reviewer: str) -> list[tuple[tuple[str, str], str, str]]:
        """Pair, verdict and note of every line, in order."""
        path = self.folder / "audit" / f"{reviewer}.jsonl"
        lines = log.read(VERDICT, path) if path.exists() else []
        return [(line.about, line.verdict, line.note) for line in lines]


class Table(Tab):
    """A tab with the audit page, and the reviewer's hands."""

    def __init__(self, page: Page, server: PairServer, archive: Archive) -> None:
        super().__init__(page, server)
        self.server = server
        self.archive = archive
        self.asked: list[str] = []
        """Paths of all requests so far, films by no name."""

    def asks(self, request: Request) -> None:
        if not request.url.startswith("blob:"):
            path = request.url.removeprefix(self.server.base).partition("?")[0]
            self.asked.append(path)

    def come(self, address: str) -> Table:
        self.arrive(address)
        self.ready()
        return self

    def ready(self) -> None:
        """A pair has stood on the screen for long enough to be judged."""
        self.until('#pair:not([hidden])[data-ready="true"]')

    def drawn(self) -> None:
        """What was pressed is on the screen."""
        self.page.evaluate("new Promise((wake) => requestAnimationFrame(() => setTimeout(wake)))")

    def look(self, mode: str) -> None:
        """Side by side, flicker or difference, by the keyboard alone."""
        while self.page.locator("#pair").get_attribute("data-mode") != mode:
            self.press("v")

    def judge(self, key: str) -> None:
        """A verdict, and on to the next pair or the end."""
        before = self.name()
        self.press(key)
        self.until_gone(f'#pair:not([hidden])[data-pair="{before}"]')
        self.until('#empty-state:not([hidden]) h2, #pair:not([hidden])[data-ready="true"]')

    def saved(self) -> None:
        """The server has acknowledged everything."""
        self.until(".progress-saving:empty")
        self.until_gone('.verdict-state[data-saving="true"]')

    def name(self) -> str:
        return self.page.locator("#pair").get_attribute("data-pair") or ""

    def pair(self) -> int:
        """Place of the pair on the screen, known by the pixels of both films."""
        real, synthetic = self.hashes(".film-pane img")
        return self.archive.hashes.index((real, synthetic))

    def pane(self, kind: str) -> Locator:
        return self.page.locator(f'.film-pane[data-kind="{kind}"]')

    def rect(self, kind: str) -> list[float]:
        """Where a film lies within its place: left, top, width, height in pixels."""
        found: list[float] = self.pane(kind).evaluate(
            """(pane) => {
              const film = pane.querySelector("img").getBoundingClientRect();
              const { left, top } = pane.getBoundingClientRect();
              return [film.left - left, film.top - top, film.width, film.height];
            }"""
        )
        return found

    def greys(self, kind: str) -> Grey:
        """What the screen shows of a film: the middles of its squares, 0 … 255."""
        return middles(self.shot(), self.pane(kind).locator("img").bounding_box())

    def shot(self) -> Grey:
        """The whole screen. It must be grey where it is looked at."""
        with Image.open(io.BytesIO(self.page.screenshot())) as image:
            return np.asarray(image.convert("L"), np.float64)


def middles(shot: Grey, box: Any) -> Grey:
    """Grey values in the middles of a chequered film's squares, (squares, squares)."""
    assert box
    squares = SIDE // BLOCK
    places = (np.arange(squares) + 0.5) / squares
    rows = (box["y"] + places * box["height"]).astype(int)
    columns = (box["x"] + places * box["width"]).astype(int)
    return shot[np.ix_(rows, columns)]
