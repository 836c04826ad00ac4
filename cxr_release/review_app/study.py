"""Run the blinded reader study in a browser: what `cxr-release study serve` calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from starlette.types import ASGIApp

from cxr_release import schemas, tables
from cxr_release.errors import TableError
from cxr_release.logbook.log import Log
from cxr_release.logbook.seeds import seed_of
from cxr_release.radiographs import png
from cxr_release.reader_study import kit as kits
from cxr_release.reader_study.answer import ANSWER
from cxr_release.reader_study.reading import Reading
from cxr_release.review_app.door import Door
from cxr_release.review_app.links import open_links
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site
from cxr_release.review_app.study_app import StudyApp


def serve_study(
    *,
    kit: Path,
    served: Path,
    answers: Path,
    orders: Path,
    links: Path,
    readers: Sequence[str],
    title: str,
    going_back: bool,
    site: Site,
    open_browser: bool = False,
) -> None:
    """Serve the study's pages until Ctrl-C. The key is not opened, nor is it known where it lies.

    Args:
        kit: the blinded films, `schemas.KIT`.
        served: record of the kit that readers got; on disk before anybody sees a page.
        answers: folder of the readers' logs; only these readers' own are written.
        orders: folder of the recorded seeds.
        links: file of the secret behind the readers' links, which work again and again.
        readers: who takes part.
        title: of the pages.
        going_back: whether a reader may go back to a quartet and change the answer.
        site: where to listen.
        open_browser: open the first reader's page in this machine's browser.

    Raises:
        CxrReleaseError: the kit, a log, a reader's name, the links or the address are not in
            order.
    """
    check_people(readers, option="--reader")
    found, films = open_films(kit)
    readings = {
        reader: Reading(
            found, Log(ANSWER, answers, reader), seed_of(orders, reader), going_back=going_back
        )
        for reader in readers
    }
    lasting = open_links(links)
    kits.serve(found, served)

    def app(door: Door) -> ASGIApp:
        return StudyApp(readings, films, door, title=title)

    say(f"{len(found.quartets):,} quartets; every answer is on disk before the page goes on")
    say("each link opens its reader's pages again and again: send it to nobody else")
    serve(app, site, readers, links=lasting, open_browser=open_browser)


def open_films(path: Path) -> tuple[kits.Kit, dict[str, bytes]]:
    """The kit, and its pictures by name, held in memory.

    A study runs for weeks, and `dvc repro` writes the same kit anew under it: readers shall not
    notice. 50 quartets of 256 × 256 are 13 MB.

    Raises:
        TableError: the kit is missing, breaks its schema, is damaged or was made anew meanwhile.
        ReaderStudyError: it holds no quartet.
    """
    kit = kits.open_kit(path)
    films = {row["name"]: row["image"]["bytes"] for row in tables.iterate(path, schemas.KIT)}
    if {name: png.sha256(data or b"") for name, data in films.items()} != {
        film.name: film.sha256 for film in kit.films
    }:
        raise TableError(
            "holds other pictures than their SHA-256 says",
            where=str(path),
            remedy="run `dvc repro quartets` (or `dvc checkout`), and start again",
        )
    return kit, films
