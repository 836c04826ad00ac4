"""The way in: an address shows a page with a button, and the button lets in.

Whatever follows addresses by itself (a mail gateway, a chat's preview, a browser that fetches
ahead) asks with GET, so GET spends nothing.

What all our pages share: the way in, the static files, and a place below `/r/<person>/`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

from cxr_release.review_app.access import Door
from cxr_release.review_app.guard import Button, Refusal, notice

FORM = "application/x-www-form-urlencoded"

_FIELDS = 4


def way_in(door: Door) -> list[BaseRoute]:
    """The routes that let people in.

    Args:
        door: who may come in.
    """

    async def offer(request: Request) -> Response:
        return _offer(request, door)

    async def enter(request: Request) -> Response:
        return await _enter(request, door)

    return [
        Route("/", offer),
        Route("/r/{person}/enter", enter, methods=["GET", "POST"]),
    ]


def person_of(request: Request, door: Door) -> str:
    """The person below whose `/r/<person>/` a request goes, with their session.

    Raises:
        Refusal: it has none.
    """
    person: str = request.path_params["person"]
    if not door.knows(person, request.cookies.get(_session_name(request), "")):
        raise Refusal(403, door.lost)
    return person


def shut(door: Door) -> Response:
    """For whoever is not let in."""
    return notice("Not let in", door.shut, status=403)


def _offer(request: Request, door: Door) -> Response:
    token = request.query_params.get("token", "")
    claim = door.whose(token)
    if claim is None:
        return shut(door)
    return _ask(
        f"The pages of {claim.person}",
        door.used if claim.spent else door.promise,
        claim.person,
        {"token": token, "page": secrets.token_urlsafe(16)},
    )


async def _enter(request: Request, door: Door) -> Response:
    person: str = request.path_params["person"]
    live = door.knows(person, request.cookies.get(_session_name(request), ""))
    if request.method == "GET":  # somebody opens the address of an answer
        return RedirectResponse(f"/r/{person}/", 303) if live else shut(door)
    form = await _form_of(request)
    token, page = form.get("token", ""), form.get("page", "")
    if not live and not door.admits(person, token, page):
        return shut(door)
    before = request.cookies.get(_last_name(request), "")
    if before in door.tokens and before not in {person, form.get("instead_of")}:
        return _ask(
            f"Go on as {person}?",
            f"{before} was the last to come in in this browser. What is decided on the pages behind"
            f" this is logged in {person}'s name.",
            person,
            {"token": token, "page": page, "instead_of": before},
        )
    answer = RedirectResponse(f"/r/{person}/", 303)
    answer.headers.append("Set-Cookie", _cookie(request, _last_name(request), person, "/r/"))
    # Whoever is in stays in: the token then is left for another browser.
    if not live:
        entered = door.enter(token, page)
        if entered is None:  # another browser was quicker
            return shut(door)
        name, session = _session_name(request), entered[1]
        answer.headers.append("Set-Cookie", _cookie(request, name, session, f"/r/{person}/"))
    return answer


def _ask(title: str, words: str, person: str, fields: Mapping[str, str]) -> Response:
    return notice(title, words, button=Button(f"Go on as {person}", f"/r/{person}/enter", fields))


async def _form_of(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Refusal(415, f"This is taken as {FORM} alone.")
    body = (await request.body()).decode("ascii", "replace")
    try:
        found = parse_qs(body, max_num_fields=_FIELDS)
    except ValueError:
        raise Refusal(400, "This is not what the button sends.") from None
    return {name: values[0] for name, values in found.items()}


def _cookie(request: Request, name: str, value: str, path: str) -> str:
    """Keeps to the pages below a path, and to https where it is used."""
    made: SimpleCookie = SimpleCookie({name: value})
    morsel = made[name]
    morsel["path"] = path
    morsel["httponly"] = True
    morsel["samesite"] = "Strict"
    morsel["secure"] = request.scope["scheme"] == "https"
    return morsel.OutputString()


# Browsers send cookies to every port of a host: two servers must not overwrite each other's.


def _session_name(request: Request) -> str:
    return f"session-{request.scope['server'][1]}"


def _last_name(request: Request) -> str:
    return f"last-{request.scope['server'][1]}"


STATIC = Path(__file__).with_name("static")

_NAME = re.compile(r"(?:[a-z0-9][a-z0-9_-]*/)?[a-z0-9][a-z0-9_-]*\.(?:html|css|js|svg)")
_TYPES = {
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

    Raises:
        ValueError: there is no such static file.
    """
    files = static_files(STATIC)
    if page not in files:
        raise ValueError(f"{page!r} is not a static file")

    def serve(name: str) -> Response:
        if name not in files:
            raise Refusal(404, "There is no such page.")
        path = files[name]
        return Response(path.read_bytes(), media_type=_TYPES[path.suffix])

    async def static(request: Request) -> Response:
        return serve(request.path_params["file"])

    async def show(request: Request) -> Response:
        try:
            person_of(request, door)
        except Refusal:
            return shut(door)
        return serve(page)

    own = [Route("/static/{file:path}", static), Route("/r/{person}/", show)]
    return Router([*routes, *way_in(door), *own], redirect_slashes=False, default=_nowhere)


def static_files(folder: Path) -> dict[str, Path]:
    """All that is served below `/static/`: path below a folder → file. No other path is looked up.

    Args:
        folder: with its files, and one level of folders.
    """
    names = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*"))
    return {name: path for name, path in names if _NAME.fullmatch(name) and path.is_file()}


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    raise Refusal(404, "There is no such page.")
