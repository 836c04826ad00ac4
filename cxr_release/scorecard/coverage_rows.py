"""The rows of `coverage` and what follows from them alone: the score, and words for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cxr_release.films.folder import printable
from cxr_release.scorecard.names import FILMS_OF_PATIENT, SEVERAL, SINGLE

Row = Mapping[str, Any]


def score_of(rows: Sequence[Row]) -> float | None:
    """0 … 100 of the release; None where no group was measured.

    Args:
        rows: see `Coverage.report`.
    """
    ratio = lowest(rows)
    return None if ratio is None else round(100 * min(1.0, ratio[0]), 1)


def lowest(rows: Sequence[Row]) -> tuple[float, str] | None:
    """The lowest ratio of a group, taking the better of the kinds of features, and whose it is.

    Args:
        rows: see `Coverage.report`.
    """
    ratios: dict[tuple[str, str], float] = {}
    for row in rows:
        if row["ratio"] is not None:
            group = row["column"], row["group"]
            ratios[group] = max(row["ratio"], ratios.get(group, row["ratio"]))
    if not ratios:
        return None
    group = min(ratios, key=lambda group: ratios[group])
    return ratios[group], _in_a_sentence(*group)


def _in_a_sentence(column: str, group: str) -> str:
    """A group as a sentence names it: "of …"."""
    if column == FILMS_OF_PATIENT and group in (SINGLE, SEVERAL):
        return f"patients with {group} film{'' if group == SINGLE else 's'}"
    return ": ".join(filter(None, (column, group)))


def lines(report: Sequence[Row]) -> Iterator[str]:
    """The rows in words, for a terminal; a line for each group.

    Args:
        report: see `Coverage.report`.
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in report:
        groups.setdefault((row["column"], row["group"]), []).append(row)
    measured = [row for row in report if not row["too_few"]]
    if not measured:
        yield "coverage: not measured, for there are too few films"
        return
    kinds = " and ".join(dict.fromkeys(row["features"] for row in measured))
    yield f"coverage, as a ratio to that by as many other real films, by {kinds}:"
    for (column, group), rows in groups.items():
        name = ": ".join(printable(part) for part in (column, group) if part)
        first = rows[0]
        if first["too_few"]:
            counts = "" if first["films"] is None else f": {first['films']:,} films"
            yield f"  {name}{counts}: too few to measure"
        else:
            missed = "; MISSED" if first["missed"] else ""
            ratios = " and ".join(map(_ratio_in_words, rows))
            yield f"  {name}, {first['films']:,} films: {ratios}{missed}"
    if any(row["missed"] for row in measured):
        yield "  MISSED: shown by both kinds of features to be covered less than all other films"
    else:
        yield "  no group is shown by both kinds of features to be covered less than the others"


def _ratio_in_words(row: Row) -> str:
    text = f"{row['ratio']:.2f}"
    if row["interval"] is not None:
        low, high = row["interval"]
        text += f" [{low:.2f}, {high:.2f}]"
    if row["rest"] is not None:
        text += f" (others {row['rest']:.2f})"
    return text
