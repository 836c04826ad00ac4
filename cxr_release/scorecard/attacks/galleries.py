"""Who is looked for, and by whom: galleries of patients for re-identification.

Both groups are halved by patient: the re-identifier that looks for one half of both was learnt on
the other half of both. Only patients with two films or more can be looked for: the first is the
probe, the second stands in the gallery. All galleries are of one size, that of the smallest half;
larger groups fill several.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.parallel import one_thread_each
from cxr_release.scorecard.reidentifier import Reidentifier, learn
from cxr_release.scorecard.sets import Part, ScoreSets
from cxr_release.scorecard.vectors import Vectors
from cxr_release.statistics.clustered_auc import clustered_auc

CANDIDATES = (1, 5)
"""How many patients the attacker may name; no more than a quarter of a gallery."""
FEWEST = 10
"""Patients in a gallery."""
STRANGERS = 20
"""Films of other patients that each probe is compared with to verify the re-identifier."""
ONE_FILM = "one film a patient"
TOO_FEW = (
    "too few patients with several films: twice"
    f" {FEWEST} trained and twice {FEWEST} control patients are needed"
)


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


def trials_of(sets: ScoreSets) -> list[Trial] | str:
    """The two trials, or why they cannot be made: see `ONE_FILM` and `TOO_FEW`."""
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


def candidates_in(trials: list[Trial]) -> list[int]:
    """Of `CANDIDATES`, those that galleries of this size allow."""
    size = len(trials[0].members[0].patients)
    return [candidates for candidates in CANDIDATES if 4 * candidates <= size]


def verified(trials: list[Trial]) -> dict[str, Any]:
    """How well the re-identifier tells films of one patient from films of two, with no release.

    Each probe is compared with the other film of its patient, and with those of up to `STRANGERS`
    other patients of its gallery.
    """
    same, other = [], []
    patients: list[str] = []
    strangers: list[str] = []
    found = dict.fromkeys(candidates_in(trials), 0)
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
