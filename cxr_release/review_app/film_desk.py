"""A desk at which films come one by one: the list of a person's films, and what is said of one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cxr_release.logbook.film_queue import NAME, FilmQueue
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.desk import CHANGED, Desk
from cxr_release.review_app.guard import Refusal
from cxr_release.review_app.json_answers import how_far, json_of, texts_of

F = TypeVar("F", bound=FilmQueue[Any, Any])


class FilmDesk(Desk[F]):
    """No answer holds a film's id, or what other people say of it.

    Args:
        queues: person → their queue.
        png: id → PNG bytes of a film.
        sign_in: who may come in.
        kind: of the page: its folder below `static/`.
        noun: what the logs hold, and the path of what is said: `decisions`.
        told: what the page must know, besides who is at it.
        contents: id → hash of a film, of which its code is made.
        optional: names that what is said of a film may have, besides `film` and `decision`.
    """

    def __init__(
        self,
        queues: Mapping[str, F],
        png: Callable[[str], bytes],
        sign_in: SignIn,
        *,
        kind: str,
        noun: str,
        told: Mapping[str, Any],
        contents: Mapping[str, str],
        optional: tuple[str, ...] = (),
    ) -> None:
        self._png, self._told, self._optional = png, told, optional
        routes = [Route("/films", self._list), Route(f"/{noun}", self._take, methods=["POST"])]
        page = f"{kind}/{kind}.html"
        super().__init__(queues, sign_in, page=page, noun=noun, routes=routes, contents=contents)

    form = "Expected a film and a decision."
    """What is answered to anything else."""

    @abstractmethod
    def film_json(self, entry: Any) -> dict[str, Any]:
        """An entry of the queue, as the page gets it; without its code."""

    @abstractmethod
    def said(self, texts: Mapping[str, str]) -> Callable[[F, str], bool]:
        """What logs, on a film of a queue, what a page sent, and says whether it did.

        Raises:
            Refusal: it is of another form.
        """

    def setup(self, worklist: F) -> dict[str, Any]:
        """See `Desk.setup`."""
        return {"reviewer": worklist.reviewer, **self._told}

    def png(self, worklist: F, name: str) -> bytes | None:
        """See `Desk.png`."""
        film = worklist.film(name)
        return self._png(film) if film else None

    def place(self, worklist: F, film: str) -> dict[str, Any] | None:
        """See `Desk.place`."""
        name = worklist.name_of(film)
        return {"name": name} if worklist.has(name) else None

    def _coded(self, queue: F, entry: Any) -> dict[str, Any]:
        return {**self.film_json(entry), "code": self.code_of(queue.film(entry.name))}

    async def _list(self, request: Request) -> Response:
        queue = self.worklist_of(request)

        def films() -> dict[str, Any]:
            queue.refresh()
            films = [self._coded(queue, entry) for entry in queue.entries()]
            return {"films": films, **how_far(queue)}

        return await self.answer(films)

    async def _take(self, request: Request) -> Response:
        queue = self.worklist_of(request)
        texts = texts_of(await json_of(request), ("film", "decision"), self._optional, self.form)
        film, log = texts["film"], self.said(texts)
        if not NAME.fullmatch(film):
            raise Refusal(400, "A film's name is 32 hex digits.")
        if queue.film(film) is None:
            raise Refusal(409, CHANGED)

        def take() -> dict[str, Any]:
            logged = log(queue, film)
            entry = self._coded(queue, queue.entry(film))
            return {"film": entry, **how_far(queue), "logged": int(logged)}

        return await self.answer(take)
