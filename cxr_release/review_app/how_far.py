"""How far a person is, as an answer says it: with the moment at which it was so."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Counted(Protocol):
    """A person's queue."""

    @property
    def turn(self) -> threading.RLock:
        """Held by whoever changes it."""

    def progress(self) -> DataclassInstance:
        """How far the person is."""


def how_far(queue: Counted) -> dict[str, Any]:
    """`progress`, and `moment`: microseconds of a clock that is never set back.

    Answers reach a page in any order; the page shows what was so last.
    """
    with queue.turn:
        return {"progress": asdict(queue.progress()), "moment": time.monotonic_ns() // 1000}
