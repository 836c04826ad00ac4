"""The tables of an audit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cxr_release import schemas, tables
from cxr_release.memorization.calibration import distance_ratio
from cxr_release.memorization.report import Searched


def write_tables(output: Path, searched: Searched) -> None:
    """Write `pairs.parquet`, `nearest.parquet` and `within.parquet`; see `schemas`."""
    calibration = searched.calibration
    pairs = [
        {
            "rank": rank,
            "real_id": pair.real_id,
            "synthetic_id": pair.synthetic_id,
            "cosine": pair.cosine,
            "view": pair.view,
            "percentile": calibration.percentile(pair.cosine),
            "flagged": calibration.flagged(pair.cosine),
        }
        for rank, pair in enumerate(searched.found.pairs, start=1)
    ]
    tables.write(output / "pairs.parquet", schemas.PAIRS, pairs)
    ratios = distance_ratio(*searched.cosines)
    in_tuning = np.full(len(ratios), np.nan) if searched.in_tuning is None else searched.in_tuning
    nearest = [
        {
            "synthetic_id": one.synthetic_id,
            "real_id": one.real_id,
            "cosine": one.cosine,
            "view": one.view,
            "second_cosine": one.second_cosine,
            "distance_ratio": ratio,
            "tuning_cosine": None if np.isnan(tuning) else tuning,
            "percentile": calibration.percentile(one.cosine),
            "flagged": calibration.flagged(one.cosine),
        }
        for one, ratio, tuning in zip(
            searched.found.nearest, ratios.tolist(), in_tuning.tolist(), strict=True
        )
    ]
    tables.write(output / "nearest.parquet", schemas.NEAREST, nearest)
    patients = searched.real.patients
    within = [
        {
            "set": name,
            "rank": rank,
            "one_id": pair.one_id,
            "other_id": pair.other_id,
            "cosine": pair.cosine,
            "same_patient": patients[pair.one_id] == patients[pair.other_id]
            if name == "real" and {pair.one_id, pair.other_id} <= patients.keys()
            else None,
            "alike": pair.cosine >= searched.power.alike,
        }
        for name, one in searched.within.items()
        for rank, pair in enumerate(one.pairs, start=1)
    ]
    tables.write(output / "within.parquet", schemas.WITHIN, within)
