"""What must be true of the blinded reader study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cxr_release import schemas
from cxr_release.release.collector import Collector

_STUDY_AGAIN = "draw the study again"


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
        found.compare(f"{summary}: key {name}", stated[name], value, _STUDY_AGAIN)
    if stated["images_per_quartet"] * len(quartets) != len(kit):
        found.add(kit_path, f"{len(kit)} films are not whole quartets", _STUDY_AGAIN)
