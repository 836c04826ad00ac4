"""Figures of the reader study, each as SVG and PNG: same ratings, same bytes, no date, no path."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr_release.film_id import source_title
from cxr_release.plotting import new_figure, open_frame, save_figure
from cxr_release.reader_study.formatting import count, mean, p_of
from cxr_release.reader_study.ratings import REAL, Ratings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Analysis = Mapping[str, Any]
INK, REAL_TONE, TONE, LIGHT = "#1b1b1b", "#8a8a8a", "#d4d4d4", "#6b6b6b"
"""Greys that differ in print: outlines and numbers, real films, synthetic ones, what is aside."""
LABEL = 15
"""Characters of a source's name on a line."""
BANDWIDTH = 0.15
"""Likert points over which a violin spreads each rating, so that four humps stay apart."""
INCHES, ROW = 7.2, 0.2
"""Width of a figure, and height of a reader's row."""


def draw_realism(folder: Path, ratings: Ratings, study: Analysis) -> None:
    """`realism.svg` and `realism.png`: violins of the ratings of each source.

    Each violin holds single ratings; beside it are the share of each rating and, as points,
    the readers' means; the diamond is the mean of all. Brackets give both p of real
    against each checkpoint, adjusted by Holm's method.

    Args:
        folder: of the figures.
        ratings: of the study.
        study: as `analysis.analyze` returns it.
    """
    sources = ratings.sources
    figure = new_figure(max(4.6, 1.5 + 1.45 * len(sources)), 4.6)
    axes = figure.subplots()
    for place, source in enumerate(sources):
        summary = study["realism"][source]
        tone = TONE if place else REAL_TONE
        _violin(axes, place, summary["ratings"], tone)
        means = np.sort(ratings.rating[:, :, place].mean(axis=1))
        axes.plot(
            place + _beside(means), means, "o", ms=3.5, mfc="white", mec=INK, mew=0.7, alpha=0.8
        )
        axes.plot(place, summary["mean"], "D", ms=6, color=INK, mec="white", mew=0.8, zorder=5)
    top = _brackets(axes, study["realism"], sources)
    axes.set_xlim(-0.55, len(sources) - 0.35)
    axes.set_ylim(0.45, top)
    realism = study["realism"]
    names = [f"{_label(source)}\nmean {mean(realism[source]['mean'], 2)}" for source in sources]
    axes.set_xticks(range(len(sources)), names, parse_math=False)
    axes.set_yticks((1, 2, 3, 4), ("1 unrealistic", "2", "3", "4 fully realistic"))
    open_frame(axes)
    axes.spines["left"].set_bounds(1, 4)
    axes.set_ylabel("realism")
    mean_of = "the reader's mean" if len(ratings.readers) == 1 else "a reader's mean"
    figure.supxlabel(
        f"{count(len(ratings.readers), 'reader')}, {count(len(ratings.quartets), 'quartet')};"
        " violin and %: single ratings\n"
        f"circle: {mean_of}; diamond: mean of all\n"
        "p: Wilcoxon signed-rank tests of readers' sums, Holm-adjusted",
        fontsize=7.5,
        color=LIGHT,
    )
    _save(figure, folder, "realism")


def _violin(axes: Axes, place: int, numbers: Mapping[str, int], tone: str) -> None:
    """Density of ratings, each spread a little, with its widest hump 0.4 to each side."""
    heights = np.linspace(0.5, 4.5, 401)
    values = np.array([int(value) for value in numbers], np.float64)
    shares = np.array(list(numbers.values())) / sum(numbers.values())
    spread = np.exp(-(((heights[:, None] - values) / BANDWIDTH) ** 2) / 2)
    widths = 0.36 * (spread @ shares) / (spread @ shares).max()
    left, right = place - widths, place + widths
    axes.fill_betweenx(heights, left, right, color=tone, linewidth=0)
    for edge in (left, right):
        axes.plot(edge, heights, color=INK, linewidth=0.6)
    for value, share in zip(values, shares, strict=True):
        axes.annotate(
            f"{100 * share:.0f} %",
            (place + 0.39, value),
            fontsize=7,
            color=LIGHT,
            va="center",
        )


def _beside(means: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Offsets that keep rising points apart: those of like height spread from the middle."""
    offsets = np.zeros(len(means))
    for number, height in enumerate(means):
        near = int((means[:number] > height - 0.06).sum())
        offsets[number] = 0.055 * ((near % 9 + 1) // 2) * (-1) ** near
    return offsets


def _brackets(axes: Axes, realism: Analysis, sources: Sequence[str]) -> float:
    """Lines from real to each checkpoint with both p above them; returns where the axis ends."""
    height = 4.6
    for place, source in enumerate(sources[1:], start=1):
        summary = realism[source]
        both = f"p exact {_p(summary['p_exact_holm'])}\np R 4.4 {_p(summary['p_holm'])}"
        axes.plot(
            [0, 0, place, place],
            [height, height + 0.05, height + 0.05, height],
            color=INK,
            linewidth=0.8,
        )
        axes.annotate(
            both, (place / 2, height + 0.07), ha="center", va="bottom", fontsize=7, color=INK
        )
        height += 0.46
    return height


def draw_identification(folder: Path, ratings: Ratings, study: Analysis) -> None:
    """`identification.svg` and `identification.png`: how often the real film was found.

    To the left each reader's accuracy with its Clopper–Pearson interval and that of all with both
    intervals, against chance; to the right how often each source was picked.

    Args:
        folder: of the figures.
        ratings: of the study.
        study: as `analysis.analyze` returns it.
    """
    identification = study["identification"]
    rows, least = len(ratings.readers) + 3.0, 1.8 * len(ratings.sources) + 1
    spare = max(0.01, rows - least)
    figure = new_figure(INCHES, 1.3 + ROW * max(rows, least))
    grid = figure.add_gridspec(2, 2, width_ratios=(3, 2), height_ratios=(least, spare))
    # Few bars beside many readers stay bars.
    places = (grid[:, 0], grid[0, 1] if spare > least / 2 else grid[:, 1])
    axes, bars = (figure.add_subplot(place) for place in places)
    _accuracies(axes, ratings.readers, identification)
    _picks(bars, ratings.sources, identification)
    _save(figure, folder, "identification")


def _accuracies(axes: Axes, readers: Sequence[str], identification: Analysis) -> None:
    for place, reader in enumerate(readers):
        accuracy = identification["per_rater"][reader]
        axes.plot(accuracy["ci95"], [place, place], color=LIGHT, linewidth=1)
        axes.plot(accuracy["accuracy"], place, "o", ms=4, color=INK)
    row = len(readers) + 0.6
    axes.axhline(row - 0.8, color=TONE, linewidth=0.8)
    axes.plot(identification["ci95"], [row, row], color=INK, linewidth=2.4)
    axes.plot(identification["accuracy"], row, "|", ms=11, mew=1.8, color=INK)
    names = [_reader(reader) for reader in readers]
    names.append("all, independent trials")
    places = [*map(float, range(len(readers))), row]
    if identification["clustered_ci95"] is not None:
        row += 1
        axes.plot(identification["clustered_ci95"], [row, row], color=LIGHT, linewidth=2.4)
        axes.plot(identification["accuracy"], row, "|", ms=11, mew=1.8, color=LIGHT)
        names.append("all, clustered")
        places.append(row)
    chance = identification["chance"]
    axes.axvline(chance, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    axes.annotate(
        f"chance {100 * chance:.0f} %",
        (chance, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 2),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8,
    )
    # A reader may be called anything, `$x$` too, which is not a formula.
    axes.set_yticks(places, names, fontsize=8, parse_math=False)
    axes.set_ylim(row + 0.7, -0.7)
    _shares(axes, 1.0)
    axes.set_xlabel("real film found, with 95 % interval", fontsize=9)


def _picks(axes: Axes, sources: Sequence[str], identification: Analysis) -> None:
    shares = [identification["picked"][source] / identification["trials"] for source in sources]
    tones = [REAL_TONE if source == REAL else TONE for source in sources]
    axes.barh(range(len(sources)), shares, 0.66, color=tones, edgecolor=INK, linewidth=0.6)
    axes.axvline(identification["chance"], color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    names = [
        f"{_label(source)}\n{identification['picked'][source]:,} ({100 * share:.0f} %)"
        for source, share in zip(sources, shares, strict=True)
    ]
    axes.set_yticks(range(len(sources)), names, fontsize=8, parse_math=False)
    axes.set_ylim(len(sources) - 0.4, -0.6)
    _shares(axes, 1.1 * max(*shares, identification["chance"]))
    axes.set_xlabel(f"picked as real, of {identification['trials']:,} trials", fontsize=9)


def _shares(axes: Axes, most: float) -> None:
    """An axis of shares from 0 on, in per cent."""
    axes.set_xlim(0, most)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    axes.tick_params(axis="x", labelsize=8)
    axes.tick_params(axis="y", length=0)
    open_frame(axes)


def _label(source: str) -> str:
    """A source may be called anything, at any length."""
    return textwrap.fill(source_title(source), LABEL, max_lines=2, placeholder="…")


def _reader(name: str) -> str:
    """A reader may be called anything; those of a release have numbers."""
    number = name.removeprefix("rater-")
    name = f"reader {number}" if number.isdecimal() and number != name else name
    return name if len(name) <= 20 else f"{name[:19]}…"


def _p(value: float | None) -> str:
    if value is None:
        return "undefined"
    return p_of(value) if value < 0.001 else f"= {p_of(value)}"


def _save(figure: Figure, folder: Path, name: str) -> None:
    for ending in (".svg", ".png"):
        save_figure(figure, folder / f"{name}{ending}")
