"""Two figures: loss along training, and distance along training (the paper's Figures 1 and 2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cxr_release.fidelity.frechet import KEY
from cxr_release.fidelity.report import Report
from cxr_release.files import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INCHES = (6.4, 4.0)
DPI = 150

BLUE, ORANGE, GREY = "#1f5fa8", "#d9661f", "#5f5f5f"
"""Told apart without colour vision too."""


def draw_losses(report: Report, path: Path) -> None:
    """Loss of training and held-out films at each checkpoint of the tuning run, as a PNG."""
    points = report["losses"]
    numbers = [point["checkpoint"] for point in points]
    training = [point["training"] for point in points]
    held_out = [point["held_out"] for point in points]
    lowest = numbers.index(report["lowest_held_out_loss"])
    with _axes(path) as axes:
        axes.plot(numbers, training, "o-", color=BLUE, label="Training films")
        axes.plot(numbers, held_out, "s--", color=ORANGE, label="Held-out films")
        axes.plot(
            numbers[lowest],
            held_out[lowest],
            "o",
            markersize=14,
            fillstyle="none",
            color=ORANGE,
            label="Lowest held-out loss",
        )
        if report["divergence"] is not None:
            axes.axvline(report["divergence"], color=GREY, linestyle=":", label="Losses part")
        axes.set_ylabel("Mean squared error of predicted v (no unit)")
        _checkpoint_axis(axes, numbers, points[0]["checkpoint_step"] // numbers[0])
        axes.legend(frameon=False)


def draw_distances(report: Report, path: Path) -> None:
    """Distance between drawn and real films at each checkpoint of the final run, as a PNG."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    distances = report["distances"]
    points = distances["checkpoints"]
    numbers = [point["checkpoint"] for point in points]
    values = [point[KEY] for point in points]
    sampled = [place for place, one in enumerate(numbers) if one in report["sampled"]]
    with _axes(path) as axes:
        axes.plot(numbers, values, "o-", color=BLUE, label=f"{distances['images']} drawn films")
        axes.plot(
            [numbers[place] for place in sampled],
            [values[place] for place in sampled],
            "o",
            markersize=14,
            fillstyle="none",
            linestyle="none",
            color=BLUE,
            label="Checkpoint of the release",
        )
        axes.axhline(
            distances["real_floor"],
            color=ORANGE,
            linestyle="--",
            label="Source films against each other",
        )
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel(f"Fréchet distance over\n{distances['features']} (no unit)")
        _checkpoint_axis(axes, numbers, points[0]["checkpoint_step"] // numbers[0])
        axes.legend(frameon=False)


def _checkpoint_axis(axes: Axes, numbers: list[int], steps: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(min(0, numbers[0]), numbers[-1] * 1.05)
    axes.set_xlabel(f"Checkpoint (one every {steps:,} training steps)")


@contextmanager
def _axes(path: Path) -> Iterator[Axes]:
    """Empty axes; what is drawn on them becomes a PNG: the same numbers, the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    yield axes
    with whole_file(path) as partial:
        # Without the name and version of the program that drew it.
        figure.savefig(partial, format="png", dpi=DPI, metadata={"Software": None})
