"""Which checkpoints to sample from: loss curves and distances, read by plain rules.

The rules are those by which the paper argues. Where the loss of training and held-out films part,
the network begins to learn its films by heart; where the distance to real films is smallest, its
films look most real. Both speak for a checkpoint, and they need not agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from cxr_release.fidelity.frechet import KEY

MARGIN = 0.02
"""Share by which held-out loss must have risen above its lowest to count as risen."""


class LossPoint(TypedDict):
    """Loss of one checkpoint of the tuning run, on both parts of the cohort."""

    checkpoint: int
    checkpoint_step: int
    training: float
    held_out: float


class DistancePoint(TypedDict):
    """Distance of one checkpoint's films to the real ones."""

    checkpoint: int
    checkpoint_step: int
    frechet_random_conv: float


class Distances(TypedDict):
    """Distances along training, and what they were taken with."""

    features: str
    """Name of the features."""
    images: int
    """Films drawn at each checkpoint, the same for all."""
    real_images: int
    """Real films that they are held against."""
    size: int
    """Pixels on each side of the films."""
    real_floor: float
    """What real films would score; see `frechet.real_floor`."""
    checkpoints: list[DistancePoint]


class Recommendation(TypedDict):
    """A checkpoint worth sampling from, and why."""

    checkpoint: int
    reasons: list[str]


class Report(TypedDict):
    """The whole report, as it is written to JSON."""

    losses: list[LossPoint]
    distances: Distances
    lowest_held_out_loss: int
    """Checkpoint."""
    divergence: int | None
    """Checkpoint from which held-out loss stays risen while training loss falls on."""
    recommended: list[Recommendation]
    sampled: list[int]
    notes: list[str]


def checkpoint_report(
    losses: Sequence[LossPoint], distances: Distances, sampled: Sequence[int]
) -> Report:
    """Judge the checkpoints of a training run.

    Args:
        losses: of the tuning run's checkpoints, in their order; at least one.
        distances: of the final run's checkpoints, in their order; at least one.
        sampled: checkpoints that films are sampled from.
    """
    lowest = min(losses, key=lambda point: point["held_out"])["checkpoint"]
    parted = divergence(losses)
    recommended = _recommended(losses, distances, lowest, parted)
    return Report(
        losses=list(losses),
        distances=distances,
        lowest_held_out_loss=lowest,
        divergence=parted,
        recommended=recommended,
        sampled=list(sampled),
        notes=_notes(losses, distances, recommended, sampled),
    )


def divergence(losses: Sequence[LossPoint]) -> int | None:
    """Where the curves part: the first checkpoint after the lowest held-out loss from which on
    held-out loss stays more than 2 % above it while training loss is below what it was there.
    """
    lowest = min(range(len(losses)), key=lambda place: losses[place]["held_out"])
    found = None
    for point in reversed(losses[lowest + 1 :]):
        risen = point["held_out"] > losses[lowest]["held_out"] * (1 + MARGIN)
        if not (risen and point["training"] < losses[lowest]["training"]):
            break
        found = point["checkpoint"]
    return found


def _recommended(
    losses: Sequence[LossPoint], distances: Distances, lowest: int, parted: int | None
) -> list[Recommendation]:
    reasons: dict[int, list[str]] = {}
    reasons.setdefault(lowest, []).append("lowest loss on held-out films")
    if parted is not None:
        numbers = [point["checkpoint"] for point in losses]
        before = numbers[numbers.index(parted) - 1]
        reasons.setdefault(before, []).append("last before the losses part")
    nearest = min(distances["checkpoints"], key=lambda point: point[KEY])
    reasons.setdefault(nearest["checkpoint"], []).append(
        f"its films are nearest to source films ({nearest[KEY]:.3g}, source films score "
        f"{distances['real_floor']:.3g})"
    )
    return [{"checkpoint": one, "reasons": reasons[one]} for one in sorted(reasons)]


def _notes(
    losses: Sequence[LossPoint],
    distances: Distances,
    recommended: Sequence[Recommendation],
    sampled: Sequence[int],
) -> list[str]:
    notes = []
    lowest = min(losses, key=lambda point: point["held_out"])
    if lowest is losses[-1]:
        notes.append(
            f"Held-out loss is lowest at the tuning run's last checkpoint, "
            f"{lowest['checkpoint']}: a longer run might lower it further."
        )
    judged = {one["checkpoint"] for one in recommended}
    if missing := sorted(judged - set(sampled)):
        notes.append(f"Recommended and not sampled: {_listed(missing)}.")
    if others := sorted(set(sampled) - judged):
        notes.append(f"Sampled and not recommended: {_listed(others)}.")
    notes.append(
        f"The distance is a Fréchet distance over {distances['features']} of "
        f"{distances['images']} drawn films of {distances['size']} × {distances['size']} pixels "
        f"at each checkpoint against {distances['real_images']} source films. It is no FID."
    )
    return notes


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(f"checkpoint {one}" for one in numbers)
