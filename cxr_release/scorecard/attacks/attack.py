"""What every attack on membership states: who was attacked, with what, what came of it, and power.

A score that says "member" is held against control films, which went through the same ingest and
which no run saw. An attack counts as evidence only where it finds what was planted: where it does
not, that it finds nothing in the release says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.statistics.clustered_auc import ClusteredAuc, clustered_auc
from cxr_release.statistics.exceedances import LEVEL, Exceedances, exceedances
from cxr_release.statistics.multiple import holm
from cxr_release.statistics.proportions import ALPHA
from cxr_release.statistics.roc import TruePositiveRate, roc_curve, true_positive_rate

Scores = NDArray[np.floating]

LIMITS = (0.01, 0.001)
"""False-positive rates at which true-positive rates are given."""
RELEASED_FILMS, OTHER_FILM = "released films", "another film of the patient"
"""What the attacker holds beside the released films: the film itself, or another of its patient."""
NETWORK = "the network's weights"
"""What the attacker holds beside the film itself."""

_FAULT = (
    "the AUC is below 0.5, significantly after correction, which no {what} explains: {who}, {sets}"
    " were swapped, or they differ in something other than training, such as their ingest; or it"
    " is chance, as in 1 of 40 releases without a fault, or fewer"
)
FAULT = _FAULT.format(
    what="leak of trained films",
    who="the released films show control patients",
    sets="trained and control films",
)
NETWORK_FAULT = _FAULT.format(
    what="learning of the members",
    who="the network has learnt from control films",
    sets="members and control films",
)
"""The same of an attack on the network."""
NO_POWER = "this attack did not find what was planted for it to find"
AUC, BEYOND = "auc", "beyond_any_control"
"""Names of tests."""


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How far the scores of members and of controls lie from each other."""

    auc: ClusteredAuc
    tpr: tuple[TruePositiveRate, ...]
    """One for each of `LIMITS`."""
    beyond: Exceedances
    """Members with a higher score than any control."""
    curve: tuple[tuple[float, float], ...]
    """Points (false-positive rate, true-positive rate); see `roc.roc_curve`."""

    @property
    def found_by(self) -> tuple[str, ...]:
        """Tests that find members, before correction."""
        found = {AUC: self.auc.above_half, BEYOND: self.beyond.p <= LEVEL}
        return tuple(name for name, holds in found.items() if holds)

    def more_than(self, other: Separation) -> tuple[str, ...]:
        """Tests that find members, and more of them than in another release."""
        more = {
            AUC: self.auc.auc > other.auc.auc,
            BEYOND: self.beyond.counted > other.beyond.counted,
        }
        return tuple(name for name in self.found_by if more[name])


@dataclass(frozen=True, kw_only=True)
class Power:
    """What an attack makes of films that were planted in the release for it to find."""

    dose: str
    """What was planted."""
    planted: int
    """Films."""
    joins_release: bool
    """Whether they were added to the released films; else they stood in place of all of them."""
    auc: float
    interval: tuple[float, float]
    found_by: tuple[str, ...]
    """Tests of the attack that found it, before correction; see `Attack.ps`."""
    detail: dict[str, Any]
    """Further numbers of this attack, ready for JSON."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """An attack, what it found, and what it would have found."""

    name: str
    access: str
    """What the attacker holds."""
    unit: str
    """What is attacked: `film` or `patient`."""
    members: int
    """Units that the generator learnt from."""
    controls: int
    """Units that no run saw."""
    member_patients: int
    control_patients: int
    separation: Separation
    power: tuple[Power, ...]
    ps: dict[str, float]
    """p value of each test that this attack makes, by name."""
    details: dict[str, Any] = field(default_factory=dict)
    """Further numbers of this attack, ready for JSON."""
    adjusted: dict[str, float] | None = None
    """By Holm's method over all tests of all attacks; None before `corrected`."""

    @property
    def powered(self) -> list[str]:
        """Tests that found something that was planted: others say nothing by finding nothing."""
        found = {name for power in self.power for name in power.found_by}
        return [name for name in self.ps if name in found]

    @property
    def leaks(self) -> list[str]:
        """Tests that show a leak after correction."""
        return [
            name
            for name, p in (self.adjusted or {}).items()
            if p <= ALPHA and (name != AUC or self.separation.auc.auc > 0.5)
        ]

    @property
    def evidence(self) -> bool:
        """Whether a test found what was planted, or a leak, and the attack is not faulty."""
        return bool(self.powered or self.leaks) and self.fault is None

    @property
    def fault(self) -> str | None:
        """What shows that the test itself is wrong; None where nothing does, once corrected."""
        p = (self.ps if self.adjusted is None else self.adjusted).get(AUC)
        if p is None or p > ALPHA or self.separation.auc.auc >= 0.5:
            return None
        return NETWORK_FAULT if self.access == NETWORK else FAULT

    def report(self) -> dict[str, Any]:
        """Ready for JSON; names no film and no patient.

        `interval` is of `auc`. That of `beyond_any_control` is what chance alone gives in 95 of 100
        releases, to be held against `tested`; `expected` is its mean.
        """
        auc, beyond = self.separation.auc, self.separation.beyond
        return {
            "attack": self.name,
            "access": self.access,
            "unit": self.unit,
            "measurable": self.evidence,
            "why_not": self.fault or (None if self.evidence else NO_POWER),
            "fault": self.fault is not None,
            "members": self.members,
            "controls": self.controls,
            "member_patients": self.member_patients,
            "control_patients": self.control_patients,
            "auc": auc.auc,
            "interval": [auc.low, auc.high],
            "tpr": [
                {
                    "at_most_fpr": rate.at_most_fpr,
                    "false_positives": rate.false_positives,
                    "value": rate.value,
                    "interval": list(rate.interval),
                    "measurable": rate.measurable,
                }
                for rate in self.separation.tpr
            ],
            "roc": [list(point) for point in self.separation.curve],
            "beyond_any_control": {
                "members": beyond.count,
                "tested": beyond.counted,
                "expected": beyond.expected,
                "interval": list(beyond.range),
            },
            "power": [
                {
                    "dose": power.dose,
                    "planted": power.planted,
                    "joins_release": power.joins_release,
                    "auc": power.auc,
                    "interval": list(power.interval),
                    "found": bool(power.found_by),
                    "found_by": list(power.found_by),
                    **power.detail,
                }
                for power in self.power
            ],
            "smallest_auc_detectable": auc.smallest,
            "powered": self.powered,
            "leaks": self.leaks,
            "p": self.ps,
            "p_holm": self.adjusted,
            **self.details,
        }


@dataclass(frozen=True)
class NotMeasurable:
    """An attack that could not be made."""

    name: str
    access: str
    unit: str
    why: str

    def report(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "attack": self.name,
            "access": self.access,
            "unit": self.unit,
            "measurable": False,
            "why_not": self.why,
        }


def separation(
    members: Scores,
    controls: Scores,
    *,
    member_patients: Sequence[str],
    control_patients: Sequence[str],
) -> Separation:
    """Members' scores against controls'; the higher, the more like a member.

    Args:
        members: (m,) of 2 patients or more.
        controls: (n,) likewise.
        member_patients: (m,) none of whom is among the controls'.
        control_patients: (n,).
    """
    first, second = np.asarray(members, np.float64), np.asarray(controls, np.float64)
    return Separation(
        auc=clustered_auc(
            first,
            second,
            positive_clusters=member_patients,
            negative_clusters=control_patients,
        ),
        tpr=tuple(
            true_positive_rate(first, second, at_most_fpr=limit, clusters=member_patients)
            for limit in LIMITS
        ),
        beyond=exceedances(
            first, second, clusters=member_patients, other_clusters=control_patients
        ),
        curve=tuple(roc_curve(first, second)),
    )


def power_of(
    dose: str,
    planted: int,
    result: Separation,
    *,
    found_by: Sequence[str],
    joins_release: bool = False,
    **detail: Any,
) -> Power:
    """What an attack made of films that were planted.

    Args:
        dose: what was planted.
        planted: films.
        result: of the attack on them.
        found_by: tests that found them.
        joins_release: whether they were added to the released films.
        detail: further numbers, ready for JSON.
    """
    return Power(
        dose=dose,
        planted=planted,
        joins_release=joins_release,
        auc=result.auc.auc,
        interval=(result.auc.low, result.auc.high),
        found_by=tuple(found_by),
        detail={
            "beyond_any_control": result.beyond.count,
            "tpr_at_most_1_percent_fpr": result.tpr[0].value,
            "roc": [list(point) for point in result.curve],
        }
        | detail,
    )


def corrected(attacks: Sequence[Attack | NotMeasurable]) -> list[Attack | NotMeasurable]:
    """The attacks with p values adjusted for all tests of all of them (Holm)."""
    tests = [
        (place, name, p)
        for place, attack in enumerate(attacks)
        if isinstance(attack, Attack)
        for name, p in attack.ps.items()
    ]
    adjusted: dict[int, dict[str, float]] = {}
    for (place, name, _), p in zip(tests, holm([p for *_, p in tests]), strict=True):
        adjusted.setdefault(place, {})[name] = 1.0 if p is None else p
    return [
        replace(attack, adjusted=adjusted[place]) if isinstance(attack, Attack) else attack
        for place, attack in enumerate(attacks)
    ]
