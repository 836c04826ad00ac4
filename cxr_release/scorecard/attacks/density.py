"""Density ratio: where released films lie denser than films of others do, a member is suspected.

The score is that of DOMIAS (van Breugel et al., Membership Inference Attacks against Synthetic Data
through Overfitting Detection, AISTATS 2023), log p(film | release) − log p(film | reference), with
densities from the mean distance to the nearest `K` films: the log of the mean distance to the
reference minus that of the mean distance to the release. (A density of k neighbours goes with
distance to the power −d, Loftsgaarden and Quesenberry 1965; d and the sizes of the sets are the
same for all films and change no order.) The reference is the other half of the control films
(`neighbours`); a reference that contains members turns the sign.

It finds what overfits without copying, where the distance alone is drowned by how ordinary a film
is: of a generator that saw each of 40 phantoms 180 times it found 0.72 where the distance found
0.64. Single copies it hardly sees: for those is the other attack.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cxr_release.scorecard.attacks.attack import AUC, Attack, Scores
from cxr_release.scorecard.attacks.films import attack_on_films
from cxr_release.scorecard.attacks.neighbours import Neighbours
from cxr_release.scorecard.positive_controls import Planted
from cxr_release.scorecard.sets import ScoreSets
from cxr_release.scorecard.vectors import Cosines

NAME = "density ratio"
_LEAST = 1e-3
"""Distance that counts as 0: below it are the last bits of the cosines."""


def density_attack(
    sets: ScoreSets,
    released: Neighbours,
    reference: Neighbours,
    planted: Sequence[tuple[Planted, Neighbours]],
) -> Attack:
    """The attack on a release, and on releases with planted copies.

    Args:
        sets: the films.
        released: the cosines with the released films.
        reference: those with the halves of the control; see `reference_neighbours`.
        planted: positive controls, with the cosines that those give.
    """
    return attack_on_films(
        NAME,
        sets,
        released,
        planted,
        lambda near: scores_of(near, reference),
        # The tail of a ratio is not tested: it is where the reference is sparse by chance.
        tests=(AUC,),
    )


def scores_of(released: Neighbours, reference: Neighbours) -> tuple[Scores, Scores]:
    """Of trained and of control films, by how much denser released films lie around them."""
    return (
        _ratio(released.members, reference.members),
        _ratio(released.controls, reference.controls),
    )


def _ratio(released: Cosines, reference: Cosines) -> NDArray[np.float64]:
    """(films,) log of the mean distance to the reference over that to the release."""
    return _log_distance(reference) - _log_distance(released)


def _log_distance(cosines: Cosines) -> NDArray[np.float64]:
    distances = np.sqrt(np.maximum(2 - 2 * cosines.astype(np.float64), 0))
    logs: NDArray[np.float64] = np.log(np.maximum(distances, _LEAST).mean(axis=1))
    return logs
