"""Are the films of a release like real ones: each measure beside films of known worth.

Measured of the release, of each checkpoint and of each anchor (`anchors`), over random convolution
features of small pictures: the Fréchet distance, precision, density and coverage (see
`fidelity.distances`), and how well a classifier tells the films from real ones (`two_sample`); of
the pictures themselves, how alike two of them are (MS-SSIM, see `fidelity.measure`); and whatever
extractors with weights were given (`extractors`). Recall is not: it was about 0.9 for every
checkpoint of a run, the first and the last, for a ball around films that are scattered widely holds
nearly all real films.

The score is 100 × the mean of three: the Fréchet distance on a logarithmic scale, 0 at that of
noise and 1 at the ideal's; coverage over the ideal's; and 2 × (1 − AUC) of the classifier; each cut
to 0 … 1. Copies score as the ideal does: films of patients are real. It takes the features without
weights, so that scores of projects with other weights, or with none, may be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cxr_release.fidelity.distance_types import FEATURES
from cxr_release.fidelity.distances import frechet_distance, overlap, reach
from cxr_release.fidelity.measure import similarities
from cxr_release.films.film_set import FilmSet
from cxr_release.films.folder import printable
from cxr_release.generators.runtime.compute import cores
from cxr_release.memorization.parallel import one_thread_each
from cxr_release.scorecard.anchors import FEWEST, FEWEST_OF_CHECKPOINT, Row, Rows, rows_of
from cxr_release.scorecard.extractors import Extractor, Measured
from cxr_release.scorecard.fidelity_rows import (
    ANCHORS,
    COVERAGE,
    DENSITY,
    FRECHET,
    LOWER,
    MS_SSIM,
    PICTURES,
    PRECISION,
    TWO_SAMPLE,
    score_of,
)
from cxr_release.scorecard.names import COPIES, IDEAL, RELEASE, title
from cxr_release.scorecard.picture_features import PictureFeatures, picture_features
from cxr_release.scorecard.sets import ScoreSets
from cxr_release.scorecard.two_sample import two_sample_test
from cxr_release.statistics.bootstrap import (
    clustered_distance_interval,
    clustered_mean_interval,
    mean_interval,
)

PAIRS = 40
"""Pairs whose MS-SSIM is taken, of each row: some 10 ms each."""
BOOTSTRAP = 200
"""Draws behind each interval."""
_SEED = 1803
Key = tuple[str, str]
"""A metric and the features that it is taken of."""


@dataclass(frozen=True)
class Fidelity:
    """What was measured of every row."""

    rows: Rows | None
    """None where there are too few films."""
    measures: Mapping[Key, Mapping[str, Measured]] = field(default_factory=dict)
    """Metric and features → row → what was measured; not of rows of which it cannot be."""
    lower: frozenset[Key] = frozenset()
    """Those that are better where they are lower."""
    why_not: tuple[str, ...] = ()

    def report(self) -> list[dict[str, Any]]:
        """A row for each measure of the release and of each checkpoint, ready for JSON.

        `reference_of` says whether the reference are control or trained films.
        """
        if self.rows is None:
            return []
        return [
            {
                "metric": metric,
                "features": features,
                "of": row.name,
                "films": row.films,
                "reference": self.rows.reference.films,
                "reference_of": self.rows.reference.role,
                "value": measured[row.name].value,
                "interval": measured[row.name].interval,
                **{name: _value(measured.get(name)) for name in ANCHORS},
                "better": "lower" if (metric, features) in self.lower else "higher",
            }
            for (metric, features), measured in self.measures.items()
            for row in self.rows.rows
            if row.name in measured and row.name not in ANCHORS
        ]

    def scores(self) -> dict[str, float | None]:
        """0 … 100 of the release, the ideal, copies and each checkpoint; None: not measurable."""
        if self.rows is None:
            return {RELEASE: None, IDEAL: None, COPIES: None}
        shown = [row.name for row in self.rows.rows if row.name not in ANCHORS]
        rows = self.report()
        return {name: score_of(rows, name) for name in [*shown, IDEAL, COPIES]}


def measure_fidelity(
    sets: ScoreSets,
    *,
    features: PictureFeatures | None = None,
    extractors: Sequence[Extractor] = (),
    films: Mapping[str, FilmSet] | None = None,
) -> Fidelity:
    """Measure the release, each checkpoint and the anchors.

    Args:
        sets: see `score_sets`. Without control films the reference is half of the trained ones.
        features: of the sets' pictures; None takes them.
        extractors: with weights, beside the features without.
        films: role → films of that part, which extractors read at their own size; needed where
            there are extractors.

    Raises:
        SourceError: a film cannot be read any more.
        CxrReleaseError: an extractor fails on a film.
    """
    known = features or picture_features(sets)
    rows = rows_of(sets, known.places, known.pooled)
    if rows is None:
        few = (
            f"fidelity: fewer than {FEWEST} films would stand for the release, or for what it is"
            " held against"
        )
        return Fidelity(None, why_not=(few,))
    why_not = [
        f"fidelity: {printable(title(name))} has fewer than {FEWEST_OF_CHECKPOINT} films, and"
        " no row of its own"
        for name in rows.left_out
    ]
    measures = _of_pictures(rows, known)
    lower = {key for key in measures if key[0] in LOWER}
    for extractor in extractors:
        if films is None:
            raise ValueError("extractors read films, and none were given")
        measured = extractor.measure(rows, films)
        measures |= measured
        lower |= {key for key in measured if key[0] not in extractor.higher}
    result = Fidelity(rows, measures, frozenset(lower))
    if result.scores()[RELEASE] is None:
        why_not.append(
            "fidelity: no number, for the measures do not tell real films from noise, or real films"
            " are of too few patients"
        )
    return Fidelity(rows, measures, frozenset(lower), tuple(why_not))


def _of_pictures(rows: Rows, known: PictureFeatures) -> dict[Key, dict[str, Measured]]:
    reference = rows.reference.features(0, known)
    patients = rows.reference.patients(0)
    real_reach = reach(reference)
    measures: dict[Key, dict[str, Measured]] = {}
    for row in rows.rows:
        drawn = [row.features(draw, known) for draw in range(len(row.draws))]
        scores = {FRECHET: _distance(row, drawn, reference, patients)}
        overlaps = [overlap(each, reference, real_reach=real_reach) for each in drawn]
        covered = np.mean([each.coverage for each in overlaps], axis=0)
        scores[COVERAGE] = _mean(covered, patients)
        owners = [patient for draw in range(len(row.draws)) for patient in row.patients(draw)]
        for name, metric in ((DENSITY, "density"), (PRECISION, "precision")):
            scores[name] = _mean(
                np.concatenate([getattr(each, metric) for each in overlaps]), owners
            )
        told = _told_apart(row, drawn, reference, patients)
        if told is not None:
            scores[TWO_SAMPLE] = told
        for metric, measured in scores.items():
            measures.setdefault((metric, FEATURES), {})[row.name] = measured
    measures.setdefault((TWO_SAMPLE, FEATURES), {})
    with cores() as pool:
        # Several rows at a time, each on a core: of one row, more cores only wait for each other.
        alike = pool.map(_alike, rows.rows)
        measures[MS_SSIM, PICTURES] = {
            row.name: measured for row, measured in zip(rows.rows, alike, strict=True)
        }
    return measures


def _distance(
    row: Row, drawn: Sequence[np.ndarray], reference: np.ndarray, patients: Sequence[str]
) -> Measured:
    with one_thread_each():
        value = float(np.mean([frechet_distance(each, reference) for each in drawn]))
        interval = clustered_distance_interval(
            frechet_distance,
            drawn[0],
            reference,
            clusters=(row.patients(0), patients),
            value=value,
            draws=BOOTSTRAP,
            seed=_SEED,
        )
    return Measured(value, interval)


def _told_apart(
    row: Row, drawn: Sequence[np.ndarray], reference: np.ndarray, patients: Sequence[str]
) -> Measured | None:
    """Mean area over the draws; the interval is that of the first, moved by as much."""
    tests = [
        two_sample_test(each, reference, drawn_patients=row.patients(draw), real_patients=patients)
        for draw, each in enumerate(drawn)
    ]
    known = [test for test in tests if test is not None]
    if len(known) < len(tests):
        return None
    value = float(np.mean([test.auc for test in known]))
    ends = (end + value - known[0].auc for end in (known[0].low, known[0].high))
    return Measured(value, [min(1.0, max(0.0, end)) for end in ends])


def _alike(row: Row) -> Measured:
    values = similarities(row.pictures(0), seed=_SEED, most=PAIRS)
    return Measured(float(values.mean()), mean_interval(values, draws=BOOTSTRAP, seed=_SEED))


def _mean(values: np.ndarray, patients: Sequence[str]) -> Measured:
    interval = clustered_mean_interval(values, patients, draws=BOOTSTRAP, seed=_SEED)
    return Measured(float(values.mean()), interval)


def _value(measured: Measured | None) -> float | None:
    return None if measured is None else measured.value
