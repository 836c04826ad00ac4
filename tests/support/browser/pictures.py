"""The pictures of pages that the documents show: taken anew, and held against the pages.

`python -m tests.support.browser.pictures` takes those anew that show a page otherwise than it is.
"""

from __future__ import annotations

import base64
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import get_data_path
from numpy.typing import NDArray
from PIL import Image

from cxr_release.logbook.seeds import SEED_BYTES
from tests.support import ROOT
from tests.support.browser.chromium import NAMES, launch
from tests.support.browser.stages import stages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

COMMAND = "make pictures"
FLAGS = ("--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb")
"""So that text is drawn alike on other machines."""
WINDOW = (1440, 900)
PERSON = "reader.a"
AT = "2026-11-27T12:00:00.000Z"
"""When all that is shown was decided."""
FONTS = {
    "Pictured": {400: "DejaVuSans", 700: "DejaVuSans-Bold"},
    "Pictured Mono": {400: "DejaVuSansMono"},
}
"""Fonts that matplotlib brings: machines have others of their own."""
VISIBLE = 32
"""Grey levels by which a pixel differs from all around its place, so that it is seen."""
MOST = 10
"""Pixels that may differ so: another letter changes twice as many, and the same page none."""


@dataclass(frozen=True)
class Picture:
    """A page in one state of `stages`, as `docs/<page>.png` shows it."""

    page: str
    state: str
    size: tuple[int, int]
    """Width and height in pixels; no more than `WINDOW`, in which it is taken."""
    colours: int
    """Of its palette: most of a page is grey."""

    @property
    def path(self) -> Path:
        return ROOT / "docs" / f"{self.page}.png"


PICTURES = (
    Picture("review", "decisions", (1280, 800), 96),
    Picture("adjudicate", "pair", WINDOW, 256),
    Picture("study", "answered", WINDOW, 256),
)


@contextmanager
def staged(browser: Browser, picture: Picture, folder: Path) -> Iterator[Page]:
    """A page in the state of a picture.

    Args:
        browser: with `FLAGS`.
        picture: which.
        folder: empty; for what the page's server writes.
    """
    own = folder / picture.page
    (own / "orders").mkdir(parents=True)
    seed = {"reviewer": PERSON, "seed": "00" * SEED_BYTES, "at": AT}
    (own / "orders" / f"{PERSON}.json").write_text(json.dumps(seed))
    stage = stages(folder, [PERSON])[picture.page]()
    context = browser.new_context(
        viewport={"width": WINDOW[0], "height": WINDOW[1]},
        locale="en-GB",
        timezone_id="UTC",
        bypass_csp=True,  # else no font but the machine's
    )
    try:
        page = context.new_page()
        page.route("**/static/shared/style.css", _with_fonts)
        page.route(re.compile(r"/decisions$"), _at_one_time)
        tab = stage.open_tab(page)
        tab.arrive(stage.address(PERSON))
        for state, step in stage.states.items():
            step(tab)
            if state == picture.state:
                break
        yield page
    finally:
        context.close()
        stage.server.kill()


def take(page: Page, picture: Picture) -> Image.Image:
    """A page as it is now, in the picture's size and with a palette of its own."""
    page.evaluate("document.fonts.ready.then(() => {})")
    page.mouse.move(0, 0)
    page.evaluate("new Promise((wake) => requestAnimationFrame(() => setTimeout(wake, 100)))")
    data = page.screenshot(animations="disabled", caret="hide")
    shot = Image.open(io.BytesIO(data)).convert("RGB")
    sized = shot.resize(picture.size, Image.Resampling.LANCZOS)
    return sized.quantize(picture.colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def differing(one: Image.Image, other: Image.Image) -> int:
    """Pixels of either that no pixel of the other around the same place is like."""
    if one.size != other.size:
        return max(one.width * one.height, other.width * other.height)
    first, second = (np.asarray(each.convert("RGB"), np.int16) for each in (one, other))
    return int(np.count_nonzero(_apart(first, second) | _apart(second, first)))


def _apart(shot: NDArray[np.int16], other: NDArray[np.int16]) -> NDArray[np.bool_]:
    height, width, _ = shot.shape
    around = np.pad(other, ((1, 1), (1, 1), (0, 0)), mode="edge")
    nearest = np.full((height, width), 255, np.int16)
    for down in range(3):
        for right in range(3):
            moved = around[down : down + height, right : right + width]
            np.minimum(nearest, np.abs(shot - moved).max(axis=2), out=nearest)
    return nearest > VISIBLE


def _with_fonts(route: Route) -> None:
    faces = [
        f'@font-face {{ font-family: "{family}"; font-weight: {weight};'
        f' src: url("data:font/ttf;base64,{_font(name)}"); }}'
        for family, weights in FONTS.items()
        for weight, name in weights.items()
    ]
    sans, mono = FONTS
    rules = [
        f':root {{ font-family: "{sans}" !important; }}',
        f':is(kbd, code, .film-code, .tile-code) {{ font-family: "{mono}" !important; }}',
    ]
    answer = route.fetch()
    route.fulfill(response=answer, body="\n".join([answer.text(), *faces, *rules]))


def _font(name: str) -> str:
    data = Path(get_data_path(), "fonts", "ttf", f"{name}.ttf").read_bytes()
    return base64.b64encode(data).decode()


def _at_one_time(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub(r'"at": ?"[^"]+"', f'"at": "{AT}"', answer.text()))


def renew(browser: Browser) -> list[Path]:
    """Take all pictures; those that show a page otherwise than it is are replaced."""
    renewed: list[Path] = []
    for picture in PICTURES:
        with (
            tempfile.TemporaryDirectory() as folder,
            staged(browser, picture, Path(folder)) as page,
        ):
            taken = take(page, picture)
        if picture.path.exists():
            with Image.open(picture.path) as committed:
                if differing(committed, taken) <= MOST:
                    continue
        beside = picture.path.with_suffix(".new")
        taken.save(beside, "PNG", optimize=True)
        beside.replace(picture.path)
        renewed.append(picture.path)
    return renewed


def main() -> None:
    """Renew the pictures of the documents."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = launch(playwright.chromium, *FLAGS)
        if browser is None:
            raise SystemExit(f"none of {', '.join(NAMES)} is on this machine")
        renewed = renew(browser)
        browser.close()
    for path in renewed:
        sys.stderr.write(f"{path.relative_to(ROOT)} is taken anew\n")
    sys.stderr.write(f"{len(PICTURES) - len(renewed)} of {len(PICTURES)} are as they were\n")


if __name__ == "__main__":
    main()
