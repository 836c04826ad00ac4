"""What must be true of the memorization audit and of the blinded reader study."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from cxr_release import schemas
from cxr_release.release.collector import Collector

_AUDIT_AGAIN = "run the audit again"
_STUDY_AGAIN = "draw the study again"


def check_audit(
    folder: Path, generated: Collection[str], real: Collection[str], found: Collector
) -> None:
    """Pairs name films that exist, in the order of their rank; the summary is that of the table."""
    path, summary = folder / "pairs.parquet", folder / "audit.json"
    pairs = found.rows(path, schemas.PAIRS)
    keys: dict[str, type] = {"encoder": str, "real": int, "synthetic": int, "pairs": int}
    stated = found.document(summary, keys | {"cosine": dict, "review": dict})
    for row in pairs or []:
        where = f"{path}: rank {row['rank']}"
        if row["synthetic_id"] not in generated:
            found.add(f"{where}, column synthetic_id", "is no generated film", _AUDIT_AGAIN)
        if row["real_id"] not in real:
            found.add(f"{where}, column real_id", "is no film of the cohort", _AUDIT_AGAIN)
    if pairs is not None:
        _check_ranks(path, pairs, found)
        found.applied("audited pairs held against the films", len(pairs))
    if pairs is not None and stated is not None:
        cosines = [row["cosine"] for row in pairs]
        extremes = {"highest": max(cosines), "lowest": min(cosines)} if cosines else {}
        true = {"real": len(real), "synthetic": len(generated), "pairs": len(pairs)}
        for name, value in true.items():
            _check_stated(f"{summary}: key {name}", stated[name], value, _AUDIT_AGAIN, found)
        for name, cosine in extremes.items():
            where = f"{summary}: key cosine.{name}"
            _check_stated(where, stated["cosine"].get(name), cosine, _AUDIT_AGAIN, found)


def _check_ranks(path: Path, pairs: list[dict[str, Any]], found: Collector) -> None:
    for number, row in enumerate(pairs, start=1):
        if row["rank"] != number:
            found.add(f"{path}: row {number}, column rank", "ranks do not run 1, 2, 3 …")
        if number > 1 and row["cosine"] > pairs[number - 2]["cosine"]:
            found.add(f"{path}: row {number}, column cosine", "is higher than the rank before it")


def check_study(folder: Path, checkpoints: tuple[int, ...], found: Collector) -> None:
    """The summary is that of the kit, and every rating is of a film in it."""
    kit_path, answers, summary = (
        folder / "kit.parquet",
        folder / "responses.parquet",
        folder / "study.json",
    )
    kit = found.rows(kit_path, schemas.KIT)
    responses = found.rows(answers, schemas.RESPONSES)
    keys: dict[str, type] = {"quartets": int, "images_per_quartet": int, "checkpoints": list}
    stated = found.document(summary, keys | {"raters": int, "ratings": int, "review": dict})
    sources = {"real", *(f"checkpoint-{number}" for number in checkpoints)}
    places = {(film["quartet"], film["name"]) for film in kit or []}
    for number, row in enumerate(responses or [], start=1):
        where = f"{answers}: row {number}"
        if kit is not None and (row["quartet"], row["image"]) not in places:
            found.add(f"{where}, column image", "is not in that quartet of the kit")
        if row["source"] not in sources:
            found.add(f"{where}, column source", f"{row['source']} is not of this release")
        found.applied("ratings held against the kit", 1)
    if kit is None or responses is None or stated is None:
        return
    quartets = {film["quartet"] for film in kit}
    true: Mapping[str, object] = {
        "quartets": len(quartets),
        "checkpoints": list(checkpoints),
        "raters": len({row["rater"] for row in responses}),
        "ratings": len(responses),
    }
    for name, value in true.items():
        _check_stated(f"{summary}: key {name}", stated[name], value, _STUDY_AGAIN, found)
    if stated["images_per_quartet"] * len(quartets) != len(kit):
        found.add(kit_path, f"{len(kit)} films are not whole quartets", _STUDY_AGAIN)


def _check_stated(where: str, stated: object, true: object, remedy: str, found: Collector) -> None:
    if stated != true:
        found.add(where, f"says {stated}, the table holds {true}", remedy)
