"""Which checkpoints to sample from: loss curves and distances, read by plain rules.

The rules are those by which the paper argues. Where the loss of training and held-out films part,
the network begins to learn its films by heart; where the distance to real films is smallest, its
films look most real. Both speak for a checkpoint, and they need not agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from annotated_types import MinLen
from typing_extensions import TypedDict

from cxr_release.fidelity.distance_types import (
    FID,
    FRECHET,
    BandPower,
    DistancePoint,
    Distances,
    deciding,
    estimate,
    finest,
    waves_of,
)
from cxr_release.film_size import Size

MARGIN = 0.02
"""Share by which held-out loss must have risen above its lowest to count as risen."""

NAMES = {FRECHET: "distance", FID: "FID"}
"""What a sentence calls the distance that decides."""


class LossPoint(TypedDict):
    """Loss of one checkpoint of the tuning run, on both parts of the cohort."""

    checkpoint: int
    checkpoint_step: int
    training: float
    held_out: float


class Losses(TypedDict):
    """`losses.json`: the loss curves."""

    curve: Annotated[list[LossPoint], MinLen(1)]


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
    ranked_by: str
    """The metric that says which checkpoint's films are nearest to source films."""
    nearest: int
    """That checkpoint."""
    recommended: list[Recommendation]
    sampled: list[int]
    warnings: list[str]
    """Where the sampled checkpoints are not the recommended ones."""
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
    metric, _ = deciding(distances)
    nearest = _nearest(distances)
    recommended = _recommended(losses, distances, lowest, parted)
    return Report(
        losses=list(losses),
        distances=distances,
        lowest_held_out_loss=lowest,
        divergence=parted,
        ranked_by=metric,
        nearest=nearest["checkpoint"],
        recommended=recommended,
        sampled=list(sampled),
        warnings=_warnings(recommended, sampled),
        notes=[
            *_short_run(losses),
            *_within_chance(distances),
            *_detail(distances),
            *_beside(distances),
            *_what_the_distances_are(distances),
        ],
    )


def divergence(losses: Sequence[LossPoint]) -> int | None:
    """Where the curves part: the first checkpoint after the lowest held-out loss from which on
    held-out loss stays more than 2 % above it while training loss is below what it was there.
    """
    lowest = min(range(len(losses)), key=lambda place: losses[place]["held_out"])
    parting = None
    for point in reversed(losses[lowest + 1 :]):
        risen = point["held_out"] > losses[lowest]["held_out"] * (1 + MARGIN)
        if not (risen and point["training"] < losses[lowest]["training"]):
            break
        parting = point["checkpoint"]
    return parting


def _nearest(distances: Distances) -> DistancePoint:
    """The checkpoint whose films are nearest to source films."""
    metric, _ = deciding(distances)
    return min(distances["checkpoints"], key=lambda point: estimate(point, metric).value)


def _recommended(
    losses: Sequence[LossPoint], distances: Distances, lowest: int, parted: int | None
) -> list[Recommendation]:
    reasons: dict[int, list[str]] = {}
    reasons.setdefault(lowest, []).append("lowest loss on held-out films")
    if parted is not None:
        numbers = [point["checkpoint"] for point in losses]
        before = numbers[numbers.index(parted) - 1]
        reasons.setdefault(before, []).append("last before the losses part")
    metric, floor = deciding(distances)
    nearest = _nearest(distances)
    value, low, high = estimate(nearest, metric)
    reasons.setdefault(nearest["checkpoint"], []).append(
        f"its films are nearest to source films ({NAMES[metric]} {value:.3g}, 95 % interval "
        f"{low:.3g} to {high:.3g}; source films score {floor:.3g})"
    )
    return [{"checkpoint": number, "reasons": reasons[number]} for number in sorted(reasons)]


def _warnings(recommended: Sequence[Recommendation], sampled: Sequence[int]) -> list[str]:
    warnings = []
    recommended_numbers = {entry["checkpoint"] for entry in recommended}
    if missing := sorted(recommended_numbers - set(sampled)):
        warnings.append(f"Recommended and not sampled: {_enumerated(missing)}.")
    if extra := sorted(set(sampled) - recommended_numbers):
        warnings.append(f"Sampled and not recommended: {_enumerated(extra)}.")
    return warnings


def _short_run(losses: Sequence[LossPoint]) -> list[str]:
    lowest = min(losses, key=lambda point: point["held_out"])
    if lowest is not losses[-1]:
        return []
    return [
        f"Held-out loss is lowest at the tuning run's last checkpoint, "
        f"{lowest['checkpoint']}: a longer run might lower it further."
    ]


def _within_chance(distances: Distances) -> list[str]:
    """Earlier checkpoints whose interval reaches that of the nearest one."""
    metric, _ = deciding(distances)
    points = distances["checkpoints"]
    scores = [estimate(point, metric) for point in points]
    best = points.index(_nearest(distances))
    return [
        f"Checkpoint {points[place]['checkpoint']} comes before checkpoint "
        f"{points[best]['checkpoint']}, and this many films may not tell them apart: its "
        f"{NAMES[metric]} is {scores[place].value:.3g} ({scores[place].low:.3g} to "
        f"{scores[place].high:.3g}), and the intervals of the two overlap."
        for place in range(best)
        if scores[place].low <= scores[best].high
    ]


def _detail(distances: Distances) -> list[str]:
    """Whether the nearest films have less or more detail than source films, beyond chance.

    Of the bands but the coarsest, the one that lacks most is named, and only where none lacks
    anything the one that has most too much: noise may fill the finest band of films in fog.
    """
    metric, _ = deciding(distances)
    size = Size.of(distances["size"])
    nearest = _nearest(distances)
    pairs = list(zip(nearest["bands"], distances["source"]["bands"], strict=True))
    fine = pairs[1:] or pairs
    less = [band for band, source in fine if band["interval"][1] < min(1, source["interval"][0])]
    more = [band for band, source in fine if band["interval"][0] > max(1, source["interval"][1])]
    if less:
        band, difference = min(less, key=_power), "less detail than source films"
    elif more:
        band, difference = max(more, key=_power), "more detail, or noise, than source films"
    else:
        return []
    low, high = band["interval"]
    return [
        f"The films of checkpoint {nearest['checkpoint']}, the nearest by {NAMES[metric]}, have "
        f"{difference}: at {band['low']} to {band['high']:g} {waves_of(size)}, their power is "
        f"{band['power']:.3g} of the source films' (95 % interval {low:.3g} to {high:.3g}). The "
        f"{NAMES[metric]} alone may not show that."
    ]


def _beside(distances: Distances) -> list[str]:
    """Other generators' films beside those of the nearest checkpoint, by distance and detail."""
    metric, floor = deciding(distances)
    nearest = _nearest(distances)
    size = Size.of(distances["size"])
    band = finest(nearest)
    return [
        f"Films of the {point['source']} at step {point['checkpoint_step']:,} score"
        f" {_interval(*estimate(point, metric))} in {NAMES[metric]}, those of checkpoint"
        f" {nearest['checkpoint']} {_interval(*estimate(nearest, metric))}, and source films"
        f" {floor:.3g}. From {band['low']} to {band['high']:g} {waves_of(size)} the first have"
        f" {_band(finest(point))} of the source films' power, the others {_band(band)}. Neither"
        " number alone ranks generators: the distance may be small for films in fog, and noise"
        " fills the finest band."
        for point in distances.get("generators", [])
    ]


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.3g} (95 % interval {low:.3g} to {high:.3g})"


def _band(band: BandPower) -> str:
    return _interval(band["power"], *band["interval"])


def _power(band: BandPower) -> float:
    return band["power"]


def _what_the_distances_are(distances: Distances) -> list[str]:
    size = Size.of(distances["size"])
    films = (
        f"{distances['images']} drawn films of {size} pixels "
        f"at each checkpoint against {distances['real_images']} source films"
    )
    notes = [
        f"{FRECHET} is a Fréchet distance over {distances['features']} of {films}. "
        f"It is not an FID: its values compare only with each other."
    ]
    if "inception" in distances:
        record = distances["inception"]
        notes.append(
            f"FID and KID are of {films}, over {record['extractor']}, with the weights of SHA-256 "
            f"{record['weights_sha256'][:8]}…; films: {record['resize']}."
        )
        if not record["published_weights"]:
            notes.append(
                "These are not the weights that published FIDs are taken with: FID and KID of "
                "this run compare only with each other."
            )
        elif min(distances["images"], distances["real_images"]) < INCEPTION_FEATURES:
            notes.append(
                f"An FID of fewer than {INCEPTION_FEATURES:,} films is much too high: it compares "
                f"only with one of as many films."
            )
    return notes


INCEPTION_FEATURES = 2048
"""With fewer films than features, a covariance is known in a part of its directions alone."""


def _enumerated(numbers: Sequence[int]) -> str:
    return ", ".join(f"checkpoint {number}" for number in numbers)
