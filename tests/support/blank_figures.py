"""Figures without anything on them, for tests that look at none: to draw one takes longer than most
of what an audit of a few films does.

What figures show is tested where they are drawn; whole projects are drawn by
`stages/test_broken_inputs.py` and, in the long tier, by all of `stages/`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from PIL import Image

from cxr_release import plotting
from cxr_release.memorization import figures


def blank(path: Path, kind: str) -> None:
    """Write a small picture.

    Args:
        path: where to.
        kind: "png" or "svg".
    """
    if kind == "png":
        Image.new("RGB", (8, 8)).save(path, format="PNG")
    else:
        path.write_text("<svg></svg>")


def _savefig(_figure: Figure, path: Path, *, format: str, **_how: Any) -> None:
    blank(path, format)


@contextmanager
def blank_figures() -> Iterator[None]:
    """In this process, as long as it lasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", _savefig)
        patch.setattr(figures, "save_sheet", lambda path, _sheet: blank(path, "png"))
        yield


SAVE = """

from PIL import Image


{blank}

def save_figure(figure, path, *, dpi=DPI):
    with whole_file(path) as partial:
        blank(partial, path.suffix.removeprefix("."))
"""


def leave_blank(package: Path) -> None:
    """The same in a project's own copy of the package, for the processes that run there.

    Args:
        package: the copied folder `cxr_release`.
    """
    with (package / Path(plotting.__file__).name).open("a") as file:
        file.write(SAVE.format(blank=inspect.getsource(blank)))
