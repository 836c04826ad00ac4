"""Pictures of pages in the documents show the pages as they are; a page that changes is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.support import ROOT
from tests.support.browser.chromium import launch
from tests.support.browser.pictures import (
    COMMAND,
    FLAGS,
    MOST,
    PICTURES,
    Picture,
    differing,
    staged,
    take,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STUDY = next(picture for picture in PICTURES if picture.page == "study")
OTHERWISE = {
    "a letter": "document.querySelector('[data-action=undo]').textContent = 'Unde'",
    "a button moved by 3 pixels": "document.querySelector('.submit').style.translate = '-3px'",
    "a rating": "document.querySelectorAll('[data-rating]')[1].ariaPressed = 'true'",
    "a film": "document.querySelector('.viewer-film').style.visibility = 'hidden'",
}
SMOOTHED = "document.querySelector('.place').style.opacity = 0.96"
"""Edges of letters are a few grey levels off, as on another machine."""


@pytest.fixture(scope="module")
def photographer(browser: Browser) -> Iterator[Browser]:
    """A browser that draws text alike on all machines."""
    own = launch(browser.browser_type, *FLAGS)
    assert own
    yield own
    own.close()


@pytest.mark.long
@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.page)
def test_the_documents_show_the_pages_as_they_are(
    photographer: Browser, tmp_path: Path, picture: Picture
) -> None:
    with staged(photographer, picture, tmp_path) as page:
        taken = take(page, picture)
    with Image.open(picture.path) as committed:
        assert committed.size == picture.size
        seen = differing(committed, taken)
    where = picture.path.relative_to(ROOT)
    assert seen <= MOST, f"{where} differs from the page in {seen} pixels: run `{COMMAND}`"


@pytest.mark.long
def test_a_page_that_looks_otherwise_is_noticed(photographer: Browser, tmp_path: Path) -> None:
    """Else the test above would say nothing."""
    with staged(photographer, STUDY, tmp_path) as page:
        before = take(page, STUDY)
        page.evaluate(SMOOTHED)
        assert differing(before, before := take(page, STUDY)) <= MOST
        for name, alter in OTHERWISE.items():
            page.evaluate(alter)
            assert differing(before, before := take(page, STUDY)) > MOST, name
        assert differing(before, before.resize((100, 100))) > MOST


def test_every_picture_of_a_page_is_shown_in_a_document() -> None:
    texts = [path.read_text("utf-8") for path in ROOT.glob("docs/*.md")]
    for picture in PICTURES:
        assert any(f"]({picture.path.name})" in text for text in texts), picture.page
    assert COMMAND.split()[1] + ": " in (ROOT / "Makefile").read_text()
