"""The blinded reader study in numbers: the paper's statistics, and what they can show.

How often readers found the real film. Trials of one reader, and of one quartet, are alike: readers
differ in skill and quartets in how hard they are. What takes each trial for itself (the binomial
test and the Clopper–Pearson interval, as in the paper) is therefore too sure, and a clustered
interval is given beside it.

How real films of each source look to readers. Each reader's sum of ratings of the real films is
compared with the sum of each checkpoint's films: paired, two-sided Wilcoxon signed-rank tests,
adjusted by Holm's method: as the paper's R made them, and exact.

What a study of this size can show: the least effect that it would find, four times in five.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cxr_release.params.people import StudyParams
from cxr_release.reader_study.ratings import REAL, Ints, Ratings, ratings_of
from cxr_release.reader_study.responses import read_responses
from cxr_release.statistics.agreement import fleiss_kappa
from cxr_release.statistics.bootstrap import cluster_draws, design_effect, percentiles
from cxr_release.statistics.multiple import holm
from cxr_release.statistics.proportions import (
    ALPHA,
    clopper_pearson,
    detectable_proportions,
    equivalence_p,
)
from cxr_release.statistics.signed_rank import (
    RULES,
    exact_signed_rank,
    paired_equivalence,
    signed_rank,
)

LIKERT = (1, 2, 3, 4)


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
            reader: {
                "correct": int(reader_hits.sum()),
                "trials": reader_hits.size,
                "accuracy": float(reader_hits.mean()),
                "ci95": clopper_pearson(int(reader_hits.sum()), reader_hits.size),
            }
            for reader, reader_hits in zip(ratings.readers, hits, strict=True)
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
        Fleiss' kappa; None with one reader, or where everyone always picked one source.
    """
    places = np.arange(len(ratings.sources))
    return fleiss_kappa((ratings.picked[:, :, None] == places).sum(axis=0))


def realism_of(ratings: Ratings, *, margin: float) -> dict[str, Any]:
    """Mean realism by source, and real against each checkpoint.

    Args:
        ratings: of the study.
        margin: Likert points: a smaller difference of means counts as none.

    Returns:
        Source → `mean`, `sd` (of single ratings; None of a single one), `ratings` (how many of
        each). Of a checkpoint too: `difference` (mean of real − its mean); `V`, `p`, `p_holm` and
        `method`, by the rule of R 4.4 (see `signed_rank`); `V_exact`, `p_exact` and
        `p_exact_holm`, exact (see `exact_signed_rank`), on which rests what is called significant;
        `raters_differing`; `smallest_p` and `smallest_p_holm`, the least `p_exact` and
        `p_exact_holm` that these readers can give, whichever way they differ; and `equivalence`
        (see `paired_equivalence`).
    """
    sums = ratings.sums
    quartets, readers = len(ratings.quartets), len(ratings.readers)
    differences = [sums[:, 0] - synthetic for synthetic in sums.T[1:]]
    realism: dict[str, dict[str, Any]] = {
        source: _described(ratings.rating[:, :, place])
        for place, source in enumerate(ratings.sources)
    }
    tested = [
        {"difference": int(difference.sum()) / (readers * quartets), **_tested(difference)}
        for difference in differences
    ]
    for name in ("p", "p_exact", "smallest_p"):
        # No adjusted p rises where another p falls: all least ones give the least adjusted ones.
        for result, adjusted in zip(tested, holm([result[name] for result in tested]), strict=True):
            result[f"{name}_holm"] = adjusted
    for place, result in enumerate(tested, start=1):
        equivalence = paired_equivalence(sums[:, 0], sums[:, place], count=quartets, margin=margin)
        realism[ratings.sources[place]] |= {**result, "equivalence": equivalence}
    return realism


def _tested(differences: Ints) -> dict[str, Any]:
    """Both tests of the readers' differences, not adjusted."""
    test, exact = signed_rank(differences), exact_signed_rank(differences)
    return {
        "V": test.v,
        "p": test.p,
        "method": test.method,
        "V_exact": exact.v,
        "p_exact": exact.p,
        "raters_differing": exact.differing,
        "smallest_p": exact.smallest_p,
    }


def _described(rating: Ints) -> dict[str, Any]:
    return {
        "mean": int(rating.sum()) / rating.size,
        "sd": float(rating.std(ddof=1)) if rating.size > 1 else None,
        "ratings": {str(value): int((rating == value).sum()) for value in LIKERT},
    }


POWER = 0.8
WIDEST = 3.0
"""Likert points between unrealistic and fully realistic."""


def power_of(ratings: Ratings, *, design_effect: float | None) -> dict[str, Any]:
    """The accuracies and differences of realism that this design would find.

    Args:
        ratings: of the study. Only their number and the spread between readers count.
        design_effect: of the accuracy; below 1 it counts as 1. None: not known.

    Returns:
        `alpha` and `power`; `detectable_accuracy`: below and above chance, by the exact binomial
        test of independent trials, None where no accuracy is far enough; `effective_trials`
        (trials ÷ design effect) and `detectable_accuracy_clustered`, the same of so many trials,
        both None where the design effect is not known; `detectable_difference`: checkpoint →
        Likert points by which its mean must differ from the real films', by a paired t test of
        the readers' means (the Wilcoxon test of the study needs slightly more), None where the
        readers' differences have no spread, or so much that the scale has no such difference.
    """
    trials, chance = ratings.picked.size, 1 / len(ratings.sources)
    effective = None if design_effect is None else int(trials / max(1.0, design_effect))
    return {
        "alpha": ALPHA,
        "power": POWER,
        "detectable_accuracy": detectable_proportions(trials, chance, power=POWER),
        "effective_trials": effective,
        "detectable_accuracy_clustered": (
            None if effective is None else detectable_proportions(effective, chance, power=POWER)
        ),
        "detectable_difference": {
            source: detectable_difference(ratings, place)
            for place, source in enumerate(ratings.sources)
            if place
        },
    }


def detectable_difference(ratings: Ratings, place: int) -> float | None:
    """Likert points between real films and those of one source that a paired t test finds.

    Args:
        ratings: of the study.
        place: of the source in `ratings.sources`.
    """
    from statsmodels.stats.power import TTestPower

    sums = ratings.sums
    differences = (sums[:, 0] - sums[:, place]) / len(ratings.quartets)
    readers = len(differences)
    if readers < 2 or np.ptp(sums[:, 0] - sums[:, place]) == 0:
        return None
    spreads = TTestPower().solve_power(nobs=readers, alpha=ALPHA, power=POWER)
    points = float(spreads) * float(differences.std(ddof=1))
    return points if points <= WIDEST else None


LEFT_OUT = (
    "No Python library used here fits a cumulative link mixed model by maximum"
    " likelihood: statsmodels' OrderedModel has no random effects. In R, ordinal::clmm fits one to"
    " responses.csv: factor(rating, ordered = TRUE) ~ source + (1 | rater) + (1 | quartet)."
)


def analyze(ratings: Ratings, settings: StudyParams, *, seed: int) -> dict[str, Any]:
    """Everything that is computed of a study.

    Args:
        ratings: of the study.
        settings: `margin`, `accuracy_margin` and `bootstrap` of them.
        seed: of the bootstrap.

    Returns:
        Plain values for JSON, None for what cannot be told: `raters`, `quartets` and
        `images_per_quartet` (how many), `sources` (`real` first), `identical` (groups of readers
        who answered alike throughout), `identification` (see `identification_of`), `fleiss_kappa`,
        `realism` (see `realism_of`), `wilcoxon` (the rule of each p of realism), `power` (see
        `power_of`),
        `cumulative_link_mixed_model` (`fitted` and, as it is not, `why`).
    """
    ratings = ratings.by_answers()
    identification = identification_of(
        ratings, margin=settings.accuracy_margin, draws=settings.bootstrap, seed=seed
    )
    return {
        "raters": len(ratings.readers),
        "quartets": len(ratings.quartets),
        "images_per_quartet": len(ratings.sources),
        "sources": list(ratings.sources),
        "identical": ratings.identical,
        "identification": identification,
        "fleiss_kappa": fleiss_kappa_of(ratings),
        "realism": realism_of(ratings, margin=settings.margin),
        "wilcoxon": dict(RULES),
        "power": power_of(ratings, design_effect=identification["design_effect"]),
        "cumulative_link_mixed_model": {"fitted": False, "why": LEFT_OUT},
    }


def analyze_file(
    path: Path,
    settings: StudyParams,
    *,
    seed: int,
    figures: Path | None = None,
    real: str = REAL,
) -> dict[str, Any]:
    """Read a tidy CSV, analyse it and, if asked for, draw the figures.

    Args:
        path: the CSV; see `read_responses`.
        settings: see `analyze`.
        seed: of the bootstrap.
        figures: folder for `realism` and `identification`, each as SVG and PNG.
        real: what the file calls the source of the real films.

    Raises:
        ReaderStudyError: with every fault of the file; then nothing is written.
    """
    ratings = ratings_of(read_responses(path, real=real))
    study = analyze(ratings, settings, seed=seed)
    if figures is not None:
        from cxr_release.reader_study.figures import draw_identification, draw_realism

        draw_realism(figures, ratings, study)
        draw_identification(figures, ratings, study)
    return study
