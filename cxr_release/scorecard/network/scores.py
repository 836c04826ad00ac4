"""Scores of films by what a network says of them, and how far they tell members from others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cxr_release.scorecard.attacks.attack import Separation, separation
from cxr_release.scorecard.network.films import NetworkFilms
from cxr_release.scorecard.network.losses import Floats, Prober

CALIBRATED, LOSS, PIA, SIMA = "calibrated loss", "loss", "PIA", "SimA"
"""Names of attacks."""
ALL = (CALIBRATED, LOSS, PIA, SIMA)


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is computed."""

    levels: int = 5
    """Diffusion times at which a film's loss is taken."""
    noises: int = 1
    """Noises at each of them. A second one takes twice the time; phantoms' canaries that the last
    checkpoint of the default saw 3, 6 and 12 times had AUCs of 0.66, 0.67 and 0.74 with it, and of
    0.66, 0.67 and 0.76 without."""
    doses: tuple[int, ...] = (3, 6, 12)
    """How often a network sees the canaries, rising."""
    canaries: int = 90
    """Control films of which half are planted; 20 or more."""


class Asker:
    """Scores films by a network, and by a reference's losses on them.

    Args:
        prober: of the network.
        before: digest of a film → mean log loss of the reference on it.
        effort: with which those were taken.
    """

    def __init__(self, prober: Prober, before: Mapping[str, float], effort: Effort) -> None:
        self._prober = prober
        self._before = before
        self._effort = effort

    def scores(self, films: NetworkFilms, names: Sequence[str]) -> dict[str, Floats]:
        """Attack → (n,) scores, the higher, the more like a member.

        Raises:
            CheckpointError: the network does not answer with finite numbers.
        """
        losses = _log_losses(self._prober, films, self._effort)
        before = np.array([self._before[digest] for digest in films.digests])
        asked = {
            CALIBRATED: lambda: before - losses,
            LOSS: lambda: -losses,
            PIA: lambda: self._prober.pia(films),
            SIMA: lambda: self._prober.sima(films),
        }
        return {name: asked[name]() for name in names}

    def held(
        self, members: NetworkFilms, others: NetworkFilms, names: Sequence[str]
    ) -> dict[str, Separation]:
        """Attack → how far it tells films that were learnt from others.

        Raises:
            CheckpointError: the network does not answer with finite numbers.
        """
        first, second = self.scores(members, names), self.scores(others, names)
        return {
            name: separation(
                first[name],
                second[name],
                member_patients=members.patients,
                control_patients=others.patients,
            )
            for name in names
        }


def losses_by_digest(
    prober: Prober, groups: Sequence[NetworkFilms], effort: Effort
) -> dict[str, float]:
    """Digest of a film → mean log loss of a network on it."""
    return {
        digest: float(loss)
        for films in groups
        for digest, loss in zip(films.digests, _log_losses(prober, films, effort), strict=True)
    }


def _log_losses(prober: Prober, films: NetworkFilms, effort: Effort) -> Floats:
    return prober.log_losses(films, levels=effort.levels, noises=effort.noises)
