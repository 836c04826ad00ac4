"""The reader study's answers: quartets under opaque names, one reader's own answers and progress.

Nothing here says which film is real, for nothing here knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from cxr_release.reader_study.reading import (
    FinalAnswerError,
    Page,
    Reading,
    UnfitAnswerError,
    UnknownPageError,
)
from cxr_release.review_app.door import Door
from cxr_release.review_app.entrance import person_of
from cxr_release.review_app.guard import Refusal, json_answer
from cxr_release.review_app.pages import pages
from cxr_release.review_app.strict_json import json_of
from cxr_release.review_app.trouble import Trouble

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
        self, readings: Mapping[str, Reading], films: Mapping[str, bytes], door: Door, *, title: str
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
        self._site = pages(door, "study.html", routes)
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

    def _reading(self, request: Request) -> Reading:
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


def _shown(page: Page, reading: Reading) -> dict[str, Any]:
    # What cannot be changed is not shown again.
    given = page.given if reading.going_back else None
    return {
        "name": page.name,
        "films": page.films,
        "answered": page.given is not None,
        "ratings": given.ratings if given else None,
        "picked": given.picked if given else None,
    }
