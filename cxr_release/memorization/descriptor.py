"""What the search compares: a film's small picture, in numbers that tell films apart.

All films of one view of one body part are alike in the large. A plain correlation mostly says that
two films are of the same kind; a film that was turned by 3° is then farther from its own copy than
from a stranger's film. So the small pictures are projected onto the directions in which films of
the real set differ from each other far more than a film differs from itself when it is moved a
little: a linear discriminant (Fisher, The Use of Multiple Measurements in Taxonomic Problems,
Annals of Eugenics 7, 1936), here with the films as classes. It is fitted to the real films of this
audit and has no weights from elsewhere.

A film's numbers are integers: a vector of length `LENGTH`, rounded. Every partial sum of a product
of two such vectors is an integer below 2²⁴, by Cauchy and Schwarz, so that a matrix product in
float32 is exact: whatever the order of its additions, the blocks, the threads or the machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.parallel import BLOCK, one_thread_each
from cxr_release.memorization.poses import PLAIN, Poses, pose_of
from cxr_release.schemas import PARTS, SMALL

Floats = NDArray[np.float32]
Pictures = NDArray[np.uint16]
"""(n, SMALL, SMALL) small pictures of films, smooth; 0 … `WHITE`."""
WHITE = 65535
"""A picture in 16 bits takes half the memory of one in floats. Of a negative, a vector's numbers
have the opposite sign; where rounding goes the other way, some differ by 1 of `LENGTH`."""
Features = NDArray[np.int16]
"""(n, d) integers, each row of length `LENGTH` or 0."""

LENGTH = 4000
"""Of a film's vector, before it is rounded, which makes it longer by less than half the root of its
dimensions: the products of two add up to less than 2²⁴ for up to 36,000 of them."""
SIDE = 32
"""Pixels on each side of what a descriptor looks at."""
FINE, COARSE = 1 / 48, 1 / 8
"""Standard deviations, of a film's side, of the two blurs whose difference is taken."""
FLAT = 1e-5
"""Length, of greys from 0 to 1, below which a vector is rounding error."""
FITTED, DRAWS = 2000, 6000
"""Real films that a discriminant is fitted to at most, and moved pictures of them at least."""
AT_ONCE = 200
"""Films that are moved at a time, at least."""
RIDGE = 0.01
"""Of the mean variance of a film's own changes, added to each of them."""
FEWEST = 20
"""Films from which on their own differences alone decide; with fewer, all directions count."""
GAMMA, BLURRED = 0.2, 1 / 36
"""How a film's greys may change and it is still itself: standard deviation of the logarithm of a
gamma; standard deviation of a blur, of the side, of which any share is mixed in."""
EDGE = 0.93
"""How far out on a film, from −1 to 1, its smooth picture has no part of what lies beyond it."""
SEAM = 2
"""Points between the halves of a film that belong to neither, for the same reason."""
DISCARDED = 1e-6
"""Discriminant below which a direction tells nothing."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a descriptor is for."""

    window: float
    """Share of each side of a film that is looked at."""
    turn: float
    """Degrees by which a film may be turned and is still itself: standard deviation."""
    scale: float
    """Likewise, of the logarithm of its scale."""
    shift: float
    """Likewise, of a side."""
    dimensions: tuple[int, int]
    """Numbers of a whole film, and of a half of one."""


SEARCH = Setting(window=0.9, turn=0.7, scale=0.014, shift=0.008, dimensions=(80, 64))
"""For films that lie near one of the `looks`."""
ALIGNED = Setting(window=0.95, turn=0.3, scale=0.006, shift=0.004, dimensions=(192, 128))
"""For films that were aligned."""


def smooth(films: NDArray[np.uint8]) -> Pictures:
    """Small pictures (n, SMALL, SMALL) without their grain, so that they can be moved freely."""
    from scipy.ndimage import gaussian_filter

    sigma = FINE * SMALL
    grey = films.astype(np.float32) / np.float32(255)
    return _whole(gaussian_filter(grey, (0, sigma, sigma), mode="nearest"))


def _whole(grey: Floats) -> Pictures:
    pictures: Pictures = np.rint(WHITE * np.clip(grey, 0, 1)).astype(np.uint16)
    return pictures


class Descriptor:
    """Turns small pictures of films, in a pose, into vectors.

    Args:
        films: (n, SMALL, SMALL) pictures of the real films, see `smooth`, n ≥ 1. Their order
            counts.
        setting: what for.
        seed: of the moves by which a film's own changes are learnt.
    """

    def __init__(self, films: Pictures, setting: Setting, *, seed: int) -> None:
        from scipy.ndimage import gaussian_filter1d

        self.setting = setting
        self._blur = gaussian_filter1d(
            np.eye(SIDE), COARSE * SIDE / setting.window, axis=0, mode="constant"
        )
        self._shown = np.stack([_shown(part) for part in PARTS]).reshape(len(PARTS), -1)
        self._weights = np.stack([_weights(part) for part in PARTS]).reshape(len(PARTS), -1)
        every = np.linspace(0, len(films) - 1, min(len(films), FITTED)).round().astype(int)
        self._projections = self._fitted(films[every], np.random.default_rng(seed))

    def __call__(self, films: Pictures, poses: Poses, part: int) -> Features:
        """Vectors of films in their poses, (n, d).

        Args:
            films: (n, SMALL, SMALL); see `smooth`.
            poses: (n, 4), or (4,) for all.
            part: place of one of `PARTS`.
        """
        values, inside = self.sampled(films, poses)
        return self.described(values, inside, part)

    def sampled(self, films: Pictures, poses: Poses) -> tuple[Floats, Floats]:
        """Grey values (n, SIDE²) of films in their poses, 0 … 1, and 1 where a film has pixels."""
        import torch
        from torch.nn.functional import grid_sample

        line = self.setting.window * ((np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE * 2 - 1)
        v, u = (axis.ravel() for axis in np.meshgrid(line, line, indexing="ij"))
        a, b, x, y = np.broadcast_to(poses, (len(films), 4)).astype(np.float32).T[..., None]
        points = np.stack([a * u - b * v + x, b * u + a * v + y], axis=-1)
        inside = (np.abs(points) <= EDGE).all(axis=-1).astype(np.float32)
        values = grid_sample(
            torch.from_numpy(films[:, None].astype(np.float32) / np.float32(WHITE)),
            torch.from_numpy(points.reshape(len(films), SIDE, SIDE, 2)),
            padding_mode="border",
            align_corners=False,
        )
        return values.numpy().reshape(len(films), -1), inside

    def described(self, values: Floats, inside: Floats, part: int) -> Features:
        """Vectors (n, d) of grey values (n, SIDE²), of which those `inside` count."""
        projected = self._vectors(values, inside, part) @ self._projections[part]
        lengths = np.sqrt(np.einsum("ij,ij->i", projected, projected))[:, None]
        unit = np.divide(projected, lengths, out=np.zeros_like(projected), where=lengths > FLAT)
        features: Features = np.rint(unit * LENGTH).astype(np.int16)
        return features

    def weights(self, part: int) -> Floats:
        """(SIDE²,) how much each point counts where films are aligned."""
        roots: Floats = np.sqrt(self._weights[part])
        return roots

    def _vectors(self, values: Floats, inside: Floats, part: int) -> NDArray[np.float64]:
        """Band-passed, weighted, of mean 0 and length 1: (n, SIDE²).

        The blur is that of the pixels inside alone (normalised convolution: Knutsson and Westin
        1993), so that what lies beyond an edge changes nothing within it.
        """
        inside = inside * self._shown[part]
        counted = np.maximum(inside.sum(axis=1, keepdims=True), 1)
        centred = (values - (values * inside).sum(axis=1, keepdims=True) / counted) * inside
        image, mask = (
            part.reshape(-1, SIDE, SIDE).astype(np.float64) for part in (centred, inside)
        )
        blurred = (self._blur @ image @ self._blur.T) / np.maximum(
            self._blur @ mask @ self._blur.T, 1e-3
        )
        band = (image - blurred).reshape(len(values), -1)
        weights = inside * self._weights[part]
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
        band -= np.einsum("ij,ij->i", band, weights)[:, None]
        vectors = band * np.sqrt(self._weights[part]) * inside
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
        unit: NDArray[np.float64] = np.divide(
            vectors, lengths, out=np.zeros_like(vectors), where=lengths > FLAT
        )
        return unit

    def _moved(self, films: Pictures, chance: np.random.Generator) -> Floats:
        """(n, SIDE²) films that are still themselves, each moved, its greys changed, by chance."""
        setting = self.setting
        turn, scale, right, down, bend = chance.normal(size=(5, len(films)))
        share = chance.random(len(films))
        poses = np.stack(
            [
                pose_of(*move)
                for move in zip(
                    setting.turn * turn,
                    np.exp(setting.scale * scale),
                    setting.shift * right,
                    setting.shift * down,
                    strict=True,
                )
            ]
        )
        blocks = [slice(start, start + BLOCK) for start in range(0, len(films), BLOCK)]
        return np.concatenate(
            [
                self.sampled(_regreyed(films[block], bend[block], share[block]), poses[block])[0]
                for block in blocks
            ]
        )

    def _fitted(self, films: Pictures, chance: np.random.Generator) -> list[NDArray[np.float64]]:
        """Of each part, the directions (SIDE², d) that tell films apart, weighted.

        With T the second moments of films and W those of a film's own changes, the directions are
        the generalised eigenvectors of T v = λ W v of highest λ. Along one of them, films whose
        own changes have variance 1 differ with variance λ; it is divided by √λ, and weighted by
        (λ / (λ + 1))², for of what two pictures of a film show there, λ / (λ + 1) is common.
        """
        from scipy.linalg import eigh

        setting = self.setting
        count = len(films)
        # A few films are moved several times at once: thousands of small products take minutes.
        films = np.concatenate([films] * -(-AT_ONCE // count))
        plain, inside = self.sampled(films, PLAIN)
        everywhere = np.ones_like(inside)
        moved = [self._moved(films, chance) for _ in range(-(-DRAWS // len(films)))]
        blocks = [slice(start, start + BLOCK) for start in range(0, len(films), BLOCK)]
        projections = []
        with one_thread_each():
            for part in range(len(PARTS)):
                shown = np.flatnonzero(self._shown[part])
                total, within = np.zeros((2, len(shown), len(shown)))
                for block in blocks:
                    rows = self._vectors(plain[block], inside[block], part)[:, shown]
                    total += rows.T @ rows / len(films)
                    for values in moved:
                        change = self._vectors(values[block], everywhere[block], part)[:, shown]
                        change -= rows
                        within += change.T @ change / (len(moved) * len(films))
                within += np.eye(len(within)) * (RIDGE * np.trace(within) / len(within) + FLAT**2)
                shared = max(0.0, 1 - count / FEWEST)
                even = np.eye(len(total)) * np.trace(total) / len(total)
                total = (1 - shared) * total + shared * even
                dimensions = setting.dimensions[part > 0]
                last = len(total) - 1
                ratios, directions = eigh(
                    total, within, subset_by_index=[last + 1 - dimensions, last]
                )
                told = ratios > DISCARDED
                ratios, directions = ratios[told], directions[:, told]
                projection = np.zeros((SIDE * SIDE, len(ratios)))
                projection[shown] = directions * (ratios**1.5 / (ratios + 1) ** 2)
                projections.append(projection)
        return projections


def _regreyed(films: Pictures, bend: NDArray[np.float64], share: NDArray[np.float64]) -> Pictures:
    """Pictures as another exposure, another window or a coarser copy would show them.

    Args:
        films: (n, SMALL, SMALL).
        bend: (n,) standard normal.
        share: (n,) of a blurred picture that is mixed in; 0 … 1.
    """
    from scipy.ndimage import gaussian_filter

    sigma = BLURRED * SMALL
    exponent = np.exp(GAMMA * bend).astype(np.float32)[:, None, None]
    bent = (films.astype(np.float32) / np.float32(WHITE)) ** exponent
    blurred = gaussian_filter(bent, (0, sigma, sigma), mode="nearest")
    mixed = bent + share.astype(np.float32)[:, None, None] * (blurred - bent)
    return _whole(mixed)


def _shown(part: str) -> Floats:
    """(SIDE, SIDE) 1 in the part, 0 elsewhere."""
    shown = np.zeros((SIDE, SIDE), np.float32)
    before, after = slice(0, SIDE // 2 - SEAM), slice(SIDE // 2 + SEAM, SIDE)
    every = slice(None)
    rows, columns = {
        "whole": (every, every),
        "left": (every, before),
        "right": (every, after),
        "top": (before, every),
        "bottom": (after, every),
    }[part]
    shown[rows, columns] = 1
    return shown


def _weights(part: str) -> Floats:
    """(SIDE, SIDE) sin² along both sides of a part, 0 outside; the sum is 1.

    At the edges, where collimation and cropping make two copies differ most, pixels count least.
    """
    shown = _shown(part)
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    vertical, horizontal = (
        np.sin(np.pi * (np.arange(len(places)) + 0.5) / len(places)) ** 2
        for places in (rows, columns)
    )
    weights = np.zeros_like(shown)
    weights[np.ix_(rows, columns)] = np.outer(vertical, horizontal)
    normalised: Floats = (weights / weights.sum()).astype(np.float32)
    return normalised


def quantised(rows: NDArray[np.floating]) -> Features:
    """Vectors of any length as integer ones of length `LENGTH`: what an encoder gave, (n, d)."""
    wide = rows.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
    unit = np.divide(wide, lengths, out=np.zeros_like(wide), where=lengths > 0)
    features: Features = np.rint(unit * LENGTH).astype(np.int16)
    return features
