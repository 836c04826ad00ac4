"""A tab of a real browser, and whatever all our pages' tests ask of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cxr_release.review_app.pages import STATIC
from tests.support.browser.mortal import MortalServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Request

SMALL = {"width": 1280, "height": 720}
LONG = 30_000
"""Milliseconds that anything may take."""

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

HASHES = """
(selector) => Promise.all([...document.querySelectorAll(selector)].map(async (place) => {
  const image = place.matches("img") ? place : place.querySelector("img");
  if (!image) return "";
  const { naturalWidth: width, naturalHeight: height } = image;
  const pen = new OffscreenCanvas(width, height).getContext("2d");
  pen.drawImage(image, 0, 0);
  const grey = pen.getImageData(0, 0, width, height).data.filter((_, place) => place % 4 === 0);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(grey)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}))
"""
"""SHA-256 of the pixels of each film on the screen; "" for one that is not there."""


HURRY = """
const shorten = (name, waits) => {
  const plain = window[name];
  window[name] = (wake, wait, ...more) =>
    plain(wake, waits.includes(wait) ? wait / 10 : wait, ...more);
};
"""


INTRODUCED = """
{
  const [, place, person] = location.pathname.split("/");
  const pages = place === "r" ? ["review", "audit", "landmarks", "burned-in"] : [];
  for (const page of pages) {
    try {
      localStorage.setItem(`cxr-release/${page}/${person}/introduced`, "yes");
    } catch {
      // a test takes the storage away
    }
  }
}
"""
"""Whoever opens a page has put its first card away before."""


def open_context(
    browser: Browser, *, hurried: bool, introduced: bool = True, ratio: float = 1
) -> BrowserContext:
    """A browser of one person.

    Args:
        browser: in which.
        hurried: films settle, and an idle page looks again, in a tenth of the time: for tests of
            many pages, which only wait for it.
        ratio: pixels of the screen for one of the page.
        introduced: the card that a page shows at the first visit was seen before.
    """
    context = browser.new_context(viewport=SMALL, device_scale_factor=ratio)
    if introduced:
        context.add_init_script(INTRODUCED)
    if hurried:
        films = (
            "adjudicate/pair_view.js",
            "review/grid.js",
            "clear/film_view.js",
            "landmark/point_view.js",
        )
        settle = [_waits(one, "SETTLE_MS") for one in films]
        look = [_waits("adjudicate/adjudicate.js", "LOOK_AGAIN_MS")]
        context.add_init_script(
            f"{{ {HURRY} shorten('setTimeout', {settle}); shorten('setInterval', {look}); }}"
        )
    return context


def _waits(script: str, name: str) -> int:
    """Milliseconds that a script of ours waits."""
    found = re.search(rf"^const {name} = (\d+);$", (STATIC / script).read_text(), re.MULTILINE)
    assert found, f"{script} has no {name}"
    return int(found[1])


def size_text(magnification: float) -> str:
    """How a page writes pixels of the screen for one of a film, unless they are as many."""
    rounded = f"{magnification:.0f}" if magnification >= 10 else f"{magnification:.2g}"
    rounded = f"{magnification:.2f}" if float(rounded) == 1 else rounded
    return f"× {rounded}"


class Tab:
    """A page of one server, and a person's hands. What it may not do is kept in `errors`.

    Args:
        page: a new one.
        server: from which alone it may ask for anything.
    """

    def __init__(self, page: Page, server: MortalServer) -> None:
        self.page = page
        self.errors: list[str] = []
        self.offered = ""
        """What the page behind the last address showed, before its button was pressed."""
        self._base = server.base
        page.set_default_timeout(LONG)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._console(message.text))
        page.on("request", self._request)
        page.on("dialog", self.leaves)

    def _console(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.errors.append(text)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._base, "blob:", "data:")):
            self.errors.append(f"asked elsewhere: {request.url}")
        self.asks(request)

    def asks(self, request: Request) -> None:
        """Called with every request."""

    def leaves(self, dialog: Dialog) -> None:
        """Called when the page wants a word before it is left."""
        dialog.accept()

    def arrive(self, address: str) -> None:
        """Open a page, or an address, and press its button."""
        self.page.goto(address)
        if "?token=" in address:
            self.offered = self.page.content()
            self.page.click("form button")

    def until(self, selector: str) -> None:
        """Something is there."""
        self.page.evaluate(WAIT, [selector, False, LONG])

    def until_gone(self, selector: str) -> None:
        """Nothing of the kind is there."""
        self.page.evaluate(WAIT, [selector, True, LONG])

    def press(self, *keys: str) -> None:
        """One key after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def hashes(self, selector: str) -> list[str]:
        """See `HASHES`."""
        found: list[str] = self.page.evaluate(HASHES, selector)
        return found

    def magnification(self, image: str) -> float:
        """Pixels of the screen for one of a film, from the box that the film takes."""
        seen: float = self.page.locator(image).evaluate(
            "(film) => film.getBoundingClientRect().width * devicePixelRatio / film.naturalWidth"
        )
        return seen

    def told(self, text: str) -> None:
        """Wait until the page says this over the films."""
        self.page.locator("#toast", has_text=text).wait_for()

    def text(self, selector: str) -> str:
        """What stands there."""
        return self.page.locator(selector).inner_text()
