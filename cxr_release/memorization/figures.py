"""Pictures of the audit: how near films lie, and the most similar pairs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cxr_release.encoders.encoder import turned
from cxr_release.films.film_set import FilmSet
from cxr_release.films.png import Film
from cxr_release.memorization.calibration import Others
from cxr_release.memorization.pairs import Pair, aligned_films
from cxr_release.plotting import new_figure, open_frame, save_figure
from cxr_release.radiographs.contact_sheet import contact_sheet, save_sheet
from cxr_release.schemas import VIEWS

COLUMNS, SIDE = 12, 112
"""Films a row of the sheet (four pairs of three), and pixels of each."""
_COLORS = {
    "synthetic": "#1b1b1b",
    "source": "#2f7fb8",
    "held_out": "#b8762f",
    "control": "#b8762f",
}
"""Held-out films and control films never stand in one figure."""
MOST = 100
"""Pairs that are named. The tables hold all of them."""


def draw_distances(
    path: Path, histogram: Mapping[str, Any], threshold: float | None, *, others: Others
) -> None:
    """The scores of films with the nearest real one, as PNG: the same numbers, the same bytes.

    Args:
        path: the PNG. It shows no film.
        histogram: see `report.histogram`.
        threshold: score from which on a film is flagged; None where nothing can be.
        others: what the source films were compared with: other patients' films, or any other films.
    """
    of = "source films of other patients" if others == "patients" else "other source films"
    names = {
        "synthetic": "synthetic films with source films",
        "source": f"source films with {of}",
        "held_out": "held-out films with tuning films",
        "control": "control films with source films",
    }
    edges = np.array(histogram["edges"])
    figure = new_figure(7.2, 3.4)
    axes = figure.subplots()
    shown = [part for part in names if histogram[part] is not None]
    for part in shown:
        counts = np.array(histogram[part])
        axes.stairs(
            100 * counts / counts.sum(),
            edges,
            color=_COLORS[part],
            fill=part == "synthetic",
            alpha=0.25 if part == "synthetic" else 1,
            linewidth=1.4,
            label=f"{names[part]} ({counts.sum():,})",
        )
    if threshold is not None:
        axes.axvline(threshold, color="#b32c2c", linewidth=1, linestyle="--")
        axes.annotate(
            "flagged",
            (threshold, 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -4),
            textcoords="offset points",
            ha="left",
            va="top",
            fontsize=8,
            color="#b32c2c",
        )
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.set_xlabel(
        "score of the nearest film (0: usual for films that are not copies; last bin: and more)"
    )
    axes.set_ylabel("% of films")
    open_frame(axes)
    axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1))
    save_figure(figure, path)


def draw_pairs(path: Path, pairs: Sequence[Pair], real: FilmSet, synthetic: FilmSet) -> None:
    """The most similar pairs, four a row: real, synthetic, and their difference, aligned.

    The synthetic film is shown in its view, the real one laid under it. The difference is grey
    where they are equal. Shows real films: it is never published.
    """
    films: list[Film] = []
    captions: list[str] = []
    for rank, pair in enumerate(pairs, start=1):
        real_film, shown = aligned_films(pair, *_decoded(pair, real, synthetic))
        difference = (255 + real_film.astype(np.int16) - shown) // 2
        films += [real_film, shown, difference.astype(np.uint8)]
        captions += [f"{rank} real", _short(pair.synthetic_id), f"{pair.score:.1f}"]
        if pair.view != "plain":
            captions[-1] += f" {pair.view}"
    save_sheet(path, contact_sheet(films, captions, columns=COLUMNS, side=SIDE))


def _short(film: str) -> str:
    name = film.removeprefix("checkpoint-")
    return name if len(name) <= 17 else f"…{name[-16:]}"


def describe_pairs(
    pairs: Sequence[Pair],
    real: FilmSet,
    synthetic: FilmSet,
    *,
    converted: tuple[Collection[str], Collection[str]],
) -> list[dict[str, Any]]:
    """The first pairs by name, each with whether its films are the same to the pixel.

    No cosine says that.

    Args:
        pairs: most similar first.
        real: the real films.
        synthetic: the synthetic films.
        converted: real and synthetic films that were not 8-bit grey, or were reduced in size.

    Returns:
        The fields of each pair; `identical`, the view in which the films' pixels are equal as they
        were read, None where they are in none; `converted`, whether either film was.
    """
    return [
        asdict(pair)
        | {
            "identical": _identical_in(pair, real, synthetic),
            "converted": pair.real_id in converted[0] or pair.synthetic_id in converted[1],
        }
        for pair in pairs[:MOST]
    ]


def _identical_in(pair: Pair, real: FilmSet, synthetic: FilmSet) -> str | None:
    """The view in which the synthetic film has the real one's pixels, if there is one."""
    real_film, synthetic_film = _decoded(pair, real, synthetic)
    if real_film.shape != synthetic_film.shape:
        return None
    film = Image.fromarray(synthetic_film)
    # A film that is its own mirror image is equal in two views: the pair's own comes first.
    views = [pair.view, *(view for view in VIEWS if view != pair.view)]
    return next(
        (view for view in views if np.array_equal(real_film, np.asarray(turned(film, view)))), None
    )


def _decoded(pair: Pair, real: FilmSet, synthetic: FilmSet) -> tuple[Film, Film]:
    """Both films of a pair, real and synthetic."""
    return real.film(pair.real_id), synthetic.film(pair.synthetic_id)
