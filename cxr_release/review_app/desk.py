"""One desk of the review app: its page, its films and its answers, for the people it knows.

Screening, adjudication and the reader study are a desk each; what they share stands here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from cxr_release.review_app.access import Door
from cxr_release.review_app.guard import Refusal, json_answer
from cxr_release.review_app.json_answers import Trouble
from cxr_release.review_app.pages import pages, person_of

Q = TypeVar("Q")
"""What one person has before them: a queue of films, of pairs, or a reading of quartets."""

CHANGED = "A film has changed since it was shown: load the page again."


class Desk(ABC, Generic[Q]):
    """ASGI application, to be put behind a `guard.Guard`. No answer holds a film's id.

    Args:
        people: who may come in → what is before them.
        door: whom a token lets in.
        page: static file that a person sees at `/r/<person>/`.
        noun: what the logs hold: `decisions`.
        routes: further answers, with paths below `/r/<person>/`.
    """

    def __init__(
        self,
        people: Mapping[str, Q],
        door: Door,
        *,
        page: str,
        noun: str,
        routes: Sequence[Route],
    ) -> None:
        self._people = people
        self._door = door
        own = [Route("/film/{name}", self._film), Route("/setup", self._setup)]
        below = [
            Route(f"/r/{{person}}{one.path}", one.endpoint, methods=one.methods)
            for one in (*own, *routes)
        ]
        self._site = pages(door, page, below)
        self.trouble = Trouble(noun)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._site(scope, receive, send)

    @abstractmethod
    def setup(self, before: Q) -> dict[str, Any]:
        """What a page must know before it shows a film."""

    @abstractmethod
    def png(self, before: Q, name: str) -> bytes | None:
        """PNG bytes of a film by its name on the page; None where there is no such film."""

    def before(self, request: Request) -> Q:
        """What the person who asks has before them.

        Raises:
            Refusal: nobody has a session here.
        """
        return self._people[person_of(request, self._door)]

    async def answer(self, act: Callable[[], Mapping[str, Any]]) -> Response:
        """What `act` gives, as JSON; it may read films and logs, and runs in a thread."""

        def explained() -> Response:
            with self.trouble.explained():
                return json_answer(act())

        return await run_in_threadpool(explained)

    async def _setup(self, request: Request) -> Response:
        return json_answer(self.setup(self.before(request)))

    async def _film(self, request: Request) -> Response:
        # Here and not in a thread: a film is read sooner than a thread is found.
        with self.trouble.explained():
            data = self.png(self.before(request), request.path_params["name"])
        if data is None:
            raise Refusal(404, "There is no such film.")
        return Response(data, media_type="image/png")
