"""How far a film departs from films that are known to be good: its anomaly score.

A film is looked at through two windows, both of its thumbnail, so that grain does not count:

- *Anatomy.* The thumbnail, brought to one local contrast, is cut into overlapping patches; each is
  compared with the patches of the source films at the same place, one pixel more or less, and its
  distance to the nearest is taken. The mean over the worse half of the patches is the film's.
  (Patches of normal images in a memory, bound to their place: Roth et al., Towards Total Recall
  in Industrial Anomaly Detection, CVPR 2022, with grey values for features: no weights.)
- *Detail.* How much of a film's contrast is fine; the departure from the source films' median,
  either way, over their median absolute deviation. It finds fog, which is not a change of anatomy.

Each is scaled so that 0 is a low percentile of source films and 1 a high one (of detail higher
than of anatomy, which has more to say); the larger of the two is the film's score. A source film
is scored against the films of all *other* patients, so that these percentiles hold for films that
the model has not seen; where patients are not stated, against all other films, which may be of the
same patient and make it look a little less doubtful.

**What was compared.** Area under the ROC curve for the eleven faults of `corruptions` against
source films, both held out by patient: the mean over the faults, and the least without `blurred`;
beyond:
planted films doubted more than 99 % of source films. 600 phantoms of 64 × 64, and 142 chest films
of many hospitals, beds and postures, where few of the faults are as gross.

    ==============================================  =====  =====  ======  =====  ======
                                                          phantoms            chest
                                                     mean  least  beyond   mean  beyond
    ==============================================  =====  =====  ======  =====  ======
    this score                                      0.999  0.997    98 %   0.86    44 %
    anatomy alone                                   0.978  0.997    90 %   0.80    31 %
    detail alone                                    0.700  0.500    29 %   0.62    22 %
    anatomy, patches at their very place            0.966  0.980    78 %   0.78    22 %
    anatomy, thumbnails of 32 pixels                0.992  0.986    87 %   0.73    28 %
    patches of unit length, contrast left uneven    0.972  0.989    85 %   0.81    39 %
    a normal distribution at each place (PaDiM)     0.872  0.792    62 %   0.53     6 %
    probabilistic PCA, 16 pixels, 100 directions    0.910  0.953    65 %   0.77    40 %
    nearest whole thumbnail, 32 pixels              0.883  0.659    60 %   0.75    39 %
    ==============================================  =====  =====  ======  =====  ======

All but detail are blind to `blurred` (0.03 … 0.93): a blurred film lies near the mean of all. Of
films that the embedded default drew, 160 a checkpoint, anatomy tells checkpoint 3 from 15 with
0.975 and 6 from 15 with 0.930; PCA 0.955 and 0.910, the nearest thumbnail 0.943 and 0.818.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cxr_release import tables
from cxr_release.errors import CxrReleaseError
from cxr_release.films.png import Film
from cxr_release.radiographs.resample import SIDE, thumbnail
from cxr_release.workers import ALONE, Workers

FloatArray = NDArray[np.float64]
Real = TypeVar("Real", np.float32, np.float64)

COARSE = SIDE // 2
"""Pixels on each side of the thumbnail whose anatomy is looked at."""
PATCH, STEP, REACH = 6, 2, 1
"""Pixels of it: side of a patch, from patch to patch, and how far its place may differ."""
WORSE = 0.5
"""Share of the patches, the worse ones, that count."""
LOW, HIGH = (0.01, 0.01), (0.95, 0.99)
"""Quantiles of the source films that become 0 and 1, of anatomy and of detail."""
BLOCK = 256
"""Films compared at a time, which bounds memory."""

_BLUR = 2.0
"""Pixels over which contrast is made even."""
_FLAT = 4.0
"""Grey levels of contrast below which a thumbnail counts as flat."""
_EVEN = 0.1
"""Local contrast, relative to the film's, below which it is not raised."""
_CORNERS = range(COARSE - PATCH + 1)
"""Where a patch may begin, down and across."""
RUN = 16
"""Source films of which the nearest alone is noted at first."""
_TOGETHER = 64 * RUN
"""Source films in a product, whose block then stays in a processor's cache."""
_ROUNDING = 4 * (PATCH**2 + 1) * float(np.finfo(np.float32).eps)
"""More than two products of float32 and what goes into them err by, relative to the largest
squares: what lies this close to the nearest is compared exactly."""


@dataclass(frozen=True)
class Looks:
    """What is seen of some films."""

    anatomy: FloatArray
    """(n, COARSE, COARSE) thumbnails of even contrast, no unit."""
    detail: FloatArray
    """(n,) logarithm of the share of contrast that is fine."""

    def of(self, films: NDArray[np.int64]) -> Looks:
        """The same of some of the films, by their places."""
        return Looks(self.anatomy[films], self.detail[films])


@dataclass(frozen=True)
class Model:
    """The source films as the measure of others."""

    looks: Looks
    patients: NDArray[np.str_]
    """(n,) patient of each source film."""
    low: FloatArray
    """(2,) anatomy and detail that become 0."""
    high: FloatArray
    """(2,) anatomy and detail that become 1."""
    held_out: FloatArray
    """(n,) scores of the source films, each without its own patient, in their order."""

    def scores(self, films: Iterable[Film], patients: Sequence[str] = ()) -> FloatArray:
        """Doubt in films, (m,), 0 or more; the same for a film whatever comes with it.

        Args:
            films: (height, width) uint8 each; taken in blocks, so any number will do.
            patients: the patient of each film, whose source films are left out of its measure;
                empty for films of no patient.
        """
        scores = []
        for at, looks in enumerate(_looks(films)):
            own = np.zeros((len(looks.detail), len(self.patients)), np.bool_)
            if patients:
                own |= np.array(patients[at * BLOCK :][: len(own)])[:, None] == self.patients
            departures = _departures(looks, self.looks, own)
            scores.append(_scaled(departures, self.low, self.high))
        return np.concatenate(scores) if scores else np.empty(0)

    def percentiles(self, scores: FloatArray) -> FloatArray:
        """Share of source films, held out, that are doubted less: (m,), 0 … 100."""
        below = np.searchsorted(np.sort(self.held_out), scores, side="left")
        share: FloatArray = 100.0 * below / len(self.held_out)
        return share

    def threshold(self, percentile: float) -> float:
        """The score that at least `percentile` (0 … 100) of the source films do not exceed."""
        return float(np.quantile(self.held_out, percentile / 100, method="inverted_cdf"))


def fit(patients: Sequence[str], looks: Looks, crew: Workers = ALONE) -> Model:
    """Learn what films look like.

    Args:
        patients: of each film; of one whose patient is not stated, a name of its own.
        looks: what `look` saw of them. Their order does not matter.
        crew: shares the work.

    Raises:
        CxrReleaseError: there are films of fewer than two patients, so that none can be held out.
    """
    if len(set(patients)) < 2:
        raise CxrReleaseError(
            "the pre-screen needs films of two patients at least; two films where patients are not"
            " stated",
            where=f"{len(patients)} film(s)",
            remedy="give more films",
        )
    keys = np.array(patients, dtype=np.str_)
    blocks = np.split(np.arange(len(keys)), range(BLOCK, len(keys), BLOCK))
    departures = np.concatenate(
        crew.map(_departures_within, [(looks, keys, block) for block in blocks])
    )
    low, high = (np.diag(np.quantile(departures, quantiles, axis=0)) for quantiles in (LOW, HIGH))
    return Model(looks, keys, low, high, _scaled(departures, low, high))


def _departures_within(
    looks: Looks, patients: NDArray[np.str_], block: NDArray[np.intp]
) -> FloatArray:
    """Departures of some of the source films from those of other patients."""
    return _departures(looks.of(block), looks, patients[block, None] == patients)


def look(films: Iterable[Film]) -> Looks:
    """What is seen of films, each by itself, (height, width) uint8 of any size."""
    return joined(list(_looks(films)))


def joined(parts: Sequence[Looks]) -> Looks:
    """What is seen of films that were looked at in parts."""
    none = Looks(np.empty((0, COARSE, COARSE)), np.empty(0))
    return Looks(
        np.concatenate([part.anatomy for part in (none, *parts)]),
        np.concatenate([part.detail for part in (none, *parts)]),
    )


def _looks(films: Iterable[Film]) -> Iterator[Looks]:
    """What is seen of films, `BLOCK` at a time; one of them is in memory."""
    # Film by film: sums over many at once may round otherwise than sums over one.
    each = (_look(thumbnail(film).astype(np.float64)) for film in films)
    for block in tables.pieces(each, BLOCK):
        anatomy, detail = zip(*block, strict=True)
        yield Looks(np.stack(anatomy), np.array(detail))


def _look(small: FloatArray) -> tuple[FloatArray, float]:
    fine = small - gaussian_filter(small, 1.0, mode="nearest")
    # Less than a hundredth and a half of a grey level is rounding, not a film.
    share = max(float(np.sqrt(np.mean(fine**2))), 0.01) / max(float(small.std()), 0.5)
    coarse = small.reshape(COARSE, 2, COARSE, 2).mean(axis=(1, 3))
    coarse = (coarse - coarse.mean()) / max(float(coarse.std()), _FLAT)
    level = coarse - gaussian_filter(coarse, _BLUR, mode="nearest")
    power = gaussian_filter(level**2, _BLUR, mode="nearest")
    even: FloatArray = level / np.sqrt(power + _EVEN**2)
    return even, float(np.log(share))


def _departures(looks: Looks, source: Looks, own: NDArray[np.bool_]) -> FloatArray:
    """(m, 2) anatomy and detail of films; `own` (m, n) is what they are not measured by."""
    distances = _distances(looks.anatomy, source.anatomy, own)
    worse = np.sort(distances, axis=1)[:, -int(WORSE * distances.shape[1]) :]
    anatomy = [row.mean() for row in worse]
    detail = [
        _departure(film_detail, source.detail[~own_films])
        for film_detail, own_films in zip(looks.detail, own, strict=True)
    ]
    return np.stack([anatomy, detail], axis=1)


def _departure(detail: float, source: FloatArray) -> float:
    middle = np.median(source)
    spread = 1.4826 * np.median(np.abs(source - middle))
    # Source films that are all alike still leave room for a fiftieth.
    return float(abs(detail - middle) / max(spread, 0.02))


def _distances(films: FloatArray, source: FloatArray, own: NDArray[np.bool_]) -> FloatArray:
    """(m, places) distance of each film's patches to the nearest of the source films there.

    Products of float32 say in which runs of source films the nearest can be. How they round
    depends on their shape, so those distances are taken again, one by one, in float64: the answer
    is the same whatever films are compared together.
    """
    others = source.astype(np.float32)

    @lru_cache(maxsize=(2 * REACH + 1) * len(_CORNERS))  # as far as the places below reach back
    def candidates(y: int, x: int) -> NDArray[np.float32]:
        return _candidates(others, y, x)

    own_films, own_sources = np.nonzero(own)
    nearest = []
    for y, x in product(_CORNERS[::STEP], repeat=2):
        patches = _patches(films, y, x)
        # Squared distance, less the patch's own square, which all its candidates share.
        sides = np.append(-2 * patches, np.ones((len(films), 1)), axis=1).astype(np.float32).T
        near = list(product(_around(y), _around(x)))
        least = np.stack(
            [_least(candidates(*corner), sides, own_sources, own_films) for corner in near]
        )
        largest = float((patches**2).sum(axis=1).max(initial=0)) + float(
            max(candidates(*corner)[: len(source), -1].max() for corner in near)
        )
        possible = least <= least.min(axis=(0, 1)) + _ROUNDING * largest
        nearest.append(_exact(patches, source, near, possible, own))
    return np.sqrt(np.stack(nearest, axis=1))


def _around(place: int) -> range:
    """Where a patch may lie instead."""
    return range(max(place - REACH, 0), min(place + REACH, _CORNERS[-1]) + 1)


def _candidates(source: NDArray[np.float32], y: int, x: int) -> NDArray[np.float32]:
    """(runs · RUN, PATCH² + 1) patches of source films at (y, x), and their squares.

    The last run is filled with what is infinitely far from everything.
    """
    films, size = len(source), PATCH**2
    filled = np.zeros((films + -films % RUN, size + 1), np.float32)
    filled[:films, :size] = _patches(source, y, x)
    filled[:, size] = np.inf
    filled[:films, size] = (filled[:films, :size] ** 2).sum(axis=1)
    return filled


def _least(
    candidates: NDArray[np.float32],
    sides: NDArray[np.float32],
    own_sources: NDArray[np.intp],
    own_films: NDArray[np.intp],
) -> NDArray[np.float32]:
    """(runs, m) the least product of each run of candidates with each film's side."""
    films = sides.shape[1]
    least = np.empty((len(candidates) // RUN, films), np.float32)
    for start in range(0, len(candidates), _TOGETHER):
        block = candidates[start : start + _TOGETHER] @ sides
        inside = (own_sources >= start) & (own_sources < start + _TOGETHER)
        block[own_sources[inside] - start, own_films[inside]] = np.inf
        runs = slice(start // RUN, (start + len(block)) // RUN)
        block.reshape(-1, RUN, films).min(axis=1, out=least[runs])
    return least


def _exact(
    patches: FloatArray,
    source: FloatArray,
    near: Sequence[tuple[int, int]],
    possible: NDArray[np.bool_],
    own: NDArray[np.bool_],
) -> FloatArray:
    """(m,) squared distance of each patch to the nearest, over the runs that are possible.

    Args:
        patches: (m, PATCH²).
        source: (n, COARSE, COARSE).
        near: corners of the patches of source films.
        possible: (corners, runs, m).
        own: (m, n), what a film is not measured by.
    """
    best = np.full(len(patches), np.inf)
    for (y, x), runs in zip(near, possible, strict=True):
        run, film = np.nonzero(runs)
        columns = (run[:, None] * RUN + np.arange(RUN)).ravel()
        rows = np.repeat(film, RUN)
        there = columns < len(source)
        there[there] = ~own[rows[there], columns[there]]
        rows, columns = rows[there], columns[there]
        candidates = source[columns, y : y + PATCH, x : x + PATCH].reshape(-1, PATCH**2)
        np.minimum.at(best, rows, ((patches[rows] - candidates) ** 2).sum(axis=1))
    return best


def _patches(thumbnails: NDArray[Real], y: int, x: int) -> NDArray[Real]:
    """(n, PATCH²) patches with their upper left corner at (y, x)."""
    cut = thumbnails[:, y : y + PATCH, x : x + PATCH]
    return np.ascontiguousarray(cut).reshape(len(thumbnails), -1)


def _scaled(departures: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """(m,) the larger of the two departures, on one scale, 0 or more."""
    # Source films that are all alike, such as blank ones, have no scale of their own.
    parts = (departures - low) / np.maximum(high - low, 1e-3)
    score: FloatArray = np.maximum(parts.max(axis=1), 0.0)
    return score
