"""What an audit found, in numbers, and what of it is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cxr_release.encoders.encoder import Encoder
from cxr_release.errors import CxrReleaseError, Fault, SourceError
from cxr_release.films.film_set import Ignored
from cxr_release.films.patients import counted
from cxr_release.memorization.calibration import Calibration, Floats, Split, distance, quantiles
from cxr_release.memorization.duplicates import Duplicates
from cxr_release.memorization.features import FilmFeatures
from cxr_release.memorization.recall import Recall
from cxr_release.memorization.search import Pair, SearchResult

Report = dict[str, Any]

INCOMPLETE, NO_BASELINE = "incomplete", "no baseline"
FLAGGED, NOTHING_FLAGGED = "flagged", "nothing flagged"

BINS = 60
"""Of the histogram of distances."""
GOOD_PART = 0.1
"""Share of all pairs from which on a list would hold planted copies without any search."""
BASELINE = "give patients.csv beside the real films, or --split"
"""How to get something to compare with."""
FILES = {
    "audit.json": "all of this",
    "pairs.parquet": "the listed pairs",
    "nearest.parquet": "every synthetic film and its nearest real one",
    "within.parquet": "the most similar pairs within each set",
    "pairs.png": "the listed pairs, side by side",
    "distances.png": "how near films lie",
}
"""What an audit writes for people; all but the last name or show real films."""


@dataclass(frozen=True, kw_only=True)
class Searched:
    """Everything that an audit found."""

    real: FilmFeatures
    synthetic: FilmFeatures
    ignored: Mapping[str, Sequence[Ignored]]
    """Files of each set that are not films."""
    result: SearchResult
    recall: Recall
    calibration: Calibration
    duplicates: Mapping[str, Duplicates]
    """Of `real` and of `synthetic`."""
    tuning: Sequence[bool] | None
    """Whether each real film is in the tuning part; None without a split."""
    tuning_cosines: Floats | None
    """Cosine of each flagged film with its nearest film of the tuning part, NaN of other films;
    None without a split."""

    @cached_property
    def cosines(self) -> tuple[Floats, Floats]:
        """Of each synthetic film with its nearest and its second nearest real film."""
        nearest = self.result.nearest
        return (
            np.array([film.cosine for film in nearest]),
            np.array([film.second_cosine for film in nearest]),
        )

    @cached_property
    def near(self) -> list[Pair]:
        """The listed pairs that are flagged, and the nearest pair of each flagged film.

        A pair as similar as a film and its recompressed copy counts like a flagged one where there
        is no baseline. The most similar come first; ties in the order of real and synthetic ids.
        """
        nearest = [
            Pair(film.real_id, film.synthetic_id, film.cosine, film.view)
            for film in self.result.nearest
        ]
        pairs = {
            (pair.real_id, pair.synthetic_id): pair
            for pair in (*nearest, *self.result.pairs)  # of a pair in both, the listed one
            if self.calibration.flagged(pair.cosine)
            or pair.cosine >= self.calibration.duplicate_threshold
        }
        return sorted(
            pairs.values(), key=lambda pair: (-pair.cosine, pair.real_id, pair.synthetic_id)
        )

    @property
    def split(self) -> Split | None:
        """Which part of the split holds the nearest real films."""
        if self.tuning is None:
            return None
        nearest = sum(self.tuning[film.real] for film in self.result.nearest)
        return Split(nearest, sum(self.tuning), len(self.tuning) - sum(self.tuning))

    @property
    def nearer(self) -> int | None:
        """Films above the threshold among the tuning part alone, as held-out films were searched.

        None where the held-out films are not the baseline.
        """
        baseline, threshold = self.calibration.baseline, self.calibration.threshold
        if threshold is None or baseline is not self.calibration.held_out:
            return None
        return None if self.tuning_cosines is None else int((self.tuning_cosines > threshold).sum())


def report_of(
    searched: Searched, named: Sequence[Mapping[str, Any]], *, encoder: Encoder, top: int
) -> Report:
    """The audit in numbers.

    Args:
        searched: what was found.
        named: the first pairs of `searched.near`; see `figures.describe_pairs`.
        encoder: that the films were searched with.
        top: pairs requested.

    Returns:
        `state`: `incomplete` where any film could not be read, else `no baseline`, `flagged` or
        `nothing flagged`. `encoder`; `real` and `synthetic` (films found and searched, the
        unreadable ones with their faults, what was done to others, files that are not films);
        `top`, `pairs`, `cosine` (highest and lowest of the pairs); `flagged` (pairs and films);
        `near` (the `pairs` that are flagged or may be duplicates, the first of them `named`);
        `calibration`; `histogram` (see there); `alike`, the cosine from which on films may be
        duplicates; `within` (each set); `power` (a row an alteration; shares are None where
        `power_note` says why they would mean nothing); `files`, by name.
    """
    pairs, calibration = searched.result.pairs, searched.calibration
    calibrated = calibration.report(*searched.cosines, searched.split, searched.nearer)
    flagged = calibrated["flagged"]
    return {
        "state": _state(searched, flagged),
        "encoder": {
            "name": encoder.name,
            "dimensions": encoder.dimensions,
            "looks": len(encoder.crops),
            "weights": asdict(encoder.weights) if encoder.weights else None,
        },
        "real": _account(searched.real, searched.ignored["real"]),
        "synthetic": _account(searched.synthetic, searched.ignored["synthetic"]),
        "top": top,
        "pairs": len(pairs),
        "cosine": {"highest": pairs[0].cosine, "lowest": pairs[-1].cosine},
        "flagged": None
        if flagged is None
        else {
            "pairs": sum(bool(calibration.flagged(pair.cosine)) for pair in pairs),
            "films": flagged,
        },
        "near": {"pairs": len(searched.near), "named": list(named)},
        "calibration": calibrated,
        "histogram": histogram(searched),
        "alike": calibration.duplicate_threshold,
        "within": {
            name: _duplicates(duplicates, calibration.duplicate_threshold)
            for name, duplicates in searched.duplicates.items()
        },
        **_recall(searched, top),
        "files": list(FILES),
    }


def _state(searched: Searched, flagged: int | None) -> str:
    if searched.real.unreadable or searched.synthetic.unreadable:
        return INCOMPLETE
    if flagged is None:
        return NO_BASELINE
    return FLAGGED if flagged else NOTHING_FLAGGED


def _account(films: FilmFeatures, ignored: Sequence[Ignored]) -> dict[str, Any]:
    unreadable = [film for film, _ in films.unreadable]
    return {
        "films": films.total,
        "searched": len(films.ids),
        **counted([films.patients.get(film) for film in (*films.ids, *unreadable)]),
        "unreadable": [{"film": film, "fault": fault} for film, fault in films.unreadable],
        "notes": [{"film": film, "note": note} for film, note in films.notes],
        "ignored": [{"file": file, "why": reason} for file, reason in ignored],
    }


def _recall(searched: Searched, top: int) -> dict[str, Any]:
    """What was found of planted copies, but for shares that any list of that length would have."""
    rows = searched.recall.alterations
    pairs = len(searched.real.ids) * (len(searched.synthetic.ids) + 1)  # with those of one copy
    by_itself = min(1.0, top / pairs)
    if by_itself < GOOD_PART:
        return {"power": rows, "power_note": None}
    note = (
        f"not measurable: {min(top, pairs):,} of {pairs:,} pairs are listed,"
        f" so that a list drawn at random would hold {100 * by_itself:.0f} % of the copies"
    )
    undefined = dict.fromkeys(("recall", "low", "high"))
    return {"power": [row | undefined for row in rows], "power_note": note}


def histogram(searched: Searched) -> dict[str, Any]:
    """How near films lie to their nearest one, as the figure shows it.

    Returns:
        `edges` of the bins, distances from 0 on, and how many films lie in each: `synthetic`, and
        `source` and `held_out`, None where none can be compared.
    """
    calibration = searched.calibration
    baselines = {"source": calibration.source, "held_out": calibration.held_out}
    distances = {"synthetic": distance(searched.cosines[0])} | {
        name: distance(np.array(baseline.cosines))
        for name, baseline in baselines.items()
        if baseline
    }
    most = max((float(part.max()) for part in distances.values() if len(part)), default=1.0) or 1.0
    # The last edge is published: it must not be the distance of two films to the last digit.
    edges = np.linspace(0, math.ceil(100 * most) / 100, BINS + 1)
    shown = {
        name: np.histogram(distances[name], edges)[0].tolist()
        if len(distances.get(name, ()))
        else None
        for name in ("synthetic", "source", "held_out")
    }
    return {"edges": edges.tolist(), **shown}


def _duplicates(duplicates: Duplicates, threshold: float) -> dict[str, Any]:
    nearest, other = duplicates.nearest, duplicates.nearest_other_group
    nearest = nearest[~np.isnan(nearest)]
    return {
        "films_with_one_alike": int((nearest >= threshold).sum()),
        "of_another_patient": None if other is None else int((other >= threshold).sum()),
        "highest": duplicates.pairs[0].cosine if duplicates.pairs else None,
        "distance": quantiles(distance(nearest)),
    }


def require_complete(report: Report, *, unflagged: bool = False) -> None:
    """Refuse to go on with a set in which a film could not be read.

    Args:
        report: the audit's.
        unflagged: refuse flagged films too, and sets in which nothing can be flagged.

    Raises:
        SourceError: with every film that could not be read.
        CxrReleaseError: films are flagged and must not be.
    """
    faults = [
        Fault(film["film"], film["fault"])
        for name in ("real", "synthetic")
        for film in report[name]["unreadable"]
    ]
    if faults:
        raise SourceError(
            f"{len(faults)} film(s) could not be searched; no set with such films is clean",
            remedy="mend them or take them out, and audit again",
            faults=faults,
        )
    if not unflagged:
        return
    films, near = report["flagged"], report["near"]["pairs"]
    if films and films["films"]:
        raise CxrReleaseError(
            f"{films['films']:,} synthetic film(s) are flagged", remedy="look at their pairs"
        )
    if near:
        raise CxrReleaseError(
            f"{near:,} pair(s) are as similar as a film and its recompressed copy",
            remedy="look at them",
        )
    if films is None:
        raise CxrReleaseError(report["calibration"]["note"], remedy=BASELINE)
