"""Pairs of a real and a synthetic film: the list for people to judge, and how one looks aligned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cxr_release.encoders.encoder import turned
from cxr_release.films.png import Film
from cxr_release.memorization.poses import Pose, read_pose
from cxr_release.memorization.scores import Matches
from cxr_release.schemas import PARTS, VIEWS


@dataclass(frozen=True)
class Pair:
    """A real and a synthetic film."""

    real_id: str
    synthetic_id: str
    score: float
    cosine: float
    view: str
    """One of `schemas.VIEWS`."""
    part: str
    """One of `schemas.PARTS`."""
    pose: Pose
    """Of the synthetic film, in its view, on the real one."""


def pairs_of(
    matches: Matches, real_ids: Sequence[str], synthetic_ids: Sequence[str]
) -> Iterator[list[Pair]]:
    """Of each synthetic film, the pairs with its likeliest originals, the likeliest first."""
    for row, synthetic in enumerate(synthetic_ids):
        yield [
            pair_of(matches, row, nth, real_ids, synthetic)
            for nth in np.flatnonzero(matches.real[row] >= 0).tolist()
        ]


def pair_of(matches: Matches, row: int, nth: int, real_ids: Sequence[str], synthetic: str) -> Pair:
    """The pair of one film with its nth likeliest original."""
    return Pair(
        real_ids[matches.real[row, nth]],
        synthetic,
        float(matches.score[row, nth]),
        float(matches.cosine[row, nth]),
        VIEWS[matches.view[row, nth]],
        PARTS[matches.part[row, nth]],
        read_pose(matches.pose[row, nth]),
    )


def listed(
    matches: Matches, real_ids: Sequence[str], synthetic_ids: Sequence[str], top: int
) -> list[Pair]:
    """The pairs of highest score, `top` of them; ties in the order of real and synthetic ids."""
    rows, nth = np.nonzero(matches.real >= 0)
    scores = matches.score[rows, nth]
    if len(scores) > top:  # all that tie with the last one
        least = np.partition(scores, -top)[-top]
        rows, nth = rows[scores >= least], nth[scores >= least]
    pairs = [
        pair_of(matches, row, place, real_ids, synthetic_ids[row])
        for row, place in zip(rows.tolist(), nth.tolist(), strict=True)
    ]
    return sorted(pairs, key=lambda pair: (-pair.score, pair.real_id, pair.synthetic_id))[:top]


def aligned_films(pair: Pair, real: Film, synthetic: Film) -> tuple[Film, Film]:
    """Both films as they were compared: the synthetic one in its view, the real one laid under it.

    Args:
        pair: of these films.
        real: (h, w).
        synthetic: (k, l).

    Returns:
        Two films of the synthetic one's size; black where the real film has nothing.
    """
    shown = turned(Image.fromarray(synthetic), pair.view)
    width, height = shown.size
    angle = np.deg2rad(pair.pose.turn)
    a, b = pair.pose.scale * np.cos(angle), pair.pose.scale * np.sin(angle)
    # From pixels of the synthetic film to its coordinates, by the pose, to pixels of the real one.
    to_coordinates = np.array(
        [[2 / width, 0, 1 / width - 1], [0, 2 / height, 1 / height - 1], [0, 0, 1]]
    )
    pose = np.array([[a, -b, 2 * pair.pose.right], [b, a, 2 * pair.pose.down], [0, 0, 1]])
    rows, columns = real.shape
    to_pixels = np.array(
        [[columns / 2, 0, columns / 2 - 0.5], [0, rows / 2, rows / 2 - 0.5], [0, 0, 1]]
    )
    transform = to_pixels @ pose @ to_coordinates
    # Pillow takes the middle of a pixel at + 0.5.
    half = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    six = (np.linalg.inv(half) @ transform @ half)[:2].ravel()
    laid = Image.fromarray(real).transform(
        shown.size, Image.Transform.AFFINE, tuple(six), Image.Resampling.BICUBIC
    )
    return np.asarray(laid), np.asarray(shown)
