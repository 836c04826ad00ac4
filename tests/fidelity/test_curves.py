from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxr_release.fidelity.curves import BLUE, DPI, INCHES, ORANGE, draw_distances, draw_losses
from cxr_release.fidelity.report import Report, checkpoint_report

DRAWINGS = pytest.mark.parametrize("draw", [draw_losses, draw_distances])


def report(count: int) -> Report:
    numbers = range(1, count + 1)
    return checkpoint_report(
        [
            {
                "checkpoint": number,
                "checkpoint_step": 150 * number,
                "training": 0.05 / number,
                "held_out": 0.05 / number + 0.004 * max(0, number - 2),
            }
            for number in numbers
        ],
        {
            "features": "random convolution features",
            "images": 48,
            "real_images": 600,
            "size": 64,
            "real_floor": 0.05,
            "checkpoints": [
                {
                    "checkpoint": number,
                    "checkpoint_step": 150 * number,
                    "frechet_random_conv": 3 / number,
                }
                for number in numbers
            ],
        },
        [1],
    )


@DRAWINGS
@pytest.mark.parametrize("count", [1, 5])
def test_the_same_numbers_give_the_same_bytes(
    tmp_path: Path, draw: Callable[[Report, Path], None], count: int
) -> None:
    draw(report(count), tmp_path / "first.png")
    draw(report(count), tmp_path / "second.png")
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
    with Image.open(tmp_path / "first.png") as image:
        assert image.size == (round(INCHES[0] * DPI), round(INCHES[1] * DPI))
        assert "Software" not in image.info
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    for colour in (BLUE, ORANGE):
        wanted = tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))
        assert (pixels == wanted).all(axis=1).sum() > 50
