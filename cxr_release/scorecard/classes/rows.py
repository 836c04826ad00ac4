"""The rows of `classes` and what follows from them alone: their order, and words for a terminal.

Of each class the *weakest* measure is the one that is farthest from what real films of the class
get: obedience over the classifier's accuracy on control films, coverage over that by other real
films, and the floor of the distance over the distance. 1 is as real films are. Classes stand by
their weakest measure, the lowest first and equal ones by name, and no mean is taken; those of which
nothing could be measured come last.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cxr_release.films.folder import printable

Row = Mapping[str, Any]
OBEDIENCE, COVERAGE, DISTANCE = "obedience", "coverage", "distance"
HELPS, WIDENS, NOT_SHOWN = "helps", "widens the gap", "not shown"
LEVELS_DOWN = "narrows the gap and lowers the accuracy"
"""What films added for rare classes come to; see `verdict_of`."""


def shares_of(row: Row) -> dict[str, float]:
    """Measure → its share of what real films of the class get, 0 or more; of those measured."""
    shares = {}
    obeyed, coverage, distance = row[OBEDIENCE], row[COVERAGE], row[DISTANCE]
    if obeyed and obeyed["value"] is not None and obeyed["control"]["value"]:
        shares[OBEDIENCE] = obeyed["value"] / obeyed["control"]["value"]
    if coverage:
        shares[COVERAGE] = coverage["ratio"]
    if distance and distance["value"] > 0:
        shares[DISTANCE] = distance["floor"] / distance["value"]
    return shares


def share_interval(row: Row, measure: str) -> tuple[float, float] | None:
    """Interval of a share of `shares_of`, of the synthetic films alone; None without one."""
    if measure == OBEDIENCE:
        low, high = row[OBEDIENCE]["interval"]
        accuracy = row[OBEDIENCE]["control"]["value"]
        return low / accuracy, high / accuracy
    if measure == COVERAGE:
        interval = row[COVERAGE]["interval"]
        return None if interval is None else (interval[0], interval[1])
    low, high = row[DISTANCE]["interval"]
    floor = row[DISTANCE]["floor"]
    return floor / max(high, row[DISTANCE]["value"]), floor / low if low > 0 else math.inf


def weakest_of(row: Row) -> dict[str, Any] | None:
    """The measure with the lowest share, and that; None where nothing was measured."""
    shares = shares_of(row)
    if not shares:
        return None
    name = min(shares, key=lambda measure: shares[measure])
    return {"measure": name, "share": shares[name]}


def worst_first(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows with their weakest measure, in the order in which they are shown."""
    with_weakest = [{**row, "weakest": weakest_of(row)} for row in rows]
    return sorted(with_weakest, key=_place)


def _place(row: Row) -> tuple[float, str]:
    return row["weakest"]["share"] if row["weakest"] else math.inf, row["class"]


def verdict_of(gaps: Sequence[float] | None, accuracies: Sequence[float] | None) -> str:
    """What two intervals of differences show.

    Args:
        gaps: lower and upper end; below 0: the gap is smaller with synthetic films. None: nothing
            is known.
        accuracies: likewise; below 0: the mean recall of the classes is lower with them.
    """
    if gaps is None:
        return NOT_SHOWN
    if gaps[1] < 0:
        return LEVELS_DOWN if accuracies is not None and accuracies[1] < 0 else HELPS
    return WIDENS if gaps[0] > 0 else NOT_SHOWN


def lines(report: Row) -> Iterator[str]:
    """The classes in words, for a terminal; see `measure.measure_classes`."""
    of = f" of {printable(report['fact'])}" if report["fact"] else ""
    yield f"classes{of}, the worst first:"
    for row in report["rows"]:
        yield from _of_class(row)
    whole = report[OBEDIENCE]
    if whole and whole["films"]:
        yield f"  all classes: {_obeyed(whole)}"
    yield from _accuracy(report["accuracy_score"])
    yield from _oversampling(report["oversampling"])
    number = report["newcomer"]
    if number:
        yield (
            f"  who learns the classes from {number['learnt']:,} of the synthetic films gets"
            f" {number['right']:,} of the other {number['tested']:,} right ({number['split']})"
        )
    yield from (f"  not measurable: {why}" for why in report["why_not"])


def _of_class(row: Row) -> Iterator[str]:
    films = {kind: row[kind]["films"] for kind in ("synthetic", "trained", "control")}
    counts = ", ".join(
        f"{'few' if count is None else format(count, ',')} {kind}" for kind, count in films.items()
    )
    yield f"  {printable(row['class'])}: {counts} films"
    parts = []
    if row[OBEDIENCE] and row[OBEDIENCE]["value"] is not None:
        parts.append(_obeyed(row[OBEDIENCE]))
    if distance := row[DISTANCE]:
        parts.append(
            f"distance {distance['value']:.2f} {_interval(distance['interval'], 2)}, and"
            f" {distance['floor']:.2f} of as many real films of the class"
        )
    if coverage := row[COVERAGE]:
        interval = coverage["interval"] and f" {_interval(coverage['interval'], 2)}"
        parts.append(
            f"{coverage['ratio']:.2f}{interval or ''} of what as many other real films of the class"
            " cover"
        )
    yield from (f"    {part}" for part in parts)
    for attack in row["privacy"]["attacks"]:
        leaks = f"; LEAK, by {' and '.join(attack['leaks'])}" * bool(attack["leaks"])
        interval = _interval(attack["interval"], 3)
        yield f"    {attack['attack']}: AUC {attack['auc']:.3f} {interval}{leaks}"
    yield from (f"    not measurable: {why}" for why in reasons_of(row))


def reasons_of(row: Row) -> list[str]:
    """Why some of the measures of a class are missing, each once."""
    reasons = [*row["why_not"], *row["privacy"]["why_not"]]
    if row[OBEDIENCE]:
        reasons += [*row[OBEDIENCE]["why_not"], *row[OBEDIENCE]["control"]["why_not"]]
    return list(dict.fromkeys(reasons))


def _obeyed(row: Row) -> str:
    text = (
        f"{row['obeyed']:,} of {row['films']:,} synthetic films are taken for what they were drawn"
        f" as, {_percent(row['value'])} {_percents(row['interval'])}"
    )
    control = row["control"]
    if control["value"] is not None:
        text += f"; of control films {_percent(control['value'])} {_percents(control['interval'])}"
    return text if row["chance"] is None else f"{text}; by chance {_percent(row['chance'])}"


def _accuracy(score: Row) -> Iterator[str]:
    if score["why_not"]:
        yield f"  classification accuracy score: not measurable, for {score['why_not']}"
        return
    yield (
        f"  classification accuracy score, on {score['tested']['films']:,} control films:"
        f" {_percent(score['synthetic']['accuracy'])} learnt from synthetic films,"
        f" {_percent(score['real']['accuracy'])} from as many real ones; difference"
        f" {100 * score['difference']:+.1f} % {_percents(score['interval'])}"
    )


def _oversampling(report: Row) -> Iterator[str]:
    if report["why_not"]:
        yield f"  films added for rare classes: not measurable, for {report['why_not']}"
        return
    gap = report["real"]["gap"]
    yield f"  gap between the best and the worst class, learnt from real films: {_percent(gap)}"
    for arm in report["arms"]:
        if arm["why_not"]:
            yield f"    synthetic films added, {arm['how']}: not measured, for {arm['why_not']}"
        else:
            yield (
                f"    {sum(arm['added'].values()):,} synthetic films added, {arm['how']}:"
                f" {_percent(arm['gap'])}, {100 * arm['difference']:+.1f} %"
                f" {_percents(arm['interval'])}, mean recall"
                f" {100 * arm['accuracy_difference']:+.1f} % {_percents(arm['accuracy_interval'])}:"
                f" {arm['verdict']}"
            )


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _percents(interval: Sequence[float] | None) -> str:
    if interval is None:
        return "[not known]"
    low, high = interval
    return f"[{100 * low:.1f}, {100 * high:.1f}]"


def _interval(interval: Sequence[float], places: int) -> str:
    low, high = interval
    return f"[{low:.{places}f}, {high:.{places}f}]"
