"""What is measured at a checkpoint: the names, and the shape of `distances.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple, NotRequired

from annotated_types import Len, MinLen
from typing_extensions import TypedDict

from cxr_release.film_size import Size

FEATURES = "random convolution features"
"""Name of the features of `distances.random_conv_features` in reports."""
FRECHET: Final = "frechet_random_conv"
"""Fréchet distance over `random_conv_features`. Never called FID: it is not one."""

FID: Final = "fid"
"""Fréchet inception distance; there only where Inception's weights were given."""

KID: Final = "kid"
"""Kernel inception distance, likewise."""

DISTANCES: Final = (FRECHET, FID, KID)
"""Smaller is nearer to source films."""

OVERLAPS: Final = ("precision", "recall", "density", "coverage")
"""Larger is nearer to source films; see `distances.overlap`."""

MS_SSIM: Final = "ms_ssim"
"""How much films resemble each other; see `measure.similarities`."""

METRICS: Final = (*DISTANCES, *OVERLAPS, MS_SSIM)
"""Everything that can be measured at a checkpoint, in the order in which it is shown."""


def waves_of(size: Size) -> str:
    """What the waves of a band are counted in, in words."""
    square = size.width == size.height
    return "cycles a film" if square else "cycles along a film's longer side"


class Estimate(NamedTuple):
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float


Interval = Annotated[list[float], Len(2, 2)]


class BandPower(TypedDict):
    """Power in one band of the spectrum, over that of source films; see `spectrum`."""

    low: int
    """Cycles a film where the band begins."""
    high: float
    """Where it ends; in the last band, the Nyquist limit."""
    power: float
    """Mean of the films over mean of the source films; 1: as source films."""
    interval: Interval
    """Of 95 %."""


class SourceMeasures(TypedDict):
    """What source films score: one half compared with the other, or all of them together."""

    precision: float
    recall: float
    density: float
    coverage: float
    ms_ssim: float
    intervals: dict[str, Interval]
    """Metric → lower and upper end of its 95 % interval."""
    bands: Annotated[list[BandPower], MinLen(1)]
    """Power in the bands of the spectrum, coarsest first; the same bands for all films of a run."""


class DrawnMeasures(SourceMeasures):
    """Drawn films, compared with the source films."""

    checkpoint_step: int
    """Training steps of what drew them."""
    frechet_random_conv: float
    fid: NotRequired[float]
    kid: NotRequired[float]


class DistancePoint(DrawnMeasures):
    """The films drawn from one checkpoint."""

    checkpoint: int


class GeneratorPoint(DrawnMeasures):
    """The films of a generator that was trained beside the network."""

    source: str


class BootstrapRecord(TypedDict):
    """How the intervals were taken."""

    level: float
    draws: int


class ManifoldRecord(TypedDict):
    """How precision, recall, density and coverage were taken."""

    features: str
    neighbours: int


class SimilarityRecord(TypedDict):
    """How MS-SSIM was taken."""

    pairs: int
    """Of drawn films, at each checkpoint."""
    source_pairs: int
    scales: int
    window: int
    """Pixels on each side of the window, after magnification."""
    magnification: int
    """Whole number by which films were enlarged first."""


class SpectrumRecord(TypedDict):
    """How the powers in bands of the spectrum were taken."""

    window: str
    """By which films were multiplied first."""


class InceptionRecord(TypedDict):
    """How FID and KID were taken."""

    extractor: str
    weights_sha256: str
    published_weights: bool
    """Whether these are the weights that published FIDs are taken with."""
    resize: str
    kid_subsets: int
    kid_subset_size: int
    fid_draws: int
    """Draws behind the interval of the FID; fewer than elsewhere, for each takes seconds."""
    real_floor: float
    """FID that real films would score; see `distances.real_floor`."""


class Baselines(TypedDict):
    """What all checkpoints were measured with, and what source films score."""

    features: str
    """Name of the features of `frechet_random_conv`."""
    resize: str
    """What was done to films before these features were taken."""
    images: int
    """Films drawn at each checkpoint, the same for all."""
    real_images: int
    """Source films that they are compared with."""
    size: int | Annotated[list[int], Len(2, 2)]
    """Pixels on each side of the films; width and height where they are not square."""
    real_floor: float
    """What real films would score; see `distances.real_floor`."""
    source: SourceMeasures
    bootstrap: BootstrapRecord
    manifold: ManifoldRecord
    ms_ssim: SimilarityRecord
    spectrum: SpectrumRecord
    inception: NotRequired[InceptionRecord]


class Distances(Baselines):
    """`distances.json`: the measures along training, and what they were taken with."""

    checkpoints: Annotated[list[DistancePoint], MinLen(1)]
    generators: NotRequired[list[GeneratorPoint]]
    """Not there where no generator was trained beside the network."""


def estimate(point: DrawnMeasures, metric: str) -> Estimate:
    """One number of drawn films with its interval.

    Raises:
        KeyError: the metric was not taken.
    """
    values: Mapping[str, Any] = point
    low, high = point["intervals"][metric]
    return Estimate(values[metric], low, high)


def finest(measures: SourceMeasures) -> BandPower:
    """The band of the finest structures, which a blurred film lacks first."""
    return measures["bands"][-1]


def metrics_of(distances: Distances) -> list[str]:
    """The metrics that every checkpoint has, in the order of `METRICS`."""
    points = distances["checkpoints"]
    return [metric for metric in METRICS if all(metric in point for point in points)]


def deciding(distances: Distances) -> tuple[str, float]:
    """The distance by which checkpoints are ranked, and what source films score in it.

    The FID where it was taken, as in the paper; otherwise the distance without weights.
    """
    if "inception" in distances and FID in metrics_of(distances):
        return FID, distances["inception"]["real_floor"]
    return FRECHET, distances["real_floor"]
