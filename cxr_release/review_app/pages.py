"""What all our pages share: the way in, the static files, and a place below `/r/<person>/`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

from cxr_release.review_app.guard import Door, Refusal, cookie, session_in

STATIC = Path(__file__).with_name("static")

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(\.(?:html|css|js|svg))")
_KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


def pages(door: Door, page: str, routes: Sequence[BaseRoute]) -> Router:
    """An ASGI application, to be put behind a `guard.Guard`.

    Args:
        door: who may come in.
        page: static file that a person sees at `/r/<person>/`.
        routes: what else is answered, with `{person}` in the path; see `person_of`.
    """

    async def enter(request: Request) -> Response:
        return _entered(request, door)

    async def static(request: Request) -> Response:
        return _static(request.path_params["file"])

    async def show(request: Request) -> Response:
        try:
            person_of(request, door)
        except Refusal:
            return _plain("Not let in", door.shut, 403)
        return _static(page)

    own = [Route("/", enter), Route("/static/{file}", static), Route("/r/{person}/", show)]
    return Router([*routes, *own], redirect_slashes=False, default=_nowhere)


def person_of(request: Request, door: Door) -> str:
    """The person below whose `/r/<person>/` a request goes, with their session.

    Raises:
        Refusal: it has none.
    """
    person: str = request.path_params["person"]
    if not door.knows(person, session_in(request)):
        raise Refusal(403, door.lost)
    return person


def _entered(request: Request, door: Door) -> Response:
    asked = request.headers
    # A browser that fetches ahead of its user must not spend the token.
    ahead = "prefetch" in asked.get("sec-purpose", asked.get("purpose", ""))
    entered = None if ahead else door.enter(request.query_params.get("token", ""))
    if not entered:
        return _plain("Not let in", door.shut, 403)
    person, session = entered
    page = f"/r/{person}/"
    if asked.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        answer: Response = RedirectResponse(page, 303)
    else:
        # After a link on a foreign page, a redirect would go without the strict cookie.
        answer = _plain("Come in", f'<a href="{page}">To the films</a>')
        answer.headers["Refresh"] = f"0; url={page}"
    answer.headers["Set-Cookie"] = cookie(request, person, session)
    return answer


def _static(name: str) -> Response:
    """A file of the package, and nothing beside it."""
    found = _NAME.fullmatch(name)
    path = STATIC / name
    if not found or not path.is_file():
        raise Refusal(404, "There is no such page.")
    return Response(path.read_bytes(), media_type=_KINDS[found[1]])


def _plain(title: str, text: str, status: int = 200) -> Response:
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{title}</title><h1>{title}</h1><p>{text}</p></html>"
    )
    return Response(page.encode(), status, media_type="text/html")


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    raise Refusal(404, "There is no such page.")
