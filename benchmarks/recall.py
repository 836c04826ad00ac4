"""How many planted copies the audit finds and flags: by kind, over the size of the sets.

    python -m benchmarks.recall [--films FOLDER] [--sizes 40x80 300x1200 1500x5200 4963x27000]
        [--size PIXELS] [--plants N] [--encoder NAME --weights FILE]
        [--phantoms-cache FOLDER] [--figure PNG]

Real and synthetic films are phantoms, or chest films (see `film_sets`), none of the synthetic ones
a copy. Each copy is a trial of its own, as in every audit; it is

- found, where its pair with its own film would be among the 100 of highest score;
- flagged, where its score is above the threshold that holds for all films together.

Besides, so many of the synthetic films themselves as are flagged are counted, and how many of 20
copies are, had they been among them: the first two of each of ten kinds, `PLANTED`. All is measured
through the product's own search, recall and calibration. Films, features and figures are kept in
the cache; where an audit of the same films by the same code is there (`benchmarks.audit`), the
scores of its synthetic films are taken from it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import film_sets
from benchmarks.film_sets import Sets
from benchmarks.recall_results import draw, print_table
from cxr_release import files, memorization, schemas, tables
from cxr_release.encoders.encoder import Encoder
from cxr_release.encoders.encoding import encode_views
from cxr_release.encoders.registry import load, small_picture
from cxr_release.films.film_source import OpenedFilm
from cxr_release.films.png import Film
from cxr_release.memorization.calibration import Calibration
from cxr_release.memorization.comparer import Small
from cxr_release.memorization.encoder_search import EncoderSearch
from cxr_release.memorization.features import features_of
from cxr_release.memorization.matching import Matcher, numbers
from cxr_release.memorization.planting import Plant, plan, small_copies
from cxr_release.memorization.recall import measure_recall
from cxr_release.memorization.scores import Matches
from cxr_release.schemas import SMALL, VIEWS
from cxr_release.statistics.proportions import share_of

TOP, SEED = 100, 1
SIZES = ("40x80", "300x1200", "1500x5200", "4963x27000")
PLANTED = (
    "identical",
    "mirrored",
    "inverted",
    "gamma 0.8",
    "contrast and brightness",
    "JPEG of quality 50",
    "half the resolution",
    "turned +3°",
    "cropped 5 %, off centre",
    "shifted 5 %",
)
"""Kinds of the copies that are planted together."""
EACH = 2

Floats = NDArray[np.float64]


def main() -> None:
    """Print a table for each set of films."""
    options = _options()
    sizes = [_size(text) for text in options.sizes]
    with tempfile.TemporaryDirectory() as scratch:
        cache = options.phantoms_cache or Path(scratch)
        results: dict[str, list[dict[str, Any]]] = {"phantoms": []} if sizes else {}
        for real, synthetic in sizes:
            sets = film_sets.phantom_sets(cache, real, synthetic, size=options.size)
            results["phantoms"].append(measured(sets, cache, options))
        if options.films:
            results["chest films"] = [
                measured(
                    film_sets.chest_sets(
                        cache, options.films, *size, size=options.size, copied=options.plants
                    ),
                    cache,
                    options,
                )
                for size in ((0, 0), *(_size(text) for text in options.film_sizes))
            ]
    for name, of_sizes in results.items():
        print_table(name, of_sizes, top=TOP)
    if options.figure:
        draw(results, options.figure)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=Path, help="folder of chest films with manifest.csv")
    parser.add_argument("--sizes", nargs="*", default=SIZES, help="real x synthetic phantoms")
    parser.add_argument(
        "--film-sizes", nargs="*", default=SIZES[1:3], help="to which the chest films are grown"
    )
    parser.add_argument("--size", type=int, default=256, help="pixels on each side")
    parser.add_argument("--plants", type=int, default=40, help="copies of each kind")
    parser.add_argument("--encoder", default="thumbnail", help="a second search by its features")
    parser.add_argument("--weights", type=Path, help="its file")
    parser.add_argument(
        "--weights-sha256", default="", help="of a file that is not a published one"
    )
    parser.add_argument("--phantoms-cache", type=Path, help="folder that keeps what is made")
    parser.add_argument("--figure", type=Path, help="PNG to write")
    return parser.parse_args()


def _size(text: str) -> tuple[int, int]:
    real, synthetic = text.split("x")
    return int(real), int(synthetic)


def measured_with(encoder: str, weights: Path | str | None) -> str:
    """A name for the encoder, its weights and the code that is measured."""
    sources = sorted(Path(memorization.__file__).parent.glob("*.py"))
    code = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:8]
    return f"{encoder}-{files.sha256(Path(weights))[:8]}-{code}" if weights else f"{encoder}-{code}"


def measured(sets: Sets, cache: Path, options: argparse.Namespace) -> dict[str, Any]:
    """What the search makes of copies of some films, and of the films; kept in `cache`."""
    how = measured_with(options.encoder, options.weights)
    kept = cache / f"recall-{sets.name}-{options.plants}-{how}.json"
    if not kept.exists():
        begin = time.perf_counter()
        result = _measured(sets, cache, options)
        kept.write_text(json.dumps(result | {"seconds": time.perf_counter() - begin}))
    return dict(json.loads(kept.read_text()))


def _measured(sets: Sets, cache: Path, options: argparse.Namespace) -> dict[str, Any]:
    how = measured_with(options.encoder, options.weights)
    encoder = load(options.encoder, weights=options.weights, sha256=options.weights_sha256)
    features = cache / "features"
    real, synthetic = (
        features_of(films, small_picture(), ["plain"], features)
        for films in (sets.real, sets.synthetic)
    )
    patients = [real.patients[film] for film in real.ids]
    pictures = [read.views["plain"].reshape(-1, SMALL, SMALL) for read in (real, synthetic)]
    second = _Second(encoder, sets, features, numbers(patients)) if encoder else None
    also = second.search.baseline if second else None
    matcher = Matcher(pictures[0], numbers(patients), seed=SEED, also=also)
    best, listed = _scores(
        cache / f"audit-{sets.name}-{how}" / "nearest.parquet",
        lambda: matcher.match(pictures[1], also=second.synthetic if second else None)[0],
    )
    ids = real.ids[: sets.copied]
    planned = plan(ids, synthetic.ids, plants=options.plants, seed=SEED)
    encoded = second.copies(planned) if second else None
    copies: list[Matches] = []

    def match(small: Small) -> Matches:
        also = encoded(len(small)) if encoded else None
        copies.append(matcher.match(small, also=also, task="planted copies")[0])
        return copies[-1]

    recall = measure_recall(
        sets.real,
        sets.synthetic,
        listed,
        real_ids=ids,
        synthetic_ids=synthetic.ids,
        small=_small,
        match=match,
        top=TOP,
        plants=options.plants,
        seed=SEED,
    )
    calibration = Calibration(
        matcher.baseline,
        None,
        films=len(best),
        duplicate_threshold=recall.duplicate_threshold,
        others="patients",
        patients=patients,
    )
    tail, together = calibration.tail, len(PLANTED) * EACH
    # Where too few films can be compared, nothing is flagged.
    threshold = tail.threshold(len(best)) if tail else np.inf
    own = np.concatenate([_own_scores(copies, planned)])
    flags = own >= threshold
    high = own >= (tail.threshold(len(best) + together) if tail else np.inf)
    places = _places(planned, options.plants)
    return {
        "real": len(real.ids),
        "synthetic": len(synthetic.ids),
        "size": options.size,
        "copied": len(ids),
        "rows": recall.alterations,
        "flagged": {name: share_of(int(flags[at].sum()), len(at)) for name, at in places.items()},
        "threshold": calibration.threshold,
        "innocent": len(best),
        "innocent_flagged": None if tail is None else int((best >= threshold).sum()),
        "innocent_highest": float(best.max()),
        "planted": sum(len(places[name][:EACH]) for name in PLANTED),
        "planted_flagged": sum(int(high[places[name][:EACH]].sum()) for name in PLANTED),
    }


def _scores(audited: Path, search: Callable[[], Matches]) -> tuple[Floats, Floats]:
    """Each synthetic film's highest score, and those of all pairs that the search kept."""
    if audited.exists():
        table = tables.read(audited, schemas.NEAREST)
        best, second = (
            table.column(name).drop_null().to_numpy() for name in ("score", "second_score")
        )
        return best, np.concatenate([best, second])
    matches = search()
    return matches.score[:, 0], matches.score[matches.real >= 0]


def _small(film: Film) -> NDArray[np.uint8]:
    picture: NDArray[np.uint8] = small_picture().transform(Image.fromarray(film))
    return picture.reshape(SMALL, SMALL)


def _own_scores(copies: Sequence[Matches], planned: Sequence[Plant]) -> Floats:
    """(n,) score of each copy with its own film; −∞ where the search did not keep it."""
    real, scores = (
        np.concatenate([getattr(part, name) for part in copies]) for name in ("real", "score")
    )
    places = np.array([plant.place for plant in planned])
    own: Floats = np.where(real == places[:, None], scores, -np.inf).max(axis=1)
    return own


def _places(planned: Sequence[Plant], plants: int) -> dict[str, list[int]]:
    """Kind → places of its copies among those that are planned."""
    places: dict[str, list[int]] = {}
    for place, plant in enumerate(planned):
        places.setdefault(plant.alteration, []).append(place)
    return {name: of_kind[:plants] for name, of_kind in places.items()}


@dataclass(frozen=True)
class _Encoded:
    """What a network's search makes of copies, some at a time."""

    films: Iterator[OpenedFilm]
    encoder: Encoder
    search: EncoderSearch

    def __call__(self, count: int) -> Any:
        views = encode_views(self.encoder, islice(self.films, count), VIEWS)
        return self.search.match(views)


class _Second:
    """A second search, by the features of a network."""

    def __init__(
        self, encoder: Encoder, sets: Sets, features: Path, groups: NDArray[np.integer]
    ) -> None:
        self._encoder, self._sets = encoder, sets
        real, synthetic = (
            features_of(films, encoder, VIEWS, features) for films in (sets.real, sets.synthetic)
        )
        self.search = EncoderSearch(real.views, groups)
        self.synthetic = self.search.match(synthetic.views)

    def copies(self, planned: Sequence[Plant]) -> _Encoded:
        """Of copies, in the order in which they are planned."""
        films = small_copies(
            self._sets.real,
            self._sets.synthetic,
            planned,
            seed=SEED,
            small=partial(OpenedFilm, "copy"),
        )
        return _Encoded(films, self._encoder, self.search)


if __name__ == "__main__":
    main()
