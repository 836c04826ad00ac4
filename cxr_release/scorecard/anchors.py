"""What the fidelity of a release is held against: films of known worth in its place, equally many.

- *Ideal*: real films of other patients than the reference's. No generator can be asked for more.
- *Copies*: trained films of still other patients, handed out as the release. As films they are as
  good as the ideal; that nobody may have them is for privacy to say.
- *Blurred*: those films, blurred a little: near real films by distances, told by a classifier.
- *Noise*: no film at all.

The reference are control films, or, without any, one half of the trained films by patient; then all
others come from the other half. Each row has as many films, so that no measure is swayed by their
number. Where a set has more, several draws of so many are measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.films.film_set import FilmSet
from cxr_release.films.png import Film
from cxr_release.schemas import SMALL
from cxr_release.scorecard.names import (
    BLURRED,
    CONTROL,
    COPIES,
    IDEAL,
    NOISE,
    RELEASE,
    RELEASED,
    TRAINED,
)
from cxr_release.scorecard.picture_features import (
    PictureFeatures,
    features_of_pictures,
    some_of,
)
from cxr_release.scorecard.sets import Part, Places, ScoreSets

LARGEST = 2000
"""Films of a row, and of the reference, at most."""
FEWEST = 10
"""Films of a row at least: with fewer nothing is measured."""
FEWEST_OF_CHECKPOINT = 20
"""Films of a checkpoint that has a row: fewer would make all rows as small."""
DRAWS = 4
"""Draws of a set that has more films than a row, at most; as many as come to `LARGEST` films."""
_SEED = 1802


def blurred(film: Film, digest: str) -> Film:
    """A film blurred by 1/64 of its side: 1 pixel of a small picture."""
    from scipy.ndimage import gaussian_filter

    del digest
    height, width = film.shape
    soft = gaussian_filter(film.astype(np.float64), (height / SMALL, width / SMALL))
    return np.rint(soft).astype(np.uint8)


def noise(film: Film, digest: str) -> Film:
    """Greys at random, of the size of a film; which ones follows from its digest."""
    chance = np.random.default_rng(int(digest, 16))
    return chance.integers(0, 256, film.shape, np.uint8)


def unaltered(film: Film, digest: str) -> Film:
    """The film itself."""
    del digest
    return film


@dataclass(frozen=True)
class Row:
    """Films that stand for a release."""

    name: str
    role: str
    """Which part its films are of: `trained`, `control` or `released`."""
    part: Part
    draws: tuple[Places, ...]
    """Each (n,) places in `part`, rising."""
    alter: Callable[[Film, str], Film] = unaltered
    """What is done to a film, given the digest of its small picture."""

    @property
    def films(self) -> int:
        """Films of a draw."""
        return len(self.draws[0])

    def patients(self, draw: int) -> list[str]:
        """Of each film of a draw."""
        return [self.part.patients[place] for place in self.draws[draw]]

    def pictures(self, draw: int) -> NDArray[np.uint8]:
        """(n, SMALL, SMALL) small pictures of a draw."""
        places = self.draws[draw]
        if self.alter is unaltered:
            return self.part.pictures[places]
        return np.stack(
            [self.alter(self.part.pictures[place], self.part.digests[place]) for place in places]
        )

    def read(self, films: Mapping[str, FilmSet]) -> Iterator[Film]:
        """The films of the first draw at their own size, one at a time.

        Args:
            films: role → the films of that part.

        Raises:
            SourceError: a film cannot be read any more.
        """
        for place in self.draws[0]:
            film = films[self.role].film(self.part.ids[place])
            yield self.alter(film, self.part.digests[place])

    def features(self, draw: int, known: PictureFeatures) -> NDArray[np.float64]:
        """(n, d) random convolution features of a draw."""
        if self.alter is not unaltered:
            return features_of_pictures(self.pictures(draw))
        places = self.draws[draw]
        if self.role == RELEASED:
            places = np.searchsorted(known.places, places)
        rows: NDArray[np.float64] = getattr(known, self.role)[places]
        return rows


@dataclass(frozen=True)
class Rows:
    """The reference and what is measured against it."""

    reference: Row
    rows: tuple[Row, ...]
    """The release, each checkpoint, and the anchors; each with as many films."""
    left_out: tuple[str, ...]
    """Checkpoints with too few films for a row."""

    @property
    def films(self) -> int:
        """Films of each row."""
        return self.rows[0].films


def rows_of(sets: ScoreSets, released: Places, pooled: Places | None = None) -> Rows | None:
    """The rows of a score; None where they would have fewer than `FEWEST` films.

    Args:
        sets: see `score_sets`.
        released: places of the released films that may be used.
        pooled: places in `released` of those that may stand for the whole release; None: all.
    """
    has_control = len(sets.control) > 0
    if has_control:
        reference, role, others = sets.control, CONTROL, np.arange(len(sets.trained))
        standing = np.arange(len(reference))
    else:
        reference, role = sets.trained, TRAINED
        standing, others = sets.trained.halves()
    first, second = sets.trained.take(others).halves()
    ideal, copies = others[first], others[second]
    checkpoints = {
        name: np.intersect1d(places, released) for name, places in sets.checkpoints.items()
    }
    left_out = tuple(
        name for name, places in checkpoints.items() if len(places) < FEWEST_OF_CHECKPOINT
    )
    pools = {RELEASE: released if pooled is None else released[pooled]} | {
        name: places for name, places in checkpoints.items() if name not in left_out
    }
    films = min(LARGEST, *(len(places) for places in (*pools.values(), ideal, copies)))
    if min(films, len(standing)) < FEWEST:
        return None
    copied = _draws(copies, films)
    rows = [
        *(Row(name, RELEASED, sets.released, _draws(pool, films)) for name, pool in pools.items()),
        Row(IDEAL, TRAINED, sets.trained, _draws(ideal, films)),
        Row(COPIES, TRAINED, sets.trained, copied),
        Row(BLURRED, TRAINED, sets.trained, copied[:1], blurred),
        Row(NOISE, TRAINED, sets.trained, copied[:1], noise),
    ]
    held = Row("reference", role, reference, (some_of(standing, LARGEST, seed=_SEED),))
    return Rows(held, tuple(rows), left_out)


def _draws(places: Places, films: int) -> tuple[Places, ...]:
    """Draws of so many films, sharing none as long as there are enough."""
    times = min(DRAWS, len(places) // films, max(1, LARGEST // films))
    order = np.random.default_rng(_SEED).permutation(places)
    return tuple(np.sort(order[draw * films : (draw + 1) * films]) for draw in range(times))
