"""Pictures of a score, drawn from its report alone: the same numbers, the same bytes.

No radar: the area of one grows with the square of its numbers and with the order of its axes. Each
part stands between what other patients' films and what copies of trained films get.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from cxr_release.plotting import new_figure, open_frame, save_figure
from cxr_release.scorecard.classes.rows import COVERAGE as CLASS_COVERAGE
from cxr_release.scorecard.classes.rows import DISTANCE, OBEDIENCE, share_interval, shares_of
from cxr_release.scorecard.names import (
    BLURRED,
    COPIES,
    IDEAL,
    NOISE,
    ONE_FILM,
    PARTS,
    RELEASE,
    title,
)
from cxr_release.scorecard.scaled_measures import measures_of
from cxr_release.scorecard.utility.rows import SYNTHETIC_ONLY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Report = Mapping[str, Any]

BLACK, BLUE, ORANGE, GREY = "#1b1b1b", "#2f7fb8", "#b8762f", "#9a9a9a"
COLOURS = (BLACK, BLUE, ORANGE, "#5a8a3a", "#7a4f9a", "#b32c2c")
_FLOORS = (BLURRED, NOISE, ONE_FILM)
MOST_GROUPS = 30
"""Rows of the picture of groups; `scorecard.json` has all of them."""


def draw(folder: Path, report: Report) -> list[str]:
    """Draw what was measured, as PNG.

    Args:
        folder: that the pictures are written to.
        report: see `score.measure`.

    Returns:
        Names of the pictures that were written.
    """
    names = names_due(report)
    for name in names:
        FIGURES[name].draw(folder / name, report)
    return names


def names_due(report: Report) -> list[str]:
    """Names of the pictures that a report is drawn in."""
    return [name for name, picture in FIGURES.items() if picture.shows(report)]


def draw_parts(path: Path, report: Report) -> None:
    """The four parts of 100: the release, and beside it what real films and copies would get."""
    summary = report["summary"]
    parts = [part for part in PARTS if summary[part] is not None]
    figure = new_figure(7.2, 0.9 + 0.55 * len(parts))
    axes = figure.subplots()
    marks = (
        ("other real films", "|", BLUE, summary["anchors"][IDEAL]),
        (f"copies of {_source(report)} films", "|", ORANGE, summary["anchors"][COPIES]),
        ("this release", "o", BLACK, summary),
    )
    for place, part in enumerate(parts):
        values = [numbers[part] for *_, numbers in marks if numbers[part] is not None]
        axes.plot([min(values), max(values)], [place] * 2, color="#d8d8d8", linewidth=5, zorder=0)
        for checkpoint in summary["checkpoints"].values():
            if checkpoint[part] is not None:
                axes.plot(checkpoint[part], place, ".", color=GREY, markersize=7, zorder=1)
        axes.annotate(
            f"{summary[part]:.1f}", (summary[part], place), (0, 9), textcoords="offset points",
            ha="center", fontsize=8,
        )  # fmt: skip
    for label, marker, colour, numbers in marks:
        places = [place for place, part in enumerate(parts) if numbers[part] is not None]
        axes.plot(
            [numbers[parts[place]] for place in places], places, marker, color=colour, label=label,
            markersize=8 if marker == "o" else 15, markeredgewidth=3, linestyle="",
        )  # fmt: skip
    if any(numbers[part] is not None for numbers in summary["checkpoints"].values()
           for part in parts):  # fmt: skip
        kind = "checkpoints" if all(map(str.isdecimal, summary["checkpoints"])) else "sources"
        axes.plot([], [], ".", color=GREY, markersize=7, label=f"its {kind}, each alone")
    axes.set_xlim(-3, 103)
    axes.set_ylim(len(parts) - 0.5, -0.6)
    axes.set_yticks(range(len(parts)), parts)
    axes.set_xlabel("of 100")
    _finish(figure, axes, path)


def draw_measures(path: Path, report: Report) -> None:
    """Each measure of fidelity and utility between its floor and what real films of others get."""
    measures = list(measures_of(report))
    figure = new_figure(7.2, 1 + 0.34 * len(measures))
    axes = figure.subplots()
    for place, measure in enumerate(measures):
        axes.plot([0, 1], [place] * 2, color="#d8d8d8", linewidth=4, zorder=0)
        axes.plot(measure.place, place, "o", color=BLACK, markersize=6)
        if measure.interval is not None:
            axes.plot(measure.interval, [place] * 2, color=BLACK, linewidth=1.4)
    count = range(len(measures))
    axes.plot([0] * len(measures), count, "|", color=GREY, markersize=13, markeredgewidth=3,
              label="floor")  # fmt: skip
    axes.plot([1] * len(measures), count, "|", color=BLUE, markersize=13, markeredgewidth=3,
              label="other real films")  # fmt: skip
    axes.plot([], [], "o-", color=BLACK, label="this release, 95 % interval")
    _rows(axes, [measure.name for measure in measures])
    low, high = axes.get_xlim()
    axes.set_xlim(max(low, -1.05), min(high, 2.05))
    axes.set_xlabel("0: no better than the floor; 1: as good as real films")
    _finish(figure, axes, path)


def draw_roc(path: Path, report: Report) -> None:
    """How many trained films each attack finds at few false alarms; a logarithmic axis."""
    import numpy as np
    from scipy.stats import binom

    attacks = _with_curves(report)
    figure = new_figure(7.2, 4.2)
    axes = figure.subplots()
    least = min(1 / attack["controls"] for attack in attacks)
    rates = np.geomspace(least, 1, 60)
    members = min(attack["members"] for attack in attacks)
    low, high = binom.interval(0.95, members, rates)
    axes.fill_between(
        rates, low / members, high / members, color="#e6e6e6", linewidth=0,
        label="what chance gives, 95 %",
    )  # fmt: skip
    for number, attack in enumerate(attacks):
        colour = COLOURS[number % len(COLOURS)]
        _curve(axes, attack["roc"], least, colour=colour, label=attack["attack"], width=2)
        for power in attack["power"]:
            _curve(axes, power["roc"], least, colour=colour, width=0.8, alpha=0.55)
    axes.plot([], [], color=GREY, linewidth=0.8, label="the same attacks on what was planted")
    axes.set_xscale("log")
    axes.set_xlim(least, 1)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("control films or patients taken for trained ones")
    axes.set_ylabel("trained ones found")
    _finish(figure, axes, path)


def _curve(
    axes: Axes,
    points: Sequence[Sequence[float]],
    least: float,
    *,
    colour: str,
    width: float,
    label: str | None = None,
    alpha: float = 1,
) -> None:
    """A ROC curve; what is found at no false positive stands at the left edge."""
    across = [max(point[0], least) for point in points]
    axes.step(
        across, [point[1] for point in points], where="post", color=colour, linewidth=width,
        alpha=alpha, label=label,
    )  # fmt: skip


def draw_planted(path: Path, report: Report) -> None:
    """What attacks make of the films that were planted: the AUC with its interval, by dose."""
    rows = [
        (f"{attack['attack']}: {power['dose']}", power)
        for attack in _with_curves(report)
        for power in attack["power"]
    ]
    figure = new_figure(7.2, 0.9 + 0.5 * len(rows))
    axes = figure.subplots()
    for place, (_, power) in enumerate(rows):
        _interval(axes, place, power["auc"], power["interval"], BLUE if power["found"] else ORANGE)
    axes.axvline(0.5, color=GREY, linestyle="--", linewidth=1)
    for found, name, colour in ((True, "found", BLUE), (False, "not found", ORANGE)):
        if any(power["found"] == found for _, power in rows):
            axes.plot([], [], "o", color=colour, label=name)
    _rows(axes, [name for name, _ in rows])
    axes.set_xlabel("AUC on what was planted, 95 % interval")
    _finish(figure, axes, path)


def draw_groups(path: Path, report: Report) -> None:
    """How well each group of patients is covered, as a ratio to other patients' films."""
    rows = _groups(report)
    named = list(dict.fromkeys((row["column"], row["group"]) for row in rows))[:MOST_GROUPS]
    spaces = list(dict.fromkeys(row["features"] for row in rows))
    figure = new_figure(7.2, 1 + 0.34 * len(named))
    axes = figure.subplots()
    for row in rows:
        key = row["column"], row["group"]
        if key in named:
            shift = 0.28 * (spaces.index(row["features"]) - (len(spaces) - 1) / 2)
            colour = COLOURS[1 + spaces.index(row["features"])]
            _interval(axes, named.index(key) + shift, row["ratio"], row["interval"], colour)
    for number, space in enumerate(spaces):
        axes.plot([], [], "o", color=COLOURS[1 + number], label=space)
    axes.axvline(1, color=GREY, linestyle="--", linewidth=1)
    _rows(axes, [f"{column}: {group}" if column else group for column, group in named])
    axes.set_xlabel("coverage, as a ratio to other real films")
    _finish(figure, axes, path)


def draw_classes(path: Path, report: Report) -> None:
    """Each class, the worst first: its measures as shares of what real films of it get."""
    rows = _with_shares(report)
    figure = new_figure(7.2, 1 + 0.5 * len(rows))
    axes = figure.subplots()
    for place, row in enumerate(rows):
        for number, measure in enumerate(CLASS_MEASURES):
            share = shares_of(row).get(measure)
            if share is not None:
                across = place + 0.24 * (number - 1)
                low, high = share_interval(row, measure) or (share, share)
                ends = [min(end, _MOST_SHARE) for end in (low, high)]
                _interval(axes, across, min(share, _MOST_SHARE), ends, COLOURS[number])
    for number, measure in enumerate(CLASS_MEASURES):
        axes.plot([], [], "o-", color=COLOURS[number], label=CLASS_MEASURES[measure])
    axes.axvline(1, color=GREY, linestyle="--", linewidth=1)
    axes.set_xlim(0, _MOST_SHARE + 0.03)
    _rows(axes, [row["class"] for row in rows])
    axes.set_xlabel("1: as real films of the class, 95 % interval")
    _finish(figure, axes, path)


CLASS_MEASURES = {
    OBEDIENCE: "taken for its class, over control films",
    CLASS_COVERAGE: "coverage, over other real films",
    DISTANCE: "floor of the distance, over the distance",
}
"""Measure of a class → what its share is."""
_MOST_SHARE = 1.6
"""Shares above are drawn there."""


def _with_shares(report: Report) -> list[Report]:
    rows = (report.get("classes") or {}).get("rows", ())
    return [row for row in rows if shares_of(row)][:MOST_GROUPS]


def draw_worth(path: Path, report: Report) -> None:
    """How many real films synthetic ones are worth: where they meet the curve of real films."""
    from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    curves = report["learning_curves"]
    names = [
        name
        for name in dict.fromkeys(row["of"] for row in report["utility"])
        if name not in _FLOORS
    ]
    colours = {
        name: COLOURS[0] if name == RELEASE else COLOURS[1 + place % (len(COLOURS) - 1)]
        for place, name in enumerate(names)
    }
    figure = new_figure(7.2, 0.5 + 2.7 * -(-len(curves) // 2))
    every = figure.subplots(-(-len(curves) // 2), 2, squeeze=False).ravel()
    for axes in every[len(curves) :]:
        axes.set_axis_off()
    for axes, curve in zip(every, curves, strict=False):
        axes.plot(curve["real"], curve["value"], "o-", color=GREY, label="real films alone")
        for row in report["utility"]:
            shown = (row["task"], row["protocol"]) == (curve["task"], SYNTHETIC_ONLY)
            if shown and row["of"] in colours and _near(row["value"], curve["value"]):
                axes.plot(row["synthetic"], row["value"], "s", color=colours[row["of"]],
                          markersize=6)  # fmt: skip
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(curve["real"]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_title(_plain(curve["task"]), fontsize=9)
        unit = _plain(f"{curve['unit']}, {curve['better']} is better")
        axes.set_ylabel("\n".join(wrap(unit, 32)), fontsize=8)
        axes.set_xlabel("films to learn from", fontsize=8)
        axes.tick_params(labelsize=8)
        open_frame(axes)
    for name, colour in colours.items():
        label = _plain(_of(name, report))
        every[0].plot([], [], "s", color=colour, label=label)
    _legend(figure, every[0])
    save_figure(figure, path)


def _of(name: str, report: Report) -> str:
    """What films of a row are called in a legend."""
    copies = f"copies of {_source(report)} films alone"
    return {RELEASE: "this release alone", COPIES: copies}.get(name, title(name))


def _source(report: Report) -> str:
    """What the films of the set `trained` are called; see `ScoreSets.source_name`."""
    return "source" if report.get("members") else "trained"


def _near(value: float, curve: Sequence[float]) -> bool:
    """Whether a value can be drawn beside a curve without flattening it."""
    span = max(curve) - min(curve)
    return min(curve) - 4 * span <= value <= max(curve) + 4 * span


def _interval(
    axes: Axes, place: float, value: float, interval: Sequence[float], colour: str
) -> None:
    low, high = interval
    axes.plot([low, high], [place] * 2, color=colour, linewidth=1.6)
    axes.plot(value, place, "o", color=colour, markersize=5)


def _rows(axes: Axes, names: Sequence[str]) -> None:
    """Names of rows as they are, whatever they contain, the first on top."""
    axes.set_ylim(len(names) - 0.4, -0.6)
    shown = ["\n".join(wrap(_plain(name), 46, max_lines=3, placeholder=" …")) for name in names]
    axes.set_yticks(range(len(names)), shown, fontsize=7)


def _plain(text: str) -> str:
    """A text that somebody wrote, without what matplotlib takes for mathematics."""
    return "".join(letter if letter.isprintable() else "?" for letter in text).replace("$", r"\$")


def _with_curves(report: Report) -> list[Report]:
    return [attack for attack in report["privacy"] if "roc" in attack]


def _groups(report: Report) -> list[Report]:
    return [row for row in report["coverage"] if row["ratio"] is not None and row["interval"]]


def _finish(figure: Any, axes: Axes, path: Path) -> None:
    open_frame(axes)
    axes.grid(axis="x", color="#ececec", linewidth=0.8)
    axes.set_axisbelow(True)
    _legend(figure, axes)
    save_figure(figure, path)


def _legend(figure: Any, axes: Axes) -> None:
    """Above all, across the whole picture: names of rows may leave the axes little room."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", frameon=False, fontsize=8, ncols=2)


@dataclass(frozen=True)
class Picture:
    """A picture, and whether a report has anything to draw in it."""

    draw: Callable[[Path, Report], None]
    shows: Callable[[Report], bool]


def _has_parts(report: Report) -> bool:
    return any(report["summary"][part] is not None for part in PARTS)


FIGURES = {
    "score-parts.png": Picture(draw_parts, _has_parts),
    "score-measures.png": Picture(draw_measures, lambda report: any(measures_of(report))),
    "score-roc.png": Picture(draw_roc, lambda report: bool(_with_curves(report))),
    "score-planted.png": Picture(
        draw_planted, lambda report: any(attack["power"] for attack in _with_curves(report))
    ),
    "score-worth.png": Picture(draw_worth, lambda report: bool(report["learning_curves"])),
    "score-groups.png": Picture(draw_groups, lambda report: bool(_groups(report))),
    "score-classes.png": Picture(draw_classes, lambda report: bool(_with_shares(report))),
}
"""Name of each picture."""
