"""How near is too near: nearest real films, against how near real films are to each other.

A cosine says nothing by itself: any two films of one view of one body part are similar. So the
nearest real film of a synthetic one is compared with a baseline of films that are not copies:

- held out: each film that was held out of the tuning run, and its nearest film in the part that
  was not. No patient is in both.
- source: each source film, and its nearest film of another patient. It serves without a split.

That needs patients, and they may not be stated. Then both baselines are of other *films*: two of
them may be of one patient, and nearer for that. Such a baseline flags fewer films than one of
other patients would, what it flags is nearer than any two source films are, and nothing is said of
new patients.

A source that holds a film twice would make any copy look ordinary. Films that have a duplicate,
another film at least as similar as a film and its recompressed copy, are left out and counted.

The more real films are searched, the nearer the nearest one is by chance. A baseline that was
searched among fewer films than the synthetic ones were (the tuning part, against all) makes those
look a little too near, never too far. So what chance gives is stated for the tuning part alone: see
`chance`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.chance import Chance, held_out_chance, no_chance, source_chance
from cxr_release.statistics.auc import auc
from cxr_release.statistics.proportions import share_of

Floats = NDArray[np.float64]

QUANTILES = (0, 1, 5, 25, 50, 75, 95, 99, 100)
"""In per cent, as in the report; 0 is `min`, 100 `max`."""
NEAR = 0.05
"""Share of the baseline's films that lie nearer than this quantile of it."""
Others = Literal["patients", "films"]
"""What a film's nearest other film is one of: other patients' films, or, not knowing those, all."""
NO_BASELINE = {
    "patients": "no two source films of different patients to compare with: nothing can be flagged",
    "films": "no two source films to compare with: nothing can be flagged",
}


@dataclass(frozen=True)
class Baseline:
    """Nearest cosines of films that are not copies.

    Args:
        name: `held_out` or `source`.
        nearest: (n,) cosine of each film with its nearest one; NaN where there is none.
        duplicate_threshold: cosine from which on two films count as duplicates.
        groups: n patients; None where they are not stated.
    """

    name: str
    nearest: Floats
    duplicate_threshold: float
    groups: Sequence[str] | None = None

    @cached_property
    def cosines(self) -> list[float]:
        """Rising; without films that have no other film, or a duplicate."""
        below = self.nearest < self.duplicate_threshold  # NaN is not less
        rising: list[float] = sorted(self.nearest[below].tolist())
        return rising

    @cached_property
    def patients(self) -> int | None:
        """Patients of the films that `cosines` are of; None where they are not stated."""
        if self.groups is None:
            return None
        pairs = zip(self.groups, self.nearest.tolist(), strict=True)
        return len({group for group, cosine in pairs if cosine < self.duplicate_threshold})

    def report(self) -> dict[str, Any]:
        """Its films, ready for JSON."""
        return {
            "films": len(self.nearest),
            "counted": len(self.cosines),
            "patients": self.patients,
            "left_out_alike": int((self.nearest >= self.duplicate_threshold).sum()),
            "without_another": int(np.isnan(self.nearest).sum()),
            "cosine": quantiles(np.array(self.cosines)),
            "distance": quantiles(distance(np.array(self.cosines))),
        }


@dataclass(frozen=True)
class Split:
    """The part of the tuning run's split that holds the nearest real films of synthetic ones."""

    nearest_in_tuning: int
    """Synthetic films whose nearest real film is in the tuning part."""
    tuning: int
    """Films of that part, and of the other."""
    held_out: int


class Calibration:
    """Turns cosines into percentiles and flags.

    Args:
        source: (n,) cosine of each source film with its nearest other film; NaN where there is
            none.
        held_out: (k,) cosine of each held-out film with its nearest film of the tuning part; None
            without a split.
        duplicate_threshold: cosine from which on two source films count as duplicates.
        others: what those other films are.
        patients: n patients of the source films, where they are stated.
        held_out_patients: k patients likewise.
    """

    def __init__(
        self,
        source: Floats,
        held_out: Floats | None,
        *,
        duplicate_threshold: float,
        others: Others = "films",
        patients: Sequence[str] | None = None,
        held_out_patients: Sequence[str] | None = None,
    ) -> None:
        self.others = others
        self.duplicate_threshold = duplicate_threshold
        self.source = Baseline("source", source, duplicate_threshold, patients)
        self.held_out = None
        if held_out is not None:
            self.held_out = Baseline("held_out", held_out, duplicate_threshold, held_out_patients)
        both = (self.held_out, self.source)
        usable = [baseline for baseline in both if baseline and baseline.cosines]
        self.baseline = usable[0] if usable else None
        """What flags: the held-out films, without them the source films, or nothing."""
        self.threshold = self.baseline.cosines[-1] if self.baseline else None
        """The highest cosine of the baseline, below `duplicate_threshold`; None without one."""

    def percentile(self, cosine: float) -> float | None:
        """Share of source films, in per cent, whose own nearest one is less similar: 0 … 100.

        Strictly less: 100 only for what is more similar than all of them. None where no source
        film has a nearest one to compare with.
        """
        cosines = self.source.cosines
        return 100 * bisect_left(cosines, cosine) / len(cosines) if cosines else None

    def flagged(self, cosine: float) -> bool | None:
        """Whether it is more similar than any film of the baseline; None without a baseline."""
        return None if self.threshold is None else cosine > self.threshold

    @property
    def note(self) -> str | None:
        """Why nothing can be flagged; None where something can."""
        return None if self.baseline else NO_BASELINE[self.others]

    def chance(self, nearest: Floats, nearer: int | None = None) -> Chance:
        """The number of films nearer than the baseline, beside what chance alone gives.

        Args:
            nearest: (m,) cosine of each synthetic film with its nearest real film.
            nearer: how many are above the threshold among films of the tuning part alone; None: as
                many as among all films.
        """
        baseline = self.baseline
        if self.threshold is None or baseline is None:
            return no_chance(len(nearest), NO_BASELINE[self.others])
        of = held_out_chance if baseline is self.held_out else source_chance
        flagged = int((nearest > self.threshold).sum())
        return of(
            nearer=flagged if nearer is None else nearer,
            films=len(nearest),
            compared=len(baseline.cosines),
            patients=baseline.patients,
        )

    def report(
        self, nearest: Floats, second: Floats, split: Split | None, nearer: int | None = None
    ) -> dict[str, Any]:
        """All figures of the synthetic films, ready for JSON; None where one is undefined.

        - `flagged`: films more similar than the `threshold`.
        - `chance`: how many of them chance alone would give; see `chance.Chance`.
        - `synthetic.alike`: films as similar to a real one as that one's recompressed copy.
        - `nearer_than_5_percent`: share of films that lie nearer to a real film than all but 5 % of
          the baseline do; of new patients' films it would be 5 %, where `others` is `patients`.
        - `nearer_probability`: that a synthetic film is nearer to its nearest real film than a film
          of the baseline is to its; 0.5 for films like those. Mann and Whitney's U over all pairs,
          ties counting half.
        - `others`: whether the baseline is of other `patients` or of other `films`.
        - `nearest_in_tuning`: see `split_share`.

        Args:
            nearest: (m,) cosine of each synthetic film with its nearest real film.
            second: (m,) with the second nearest.
            split: the parts of those nearest films; None without a split.
            nearer: see `chance`.
        """
        baseline = np.array(self.baseline.cosines if self.baseline else [])
        return {
            "baseline": self.baseline.name if self.baseline else None,
            "others": self.others,
            "threshold": self.threshold,
            "note": self.note,
            "flagged": None if self.threshold is None else int((nearest > self.threshold).sum()),
            "chance": self.chance(nearest, nearer).report(),
            "source": self.source.report(),
            "held_out": self.held_out.report() if self.held_out else None,
            "synthetic": {
                "films": len(nearest),
                "alike": int((nearest >= self.duplicate_threshold).sum()),
                "cosine": quantiles(nearest),
                "distance": quantiles(distance(nearest)),
                "distance_ratio": quantiles(distance_ratio(nearest, second)),
            },
            "nearer_than_5_percent": _nearer_share(nearest, baseline),
            "nearer_probability": auc(nearest, baseline)
            if len(nearest) and len(baseline)
            else None,
            "nearest_in_tuning": split_share(split, len(nearest)) if split else None,
        }


def distance(cosine: Floats | float) -> Floats:
    """Euclidean distance of unit vectors, √(2 − 2 cosine): 0 … 2."""
    euclidean: Floats = np.sqrt(np.clip(2 - 2 * np.asarray(cosine, np.float64), 0, 4))
    return euclidean


def distance_ratio(nearest: Floats, second: Floats) -> Floats:
    """Distance to the nearest real film over that to the second nearest: 0 … 1.

    Near 1 the film lies among several real films, as a new film does. A low ratio says that it is
    close to one of them alone: it may be a copy of that one. Where both are equal to it (a film
    that the source holds twice) the ratio is 1 and says nothing; the cosine does.

    Args:
        nearest: (m,) cosines.
        second: (m,) cosines, none higher.
    """
    near, far = distance(nearest), distance(second)
    ratio: Floats = np.divide(near, far, out=np.ones_like(near), where=far > 0)
    return ratio


def quantiles(values: Floats) -> dict[str, float] | None:
    """Lowest, some percentiles (linear between values) and highest; None of nothing."""
    if not len(values):
        return None
    percentiles = np.percentile(values, QUANTILES).tolist()
    names = ["min", *(f"{percent} %" for percent in QUANTILES[1:-1]), "max"]
    return dict(zip(names, percentiles, strict=True))


def split_share(split: Split, films: int) -> dict[str, Any] | None:
    """Share of synthetic films whose nearest real film the tuning run trained on.

    Platzer and Reutterer, Holdout-Based Empirical Assessment of Mixed-Type Synthetic Data,
    Frontiers in Big Data 2021: films that were learnt and not copied are as often nearest to a
    training film as the training part is large, `expected`; copies raise the share. That holds for
    films of a generator that saw the tuning part alone. Of one that saw both parts, as the final
    run does, the share is a control: it should be near the expected one whether films are copied or
    not, and says that neither part is easier to be near to.

    Args:
        split: the counts.
        films: synthetic films.

    Returns:
        `films`, `share`, its exact 95 % interval `low` … `high` (Clopper and Pearson 1934, which
        takes films for independent) and `expected`; None without films or with an empty part.
    """
    if not films or not split.tuning or not split.held_out:
        return None
    expected = split.tuning / (split.tuning + split.held_out)
    return {**_share(split.nearest_in_tuning, films), "expected": expected}


def _nearer_share(nearest: Floats, baseline: Floats) -> dict[str, Any] | None:
    if not len(nearest) or not len(baseline):
        return None
    within = float(np.quantile(distance(baseline), NEAR))
    near = int((distance(nearest) < within).sum())
    return {**_share(near, len(nearest)), "expected": NEAR, "distance": within}


def _share(count: int, films: int) -> dict[str, Any]:
    share, low, high = share_of(count, films)
    return {"films": count, "share": share, "low": low, "high": high}
