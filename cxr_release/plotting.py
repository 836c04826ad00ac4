"""Figures as files: the same numbers give the same bytes, with no date and no program's name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cxr_release.files import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 144
_METADATA = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that no window shows.

    Args:
        width: inches.
        height: inches.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def open_frame(axes: Axes) -> None:
    """Leave the upper and the right line of the axes' frame out."""
    axes.spines[["top", "right"]].set_visible(False)


def save_figure(figure: Figure, path: Path, *, dpi: int = DPI) -> None:
    """Write a figure, whole or not at all, in the format that the file's name ends in.

    Args:
        figure: what is drawn.
        path: ends in `.png` or `.svg`.
        dpi: dots per inch of a PNG.
    """
    from matplotlib import rc_context

    # The ids within an SVG are hashed with a salt, which matplotlib otherwise draws at random.
    with rc_context({"svg.hashsalt": path.stem}), whole_file(path) as partial:
        kind = path.suffix.removeprefix(".")
        figure.savefig(partial, format=kind, dpi=dpi, metadata=_METADATA[path.suffix])
