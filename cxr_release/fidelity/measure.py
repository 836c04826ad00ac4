"""Everything that is measured at a checkpoint, against one set of source films.

How much films of one set resemble each other is the mean MS-SSIM over pairs of them, after Odena et
al., Conditional Image Synthesis with Auxiliary Classifier GANs (ICML 2017), with the index of Wang
et al., Multiscale Structural Similarity (2003). Lower is more diverse. What real films score is the
mark: a network that draws one film over and over scores far above it. A pair is compared both ways
that a film may face, and the better one counts: networks trained with flips draw films that face
either way, source films all face left, and that is not variety.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.fidelity.distance_types import (
    FEATURES,
    FID,
    FRECHET,
    KID,
    MS_SSIM,
    OVERLAPS,
    BandPower,
)
from cxr_release.fidelity.distances import (
    NEIGHBOURS,
    frechet_distance,
    overlap,
    random_conv_features,
    reach,
    real_floor,
)
from cxr_release.fidelity.inception import (
    FID_DRAWS,
    RESIZE,
    SUBSETS,
    Inception,
    fid,
    kid,
    subset_size,
)
from cxr_release.fidelity.spectrum import WINDOW as SPECTRUM_WINDOW
from cxr_release.fidelity.spectrum import band_powers, relative_powers
from cxr_release.film_size import Size
from cxr_release.statistics.bootstrap import LEVEL, distance_interval, mean_interval

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
    """The least whole number by which films are enlarged to have room for it all; their shorter
    side has `size` pixels.

    1 from 161 pixels on, 3 at 64, 6 at 32, 11 at 16. Fewer scales or a smaller window would do
    too, and measure another thing at each size; enlarged films keep the index as it is defined.
    """
    return -(-LEAST // size)


def pairs(films: int, *, seed: int, most: int = PAIRS) -> NDArray[np.int64]:
    """Up to `most` different pairs of `films` films, at random.

    Returns:
        (pairs, 2); in each row two different numbers below `films`, the greater one last.
    """
    possible = films * (films - 1) // 2
    chance = np.random.Generator(np.random.PCG64(seed))
    chosen = np.sort(chance.choice(possible, size=min(most, possible), replace=False))
    # Pairs are counted (0, 1), (0, 2), (1, 2), (0, 3) …: those that end in n begin at n(n − 1)/2.
    last = ((1 + np.sqrt(1 + 8 * chosen.astype(np.float64))) / 2).astype(np.int64)
    return np.stack([chosen - last * (last - 1) // 2, last], axis=1)


def similarities(films: NDArray[np.uint8], *, seed: int, most: int = PAIRS) -> NDArray[np.float64]:
    """MS-SSIM of random pairs of films, the better of a pair as it is and with one film mirrored.

    Args:
        films: (n, height, width) uint8, n ≥ 2.
        seed: of the pairs: sets of equal n are compared at the same places.
        most: pairs at most.

    Returns:
        (pairs,) from 0 to 1, where 1 is a film and itself or its mirror image. Pairs share films,
        so that an interval which takes them for independent is a little too narrow.
    """
    import torch
    from pytorch_msssim import ms_ssim
    from torch.nn import functional

    times = magnification(min(films.shape[1:]))
    scores = []
    with torch.inference_mode():
        for start in range(0, len(chosen := pairs(len(films), seed=seed, most=most)), BATCH):
            batch = torch.from_numpy(films[chosen[start : start + BATCH]]).float()
            if times > 1:
                enlarged = tuple(side * times for side in films.shape[1:])
                batch = functional.interpolate(batch, size=enlarged, mode="bilinear")
            first, second = batch[:, :1], batch[:, 1:]
            values = [
                ms_ssim(first, way, data_range=255, size_average=False, win_size=WINDOW)
                for way in (second, second.flip(-1))
            ]
            scores.append(torch.maximum(*values).clamp(0, 1).double().numpy())
    return np.concatenate(scores)


Films = NDArray[np.uint8]
Features = NDArray[np.float64]
Scores = dict[str, tuple[float, list[float]]]
"""Metric → its value and the ends of its interval."""


@dataclass(frozen=True)
class SourceFilms:
    """The source films, and what drawn films are measured with against them.

    What is taken from source films alone is taken once, when it is first needed.
    """

    films: Films
    """(m, height, width), m ≥ 4."""
    images: int
    """Films that are drawn at each checkpoint, at least 2."""
    draws: int
    """Bootstrap draws behind each interval."""
    seed: int
    """Of all that is left to chance here."""
    inception: Inception | None = None
    """For FID and KID; without it neither is taken."""

    def measure(self, drawn: Films) -> dict[str, Any]:
        """The measures of the films of one checkpoint, (n, height, width), as `DistancePoint`."""
        simple = random_conv_features(drawn)
        value = frechet_distance(simple, self._simple)
        interval = distance_interval(
            frechet_distance, simple, self._simple, value=value, draws=self.draws, seed=self.seed
        )
        scores: Scores = {FRECHET: (value, interval)}
        features = simple
        if self.inception is not None and self._deep is not None:
            deep = self.inception.features(drawn)
            scores[FID] = fid(deep, self._deep, draws=self.draws, seed=self.seed)
            scores[KID] = kid(deep, self._deep, draws=self.draws, seed=self.seed)
            features = deep.astype(np.float64)
        overlaps = overlap(features, self._features, real_reach=self._reach)
        scores |= {metric: self._mean(getattr(overlaps, metric)) for metric in OVERLAPS}
        scores[MS_SSIM] = self._mean(similarities(drawn, seed=self.seed))
        return _measures(scores, self._bands(band_powers(drawn), self._powers))

    def baselines(self) -> dict[str, Any]:
        """What is measured with, and what source films score themselves, as `Baselines`.

        Precision, recall, density, coverage and the powers in bands are those of as many source
        films as are drawn (at most half of them) among the rest, divided at random once.
        """
        some, rest = self._parts()
        halves = overlap(
            self._features[some], self._features[rest], real_reach=reach(self._features[rest])
        )
        scores = {metric: self._mean(getattr(halves, metric)) for metric in OVERLAPS}
        scores[MS_SSIM] = self._mean(similarities(self.films, seed=self.seed))
        size = Size.of_shape(self.films.shape)
        return {
            "features": FEATURES,
            "resize": "none",
            "images": self.images,
            "real_images": len(self.films),
            "size": size.sides,
            "real_floor": real_floor(self._simple, self.images, seed=self.seed),
            "source": _measures(scores, self._bands(self._powers[some], self._powers[rest])),
            "bootstrap": {"level": LEVEL, "draws": self.draws},
            "manifold": {
                "features": self.inception.name if self.inception else FEATURES,
                "neighbours": NEIGHBOURS,
            },
            "ms_ssim": {
                "pairs": len(pairs(self.images, seed=self.seed)),
                "source_pairs": len(pairs(len(self.films), seed=self.seed)),
                "scales": SCALES,
                "window": WINDOW,
                "magnification": magnification(min(size)),
            },
            "spectrum": {"window": SPECTRUM_WINDOW},
            **({"inception": self._inception_record(self.inception)} if self.inception else {}),
        }

    def _inception_record(self, inception: Inception) -> dict[str, Any]:
        return {
            "extractor": inception.name,
            "weights_sha256": inception.weights_sha256,
            "published_weights": inception.published,
            "resize": RESIZE,
            "kid_subsets": SUBSETS,
            "kid_subset_size": subset_size(self.images, len(self.films)),
            "fid_draws": min(self.draws, FID_DRAWS),
            "real_floor": real_floor(self._features, self.images, seed=self.seed),
        }

    @cached_property
    def _simple(self) -> Features:
        return random_conv_features(self.films)

    @cached_property
    def _deep(self) -> NDArray[np.float32] | None:
        return None if self.inception is None else self.inception.features(self.films)

    @cached_property
    def _features(self) -> Features:
        """Those in which films lie among each other: Inception's if it is there."""
        return self._simple if self._deep is None else self._deep.astype(np.float64)

    @cached_property
    def _reach(self) -> NDArray[np.float64]:
        return reach(self._features)

    @cached_property
    def _powers(self) -> NDArray[np.float64]:
        return band_powers(self.films)

    def _bands(self, powers: NDArray[np.float64], source: NDArray[np.float64]) -> list[BandPower]:
        size = max(self.films.shape[1:])
        return relative_powers(powers, source, size=size, draws=self.draws, seed=self.seed)

    def _parts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of as many source films as are drawn, at most half of them, and of the rest."""
        order = np.random.Generator(np.random.PCG64(self.seed)).permutation(len(self.films))
        count = min(self.images, len(order) // 2)
        return order[:count], order[count:]

    def _mean(self, values: NDArray[np.float64]) -> tuple[float, list[float]]:
        return float(values.mean()), mean_interval(values, draws=self.draws, seed=self.seed)


def _measures(
    scores: Mapping[str, tuple[float, list[float]]], bands: list[BandPower]
) -> dict[str, Any]:
    return {
        **{metric: value for metric, (value, _) in scores.items()},
        "intervals": {metric: interval for metric, (_, interval) in scores.items()},
        "bands": bands,
    }
