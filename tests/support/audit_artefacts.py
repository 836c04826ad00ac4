"""A small audit of three source films and the generated films, and what people said of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.files import write_json
from cxr_release.logbook.logs import tally
from cxr_release.memorization.chance import held_out_chance, no_chance
from tests.support.plain_pairs import POSE

GENERATED = [
    f"checkpoint-{checkpoint}-{batch}-{index:05d}"
    for checkpoint in (1, 3)
    for batch, films in (("initial", 3), ("large", 5))
    for index in range(films)
]
STEMS = ("patient-4711-secret", "patient-0815-secret", "patient-1234-secret")
PAIRED = ("checkpoint-3-large-00000", "checkpoint-1-initial-00000", "checkpoint-1-initial-00002")
"""The films nearest to those of `STEMS`, nearest first; the first of them is excluded."""
TOP, THRESHOLD = 3, 0.8


def write_blank(path: Path) -> None:
    Image.new("RGB", (40, 30), "white").save(path)


def pair_rows(threshold: float | None = THRESHOLD) -> list[dict[str, Any]]:
    return [
        {
            "rank": place + 1,
            "real_id": STEMS[place],
            "synthetic_id": name,
            **nearness(0.9 - place / 8, threshold),
            **POSE,
        }
        for place, name in enumerate(PAIRED)
    ]


def nearness(cosine: float, threshold: float | None) -> dict[str, Any]:
    known = threshold is not None
    return {
        "score": round(10 * cosine - 2, 3),
        "cosine": cosine,
        "part": "whole",
        "p": None,
        "view": "mirrored" if cosine > 0.85 else "plain",
        "percentile": round(100 * cosine) if known else None,
        "flagged": cosine > threshold if known else None,
    }


def nearest_rows(threshold: float | None = THRESHOLD) -> list[dict[str, Any]]:
    paired = {row["synthetic_id"]: row for row in pair_rows(threshold)}
    rows = []
    for place, name in enumerate(GENERATED):
        row = {"real_id": STEMS[0], **nearness(0.5 - place / 100, threshold)}
        pair = paired.get(name, {})
        row |= {key: one for key, one in pair.items() if key not in {"rank", *POSE}}
        row["tuning_cosine"] = row["cosine"] if row["flagged"] else None
        rows.append({"synthetic_id": name, "second_cosine": 0.25, "distance_ratio": 0.75, **row})
    return rows


def spread_of(*ends: float) -> dict[str, float]:
    """Quantiles of so few values that the ends say most."""
    names = ("min", "1 %", "5 %", "25 %", "50 %", "75 %", "95 %", "99 %", "max")
    return dict(zip(names, np.linspace(*ends, len(names)).tolist(), strict=True))


def baseline(low: float, high: float, left_out: int) -> dict[str, Any]:
    return {
        "films": 3,
        "counted": 3 - left_out,
        "patients": 3 - left_out,
        "left_out_alike": left_out,
        "without_another": 0,
        "cosine": spread_of(low, high),
        "distance": spread_of(0.6325, 1.25),
    }


def planted(alteration: str, found: int, median_rank: int | None) -> dict[str, Any]:
    return {
        "alteration": alteration,
        "planted": 40,
        "found": found,
        "recall": found / 40,
        "low": 0.01 + found / 50,
        "high": 0.125 + found / 50,
        "median_rank": median_rank,
        "median_cosine": 0.5 + found / 100,
    }


POWER = [
    planted("identical", 40, 1),
    planted("turned +3°", 35, 2),
    planted("blurred patch", 3, None),
]


def chance_of(nearest: list[dict[str, Any]], flagged: int | None) -> dict[str, Any]:
    """Three held-out films are too few to tell what chance gives."""
    if flagged is None:
        return no_chance(len(nearest), "there is nothing to compare with").report()
    return held_out_chance(nearer=flagged, films=len(nearest), compared=3, patients=3).report()


def audit_report(threshold: float | None = THRESHOLD) -> dict[str, Any]:
    """What the audit of `pair_rows` and `nearest_rows` says of itself."""
    pairs, nearest = pair_rows(threshold), nearest_rows(threshold)
    cosines = [row["cosine"] for row in nearest]
    known = threshold is not None
    flagged = sum(bool(row["flagged"]) for row in nearest) if known else None
    share = {"films": 12, "share": 0.75, "low": 0.4765, "high": 0.9275}
    within = {"films_with_one_alike": 0, "highest": 0.5, "distance": spread_of(1.0, 1.25)}

    def account(films: int, patients: int | None) -> dict[str, Any]:
        return {
            "films": films,
            "searched": films,
            "patients": patients,
            "patients_not_stated": 0 if patients else films,
            "unreadable": [],
            "notes": [{"film": STEMS[1], "note": "reduced"}] if patients else [],
            "ignored": [{"file": f"{STEMS[2]}.txt", "why": "no film"}] if patients else [],
        }

    return {
        "state": "no baseline" if flagged is None else "flagged" if flagged else "nothing flagged",
        "encoder": {"name": "thumbnail-24", "dimensions": 576, "looks": 9, "weights": None},
        "real": account(len(STEMS), len(STEMS)),
        "synthetic": account(len(nearest), None),
        "top": TOP,
        "pairs": len(pairs),
        "cosine": {"highest": pairs[0]["cosine"], "lowest": pairs[-1]["cosine"]},
        "flagged": {"pairs": sum(row["flagged"] for row in pairs), "films": flagged}
        if known
        else None,
        "calibration": {
            "baseline": "held_out" if known else None,
            "others": "patients",
            "threshold": threshold,
            "note": None if known else "no two source films of different patients",
            "flagged": flagged,
            "chance": chance_of(nearest, flagged),
            "source": baseline(0.1, 0.75, 1)
            if known
            else {**baseline(0.0, 0.0, 0), "counted": 0, "cosine": None, "distance": None},
            "held_out": baseline(0.2, 0.8, 0) if known else None,
            "synthetic": {
                "films": len(nearest),
                "alike": 0,
                "cosine": spread_of(min(cosines), max(cosines)),
                "distance": spread_of(0.4472, 1.125),
                "distance_ratio": spread_of(0.5, 0.9375),
            },
            "nearer_than_5_percent": {**share, "films": 1, "expected": 0.05, "distance": 0.5}
            if known
            else None,
            "nearer_probability": 0.5625 if known else None,
            "nearest_in_tuning": {**share, "expected": 2 / 3} if known else None,
        },
        "alike": 0.9875,
        "within": {
            "real": {**within, "of_another_patient": 0},
            "synthetic": {**within, "films_with_one_alike": 2, "of_another_patient": None},
        },
        "power": POWER if known else [],
        "power_note": None,
        "near": {"pairs": flagged or 0, "named": []},
        "histogram": {
            "edges": [0.0, 0.5, 1.25],
            "synthetic": [1, len(nearest) - 1],
            "source": [0, 2] if known else None,
            "held_out": [0, 3] if known else None,
        },
        "files": ["audit.json"],
    }


def write_audit(folder: Path, threshold: float | None = THRESHOLD) -> None:
    tables.write(folder / "pairs.parquet", schemas.PAIRS, pair_rows(threshold))
    tables.write(folder / "nearest.parquet", schemas.NEAREST, nearest_rows(threshold))
    write_json(folder / "audit.json", audit_report(threshold))
    write_blank(folder / "distances.png")


def verdict_row(rank: int, verdict: str | None) -> dict[str, Any]:
    return {
        "real_id": STEMS[rank - 1],
        "synthetic_id": PAIRED[rank - 1],
        "rank": rank,
        "verdict": verdict,
        "settled": verdict is not None,
        "reviewers": 0 if verdict is None else 2,
        "excluded": verdict in ("copy", "unsure"),
    }


def write_adjudication(folder: Path, verdicts: Mapping[int, str]) -> dict[str, str]:
    """Write what two people said of the pairs of some ranks, and give the films that stay out."""
    rows = [verdict_row(rank, verdicts.get(rank)) for rank in range(1, TOP + 1)]
    said = [row["verdict"] for row in rows]
    copies = {
        row["synthetic_id"]: "copy" if row["verdict"] == "copy" else "possible-copy"
        for row in rows
        if row["excluded"]
    }
    judged = len(verdicts)
    agreement = {"statistic": "Cohen's kappa", "kappa": 0.625, "agree": 0.875, "pairs": judged}
    report = {
        "state": "none" if not judged else "partial" if judged < TOP else "complete",
        "pairs": TOP,
        "reviewers": 2 if judged else 0,
        "judged": judged,
        "pairs_by_reviewers": tally([2] * judged + [0] * (TOP - judged)),
        "settled": judged,
        "open_conflicts": 0,
        "verdicts": {word: said.count(word) for word in schemas.JUDGED},
        "excluded_films": len(copies),
        "earlier": 0,
        "elsewhere": 0,
        "agreement": {**agreement, "reviewers": 2, "ratings": 2} if judged else None,
    }
    tables.write(folder / "verdicts.parquet", schemas.VERDICTS, rows)
    write_json(folder / "copies.json", copies)
    write_json(folder / "adjudication.json", report)
    return copies
