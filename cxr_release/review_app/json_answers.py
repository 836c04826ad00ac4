"""JSON from and to the review pages: bodies, progress, and errors as sentences.

An error of films or logs goes to the terminal in full, and to the page as one sentence.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from starlette.requests import Request

from cxr_release.errors import DecisionError, TableError
from cxr_release.review_app.guard import Refusal

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


async def json_of(request: Request) -> Any:
    """The value in a request's body.

    Raises:
        Refusal: it is not sent as JSON, which a form on a foreign page cannot do; or it is not
            JSON, or repeats a key.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, "Only application/json is accepted.")
    body = await request.body()
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is not JSON, or repeats a name.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise ValueError("a name is a duplicate")
    return mapping


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def texts_of(
    value: Any, names: Collection[str], optional: Collection[str], form: str
) -> dict[str, str]:
    """A JSON object whose values are all texts.

    Args:
        value: as JSON.
        names: keys that it must have.
        optional: keys that it may have besides.
        form: what was expected, for the refusal.

    Raises:
        Refusal: it is of another form.
    """
    if (
        not isinstance(value, dict)
        or not {*names} <= value.keys() <= {*names, *optional}
        or not all(isinstance(text, str) for text in value.values())
    ):
        raise Refusal(400, form)
    return value


def sentence(fault: str) -> str:
    """A fault as a sentence for the page."""
    return f"{fault[:1].upper()}{fault[1:]}."


class Counted(Protocol):
    """A person's queue."""

    @property
    def lock(self) -> threading.RLock:
        """Held by the thread that changes it."""

    def progress(self) -> DataclassInstance:
        """How far the person is."""


def how_far(queue: Counted) -> dict[str, Any]:
    """`progress`, and `moment`: microseconds of a clock that is never set back.

    Answers reach a page in any order; the page shows what was so last.
    """
    with queue.lock:
        return {"progress": asdict(queue.progress()), "moment": time.monotonic_ns() // 1000}


TELL = "Tell the person who sent you the address: their terminal says why."

_notices = logging.getLogger(__name__)


class ErrorReporter:
    """Turns errors into refusals; ids and paths go to the terminal alone.

    503 and not 409: what a person decided keeps in the page until the server is back.

    Args:
        noun: what the logs hold: `decisions`.
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._last_message = ""

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Around whatever reads films or logs.

        Raises:
            Refusal: it could not.
        """
        try:
            yield
        except TableError as error:
            self._say(str(error))
            why = (
                "The films are not those that the server started with; it has to be started again."
            )
            raise Refusal(503, f"{why} {TELL}") from None
        except DecisionError as error:
            self._say(str(error))
            why = f"The {self._noun} cannot be read or logged just now."
            raise Refusal(503, f"{why} {TELL}") from None

    def _say(self, message: str) -> None:
        # Once: a page asks again and again until it is answered.
        if message != self._last_message:
            _notices.error("%s", message)
        self._last_message = message
