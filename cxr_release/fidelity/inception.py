"""FID and KID by torch-fidelity's InceptionV3 and functions, and how far chance could move them.

Nothing is downloaded, and a file of weights is not trusted: torch-fidelity opens its file as a
full pickle, which may run code. So the bytes are read once, checked against the hash that the
parameters give, opened as tensors alone, and torch-fidelity gets a new file, in memory, of nothing
but those tensors.

FID: Heusel et al., GANs Trained by a Two Time-Scale Update Rule (NeurIPS 2017). KID: Bińkowski et
al., Demystifying MMD GANs (ICLR 2018), with the cubic kernel (x·y / d + 1)³.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.encoders.weights import checked_tensors
from cxr_release.errors import CxrReleaseError
from cxr_release.fidelity.distances import frechet_distance
from cxr_release.statistics.bootstrap import FloatArray, centred, distance_interval

if TYPE_CHECKING:
    import torch


EXTRACTOR = "inception-v3-compat"
"""The network's name in torch-fidelity: the one of the first FID, converted from TensorFlow."""

LAYER = "2048"
"""The layer that FID and KID are defined on, and its number of features."""
WIDTH = int(LAYER)

LOGITS = "logits_unbiased"
"""The layer that the Inception score is defined on, as torch-fidelity takes it."""

RESIZE = "grey repeated to three channels, bilinear to 299 × 299 as TensorFlow 1 does it"

PUBLISHED = "6726825d"
"""How the SHA-256 of the weights begins that torch-fidelity, and published FIDs, use."""

BATCH = 32


@dataclass(frozen=True)
class Inception:
    """The loaded network."""

    network: Any
    weights_sha256: str
    device: str

    @property
    def name(self) -> str:
        """What extracted the features, with its version."""
        from importlib.metadata import version

        return f"{EXTRACTOR} of torch-fidelity {version('torch-fidelity')}, layer {LAYER}"

    @property
    def published(self) -> bool:
        """Whether the weights are those that published FIDs are taken with."""
        return self.weights_sha256.startswith(PUBLISHED)

    def features(self, films: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of films.

        Args:
            films: (n, height, width) uint8. They become three equal channels; the network itself
                resizes them to 299 × 299.

        Returns:
            (n, 2048) float32.
        """
        return np.ascontiguousarray(self.features_and_logits(films)[:, :WIDTH])

    def features_and_logits(self, films: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of films, and behind them the logits of the network's 1,008 classes.

        Args:
            films: see `features`.

        Returns:
            (n, 2048 + 1008) float32.
        """
        import torch

        rows = []
        with torch.inference_mode():
            for start in range(0, len(films), BATCH):
                batch = torch.from_numpy(films[start : start + BATCH].copy()).unsqueeze(1)
                layers = self.network(batch.expand(-1, 3, -1, -1).to(self.device))
                rows.append(torch.cat(layers, dim=1).cpu().numpy())
        return np.concatenate(rows)


def load(path: Path, sha256: str) -> Inception:
    """Make the network with the weights in `path`, on a GPU if there is one.

    Args:
        path: a state dict of torch-fidelity's InceptionV3, as `torch.save` writes it.
        sha256: what the file must hash to, 64 hex digits.

    Raises:
        CxrReleaseError: the file is missing, is not the one that was meant, is not a plain file
            of tensors, or holds another network's. Nothing in it is ever executed.
    """
    import torch

    try:
        weights = checked_tensors(path, sha256)
    except CxrReleaseError as error:
        names = "fidelity.weights and fidelity.weights_sha256 name the file; empty, no FID is taken"
        remedy = f"{error.remedy}; {names}" if error.remedy else names
        raise CxrReleaseError(error.what, where=error.where, remedy=remedy) from None
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return Inception(_network(weights, path).to(device), sha256, device)


def _network(weights: Mapping[str, torch.Tensor], path: Path) -> Any:
    import torch
    from torch_fidelity import FeatureExtractorInceptionV3

    file = io.BytesIO()
    torch.save(dict(weights), file)
    file.seek(0)
    try:
        return FeatureExtractorInceptionV3(
            EXTRACTOR, [LAYER, LOGITS], feature_extractor_weights_path=file
        )
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise CxrReleaseError(
            f"not the weights of torch-fidelity's InceptionV3: {reason[:200]}", where=str(path)
        ) from None


def inception_score(logits: NDArray[np.floating], *, splits: int, seed: int) -> float:
    """The Inception score of films: 1 where the network takes all for the same, higher is better.

    Args:
        logits: (n, 1008) of `Inception.features_and_logits`.
        splits: parts of the films over which it is averaged; as many as films at most.
        seed: of the division, below 2^32.
    """
    import torch
    from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric

    scores = isc_features_to_metric(
        torch.from_numpy(np.asarray(logits)), splits=min(splits, len(logits)), rng_seed=seed
    )
    return float(scores[KEY_METRIC_ISC_MEAN])


FID_DRAWS = 20
"""Draws behind an interval of the FID at most: at 2,048 features each takes seconds."""

SUBSETS = 100
SUBSET_SIZE = 1000
"""KID is the mean over this many random subsets of this many films, as torch-fidelity has it."""

BLOCK = 1024

Features = NDArray[np.float32]


def fid(drawn: Features, real: Features, *, draws: int, seed: int) -> tuple[float, list[float]]:
    """Fréchet inception distance, and its interval.

    Args:
        drawn: (n, 2048) Inception features of the drawn films, n ≥ 2.
        real: (m, 2048) of the real films, m ≥ 2.
        draws: bootstrap draws requested; 20 are made at most.
        seed: of the draws.

    Returns:
        The distance, 0 or more; and its ends. Biased upwards for small sets, and much so below
        2,048 films.
    """
    import torch
    from torch_fidelity.metric_fid import (
        KEY_METRIC_FID,
        fid_features_to_statistics,
        fid_statistics_to_metric,
    )

    statistics = [fid_features_to_statistics(torch.from_numpy(part)) for part in (drawn, real)]
    value = max(0.0, float(fid_statistics_to_metric(*statistics, verbose=False)[KEY_METRIC_FID]))
    interval = distance_interval(
        frechet_distance,
        drawn.astype(np.float64),
        real.astype(np.float64),
        value=value,
        draws=min(draws, FID_DRAWS),
        seed=seed,
    )
    return value, interval


def subset_size(drawn: int, real: int) -> int:
    """Films in each of KID's subsets: 1,000, or all of the smaller set."""
    return min(SUBSET_SIZE, drawn, real)


def kid(drawn: Features, real: Features, *, draws: int, seed: int) -> tuple[float, list[float]]:
    """Kernel inception distance, and its interval.

    Args:
        drawn: (n, 2048) Inception features of the drawn films, n ≥ 2.
        real: (m, 2048) of the real films, m ≥ 2.
        draws: bootstrap draws.
        seed: of the subsets, below 2^32 (what is above is dropped), and of the draws.

    Returns:
        The distance and its ends. Unbiased: values below 0 occur where films are much alike.
    """
    import torch
    from torch_fidelity.metric_kid import (
        KEY_METRIC_KID_MEAN,
        kid_features_to_metric,
    )

    metric = kid_features_to_metric(
        torch.from_numpy(drawn),
        torch.from_numpy(real),
        kid_subsets=SUBSETS,
        kid_subset_size=subset_size(len(drawn), len(real)),
        rng_seed=seed % 2**32,
        verbose=False,
    )
    value = float(metric[KEY_METRIC_KID_MEAN])
    replicates = kernel_draws(drawn, real, draws=draws, seed=seed)
    return value, centred(value, replicates[np.isfinite(replicates)])


def kernel_draws(drawn: Features, real: Features, *, draws: int, seed: int) -> FloatArray:
    """The kernel distance of sets drawn again with replacement, `draws` times.

    A set drawn again is a number of times that each film is taken, so one pass over the kernel
    serves all draws. Pairs of a film with itself are left out, as in the unbiased estimate.

    Returns:
        (draws,) nan where a set drawn again is one film alone, many times over: it has no pair.
    """
    chance = np.random.Generator(np.random.PCG64(seed))
    sets = [features.astype(np.float64) for features in (drawn, real)]
    times = [
        chance.multinomial(films, np.full(films, 1 / films), size=draws).astype(np.float64)
        for films in (len(drawn), len(real))
    ]
    within = [_mean_kernel(features, counts) for features, counts in zip(sets, times, strict=True)]
    between = _weighted(sets[0], times[0], sets[1], times[1]) / (len(drawn) * len(real))
    result: FloatArray = within[0] + within[1] - 2 * between
    return result


def _mean_kernel(features: FloatArray, times: FloatArray) -> FloatArray:
    """Mean kernel over the pairs of different films of each set drawn again."""
    own_kernel = (np.einsum("nd,nd->n", features, features) / features.shape[1] + 1) ** 3
    pairs = len(features) ** 2 - (times**2).sum(axis=1)
    total = _weighted(features, times, features, times) - times**2 @ own_kernel
    mean: FloatArray = np.divide(total, pairs, out=np.full_like(total, np.nan), where=pairs > 0)
    return mean


def _weighted(
    first: FloatArray, times: FloatArray, second: FloatArray, second_times: FloatArray
) -> FloatArray:
    """Sum of the kernel over all pairs of each set drawn again, (draws,); in blocks of rows."""
    total = np.zeros(len(times))
    for start in range(0, len(first), BLOCK):
        rows = slice(start, start + BLOCK)
        kernel = (first[rows] @ second.T / first.shape[1] + 1) ** 3
        total += np.einsum("bn,bn->b", times[:, rows] @ kernel, second_times)
    return total
