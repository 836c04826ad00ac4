"""How a run is private: its noise, found once for the final run, and the guarantee that follows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cxr_release.errors import TrainingError
from cxr_release.generators.privacy.accounting import epsilon_of, noise_for, opacus_version
from cxr_release.generators.privacy.noise_key import NoiseKey, RunChance
from cxr_release.generators.privacy.units import Unit, Units, units_of
from cxr_release.params.training import TrainParams


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """What a private run guarantees, and all that it follows from."""

    epsilon: float
    """Spent after all steps, by the accountant; at most what was asked for."""
    delta: float
    noise_multiplier: float
    """σ: standard deviation of the noise on a sum of clipped gradients, in clips."""
    clip: float
    """Longest gradient of a unit that enters the sum."""
    levels: int
    """Noise levels at which a film is taken in a step, all inside its clip."""
    unit: Unit
    """Whom it protects."""
    units: int
    """How many there are, which is taken to be public."""
    films: int
    films_without_patient: int
    batch_size: int
    """Units in a step on average; sums are divided by it."""
    steps: int
    sampling: Literal["poisson"] = "poisson"
    """Each unit enters each step with probability `batch_size / units`, apart from the others."""
    accountant: Literal["rdp"] = "rdp"
    opacus: str


@dataclass(frozen=True)
class Private:
    """All that a private run needs beyond a plain one."""

    noise_multiplier: float
    units: Units
    key: NoiseKey

    def guarantee(self, settings: TrainParams, steps: int) -> Guarantee:
        """What `steps` steps guarantee.

        Raises:
            TrainingError: the settings do not fit the number of units.
        """
        asked, units = settings.privacy, self.units
        if asked is None:
            raise TrainingError("a private run needs train.privacy")
        _require_fit(settings, units.count)
        return Guarantee(
            epsilon=epsilon_of(
                self.noise_multiplier,
                rate=settings.batch_size / units.count,
                steps=steps,
                delta=asked.delta,
            ),
            delta=asked.delta,
            noise_multiplier=self.noise_multiplier,
            clip=asked.clip,
            levels=asked.levels,
            unit=units.unit,
            units=units.count,
            films=units.film_count,
            films_without_patient=units.films_without_patient,
            batch_size=settings.batch_size,
            steps=steps,
            opacus=opacus_version(),
        )

    def chance(self, identity: dict[str, Any]) -> RunChance:
        """The chance of the run of this identity and of these units."""
        whole = {**identity, "units": asdict(self.units), "noise": self.noise_multiplier}
        text = json.dumps(whole, sort_keys=True)
        return self.key.of_run(hashlib.sha256(text.encode()).hexdigest())


def private_run(
    settings: TrainParams,
    key: NoiseKey,
    *,
    patients: Sequence[str | None],
    of_final: Sequence[str | None],
) -> Private:
    """A private run with the noise that the final run needs.

    The tuning run has the same noise, or its curves would tell nothing of the final run. It learns
    from fewer patients, so that its own ε is a little higher; its weights draw no released film.

    Args:
        settings: of training, with `privacy`.
        key: of the project.
        patients: patient of each film of this run; None where not stated.
        of_final: likewise, of the final run.

    Raises:
        TrainingError: the settings do not fit the number of units, no noise is enough, or opacus is
            not installed.
    """
    asked, units = settings.privacy, units_of(of_final).count
    if asked is None:
        raise TrainingError("a private run needs train.privacy")
    _require_fit(settings, units)
    noise = noise_for(
        asked.epsilon,
        rate=settings.batch_size / units,
        # Steps after the last checkpoint are not taken.
        steps=settings.steps - settings.steps % settings.checkpoint_every,
        delta=asked.delta,
    )
    return Private(noise, units_of(patients), key)


def _require_fit(settings: TrainParams, units: int) -> None:
    asked = settings.privacy
    if settings.batch_size > units:
        raise TrainingError(
            f"{units:,} patients (or films without one) cannot be drawn {settings.batch_size:,} at"
            " a time",
            where="train.batch_size",
            remedy=f"take at most {units:,}; privacy asks for far fewer",
        )
    if asked is not None and asked.delta * units >= 1:
        raise TrainingError(
            f"δ = {asked.delta:g} is not below 1 in {units:,}, the number of patients (or films"
            " without one): publishing one of them outright would be called private",
            where="train.privacy.delta",
            remedy=f"take {1 / (10 * units):.1e} or less",
        )
