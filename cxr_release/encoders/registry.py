"""Encoders by name: the small picture, imagededup's ViT, and torchvision's classifiers.

Those with weights never download them: they come out of a file that the caller names. The small
picture has none: it is the film itself, small, and what it is compared by is learnt from the real
films of an audit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release.encoders.encoder import Encoder, fingerprint, imagededup_models
from cxr_release.encoders.weights import addresses, fill, open_weights
from cxr_release.errors import CxrReleaseError
from cxr_release.schemas import SMALL
from cxr_release.spelling import did_you_mean

SMALL_VERSION = 1
"""Of what `small_picture` does: other pixels need another number, so that no cache serves."""


def small_picture() -> Encoder:
    """An encoder of `SMALL`² grey values, 0 … 255: the film, whatever its proportions, reduced."""

    def transform(film: Image.Image) -> NDArray[np.uint8]:
        small = film.convert("L").resize((SMALL, SMALL), Image.Resampling.BILINEAR)
        return np.asarray(small, np.uint8).ravel()

    return Encoder(
        name="thumbnail",
        dimensions=SMALL * SMALL,
        dtype=np.uint8,
        model=None,
        transform=transform,
        fingerprint=fingerprint(f"small picture version {SMALL_VERSION}", libraries=("pillow",)),
    )


VIT_SIDE, VIT_PATCH, VIT_FEATURES = 384, 16, 768

_OLD_DENSENET = re.compile(
    r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.(?:weight|bias|running_mean|running_var))$"
)
"""Names in torchvision's densenet files, older than the layers' names in its code."""


def load(name: str, *, weights: Path | None, sha256: str) -> Encoder | None:
    """The encoder of that name, ready to be used; None for `thumbnail`, which has no weights.

    Args:
        name: `thumbnail`, `vit`, or a classification model of torchvision.
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
        return None
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
        raise CxrReleaseError(
            f"there is no encoder {name[:80]!r}",
            remedy=did_you_mean(name, ["thumbnail", "vit", *known])
            or "take thumbnail, vit, or a classification model of torchvision such as resnet50",
        )
    return addresses(list(models.get_model_weights(name)))


def vit(weights: Path, sha256: str) -> Encoder:
    """imagededup's ViT: the mean of the output tokens of a ViT-B/16 at 384 × 384, 768 features.

    Its class token is all zeros, as in imagededup's class, whose features these are bit for bit
    where the weights are the same: the encoder of the paper, whose file is torchvision's
    `ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1`. On two processor cores about 1.6 s a film and view.

    Args:
        weights: state dict of torchvision's `vit_b_16` of image size 384.
        sha256: of that file; empty if it is the published one.

    Raises:
        CxrReleaseError: the file is refused; see `open_weights`.
    """
    import torch
    from torchvision.models import ViT_B_16_Weights, vit_b_16

    member = ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1
    state, record, _ = open_weights(weights, sha256, [member])
    stock = imagededup_models().ViT

    class LocalViT(stock):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            # The stock class downloads its weights here.
            torch.nn.Module.__init__(self)
            self.model = vit_b_16(weights=None, image_size=VIT_SIDE)
            fill(self.model, state, weights, "torchvision's vit_b_16 of image size 384", [member])
            self.model.eval()
            self.hidden_dim = VIT_FEATURES
            self.patch_size = VIT_PATCH
            self.image_size = VIT_SIDE
            self.class_token = torch.nn.Parameter(torch.zeros(1, 1, VIT_FEATURES))

    return Encoder(
        name="vit",
        dimensions=VIT_FEATURES,
        model=LocalViT().eval(),
        transform=stock.transform,
        fingerprint=fingerprint("vit", weights_sha256=record.sha256),
        weights=record,
    )


def backbone(name: str, weights: Path, sha256: str) -> Encoder:
    """A classifier of torchvision whose last linear layer is left out: its input is the feature.

    Films are scaled, cropped and normalised as the weights' own enum says; where the file is none
    of the enum's, as its default says.

    Args:
        name: as `torchvision.models.list_models` gives it.
        weights: its state dict, the last layer included.
        sha256: of that file; empty if it is a published one.

    Raises:
        CxrReleaseError: the file is refused (`open_weights`), or the model has no last linear
            layer.
    """
    import torch
    from torchvision.models import get_model, get_model_weights

    enum = get_model_weights(name)
    state, record, member = open_weights(weights, sha256, list(enum))
    reference = member or enum.DEFAULT
    model = get_model(name, weights=None, **_options(name, reference))
    fill(model, _renamed(name, state), weights, f"torchvision's {name}", list(enum))
    last = [place for place, layer in model.named_modules() if isinstance(layer, torch.nn.Linear)][
        -1:
    ]
    if not last or model.get_submodule(last[0]).out_features != len(reference.meta["categories"]):
        raise CxrReleaseError(
            f"{name} has no last linear layer, so it cannot serve as an encoder",
            remedy="take another of torchvision's classifiers",
        )
    parent, _, child = last[0].rpartition(".")
    features = int(model.get_submodule(last[0]).in_features)
    setattr(model.get_submodule(parent), child, torch.nn.Identity())
    return Encoder(
        name=name,
        dimensions=features,
        model=model.eval(),
        transform=reference.transforms(),
        # The transform follows from the member, and that from the file's hash.
        fingerprint=fingerprint(f"torchvision {name}", weights_sha256=record.sha256),
        weights=record,
    )


RADIMAGENET_SIDE = 224
_RADIMAGENET = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")
"""What the children of a ResNet are called that RadImageNet's files number."""


def radimagenet(weights: Path, sha256: str) -> Encoder:
    """RadImageNet's ResNet-50: 2,048 features of a network that learnt from CT, MR and ultrasound.

    Mei et al., RadImageNet (Radiology: Artificial Intelligence, 2022). Films are scaled to 224 ×
    224 and to −1 … 1, as in the authors' own example. The file is theirs, which numbers the
    layers below `backbone`, or one with torchvision's names; a last layer is left out.

    Args:
        weights: its state dict.
        sha256: of that file, 64 hex digits: none is published by torchvision.

    Raises:
        CxrReleaseError: the file is refused; see `open_weights`.
    """
    import torch
    from torchvision.models import resnet50

    state, record, _ = open_weights(weights, sha256, [])
    model = resnet50(weights=None)
    # Neither the authors' last layer nor torchvision's is used.
    model.fc = torch.nn.Identity()
    named = {_radimagenet_name(key): value for key, value in state.items()}
    kept = {key: value for key, value in named.items() if not key.startswith("fc.")}
    fill(model, kept, weights, "RadImageNet's ResNet-50")
    return Encoder(
        name="RadImageNet ResNet-50",
        dimensions=2048,
        model=model.eval(),
        transform=_radimagenet_transform,
        fingerprint=fingerprint("radimagenet resnet50", weights_sha256=record.sha256),
        weights=record,
    )


def _radimagenet_name(key: str) -> str:
    """Torchvision's name of a tensor in RadImageNet's file."""
    prefix, _, rest = key.partition(".")
    number, _, tail = rest.partition(".")
    if prefix == "backbone" and number.isdecimal() and int(number) < len(_RADIMAGENET):
        return f"{_RADIMAGENET[int(number)]}.{tail}"
    return key


def _radimagenet_transform(film: Image.Image) -> Any:
    import torch

    side = (RADIMAGENET_SIDE, RADIMAGENET_SIDE)
    small = film.convert("L").resize(side, Image.Resampling.BILINEAR)
    grey = torch.from_numpy((np.asarray(small, np.float32) - 127.5) / 127.5)
    return grey.expand(3, -1, -1)


def _options(name: str, reference: Any) -> dict[str, Any]:
    """What torchvision's builders set by themselves only when they download weights."""
    if name.startswith("vit_"):
        return {"image_size": reference.meta["min_size"][0]}
    if name in ("googlenet", "inception_v3"):
        return {"transform_input": True, "init_weights": False}
    return {}


def _renamed(name: str, state: Mapping[str, Any]) -> Mapping[str, Any]:
    if not name.startswith("densenet"):
        return state
    return {_OLD_DENSENET.sub(r"\1\2", key): value for key, value in state.items()}
