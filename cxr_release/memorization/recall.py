"""What the search would find: altered copies of real films are planted, one at a time.

A search that found nothing says little unless it is known what it finds. So films of the cohort
are copied, each copy is altered, and it is checked whether the pair of the copy and its film would
be in the list of the most similar pairs, had this one copy been among the synthetic films.
Each planted copy is a trial of its own: copies never take each other's places in the list.

An alteration takes a film and gives an altered copy of the same size. Where chance has a part in
it, it is drawn from the generator that is given: the same seed plants the same copies.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from PIL import Image, ImageFilter
from tqdm import tqdm

from cxr_release.encoders.encoder import Encoder
from cxr_release.encoders.encoding import encode_views
from cxr_release.films import png
from cxr_release.films.film_set import FilmSet
from cxr_release.films.png import Film
from cxr_release.memorization.cosines import DIGITS, Features, Floats
from cxr_release.radiographs.resample import mirror
from cxr_release.schemas import VIEWS
from cxr_release.statistics.proportions import share_of

TURN = 3.0
"""Degrees."""
CROP = 0.05
"""Share of each side that is cut off; what is left is brought to the old size."""
JPEG_QUALITY = 50
NOISE = 0.05
"""Standard deviation, of the whole range of greys."""
BLUR_SIDE, BLUR_SIGMA = 1 / 3, 1 / 36
"""Side of the blurred patch and standard deviation of the blur, of the film's side."""

Alter = Callable[[Film, np.random.Generator], Film]
RECOMPRESSED = f"JPEG of quality {JPEG_QUALITY}"


def _turned(degrees: float) -> Alter:
    def alter(film: Film, _: np.random.Generator) -> Film:
        edge = np.concatenate([film[0], film[-1], film[:, 0], film[:, -1]])
        turned = Image.fromarray(film).rotate(
            degrees, Image.Resampling.BICUBIC, fillcolor=int(np.median(edge))
        )
        return np.asarray(turned)

    return alter


def _cropped(film: Film, left: float, top: float) -> Film:
    """Cut `CROP` of each side off, `left` and `top` of it on the left and at the top (0 … 1)."""
    height, width = film.shape
    wide, high = (1 - CROP) * width, (1 - CROP) * height
    x, y = left * CROP * width, top * CROP * height
    box = (x, y, x + wide, y + high)
    resized = Image.fromarray(film).resize((width, height), Image.Resampling.LANCZOS, box=box)
    return np.asarray(resized)


def _gamma(exponent: float) -> Alter:
    table = np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return lambda film, _: table[film]


def _recompressed(film: Film, _: np.random.Generator) -> Film:
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, format="JPEG", quality=JPEG_QUALITY)
    with Image.open(stream, formats=["JPEG"]) as picture:
        return np.asarray(picture)


def _noisy(film: Film, chance: np.random.Generator) -> Film:
    grey = film + chance.normal(0, 255 * NOISE, film.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def _blurred(film: Film, chance: np.random.Generator) -> Film:
    height, width = film.shape
    side = max(1, round(BLUR_SIDE * min(film.shape)))
    x, y = (int(chance.integers(0, size - side + 1)) for size in (width, height))
    picture = Image.fromarray(film)
    patch = picture.crop((x, y, x + side, y + side))
    picture.paste(patch.filter(ImageFilter.GaussianBlur(BLUR_SIGMA * min(film.shape))), (x, y))
    return np.asarray(picture)


ALTERATIONS: dict[str, Alter] = {
    "identical": lambda film, _: film,
    "mirrored": lambda film, _: mirror(film),
    "inverted": lambda film, _: 255 - film,
    "turned +3°": _turned(TURN),
    "turned −3°": _turned(-TURN),
    "cropped 5 %": lambda film, _: _cropped(film, 0.5, 0.5),
    "cropped 5 %, off centre": lambda film, chance: _cropped(film, *chance.random(2)),
    "gamma 0.8": _gamma(0.8),
    "gamma 1.25": _gamma(1.25),
    RECOMPRESSED: _recompressed,
    "noise 5 %": _noisy,
    "blurred patch": _blurred,
}
"""Name → what is done to the copy."""

FEWEST = 20
"""Recompressed copies that are made whether or not anything is planted: they say how similar a
film and its duplicate are."""


@dataclass(frozen=True)
class Recall:
    """What became of the planted copies."""

    alterations: list[dict[str, Any]]
    """One a kind of alteration: `alteration`, `planted`, `found`, `recall` (0 … 1), `low`, `high`
    (95 % interval of the recall: Clopper and Pearson 1934), `median_rank` (None where it lies
    beyond the list) and `median_cosine`."""
    duplicate_threshold: float
    """Lowest cosine of a film and its recompressed copy: films as similar may be duplicates."""


def measure_recall(
    real: FilmSet,
    crops: Sequence[Features],
    ids: Sequence[str],
    listed: Sequence[float],
    *,
    encoder: Encoder,
    top: int,
    plants: int,
    seed: int,
) -> Recall:
    """Plant altered copies and see which of them the list would hold.

    Args:
        real: the films to copy.
        crops: their features as the search holds them against synthetic ones, (n, d) each.
        ids: of the films, in the order of the features.
        listed: cosines of the audit's most similar pairs, falling.
        encoder: of those features.
        top: length of the list.
        plants: copies of each alteration; of as many films if there are fewer. 0: none.
        seed: of which films are copied, and of the alterations' chance.
    """
    order = sorted(range(len(ids)), key=lambda place: _rank(seed, ids[place]))
    units = [_unit_rows(crop) for crop in crops]
    rows = []
    threshold = 1.0
    counts = {
        name: min(len(order), max(plants, FEWEST) if name == RECOMPRESSED else plants)
        for name in ALTERATIONS
    }
    with tqdm(
        total=sum(counts.values()), desc="plant", unit="copy", disable=None, file=sys.stderr
    ) as bar:
        for number, (name, count) in enumerate(counts.items()):
            if not count:
                continue
            chosen = np.array(order[:count], np.int64)
            copies = _copies(real, [ids[place] for place in chosen], name, (seed, number))
            views = encode_views(encoder, copies, VIEWS, advance=bar.update)
            turned = map(_unit_rows, views.values())
            cosines = reduce(
                np.maximum, (np.round(view @ crop.T, DIGITS) for view in turned for crop in units)
            )
            own_cosines = cosines[np.arange(count), chosen]
            if name == RECOMPRESSED:
                threshold = float(own_cosines.min())
            if plants:
                rows.append(_row(name, own_cosines[:plants], cosines[:plants], listed, top))
    return Recall(rows, threshold)


def _unit_rows(features: Features) -> Floats:
    """Rows (n, d) of length 1 in float64; zero vectors stay zero."""
    wide = features.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    unit: Floats = wide / np.where(lengths > 0, lengths, 1.0)
    return unit


def _copies(real: FilmSet, ids: Sequence[str], name: str, seed: tuple[int, int]) -> list[bytes]:
    alter = ALTERATIONS[name]
    copies = []
    for place, film in enumerate(ids):
        chance = np.random.default_rng((*seed, place))
        copy = alter(png.decode(real.png(film), where=film), chance)
        copies.append(png.encode(np.ascontiguousarray(copy), synthetic=False))
    return copies


def _row(
    name: str, own_cosines: Floats, cosines: Floats, listed: Sequence[float], top: int
) -> dict[str, Any]:
    # Pairs that tie with a copy count as before it, so that recall is not overstated.
    ahead = (cosines >= own_cosines[:, None]).sum(axis=1) - 1
    before = len(listed) - np.searchsorted(np.sort(listed), own_cosines)
    ranks = 1 + ahead + before
    in_list = int((ranks <= top).sum())
    recall, low, high = share_of(in_list, len(own_cosines))
    median = int(np.sort(ranks)[len(ranks) // 2])
    return {
        "alteration": name,
        "planted": len(own_cosines),
        "found": in_list,
        "recall": recall,
        "low": low,
        "high": high,
        "median_rank": median if median <= top else None,
        "median_cosine": float(np.median(own_cosines)),
    }


def _rank(seed: int, film: str) -> str:
    return hashlib.sha256(f"{seed}\0plant\0{film}".encode()).hexdigest()
