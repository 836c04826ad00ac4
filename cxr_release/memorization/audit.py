"""The memorization audit of any two sets of films: nearest pairs, calibrated, and its recall."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.encoders.encoder import Encoder
from cxr_release.encoders.encoding import encode_views
from cxr_release.encoders.registry import load, small_picture
from cxr_release.errors import Fault, SourceError
from cxr_release.files import write_json
from cxr_release.films.film_set import FilmSet
from cxr_release.films.film_source import OpenedFilm
from cxr_release.films.png import Film
from cxr_release.memorization import features
from cxr_release.memorization.calibration import Baseline, Calibration, Others
from cxr_release.memorization.comparer import Small, cosine_of
from cxr_release.memorization.descriptor import Features
from cxr_release.memorization.duplicates import search_duplicates
from cxr_release.memorization.encoder_search import EncoderSearch
from cxr_release.memorization.features import FilmFeatures, features_of
from cxr_release.memorization.figures import describe_pairs, draw_distances, draw_pairs
from cxr_release.memorization.matching import Matcher, numbers
from cxr_release.memorization.pairs import Pair, listed
from cxr_release.memorization.parts import CONTROL, TUNING, divided, require_apart
from cxr_release.memorization.planting import Form, Plant, plan, small_copies
from cxr_release.memorization.recall import measure_recall
from cxr_release.memorization.report import Searched, report_of
from cxr_release.memorization.scores import Matches
from cxr_release.params.measures import AuditParams
from cxr_release.schemas import SMALL, VIEWS

FEATURES = "features"
"""Folder below the output in which features are kept from run to run."""


def audit(
    real: FilmSet,
    synthetic: FilmSet,
    split: Mapping[str, str] | None,
    output: Path,
    *,
    settings: AuditParams,
    seed: int,
) -> dict[str, Any]:
    """Search two sets for near-copies and write what was found.

    Writes `pairs.parquet`, `nearest.parquet`, `within.parquet` (see `schemas`), `pairs.png`,
    `distances.png`, `audit.json` and, so that another run need not read them, `features/`. All
    but `distances.png` name or show real films. Killed while it reads films, it goes on from there.

    Args:
        real: the films that the generator learnt from, and control films.
        synthetic: the films that it drew.
        split: real film → `tuning`, `held_out` or `control`; None where the films were not split.
            No patient may be in two of them. Control films are not searched: no generator saw them,
            and they are what synthetic films are compared with.
        output: folder; made where it is not there.
        settings: the encoder, and how much to list and to plant.
        seed: of what is planted, and of the moves by which a film's own changes are learnt.

    Returns:
        What `audit.json` says; see `report`.

    Raises:
        SourceError: a set has no film that can be read, `output` lies among its films, the split is
            of other films, or it has a patient in two parts.
        CxrReleaseError: there is no such encoder, or its weights are refused.
    """
    for films in (real, synthetic):
        films.require_elsewhere(output)
    weights = Path(settings.weights) if settings.weights else None
    encoder = load(settings.encoder, weights=weights, sha256=settings.weights_sha256)
    _announce(real, synthetic, split, settings.encoder)
    cache = output / FEATURES
    sets = [features_of(films, small_picture(), ["plain"], cache) for films in (real, synthetic)]
    for films, read in zip((real, synthetic), sets, strict=True):
        _require_films(films, read)
    of_film, every_id = sets[0].patients, sets[0].ids
    by_part = divided(sets[0], split)
    source, unseen, tuning = by_part.source, by_part.unseen, by_part.tuning
    others: Others = "patients" if set(every_id) <= of_film.keys() else "films"

    def patients_of(films: FilmFeatures | None) -> list[str] | None:
        return [of_film[film] for film in films.ids] if films and others == "patients" else None

    if split is not None and others == "patients":
        require_apart(split, {film: of_film[film] for film in every_id})
    ids, patients = source.ids, patients_of(source)
    pictures = [_pictures(films) for films in (source, sets[1])]
    groups = numbers(patients or ids)
    kept = [read.keys for read in sets]
    second, also, also_unseen = None, None, None
    if encoder is not None:
        encoded = [features_of(films, encoder, VIEWS, cache) for films in (real, synthetic)]
        kept += [films.keys for films in encoded]
        by_network = divided(encoded[0], split)
        second = EncoderSearch(by_network.source.views, groups, tuning)
        also = second.match(encoded[1].views)
        also_unseen = second.match(by_network.unseen.views) if by_network.unseen else None
    matcher = Matcher(
        pictures[0],
        groups,
        seed=seed,
        tuning=tuning,
        also=second.baseline if second else None,
    )
    matches, in_tuning = matcher.match(pictures[1], also=also)
    copies = _Copies(real, synthetic, ids, sets[1].ids, matcher, seed=seed, plants=settings.plants)
    recall = measure_recall(
        real,
        synthetic,
        matches.score[matches.real >= 0],
        real_ids=ids,
        synthetic_ids=sets[1].ids,
        small=copies.small,
        match=copies.match_by(encoder, second) if encoder and second else copies.match,
        top=settings.top,
        plants=settings.plants,
        seed=seed,
        recall=settings.recall,
    )
    beside = None
    if unseen is not None:
        _, nearest = matcher.match(_pictures(unseen), also=also_unseen, task=by_part.unseen_name)
        beside = Baseline(
            by_part.unseen_name, nearest, recall.duplicate_threshold, patients_of(unseen)
        )
    calibration = Calibration(
        matcher.baseline,
        beside,
        films=len(matches),
        duplicate_threshold=recall.duplicate_threshold,
        others=others,
        patients=patients,
    )
    vectors = [matcher.plain(films) for films in pictures]
    searched = Searched(
        real=source,
        control=by_part.control,
        synthetic=sets[1],
        ignored={"real": real.ignored, "synthetic": synthetic.ignored},
        matches=matches,
        pairs=listed(matches, ids, sets[1].ids, settings.top),
        recall=recall,
        plain_threshold=copies.plain_threshold(vectors[0]),
        calibration=calibration,
        duplicates={
            name: search_duplicates(rows, films.ids, top=settings.top, groups=of_films)
            for name, rows, films, of_films in zip(
                ("real", "synthetic"),
                vectors,
                (source, sets[1]),
                (groups if patients else None, None),
                strict=True,
            )
        },
        tuning=None if split is None else [split[film] == TUNING for film in ids],
        tuning_scores=None if tuning is None else in_tuning.score[:, 0],
    )
    converted = dict(source.notes).keys(), dict(sets[1].notes).keys()
    pairs = describe_pairs(searched.near, real, synthetic, converted=converted)
    report = report_of(searched, pairs, encoder=encoder, top=settings.top, recall=settings.recall)
    write_tables(output, searched)
    draw_distances(
        output / "distances.png", report["histogram"], calibration.threshold, others=others
    )
    draw_pairs(output / "pairs.png", searched.pairs, real, synthetic)
    write_json(output / "audit.json", report)
    features.prune(cache, frozenset().union(*kept))
    return report


@dataclass(frozen=True)
class _Copies:
    """How planted copies are searched for: as synthetic films are."""

    real: FilmSet
    synthetic: FilmSet
    real_ids: Sequence[str]
    synthetic_ids: Sequence[str]
    matcher: Matcher
    seed: int
    plants: int

    def small(self, film: Film) -> NDArray[np.uint8]:
        """The small picture of a copy."""
        picture: NDArray[np.uint8] = small_picture().transform(Image.fromarray(film))
        return picture.reshape(SMALL, SMALL)

    def match(self, copies: Small) -> Matches:
        """The likeliest originals of copies."""
        return self.matcher.match(copies, task="planted copies")[0]

    def match_by(self, encoder: Encoder, second: EncoderSearch) -> Callable[[Small], Matches]:
        """Likewise, and by the features of a network; copies must come as they were planned."""
        planned = plan(self.real_ids, self.synthetic_ids, plants=self.plants, seed=self.seed)
        films = self._made(planned, partial(OpenedFilm, "copy"))

        def match(copies: Small) -> Matches:
            views = encode_views(encoder, islice(films, len(copies)), VIEWS)
            return self.matcher.match(copies, also=second.match(views), task="planted copies")[0]

        return match

    def plain_threshold(self, vectors: Features) -> float:
        """Lowest cosine of a film and its recompressed copy, whole and as they are.

        Args:
            vectors: of the real films; see `Matcher.plain`.
        """
        planned = plan(self.real_ids, self.synthetic_ids, plants=0, seed=self.seed)
        copies = self.matcher.plain(np.stack(list(self._made(planned, self.small))))
        places = [plant.place for plant in planned]
        return float(cosine_of(vectors[places].astype(np.int64), copies.astype(np.int64)).min())

    def _made(self, planned: Sequence[Plant], form: Callable[[Film], Form]) -> Iterator[Form]:
        return small_copies(self.real, self.synthetic, planned, seed=self.seed, small=form)


def _pictures(films: FilmFeatures) -> Small:
    return films.views["plain"].reshape(-1, SMALL, SMALL)


def _announce(
    real: FilmSet, synthetic: FilmSet, split: Mapping[str, str] | None, encoder: str
) -> None:
    control = sum((split or {}).get(film) == CONTROL for film in real.homes)
    beside = f", {control:,} control films beside them" if control else ""
    sys.stderr.write(
        f"{len(real) - control:,} real × {len(synthetic):,} synthetic films{beside}, encoder"
        f" {encoder}\n"
    )


def _require_films(films: FilmSet, encoded: FilmFeatures) -> None:
    if not encoded.ids:
        raise SourceError(
            f"no {films.name} film can be read",
            where=", ".join(part.name for part in films.sources),
            remedy="give films that can be opened; nothing was written",
            faults=[Fault(film, fault) for film, fault in encoded.unreadable],
        )


def write_tables(output: Path, searched: Searched) -> None:
    """Write `pairs.parquet`, `nearest.parquet` and `within.parquet`; see `schemas`."""
    tables.write(
        output / "pairs.parquet",
        schemas.PAIRS,
        [
            {"rank": rank, **_row(pair, searched.calibration), **asdict(pair.pose)}
            for rank, pair in enumerate(searched.pairs, start=1)
        ],
    )
    tables.write(output / "nearest.parquet", schemas.NEAREST, _nearest(searched))
    tables.write(output / "within.parquet", schemas.WITHIN, _within(searched))


def _row(pair: Pair, calibration: Calibration) -> dict[str, Any]:
    return {
        "real_id": pair.real_id,
        "synthetic_id": pair.synthetic_id,
        "score": pair.score,
        "cosine": pair.cosine,
        "view": pair.view,
        "part": pair.part,
        "percentile": calibration.percentile(pair.score),
        "p": calibration.p(pair.score),
        "flagged": calibration.flagged(pair.score),
    }


def _nearest(searched: Searched) -> list[dict[str, Any]]:
    matches, tuning = searched.matches, searched.tuning_scores
    return [
        {
            **_row(pair, searched.calibration),
            "second_score": _second_score(matches, row),
            "tuning_score": None if tuning is None else float(tuning[row]),
        }
        for row, pair in enumerate(searched.nearest)
    ]


def _second_score(matches: Matches, row: int) -> float | None:
    scores = matches.score[row]
    return float(scores[1]) if len(scores) > 1 and np.isfinite(scores[1]) else None


def _within(searched: Searched) -> Iterator[dict[str, Any]]:
    patients = searched.real.patients

    def same_patient(first: str, second: str) -> bool | None:
        stated = {first, second} <= patients.keys()
        return patients[first] == patients[second] if stated else None

    for name, duplicates in searched.duplicates.items():
        for rank, pair in enumerate(duplicates.pairs, start=1):
            films = pair.first_id, pair.second_id
            yield {
                "set": name,
                "rank": rank,
                "one_id": pair.first_id,
                "other_id": pair.second_id,
                "cosine": pair.cosine,
                "same_patient": same_patient(*films) if name == "real" else None,
                "alike": pair.cosine >= searched.plain_threshold,
            }
