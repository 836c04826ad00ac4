"""Sections `condition`, `network`, `compute`, `train` and `train_tuning`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cxr_release.params.films import FACT
from cxr_release.params.limits import (
    LONGEST_CLASS,
    MOST_AT_ONCE,
    MOST_CLASSES,
    MOST_FILMS,
    MOST_STEPS,
    channels,
)
from cxr_release.settings import between, checked_by, matching, path, read_by


def _balance(value: Any) -> str | dict[str, float]:
    """`source`, `uniform`, or shares by class, as they are written."""
    if isinstance(value, str):
        if value not in {"source", "uniform"}:
            raise ValueError("is neither source nor uniform, nor shares by class")
        return value
    if not isinstance(value, Mapping) or not 2 <= len(value) <= MOST_CLASSES:
        raise ValueError(f"is not the shares of two to {MOST_CLASSES} classes")
    for name, share in value.items():
        if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_CLASS:
            raise ValueError(f"names a class otherwise than by 1 to {LONGEST_CLASS} characters")
        if isinstance(share, bool) or not isinstance(share, int | float):
            raise ValueError("has a share that is not a number")
    return {name: float(share) for name, share in value.items()}


def _is_balance(value: str | Mapping[str, float]) -> bool:
    if isinstance(value, str):
        return True
    shares = list(value.values())
    return all(0 <= share <= 1 for share in shares) and abs(sum(shares) - 1) < 1e-6


@dataclass(frozen=True, kw_only=True)
class ConditionParams:
    """What films are drawn as: a class of something that is known of the real ones.

    The defaults are those of a project that has no classes.
    """

    label: str = checked_by(
        "the name of a fact, or empty",
        lambda value: not value or bool(FACT.fullmatch(value)),
        default="",
    )
    """Empty: films are drawn without a class."""
    drop: float = between(0.0, 0.9, "of the draws", default=0.1)
    guidance: float = between(1.0, 20.0, default=1.0)
    balance: str | Mapping[str, float] = read_by(
        "shares from 0 to 1 whose sum is 1", _balance, _is_balance, default="source"
    )
    least: int = between(10, MOST_FILMS, "films", default=20)

    @property
    def is_on(self) -> bool:
        """Whether films are drawn as classes."""
        return bool(self.label)


@dataclass(frozen=True, kw_only=True)
class NetworkParams:
    """The U-Net."""

    channels: tuple[int, ...] = channels()
    layers: int = between(1, 16)
    attention: int = between(0, 8, "resolutions")
    pixel_unshuffle: int = checked_by("1, 2 or 4", lambda value: value in (1, 2, 4))
    schedule: Literal["cosine", "sigmoid"]


@dataclass(frozen=True, kw_only=True)
class ComputeParams:
    """How the network is computed, wherever it is: in training, sampling and for the curves."""

    precision: Literal["auto", "fp32", "bf16"]
    compile: Literal["auto", "always", "never"]


@dataclass(frozen=True, kw_only=True)
class PrivacyParams:
    """Differential privacy of both runs; see docs/privacy.md."""

    epsilon: float = checked_by("above 0, at most 1,000", lambda value: 0 < value <= 1000)
    delta: float = checked_by("at least 1e-12, below 1", lambda value: 1e-12 <= value < 1)
    clip: float = checked_by(
        "1e-6 to 1e6, of the length of a film's gradient", lambda value: 1e-6 <= value <= 1e6
    )
    levels: int = between(1, 64, "noise levels")


def _flip(value: Any) -> bool | str:
    if isinstance(value, bool):
        return value
    if value == "labelled":
        return "labelled"
    raise ValueError("is neither true nor false nor labelled")


@dataclass(frozen=True, kw_only=True)
class TrainParams:
    """Training on all films."""

    steps: int = between(0, MOST_STEPS)
    """0: nothing is trained, and all films are of other generators."""
    batch_size: int = between(1, MOST_AT_ONCE, "films")
    learning_rate: float = between(1e-8, 1.0)
    decay: Literal["cosine", "constant"]
    checkpoint_every: int = between(1, MOST_STEPS, "steps")
    warmup: int = between(0, MOST_STEPS, "steps")
    ema: float = between(0.0, 0.99999)
    ema_every: int = between(1, MOST_STEPS, "steps")
    min_snr: float = between(0.0, 1e12)  # no signal stands out more in float32
    flip: bool | Literal["labelled"] = read_by("", _flip, lambda value: True)
    """`labelled`: films are mirrored as for true, and the network is told which."""
    privacy: PrivacyParams | None = None
    start: str | None = path(default=None)
    start_sha256: str | None = matching(r"[0-9a-f]{64}", "64 hex digits, or null", default=None)


@dataclass(frozen=True, kw_only=True)
class TrainTuningParams:
    """Training on the tuning part, as far as it differs."""

    steps: int = between(1, MOST_STEPS)
