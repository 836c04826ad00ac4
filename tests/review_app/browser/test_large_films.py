"""The screening page with films that are larger than its tiles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cxr_release import schemas, tables
from tests.support.browser.review_browser import Films, Screen, Server
from tests.support.oriented import oriented_row

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

COUNT, LARGE = 24, 640


@pytest.mark.long
def test_tiles_hold_small_pictures_and_the_enlarged_film_every_pixel(
    context: BrowserContext, tmp_path: Path
) -> None:
    chance = np.random.default_rng(5)
    known, rows = Films(), []
    for index in range(COUNT):
        greys = chance.integers(0, 256, (40, 40))
        film = np.kron(greys, np.ones((16, 16))).astype(np.uint8)
        row = oriented_row(film, 3, "initial", index)
        known.ids[row["pixel_sha256"]] = row["id"]
        rows.append(row)
    known.tables = [tmp_path / "checkpoint-3-initial.parquet"]
    tables.write(known.tables[0], schemas.ORIENTED, rows)
    server = Server(known, tmp_path / "logs", ["a.b"])
    try:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        screen = Screen(page, server, known)
        screen.come(server.addresses["a.b"])
        sides = page.evaluate(
            "[...document.querySelectorAll('.tile img')].map((image) => image.naturalWidth)"
        )
        assert sides == [256] * COUNT
        films = [url for url in asked if "/film/" in url]
        assert all(url.endswith("?w=256") for url in films)
        screen.press(" ")
        page.wait_for_selector(".enlarged-stage img.viewer-film")
        for _ in range(100):
            (digest,) = screen.hashes(".enlarged-stage img.viewer-film")
            if digest in known.ids:
                break
            page.wait_for_timeout(50)
        assert digest in known.ids  # every pixel is the film's own
        assert any("/film/" in url and "?w=" not in url for url in asked)
        screen.press("Escape", "k")
        page.locator('.tile[data-state="keep"]').first.wait_for()
        assert screen.errors == []
    finally:
        server.kill()
