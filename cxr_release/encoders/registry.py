"""Encoders by name."""

from __future__ import annotations

import difflib
from pathlib import Path

from cxr_release.encoders.encoder import Encoder
from cxr_release.encoders.networks import backbone, vit
from cxr_release.encoders.thumbnail import thumbnail
from cxr_release.encoders.weights import addresses
from cxr_release.errors import CxrReleaseError


def load(name: str, *, side: int, weights: Path | None, sha256: str) -> Encoder:
    """The encoder of that name, ready to be used.

    Args:
        name: `thumbnail`, `vit`, or a classification model of torchvision.
        side: pixels of a thumbnail's side; the others have no use for it.
        weights: file of weights; none for `thumbnail`.
        sha256: of that file, 64 hex digits; empty for one that torchvision publishes.

    Raises:
        CxrReleaseError: no such encoder; weights that are missing, refused, or not wanted.
    """
    if name == "thumbnail":
        if weights is not None or sha256:
            raise CxrReleaseError(
                "the encoder `thumbnail` has no weights",
                where=str(weights or sha256),
                remedy="leave the weights out, or name their encoder",
            )
        return thumbnail(side)
    published = _published(name)
    if weights is None:
        raise CxrReleaseError(
            f"the encoder {name!r} needs a file of weights, and none is downloaded",
            remedy=f"name the file, such as {published}",
        )
    return vit(weights, sha256) if name == "vit" else backbone(name, weights, sha256)


def _published(name: str) -> str:
    """Addresses of an encoder's weights."""
    from torchvision import models

    if name == "vit":
        return addresses([models.ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1])
    known = models.list_models(module=models)
    if name not in known:
        near = difflib.get_close_matches(name, ["thumbnail", "vit", *known], n=3)
        raise CxrReleaseError(
            f"there is no encoder {name[:80]!r}",
            remedy=f"did you mean {', '.join(near)}?"
            if near
            else "take thumbnail, vit, or a classification model of torchvision such as resnet50",
        )
    return addresses(list(models.get_model_weights(name)))
