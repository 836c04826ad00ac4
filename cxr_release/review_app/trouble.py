"""What is wrong with films or logs: in full to the terminal, in a sentence to the page."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from cxr_release.errors import DecisionError, TableError
from cxr_release.review_app.guard import Refusal

TELL = "Tell the person who sent you the address: their terminal says why."

_notices = logging.getLogger(__name__)


class Trouble:
    """Turns our errors into refusals; ids and paths go to the terminal alone.

    503 and not 409: what a person decided keeps in the page until the server is back.

    Args:
        what: the logs hold: `decisions`.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._said = ""

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
            why = f"The {self._what} cannot be read or logged just now."
            raise Refusal(503, f"{why} {TELL}") from None

    def _say(self, what: str) -> None:
        # Once: a page asks again and again until it is answered.
        if what != self._said:
            _notices.error("%s", what)
        self._said = what
