"""The reader study's answers: quartets under opaque names, one reader's own answers and progress.

Nothing here says which film is real, for nothing here knows.

Run the blinded reader study in a browser: what `cxr-release study serve` calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from cxr_release import schemas, tables
from cxr_release.errors import TableError
from cxr_release.films import png
from cxr_release.logbook.log import Log
from cxr_release.logbook.seeds import seed_of
from cxr_release.reader_study import kit as kits
from cxr_release.reader_study.answer import ANSWER
from cxr_release.reader_study.session import (
    FinalAnswerError,
    Page,
    Session,
    UnfitAnswerError,
    UnknownPageError,
)
from cxr_release.review_app.access import Door, open_links
from cxr_release.review_app.guard import Refusal, json_answer
from cxr_release.review_app.json_answers import Trouble, json_of
from cxr_release.review_app.pages import pages, person_of
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site

_FORM = "Expected a page, a rating for each of its films, the film picked, and seconds."


class StudyApp:
    """ASGI application, to be put behind a `guard.Guard`.

    Args:
        readings: reader → their pages.
        films: name in the kit → PNG bytes.
        door: who may come in.
        title: of the pages.
    """

    def __init__(
        self, readings: Mapping[str, Session], films: Mapping[str, bytes], door: Door, *, title: str
    ) -> None:
        self._readings = readings
        self._films = films
        self._door = door
        self._title = title
        routes = [
            Route("/r/{person}/film/{name}", self._film),
            Route("/r/{person}/pages", self._pages),
            Route("/r/{person}/answers", self._answer, methods=["POST"]),
            Route("/r/{person}/setup", self._setup),
        ]
        self._site = pages(door, "study/study.html", routes)
        self._trouble = Trouble("answers")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._site(scope, receive, send)

    async def _setup(self, request: Request) -> Response:
        reading = self._reading(request)
        return json_answer(
            {"reader": reading.reader, "title": self._title, "going_back": reading.going_back}
        )

    async def _film(self, request: Request) -> Response:
        film = self._reading(request).film(request.path_params["name"])
        if film is None:
            raise Refusal(404, "There is no such film.")
        return Response(self._films[film], media_type="image/png")

    async def _pages(self, request: Request) -> Response:
        reading = self._reading(request)

        def answer() -> Response:
            with self._trouble.explained():
                reading.refresh()
            shown = [_shown(one, reading) for one in reading.pages()]
            return json_answer({"pages": shown})

        return await run_in_threadpool(answer)

    async def _answer(self, request: Request) -> Response:
        reading = self._reading(request)
        page, ratings, picked, seconds = _asked(await json_of(request))

        def answer() -> Response:
            try:
                with self._trouble.explained():
                    stands, logged = reading.submit(page, ratings, picked, seconds)
            except UnfitAnswerError as error:
                raise Refusal(400, f"The answer {error.what}.") from None
            except (FinalAnswerError, UnknownPageError) as error:
                raise Refusal(409, f"This page {error.what}.") from None
            return json_answer({"page": _shown(stands, reading), "logged": int(logged)})

        return await run_in_threadpool(answer)

    def _reading(self, request: Request) -> Session:
        return self._readings[person_of(request, self._door)]


def _asked(value: Any) -> tuple[str, dict[str, int], str, float]:
    """Page, ratings, film picked and seconds, as a page sends them.

    Raises:
        Refusal: it is of another form.
    """
    if not isinstance(value, dict) or value.keys() != {"page", "ratings", "picked", "seconds"}:
        raise Refusal(400, _FORM)
    page, ratings, picked, seconds = (
        value[name] for name in ("page", "ratings", "picked", "seconds")
    )
    # `type` and not `isinstance`: true is no number.
    if (
        not isinstance(page, str)
        or not isinstance(picked, str)
        or not isinstance(ratings, dict)
        or not all(type(one) is int for one in ratings.values())
        or type(seconds) not in {int, float}
    ):
        raise Refusal(400, _FORM)
    return page, ratings, picked, seconds


def _shown(page: Page, reading: Session) -> dict[str, Any]:
    # What cannot be changed is not shown again.
    given = page.given if reading.going_back else None
    return {
        "name": page.name,
        "films": page.films,
        "answered": page.given is not None,
        "ratings": given.ratings if given else None,
        "picked": given.picked if given else None,
    }


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
        reader: Session(
            found, Log(ANSWER, answers, reader), seed_of(orders, reader), going_back=going_back
        )
        for reader in readers
    }
    lasting = open_links(links)
    kits.serve(found, served)

    def app(door: Door) -> ASGIApp:
        return StudyApp(readings, films, door, title=title)

    say(f"{len(found.quartets):,} quartets; every answer is on disk before the page goes on")
    say("each link opens its reader's pages again and again: do not pass it on")
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
