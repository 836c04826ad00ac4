"""Registration of pairs of films: the pose in which a synthetic film lies best on a real one.

Baker and Matthews, Lucas–Kanade 20 Years On, International Journal of Computer Vision 56, 2004:
the inverse compositional algorithm, here for turn, scale and shift, on band-passed small pictures
of mean 0 and length 1, so that brightness and contrast do not count. Of all poses that it passes,
the one of highest correlation is kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.poses import PLAIN, Poses
from cxr_release.memorization.sampler import SIDE, WHITE, Floats, Pictures, Sampler
from cxr_release.schemas import SMALL

WINDOW = 0.95
"""Share of each side of a synthetic film that is compared."""
COARSE = 1 / 20
"""Standard deviation, of a film's side, of the blur that is taken out: what lies beyond an edge of
a turned or shifted film reaches no farther in."""
STEPS = 6
"""In which the pose is improved."""
MOST = 0.2
"""Most by which a step changes one of the four numbers."""


Bands = NDArray[np.float32]
"""(n, SMALL, SMALL) pictures without slow changes of brightness."""


def band_passed(films: Pictures) -> Bands:
    """Pictures (n, SMALL, SMALL), see `sampler.smooth`, without slow changes of brightness."""
    from scipy.ndimage import gaussian_filter

    grey = films.astype(np.float32) / np.float32(WHITE)
    passed: Bands = grey - gaussian_filter(grey, (0, COARSE * SMALL, COARSE * SMALL))
    return passed


def aligned(synthetic: Bands, real: Bands, start: Poses, weights: NDArray[np.float32]) -> Poses:
    """Align pairs of films.

    Args:
        synthetic: (n, SMALL, SMALL) band-passed pictures, in the view that is compared.
        real: (n, SMALL, SMALL) likewise.
        start: (n, 4) poses to begin with.
        weights: (n, SIDE²) of the points of the synthetic films.

    Returns:
        (n, 4) poses.
    """
    sampler = Sampler(WINDOW)
    weight = weights / weights.sum(axis=1, keepdims=True)
    template, _ = sampler.sampled(synthetic, PLAIN)
    reference, length = _normalised(template, weight)
    slopes = _slopes(template, sampler) / length[:, None]
    slopes -= (slopes * weight[:, None]).sum(axis=2, keepdims=True)
    along = (slopes * (weight * reference)[:, None]).sum(axis=2, keepdims=True)
    slopes -= along * reference[:, None]
    slopes = slopes.transpose(0, 2, 1)
    hessian = (slopes * weight[:, :, None]).transpose(0, 2, 1) @ slopes
    diagonal = np.einsum("nii->ni", hessian)
    diagonal += np.float32(1e-4) * diagonal + np.float32(1e-8)
    inverse = np.linalg.inv(hessian)
    pose = np.ascontiguousarray(start, np.float32)
    best, highest = pose.copy(), np.full(len(start), -2, np.float32)
    for step in range(STEPS + 1):
        picture, inside = sampler.sampled(real, pose)
        counted = weight * inside
        counted /= np.maximum(counted.sum(axis=1, keepdims=True), np.float32(1e-9))
        moved, _ = _normalised(picture, counted)
        fixed, _ = _normalised(template, counted)
        correlation = (moved * fixed * counted).sum(axis=1)
        better = correlation > highest
        highest[better], best[better] = correlation[better], pose[better]
        if step < STEPS:
            change = ((moved - reference) * weight)[:, None] @ slopes @ inverse
            pose = _composed(pose, np.clip(change[:, 0], -MOST, MOST))
    return best


def _slopes(template: Floats, sampler: Sampler) -> Floats:
    """(n, 4, SIDE²) by how much each point changes with shifts, scale and turn."""
    picture = template.reshape(-1, SIDE, SIDE)
    across, along = np.zeros((2, *picture.shape), np.float32)
    spacing = np.float32(2 * WINDOW / SIDE)
    across[:, :, 1:-1] = (picture[:, :, 2:] - picture[:, :, :-2]) / (2 * spacing)
    along[:, 1:-1] = (picture[:, 2:] - picture[:, :-2]) / (2 * spacing)
    right, down = across.reshape(template.shape), along.reshape(template.shape)
    u, v = sampler.u, sampler.v
    return np.stack([right, down, right * u + down * v, down * u - right * v], axis=1)


def _normalised(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Values (n, k) of weighted mean 0 and length 1, and what they were divided by, (n, 1)."""
    centred = values - (values * weights).sum(axis=1, keepdims=True)
    length = np.sqrt((centred * centred * weights).sum(axis=1, keepdims=True))
    length = np.maximum(length, np.float32(1e-6))
    return centred / length, length


def _composed(pose: Poses, change: Floats) -> Poses:
    """A pose after the inverse of a change (right, down, scale − 1, turn)."""
    a, b, x, y = pose.T
    right, down, scale, turn = change.T
    scale = 1 + scale
    square = scale * scale + turn * turn
    c, s = scale / square, -turn / square
    dx, dy = s * down - c * right, -(s * right + c * down)
    return np.stack(
        [a * c - b * s, a * s + b * c, a * dx - b * dy + x, b * dx + a * dy + y], axis=1
    )
