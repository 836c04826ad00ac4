"""Everything that is measured at a checkpoint, against one set of source films."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.fidelity import diversity
from cxr_release.fidelity.features import random_conv_features
from cxr_release.fidelity.fid import FID_DRAWS, SUBSETS, fid, kid, subset_size
from cxr_release.fidelity.frechet import FEATURES, frechet_distance, real_floor
from cxr_release.fidelity.inception import RESIZE, Inception
from cxr_release.fidelity.intervals import LEVEL, distance_interval, mean_interval
from cxr_release.fidelity.manifold import NEIGHBOURS, Overlap, overlap, reach
from cxr_release.fidelity.points import FID, FRECHET, KID, MS_SSIM, OVERLAPS

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
    """(m, size, size), m ≥ 4."""
    images: int
    """Films that are drawn at each checkpoint, at least 2."""
    draws: int
    """Bootstrap draws behind each interval."""
    seed: int
    """Of all that is left to chance here."""
    inception: Inception | None = None
    """For FID and KID; without it neither is taken."""

    def measure(self, drawn: Films) -> dict[str, Any]:
        """The measures of the films of one checkpoint, (n, size, size), as `points.Measures`."""
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
        found = overlap(features, self._features, real_reach=self._reach)
        scores |= {one: self._mean(getattr(found, one)) for one in OVERLAPS}
        scores[MS_SSIM] = self._mean(diversity.similarities(drawn, seed=self.seed))
        return _measures(scores)

    def yardsticks(self) -> dict[str, Any]:
        """What is measured with, and what source films score themselves, as `points.Yardsticks`.

        Precision, recall, density and coverage are those of as many source films as are drawn
        (at most half of them) among the rest, divided at random once.
        """
        halves = self._halves()
        scores = {one: self._mean(getattr(halves, one)) for one in OVERLAPS}
        scores[MS_SSIM] = self._mean(diversity.similarities(self.films, seed=self.seed))
        size = self.films.shape[1]
        return {
            "features": FEATURES,
            "resize": "none",
            "images": self.images,
            "real_images": len(self.films),
            "size": size,
            "real_floor": real_floor(self._simple, self.images, seed=self.seed),
            "source": _measures(scores),
            "bootstrap": {"level": LEVEL, "draws": self.draws},
            "manifold": {
                "features": self.inception.name if self.inception else FEATURES,
                "neighbours": NEIGHBOURS,
            },
            "ms_ssim": {
                "pairs": len(diversity.pairs(self.images, seed=self.seed)),
                "source_pairs": len(diversity.pairs(len(self.films), seed=self.seed)),
                "scales": diversity.SCALES,
                "window": diversity.WINDOW,
                "magnification": diversity.magnification(size),
            },
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

    def _halves(self) -> Overlap:
        order = np.random.Generator(np.random.PCG64(self.seed)).permutation(len(self.films))
        taken = min(self.images, len(order) // 2)
        some, rest = self._features[order[:taken]], self._features[order[taken:]]
        return overlap(some, rest, real_reach=reach(rest))

    def _mean(self, values: NDArray[np.float64]) -> tuple[float, list[float]]:
        return float(values.mean()), mean_interval(values, draws=self.draws, seed=self.seed)


def _measures(scores: Mapping[str, tuple[float, list[float]]]) -> dict[str, Any]:
    return {
        **{metric: value for metric, (value, _) in scores.items()},
        "intervals": {metric: interval for metric, (_, interval) in scores.items()},
    }
