"""Weights out of a local file that is not trusted: hashed first, never unpickled, checked whole.

The bytes are read once. They are checked against the hash that was given, or against the one that
torchvision puts into the address of its own files, and opened as tensors alone.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
import stat
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr_release.encoders.encoder import Weights
from cxr_release.errors import CxrReleaseError

if TYPE_CHECKING:
    import torch

MAX_BYTES = 2**32
"""4 GiB: above torchvision's largest, regnet_y_128gf of 2.6 GB."""

SWAG_LICENSE = "CC BY-NC 4.0"
"""Of all weights named SWAG: https://github.com/facebookresearch/SWAG/blob/main/LICENSE."""

_PREFIX = re.compile(r"-([0-9a-f]{8,64})\.[a-z]+$")
"""How an address of torchvision's ends: the first digits of the file's SHA-256."""


def open_weights(
    path: Path, sha256: str, published: Sequence[Any]
) -> tuple[Mapping[str, torch.Tensor], Weights, Any]:
    """Read, check and open a file of weights.

    Args:
        path: a state dict as `torch.save` writes it, or `*.safetensors`.
        sha256: what the file must hash to, 64 hex digits; empty: it must be one of `published`.
        published: members of one of torchvision's weights enums.

    Returns:
        Names and finite tensors; what is known of the file; the member that it is, or None.

    Raises:
        CxrReleaseError: the file is missing, too large, not the one that was meant, or not a
            plain file of tensors. Nothing in it is ever executed.
    """
    data, digest = _hashed(path, sha256)
    members = (entry for entry in published if digest.startswith(published_prefix(entry)))
    member = next(members, None)
    if not sha256 and member is None:
        raise CxrReleaseError(
            f"hashes to {digest}, which is not a file of torchvision's for this model",
            where=str(path),
            remedy="give that SHA-256 if this is the file that you mean, or get one of: "
            + addresses(published),
        )
    record = Weights(digest, member is not None, _license(member))
    return _tensors(data, path), record, member


def checked_tensors(path: Path, sha256: str) -> Mapping[str, torch.Tensor]:
    """Names and finite tensors of a file that must hash to `sha256`, 64 hex digits.

    Raises:
        CxrReleaseError: as `open_weights`.
    """
    data, _ = _hashed(path, sha256)
    return _tensors(data, path)


def published_prefix(member: Any) -> str:
    """The first digits of the SHA-256 of a published file, as its address gives them.

    A member without them matches no file: its prefix is longer than any hash.
    """
    match = _PREFIX.search(member.url)
    return match[1] if match else "none".ljust(65)


def addresses(published: Sequence[Any]) -> str:
    """Where files of weights can be had."""
    return ", ".join(dict.fromkeys(member.url for member in published))


def fill(
    model: torch.nn.Module,
    state: Mapping[str, torch.Tensor],
    path: Path,
    network: str,
    published: Sequence[Any] = (),
) -> None:
    """Put tensors into a network whose names and shapes must be theirs.

    Args:
        model: the network.
        state: names and tensors.
        path: where they are from, for messages.
        network: what the network is called there.
        published: members of one of torchvision's weights enums, where files can be had.

    Raises:
        CxrReleaseError: they are another network's.
    """
    try:
        model.load_state_dict(state)
    except (RuntimeError, ValueError, TypeError) as error:
        lines = [" ".join(line.split()) for line in str(error).splitlines()]
        raise CxrReleaseError(
            f"does not hold the weights of {network}: {lines[-1][:200]}",
            where=str(path),
            remedy="give the file that belongs to it"
            + (f", such as {addresses(published)}" if published else ""),
        ) from None


def _license(member: Any) -> str:
    if member is None:
        return ""
    return SWAG_LICENSE if "SWAG" in member.name else str(member.meta.get("license", ""))


def _hashed(path: Path, sha256: str) -> tuple[bytes, str]:
    """The file's bytes, and their hash: the one that was given, if one was."""
    data = _read(path)
    digest = hashlib.sha256(data).hexdigest()
    if sha256 and digest != sha256:
        raise CxrReleaseError(
            f"hashes to {digest}, and the SHA-256 that was given is {sha256}",
            where=str(path),
            remedy="get the file again, or correct the hash if this is the file that you mean",
        )
    return data, digest


def _read(path: Path) -> bytes:
    try:
        # Before opening: opening a named pipe would wait for ever.
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise CxrReleaseError("is not a file of weights", where=str(path))
        if facts.st_size > MAX_BYTES:
            raise CxrReleaseError(
                f"is larger than {MAX_BYTES >> 30} GiB", where=str(path), remedy="is it weights?"
            )
        return path.read_bytes()
    except OSError as error:
        raise CxrReleaseError(
            f"cannot read the weights ({error.strerror})",
            where=str(path),
            remedy="name the file where it lies; nothing is downloaded",
        ) from None


def _tensors(data: bytes, path: Path) -> Mapping[str, torch.Tensor]:
    """What is in the file, if that is a mapping of names to finite tensors and nothing else."""
    import safetensors
    import safetensors.torch
    import torch

    try:
        if path.suffix == ".safetensors":
            tensors: Any = safetensors.torch.load(data)
        else:
            with warnings.catch_warnings():
                # Of pickles of another version; they are opened all the same, or refused.
                warnings.simplefilter("ignore")
                tensors = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (safetensors.SafetensorError, *_UNREADABLE) as error:
        # torch's own message advises to open the file as a full pickle.
        raise CxrReleaseError(
            f"not a whole file of tensors alone ({type(error).__name__})",
            where=str(path),
            remedy="give a state dict as torch.save writes it, or *.safetensors; other pickles "
            "are never opened",
        ) from None
    if not isinstance(tensors, Mapping) or not all(map(torch.is_tensor, tensors.values())):
        raise CxrReleaseError(
            "does not hold a state dict: names and tensors",
            where=str(path),
            remedy="save the model's state_dict() alone",
        )
    broken = [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]
    if broken:
        raise CxrReleaseError(
            f"holds values that are not finite numbers in {', '.join(map(str, broken[:3]))}",
            where=str(path),
            remedy="get the file again",
        )
    return tensors


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
