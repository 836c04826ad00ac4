"""May these weights go out? Only after an attack on them that could have found something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cxr_release.errors import Fault, ReleaseError
from cxr_release.film_id import AUTOENCODER
from cxr_release.release.model.record import MODEL, ModelRecord
from cxr_release.scorecard.attacks.attack import NETWORK

LEAST_CONTROLS = 100
"""Control films: with fewer, 1 % of them is none, and the rate says nothing of 1 %."""
RATE = 0.01
"""False-positive rate at which the true-positive rate is bounded."""
Attack = Mapping[str, Any]


def attacks_on(privacy: Sequence[Attack], step: int) -> list[dict[str, Any]]:
    """Of a scorecard's attacks those on the released network with its weights, made or not.

    Args:
        privacy: rows of the scorecard's part of that name.
        step: training steps of the checkpoint.
    """
    return [
        dict(attack)
        for attack in privacy
        if attack["access"] == NETWORK
        and attack.get("target_step", step) == step
        and (_OF_SEVERAL not in attack["attack"] or attack["attack"].endswith(f"step {step:,}"))
        and not attack["attack"].endswith(f", {AUTOENCODER}")
        and not attack.get("proxy")
    ]


_OF_SEVERAL = ", step "
"""In the name of an attack where several networks were attacked: then its step follows."""


def refusals(attacks: Sequence[Attack], most_tpr: float) -> list[Fault]:
    """Why the weights may not go out; empty where they may.

    Args:
        attacks: see `attacks_on`.
        most_tpr: what the upper end of the 95 % interval of the true-positive rate at a
            false-positive rate of 1 % may be.
    """
    if not attacks:
        return [
            Fault(
                "the attack on the network's weights",
                "was not made on this checkpoint",
                "see the scorecard, and what it needs in docs/releasing-a-model.md",
            )
        ]
    return [fault for attack in attacks for fault in _faults(attack, most_tpr)]


def _faults(attack: Attack, most_tpr: float) -> Iterator[Fault]:
    name = str(attack["attack"])
    if not attack["measurable"]:
        yield Fault(name, f"is not evidence: {attack['why_not']}", "not measurable is not measured")
        return
    if attack["controls"] < LEAST_CONTROLS:
        what = f"had {attack['controls']} control films, of at least {LEAST_CONTROLS}"
        yield Fault(name, what, "raise split.control, and train again")
        return
    if attack["leaks"]:
        tests = ", ".join(attack["leaks"])
        yield Fault(
            name, f"finds films that the network learnt from ({tests})", "do not publish it"
        )
    rates = [rate for rate in attack["tpr"] if rate["at_most_fpr"] == RATE and rate["measurable"]]
    if not rates:
        yield Fault(name, "states no rate of hits at 1 % false positives", "score it again")
    for rate in rates:
        if rate["interval"][1] > most_tpr:
            yield Fault(
                name,
                f"may find up to {rate['interval'][1]:.1%} of the films that were learnt from, at"
                f" 1 % false positives; model.most_tpr allows {most_tpr:.1%}",
                "more control films make the interval shorter, less training makes it lower",
            )


def require_measured(record: ModelRecord) -> None:
    """Refuse a network that was not shown to keep what it learnt from to itself.

    Raises:
        ReleaseError: with every reason.
    """
    faults = refusals(record.attacks, record.most_tpr)
    if faults:
        raise ReleaseError(
            "these weights were not shown to give nobody away, so they are not published",
            where=MODEL,
            faults=faults,
        )
