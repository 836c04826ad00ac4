"""The browser of the tests: Playwright's own Chromium, or that of the machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserType

NAMES = ("chromium", "chromium-browser", "google-chrome")


def launch(chromium: BrowserType, *flags: str) -> Browser | None:
    """A browser, to be closed by the caller; None: there is none on this machine."""
    own = Path(chromium.executable_path)
    found = next(
        (one for one in (own, *map(shutil.which, NAMES)) if one and Path(one).is_file()), None
    )
    return chromium.launch(executable_path=found, args=["--no-sandbox", *flags]) if found else None
