"""How private a release is, as one number: by the largest advantage that an attack may have.

The number is 100 × (1 − that advantage): of each attack that found what was planted, or a leak, the
upper end of the 95 % interval of 2 AUC − 1, of the true-positive rate less the false-positive rate
allowed, and of the residual risk of linkage. Upper ends, so that few films or a weak attack cannot
look like privacy; a release of other patients' own films scores below 100. Where no attack is
evidence, or the test is faulty, there is no number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]


def privacy_of(attacks: Sequence[Report]) -> float | None:
    """The number of a release, 0 … 100; None where there is none.

    Args:
        attacks: see `Attack.report` and `NotMeasurable.report`.
    """
    faulty = any(each.get("fault") for each in attacks)
    advantages = [
        advantage for each in attacks if each["measurable"] for advantage in _advantages(each)
    ]
    if not advantages or faulty:
        return None
    return round(100 * (1 - min(1.0, max(0.0, *advantages))), 1)


def _advantages(attack: Report) -> Iterator[float]:
    """Upper ends of what an attack may know more than nothing."""
    tests = {*attack["powered"], *attack["leaks"]}
    if "auc" in tests:
        yield 2 * attack["interval"][1] - 1
    for rate in attack["tpr"]:
        if rate["measurable"]:
            yield rate["interval"][1] - rate["at_most_fpr"]
    for rate in attack.get("linkage", ()):
        if f"top_{rate['candidates']}" in tests and rate["interval"] is not None:
            yield rate["interval"][1]
