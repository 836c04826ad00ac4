"""Sections `curves`, `fidelity`, `audit` and `score`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from cxr_release.params.limits import MOST_DRAWS, MOST_FILMS, MOST_PEOPLE, MOST_STEPS, reviewer
from cxr_release.settings import between, checked_by, matching, path

_EXTRACTOR = re.compile(r"[a-z][a-z0-9_]{0,63}=[^@\s][^@]{0,150}(@[0-9a-f]{64})?")
"""A network, the file of its weights, and the file's SHA-256."""


@dataclass(frozen=True, kw_only=True)
class CurvesParams:
    """The loss curves of the tuning run."""

    films: int = between(1, MOST_FILMS, "films")
    levels: int = between(1, 1000, "noise levels")  # the noise has 1,000 steps


@dataclass(frozen=True, kw_only=True)
class FidelityParams:
    """The distance between drawn and real films along training."""

    every: int = between(1, MOST_STEPS, "checkpoints")
    images: int = between(8, 100_000, "films")  # in memory at once; FID is customary with 50,000
    bootstrap: int = between(20, MOST_DRAWS, "draws")
    weights: str = path()
    weights_sha256: str = matching(r"([0-9a-f]{64})?", "64 hex digits, or empty")


@dataclass(frozen=True, kw_only=True)
class AuditParams:
    """The memorization audit; the defaults are those of an audit without params.yaml."""

    encoder: str = matching(
        r"[a-z][a-z0-9_]{0,63}",
        "thumbnail, vit, or the name of a torchvision model",
        default="thumbnail",
    )
    weights: str = path(default="")
    weights_sha256: str = matching(r"([0-9a-f]{64})?", "64 hex digits, or empty", default="")
    weights_license: str = ""
    top: int = between(1, MOST_FILMS, "pairs", default=100)  # all are sorted in memory
    plants: int = between(0, 100_000, "films an alteration", default=0)  # in memory, each altered
    recall: float = between(0.5, 1.0, "of the planted copies of a kind", default=0.95)
    reviewers_required: int = between(1, MOST_PEOPLE, "reviewers", default=2)
    adjudicator: str = reviewer(default="")
    publish_real_images: bool = False


@dataclass(frozen=True, kw_only=True)
class ScoreParams:
    """The scorecard; the defaults are those of a score without params.yaml."""

    checkpoints: tuple[int, ...] = checked_by(
        "numbers of checkpoints, rising, or none",
        lambda value: all(number > 0 for number in value) and list(value) == sorted({*value}),
        default=(),
    )
    levels: int = between(1, 100, "noise levels", default=5)
    noises: int = between(1, 100, "noises a level", default=1)
    doses: tuple[int, ...] = checked_by(
        "one to ten numbers of passes from 1 to 1,000, rising",
        lambda value: (
            1 <= len(value) <= 10
            and all(0 < number <= 1_000 for number in value)
            and list(value) == sorted({*value})
        ),
        default=(3, 6, 12),
    )
    learner: Literal["closed", "resnet50", "unet", "swin_t"] = "closed"
    external: str = path(default="")
    extractors: tuple[str, ...] = checked_by(
        "at most 8 of NETWORK=FILE or NETWORK=FILE@SHA256",
        lambda value: len(value) <= 8 and all(map(_EXTRACTOR.fullmatch, value)),
        default=(),
    )
