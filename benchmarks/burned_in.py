"""How many planted texts the search for burned-in text finds, and how often it errs.

    python -m benchmarks.burned_in [--films FOLDER] [--count N]

Text is burned into films in Pillow's own font: at several sizes and greys, in each corner, once on
a film each. The alternative is tesseract as one would call it at once: the film as it is, its
default settings, any word counts. Films without a plant give the false alarms; films that show
text of their own are not told apart, and are counted as false alarms too.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cxr_release.clearance import ocr
from cxr_release.films.decode import decode
from cxr_release.films.png import Film
from cxr_release.radiographs.phantoms.phantom_source import list_phantoms
from cxr_release.statistics.proportions import clopper_pearson

TEXT = "MUELLER, ANNA 24.07.1961"
SIZES = (10, 14, 20, 32)
"""Pixels of height of the letters on a film of 640 pixels; on others in proportion."""
GREYS = (255, 180, 120)
REFERENCE = 640


@dataclass(frozen=True)
class Plant:
    """A text on a film."""

    size: int
    grey: int
    right: bool
    bottom: bool

    def on(self, film: Film) -> Film:
        """The film with the text."""
        image = Image.fromarray(film)
        draw = ImageDraw.Draw(image)
        size = max(8, round(self.size * max(film.shape) / REFERENCE))
        font = ImageFont.load_default(size=size)
        margin = max(4, size // 2)
        wide = round(draw.textlength(TEXT, font=font))
        x = image.width - wide - margin if self.right else margin
        y = image.height - 2 * size if self.bottom else margin
        draw.text((x, y), TEXT, fill=self.grey, font=font)
        return np.asarray(image)


def main() -> None:
    """Print two tables."""
    options = _options()
    films = list(_films(options.films, options.count))
    plants = [
        Plant(size, grey, right, bottom)
        for size, grey, (right, bottom) in product(
            SIZES, GREYS, product((False, True), (False, True))
        )
    ]
    searches: dict[str, Callable[[Film], bool]] = {
        "tesseract as it comes": _plain,
        "`clearance.ocr: tesseract`": lambda film: ocr.look(film).flagged,
    }
    source = options.films.name if options.films else "phantoms"
    print(
        f"{len(plants)} planted texts, {len(films)} films of {source}; tesseract {ocr.version()}\n"
    )
    print("| | found | of | 95 % | false alarms | of | s a film |")
    print("|---|---:|---:|---|---:|---:|---:|")
    by: dict[str, list[bool]] = {}
    for name, search in searches.items():
        begin = time.perf_counter()
        by[name] = [
            search(plant.on(films[place % len(films)])) for place, plant in enumerate(plants)
        ]
        false = [search(film) for film in films]
        seconds = (time.perf_counter() - begin) / (len(plants) + len(films))
        low, high = clopper_pearson(sum(by[name]), len(plants))
        print(
            f"| {name} | {sum(by[name])} | {len(plants)} | {100 * low:.0f}–{100 * high:.0f} %"
            f" | {sum(false)} | {len(false)} | {seconds:.1f} |"
        )
    print("\n| letters, pixels of 640 | grey | found | of |")
    print("|---:|---:|---:|---:|")
    found = by["`clearance.ocr: tesseract`"]
    for size, grey in product(SIZES, GREYS):
        cell = [
            hit
            for plant, hit in zip(plants, found, strict=True)
            if (plant.size, plant.grey) == (size, grey)
        ]
        print(f"| {size} | {grey} | {sum(cell)} | {len(cell)} |")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=Path, help="a folder of films; without it, phantoms")
    parser.add_argument("--count", type=int, default=48, help="films")
    return parser.parse_args()


def _films(folder: Path | None, count: int) -> Iterator[Film]:
    if folder is None:
        for film in list_phantoms(count, seed=2026).films:
            yield film.load()[0]
        return
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    for place in np.linspace(0, len(paths) - 1, min(count, len(paths))).astype(int):
        yield decode(paths[place].read_bytes()).film


def _plain(film: Film) -> bool:
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, format="PNG")
    done = subprocess.run(
        [ocr.BINARY, "stdin", "stdout"],
        input=stream.getvalue(),
        capture_output=True,
        check=True,
        timeout=ocr.PATIENCE,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    return any(len(word) > 1 for word in done.stdout.decode("utf-8", "replace").split())


if __name__ == "__main__":
    main()
