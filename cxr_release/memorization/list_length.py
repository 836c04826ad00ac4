"""How long the list of pairs must be, for people to be shown the copies that the search finds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

KEPT = 2
"""Real films that are compared in detail with each film: pairs of it that can stand in the list."""


def recommended(
    rows: Sequence[Mapping[str, Any]], kinds: Collection[str] | None = None
) -> tuple[int | None, list[str]]:
    """How long a list must be to hold, of every kind of copy, the share that is asked for.

    Args:
        rows: see `rows_of`, which is told the share.
        kinds: names of the alterations that count; None: all.

    Returns:
        The length for all kinds of which any list would hold so many, None where there is no such
        kind; and the names of the kinds of which none would, in the order of the rows.

    Raises:
        ValueError: copies of one of the kinds were not planted.
    """
    names = [row["alteration"] for row in rows]
    if missing := sorted(set(kinds or ()) - set(names)):
        raise ValueError(f"no such copies were planted: {', '.join(missing)}")
    chosen = [row for row in rows if kinds is None or row["alteration"] in kinds]
    reached = [row["needed"] for row in chosen if row["needed"] is not None]
    missed = [row["alteration"] for row in chosen if row["needed"] is None]
    return max(reached, default=None), missed
