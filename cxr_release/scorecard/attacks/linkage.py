"""Re-identification: who holds another film of a patient, and looks for that patient in a release.

The attacker has a film (the probe) of a patient, and learns through the released films alone which
patient of a gallery it is. A path leads from the probe over a released film to a patient of the
gallery; the score of a patient is the highest sum of the path's two cosines, after a re-identifier
(`galleries`), and the patients with the highest scores are the candidates. Where the release
shows nobody, trained patients are hit no more often than control patients in a gallery of equal
size: the residual risk is (a − c) / (1 − c), of shares a of trained and c of control patients who
are hit (Giomi et al., A Unified Framework for Quantifying Privacy Risk in Synthetic Data, PoPETs
2023). The plain chain, from the probe to its nearest released film and on to the nearest patients,
is weaker: of 141 phantoms each, with trained films as the release, it hit 25 trained and 35 control
patients among five candidates where the best path hit 49 and 33.

Of trained patients the generator has learnt from the probe, too: the risk includes what it copied
from that, and is an upper bound of what another film gives away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.parallel import in_parallel, one_thread_each
from cxr_release.scorecard.attacks.attack import (
    AUC,
    OTHER_FILM,
    Attack,
    NotMeasurable,
    Separation,
    power_of,
    separation,
)
from cxr_release.scorecard.attacks.galleries import (
    Gallery,
    Trial,
    candidates_in,
    trials_of,
    verified,
)
from cxr_release.scorecard.sets import ScoreSets
from cxr_release.scorecard.vectors import Vectors, nearest_cosines
from cxr_release.statistics.exceedances import LEVEL
from cxr_release.statistics.proportions import residual_risk

NAME = "re-identification"
OVER = 100
"""Released films nearest to a probe over which paths are followed."""
PROBES = (
    "the generator has learnt from the attacker's films of trained patients, too: the risk is an"
    " upper bound"
)
BLOCK = 16
"""Probes that are followed at a time."""


@dataclass(frozen=True)
class Outcome:
    """What came of the attack on a release."""

    separation: Separation
    """Of the cosines of probes with the nearest released film."""
    rates: tuple[dict[str, Any], ...]
    """One for each number of candidates, ready for JSON."""

    @property
    def ps(self) -> dict[str, float]:
        """p value of each test."""
        return {AUC: self.separation.auc.p} | {_name(rate): rate["p"] for rate in self.rates}

    @property
    def found_by(self) -> list[str]:
        """Tests that find members, before correction."""
        by_area = [AUC] if self.separation.auc.above_half else []
        return by_area + [_name(rate) for rate in self.rates if rate["p"] <= LEVEL]


def linkage_attack(sets: ScoreSets) -> Attack | NotMeasurable:
    """The attack on the released films, and on the films of the gallery in their place.

    Returns:
        Why it cannot be made, where patients have one film each or too few have several.
    """
    trials = trials_of(sets)
    if isinstance(trials, str):
        return NotMeasurable(NAME, OTHER_FILM, "patient", trials)
    released = _attacked(trials, sets.released.vectors)
    members, controls = (
        [gallery for trial in trials for gallery in galleries(trial)]
        for galleries in (_of_members, _of_controls)
    )
    places = np.unique(np.concatenate([gallery.places for gallery in members]))
    copies = _attacked(trials, sets.trained.vectors[places])
    counts = [sum(len(gallery.patients) for gallery in each) for each in (members, controls)]
    positive = power_of(
        f"the other films of {len(places)} trained patients in place of the released ones",
        len(places),
        copies.separation,
        found_by=copies.found_by,
        linkage=list(copies.rates),
    )
    return Attack(
        name=NAME,
        access=OTHER_FILM,
        unit="patient",
        members=counts[0],
        controls=counts[1],
        member_patients=counts[0],
        control_patients=counts[1],
        separation=released.separation,
        power=(positive,),
        details={
            "linkage": list(released.rates),
            "reidentifier": verified(trials),
            "note": PROBES,
        },
        ps=released.ps,
    )


def _name(rate: dict[str, Any]) -> str:
    return f"top_{rate['candidates']}"


def _of_members(trial: Trial) -> tuple[Gallery, ...]:
    return trial.members


def _of_controls(trial: Trial) -> tuple[Gallery, ...]:
    return trial.controls


def _attacked(trials: list[Trial], release: Vectors) -> Outcome:
    """The attack on a release, (films, d), over both trials."""
    seen = [trial.reidentify(release) for trial in trials]
    nearest, ranks, patients = [], [], []
    for of in (_of_members, _of_controls):
        looked = [
            (gallery, films)
            for trial, films in zip(trials, seen, strict=True)
            for gallery in of(trial)
        ]
        nearest.append(
            np.concatenate(
                [
                    nearest_cosines(gallery.probes, films, 1, task="re-identify")[:, 0]
                    for gallery, films in looked
                ]
            )
        )
        ranks.append(np.concatenate([_ranks(gallery, films) for gallery, films in looked]))
        patients.append([name for gallery, _ in looked for name in gallery.patients])
    return Outcome(
        separation(
            nearest[0], nearest[1], member_patients=patients[0], control_patients=patients[1]
        ),
        tuple(_rate(ranks[0], ranks[1], candidates) for candidates in candidates_in(trials)),
    )


def _ranks(gallery: Gallery, release: Vectors) -> NDArray[np.int64]:
    """(n,) how many other patients have a score as high as the right one, for each probe.

    Args:
        gallery: the patients.
        release: (r, components).
    """
    over = min(OVER, len(release))
    with one_thread_each():
        onward = release @ gallery.films.T

    def ranks(block: slice) -> NDArray[np.int64]:
        there = gallery.probes[block] @ release.T
        near = np.argsort(-there, axis=1, kind="stable")[:, :over]
        paths = np.take_along_axis(there, near, axis=1)[..., None] + onward[near]
        scores = paths.max(axis=1)
        right = np.arange(block.start, block.stop)
        own = scores[np.arange(len(right)), right]
        higher: NDArray[np.int64] = (scores >= own[:, None]).sum(axis=1) - 1
        return higher

    return np.concatenate(list(in_parallel(ranks, len(gallery.probes), "link", step=BLOCK)))


def _rate(
    members: NDArray[np.int64], controls: NDArray[np.int64], candidates: int
) -> dict[str, Any]:
    """Shares of patients who are among so many candidates, and the residual risk."""
    from scipy.stats import fisher_exact

    hits, control_hits = (int((ranks < candidates).sum()) for ranks in (members, controls))
    risk = residual_risk(hits, len(members), control_hits, len(controls))
    table = [[hits, len(members) - hits], [control_hits, len(controls) - control_hits]]
    return {
        "candidates": candidates,
        "hits": hits,
        "members": len(members),
        "control_hits": control_hits,
        "controls": len(controls),
        "residual_risk": None if risk is None else risk.value,
        "interval": None if risk is None else [risk.low, risk.high],
        "p": float(fisher_exact(np.array(table), alternative="greater").pvalue),
    }
