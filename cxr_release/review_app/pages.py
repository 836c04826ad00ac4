"""What all our pages share: the way in, the static files, and a place below `/r/<person>/`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

from cxr_release.review_app.door import Door
from cxr_release.review_app.entrance import person_of, shut, way_in
from cxr_release.review_app.guard import Refusal

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
        routes: what else is answered, with `{person}` in the path; see
            `entrance.person_of`.
    """

    async def static(request: Request) -> Response:
        return _static(request.path_params["file"])

    async def show(request: Request) -> Response:
        try:
            person_of(request, door)
        except Refusal:
            return shut(door)
        return _static(page)

    own = [Route("/static/{file}", static), Route("/r/{person}/", show)]
    return Router([*routes, *way_in(door), *own], redirect_slashes=False, default=_nowhere)


def _static(name: str) -> Response:
    """A file of the package, and nothing beside it."""
    found = _NAME.fullmatch(name)
    path = STATIC / name
    if not found or not path.is_file():
        raise Refusal(404, "There is no such page.")
    return Response(path.read_bytes(), media_type=_KINDS[found[1]])


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    raise Refusal(404, "There is no such page.")
