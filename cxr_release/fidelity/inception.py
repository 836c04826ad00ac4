"""Features of torch-fidelity's InceptionV3, with weights from a local file.

Nothing is downloaded, and a file of weights is not trusted: torch-fidelity opens its file as a
full pickle, which may run code. So the bytes are read once, held against the hash that the
parameters give, opened as tensors alone, and torch-fidelity gets a new file, in memory, of nothing
but those tensors.
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

if TYPE_CHECKING:
    import torch

EXTRACTOR = "inception-v3-compat"
"""The network's name in torch-fidelity: the one of the first FID, converted from TensorFlow."""

LAYER = "2048"
"""The layer that FID and KID are defined on, and its number of features."""

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
        import torch

        rows = []
        with torch.inference_mode():
            for start in range(0, len(films), BATCH):
                some = torch.from_numpy(films[start : start + BATCH]).unsqueeze(1)
                (found,) = self.network(some.expand(-1, 3, -1, -1).to(self.device))
                rows.append(found.cpu().numpy())
        return np.concatenate(rows)


def load(path: Path, sha256: str) -> Inception:
    """Make the network with the weights in `path`, on a GPU if there is one.

    Args:
        path: a state dict of torch-fidelity's InceptionV3, as `torch.save` writes it.
        sha256: what the file must hash to, 64 hex digits.

    Raises:
        CxrReleaseError: the file is missing, is not the one that was meant, is no plain file of
            tensors, or holds another network's. Nothing in it is ever executed.
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

    ours = io.BytesIO()
    torch.save(dict(weights), ours)
    ours.seek(0)
    try:
        return FeatureExtractorInceptionV3(EXTRACTOR, [LAYER], feature_extractor_weights_path=ours)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise CxrReleaseError(
            f"not the weights of torch-fidelity's InceptionV3: {reason[:200]}", where=str(path)
        ) from None
