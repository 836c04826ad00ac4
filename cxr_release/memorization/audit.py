"""The memorization audit of any two sets of films: nearest pairs, calibrated, and its recall."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release import schemas, tables
from cxr_release.encoders.registry import load
from cxr_release.errors import Fault, SourceError
from cxr_release.files import write_json
from cxr_release.films.film_set import FilmSet
from cxr_release.memorization import features
from cxr_release.memorization.calibration import (
    Calibration,
    Floats,
    Others,
    distance,
    distance_ratio,
)
from cxr_release.memorization.cosines import Features
from cxr_release.memorization.duplicates import nearest_cosines, search_duplicates
from cxr_release.memorization.features import FilmFeatures, features_of
from cxr_release.memorization.figures import describe_pairs, draw_distances, draw_pairs
from cxr_release.memorization.recall import measure_recall
from cxr_release.memorization.report import Searched, report_of
from cxr_release.memorization.search import SearchResult, search
from cxr_release.params import AuditParams
from cxr_release.schemas import VIEWS

FEATURES = "features"
"""Folder below the output in which features are kept from run to run."""
TUNING, HELD_OUT = "tuning", "held_out"


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
    `distances.png`, `audit.json` and, so that another run need not encode them, `features/`. All
    but `distances.png` name or show real films. Killed while it encodes, it goes on from there.

    Args:
        real: the films that the generator learnt from.
        synthetic: the films that it drew.
        split: real film → `tuning` or `held_out`; None where the films were not split. No patient
            may be in both.
        output: folder; made where it is not there.
        settings: the encoder, whose cosine is the likeness, and how much to list and to plant.
        seed: of what is planted.

    Returns:
        What `audit.json` says; see `report`.

    Raises:
        SourceError: a set has no film that can be read, `output` lies among its films, the split is
            of other films, or it has a patient in both parts.
        CxrReleaseError: there is no such encoder, or its weights are refused.
    """
    for films in (real, synthetic):
        _require_elsewhere(output, films)
    encoder = load(
        settings.encoder,
        side=settings.thumbnail,
        weights=Path(settings.weights) if settings.weights else None,
        sha256=settings.weights_sha256,
    )
    sys.stderr.write(
        f"{len(real):,} real × {len(synthetic):,} synthetic films, encoder {encoder.name}\n"
    )
    cache = output / FEATURES
    real_features = features_of(real, encoder, list(dict.fromkeys([*encoder.crops, *VIEWS])), cache)
    synthetic_features = features_of(synthetic, encoder, VIEWS, cache)
    _require_films(real, real_features)
    _require_films(synthetic, synthetic_features)
    ids, of_film = real_features.ids, real_features.patients
    crops = [real_features.views[crop] for crop in encoder.crops]
    views = {view: real_features.views[view] for view in VIEWS}
    result = search(
        crops,
        synthetic_features.views,
        real_ids=ids,
        synthetic_ids=synthetic_features.ids,
        top=settings.top,
    )
    recall = measure_recall(
        real,
        crops,
        ids,
        [pair.cosine for pair in result.pairs],
        encoder=encoder,
        top=settings.top,
        plants=settings.plants,
        seed=seed,
    )
    others: Others = "patients" if set(ids) <= of_film.keys() else "films"
    patients = [of_film[film] for film in ids] if others == "patients" else None
    parts = None if split is None else _parts(ids, split, patients)
    held_out = [] if parts is None else parts[HELD_OUT]
    calibration = Calibration(
        nearest_cosines(views, crops, groups=patients or ids),
        None
        if parts is None
        else nearest_cosines(views, crops, queries=held_out, references=parts[TUNING]),
        duplicate_threshold=recall.duplicate_threshold,
        others=others,
        patients=patients,
        held_out_patients=patients and [patients[place] for place in held_out],
    )
    searched = Searched(
        real=real_features,
        synthetic=synthetic_features,
        ignored={"real": real.ignored, "synthetic": synthetic.ignored},
        result=result,
        recall=recall,
        calibration=calibration,
        duplicates={
            "real": search_duplicates(
                real_features.views["plain"], ids, top=settings.top, groups=patients
            ),
            "synthetic": search_duplicates(
                synthetic_features.views["plain"], synthetic_features.ids, top=settings.top
            ),
        },
        tuning=None if split is None else [split[film] == TUNING for film in ids],
        tuning_cosines=None
        if parts is None
        else _tuning_cosines(result, calibration, synthetic_features.views, crops, parts[TUNING]),
    )
    converted = dict(real_features.notes).keys(), dict(synthetic_features.notes).keys()
    pairs = describe_pairs(searched.near, real, synthetic, converted=converted)
    report = report_of(searched, pairs, encoder=encoder, top=settings.top)
    write_tables(output, searched)
    draw_distances(
        output / "distances.png",
        report["histogram"],
        None if calibration.threshold is None else float(distance(calibration.threshold)),
        others=others,
    )
    draw_pairs(output / "pairs.png", result.pairs, real, synthetic)
    write_json(output / "audit.json", report)
    features.prune(cache, real_features.keys | synthetic_features.keys)
    return report


def _require_elsewhere(output: Path, films: FilmSet) -> None:
    """Refuse to write among the films: the output would count as films in the next run."""
    for part in films.sources:
        home = Path(part.name).resolve()
        if home.is_dir() and output.resolve().is_relative_to(home):
            raise SourceError(
                f"lies in the folder of {films.name} films {part.name}",
                where=str(output),
                remedy="write elsewhere",
            )


def _require_films(films: FilmSet, encoded: FilmFeatures) -> None:
    if not encoded.ids:
        raise SourceError(
            f"no {films.name} film can be read",
            where=", ".join(part.name for part in films.sources),
            remedy="give films that can be opened; nothing was written",
            faults=[Fault(film, fault) for film, fault in encoded.unreadable],
        )


def _parts(
    ids: Sequence[str], split: Mapping[str, str], patients: Sequence[str] | None
) -> dict[str, list[int]]:
    """Places of the films of each part.

    Films of one patient in both parts would make held-out films look near, and copies not.
    """
    missing = [film for film in ids if split.get(film) not in (TUNING, HELD_OUT)]
    if missing:
        raise SourceError(
            f"{len(missing)} real film(s) are in neither part of the split",
            where=missing[0],
            remedy="give the split of these films, or none",
        )
    parts = {
        part: [place for place, film in enumerate(ids) if split[film] == part]
        for part in (TUNING, HELD_OUT)
    }
    if patients is not None:
        tuning, held_out = ({patients[place] for place in part} for part in parts.values())
        if tuning & held_out:
            raise SourceError(
                f"{len(tuning & held_out)} patient(s) of the real films are in both parts of the"
                " split",
                remedy="give a split by patient, or none",
            )
    return parts


def _tuning_cosines(
    result: SearchResult,
    calibration: Calibration,
    synthetic: Mapping[str, Features],
    crops: Sequence[Features],
    tuning: Sequence[int],
) -> Floats:
    """Cosine of each flagged film with its nearest film of the tuning part; NaN of other films."""
    part = set(tuning)
    cosines = np.full(len(result.nearest), np.nan)
    elsewhere = []
    for place, film in enumerate(result.nearest):
        if calibration.flagged(film.cosine):
            cosines[place] = film.cosine
            if film.real not in part:
                elsewhere.append(place)
    if elsewhere:
        cosines[elsewhere] = nearest_cosines(synthetic, crops, queries=elsewhere, references=tuning)
    return cosines


def write_tables(output: Path, searched: Searched) -> None:
    """Write `pairs.parquet`, `nearest.parquet` and `within.parquet`; see `schemas`."""
    calibration, patients = searched.calibration, searched.real.patients

    def calibrated(cosine: float) -> dict[str, Any]:
        return {
            "cosine": cosine,
            "percentile": calibration.percentile(cosine),
            "flagged": calibration.flagged(cosine),
        }

    def same_patient(first: str, second: str) -> bool | None:
        stated = {first, second} <= patients.keys()
        return patients[first] == patients[second] if stated else None

    pairs = [
        {
            "rank": rank,
            "real_id": pair.real_id,
            "synthetic_id": pair.synthetic_id,
            "view": pair.view,
            **calibrated(pair.cosine),
        }
        for rank, pair in enumerate(searched.result.pairs, start=1)
    ]
    tables.write(output / "pairs.parquet", schemas.PAIRS, pairs)
    ratios = distance_ratio(*searched.cosines)
    tuning = searched.tuning_cosines
    nearest = [
        {
            "synthetic_id": film.synthetic_id,
            "real_id": film.real_id,
            "view": film.view,
            "second_cosine": film.second_cosine,
            "distance_ratio": float(ratios[place]),
            "tuning_cosine": None
            if tuning is None or np.isnan(tuning[place])
            else float(tuning[place]),
            **calibrated(film.cosine),
        }
        for place, film in enumerate(searched.result.nearest)
    ]
    tables.write(output / "nearest.parquet", schemas.NEAREST, nearest)
    within = [
        {
            "set": name,
            "rank": rank,
            "one_id": pair.one_id,
            "other_id": pair.other_id,
            "cosine": pair.cosine,
            "same_patient": same_patient(pair.one_id, pair.other_id) if name == "real" else None,
            "alike": pair.cosine >= calibration.duplicate_threshold,
        }
        for name, duplicates in searched.duplicates.items()
        for rank, pair in enumerate(duplicates.pairs, start=1)
    ]
    tables.write(output / "within.parquet", schemas.WITHIN, within)
