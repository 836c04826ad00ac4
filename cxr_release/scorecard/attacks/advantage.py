"""How private a release is, as one number: by the largest advantage that an attack may have.

The number is 100 × (1 − that advantage): of each attack that found what was planted, or a leak, the
upper end of the 95 % interval of 2 AUC − 1, of the true-positive rate less the false-positive rate
allowed, and of the residual risk of linkage. Upper ends, so that few films or a weak attack cannot
look like privacy; a release of other patients' own films scores below 100. For the same reason what
lies below chance counts as chance, with an interval as wide. Where no attack is evidence, or the
test is faulty, there is no number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Report = Mapping[str, Any]


@dataclass(frozen=True)
class Advantage:
    """What an attack may know more than nothing: the upper end of an interval."""

    value: float
    """1: everything. 0 or below: nothing."""
    attack: str
    words: str
    """Which interval reaches how far."""


def privacy_of(attacks: Sequence[Report]) -> float | None:
    """The number of a release, 0 … 100; None where there is none.

    Args:
        attacks: see `Attack.report` and `NotMeasurable.report`.
    """
    largest = largest_advantage(attacks)
    if largest is None or any(each.get("fault") for each in attacks):
        return None
    return round(100 * (1 - min(1.0, max(0.0, largest.value))), 1)


def largest_advantage(attacks: Sequence[Report]) -> Advantage | None:
    """The largest that any attack may have; None where none is evidence.

    Args:
        attacks: see `privacy_of`.
    """
    every = [advantage for each in attacks if each["measurable"] for advantage in _advantages(each)]
    return max(every, key=lambda advantage: advantage.value, default=None)


def _advantages(attack: Report) -> Iterator[Advantage]:
    tests, name = {*attack["powered"], *attack["leaks"]}, attack["attack"]
    if "auc" in tests:
        end = attack["interval"][1] + max(0.0, 0.5 - attack["auc"])
        yield Advantage(2 * end - 1, name, f"its AUC may be as high as {end:.3f}")
    for rate in attack["tpr"]:
        if rate["measurable"]:
            end, allowed = rate["interval"][1], rate["at_most_fpr"]
            yield Advantage(
                end - allowed,
                name,
                f"its hits at {100 * allowed:g} % false positives or fewer may be as many as"
                f" {100 * end:.1f} %",
            )
    for rate in attack.get("linkage", ()):
        if f"top_{rate['candidates']}" in tests and rate["interval"] is not None:
            end = rate["interval"][1] + max(0.0, -rate["residual_risk"])
            yield Advantage(
                end,
                name,
                f"the residual risk among {rate['candidates']} candidate(s) may be as high as"
                f" {end:.3f}",
            )
