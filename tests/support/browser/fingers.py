"""Fingers on a screen: Playwright itself only taps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

Place = tuple[float, float]
"""Pixels of the window: across, down."""

STEPS = 8
"""Moves of a finger on its way."""
REST_MS = 120
"""A finger that is lifted while it moves flings, and Chromium takes the next tap for the end of
that."""


class Fingers:
    """The fingers of one hand on a page of a context that has touch."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._devtools = page.context.new_cdp_session(page)

    def drag(self, *ways: tuple[Place, Place]) -> None:
        """Put a finger down at the start of each way, move all of them to the ends, lift them."""
        self._touch("touchStart", [start for start, _ in ways])
        for step in range(1, STEPS + 1):
            share = step / STEPS
            self._touch(
                "touchMove",
                [
                    (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
                    for start, end in ways
                ],
            )
        self._page.wait_for_timeout(REST_MS)
        self._touch("touchMove", [end for _, end in ways])
        self._touch("touchEnd", [])

    def _touch(self, kind: str, places: list[Place]) -> None:
        points = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(places)]
        self._devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
