"""What a page looks like, told by measures and not by pixels; and what axe-core finds on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

SHOTS = "CXR_RELEASE_SCREENSHOTS"
"""Environment variable: a folder for pictures of the pages, which the documentation shows."""
FINGER = 44
"""Pixels on each side of what a finger hits (WCAG 2.2, 2.5.5)."""


@dataclass(frozen=True)
class Screen:
    """A window, and whether it is touched."""

    name: str
    width: int
    height: int
    touch: bool = False

    @property
    def is_small(self) -> bool:
        """Whether the pages say that they need a larger one."""
        return self.width < 700

    @property
    def is_stacked(self) -> bool:
        return self.width < 1024

    def context(self) -> dict[str, Any]:
        """What `Browser.new_context` takes."""
        return {
            "viewport": {"width": self.width, "height": self.height},
            "has_touch": self.touch,
        }


SCREENS = (
    Screen("phone", 390, 844, touch=True),
    Screen("tablet", 820, 1180, touch=True),
    Screen("tablet-landscape", 1180, 820, touch=True),
    Screen("small", 1024, 768),
    Screen("laptop", 1440, 900),
    Screen("desktop", 1920, 1080),
    Screen("large", 2560, 1440),
)

FAULTS = Path(__file__).with_name("faults.js").read_text("utf-8")

FILMS = """
() => [...document.querySelectorAll("img")].flatMap((image) => {
  if (!image.naturalWidth || !image.checkVisibility({ visibilityProperty: true })) return [];
  if (image.closest(".corner, .preview, [inert]") || !image.closest("main")) return [];
  const box = image.parentElement.getBoundingClientRect();
  return [Math.min(box.width, box.height)];
})
"""


def shoot(page: Page, name: str) -> None:
    """Leave a PNG of the window in the folder of `SHOTS`, where one is named."""
    if folder := os.environ.get(SHOTS):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


def faults(page: Page, screen: Screen) -> list[str]:
    """Text over text, what is cut off or outside the window, and what no finger hits."""
    found: list[str] = page.evaluate(FAULTS, FINGER if screen.touch else 0)
    return found


def film_sides(page: Page) -> list[float]:
    """Pixels of the shorter side of each film's place on the screen."""
    found: list[float] = page.evaluate(FILMS)
    return found


AXE = """
(async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, failureSummary }) => [impact, id, target.join(" "), failureSummary]),
  );
})()
"""


def axe_faults(page: Page, impacts: tuple[str, ...] = ("serious", "critical")) -> list[list[str]]:
    """What axe-core finds of these impacts: impact, rule, element, what to do about it."""
    if not page.evaluate("typeof axe === 'object'"):
        script = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
        page.evaluate(f"() => {{ {script} }}")
    found: list[list[str]] = page.evaluate(AXE)
    return [each for each in found if each[0] in impacts]
