"""Networks with weights that fidelity is also measured with, each out of a local file.

Nothing is downloaded, and a file is hashed before it is opened, as tensors alone (see
`encoders.weights`). Films are read at their own size. A distance over one network's features says
what that network sees: every extractor that is given has its rows, and none stands for another.

- Inception (`fidelity.inception`): FID, KID and the Inception score (Salimans et al., NeurIPS
  2016), which needs no real films and was made for photographs: of radiographs it says little.
- Any classifier of torchvision, RadImageNet's ResNet-50 (`encoders.registry`), and any network of
  timm where that is installed: a Fréchet distance over the features before its last layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxr_release.encoders import registry
from cxr_release.encoders.encoder import Encoder
from cxr_release.encoders.encoding import encode_views
from cxr_release.encoders.timm_backbone import timm_backbone
from cxr_release.errors import CxrReleaseError
from cxr_release.fidelity import inception
from cxr_release.fidelity.distances import frechet_distance
from cxr_release.films.film_set import FilmSet
from cxr_release.films.film_source import OpenedFilm
from cxr_release.films.png import Film
from cxr_release.memorization.parallel import one_thread_each
from cxr_release.scorecard.anchors import Row, Rows
from cxr_release.statistics.bootstrap import clustered_distance_interval

FRECHET, FID, KID, INCEPTION_SCORE = "Fréchet distance", "FID", "KID", "Inception score"
DRAWS = 20
"""Draws behind an interval: at 2,048 features each may take seconds."""
SPLITS = 10
"""Parts of the films over which the Inception score is averaged, as its authors do."""
BATCH = 64
_SEED = 1804

Features = NDArray[np.float64]
Key = tuple[str, str]


@dataclass(frozen=True)
class Measured:
    """A value and its 95 % interval."""

    value: float
    interval: list[float] | None = None
    """None where there is none."""


@dataclass(frozen=True)
class Extractor:
    """A network by which films are compared."""

    name: str
    """Of the features, in reports."""
    features: Callable[[Iterable[Film]], Features]
    """Films → (films, d)."""
    metrics: Callable[[Row, Features, Row, Features], Mapping[str, Measured]]
    """Of a row and its features, and of the reference and its: metric → what it comes to."""
    higher: frozenset[str] = frozenset()
    """Metrics that are better where they are higher."""

    def measure(self, rows: Rows, films: Mapping[str, FilmSet]) -> dict[Key, dict[str, Measured]]:
        """Metric and features → row → what it comes to, over one draw of each row.

        Args:
            rows: see `anchors.rows_of`.
            films: role → the films of that part, to be read again.

        Raises:
            SourceError: a film cannot be read any more.
            CxrReleaseError: a film cannot be encoded.
        """
        reference = self.features(rows.reference.read(films))
        measures: dict[Key, dict[str, Measured]] = {}
        for row in rows.rows:
            drawn = self.features(row.read(films))
            with one_thread_each():
                found = self.metrics(row, drawn, rows.reference, reference)
            for metric, measured in found.items():
                measures.setdefault((metric, self.name), {})[row.name] = measured
        return measures


def open_extractor(network: str, weights: Path, sha256: str) -> Extractor:
    """The extractor of a network by its name.

    Args:
        network: `inception`, `radimagenet` (its ResNet-50), `timm:` and the name of a network of
            timm, or what `encoders.registry.load` takes: `vit`, or a classifier of torchvision.
        weights: file of its weights.
        sha256: of that file, 64 hex digits; empty for a file that torchvision publishes.

    Raises:
        CxrReleaseError: no such network, or the file is refused.
    """
    library, _, name = network.partition(":")
    if (library == "timm" or network in ("inception", "radimagenet")) and not sha256:
        raise CxrReleaseError(
            f"the SHA-256 of the weights of {network} is not given",
            where=str(weights),
            remedy="give the 64 hex digits beside the file",
        )
    if network == "inception":
        return of_inception(inception.load(weights, sha256))
    if network == "radimagenet":
        return of_encoder(registry.radimagenet(weights, sha256))
    if library == "timm":
        return of_encoder(timm_backbone(name, weights, sha256))
    encoder = registry.load(network, weights=weights, sha256=sha256)
    if encoder is None:
        raise CxrReleaseError(f"{network} is not a network with weights", where=str(weights))
    return of_encoder(encoder)


def of_encoder(encoder: Encoder) -> Extractor:
    """A Fréchet distance over an encoder's features."""

    def features(films: Iterable[Film]) -> Features:
        opened = (OpenedFilm(str(place), film) for place, film in enumerate(films))
        return encode_views(encoder, opened, ["plain"])["plain"].astype(np.float64)

    weights = f", weights {encoder.weights.sha256[:12]}" if encoder.weights else ""
    return Extractor(f"{encoder.name}{weights}", features, _frechet)


def of_inception(network: inception.Inception) -> Extractor:
    """FID, KID and the Inception score. Films of several sizes may come in any order."""

    def features(films: Iterable[Film]) -> Features:
        batches = iter(films)
        rows = []
        while batch := list(islice(batches, BATCH)):
            rows += [network.features_and_logits(each) for each in _of_one_size(batch)]
        return np.concatenate(rows).astype(np.float64)

    def metrics(row: Row, drawn: Features, reference: Row, real: Features) -> dict[str, Measured]:
        deep = [each[:, : inception.WIDTH].astype(np.float32) for each in (drawn, real)]
        distance = _frechet(row, deep[0].astype(np.float64), reference, deep[1].astype(np.float64))
        kernel, interval = inception.kid(deep[0], deep[1], draws=200, seed=_SEED)
        score = inception.inception_score(drawn[:, inception.WIDTH :], splits=SPLITS, seed=_SEED)
        return {
            FID: distance[FRECHET],
            KID: Measured(kernel, interval),
            INCEPTION_SCORE: Measured(score),
        }

    name = network.name if network.published else f"{network.name}, other weights than published"
    return Extractor(name, features, metrics, frozenset({INCEPTION_SCORE}))


def _of_one_size(films: list[Film]) -> Iterable[NDArray[np.uint8]]:
    """Runs of films of one size, each as (n, height, width)."""
    start = 0
    for place in range(1, len(films) + 1):
        if place == len(films) or films[place].shape != films[start].shape:
            yield np.stack(films[start:place])
            start = place


def _frechet(row: Row, drawn: Features, reference: Row, real: Features) -> dict[str, Measured]:
    value = frechet_distance(drawn, real)
    interval = clustered_distance_interval(
        frechet_distance,
        drawn,
        real,
        clusters=(row.patients(0), reference.patients(0)),
        value=value,
        draws=DRAWS,
        seed=_SEED,
    )
    return {FRECHET: Measured(value, interval)}
