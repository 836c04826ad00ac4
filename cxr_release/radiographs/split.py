"""The tuning split: no patient stands in both parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from cxr_release.errors import SourceError


def split_by_patient(patients: Mapping[str, str], *, held_out: float, seed: int) -> dict[str, str]:
    """Assign every film to `tuning` or `held_out`.

    Whole patients are drawn at random until their films make up the share.

    Args:
        patients: film id → patient key.
        held_out: share of the films to hold out, 0 … 1. Met to within the films of one patient.
        seed: of the draw. The order of `patients` does not matter.

    Returns:
        film id → part, sorted by id.

    Raises:
        SourceError: there are fewer than two patients.
    """
    films: dict[str, list[str]] = defaultdict(list)
    for film in sorted(patients):
        films[patients[film]].append(film)
    if len(films) < 2:
        raise SourceError(
            "cannot split the films of one patient",
            where=f"{len(patients)} film(s)",
            remedy="give films of at least two patients",
        )
    keys = sorted(films)
    order = [keys[place] for place in np.random.default_rng([seed, 1]).permutation(len(keys))]
    wanted = held_out * len(patients)
    parts = dict.fromkeys(sorted(patients), "tuning")
    taken = 0
    # At least one patient is held out and at least one stays, however small the cohort.
    for place, patient in enumerate(order[:-1]):
        size = len(films[patient])
        if place and taken + size / 2 > wanted:
            break
        parts.update(dict.fromkeys(films[patient], "held_out"))
        taken += size
    return parts
