"""Is anybody in the network: what its losses tell who holds its weights.

Some films are harder than others for every network, and that drowns what learning them did: of
phantoms' films that a network was made to see 12 times, the loss itself told nothing (an AUC of
0.57, its interval from 0.44), and the fall of the loss told them (0.82, from 0.73). So the attack
is *calibrated*: the score of a film is the mean, over noise levels and noises, of the log of a
reference network's loss less that of the loss of the network under attack, on the same noise
(Watson et al., On the Importance of Difficulty Calibration in Membership Inference Attacks, ICLR
2022). The loss itself, PIA and SimA stand beside it; see `losses`. They are attacks of their own
where they, too, find the canaries that are planted for the calibrated one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxr_release.errors import SourceError
from cxr_release.film_size import Size
from cxr_release.generators import checkpoints
from cxr_release.generators.checkpoints import Checkpoint, Record, read_record
from cxr_release.generators.runtime.compute import Compute, computing
from cxr_release.params.training import ComputeParams
from cxr_release.scorecard.attacks.attack import (
    AUC,
    BEYOND,
    NETWORK,
    Attack,
    NotMeasurable,
    Power,
    power_of,
)
from cxr_release.scorecard.network.canaries import with_canaries
from cxr_release.scorecard.network.films import NetworkFilms, read_films, shared_between
from cxr_release.scorecard.network.inputs import NetworkInputs, reference_for, unfit
from cxr_release.scorecard.network.losses import Prober
from cxr_release.scorecard.network.scores import (
    ALL,
    CALIBRATED,
    LOSS,
    PIA,
    SIMA,
    Asker,
    Effort,
    losses_by_digest,
)

MOST_PER_CONTROL = 2
"""Members for each control film; more cost more than they tell. The standard error of an AUC of 180
films against 90 is 0.037, that of 510 against 90 is 0.033."""
NO_REFERENCE = (
    "no reference network: the loss of one network says how hard a film is, and who was learnt from"
    " shows against another that did not learn from them"
)

NO_LABELS = (
    "the network draws films as classes, and the classes of these films are not known: an attack"
    " that does not tell it is weaker than one who knows what a film shows can make"
)


def network_attacks(
    inputs: NetworkInputs, *, compute: ComputeParams, effort: Effort | None = None
) -> tuple[Attack | NotMeasurable, ...]:
    """Attack networks whose weights an attacker holds; not corrected.

    Args:
        inputs: networks and films.
        compute: precision and compilation.
        effort: how much is computed.

    Returns:
        For each target the calibrated attack, then those beside it that found their canaries; or
        one `NotMeasurable` with the reason.

    Raises:
        SourceError: members and controls share a patient or a picture, or a film cannot be read
            any more.
        CheckpointError: a checkpoint is missing, damaged, or does not answer with finite numbers.
    """
    targets = [read_record(folder) for folder in inputs.targets]
    results: list[Attack | NotMeasurable] = []
    with computing(compute) as context:
        course = _Course(inputs, effort or Effort(), context)
        for folder, target, suffix in zip(inputs.targets, targets, _suffixes(targets), strict=True):
            results += course.on(folder, target, suffix)
    return tuple(results)


def _suffixes(targets: Sequence[Record]) -> list[str]:
    """What tells the attacks on several targets apart."""
    if len(targets) == 1:
        return [""]
    steps = [target.checkpoint_step for target in targets]
    if len(set(steps)) == len(steps):
        return [f", step {step:,}" for step in steps]
    return [f", network {number}" for number in range(1, len(steps) + 1)]


@dataclass(frozen=True)
class _Sides:
    """What a target is held against."""

    members: NetworkFilms
    controls: NetworkFilms
    reference: Record
    before: Mapping[str, float]
    """Digest of a film → mean log loss of the reference on it."""


class _Course:
    """The attacks on some targets, which share films and the losses of references."""

    def __init__(self, inputs: NetworkInputs, effort: Effort, context: Compute) -> None:
        self._inputs = inputs
        self._effort = effort
        self._context = context
        self._films: dict[Size, tuple[NetworkFilms, NetworkFilms] | str] = {}
        self._before: dict[Path, dict[str, float]] = {}

    def on(self, folder: Path, target: Record, suffix: str) -> Iterator[Attack | NotMeasurable]:
        """The attacks on a target; their names end in `suffix`."""
        sides = self._sides(target)
        if isinstance(sides, str):
            yield NotMeasurable(f"{CALIBRATED}{suffix}", NETWORK, "film", sides)
            return
        network = checkpoints.load(folder)
        ask = Asker(Prober(network, self._context), sides.before, self._effort)
        found = ask.held(sides.members, sides.controls, ALL)
        power = self._power(network, sides)
        details = self._details(target, sides)
        beside = [
            {
                "score": name,
                "auc": found[name].auc.auc,
                "interval": [found[name].auc.low, found[name].auc.high],
                "canaries_found": _finds(power[name]),
            }
            for name in (LOSS, PIA, SIMA)
        ]
        for name in ALL:
            if name == CALIBRATED or _finds(power[name]):
                yield Attack(
                    name=f"{name}{suffix}",
                    access=NETWORK,
                    unit="film",
                    members=len(sides.members),
                    controls=len(sides.controls),
                    member_patients=len(set(sides.members.patients)),
                    control_patients=len(set(sides.controls.patients)),
                    separation=found[name],
                    power=power[name],
                    ps={AUC: found[name].auc.p, BEYOND: found[name].beyond.p},
                    details=details | ({"beside": beside} if name == CALIBRATED else {}),
                )

    def _sides(self, target: Record) -> _Sides | str:
        """What the target is held against, or why it cannot be."""
        if self._inputs.reference is None:
            return NO_REFERENCE
        place, reference = reference_for(target, self._inputs.reference)
        if reason := unfit(target, reference, proxy=self._inputs.proxy):
            return reason
        if target.size not in self._films:
            self._films[target.size] = self._read(target.size)
        films = self._films[target.size]
        if isinstance(films, str):
            return films
        if target.conditions.names and any(each.labels is None for each in films):
            return NO_LABELS
        if place not in self._before:
            prober = Prober(checkpoints.load(place), self._context)
            self._before[place] = losses_by_digest(prober, films, self._effort)
        return _Sides(*films, reference, self._before[place])

    def _read(self, size: Size) -> tuple[NetworkFilms, NetworkFilms] | str:
        """Members and controls, or why they cannot be used."""
        members, controls = (
            read_films(chosen, size) for chosen in (self._inputs.members, self._inputs.controls)
        )
        if isinstance(members, str):
            return members
        if isinstance(controls, str):
            return controls
        if faults := list(shared_between(members, controls)):
            raise SourceError(
                f"members and controls share {len(faults)} patient(s) or picture(s)",
                remedy="leave each patient's films in one of the two, and compare again",
                faults=faults,
            )
        return members.at_most(MOST_PER_CONTROL * len(controls)), controls

    def _power(self, network: Checkpoint, sides: _Sides) -> dict[str, tuple[Power, ...]]:
        """Attack → what it made of each dose; PIA and SimA are asked at the highest alone."""
        doses = self._effort.doses
        some = sides.controls.at_most(self._effort.canaries)
        planted, others = (some.take(half) for half in some.halves())
        power: dict[str, tuple[Power, ...]] = dict.fromkeys(ALL, ())
        for dose, steps, learnt in with_canaries(network, planted, doses, self._context):
            ask = Asker(Prober(learnt, self._context), sides.before, self._effort)
            names = ALL if dose == doses[-1] else (CALIBRATED, LOSS)
            for name, result in ask.held(planted, others, names).items():
                of_dose = power_of(
                    f"{len(planted)} control films that a copy of the network learnt, {dose}"
                    f" time{'s' * (dose != 1)} each",
                    len(planted),
                    result,
                    found_by=result.found_by,
                    passes=dose,
                    steps=steps,
                    against=len(others),
                )
                power[name] = (*power[name], of_dose)
        return power

    def _details(self, target: Record, sides: _Sides) -> dict[str, Any]:
        step, before = target.checkpoint_step, sides.reference.checkpoint_step
        subject = f"the network at step {step:,}"
        if self._inputs.proxy:
            subject = f"proxy: the tuning run at step {step:,}, another model than the released one"
        return {
            "subject": subject,
            "proxy": self._inputs.proxy,
            "target_step": step,
            "reference_step": before,
            "levels": self._effort.levels,
            "noises": self._effort.noises,
            "unreadable": {
                "members": sides.members.unreadable,
                "controls": sides.controls.unreadable,
            },
            "note": f"{subject}; held against a reference at step {before:,}",
        }


def _finds(power: Sequence[Power]) -> bool:
    """Whether the AUC finds the canaries; that a few lie beyond all others is often chance."""
    return any(AUC in each.found_by for each in power)
