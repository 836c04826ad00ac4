"""What all desks share: signing in, the static files, and addresses below `/r/<person>/`.

An address shows a page with a button, and the button signs in. Programs that follow addresses by
themselves (mail gateways, previews, prefetching browsers) ask with GET, so GET spends no token.
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

from cxr_release.review_app.access import SignIn
from cxr_release.review_app.guard import Button, Refusal, notice

FORM = "application/x-www-form-urlencoded"

_FIELDS = 4


def way_in(sign_in: SignIn) -> list[BaseRoute]:
    """The routes that let people in.

    Args:
        sign_in: who may come in.
    """

    async def offer(request: Request) -> Response:
        return _offer(request, sign_in)

    async def enter(request: Request) -> Response:
        return await _enter(request, sign_in)

    return [
        Route("/", offer),
        Route("/r/{person}/enter", enter, methods=["GET", "POST"]),
    ]


def person_of(request: Request, sign_in: SignIn) -> str:
    """The person below whose `/r/<person>/` a request goes, with their session.

    Raises:
        Refusal: it has none.
    """
    person: str = request.path_params["person"]
    if not sign_in.knows(person, request.cookies.get(_session_name(request), "")):
        raise Refusal(403, sign_in.lost)
    return person


def not_let_in(sign_in: SignIn) -> Response:
    """For a person who is not let in."""
    return notice("Not let in", sign_in.shut, status=403)


def _offer(request: Request, sign_in: SignIn) -> Response:
    token = request.query_params.get("token", "")
    claim = sign_in.claim_of(token)
    if claim is None:
        return not_let_in(sign_in)
    return _ask(
        f"The pages of {claim.person}",
        sign_in.used if claim.spent else claim.promise or sign_in.promise,
        claim.person,
        {"token": token, "page": secrets.token_urlsafe(16)},
    )


async def _enter(request: Request, sign_in: SignIn) -> Response:
    person: str = request.path_params["person"]
    live = sign_in.knows(person, request.cookies.get(_session_name(request), ""))
    if request.method == "GET":  # the address was opened directly
        return RedirectResponse(f"/r/{person}/", 303) if live else not_let_in(sign_in)
    form = await _form_of(request)
    token, page = form.get("token", ""), form.get("page", "")
    if not live and not sign_in.admits(person, token, page):
        return not_let_in(sign_in)
    before = request.cookies.get(_last_name(request), "")
    if before in sign_in.tokens and before not in {person, form.get("instead_of")}:
        return _ask(
            f"Go on as {person}?",
            f"{before} was the last to come in in this browser. What is decided on the pages behind"
            f" this is logged in {person}'s name.",
            person,
            {"token": token, "page": page, "instead_of": before},
        )
    answer = RedirectResponse(f"/r/{person}/", 303)
    answer.headers.append("Set-Cookie", _cookie(request, _last_name(request), person, "/r/"))
    # A live session goes on: the token is left for another browser.
    if not live:
        entered = sign_in.enter(token, page)
        if entered is None:  # another browser was quicker
            return not_let_in(sign_in)
        name, session = _session_name(request), entered[1]
        answer.headers.append("Set-Cookie", _cookie(request, name, session, f"/r/{person}/"))
    return answer


def _ask(title: str, text: str, person: str, fields: Mapping[str, str]) -> Response:
    return notice(title, text, button=Button(f"Go on as {person}", f"/r/{person}/enter", fields))


async def _form_of(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Refusal(415, f"Only {FORM} is accepted.")
    body = (await request.body()).decode("ascii", "replace")
    try:
        fields = parse_qs(body, max_num_fields=_FIELDS)
    except ValueError:
        raise Refusal(400, "This is not what the button sends.") from None
    return {name: values[0] for name, values in fields.items()}


def _cookie(request: Request, name: str, value: str, path: str) -> str:
    """Keeps to the pages below a path, and to https where it is used."""
    cookie: SimpleCookie = SimpleCookie({name: value})
    morsel = cookie[name]
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


def pages(sign_in: SignIn, page: str, routes: Sequence[BaseRoute]) -> Router:
    """An ASGI application, to be put behind a `guard.Guard`.

    Args:
        sign_in: who may come in.
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
            person_of(request, sign_in)
        except Refusal:
            return not_let_in(sign_in)
        return serve(page)

    own = [Route("/static/{file:path}", static), Route("/r/{person}/", show)]
    return Router([*routes, *way_in(sign_in), *own], redirect_slashes=False, default=_nowhere)


def static_files(folder: Path) -> dict[str, Path]:
    """All that is served below `/static/`: path below a folder → file. No other path is looked up.

    Args:
        folder: with its files, and one level of folders.
    """
    names = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*"))
    return {name: path for name, path in names if _NAME.fullmatch(name) and path.is_file()}


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    raise Refusal(404, "There is no such page.")
