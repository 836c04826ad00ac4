"""The tables that a sound card has, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.film_id import checkpoint_of
from cxr_release.release.checks.truth import Truth
from cxr_release.release.disclosure import PLACES
from cxr_release.release.documents.markdown import FILTERS
from cxr_release.release.inputs import jobs_of
from cxr_release.release.package import PAIRS_SHOWN

Row = Mapping[str, Any]
_CHANGED = {
    "added": "films added",
    "withdrawn": "films withdrawn",
    "redrawn": "films drawn anew under the same name",
    "relabelled": "films of which a column says something else",
    "numbers": "numbers and settings of `release.json",
}
"""What became different, as the card calls it once code marks at the ends are gone."""

_mean, _number, _p_value = (FILTERS[name] for name in ("mean", "number", "p_value"))


@dataclass(frozen=True)
class Expected:
    """A table of the card, or those of its columns that are known."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    due: bool = True
    """Whether a card without such a table is not whole."""
    ordered: bool = True
    """Whether its rows have an order that is known: keys of JSON have lost theirs."""

    @property
    def of(self) -> str:
        """Who says it."""
        return "the release" if self.due else "release.json"


def expected_tables(truth: Truth) -> Iterator[Expected]:
    """The tables whose cells the release's own tables, or else its record, give.

    A card may have more columns, and more tables: of those nothing is known here.
    """
    record = truth.record
    metrics, counts = record["metrics"], record["counts"]
    yield Expected(("config", "rows"), [(one.name, f"{one.rows:,}") for one in truth.configs])
    yield _table_s1(counts, record["params"]["train"]["checkpoint_every"])
    yield _facing(record)
    yield Expected(
        ("rank", "synthetic film", "in this release", "cosine", "view", "verdict"),
        [_pair(row) for row in truth.pairs[:PAIRS_SHOWN]],
    )
    yield _verdicts(record["reviews"]["audit"])
    if metrics["reader_study"]["analysis"] is not None:
        yield _realism(metrics["reader_study"]["analysis"])
    yield from _of_the_record(record)


def _facing(record: Row) -> Expected:
    jobs = jobs_of(tuple(record["params"]["sample"]["checkpoints"]))
    rows = {(row["checkpoint"], row["batch"]): row for row in record["metrics"]["facing"]}
    names = ("left", "right", "unknown", "flipped", "said")
    faced = ("faced left", "faced right", "not known", "mirrored", "as reviewers say")
    return Expected(
        ("checkpoint", "batch", *faced),
        [(str(job[0]), job[1], *_counts(rows[job], names)) for job in jobs],
    )


def _counts(row: Row, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{row[name]:,}" for name in names)


def _table_s1(counts: Row, every: int) -> Expected:
    def cells(row: Row) -> tuple[str, ...]:
        share = f"{row['released'] / row['generated']:.1%}" if row["generated"] else "–"
        films = _counts(row, ("generated", "excluded", "released", "undecided"))
        return (*films[:3], share, films[3])

    rows = [
        (str(row["checkpoint"]), f"{row['checkpoint'] * every:,}", row["batch"], *cells(row))
        for row in counts["rows"]
    ]
    columns = ("checkpoint", "training steps", "batch", "generated", "excluded", "released")
    return Expected(
        (*columns, "released of generated", "undecided"),
        [*rows, ("all", "", "", *cells(counts["total"]))],
    )


def _pair(row: Row) -> tuple[str, ...]:
    return (
        str(row["rank"]),
        row["synthetic_id"],
        "yes" if row["synthetic_released"] else "no",
        # Rounded where films go by an HMAC: it is not shown more exactly than it is.
        f"{row['cosine']:.{4 if row['real_pixel_hmac'] is None else PLACES}f}",
        row["view"],
        row["verdict"] or "not settled",
    )


def _verdicts(judging: Row) -> Expected:
    said = judging["verdicts"]
    rows = {
        "a copy": said["copy"],
        "not a copy": said["not-a-copy"],
        "settled as unsure": said["unsure"],
        "open: people differ, or are unsure": judging["open_conflicts"],
        "listed pairs that are not settled, the open ones among them": judging["pairs"]
        - judging["settled"],
    }
    return Expected(("verdict", "pairs"), [(name, f"{value:,}") for name, value in rows.items()])


def _realism(analysis: Row) -> Expected:
    tests = {
        "p exact": "p_exact",
        "p exact (Holm)": "p_exact_holm",
        "p R 4.4": "p",
        "p R 4.4 (Holm)": "p_holm",
    }
    rows = [
        (
            source,
            str(_mean(one["mean"], 3)),
            f"{one['difference']:.3f}" if "difference" in one else "",
            *(str(_p_value(one[name])) if name in one else "" for name in tests.values()),
            str(_number(one["V"])) if "V" in one else "",
        )
        for source, one in analysis["realism"].items()
    ]
    # JSON sorts its keys; the card has the real films first and the checkpoints by number.
    rows.sort(key=lambda row: checkpoint_of(row[0]) or 0)
    return Expected(("source", "mean rating", "real − source", *tests, "V"), rows)


def _of_the_record(record: Row) -> Iterator[Expected]:
    """Tables of numbers that nothing but the record holds."""
    metrics = record["metrics"]
    yield Expected(
        ("rule", "applied to"),
        [(rule, f"{things:,}") for rule, things in record["validation"]["rules"].items()],
        due=False,
        ordered=False,
    )
    software = [(name, str(version)) for name, version in record["software"].items()]
    yield Expected(("software", "version"), software, due=False, ordered=False)
    yield Expected(
        ("checkpoint of the tuning run", "steps", "training films", "held-out films"),
        [
            (
                *(str(one["checkpoint"]), f"{one['checkpoint_step']:,}"),
                *(f"{one[name]:.4f}" for name in ("training", "held_out")),
            )
            for one in metrics["losses"]
        ],
        due=False,
    )
    power = [] if metrics["audit"].get("power_note") else metrics["audit"]["power"]
    yield Expected(
        ("alteration", "planted", "found", "share"),
        [
            (
                str(one["alteration"]),
                f"{one['planted']:,}",
                f"{one['found']:,}",
                f"{one['recall']:.1%}",
            )
            for one in power
        ],
        due=False,
    )
    yield Expected(
        ("file", "films", "last changed in"),
        [(name, f"{one['rows']:,}", one["version"]) for name, one in record["shards"].items()],
        due=False,
        ordered=False,
    )
    if record["changes"] is not None:
        head = (f"changed since {record['previous']}", "")
        rows = [(words, f"{record['changes'][name]:,}") for name, words in _CHANGED.items()]
        yield Expected(head, rows, due=False)
