"""Reader studies for tests: random ones, and their rows as a CSV would hold them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cxr_release.reader_study.ratings import Ratings, ratings_of

COLUMNS = ("rater", "quartet", "image", "source", "rating", "identified_as_real")
FIXTURES = Path(__file__).parents[1] / "reader_study" / "fixtures"

Row = dict[str, Any]


def study_rows(raters: int, quartets: int, checkpoints: int = 3, seed: int = 0) -> list[Row]:
    """Rows of `schemas.RESPONSES`: chance ratings, chance picks."""
    chance = random.Random(seed)
    sources = ["real", *(f"checkpoint-{9 + 4 * place}" for place in range(checkpoints))]
    rows = []
    for rater in range(raters):
        for quartet in range(1, quartets + 1):
            picked = chance.choice(sources)
            rows += [
                {
                    "rater": f"r{rater + 1}",
                    "quartet": quartet,
                    "image": f"q{quartet}-{place}",
                    "source": source,
                    "rating": chance.choice((2, 3, 3, 4, 4)),
                    "identified_as_real": source == picked,
                }
                for place, source in enumerate(sources)
            ]
    return rows


def study(raters: int, quartets: int, checkpoints: int = 3, seed: int = 0) -> Ratings:
    """The same as arrays."""
    return ratings_of(study_rows(raters, quartets, checkpoints, seed))


def csv_text(rows: Iterable[Mapping[str, Any]], columns: Iterable[str] = COLUMNS) -> str:
    """The rows as tidy CSV, the header on line 1."""
    names = list(columns)
    lines = [",".join(names), *(",".join(str(row[name]) for name in names) for row in rows)]
    return "\n".join(lines) + "\n"
