"""How unlikely a score is in a film that copies nobody.

The scores of real films, each with the nearest of other patients' real films, are those of films
that copy nobody. Above a high one of them their excesses are taken to be exponential (peaks over
threshold: Pickands, Statistical Inference Using Extreme Order Statistics, Annals of Statistics 3,
1975; the generalised Pareto distribution of shape 0). Tails that end earlier than an exponential
one, as those of normal and of bounded scores do, make the p values too high, never too low. The
mean excess is not the estimate but the upper end of its exact interval of 95 %, from

    2 k m / M ~ χ² of 2 k degrees of freedom,

m the mean of k excesses, M the true one. A film is flagged where its p value, times the number of
films, is at most `LEVEL` (Bonferroni): of films that copy nobody, however many there are, any is
flagged in at most 1 of 20 releases, as far as the tail is exponential or shorter.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.05
"""Probability, over all films of a release, that any innocent one is flagged."""
PEAKS, SHARE = 10, 0.1
"""Excesses that are used: this share of the scores, and at least so many."""
FEWEST = 2 * PEAKS
"""Scores without which nothing is said."""


@dataclass(frozen=True)
class Tail:
    """The upper tail of the scores of films that copy nobody."""

    films: int
    """Scores that it was fitted to."""
    peaks: int
    """Of them above `start`."""
    start: float
    mean_excess: float
    """Of the scores above `start`, over it."""
    most_excess: float
    """Upper end of its interval of 95 %: what p values are made with."""

    def p(self, score: float) -> float:
        """Probability that a film which copies nobody has that score or a higher one; 0 … 1."""
        if score <= self.start:
            return 1.0
        return self.peaks / self.films * float(np.exp((self.start - score) / self.most_excess))

    def threshold(self, films: int) -> float:
        """The score from which on a film is flagged among so many (1 or more)."""
        odds = self.peaks / self.films * films / LEVEL
        return self.start + self.most_excess * max(0.0, float(np.log(odds)))

    def report(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def tail_of(scores: NDArray[np.float64]) -> Tail | None:
    """The tail of some scores, (n,); None where they are too few or all the same."""
    from scipy.stats import chi2

    rising = np.sort(scores[np.isfinite(scores)])
    if len(rising) < FEWEST:
        return None
    peaks = max(PEAKS, int(SHARE * len(rising)))
    start = float(rising[-peaks - 1])
    mean = float((rising[-peaks:] - start).mean())
    if mean <= 0:
        return None
    return Tail(
        len(rising), peaks, start, mean, mean * 2 * peaks / float(chi2.ppf(0.05, 2 * peaks))
    )
