"""One desk of the review app: its page, its films and its answers, for the people it knows.

Screening, adjudication and the reader study are a desk each; this is what they share.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from cxr_release.logbook.film_codes import SHORTEST, codes_of, matching, read, resembling, written
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.guard import Refusal, json_answer
from cxr_release.review_app.json_answers import ErrorReporter
from cxr_release.review_app.keys import STANDARD, Bindings, groups_of
from cxr_release.review_app.pages import pages, person_of

Q = TypeVar("Q")
"""One person's worklist: a queue of films, of pairs, or a session of quartets."""

_NAMED = 3
"""Codes that a person is offered in the place of one that their list has not."""

CHANGED = "A film has changed since it was shown: load the page again."


class Desk(ABC, Generic[Q]):
    """ASGI application, to be put behind a `guard.Guard`. No answer holds a film's id.

    Args:
        people: who may come in → their worklist.
        sign_in: whom a token lets in.
        page: static file that a person sees at `/r/<person>/`.
        noun: what the logs hold: `decisions`.
        routes: further answers, with paths below `/r/<person>/`.
        contents: film, or pair, of all people's worklists → what names its bytes: of that its code
            is made; see `film_codes`. None: the page shows none.
    """

    def __init__(
        self,
        people: Mapping[str, Q],
        sign_in: SignIn,
        *,
        page: str,
        noun: str,
        routes: Sequence[Route],
        contents: Mapping[Any, str] | None = None,
    ) -> None:
        self._codes = codes_of(contents or {})
        self._people = people
        self._sign_in = sign_in
        self._kind = page.partition("/")[0]
        own = [
            Route("/film/{name}", self._film),
            Route("/setup", self._setup),
            Route("/code", self._of_code),
        ]
        below = [
            Route(f"/r/{{person}}{route.path}", route.endpoint, methods=route.methods)
            for route in (*own, *routes)
        ]
        self._site = pages(sign_in, page, below)
        self.reporter = ErrorReporter(noun)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._site(scope, receive, send)

    @abstractmethod
    def setup(self, worklist: Q) -> dict[str, Any]:
        """What a page must know before it shows a film."""

    @abstractmethod
    def png(self, worklist: Q, name: str) -> bytes | None:
        """PNG bytes of a film by its name on the page; None where there is no such film."""

    def place(self, worklist: Q, film: Any) -> dict[str, Any] | None:
        """Where a page finds a film, or pair, of the codes; None: the person's list has it not."""
        return None

    def code_of(self, film: Any) -> str:
        """The code of a film, or pair, as people read it."""
        return written(self._codes[film])

    async def picture(self, worklist: Q, name: str, query: QueryParams) -> bytes | None:
        """What is answered when a film is asked for: the film, whatever the query."""
        # Here and not in a thread: a film is read sooner than a thread is found.
        with self.reporter.explained():
            return self.png(worklist, name)

    async def in_thread(self, make: Callable[[], bytes | None]) -> bytes | None:
        """A picture that takes longer to make than to find a thread for it."""

        def explained() -> bytes | None:
            with self.reporter.explained():
                return make()

        return await run_in_threadpool(explained)

    def worklist_of(self, request: Request) -> Q:
        """The worklist of the person who asks.

        Raises:
            Refusal: the request has no session.
        """
        return self._people[person_of(request, self._sign_in)]

    async def answer(self, act: Callable[[], Mapping[str, Any]]) -> Response:
        """What `act` gives, as JSON; it may read films and logs, and runs in a thread."""

        def explained() -> Response:
            with self.reporter.explained():
                return json_answer(act())

        return await run_in_threadpool(explained)

    async def _setup(self, request: Request) -> Response:
        keys = groups_of(self._kind, request.scope.get(_BINDINGS, STANDARD))
        return json_answer({**self.setup(self.worklist_of(request)), "keys": keys})

    async def _of_code(self, request: Request) -> Response:
        worklist, typed = self.worklist_of(request), request.query_params.get("code", "")
        code = read(typed[:64])
        if len(code) < SHORTEST:
            form = f"A code has {SHORTEST} letters or digits at least, and no A, E or U"
            raise Refusal(400, f"{form}, such as 7KM2.")

        def place() -> dict[str, Any]:
            known = list(self._places(worklist, matching(self._codes, code)).values())
            if len(known) > 1:
                several = f"{len(known)} of your list have codes like {written(code)}"
                raise Refusal(409, f"{several}: type more of it.")
            if not known:
                close = self._places(worklist, resembling(self._codes, code))
                codes = " or ".join(sorted(map(self.code_of, close))[:_NAMED])
                asked = f" Did you mean {codes}?" if codes else ""
                raise Refusal(404, f"Your list has none of the code {written(code)}.{asked}")
            return known[0]

        return await self.answer(place)

    def _places(self, worklist: Q, films: Iterable[Any]) -> dict[Any, dict[str, Any]]:
        """Films, or pairs, of these that the person's list has → where the page finds them."""
        places = {film: self.place(worklist, film) for film in films}
        return {film: place for film, place in places.items() if place is not None}

    async def _film(self, request: Request) -> Response:
        worklist, name = self.worklist_of(request), request.path_params["name"]
        data = await self.picture(worklist, name, request.query_params)
        if data is None:
            raise Refusal(404, "There is no such film.")
        return Response(data, media_type="image/png")


_BINDINGS = "cxr_release.keys"


def with_keys(app: ASGIApp, bindings: Bindings) -> ASGIApp:
    """The same application, whose pages are told these keys."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, _BINDINGS: bindings}, receive, send)

    return answer
