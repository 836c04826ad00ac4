"""Networks of timm, where it is installed: their features before the last layer.

timm is an extra of this package and not needed by it. Only networks that it builds by itself are
taken: names that it would look up elsewhere, such as `hf-hub:`, are not. Weights come out of a
file, as ever.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cxr_release.encoders.encoder import LIBRARIES, Encoder, fingerprint
from cxr_release.encoders.weights import fill, open_weights
from cxr_release.errors import CxrReleaseError
from cxr_release.spelling import did_you_mean


def timm_backbone(name: str, weights: Path, sha256: str) -> Encoder:
    """A network of timm without its last layer.

    Films are scaled, cropped and normalised as timm's own settings of the network say.

    Args:
        name: as `timm.list_models` gives it.
        weights: its state dict, with or without the last layer.
        sha256: of that file, 64 hex digits.

    Raises:
        CxrReleaseError: timm is not installed, has no such network, or the file is refused; see
            `open_weights`.
    """
    timm = _timm(name)
    if not timm.is_model(name):
        raise CxrReleaseError(
            f"timm has no network {name[:80]!r}",
            remedy=did_you_mean(name, timm.list_models()) or "see timm.list_models()",
        )
    state, record, _ = open_weights(weights, sha256, [])
    model = timm.create_model(name, pretrained=False, num_classes=0)
    last = model.pretrained_cfg.get("classifier") or ()
    heads = tuple(f"{head}." for head in ((last,) if isinstance(last, str) else last))
    kept = {key: value for key, value in state.items() if not key.startswith(heads)}
    fill(model, kept, weights, f"timm's {name}")
    settings = timm.data.resolve_model_data_config(model)
    return Encoder(
        name=f"timm {name}",
        dimensions=int(model.num_features),
        model=model.eval(),
        transform=timm.data.create_transform(**settings, is_training=False),
        fingerprint=fingerprint(
            f"timm {name}", weights_sha256=record.sha256, libraries=(*LIBRARIES, "timm")
        ),
        weights=record,
    )


def _timm(name: str) -> Any:
    try:
        import timm
    except ImportError:
        raise CxrReleaseError(
            f"timm is not installed, and {name[:80]!r} is a network of it",
            remedy="pip install 'cxr-release[timm]'",
        ) from None
    return timm
