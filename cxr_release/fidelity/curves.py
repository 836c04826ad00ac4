"""Loss, distance (the paper's Figures 1 and 2), quality and detail along training: figures and CSV.

`dvc plots` reads the CSV files: one row a checkpoint and one column a curve, for it names curves
by their columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr_release.fidelity.distance_types import (
    FID,
    FRECHET,
    MS_SSIM,
    BandPower,
    Distances,
    deciding,
    estimate,
    finest,
    metrics_of,
    waves_of,
)
from cxr_release.fidelity.report import Report
from cxr_release.files import write_text
from cxr_release.film_size import Size
from cxr_release.plotting import new_figure, open_frame, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


INCHES = (6.4, 4.0)
DPI = 150

BLUE, ORANGE, GREY = "#1f5fa8", "#d9661f", "#5f5f5f"
"""Told apart without colour vision too."""

SERIES = {
    "precision": ("o-", BLUE, "Precision: drawn films like a source film"),
    "recall": ("s--", ORANGE, "Recall: source films like a drawn film"),
    "coverage": ("^:", GREY, "Coverage: source films with a drawn film near"),
}

MARKERS = "osD^vPX<>"
"""Of bands, coarsest first: films of the largest size have as many."""

LEAST_POWER = 0.01
"""Of the source films' power: less is drawn as so much, since a logarithm has no 0."""


def draw_losses(report: Report, path: Path) -> None:
    """Loss of training and held-out films at each checkpoint of the tuning run, as a PNG."""
    points = report["losses"]
    numbers = [point["checkpoint"] for point in points]
    training = [point["training"] for point in points]
    held_out = [point["held_out"] for point in points]
    lowest = numbers.index(report["lowest_held_out_loss"])
    with _figure(path) as (axes,):
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
    """Distance between drawn and real films at each checkpoint of the final run, as a PNG.

    The FID where it was taken, otherwise the distance without weights; bars are 95 % intervals.
    """
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    distances = report["distances"]
    metric, floor = deciding(distances)
    numbers = _numbers(distances)
    values = [estimate(point, metric).value for point in distances["checkpoints"]]
    sampled = [place for place, number in enumerate(numbers) if number in report["sampled"]]
    with _figure(path) as (axes,):
        label = f"{distances['images']:,} drawn films, 95 % interval"
        _plot(axes, distances, metric, style="o-", colour=BLUE, label=label)
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
        axes.axhline(floor, color=ORANGE, linestyle="--", label="Source films against each other")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel(
            {
                FID: "Fréchet inception distance, FID (no unit)",
                FRECHET: f"Fréchet distance over\n{distances['features']} (no unit)",
            }[metric]
        )
        _distance_axis(axes, distances)
        _legend(axes)


def draw_quality(report: Report, path: Path) -> None:
    """Where films go wrong: unlike source films, of few kinds, or all alike. A PNG of two panels.

    Precision, recall and coverage on the left; MS-SSIM on the right, with what source films score.
    """
    distances = report["distances"]
    with _figure(path, panels=2, wider=1.5) as (overlap, similarity):
        for place, (metric, (style, colour, label)) in enumerate(SERIES.items()):
            _plot(
                overlap,
                distances,
                metric,
                style=style,
                colour=colour,
                label=label,
                offset=place - 1,
            )
        overlap.set_ylim(-0.02, 1.02)
        overlap.set_ylabel("Share of films")
        _plot(similarity, distances, MS_SSIM, style="o-", colour=BLUE, label="Drawn films")
        source = distances["source"]
        similarity.axhline(source["ms_ssim"], color=ORANGE, linestyle="--", label="Source films")
        similarity.axhspan(*source["intervals"][MS_SSIM], color=ORANGE, alpha=0.15, linewidth=0)
        similarity.set_ylabel("MS-SSIM of pairs (1: all films alike)")
        for axes in (overlap, similarity):
            _distance_axis(axes, distances)
            _legend(axes, loc="upper left", bbox_to_anchor=(0, -0.18))


def draw_bands(report: Report, path: Path) -> None:
    """How detailed films are: power in bands of the spectrum, over source films' power. A PNG.

    The finest band, which blurred films lack first, is drawn strongest. Films without any power in
    a band are drawn at the lower edge.
    """
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    distances = report["distances"]
    points, source = distances["checkpoints"], distances["source"]
    numbers = _numbers(distances)
    count = len(source["bands"])
    with _figure(path, wider=1.5) as (axes,):
        for place in reversed(range(count)):
            bands = [point["bands"][place] for point in points]
            values = [max(LEAST_POWER, band["power"]) for band in bands]
            ends = [[max(LEAST_POWER, end) for end in band["interval"]] for band in bands]
            last = place == count - 1
            axes.errorbar(
                [number + 0.006 * (place - count + 1) * numbers[-1] for number in numbers],
                values,
                yerr=[
                    [max(0, value - low) for value, (low, _) in zip(values, ends, strict=True)],
                    [max(0, high - value) for value, (_, high) in zip(values, ends, strict=True)],
                ],
                fmt=f"{MARKERS[place % len(MARKERS)]}-",
                color=BLUE if last else _paler(BLUE, 0.7 * (count - 1 - place) / (count - 1)),
                linewidth=2 if last else 1.2,
                capsize=3,
                elinewidth=1,
                label=f"{_ends(bands[0])} {waves_of(Size.of(distances['size']))}",
            )
        axes.axhline(1, color=ORANGE, linestyle="--", label="As source films")
        axes.axhspan(
            *finest(source)["interval"],
            color=ORANGE,
            alpha=0.15,
            linewidth=0,
            label="Source films against each other,\nfinest band, 95 % interval",
        )
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, 0.5), max(high, 1.5))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel("Power, source films' = 1")
        _distance_axis(axes, distances)
        _legend(axes, loc="upper left", bbox_to_anchor=(1, 1))


def _ends(band: BandPower) -> str:
    return f"{band['low']}–{band['high']:g}"


def _paler(colour: str, share: float) -> tuple[float, ...]:
    """A colour mixed with so much white."""
    from matplotlib.colors import to_rgb

    return tuple(part + share * (1 - part) for part in to_rgb(colour))


def _plot(
    axes: Axes,
    distances: Distances,
    metric: str,
    *,
    style: str,
    colour: str,
    label: str,
    offset: int = 0,
) -> None:
    """One metric along training, with its intervals; a little `beside` its checkpoint or on it."""
    scores = [estimate(point, metric) for point in distances["checkpoints"]]
    numbers = _numbers(distances)
    axes.errorbar(
        [number + 0.012 * offset * numbers[-1] for number in numbers],
        [score.value for score in scores],
        # A mean of few draws may lie outside their quantiles by a rounding error.
        yerr=[
            [max(0.0, score.value - score.low) for score in scores],
            [max(0.0, score.high - score.value) for score in scores],
        ],
        fmt=style,
        color=colour,
        capsize=3,
        elinewidth=1,
        label=label,
    )


def _legend(axes: Axes, **place: Any) -> None:
    """A legend of what was drawn, what has error bars first."""
    handles, labels = axes.get_legend_handles_labels()
    bars = [handle for handle in handles if isinstance(handle, tuple)]
    order = [*bars, *(handle for handle in handles if not isinstance(handle, tuple))]
    names = dict(zip(map(id, handles), labels, strict=True))
    axes.legend(order, [names[id(handle)] for handle in order], frameon=False, **place)


def _numbers(distances: Distances) -> list[int]:
    return [point["checkpoint"] for point in distances["checkpoints"]]


def _distance_axis(axes: Axes, distances: Distances) -> None:
    first = distances["checkpoints"][0]
    _checkpoint_axis(axes, _numbers(distances), first["checkpoint_step"] // first["checkpoint"])


def _checkpoint_axis(axes: Axes, numbers: list[int], steps: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(min(0, numbers[0]), numbers[-1] * 1.05)
    axes.set_xlabel(f"Checkpoint (one every {steps:,} training steps)")


@contextmanager
def _figure(path: Path, *, panels: int = 1, wider: float = 1) -> Iterator[Sequence[Axes]]:
    """Empty axes; what is drawn on them becomes a PNG: the same numbers, the same bytes."""
    width, height = INCHES
    figure = new_figure(width * wider, height)
    every = [figure.add_subplot(1, panels, place + 1) for place in range(panels)]
    for axes in every:
        open_frame(axes)
        axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
        axes.set_axisbelow(True)
    yield every
    save_figure(figure, path, dpi=DPI)


def write_losses(report: Report, path: Path) -> None:
    """Write `checkpoint, step, training, held_out`."""
    _write(
        path,
        [
            {
                "checkpoint": point["checkpoint"],
                "step": point["checkpoint_step"],
                "training": point["training"],
                "held_out": point["held_out"],
            }
            for point in report["losses"]
        ],
    )


def write_distances(report: Report, path: Path) -> None:
    """Write `checkpoint, step`, then `<metric>, <metric>_low, <metric>_high` of each metric.

    First of them `distance`, which repeats the one that ranks checkpoints, named in `ranked_by`:
    a column that is there whether or not FID was taken. Last come the powers in bands of the
    spectrum, `power_<from>_to_<to>`, and `power_finest`, which repeats the last of them: a column
    that is there whatever the films' size.
    """
    distances = report["distances"]
    ranking, _ = deciding(distances)
    rows = []
    for point in distances["checkpoints"]:
        row: dict[str, float | str] = {
            "checkpoint": point["checkpoint"],
            "step": point["checkpoint_step"],
            "ranked_by": ranking,
        }
        columns = {"distance": ranking} | {metric: metric for metric in metrics_of(distances)}
        for name, metric in columns.items():
            measure = estimate(point, metric)
            row |= _three(name, *measure)
        named = {f"power_{band['low']}_to_{band['high']:g}": band for band in point["bands"]}
        for name, band in (named | {"power_finest": finest(point)}).items():
            row |= _three(name, band["power"], *band["interval"])
        rows.append(row)
    _write(path, rows)


def _three(name: str, value: float, low: float, high: float) -> dict[str, float]:
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _write(path: Path, rows: Sequence[Mapping[str, float | str]]) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(path, text.getvalue())
