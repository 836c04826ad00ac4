"""Registration of pairs of films: the pose in which a synthetic film lies best on a real one.

Baker and Matthews, Lucas–Kanade 20 Years On, International Journal of Computer Vision 56, 2004:
the inverse compositional algorithm, here for turn, scale and shift, on band-passed small pictures
of mean 0 and length 1, so that brightness and contrast do not count. Of all poses that it passes,
the one of highest correlation is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.poses import Poses
from cxr_release.memorization.sampler import EDGE, WHITE, Pictures
from cxr_release.schemas import SMALL

if TYPE_CHECKING:
    from torch import Tensor

GRID, WINDOW = 32, 0.95
"""Points on each side of a synthetic film that are compared, and the share of it they span."""
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


def aligned(
    synthetic: Pictures, real: Pictures, start: Poses, weights: NDArray[np.float32]
) -> Poses:
    """Align pairs of films.

    Args:
        synthetic: (n, SMALL, SMALL) band-passed pictures, in the view that is compared.
        real: (n, SMALL, SMALL) likewise.
        start: (n, 4) poses to begin with.
        weights: (n, GRID²) of the points of the synthetic films.

    Returns:
        (n, 4) poses.
    """
    import torch

    line = WINDOW * ((torch.arange(GRID) + 0.5) / GRID * 2 - 1)
    v, u = (axis.reshape(-1) for axis in torch.meshgrid(line, line, indexing="ij"))
    pictures = torch.from_numpy(real)[:, None]
    weight = torch.from_numpy(weights)
    weight = weight / weight.sum(1, keepdim=True)
    identity = torch.tensor([1.0, 0, 0, 0]).expand(len(start), 4)
    template, _ = _sampled(torch.from_numpy(synthetic)[:, None], identity, u, v)
    slopes = _slopes(template, u, v, spacing=2 * WINDOW / GRID)
    reference, scale = _normalised(template, weight)
    slopes = slopes / scale[:, None]
    slopes = slopes - (slopes * weight[:, None]).sum(2, keepdim=True)
    along = (slopes * (weight * reference)[:, None]).sum(2, keepdim=True)
    slopes = slopes - along * reference[:, None]
    weighted = slopes * weight[:, None]
    hessian = weighted @ slopes.transpose(1, 2)
    damping = torch.diag_embed(1e-4 * torch.diagonal(hessian, dim1=1, dim2=2) + 1e-8)
    inverse = torch.linalg.inv(hessian + damping)
    pose = torch.from_numpy(np.ascontiguousarray(start, np.float32))
    best, highest = pose, torch.full((len(start),), -2.0)
    for step in range(STEPS + 1):
        picture, inside = _sampled(pictures, pose, u, v)
        counted = weight * inside
        counted = counted / counted.sum(1, keepdim=True).clamp_min(1e-9)
        moved, _ = _normalised(picture, counted)
        fixed, _ = _normalised(template, counted)
        correlation = (moved * fixed * counted).sum(1)
        better = correlation > highest
        highest = torch.where(better, correlation, highest)
        best = torch.where(better[:, None], pose, best)
        if step < STEPS:
            change = ((moved - reference) * weight)[:, None] @ slopes.transpose(1, 2) @ inverse
            pose = _composed(pose, change[:, 0].clamp(-MOST, MOST))
    poses: Poses = best.numpy()
    return poses


def _sampled(pictures: Tensor, pose: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """(n, GRID²) values of pictures in their poses, and 1 where there are pixels."""
    import torch
    from torch.nn.functional import grid_sample

    a, b, x, y = (column[:, None] for column in pose.T)
    points = torch.stack([a * u - b * v + x, b * u + a * v + y], -1)
    values = grid_sample(
        pictures,
        points.reshape(len(points), GRID, GRID, 2),
        padding_mode="border",
        align_corners=False,
    )
    return values.reshape(len(points), -1), (points.abs() <= EDGE).all(-1).float()


def _slopes(template: Tensor, u: Tensor, v: Tensor, *, spacing: float) -> Tensor:
    """(n, 4, GRID²) by how much each point changes with shifts, scale and turn."""
    import torch

    picture = template.reshape(-1, GRID, GRID)
    across, along = torch.zeros_like(picture), torch.zeros_like(picture)
    across[:, :, 1:-1] = (picture[:, :, 2:] - picture[:, :, :-2]) / (2 * spacing)
    along[:, 1:-1] = (picture[:, 2:] - picture[:, :-2]) / (2 * spacing)
    right, down = across.reshape(len(picture), -1), along.reshape(len(picture), -1)
    return torch.stack([right, down, right * u + down * v, down * u - right * v], 1)


def _normalised(values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Values (n, p) of weighted mean 0 and length 1, and what they were divided by, (n, 1)."""
    centred = values - (values * weights).sum(1, keepdim=True)
    length = (centred * centred * weights).sum(1, keepdim=True).sqrt().clamp_min(1e-6)
    return centred / length, length


def _composed(pose: Tensor, change: Tensor) -> Tensor:
    """A pose after the inverse of a change (right, down, scale − 1, turn)."""
    import torch

    a, b, x, y = pose.T
    right, down, scale, turn = change.T
    scale = 1 + scale
    square = scale * scale + turn * turn
    c, s = scale / square, -turn / square
    dx, dy = s * down - c * right, -(s * right + c * down)
    return torch.stack([a * c - b * s, a * s + b * c, a * dx - b * dy + x, b * dx + a * dy + y], 1)
