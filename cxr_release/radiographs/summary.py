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
    told: Collection[int],
    key: str | None,
) -> dict[str, Any]:
    """Counts over the films of an ingest; for phantoms the share that was found as it was drawn.

    `told` are the indices of films whose facing was given: they do not count as found. `key` is the
    fingerprint of the key behind the films' ids; phantoms have none.
    """
    facts = [one.facts for one in taken]
    found = [None if at in told else facing for at, facing in enumerate(facings)]
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
        "facing_accuracy": _share(zip(found, (one.true_facing for one in facts), strict=True)),
    }


def _counts(values: Iterable[object]) -> dict[str, int]:
    return dict(Counter(str(value) for value in values))


def _spread(values: list[int]) -> dict[str, float]:
    return {"least": min(values), "median": float(np.median(values)), "most": max(values)}


def _share(pairs: Iterable[tuple[object, object]]) -> float | None:
    """Share of pairs (found, true) that agree, where both are known."""
    agree = [found == true for found, true in pairs if found is not None and true is not None]
    return sum(agree) / len(agree) if agree else None
