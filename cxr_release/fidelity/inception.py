"""Features of torch-fidelity's InceptionV3, with weights from a local file.

Nothing is downloaded, and a file of weights is not trusted: torch-fidelity opens its file as a
full pickle, which may run code. So the bytes are read once, held against the hash that the
parameters give, opened as tensors alone, and torch-fidelity gets a new file, in memory, of nothing
but those tensors.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

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

    data = _checked_bytes(path, sha256)
    weights = _tensors(data, path)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return Inception(_network(weights, path).to(device), sha256, device)


def _checked_bytes(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CxrReleaseError(
            f"cannot read the weights of Inception ({error.strerror})",
            where=str(path),
            remedy="correct fidelity.weights, or leave it empty and take no FID",
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise CxrReleaseError(
            f"hashes to {found}, and fidelity.weights_sha256 is {sha256}",
            where=str(path),
            remedy="get the file again, or correct the hash if this is the file that you mean",
        )
    return data


def _tensors(data: bytes, path: Path) -> Mapping[str, torch.Tensor]:
    """What is in the file, if that is a mapping of names to finite tensors and nothing else."""
    import torch

    try:
        with warnings.catch_warnings():
            # Of pickles of another version; they are opened all the same, or refused.
            warnings.simplefilter("ignore")
            found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        # torch's own message advises to open the file as a full pickle.
        raise CxrReleaseError(
            f"not a whole file of tensors alone ({type(error).__name__})",
            where=str(path),
            remedy="give a state dict as torch.save writes it; other pickles are never opened",
        ) from None
    if not isinstance(found, Mapping) or not all(map(torch.is_tensor, found.values())):
        raise CxrReleaseError("holds no state dict: names and tensors", where=str(path))
    broken = [name for name, one in found.items() if not torch.isfinite(one).all()]
    if broken:
        raise CxrReleaseError(
            f"holds values that are no numbers in {', '.join(map(str, broken[:3]))}",
            where=str(path),
        )
    return found


_UNREADABLE = (
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ImportError,
    OSError,
)
"""What torch raises for files that it cannot open, or will not."""


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
