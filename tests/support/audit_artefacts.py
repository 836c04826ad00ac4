"""A small audit of three source films and the generated films, and what people said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.stats import chi2

from cxr_release import schemas, tables
from cxr_release.files import write_json
from cxr_release.logbook.logs import tally
from cxr_release.memorization.chance import NO_BASELINE, no_chance, unseen_chance
from cxr_release.memorization.list_length import recommended
from cxr_release.memorization.tail import LEVEL, PEAKS, Tail
from cxr_release.statistics.proportions import share_of

GENERATED = [
    f"checkpoint-{checkpoint}-{batch}-{index:05d}"
    for checkpoint in (1, 3)
    for batch, films in (("initial", 3), ("large", 5))
    for index in range(films)
]
STEMS = ("patient-4711-secret", "patient-0815-secret", "patient-1234-secret")
PAIRED = ("checkpoint-3-large-00000", "checkpoint-1-initial-00000", "checkpoint-1-initial-00002")
"""The films nearest to those of `STEMS`, nearest first; the first of them is excluded."""
TOP, THRESHOLD, LOW = 3, 8.1, 4.69
"""Pairs on the list; a score that the first of them reaches; one that two unlisted films reach."""
MEAN_EXCESS = 0.02
"""So little that hardly any score lies near the start of the tail."""
COMPARED = 2
"""Source films that the tail is of: fewer than a real audit makes one of."""


def write_blank(path: Path) -> None:
    Image.new("RGB", (40, 30), "white").save(path)


def tail_to(threshold: float) -> Tail:
    """The tail from which this threshold follows."""
    most = MEAN_EXCESS * 2 * PEAKS / float(chi2.ppf(0.05, 2 * PEAKS))
    from_zero = Tail(COMPARED, PEAKS, 0.0, MEAN_EXCESS, most)
    return replace(from_zero, start=threshold - from_zero.threshold(len(GENERATED)))


def pair_rows(threshold: float | None = THRESHOLD) -> list[dict[str, Any]]:
    return [
        {
            "rank": place + 1,
            "real_id": STEMS[place],
            "synthetic_id": name,
            **nearness(9 - 1.25 * place, threshold),
            "turn": 1.5,
            "scale": 0.9375,
            "right": -0.03125,
            "down": 0.0,
        }
        for place, name in enumerate(PAIRED)
    ]


def nearness(score: float, threshold: float | None) -> dict[str, Any]:
    """The second pair's halves are more similar than the first pair's whole films."""
    known = threshold is not None
    halved = score == 7.75
    return {
        "score": score,
        "cosine": 0.9375 if halved else score / 10,
        "view": "mirrored" if score > 8.5 else "plain",
        "part": "left" if halved else "whole",
        "percentile": 10 * score if known else None,
        "p": tail_to(threshold).p(score) if threshold is not None else None,
        "flagged": score >= threshold if threshold is not None else None,
    }


def nearest_rows(threshold: float | None = THRESHOLD) -> list[dict[str, Any]]:
    pose = ("rank", "turn", "scale", "right", "down")
    paired = {row["synthetic_id"]: row for row in pair_rows(threshold)}
    rows = []
    for place, name in enumerate(GENERATED):
        row = {"real_id": STEMS[0], **nearness(5 - place / 10, threshold)}
        row |= {key: value for key, value in paired.get(name, {}).items() if key not in pose}
        tuning = row["score"] if threshold is not None else None
        rows.append({"synthetic_id": name, "second_score": 0.25, "tuning_score": tuning, **row})
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
        "score": spread_of(low, high),
    }


NOT_COMPARED = {
    **{"films": 3, "counted": 0, "patients": 0, "left_out_alike": 0},
    **{"without_another": 3, "score": None},
}


def planted(
    alteration: str,
    found: int,
    median_rank: int | None,
    needed: int | None,
    *,
    family: str = "moved",
    of: int = 40,
) -> dict[str, Any]:
    """A kind of copies, of which so many are in the list of `TOP` pairs."""
    share, low, high = share_of(found, of)
    return {
        "alteration": alteration,
        "family": family,
        "planted": of,
        "found": found,
        "recall": share,
        "low": low,
        "high": high,
        "median_rank": median_rank,
        "median_cosine": 0.5 + found / 100 if found else None,
        "needed": needed,
    }


POWER = [
    planted("identical", 40, 1, 1, family="pixels unchanged"),
    planted("turned +3°", 35, 2, 9),
    planted("blurred patch", 3, None, None, family="noise and detail"),
]


def list_length(power: list[dict[str, Any]]) -> dict[str, Any]:
    needed, beyond = recommended(power)
    return {"recall": 0.95, "needed": needed, "beyond": beyond}


def chance_of(nearest: list[dict[str, Any]], *, compared: bool) -> dict[str, Any]:
    """Three held-out films are too few to tell what chance gives."""
    if not compared:
        return no_chance(len(nearest), NO_BASELINE["patients"]).report()
    nearer = sum(row["tuning_score"] > 8 for row in nearest)
    return unseen_chance(
        "held_out", nearer=nearer, films=len(nearest), compared=3, patients=3
    ).report()


def audit_report(threshold: float | None = THRESHOLD) -> dict[str, Any]:
    """What the audit of `pair_rows` and `nearest_rows` says of itself."""
    pairs, nearest = pair_rows(threshold), nearest_rows(threshold)
    scores = [row["score"] for row in nearest]
    known = threshold is not None
    flagged = sum(bool(row["flagged"]) for row in nearest) if known else None
    share = {"films": 12, "share": 0.75, "low": 0.4765, "high": 0.9275}
    within = {"films_with_one_alike": 0, "highest": 0.5125, "cosine": spread_of(0.21875, 0.5125)}
    edges = [3.0, 5.0, 7.0, 9.0]
    power = POWER if known else []

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
        "encoder": {"name": "thumbnail", "dimensions": 4096, "looks": 59, "weights": None},
        "real": account(len(STEMS), len(STEMS)),
        "synthetic": account(len(nearest), None),
        "top": TOP,
        "pairs": len(pairs),
        **{
            name: {
                "highest": max(row[name] for row in pairs),
                "lowest": min(row[name] for row in pairs),
            }
            for name in ("score", "cosine")
        },
        "flagged": {"pairs": sum(row["flagged"] for row in pairs), "films": flagged}
        if known
        else None,
        "calibration": {
            "baseline": "held_out" if known else None,
            "others": "patients",
            "threshold": tail_to(threshold).threshold(len(nearest))
            if threshold is not None
            else None,
            "level": LEVEL,
            "tail": tail_to(threshold).report() if threshold is not None else None,
            "note": None if known else f"{NO_BASELINE['patients']}: nothing can be flagged",
            "flagged": flagged,
            "chance": chance_of(nearest, compared=known),
            "source": baseline(-1.5, 7.25, 3 - COMPARED) if known else NOT_COMPARED,
            "held_out": baseline(-0.75, 8.0, 0) if known else None,
            "synthetic": {
                "films": len(nearest),
                "alike": 0,
                "score": spread_of(min(scores), max(scores)),
            },
            "nearer_than_5_percent": {**share, "films": 1, "expected": 0.05, "score": 7.625}
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
        "power": power,
        "power_note": None,
        "list_length": list_length(power),
        "near": {"pairs": flagged or 0, "named": []},
        "histogram": {
            "edges": edges,
            "synthetic": np.histogram(scores, edges)[0].tolist(),
            "source": [0, 2, 0] if known else None,
            "held_out": [0, 2, 1] if known else None,
        },
        "files": ["audit.json"],
    }


def without_a_threshold(report: dict[str, Any]) -> dict[str, Any]:
    """The same of so few source films that their scores say nothing of others, but can be compared.

    Its tables are those of `write_audit` with `tail_known=False`.
    """
    note = f"{NO_BASELINE['patients']}: nothing can be flagged"
    unknown = {"threshold": None, "tail": None, "flagged": None, "note": note}
    return report | {
        "state": "no baseline",
        "flagged": None,
        "calibration": report["calibration"] | unknown,
    }


def write_audit(
    folder: Path, threshold: float | None = THRESHOLD, *, tail_known: bool = True
) -> None:
    """Write the artefacts of an audit.

    Args:
        folder: where to.
        threshold: None: nothing could be compared.
        tail_known: False: source films were compared, and are too few to flag anything.
    """
    pairs, nearest = pair_rows(threshold), nearest_rows(threshold)
    report = audit_report(threshold)
    if not tail_known:
        report = without_a_threshold(report)
        for row in (*pairs, *nearest):
            row |= {"p": None, "flagged": None}
    tables.write(folder / "pairs.parquet", schemas.PAIRS, pairs)
    tables.write(folder / "nearest.parquet", schemas.NEAREST, nearest)
    write_json(folder / "audit.json", report)
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
