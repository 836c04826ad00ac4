"""How often readers found the real film, and how far that is from chance.

Trials of one reader, and of one quartet, are alike: readers differ in skill and quartets in how
hard they are. What takes each trial for itself (the binomial test and the Clopper–Pearson
interval, as in the paper) is therefore too sure, and a clustered interval stands beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.reader_study.ratings import Ratings
from cxr_release.statistics.agreement import fleiss_kappa
from cxr_release.statistics.bootstrap import cluster_draws, design_effect, percentiles
from cxr_release.statistics.proportions import ALPHA, clopper_pearson, equivalence_p

Floats = NDArray[np.float64]


def identification_of(ratings: Ratings, *, margin: float, draws: int, seed: int) -> dict[str, Any]:
    """Accuracy, its intervals, and its distance from chance.

    Args:
        ratings: of the study.
        margin: of accuracy: a smaller distance from chance counts as none.
        draws: of the bootstrap.
        seed: of the draws.

    Returns:
        `correct`, `trials`, `accuracy` and `chance` (0 … 1); `p_two_sided` (exact binomial test;
        the less likely outcomes are those of no greater probability, as in R) and `ci95` (Clopper
        and Pearson 1934), both for independent trials; `clustered_ci95` (see `cluster_draws`),
        `design_effect` (see there) and `bootstrap`; `per_rater`; `picked`; `equivalence`.
        What cannot be told (of one reader, or where all or no trials are correct) is None.
    """
    from scipy.stats import binomtest

    hits = ratings.hits
    correct, trials = int(hits.sum()), hits.size
    chance = 1 / len(ratings.sources)
    drawn = cluster_draws(hits, draws=draws, seed=seed)
    ci90 = percentiles(drawn, 2 * ALPHA)
    low, high = chance - margin, chance + margin
    p = equivalence_p(correct, trials, low, high)
    return {
        "correct": correct,
        "trials": trials,
        "accuracy": correct / trials,
        "chance": chance,
        "p_two_sided": float(binomtest(correct, trials, chance).pvalue),
        "ci95": clopper_pearson(correct, trials),
        "clustered_ci95": percentiles(drawn, ALPHA),
        "design_effect": design_effect(hits),
        "bootstrap": draws,
        "per_rater": {
            rater: {
                "correct": int(mine.sum()),
                "trials": mine.size,
                "accuracy": float(mine.mean()),
                "ci95": clopper_pearson(int(mine.sum()), mine.size),
            }
            for rater, mine in zip(ratings.raters, hits, strict=True)
        },
        "picked": {
            source: int((ratings.picked == place).sum())
            for place, source in enumerate(ratings.sources)
        },
        "equivalence": {
            "margin": margin,
            "p": p,
            "ci90": ci90,
            "equivalent": p <= ALPHA and ci90 is not None and low < ci90[0] and ci90[1] < high,
        },
    }


def fleiss_kappa_of(ratings: Ratings) -> float | None:
    """Agreement beyond chance on the source picked (Fleiss 1971): 1 full, 0 none.

    Returns:
        Fleiss' kappa; None with one rater, or where everyone always picked one source.
    """
    places = np.arange(len(ratings.sources))
    return fleiss_kappa((ratings.picked[:, :, None] == places).sum(axis=0))
