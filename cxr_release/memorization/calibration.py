"""How near is too near: synthetic films beside films that are known to copy nobody.

Baselines, of films that are not copies:

- source: each source film (a real film that a generator may have seen) and the nearest source film
  of another patient. Its scores give the p values of single films; see `tail`.
- control: each real film that no generator saw and the nearest source film. No patient is in both.
  Control films are searched as synthetic ones are, among the same films and with descriptors that
  were fitted to those alone: they are as new to them. The number of synthetic films that are nearer
  than all of the control films is what `chance` tests.
- held out, where there are no control films: each film that was held out of the tuning run and the
  nearest film of the part that was not. No patient is in both. The number of synthetic films that
  are nearer than all of those is then tested among the films of the tuning part alone, as those
  were searched, and the descriptors are fitted to them alone.

That needs patients, and they may not be stated. Then all baselines are of other *films*: two of
them may be of one patient, and nearer for that. Such a baseline flags fewer films than one of
other patients would, and nothing is said of new patients.

A source that holds a film twice would make any copy look ordinary. Films that have a duplicate,
another film at least as similar as a film and its recompressed copy, are left out and counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.chance import (
    NO_BASELINE,
    Chance,
    no_chance,
    source_chance,
    unseen_chance,
)
from cxr_release.memorization.scores import Matches
from cxr_release.memorization.tail import LEVEL, tail_of
from cxr_release.statistics.auc import auc
from cxr_release.statistics.proportions import share_of

Floats = NDArray[np.float64]

QUANTILES = (0, 1, 5, 25, 50, 75, 95, 99, 100)
"""In per cent, as in the report; 0 is `min`, 100 `max`."""
NEAR = 0.05
"""Share of the baseline's films that have a higher score than this quantile of it."""
Others = Literal["patients", "films"]
"""What a film's nearest other film is one of: other patients' films, or, not knowing those, all."""


@dataclass(frozen=True)
class Baseline:
    """Nearest films of films that are not copies.

    Args:
        name: `control`, `held_out` or `source`.
        nearest: of each film, its likeliest originals among films of others.
        duplicate_threshold: cosine from which on two count as duplicates.
        groups: n patients; None where they are not stated.
    """

    name: str
    nearest: Matches
    duplicate_threshold: float
    groups: Sequence[str] | None = None

    @cached_property
    def _counted(self) -> NDArray[np.bool_]:
        alike = is_alike(self.nearest, self.duplicate_threshold)
        counted: NDArray[np.bool_] = np.isfinite(self.nearest.score[:, 0]) & ~alike
        return counted

    @cached_property
    def scores(self) -> list[float]:
        """Rising; without films that have no other film, or a duplicate."""
        rising: list[float] = sorted(self.nearest.score[self._counted, 0].tolist())
        return rising

    @cached_property
    def patients(self) -> int | None:
        """Patients of the films that `scores` are of; None where they are not stated."""
        if self.groups is None:
            return None
        return len({self.groups[place] for place in np.flatnonzero(self._counted).tolist()})

    def report(self) -> dict[str, Any]:
        """Its films, ready for JSON."""
        return {
            "films": len(self.nearest),
            "counted": len(self.scores),
            "patients": self.patients,
            "left_out_alike": int(is_alike(self.nearest, self.duplicate_threshold).sum()),
            "without_another": int((~np.isfinite(self.nearest.score[:, 0])).sum()),
            "score": quantiles(np.array(self.scores)),
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
    """Turns scores into percentiles, p values and flags.

    Args:
        source: of each source film, its nearest films of other patients.
        unseen: of films that are new to those that they are compared with: `control`, or
            `held_out`; None where there are none.
        films: synthetic films that are searched, 1 or more.
        duplicate_threshold: cosine from which on two source films count as duplicates.
        others: what those other films are.
        patients: n patients of the source films, where they are stated.
    """

    def __init__(
        self,
        source: Matches,
        unseen: Baseline | None,
        *,
        films: int,
        duplicate_threshold: float,
        others: Others = "films",
        patients: Sequence[str] | None = None,
    ) -> None:
        self.others = others
        self.duplicate_threshold = duplicate_threshold
        self.source = Baseline("source", source, duplicate_threshold, patients)
        self.control, self.held_out = (
            unseen if unseen is not None and unseen.name == name else None
            for name in ("control", "held_out")
        )
        every = (self.control, self.held_out, self.source)
        usable = [baseline for baseline in every if baseline and baseline.scores]
        self.baseline = usable[0] if usable else None
        """What the number of near films is compared with: the best of the baselines."""
        self.tail = tail_of(np.array(self.source.scores))
        """Of the source films' scores; None where there are too few."""
        self.threshold = self.tail.threshold(films) if self.tail else None
        """Score from which on a film is flagged; None where nothing can be."""

    def percentile(self, score: float) -> float | None:
        """Share of source films, in per cent, whose own nearest one has a lower score: 0 … 100.

        Strictly lower: 100 only for what is more similar than all of them. None where no source
        film has a nearest one to compare with.
        """
        scores = self.source.scores
        return 100 * bisect_left(scores, score) / len(scores) if scores else None

    def p(self, score: float) -> float | None:
        """Probability of that score, or a higher one, in a film that copies nobody; 0 … 1."""
        return self.tail.p(score) if self.tail else None

    def flagged(self, score: float) -> bool | None:
        """Whether it is too high for chance among all films; None where that is not known."""
        return None if self.threshold is None else score >= self.threshold

    @property
    def note(self) -> str | None:
        """Why nothing can be flagged; None where something can."""
        return None if self.tail else f"{NO_BASELINE[self.others]}: nothing can be flagged"

    def chance(self, scores: Floats, tuning: Floats | None = None) -> Chance:
        """The number of films nearer than the baseline, beside what chance alone gives.

        Args:
            scores: (m,) of each synthetic film with its nearest real film.
            tuning: (m,) with its nearest film of the tuning part; None without a split.
        """
        baseline = self.baseline
        if baseline is None:
            return no_chance(len(scores), NO_BASELINE[self.others])
        compared = tuning if baseline is self.held_out and tuning is not None else scores
        test = source_chance
        if baseline is self.control:
            test = partial(unseen_chance, "control")
        elif compared is tuning:
            test = partial(unseen_chance, "held_out")
        return test(
            nearer=int((compared > baseline.scores[-1]).sum()),
            films=len(scores),
            compared=len(baseline.scores),
            patients=baseline.patients,
        )

    def report(
        self, matches: Matches, tuning: Floats | None, split: Split | None
    ) -> dict[str, Any]:
        """All figures of the synthetic films, ready for JSON; None where one is undefined.

        - `flagged`: films of a score of `threshold` or more; `tail`: what it follows from.
        - `chance`: how many films are nearer than the whole baseline; see `chance.Chance`.
        - `synthetic.alike`: films as similar to a real one as that one's recompressed copy.
        - `nearer_than_5_percent`: share of films that lie nearer to a real film than all but 5 % of
          the baseline do; of new patients' films it would be 5 %, where `others` is `patients`.
        - `nearer_probability`: that a synthetic film is nearer to its nearest real film than a film
          of the baseline is to its; 0.5 for films like those. Mann and Whitney's U over all pairs,
          ties counting half.
        - `others`: whether the baselines are of other `patients` or of other `films`.
        - `nearest_in_tuning`: see `split_share`.

        Args:
            matches: of the synthetic films.
            tuning: see `chance`.
            split: the parts of those nearest films; None without a split.
        """
        scores = matches.score[:, 0]
        baseline = np.array(self.baseline.scores if self.baseline else [])
        alike = int(is_alike(matches, self.duplicate_threshold).sum())
        flagged = None if self.threshold is None else int((scores >= self.threshold).sum())
        return {
            "baseline": self.baseline.name if self.baseline else None,
            "others": self.others,
            "threshold": self.threshold,
            "level": LEVEL,
            "tail": self.tail.report() if self.tail else None,
            "note": self.note,
            "flagged": flagged,
            "chance": self.chance(scores, tuning).report(),
            "source": self.source.report(),
            **{
                name: baseline.report() if baseline else None
                for name, baseline in (("held_out", self.held_out), ("control", self.control))
            },
            "synthetic": {"films": len(scores), "alike": alike, "score": quantiles(scores)},
            "nearer_than_5_percent": _nearer_share(scores, baseline),
            "nearer_probability": auc(scores, baseline) if len(scores) and len(baseline) else None,
            "nearest_in_tuning": split_share(split, len(scores)) if split else None,
        }


def is_alike(matches: Matches, threshold: float) -> NDArray[np.bool_]:
    """(n,) whether each film is as similar to a real one as a duplicate of it.

    In whatever part they were compared: a duplicate is as similar in a half as it is as a whole,
    and either may have the higher score.
    """
    alike = np.nan_to_num(matches.cosine, nan=-1) >= threshold
    found: NDArray[np.bool_] = np.asarray(alike.any(axis=1))
    return found


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


def _nearer_share(scores: Floats, baseline: Floats) -> dict[str, Any] | None:
    if not len(scores) or not len(baseline):
        return None
    above = float(np.quantile(baseline, 1 - NEAR))
    near = int((scores > above).sum())
    return {**_share(near, len(scores)), "expected": NEAR, "score": above}


def _share(count: int, films: int) -> dict[str, Any]:
    share, low, high = share_of(count, films)
    return {"films": count, "share": share, "low": low, "high": high}
