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

Both groups are halved by patient: the re-identifier that looks for one half of both was learnt on
the other half of both. Only patients with two films or more can be looked for: the first is the
probe, the second stands in the gallery. All galleries are of one size, that of the smallest half;
larger groups fill several. Of trained patients the generator has learnt from the probe, too: the
risk includes what it copied from that, and is an upper bound of what another film gives away.
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
from cxr_release.scorecard.reidentifier import Reidentifier, learn
from cxr_release.scorecard.sets import Part, ScoreSets
from cxr_release.scorecard.vectors import Vectors, nearest_cosines
from cxr_release.statistics.clustered_auc import clustered_auc
from cxr_release.statistics.exceedances import LEVEL
from cxr_release.statistics.proportions import residual_risk

NAME = "re-identification"
CANDIDATES = (1, 5)
"""How many patients the attacker may name; no more than a quarter of a gallery."""
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
PROBES = (
    "the generator has learnt from the attacker's films of trained patients, too: the risk is an"
    " upper bound"
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
    """Galleries of patients of a half of both groups, and who looks for them."""

    reidentify: Reidentifier
    members: tuple[Gallery, ...]
    controls: tuple[Gallery, ...]


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
    trials = _trials(sets)
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
            "reidentifier": _verified(trials),
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


def _trials(sets: ScoreSets) -> list[Trial] | str:
    """The two trials, or why they cannot be made."""
    parts = sets.trained, sets.control
    pairs = [_pairs(part) for part in parts]
    if not all(pairs):
        return ONE_FILM
    halves = [part.halves() for part in parts]
    known = [
        [_among(of_part, places) for places in of_halves]
        for of_part, of_halves in zip(pairs, halves, strict=True)
    ]
    size = min(len(each) for of_part in known for each in of_part)
    if size < FEWEST:
        return TOO_FEW
    # As many galleries in both trials: else one re-identifier would count more for one group.
    most = [min(len(each) for each in of_part) // size for of_part in known]
    trials = []
    for half in (0, 1):
        others = [part.take(places[1 - half]) for part, places in zip(parts, halves, strict=True)]
        reidentify = learn(
            np.concatenate([part.vectors for part in others]),
            [patient for part in others for patient in part.patients],
        )
        if reidentify is None:
            return TOO_FEW
        members, controls = (
            tuple(
                _gallery(part, of_part[half][size * number : size * (number + 1)], reidentify)
                for number in range(galleries)
            )
            for part, of_part, galleries in zip(parts, known, most, strict=True)
        )
        trials.append(Trial(reidentify, members, controls))
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
        tuple(_rate(ranks[0], ranks[1], candidates) for candidates in _candidates(trials)),
    )


def _candidates(trials: list[Trial]) -> list[int]:
    size = len(trials[0].members[0].patients)
    return [candidates for candidates in CANDIDATES if 4 * candidates <= size]


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


def _verified(trials: list[Trial]) -> dict[str, Any]:
    """How well the re-identifier tells films of one patient from films of two, with no release.

    Each probe is compared with the other film of its patient, and with those of up to `STRANGERS`
    other patients of its gallery.
    """
    same, other = [], []
    patients: list[str] = []
    strangers: list[str] = []
    found = dict.fromkeys(_candidates(trials), 0)
    for trial in trials:
        for gallery in (*trial.members, *trial.controls):
            with one_thread_each():
                cosines = gallery.probes @ gallery.films.T
            own = np.diag(cosines)
            higher = (cosines >= own[:, None]).sum(axis=1) - 1
            for candidates in found:
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
        "gallery": len(trials[0].members[0].patients),
        **{f"top_{candidates}": hits for candidates, hits in found.items()},
    }
