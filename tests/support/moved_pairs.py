"""Pairs of which the synthetic film shows the real one moved, made by Pillow, and their poses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from cxr_release.files import write_json
from cxr_release.films.png import Film
from cxr_release.radiographs.phantoms.phantom_source import list_phantoms
from cxr_release.radiographs.resample import resample

TURNED, CROPPED, BEYOND, STRANGERS = range(4)
"""Places of the pairs: turned by 3° and cropped; cropped off the middle, mirrored and inverted;
turned and shifted, so that the synthetic film shows more than the real one does; not a copy."""
BEYOND_GREY = 150
POWER = [
    {"alteration": name, "planted": 40, "found": found, "recall": found / 40}
    | {"low": max(0, found / 40 - 0.1), "high": min(1, found / 40 + 0.05)}
    for name, found in (
        ("identical", 40),
        ("mirrored", 40),
        ("turned by 3°", 40),
        ("cropped by 5 %", 39),
        ("left half alone", 31),
        ("blurred <b>patch", 3),
    )
]
"""What the audit says of planted copies."""

Pair = tuple[Film, Film, dict[str, Any]]


def moved_pairs(side: int) -> list[Pair]:
    """Real film, synthetic film (side, side), and what the audit says of them."""
    reals = []
    for phantom in list_phantoms(4, seed=3).films:
        film = Image.fromarray(resample(phantom.load()[0], side, "stretch"))
        # Without its grain, which looks another whenever a film is resampled.
        reals.append(np.asarray(film.filter(ImageFilter.GaussianBlur(1.5))))
    turned = Image.fromarray(reals[TURNED]).rotate(3, Image.Resampling.BICUBIC)
    cropped = _box(Image.fromarray(reals[CROPPED]), 0.02, 0.07, 0.9)
    return [
        (reals[TURNED], _box(turned, 0.025, 0.025, 0.95), {"turn": 3.0, "scale": 0.95}),
        (
            reals[CROPPED],
            255 - cropped[:, ::-1],
            {"view": "mirrored-inverted", "part": "left"}
            | {"scale": 0.9, "right": -0.03, "down": 0.02},
        ),
        (
            reals[BEYOND],
            shown_beyond(reals[BEYOND]),
            # Pillow shifts after it turns: the middle lies 5 % left of it along the turned line.
            {"turn": -4.0, "right": -0.05 * np.cos(np.deg2rad(4))}
            | {"down": 0.05 * np.sin(np.deg2rad(4))},
        ),
        (reals[STRANGERS], reals[TURNED], {"turn": 1.25, "scale": 1.02, "down": -0.01}),
    ]


def shown_beyond(film: Film) -> Film:
    """A film turned by −4° and shifted by 5 % to the right; `BEYOND_GREY` where it ends."""
    return np.asarray(
        Image.fromarray(film).rotate(
            -4, Image.Resampling.BICUBIC, translate=(0.05 * film.shape[1], 0), fillcolor=BEYOND_GREY
        )
    )


def _box(film: Image.Image, left: float, top: float, share: float) -> Film:
    """A part of a film, of its own size: where it begins and how much of each side it is."""
    width, height = film.size
    box = (left * width, top * height, (left + share) * width, (top + share) * height)
    return np.asarray(film.resize(film.size, Image.Resampling.BICUBIC, box=box))


def write_recall(folder: Path, pairs: int, *, hostile: bool = True) -> None:
    """`audit.json`, as far as the page reads it.

    Args:
        folder: where to.
        pairs: on the list.
        hostile: whether a kind of planted copies has markup in its name.
    """
    named = [{**row, "alteration": row["alteration"].replace("<b>", "")} for row in POWER]
    power = POWER if hostile else named
    write_json(folder / "audit.json", {"pairs": pairs, "power": power, "power_note": None})
