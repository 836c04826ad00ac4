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
from cxr_release.memorization.calibration import Calibration, Floats, Split, quantiles
from cxr_release.memorization.duplicates import Duplicates
from cxr_release.memorization.features import FilmFeatures
from cxr_release.memorization.list_length import recommended
from cxr_release.memorization.pairs import Pair, pair_of
from cxr_release.memorization.poses import looks
from cxr_release.memorization.recall import Recall
from cxr_release.memorization.scores import Matches
from cxr_release.schemas import SMALL

Report = dict[str, Any]

INCOMPLETE, NO_BASELINE = "incomplete", "no baseline"
FLAGGED, NOTHING_FLAGGED = "flagged", "nothing flagged"

BINS = 60
"""Of the histogram of scores."""
SETS = ("real", "control", "synthetic")
USUAL = 5.0
"""Score up to which it goes at least where films have such scores."""
MARGIN = 3
"""Standard deviations beyond the threshold to which the histogram goes at most."""
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
    """The source films, which were searched."""
    control: FilmFeatures | None
    """The real films that no generator saw; None where there are none."""
    synthetic: FilmFeatures
    ignored: Mapping[str, Sequence[Ignored]]
    """Files of each set that are not films."""
    matches: Matches
    """Of the synthetic films."""
    pairs: Sequence[Pair]
    """The list for people to judge."""
    recall: Recall
    plain_threshold: float
    """Lowest cosine of a film and its recompressed copy, whole and as they are."""
    calibration: Calibration
    duplicates: Mapping[str, Duplicates]
    """Of `real` and of `synthetic`."""
    tuning: Sequence[bool] | None
    """Whether each real film is in the tuning part; None without a split."""
    tuning_scores: Floats | None
    """Score of each synthetic film with its nearest film of the tuning part; None where there is no
    such part, and where control films are the baseline."""

    @cached_property
    def nearest(self) -> list[Pair]:
        """Each synthetic film with its likeliest original."""
        return [
            pair_of(self.matches, row, 0, self.real.ids, film)
            for row, film in enumerate(self.synthetic.ids)
        ]

    @cached_property
    def near(self) -> list[Pair]:
        """The listed pairs that are flagged, and the nearest pair of each flagged film.

        A pair as similar as a film and its recompressed copy counts like a flagged one where
        nothing can be flagged. The highest scores come first; ties in the order of the ids.
        """
        pairs = {
            (pair.real_id, pair.synthetic_id): pair
            for pair in (*self.nearest, *self.pairs)
            if self.calibration.flagged(pair.score) or self._alike(pair)
        }
        return sorted(
            pairs.values(), key=lambda pair: (-pair.score, pair.real_id, pair.synthetic_id)
        )

    def _alike(self, pair: Pair) -> bool:
        return pair.cosine >= self.recall.duplicate_threshold

    @property
    def split(self) -> Split | None:
        """Which part of the split holds the nearest real films."""
        if self.tuning is None:
            return None
        nearest = sum(self.tuning[place] for place in self.matches.real[:, 0].tolist())
        return Split(nearest, sum(self.tuning), len(self.tuning) - sum(self.tuning))


def report_of(
    searched: Searched,
    named: Sequence[Mapping[str, Any]],
    *,
    encoder: Encoder | None,
    top: int,
    recall: float,
) -> Report:
    """The audit in numbers.

    Args:
        searched: what was found.
        named: the first pairs of `searched.near`; see `figures.describe_pairs`.
        encoder: whose features were searched, too; None: none.
        top: pairs requested.
        recall: share of the planted copies of a kind that a list is to hold.

    Returns:
        `state`: `incomplete` where any film could not be read, else `no baseline`, `flagged` or
        `nothing flagged`. `encoder`; `real` (the source films), `control` (real films that no
        generator saw; None where there are none) and `synthetic` (films found and searched, the
        unreadable ones with their faults, what was done to others, files that are not films);
        `top`, `pairs`, `score` and `cosine` (highest and lowest of the pairs); `flagged` (pairs and
        films); `near` (the `pairs` that are flagged or may be duplicates, the first of them
        `named`); `calibration`; `histogram` (see there); `alike`, the cosine from which on aligned
        films may be duplicates; `within` (each set); `power` (a row an alteration; shares are None
        where `power_note` says why they would mean nothing); `list_length` (see `_list_length`);
        `files`, by name.
    """
    pairs, calibration = searched.pairs, searched.calibration
    calibrated = calibration.report(searched.matches, searched.tuning_scores, searched.split)
    flagged = calibrated["flagged"]
    return {
        "state": _state(searched, flagged),
        "encoder": {
            "name": encoder.name if encoder else "thumbnail",
            "dimensions": encoder.dimensions if encoder else SMALL * SMALL,
            "looks": len(looks()),
            "weights": asdict(encoder.weights) if encoder and encoder.weights else None,
        },
        "real": _account(searched.real, searched.ignored["real"]),
        "control": None if searched.control is None else _account(searched.control, ()),
        "synthetic": _account(searched.synthetic, searched.ignored["synthetic"]),
        "top": top,
        "pairs": len(pairs),
        **{
            name: {
                "highest": max(getattr(pair, name) for pair in pairs),
                "lowest": min(getattr(pair, name) for pair in pairs),
            }
            for name in ("score", "cosine")
        },
        "flagged": None
        if flagged is None
        else {
            "pairs": sum(bool(calibration.flagged(pair.score)) for pair in pairs),
            "films": flagged,
        },
        "near": {"pairs": len(searched.near), "named": list(named)},
        "calibration": calibrated,
        "histogram": histogram(searched),
        "alike": calibration.duplicate_threshold,
        "within": {
            name: _duplicates(duplicates, searched.plain_threshold)
            for name, duplicates in searched.duplicates.items()
        },
        **_recall(searched, top),
        "list_length": _list_length(searched.recall.alterations, recall),
        "files": list(FILES),
    }


def _list_length(rows: Sequence[Mapping[str, Any]], recall: float) -> dict[str, Any]:
    """How long the list must be to hold the share of each kind of copy that is asked for.

    Returns:
        `recall`, the share; `needed`, the pairs that the kinds need which any list can hold, None
        where there is none; `beyond`, the kinds of which the search itself finds too few.
    """
    needed, beyond = recommended(rows)
    return {"recall": recall, "needed": needed, "beyond": beyond}


def _state(searched: Searched, flagged: int | None) -> str:
    sets = (searched.real, searched.control, searched.synthetic)
    if any(films and films.unreadable for films in sets):
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
    """The scores of films with their nearest one, as the figure shows them.

    Returns:
        `edges` of the bins, and how many films lie in each: `synthetic`, and `source`, `held_out`
        and `control`, None where none can be compared. The last bin holds what lies beyond it, too.
    """
    calibration = searched.calibration
    baselines = {name: getattr(calibration, name) for name in ("source", "held_out", "control")}
    scores = {"synthetic": searched.matches.score[:, 0]} | {
        name: np.array(baseline.scores) for name, baseline in baselines.items() if baseline
    }
    # Whole edges: they are published, and must not be the score of two films to the last digit.
    threshold = calibration.threshold or 0.0
    lowest = min((float(part.min()) for part in scores.values() if len(part)), default=0)
    most = max(threshold, *(float(part.max()) for part in scores.values() if len(part)), 1.0)
    last = min(math.ceil(most), math.ceil(max(threshold, USUAL)) + MARGIN)
    # All films may lie beyond the last edge: copies, beside too few real films for a threshold.
    edges = np.linspace(min(math.floor(lowest), last - 1), last, BINS + 1)
    shown = {
        name: np.histogram(np.minimum(scores[name], edges[-1]), edges)[0].tolist()
        if len(scores.get(name, ()))
        else None
        for name in ("synthetic", *baselines)
    }
    return {"edges": edges.tolist(), **shown}


def _duplicates(duplicates: Duplicates, threshold: float) -> dict[str, Any]:
    nearest, other = duplicates.nearest, duplicates.nearest_other_group
    nearest = nearest[~np.isnan(nearest)]
    return {
        "films_with_one_alike": int((nearest >= threshold).sum()),
        "of_another_patient": None if other is None else int((other >= threshold).sum()),
        "highest": duplicates.pairs[0].cosine if duplicates.pairs else None,
        "cosine": quantiles(nearest),
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
        for name in SETS
        for film in (report[name] or {"unreadable": ()})["unreadable"]
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
