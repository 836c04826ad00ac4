"""Acceptance sampling: some films of each source are reviewed in place of all.

The films that the pre-screen did not exclude are the lot of their source. Of each lot as many films
as `screen.sample` says are drawn at random and reviewed; the faulty ones stay out, and the others
of the lot go out unseen. What the sample says of these is a bound: with 95 % confidence there are
no more faults left than `most_in_lot` allows, less those that were excluded in the sample.

A film is in the sample or not by its id and the seed of the project alone, whoever decided what,
and a larger sample holds a smaller one.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cxr_release.film_id import FilmId, job_fields, job_of_row, source_order, source_title
from cxr_release.rows import grouped
from cxr_release.statistics.proportions import ALPHA, most_in_lot, share_up

CONFIDENCE = 1 - ALPHA
Row = Mapping[str, Any]


def drawn_sample(lot: Collection[str], *, size: int, seed: int) -> frozenset[str]:
    """The films of a lot that are reviewed.

    Args:
        lot: ids of films of one source.
        size: films to draw, at most.
        seed: root of all random numbers.
    """

    def rank(film: str) -> bytes:
        return hashlib.sha256(f"{seed}/acceptance/{film}".encode()).digest()

    return frozenset(sorted(lot, key=rank)[:size])


def sampled_films(
    films: Iterable[str], *, size: int, seed: int, prescreened: Collection[str]
) -> frozenset[str]:
    """The films of all sources that are reviewed.

    Args:
        films: ids of all generated films.
        size: films to draw of each source, at most.
        seed: root of all random numbers.
        prescreened: ids of the films that the pre-screen keeps out.
    """
    lots: dict[str, list[str]] = defaultdict(list)
    for film in films:
        parsed = FilmId.parse(film)
        if film not in prescreened:
            lots[parsed.source if parsed else ""].append(film)
    samples = (drawn_sample(lot, size=size, seed=seed) for lot in lots.values())
    return frozenset().union(*samples)


def acceptance_of(
    films: Sequence[Row],
    exclusions: Iterable[Row],
    *,
    size: int,
    seed: int,
    waiting: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """What the sample of each source says of the films that nobody looked at.

    A fault is a film of the sample that reviewers excluded, or that was withdrawn later. Films
    outside of the sample that somebody excluded stay out, too, and change no bound: it is not
    lowered by them.

    Args:
        films: every generated film: `id`, `checkpoint`, `batch`, `released` and `decided`, which is
            None where it is not known.
        exclusions: rows of `schemas.EXCLUSIONS`.
        size: films of each source to review, at most.
        seed: root of all random numbers.
        waiting: source → films of its sample that are undecided, where the films do not say it.

    Returns:
        `size`, `confidence`, `waiting` (films of the samples that are undecided), `rows` (of each
        source: see `_row`) and `together` (`released`, `most_left` and `share` of all sources at
        once; None while a sample is not finished).
    """
    out = {row["id"]: row for row in exclusions}
    prescreened = {film for film, row in out.items() if row["prescreen"]}
    sample = sampled_films(
        (film["id"] for film in films), size=size, seed=seed, prescreened=prescreened
    )
    sources = grouped(films, lambda film: job_of_row(film)[0])
    rows = [
        _row(source, sources[source], out, sample, waiting)
        for source in sorted(sources, key=source_order)
    ]
    return {
        "size": size,
        "confidence": CONFIDENCE,
        "waiting": sum(row["waiting"] for row in rows),
        "rows": rows,
        "together": _together(rows),
    }


def _row(
    source: str,
    films: Sequence[Row],
    out: Mapping[str, Row],
    sample: Collection[str],
    waiting: Mapping[str, int] | None,
) -> dict[str, Any]:
    """Of one source: its name as rows have it, films that were `generated`, those of the `lot` (all
    but what the pre-screen keeps out), of the `sample`, of which are `waiting` for a decision,
    `faults` in the sample, `released` films, and `unseen`, those of them outside of the sample;
    `most_left`, the upper bound of faults among the released films, and its `share` of them. Both
    are None while the sample is not finished, the share also where no film is released.
    """
    lot = [film["id"] for film in films if not (film["id"] in out and out[film["id"]]["prescreen"])]
    mine = [film for film in films if film["id"] in sample]
    excluded = [out[film["id"]] for film in mine if film["id"] in out]
    faults = sum(bool(row["reviewers"] or row["withdrawn"]) for row in excluded)
    named = {key: value for key, value in job_fields((source, "")).items() if key != "batch"}
    released = [film["id"] for film in films if film["released"]]
    row = {
        **named,
        "generated": len(films),
        "lot": len(lot),
        "sample": len(mine),
        "waiting": sum(film["decided"] is False for film in mine)
        if waiting is None
        else waiting.get(source, 0),
        "faults": faults,
        "released": len(released),
        "unseen": sum(film not in sample for film in released),
    }
    return row | left_of(row)


def left_of(row: Row, level: float = CONFIDENCE) -> dict[str, Any]:
    """`most_left` and `share` of a row of one source; see `_row`.

    Args:
        row: its numbers.
        level: of confidence.
    """
    if row["waiting"]:
        return {"most_left": None, "share": None}
    bound = most_in_lot(row["lot"], row["sample"], row["faults"], level=level)
    most = min(bound - row["faults"], row["unseen"])
    return {"most_left": most, "share": most / row["released"] if row["released"] else None}


def _together(rows: Sequence[Row]) -> dict[str, Any] | None:
    """The bound of all sources at once: each at a level so much higher that all hold (Bonferroni).

    Returns:
        None while a sample is not finished.
    """
    if not rows or any(row["waiting"] for row in rows):
        return None
    level = 1 - (1 - CONFIDENCE) / len(rows)
    most = sum(left_of(row, level)["most_left"] for row in rows)
    released = sum(row["released"] for row in rows)
    share = most / released if released else None
    return {"released": released, "most_left": most, "share": share}


def sentences_of(acceptance: Row) -> Iterator[str]:
    """What a sample in place of all films says, for whoever reads how the films were screened.

    Args:
        acceptance: what `acceptance_of` returns.
    """
    size, rows, together = acceptance["size"], acceptance["rows"], acceptance["together"]
    sampled = sum(row["sample"] for row in rows)
    if sampled < sum(row["lot"] for row in rows):
        yield (
            f"Not every film was to be reviewed, but a random sample: {size:,} of each source, or"
            f" all where there are fewer; {sampled:,} film{'s' * (sampled != 1)} in all."
        )
    for row in rows:
        if row["waiting"]:
            wait = f"{row['waiting']:,} of {row['sample']:,} films"
            verb = "waits" if row["waiting"] == 1 else "wait"
            title = source_title(job_of_row({**row, "batch": ""})[0])
            yield f"The sample of {title} is not finished: {wait} {verb} for a decision."
    if together is not None and together["share"] is not None:
        yield (
            f"With {acceptance['confidence']:.0%} confidence at most {together['most_left']:,} of"
            f" the {together['released']:,} released films ({share_up(together['share'])}) would"
            " have been excluded, had all been reviewed like the sample."
        )


def waiting_films(undecided: int, acceptance: Mapping[str, Any] | None) -> int:
    """Films that wait for reviewers: all that are undecided, or those of the samples alone.

    Args:
        undecided: films on which not enough people have decided.
        acceptance: what `acceptance_of` returns; None where all films are reviewed.
    """
    return undecided if acceptance is None else int(acceptance["waiting"])


def state_of(reviewers: int, waiting: int) -> str:
    """State of a review: `none`, `partial` or `complete`.

    Args:
        reviewers: people with a decision in effect.
        waiting: see `waiting_films`.
    """
    return "none" if not reviewers else "partial" if waiting else "complete"
