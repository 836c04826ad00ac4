"""The pages with films that look like films, and the states that each page can be in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from cxr_release import plain_yaml, schemas, tables
from cxr_release.film_size import Size
from cxr_release.films.grey import window
from cxr_release.films.png import Film
from cxr_release.landmarks.placement import points_of_text, text_of
from cxr_release.landmarks.points import MODEL, NAMES, column_of
from cxr_release.radiographs.phantoms.phantom_source import Phantom, draw_phantom
from cxr_release.radiographs.resample import mirror, resample
from tests.support import ROOT
from tests.support.browser import adjudicate_browser, clear_browser, review_browser, study_browser
from tests.support.browser.landmark_browser import Caliper, LandmarkServer
from tests.support.browser.mortal import MortalServer
from tests.support.browser.tab import Tab
from tests.support.moved_pairs import moved_pairs, write_recall
from tests.support.oriented import oriented_row
from tests.support.real_folder import RealFolder, write_film
from tests.support.study_kit import draw_kit

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIDE = 256
SCREENED, COMPARED, READ, PLACED, LOOKED_AT = 30, 4, 1, 2, 2
"""Films or pages of each."""
WIDE, TALL = 1_400, 1_700
"""Pixels of a film as a scanner gives it."""

Step = Callable[[Any], None]
"""Brings a page into its next state."""


@dataclass(frozen=True)
class Stage:
    """A page's server, and states of the page: each begins where the one before it ended."""

    name: str
    server: MortalServer
    open_tab: Callable[[Page], Tab]
    states: dict[str, Step]

    def address(self, person: str) -> str:
        return self.server.addresses[person]


def stages(folder: Path, people: Sequence[str]) -> dict[str, Callable[[], Stage]]:
    """Name of a page → starts its server, for these people."""
    made = (_review, _adjudicate, _study, _landmark, _clear)
    return {make.__name__.removeprefix("_"): partial(_made, make, folder, people) for make in made}


def _made(
    make: Callable[[Path, Sequence[str]], Stage], folder: Path, people: Sequence[str]
) -> Stage:
    own = folder / make.__name__.removeprefix("_")
    own.mkdir(exist_ok=True)
    stage = make(own, people)
    return replace(stage, states={"first-visit": arrived, **stage.states})


FILMS = "#grid, #pair, #films, #film"
"""What holds the films of a page."""


def arrived(tab: Tab) -> None:
    """A page shows films, or the card that it shows at the first visit."""
    shown = ", ".join(f'{films}:not([hidden])[data-ready="true"]' for films in FILMS.split(", "))
    tab.until(f".start, {shown}")


def begin(tab: Tab) -> None:
    """Put the card of the first visit away, if there is one."""
    arrived(tab)
    if tab.page.locator(".start").count():
        tab.press("Enter")
        tab.until_gone(".start")
    arrived(tab)


def about(tab: Tab) -> None:
    """From the help to the card of the first visit."""
    tab.page.get_by_role("button", name="What this is about").click()
    tab.until("dialog.task")


def _close(tab: Tab) -> None:
    """Close the small window, if there is one."""
    tab.press("Escape")
    tab.until_gone("dialog")


def _phantoms(count: int, *, seed: int) -> list[tuple[Film, Phantom]]:
    """(SIDE, SIDE), bone bright, facing left; and what they were."""
    return [
        (_upright(phantom, SIDE), phantom)
        for phantom in (draw_phantom(index, seed=seed) for index in range(count))
    ]


def _upright(phantom: Phantom, size: int | Size) -> Film:
    film = resample(window(phantom.pixels), size, "stretch")
    film = np.invert(film) if phantom.negative else film
    return mirror(film) if phantom.facing == "right" else film


def _review(folder: Path, people: Sequence[str]) -> Stage:
    known, rows = review_browser.Films(), []
    for index, (film, _) in enumerate(_phantoms(SCREENED, seed=5)):
        row = oriented_row(film, 6, "initial", index)
        known.ids[row["pixel_sha256"]] = row["id"]
        rows.append(row)
    known.tables = [folder / "checkpoint-6-initial.parquet"]
    tables.write(known.tables[0], schemas.ORIENTED, rows)
    cards = ROOT / "cards" / "phantoms"
    reasons = dict(list(plain_yaml.of_file(cards / "reasons.yaml").items())[:10])
    findings = plain_yaml.of_file(cards / "findings.yaml")
    server = review_browser.Server(
        known, folder, people, reasons=reasons, findings=findings, title="Film screening"
    )

    def decide(tab: review_browser.Screen) -> None:
        tab.press("3", "ArrowRight", "k", "ArrowRight", "7", "k", "9")
        tab.saved()

    def finish(tab: review_browser.Screen) -> None:
        for _ in range(SCREENED):
            if tab.page.locator("#empty-state:not([hidden]) h2").count():
                break
            tab.ready()
            tab.press("Enter")
            tab.page.wait_for_timeout(200)
        tab.until("#empty-state:not([hidden]) h2")
        tab.saved()

    return Stage(
        "review",
        server,
        lambda page: review_browser.Screen(page, server, known),
        {
            "films": begin,
            "decisions": decide,
            "enlarged": lambda tab: tab.press("ArrowLeft", " "),
            "back": lambda tab: tab.press("Escape"),
            "note": lambda tab: tab.press("n"),
            "findings": lambda tab: (_close(tab), tab.press("t")),
            "keys": lambda tab: (_close(tab), tab.press("?")),
            "task": about,
            "finished": lambda tab: (_close(tab), finish(tab)),
        },
    )


def _adjudicate(folder: Path, people: Sequence[str]) -> Stage:
    pairs = moved_pairs(SIDE)
    write_recall(folder, len(pairs), hostile=False)
    archive = adjudicate_browser.write_archive(folder, pairs)
    server = adjudicate_browser.PairServer(
        archive, folder, people, title="Memorization audit", required=len(people)
    )

    def finish(tab: adjudicate_browser.Table) -> None:
        for _ in range(COMPARED):
            if tab.page.locator("#empty-state:not([hidden])").count() == 0:
                tab.ready()
                tab.judge("2")
        tab.saved()

    return Stage(
        "adjudicate",
        server,
        lambda page: adjudicate_browser.Table(page, server, archive),
        {
            "pair": begin,
            "difference": lambda tab: tab.press("v", "v"),
            "flicker": lambda tab: tab.press("Shift+V", "j"),
            "note": lambda tab: tab.press("n"),
            "keys": lambda tab: (_close(tab), tab.press("?")),
            "task": about,
            "expectation": lambda tab: (_close(tab), tab.page.click(".expectation summary")),
            "second": lambda tab: (
                tab.page.click(".expectation summary"),
                tab.page.evaluate("document.activeElement.blur()"),
                tab.press("ArrowRight"),
                tab.ready(),
            ),
            "finished": finish,
        },
    )


def _study(folder: Path, people: Sequence[str]) -> Stage:
    films = [film for film, _ in _phantoms(4 * READ, seed=9)]
    drawn = draw_kit(folder, READ, films)
    server = study_browser.StudyServer(drawn, folder, people, title="Reader study")
    return Stage(
        "study",
        server,
        lambda page: study_browser.Seat(page, server, drawn),
        {
            "films": begin,
            "answered": lambda tab: tab.press("1", "2", "3", "4", "c"),
            "alone": lambda tab: tab.press(" "),
            "keys": lambda tab: tab.press(" ", "?"),
            "task": about,
            "finished": lambda tab: (_close(tab), tab.submit()),
        },
    )


def _landmark(folder: Path, people: Sequence[str]) -> Stage:
    size = Size(SIDE, SIDE)
    rows, placed = [], []
    drawn = [pair for pair in _phantoms(4 * PLACED, seed=7) if pair[1].facing == "left"]
    for index, (film, phantom) in enumerate(drawn[:PLACED]):
        row = oriented_row(film, 6, "large", index)
        rows.append(row)
        height, width = phantom.pixels.shape
        points = np.array([phantom.keypoints[name] for name in NAMES]) * (
            SIDE / width,
            SIDE / height,
        )
        points = points_of_text(text_of(points))
        column = column_of(points, np.ones(len(NAMES)), MODEL, size)
        placed.append(
            {"id": row["id"], "sha256": row["sha256"], "keypoints": column, "angles": None}
        )
    tables.write(folder / "films.parquet", schemas.ORIENTED, rows)
    tables.write(folder / "model.parquet", schemas.LANDMARKS, placed)
    hashes = {row["id"]: row["sha256"] for row in rows}
    server = LandmarkServer(
        [folder / "films.parquet"],
        hashes,
        folder,
        people,
        size=size,
        model=folder / "model.parquet",
        title="Landmarks",
    )

    def finish(tab: Caliper) -> None:
        _close(tab)
        for _ in range(PLACED):
            tab.save()
            tab.settled()

    return Stage(
        "landmark",
        server,
        lambda page: Caliper(page, server),
        {
            "film": begin,
            "moved": lambda tab: tab.press("ArrowRight", "Control+ArrowRight"),
            "zoomed": lambda tab: tab.press("+", "+", "+"),
            "keys": lambda tab: tab.press("?"),
            "task": about,
            "finished": finish,
        },
    )


def _clear(folder: Path, people: Sequence[str]) -> Stage:
    real = RealFolder(folder, LOOKED_AT, width=64, height=64)
    for number in range(LOOKED_AT):
        write_film(real.file(number), _labelled(number))
    real.take_in()
    server = clear_browser.ClearServer(
        real, folder, people, title="Text on real films", required=len(people)
    )

    def finish(tab: clear_browser.LightBox) -> None:
        _close(tab)
        for _ in range(LOOKED_AT):
            tab.press_on("2")
        tab.settled()

    return Stage(
        "clear",
        server,
        lambda page: clear_browser.LightBox(page, server, real, 0),
        {
            "corners": begin,
            "whole": lambda tab: tab.press(" "),
            "keys": lambda tab: (_close(tab), tab.press("?")),
            "task": about,
            "finished": finish,
        },
    )


def _labelled(number: int) -> Film:
    """A film (TALL, WIDE) with a name that nobody has burned into its corner."""
    phantom = draw_phantom(number, seed=11)
    film = Image.fromarray(_upright(phantom, Size(WIDE, TALL)))
    ImageDraw.Draw(film).text((40, 40), f"DOE^JANE {number}\n24.07.1961", fill=255, font_size=36)
    return np.asarray(film)
