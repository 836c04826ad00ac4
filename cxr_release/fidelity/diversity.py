"""How much films of one set resemble each other: mean MS-SSIM over pairs of them.

After Odena et al., Conditional Image Synthesis with Auxiliary Classifier GANs (ICML 2017), with
the index of Wang et al., Multiscale Structural Similarity (2003). Lower is more diverse. What the
real films score is the mark: a network that draws one film over and over scores far above it.

A pair is compared both ways that a film may face, and the better one counts: networks draw films
that face either way, source films all face left, and that is no variety.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PAIRS = 256
"""Pairs at most."""

SCALES = 5
WINDOW = 11
"""Wang et al.'s five scales and window of 11 × 11 pixels."""

LEAST: int = (WINDOW - 1) * 2 ** (SCALES - 1) + 1
"""Pixels on each side that this window needs at the coarsest scale: 161."""

BATCH = 4
"""Pairs at once: more of them fall out of the cache, and take three times as long."""


def magnification(size: int) -> int:
    """The least whole number by which films of `size` pixels are enlarged to have room for it all.

    1 from 161 pixels on, 3 at 64, 6 at 32, 11 at 16. Fewer scales or a smaller window would do
    too, and measure another thing at each size; enlarged films keep the index as it is defined.
    """
    return -(-LEAST // size)


def pairs(films: int, *, seed: int) -> NDArray[np.int64]:
    """Up to 256 different pairs of `films` films, at random.

    Returns:
        (pairs, 2); in each row two different numbers below `films`, the greater one last.
    """
    possible = films * (films - 1) // 2
    chance = np.random.Generator(np.random.PCG64(seed))
    chosen = np.sort(chance.choice(possible, size=min(PAIRS, possible), replace=False))
    # Pairs are counted (0, 1), (0, 2), (1, 2), (0, 3) …: those that end in n begin at n(n − 1)/2.
    last = ((1 + np.sqrt(1 + 8 * chosen.astype(np.float64))) / 2).astype(np.int64)
    return np.stack([chosen - last * (last - 1) // 2, last], axis=1)


def similarities(films: NDArray[np.uint8], *, seed: int) -> NDArray[np.float64]:
    """MS-SSIM of random pairs of films, the better of a pair as it is and with one film mirrored.

    Args:
        films: (n, size, size) uint8, n ≥ 2.
        seed: of the pairs: sets of equal n are asked about the same places.

    Returns:
        (pairs,) from 0 to 1, where 1 is a film and itself or its mirror image. Pairs share films,
        so that an interval which takes them for independent is a little too narrow.
    """
    import torch
    from pytorch_msssim import ms_ssim
    from torch.nn import functional

    enlarged = films.shape[1] * magnification(films.shape[1])
    found = []
    with torch.inference_mode():
        for start in range(0, len(chosen := pairs(len(films), seed=seed)), BATCH):
            some = torch.from_numpy(films[chosen[start : start + BATCH]]).float()
            if enlarged > films.shape[1]:
                some = functional.interpolate(some, size=(enlarged, enlarged), mode="bilinear")
            one, other = some[:, :1], some[:, 1:]
            values = [
                ms_ssim(one, way, data_range=255, size_average=False, win_size=WINDOW)
                for way in (other, other.flip(-1))
            ]
            found.append(torch.maximum(*values).clamp(0, 1).double().numpy())
    return np.concatenate(found)
