"""Contact sheets: many films on one picture, with captions that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cxr_release.files import whole_file
from cxr_release.films.png import Film

GAP = 6
CAPTION = 16


def contact_sheet(
    films: Sequence[Film],
    captions: Sequence[str] = (),
    *,
    columns: int,
    side: int = 128,
) -> Image.Image:
    """Draw films in rows of `columns`, each as large as fits `side` pixels, captions below them.

    Args:
        films: (height, width) uint8 each, in reading order.
        captions: one short line a film, or none at all.
        columns: films a row.
        side: pixels of a film's longer side on the sheet; the shorter one keeps proportions.
    """
    caption = CAPTION if captions else 0
    rows = -(-len(films) // columns)
    size = (columns * (side + GAP) + GAP, rows * (side + caption + GAP) + GAP)
    sheet = Image.new("L", size, 24)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(11)
    for place, film in enumerate(films):
        left = GAP + place % columns * (side + GAP)
        top = GAP + place // columns * (side + caption + GAP)
        size = tuple(max(1, round(part * side / max(film.shape))) for part in film.shape[::-1])
        shown = Image.fromarray(np.ascontiguousarray(film)).resize(size, Image.Resampling.BICUBIC)
        sheet.paste(shown, (left + (side - size[0]) // 2, top + (side - size[1]) // 2))
        if captions:
            middle = (left + side / 2, top + side + caption / 2 + 1)
            pen.text(middle, captions[place], fill=210, font=font, anchor="mm")
    return sheet


def save_sheet(path: Path, sheet: Image.Image) -> None:
    """Write a contact sheet as PNG, whole or not at all, without metadata."""
    with whole_file(path) as partial:
        sheet.save(partial, format="PNG")
