from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cxr_release.fidelity import curves
from cxr_release.fidelity.curves import (
    BLUE,
    DPI,
    INCHES,
    ORANGE,
    draw_bands,
    draw_distances,
    draw_losses,
    draw_quality,
)
from cxr_release.fidelity.report import Report, checkpoint_report
from tests.support.fidelity_artefacts import distances, losses

DRAWINGS = pytest.mark.parametrize("draw", [draw_losses, draw_distances, draw_quality, draw_bands])


def report(count: int, *, wide: float = 0.1, fid: bool = False) -> Report:
    numbers = range(1, count + 1)
    return checkpoint_report(
        losses(
            [5 / number for number in numbers],
            [5 / number + 0.4 * max(0, number - 2) for number in numbers],
        ),
        distances(
            *(3 / number for number in numbers),
            wide=wide,
            fid=[90 / number for number in numbers if fid],
        ),
        [1],
    )


def colours(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).reshape(-1, 3)


@DRAWINGS
@pytest.mark.parametrize("count", [1, 5])
def test_the_same_numbers_give_the_same_bytes(
    tmp_path: Path, draw: Callable[[Report, Path], None], count: int
) -> None:
    draw(report(count), tmp_path / "first.png")
    draw(report(count), tmp_path / "second.png")
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
    with Image.open(tmp_path / "first.png") as image:
        panels = 1.5 if draw in (draw_quality, draw_bands) else 1
        assert image.size == (round(INCHES[0] * panels * DPI), round(INCHES[1] * DPI))
        assert "Software" not in image.info
    pixels = colours(tmp_path / "first.png")
    for colour in (BLUE, ORANGE):
        wanted = tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))
        assert (pixels == wanted).all(axis=1).sum() > 50


@pytest.mark.parametrize("draw", [draw_distances, draw_quality, draw_bands])
def test_intervals_are_drawn(tmp_path: Path, draw: Callable[[Report, Path], None]) -> None:
    blue = []
    for wide in (0.0, 0.4):
        draw(report(5, wide=wide), tmp_path / "drawn.png")
        wanted = tuple(int(BLUE[place : place + 2], 16) for place in (1, 3, 5))
        blue.append((colours(tmp_path / "drawn.png") == wanted).all(axis=1).sum())
    assert blue[1] > blue[0] + 100


@pytest.mark.parametrize(("fid", "label"), [(True, "FID"), (False, "random convolution")])
def test_the_distance_that_decides_is_drawn_under_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fid: bool, label: str
) -> None:
    labels = []
    kept = curves._distance_axis

    def looked_at(axes: Any, found: Any) -> None:
        kept(axes, found)
        labels.append(axes.get_ylabel())
        low, high = axes.get_ylim()
        assert low < (18 if fid else 0.6) < high

    monkeypatch.setattr(curves, "_distance_axis", looked_at)
    draw_distances(report(5, fid=fid), tmp_path / "drawn.png")
    assert label in labels[0]
    assert ("FID" in labels[0]) == fid


@DRAWINGS
def test_bars_that_reach_0_can_be_drawn(
    tmp_path: Path, draw: Callable[[Report, Path], None]
) -> None:
    found = report(3)
    for point in found["distances"]["checkpoints"]:
        point["intervals"]["frechet_random_conv"] = [0.0, 9.0]
        for band in point["bands"]:
            band["interval"] = [0.0, 9.0]
    found["distances"]["checkpoints"][0]["bands"][-1] |= {"power": 0.0, "interval": [0.0, 0.0]}
    draw(found, tmp_path / "drawn.png")
