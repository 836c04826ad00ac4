"""Charts of the report as SVG within the page: text stays text, and no file or script is loaded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from markupsafe import Markup

from cxr_release.errors import REMAKE, DocumentError
from cxr_release.fidelity import curves
from cxr_release.fidelity.report import Report
from cxr_release.files import read_bounded
from cxr_release.plotting import new_figure, open_frame, save_figure
from cxr_release.scorecard import figures as scorecard_figures

MOST_STATS = 2**28
"""Bytes of a training log."""

Draw = Callable[[Path], None]


def svg(name: str, label: str, draw: Draw) -> Markup:
    """A chart as an `svg` element.

    Args:
        name: unlike that of every other chart of the page: ids within it begin with it.
        label: what it shows, for who cannot see it.
        draw: writes the chart to a file that ends in `.svg`.
    """
    from matplotlib import rc_context

    with TemporaryDirectory() as folder, rc_context({"svg.fonttype": "none"}):
        path = Path(folder) / f"{name}.svg"
        draw(path)
        text = path.read_text(encoding="utf-8")
    element = text[text.index("<svg") :].strip()
    element = re.sub(r"\s*<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", element)
    # Made by matplotlib, which escapes all text in it.
    opening = Markup('<svg role="img" aria-label="{}" ').format(label)
    return opening + Markup(element.removeprefix("<svg"))  # noqa: S704


def training_charts(report: Report) -> dict[str, Markup]:
    """Losses, and distance, quality and detail by checkpoint, by what they are called."""
    drawn: dict[str, tuple[str, Callable[[Report, Path], None]]] = {
        "losses": ("Loss of training and held-out films by checkpoint", curves.draw_losses),
        "distances": ("Distance to real films by checkpoint", curves.draw_distances),
        "quality": ("Precision, recall, coverage and MS-SSIM by checkpoint", curves.draw_quality),
        "bands": ("Power in bands of the spectrum by checkpoint", curves.draw_bands),
    }
    return {name: svg(name, label, partial(draw, report)) for name, (label, draw) in drawn.items()}


def run_loss(log: Path) -> Markup:
    """Loss of the run on all films by step, from its log of one JSON object a line.

    Raises:
        DocumentError: the log holds something else.
    """
    try:
        lines = read_bounded(log, MOST_STATS, follow=True).decode("utf-8").splitlines()
        points = [(int(row["step"]), float(row["loss"])) for row in map(json.loads, lines)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DocumentError(
            "is not a log of training: each line is an object with step and loss",
            where=str(log),
            remedy=REMAKE,
        ) from error

    from matplotlib.ticker import LogLocator, NullFormatter

    def draw(path: Path) -> None:
        figure = new_figure(*curves.INCHES)
        axes = figure.subplots()
        axes.plot(*zip(*points, strict=True), color=curves.BLUE, linewidth=1)
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("Training step")
        axes.set_ylabel("Loss of the batches (no unit)")
        open_frame(axes)
        save_figure(figure, path)

    return svg("run", "Loss of the batches by step of the run on all films", draw)


def score_charts(report: Mapping[str, Any]) -> dict[str, Markup]:
    """The pictures of a scorecard that has something to draw in them, by their names."""
    return {
        name.removesuffix(".png"): svg(
            name.removesuffix(".png"),
            _LABELS.get(name, "Chart of the scorecard"),
            partial(_draw_score, name, report),
        )
        for name in scorecard_figures.names_due(report)
    }


def _draw_score(name: str, report: Mapping[str, Any], path: Path) -> None:
    scorecard_figures.FIGURES[name].draw(path, report)


_LABELS = {
    "score-parts.png": "The four parts of 100, beside other real films and copies",
    "score-measures.png": "Measures between their floor and what other real films get",
    "score-roc.png": "What the attacks find, as ROC curves",
    "score-planted.png": "What the attacks find of planted films",
    "score-groups.png": "Groups of real films among synthetic ones",
    "score-worth.png": "What synthetic films are worth beside real ones",
}
