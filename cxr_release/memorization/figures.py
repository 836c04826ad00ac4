"""Pictures of the audit: how near films lie, and the most similar pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release.encoders.encoder import turned
from cxr_release.files import whole_file
from cxr_release.memorization.films import FilmSet
from cxr_release.memorization.search import Pair
from cxr_release.radiographs import png
from cxr_release.radiographs.png import Film
from cxr_release.radiographs.sheet import contact_sheet, save_sheet

Floats = NDArray[np.float64]
COLUMNS, SIDE = 12, 112
"""Films a row of the sheet (four pairs of three), and pixels of each."""
BINS = 60


def draw_distances(path: Path, distances: Mapping[str, Floats], threshold: float | None) -> None:
    """How near films lie to the nearest real one, as PNG: the same numbers, the same bytes.

    Args:
        path: the PNG. It shows no film.
        distances: what the films are → their distances, 0 … 2; empty ones are left out.
        threshold: distance below which a film is flagged; None where there is no baseline.
    """
    from matplotlib.figure import Figure

    shown = {name: one for name, one in distances.items() if len(one)}
    figure = Figure(figsize=(7.2, 3.4), layout="constrained")
    axes = figure.subplots()
    most = max((float(one.max()) for one in shown.values()), default=1.0) or 1.0
    edges = np.linspace(0, most, BINS + 1)
    for place, (name, one) in enumerate(shown.items()):
        counts, _ = np.histogram(one, edges)
        axes.stairs(
            100 * counts / len(one),
            edges,
            color=("#1b1b1b", "#2f7fb8", "#b8762f")[place % 3],
            fill=place == 0,
            alpha=0.25 if place == 0 else 1,
            linewidth=1.4,
            label=f"{name} ({len(one):,})",
        )
    if threshold is not None:
        axes.axvline(threshold, color="#b32c2c", linewidth=1, linestyle="--")
        axes.annotate(
            "flagged",
            (threshold, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-4, -4),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=8,
            color="#b32c2c",
        )
    axes.set_xlim(0, most)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("distance to the nearest film of the other set (0: the same)")
    axes.set_ylabel("% of films")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    with whole_file(path) as partial:
        figure.savefig(partial, format="png", dpi=144, metadata={"Software": None})


def draw_pairs(path: Path, pairs: Sequence[Pair], real: FilmSet, synthetic: FilmSet) -> None:
    """The most similar pairs, four a row: real, synthetic in its best view, and their difference.

    The difference is grey where they are equal. Shows real films: it stays in the house.
    """
    films: list[Film] = []
    captions: list[str] = []
    for rank, pair in enumerate(pairs, start=1):
        one, other = pair_of(pair, real, synthetic)
        difference = (255 + one.astype(np.int16) - other) // 2
        films += [one, other, difference.astype(np.uint8)]
        captions += [f"{rank} real", _short(pair.synthetic_id), f"{pair.cosine:.4f}"]
        if pair.view != "plain":
            captions[-1] += f" {pair.view}"
    save_sheet(path, contact_sheet(films, captions, columns=COLUMNS, side=SIDE))


def pair_of(pair: Pair, real: FilmSet, synthetic: FilmSet) -> tuple[Film, Film]:
    """Both films of a pair, the synthetic one in its best view and of the real one's size."""
    one = png.decode(real.png(pair.real_id), where=pair.real_id)
    film = Image.fromarray(png.decode(synthetic.png(pair.synthetic_id), where=pair.synthetic_id))
    film = turned(film, pair.view)
    if film.size != one.shape[::-1]:
        film = film.resize(one.shape[::-1], Image.Resampling.LANCZOS)
    return one, np.asarray(film)


def _short(film: str) -> str:
    name = film.removeprefix("checkpoint-")
    return name if len(name) <= 17 else f"…{name[-16:]}"
