"""Encoders by name: the thumbnail, imagededup's ViT, and torchvision's classifiers.

Those with weights never download them: they come out of a file that the caller names. The
thumbnail has none: it is the film itself, small. A copy is found among films of one view of one
body part, all of them alike in the large. So what all share, slow changes of brightness, is taken
out, and with it grain; and the edges, where collimation and cropping make two copies differ most,
count least. A real film is cropped at nine places: a copy that was cropped on one side is a shifted
one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release.encoders.encoder import Encoder, fingerprint, imagededup_models
from cxr_release.encoders.weights import addresses, open_weights
from cxr_release.errors import CxrReleaseError

THUMBNAIL_VERSION = 2
"""Of what `thumbnail` does: other features need another number, so that no cache keeps the old."""

FINE, COARSE = 1 / 32, 1 / 8
"""Standard deviations, of a film's side, of the two blurs whose difference is taken."""
WINDOW = 0.95
"""Share of each side that a crop shows."""
STEP = 0.02
"""By how much of the side the other crops lie off the middle."""
FLAT = 1e-5
"""Length, of greys from 0 to 1, below which a vector is rounding error."""

Features = NDArray[np.float32]

_PLACES = {"left": -1, "": 0, "right": 1}
_HEIGHTS = {"up": -1, "": 0, "down": 1}


def thumbnail(side: int) -> Encoder:
    """Scale a film to `side` × `side` grey values, band-pass and taper it, and give it length 1.

    The band-pass is a difference of Gaussians (`FINE` − `COARSE`), the taper sin² along both
    sides: the cosine of two films is the normalised cross-correlation of their thumbnails, pixels
    weighted by the taper. A constant film becomes the zero vector, which is similar to nothing.

    Returns:
        An encoder of `side`² features that crops real films at nine places.
    """
    from scipy.ndimage import gaussian_filter1d

    fine, coarse = (
        gaussian_filter1d(np.eye(side), sigma * side, axis=0) for sigma in (FINE, COARSE)
    )
    taper = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2
    weight = np.outer(taper, taper) / taper.sum() ** 2

    def transform(film: Image.Image, right: int = 0, down: int = 0) -> Features:
        left, top = ((1 - WINDOW) / 2 + STEP * steps for steps in (right, down))
        box = (
            left * film.width,
            top * film.height,
            (left + WINDOW) * film.width,
            (top + WINDOW) * film.height,
        )
        # As floats, so that nothing is rounded and a negative is exactly the negative.
        grey = film.convert("L").convert("F").resize((side, side), Image.Resampling.LANCZOS, box)
        small = np.asarray(grey, np.float64) / 255
        return _vector(fine @ small @ fine.T - coarse @ small @ coarse.T, weight)

    crops: dict[str, Callable[[Image.Image], Features]] = {
        f"{height} {place}".strip(): partial(transform, right=right, down=down)
        for (height, down), (place, right) in product(_HEIGHTS.items(), _PLACES.items())
        if right or down
    }
    return Encoder(
        name=f"thumbnail-{side}",
        dimensions=side * side,
        model=None,
        transform=transform,
        fingerprint=fingerprint(f"thumbnail version {THUMBNAIL_VERSION}", side=side),
        more_crops=crops,
    )


def _vector(small: NDArray[np.float64], weight: NDArray[np.float64]) -> Features:
    """Weighted mean 0, length 1: (side²,)."""
    centred = (small - (weight * small).sum()) * np.sqrt(weight)
    length = np.linalg.norm(centred)
    unit = centred / length if length > FLAT else np.zeros_like(centred)
    vector: Features = unit.astype(np.float32).ravel()
    return vector


VIT_SIDE, VIT_PATCH, VIT_FEATURES = 384, 16, 768

_OLD_DENSENET = re.compile(
    r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.(?:weight|bias|running_mean|running_var))$"
)
"""Names in torchvision's densenet files, older than the layers' names in its code."""


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
            _fill(self.model, state, weights, "vit_b_16 of image size 384", [member])
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
    _fill(model, _renamed(name, state), weights, name, list(enum))
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


def _fill(model: Any, state: Mapping[str, Any], path: Path, network: str, published: Any) -> None:
    try:
        model.load_state_dict(state)
    except (RuntimeError, ValueError, TypeError) as error:
        lines = [" ".join(line.split()) for line in str(error).splitlines()]
        raise CxrReleaseError(
            f"does not hold the weights of torchvision's {network}: {lines[-1][:200]}",
            where=str(path),
            remedy=f"give the file that belongs to it, such as {addresses(published)}",
        ) from None
