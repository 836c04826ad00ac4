"""What an ingest did, in numbers: `summary.json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from cxr_release.radiographs.facing import Facing
from cxr_release.radiographs.passes import Taken
from cxr_release.radiographs.patients import counted


def summarise(
    taken: Sequence[Taken],
    *,
    refused: int,
    inverted: Sequence[bool],
    facings: Sequence[Facing | None],
    flipped: Sequence[bool],
    unaided: Sequence[Facing | None],
    listed: Collection[int],
    key: str | None,
) -> dict[str, Any]:
    """Counts over the films of an ingest; for phantoms the share that was found as it was drawn.

    Args:
        taken: the films.
        refused: how many files were refused.
        inverted: whether each film was found negative.
        facings: the facing of each film; of those listed as facing left, as listed.
        flipped: whether each film was mirrored.
        unaided: the facing that is found of each film without its being listed.
        listed: indices of films that were listed as facing left.
        key: fingerprint of the key behind the films' ids; phantoms have none.
    """
    facts = [one.facts for one in taken]
    truth: list[Facing | None] = [
        one.true_facing or ("left" if at in listed else None) for at, one in enumerate(facts)
    ]
    return {
        "film_key": key,
        "files": len(taken) + refused,
        "ingested": len(taken),
        "refused": refused,
        **counted([one.patient for one in facts]),
        "cases": len({one.case for one in facts if one.case}) or None,
        "inverted": sum(inverted),
        "flipped": sum(flipped),
        "facings": _counts(facing or "unknown" for facing in facings),
        "source_bits": _counts(one.bits for one in facts),
        "source_modes": _counts(one.mode for one in facts),
        "source_width": _spread([one.width for one in facts]),
        "source_height": _spread([one.height for one in facts]),
        "polarity_accuracy": _share(
            zip(inverted, (one.true_negative for one in facts), strict=True)
        ),
        "facing_check": _check(unaided, truth),
    }


def _check(found: Sequence[Facing | None], truth: Sequence[Facing | None]) -> dict[str, int]:
    """Films whose facing is known from elsewhere, and how many are found otherwise, or not."""
    pairs = [(one, true) for one, true in zip(found, truth, strict=True) if true]
    return {
        "known": len(pairs),
        "wrong": sum(one is not None and one != true for one, true in pairs),
        "unknown": sum(one is None for one, _ in pairs),
    }


def _counts(values: Iterable[object]) -> dict[str, int]:
    return dict(Counter(str(value) for value in values))


def _spread(values: list[int]) -> dict[str, float]:
    return {"least": min(values), "median": float(np.median(values)), "most": max(values)}


def _share(pairs: Iterable[tuple[object, object]]) -> float | None:
    """Share of pairs (found, true) that agree, where both are known."""
    agree = [found == true for found, true in pairs if found is not None and true is not None]
    return sum(agree) / len(agree) if agree else None
