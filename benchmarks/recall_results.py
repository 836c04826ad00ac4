"""Recall by kind of copy over the size of the sets, as a table and as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import printing
from cxr_release.plotting import new_figure, save_figure
from cxr_release.statistics.proportions import share_of

MEASURES = {"recall": "found, %", "flagged": "flagged, %"}
"""In the list of 100; above the threshold for all films."""
DPI = 100


def print_table(name: str, of_sizes: Sequence[Mapping[str, Any]], *, top: int) -> None:
    """Recall, 95 % interval and share flagged by kind and size; then what holds for all kinds."""
    print(
        f"{name}, {of_sizes[0]['size']} × {of_sizes[0]['size']}, real × synthetic; copies found in"
    )
    print(f"the list of {top} (95 % interval) · copies flagged, %\n")
    titles = [f"{each['real']:,} × {each['synthetic']:,}" for each in of_sizes]
    rows: list[tuple[object, ...]] = [
        (rows[0]["alteration"], *map(_cell, rows, of_sizes))
        for rows in zip(*(each["rows"] for each in of_sizes), strict=True)
    ]
    rows += [
        ("copies of each kind", *(str(each["rows"][0]["planted"]) for each in of_sizes)),
        ("synthetic films flagged", *(_of(each, "innocent") for each in of_sizes)),
        (
            "threshold, and the highest of their scores",
            *(
                _number(each["threshold"]) + f", {each['innocent_highest']:.2f}"
                for each in of_sizes
            ),
        ),
        ("of 20 copies among them flagged", *(_of(each, "planted") for each in of_sizes)),
    ]
    printing.table(("", *titles), rows)
    print()


def _cell(row: Mapping[str, Any], each: Mapping[str, Any]) -> str:
    share, low, high = (100 * row[name] for name in ("recall", "low", "high"))
    flagged = 100 * each["flagged"][row["alteration"]][0]
    return f"{share:.0f} ({low:.0f} to {high:.0f}) · {flagged:.0f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _of(each: Mapping[str, Any], name: str) -> str:
    count, total = each[f"{name}_flagged"], each[name]
    if count is None:
        return f"– of {total:,}"
    _, low, high = share_of(count, total)
    return f"{count} of {total:,} ({100 * low:.3g} to {100 * high:.3g} %)"


def draw(results: Mapping[str, Sequence[Mapping[str, Any]]], path: Path) -> None:
    """Draw what `recall` measured: a panel for each set of films and each measure.

    Args:
        results: films → one result a size; see `recall.measured`.
        path: ends in `.png`.
    """
    columns = sum(len(of_sizes) for of_sizes in results.values()) * len(MEASURES)
    kinds = [row["alteration"] for row in next(iter(results.values()))[0]["rows"]]
    figure = new_figure(3.2 + 0.62 * columns, 1.6 + 0.23 * len(kinds))
    panels = figure.subplots(
        1,
        len(results) * len(MEASURES),
        sharey=True,
        squeeze=False,
        width_ratios=[len(of_sizes) for of_sizes in results.values() for _ in MEASURES],
    )[0]
    pairs = [(name, measure) for name in results for measure in MEASURES]
    for panel, (name, measure) in zip(panels, pairs, strict=True):
        of_sizes = results[name]
        shares = 100 * np.array([_shares(each, measure) for each in of_sizes]).T
        panel.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
        for (row, column), share in np.ndenumerate(shares):
            dark = share > 55
            text = f"{share:.0f}"
            panel.text(
                column, row, text, ha="center", va="center", size=7, color="w" if dark else "k"
            )
        panel.set_title(f"{name}\n{MEASURES[measure]}", size=8, loc="left")
        panel.set_xticks(
            range(len(of_sizes)),
            [f"{each['real']:,}\n× {each['synthetic']:,}" for each in of_sizes],
            size=7,
        )
        panel.set_yticks(range(len(kinds)), kinds, size=8)
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    figure.supxlabel("real × synthetic films", size=8)
    save_figure(figure, path, dpi=DPI)


def _shares(each: Mapping[str, Any], measure: str) -> list[float]:
    if measure == "recall":
        return [row["recall"] for row in each["rows"]]
    return [each["flagged"][row["alteration"]][0] for row in each["rows"]]
