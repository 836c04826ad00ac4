"""Re-identification: who holds another film of a patient, and looks for that patient in a release.

The attacker has a film (the probe) of a patient, and learns through the released films alone which
patient of a gallery it is. A path leads from the probe over a released film to a patient of the
gallery; the score of a patient is the highest sum of the path's two cosines, after a re-identifier
(`reidentifier`), and the patients with the highest scores are the candidates. Where the release
shows nobody, trained patients are hit no more often than control patients in a gallery of equal
size: the residual risk is (a − c) / (1 − c), of shares a of trained and c of control patients who
are hit (Giomi et al., A Unified Framework for Quantifying Privacy Risk in Synthetic Data, PoPETs
2023). The plain chain, from the probe to its nearest released film and on to the nearest patients,
is weaker: of 141 phantoms each, with trained films as the release, it hit 25 trained and 35 control
patients among five candidates where the best path hit 49 and 33.

Control patients are halved: the re-identifier that looks for one half was learnt on the other. Only
patients with two films or more can be looked for: the first is the probe, the second stands in the
gallery. Where the generator has learnt from the probe, too, the risk includes what it copied from
that, and is an upper bound of what another film gives away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.parallel import in_parallel, one_thread_each
from cxr_release.scorecard.attacks.attack import (
    OTHER_FILM,
    Attack,
    NotMeasurable,
    Separation,
    power_of,
    separation,
)
from cxr_release.scorecard.reidentifier import Reidentifier, learn
from cxr_release.scorecard.sets import Part, ScoreSets
from cxr_release.scorecard.vectors import Vectors, nearest_cosines
from cxr_release.statistics.clustered_auc import clustered_auc
from cxr_release.statistics.proportions import residual_risk

NAME = "re-identification"
CANDIDATES = (1, 5)
"""How many patients the attacker may name."""
FEWEST = 10
"""Patients in a gallery."""
OVER = 100
"""Released films nearest to a probe over which paths are followed."""
STRANGERS = 20
"""Films of other patients that each probe is compared with to verify the re-identifier."""
ONE_FILM = "one film a patient"
TOO_FEW = (
    "too few patients with several films: twice"
    f" {FEWEST} trained and twice {FEWEST} control patients are needed"
)
BLOCK = 16
"""Probes that are followed at a time."""


@dataclass(frozen=True)
class Gallery:
    """Patients with a probe and another film each, as a re-identifier sees them."""

    patients: tuple[str, ...]
    places: NDArray[np.int64]
    """(n,) of the other films in their part."""
    probes: Vectors
    """(n, components)."""
    films: Vectors
    """(n, components)."""


@dataclass(frozen=True)
class Trial:
    """A half of the control patients, as many trained ones, and who looks for both."""

    reidentify: Reidentifier
    members: Gallery
    controls: Gallery


@dataclass(frozen=True)
class Outcome:
    """What came of the attack on a release."""

    separation: Separation
    """Of the cosines of probes with the nearest released film."""
    rates: tuple[dict[str, Any], ...]
    """One for each of `CANDIDATES`, ready for JSON."""

    @property
    def leak(self) -> bool:
        """Whether the area, or a residual risk, is above what chance gives."""
        risks = [rate["interval"] for rate in self.rates if rate["interval"] is not None]
        return self.separation.auc.above_half or any(low > 0 for low, _ in risks)


def linkage_attack(sets: ScoreSets) -> Attack | NotMeasurable:
    """The attack on the released films, and on the films of the gallery in their place.

    Returns:
        Why it cannot be made, where patients have one film each or too few have several.
    """
    trials = _trials(sets)
    if isinstance(trials, str):
        return NotMeasurable(NAME, OTHER_FILM, "patient", trials)
    released = _attacked(trials, sets.released.vectors)
    places = np.unique(np.concatenate([trial.members.places for trial in trials]))
    copies = _attacked(trials, sets.trained.vectors[places])
    patients = sum(len(trial.members.patients) for trial in trials)
    positive = power_of(
        f"the other films of {len(places)} trained patients in place of the released ones",
        len(places),
        copies.separation,
        found=copies.leak,
    )
    positive.detail["linkage"] = list(copies.rates)
    return Attack(
        name=NAME,
        access=OTHER_FILM,
        unit="patient",
        members=patients,
        controls=patients,
        member_patients=patients,
        control_patients=patients,
        separation=released.separation,
        power=(positive,),
        details={"linkage": list(released.rates), "reidentifier": _verified(trials)},
        ps={"auc": released.separation.auc.p}
        | {f"top_{rate['candidates']}": rate["p"] for rate in released.rates},
    )


def _trials(sets: ScoreSets) -> list[Trial] | str:
    """The two trials, or why they cannot be made."""
    pairs = [_pairs(part) for part in (sets.trained, sets.control)]
    if not all(pairs):
        return ONE_FILM
    trained_halves, control_halves = sets.trained.halves(), sets.control.halves()
    trials = []
    for members, looked_in, learnt_on in zip(
        trained_halves, control_halves, reversed(control_halves), strict=True
    ):
        reidentify = learn(sets.control.take(learnt_on))
        known = [
            _among(of_part, places)
            for of_part, places in zip(pairs, (members, looked_in), strict=True)
        ]
        count = min(map(len, known))
        if reidentify is None or count < FEWEST:
            return TOO_FEW
        galleries = [
            _gallery(part, of_part[:count], reidentify)
            for part, of_part in zip((sets.trained, sets.control), known, strict=True)
        ]
        trials.append(Trial(reidentify, *galleries))
    return trials


def _pairs(part: Part) -> dict[str, tuple[int, int]]:
    """Patient → places of the first two films, of patients with several."""
    films = part.by_patient().items()
    return {patient: (places[0], places[1]) for patient, places in films if len(places) > 1}


def _among(
    pairs: dict[str, tuple[int, int]], places: NDArray[np.int64]
) -> list[tuple[str, int, int]]:
    inside = set(places.tolist())
    return [(patient, *pair) for patient, pair in pairs.items() if pair[0] in inside]


def _gallery(part: Part, pairs: list[tuple[str, int, int]], reidentify: Reidentifier) -> Gallery:
    patients, probes, films = zip(*pairs, strict=True)
    return Gallery(
        patients,
        np.array(films, np.int64),
        reidentify(part.vectors[list(probes)]),
        reidentify(part.vectors[list(films)]),
    )


def _attacked(trials: list[Trial], release: Vectors) -> Outcome:
    """The attack on a release, (films, d), over both trials."""
    nearest: dict[str, list[NDArray[np.float32]]] = {"members": [], "controls": []}
    ranks: dict[str, list[NDArray[np.int64]]] = {"members": [], "controls": []}
    for trial in trials:
        seen = trial.reidentify(release)
        for role, gallery in (("members", trial.members), ("controls", trial.controls)):
            near = nearest_cosines(gallery.probes, seen, 1, task="re-identify")
            nearest[role].append(near[:, 0])
            ranks[role].append(_ranks(gallery, seen))
    # A patient may be in one trial alone, so that all are patients of their own.
    return Outcome(
        separation(
            np.concatenate(nearest["members"]),
            np.concatenate(nearest["controls"]),
            member_patients=[name for trial in trials for name in trial.members.patients],
            control_patients=[name for trial in trials for name in trial.controls.patients],
        ),
        tuple(
            _rate(np.concatenate(ranks["members"]), np.concatenate(ranks["controls"]), candidates)
            for candidates in CANDIDATES
        ),
    )


def _ranks(gallery: Gallery, release: Vectors) -> NDArray[np.int64]:
    """(n,) how many other patients have a score as high as the right one, for each probe.

    Args:
        gallery: the patients.
        release: (r, components).
    """
    over = min(OVER, len(release))
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


def _verified(trials: list[Trial]) -> dict[str, Any]:
    """How well the re-identifier tells films of one patient from films of two, with no release.

    Each probe is compared with the other film of its patient, and with those of up to `STRANGERS`
    other patients of its gallery.
    """
    same, other = [], []
    patients: list[str] = []
    strangers: list[str] = []
    found = dict.fromkeys(CANDIDATES, 0)
    for trial in trials:
        for gallery in (trial.members, trial.controls):
            with one_thread_each():
                cosines = gallery.probes @ gallery.films.T
            own = np.diag(cosines)
            higher = (cosines >= own[:, None]).sum(axis=1) - 1
            for candidates in CANDIDATES:
                found[candidates] += int((higher < candidates).sum())
            count = len(own)
            same.append(own)
            patients += gallery.patients
            for step in range(1, min(STRANGERS, count - 1) + 1):
                places = (np.arange(count) + step) % count
                other.append(cosines[np.arange(count), places])
                strangers += gallery.patients
    area = clustered_auc(
        np.concatenate(same).astype(np.float64),
        np.concatenate(other).astype(np.float64),
        positive_clusters=patients,
        negative_clusters=strangers,
    )
    return {
        "verification_auc": area.auc,
        "interval": [area.low, area.high],
        "patients": len(patients),
        "gallery": max(len(trial.members.patients) for trial in trials),
        **{f"top_{candidates}": found[candidates] for candidates in CANDIDATES},
    }
