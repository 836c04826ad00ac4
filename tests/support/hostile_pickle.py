"""A pickle that does something to whoever opens it."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Hostile:
    """Makes a file when it is unpickled.

    Args:
        mark: the file.
    """

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)
