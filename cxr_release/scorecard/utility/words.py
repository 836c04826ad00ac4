"""What synthetic films are worth, in words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from cxr_release.errors import one_line
from cxr_release.scorecard.names import BLURRED, COPIES, NOISE, ONE_FILM, RELEASE
from cxr_release.scorecard.utility.pools import ANCHORS
from cxr_release.scorecard.utility.rows import HYBRID
from cxr_release.statistics.resampled import TEST

Row = Mapping[str, Any]

CAVEAT = (
    f"p by the {TEST} test (Nadeau and Bengio), corrected by Holm's method for all rows of"
    " synthetic films that count. d is Cohen's d of repetitions that share most of their films: it"
    " is larger than that of independent studies would be. Usefulness says nothing about privacy:"
    " patients' own films are useful."
)
"""What numbers of this kind do not say."""
_NAMES = {
    RELEASE: "the release",
    COPIES: "trained films themselves",
    BLURRED: "trained films, blurred",
    NOISE: "noise",
    ONE_FILM: "one trained film, repeated",
}
_PLACES = {"higher": 3, "lower": 2}


def lines(report: Sequence[Row]) -> Iterator[str]:
    """The rows in words; see `Utility.report`."""
    for _, rows in groupby(report, key=lambda row: (row["task"], row["labels"], row["learner"])):
        task = list(rows)
        yield from _task(task)
    if report:
        yield CAVEAT


def _task(rows: Sequence[Row]) -> Iterator[str]:
    first = rows[0]
    labels = "no labels" if first["labels"] is None else one_line(str(first["labels"]))
    learner = "" if first["learner"] == "closed" else f", learnt by {first['learner']}"
    yield (
        f"{first['task']} ({labels}{learner}), tested on {first['tested_on']} films;"
        f" {_unit(first)}, {first['better']} is better, and differences above 0 are for the better"
    )
    yield f"  {_films(first['real_only_films'], 'real')} alone: {_value(first, 'real_only')}"
    arms = {(row["protocol"], row["ratio"]): None for row in rows}
    for protocol, ratio in arms:
        yield from _arm(
            [row for row in rows if (row["protocol"], row["ratio"]) == (protocol, ratio)]
        )


def _arm(rows: Sequence[Row]) -> Iterator[str]:
    first = rows[0]
    count = first["synthetic"]
    if first["protocol"] == HYBRID:
        films = f"{_films(first['real'], 'real')} and {count:,} of each kind below"
    else:
        films = f"{count:,} of each kind below, and no real ones"
    yield (
        f"  {films}: {_value(first, 'ceiling')} where these are other real films,"
        f" {_value(first, 'floor')} of what cannot help"
    )
    if first["why_not"]:
        yield f"    not sensitive, and not counted: {first['why_not']}"
    for row in rows:
        yield f"    {_name(row)}: {', '.join(_parts(row))}"


def _parts(row: Row) -> Iterator[str]:
    places = _PLACES[row["better"]]
    difference = f"{row['difference']:+.{places}f}"
    if row["interval"] is not None:
        low, high = row["interval"]
        difference += f" [{low:+.{places}f}, {high:+.{places}f}]"
    yield f"{_value(row, 'value')}, {difference} against real films alone"
    if row["p_holm"] is not None:
        yield f"{_p(row['p_holm'])} after correction, d {row['d']:.1f}"
    if row["recovery"] is not None:
        share = f"{100 * row['recovery']:.0f} %" if row["recovery"] > 0 else "none"
        beyond = " more than blurred ones" if row["baseline"] == BLURRED else ""
        yield f"{share} of what other real films bring{beyond}"
    worth = row["worth_real_films"]
    if worth is not None:
        yield f"worth {worth['bound'] or 'about'} {worth['films']:,} real films"


def _name(row: Row) -> str:
    of = str(row["of"])
    if of == RELEASE or of in ANCHORS:
        return _NAMES[of]
    return one_line(of) if of.startswith("checkpoint ") else f"checkpoint {one_line(of)}"


def _unit(row: Row) -> str:
    return one_line(str(row["unit"]))


def _value(row: Row, key: str) -> str:
    return f"{row[key]:.{_PLACES[row['better']]}f}"


def _films(count: int, kind: str) -> str:
    return f"{count:,} {kind} film{'s' * (count != 1)}"


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
