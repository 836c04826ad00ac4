"""The blinded reader study in numbers: the paper's statistics, and what they can show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cxr_release.params import StudyParams
from cxr_release.reader_study.identification import fleiss_kappa_of, identification_of
from cxr_release.reader_study.power import power_of
from cxr_release.reader_study.rated import REAL
from cxr_release.reader_study.ratings import Ratings, by_answers, identical, ratings_of
from cxr_release.reader_study.realism import realism_of
from cxr_release.reader_study.responses import read_responses
from cxr_release.reader_study.signed_rank import RULES

LEFT_OUT = (
    "No Python library that this package stands on fits a cumulative link mixed model by maximum"
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
        `images_per_quartet` (how many), `sources` (`real` first), `identical` (groups of raters who
        answered alike throughout), `identification` (see `identification_of`), `fleiss_kappa`,
        `realism` (see `realism_of`), `wilcoxon` (the rule of each p of realism), `power` (see
        `power_of`),
        `cumulative_link_mixed_model` (`fitted` and, as it is not, `why`).
    """
    ratings = by_answers(ratings)
    identification = identification_of(
        ratings, margin=settings.accuracy_margin, draws=settings.bootstrap, seed=seed
    )
    return {
        "raters": len(ratings.raters),
        "quartets": len(ratings.quartets),
        "images_per_quartet": len(ratings.sources),
        "sources": list(ratings.sources),
        "identical": identical(ratings),
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
    found = analyze(ratings, settings, seed=seed)
    if figures is not None:
        from cxr_release.reader_study.figures import draw_identification, draw_realism

        draw_realism(figures, ratings, found)
        draw_identification(figures, ratings, found)
    return found
