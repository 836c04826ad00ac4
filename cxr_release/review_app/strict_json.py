"""JSON as our own pages send it, or a refusal."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from starlette.requests import Request

from cxr_release.review_app.guard import Refusal


async def json_of(request: Request) -> Any:
    """The value in a request's body.

    Raises:
        Refusal: it is not sent as JSON, which a form on a foreign page cannot do; or it is none,
            or says something twice.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, "This is taken as application/json alone.")
    body = await request.body()
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is no JSON, or says something twice.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands there twice")
    return made


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
