"""Distance to the closest record: a film that the release comes nearer to is taken for a member.

The score is the cosine with the nearest released film (Chen et al., GAN-Leaks, CCS 2020; for tables
known as DCR). It finds copies. Its area is blind to a few of them: of 480 released films of
phantoms, 24 that are altered copies move it from 0.50 to 0.52; the number of members that are
nearer than *any* control film finds them, and is part of this attack. A set that passes a test of
distances may still leak (Yao et al., The DCR Delusion, arXiv 2505.01524): absence here is absence
for this attack alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from cxr_release.scorecard.attacks.attack import Attack, Scores
from cxr_release.scorecard.attacks.films import attack_on_films
from cxr_release.scorecard.attacks.neighbours import Neighbours
from cxr_release.scorecard.positive_controls import Planted
from cxr_release.scorecard.sets import ScoreSets

NAME = "distance to the closest record"


def nearest_attack(
    sets: ScoreSets, released: Neighbours, planted: Sequence[tuple[Planted, Neighbours]]
) -> Attack:
    """The attack on a release, and on releases with planted copies.

    Args:
        sets: the films.
        released: the cosines with the released films.
        planted: positive controls, with the cosines that those give.
    """
    return attack_on_films(NAME, sets, released, planted, scores_of)


def scores_of(released: Neighbours) -> tuple[Scores, Scores]:
    """Of trained and of control films, the cosine with the nearest released film."""
    return released.members[:, 0], released.controls[:, 0]
