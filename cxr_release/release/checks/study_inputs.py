"""What must be true of the blinded reader study, and of what it says of itself."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release import schemas
from cxr_release.film_id import source_name
from cxr_release.release.checks.report import Collector, value_at
from cxr_release.release.inputs import STUDY

Row = Mapping[str, Any]

_RISING = ("smallest_p", "p_exact", "p_exact_holm")
_AGAIN = "run `dvc repro --force study`"
_KEYS: dict[str, type] = {
    "quartets": int,
    "images_per_quartet": int,
    "checkpoints": list,
    "raters": int,
    "ratings": int,
    "unfinished": list,
    "review": dict,
}


def check_study(
    kit_path: Path, folder: Path, checkpoints: tuple[int, ...], found: Collector
) -> None:
    """Every reader rated every film of the kit, and the summary is that of the ratings.

    Args:
        kit_path: the blinded films.
        folder: what the readers' answers came to.
        checkpoints: of the release.
        found: where faults go.
    """
    kit = found.rows(kit_path, schemas.KIT)
    path, summary = folder / "responses.parquet", folder / "study.json"
    responses = found.rows(path, schemas.RESPONSES)
    stated = found.document(summary, _KEYS)
    if kit is None or responses is None:
        return
    sources = ["real", *map(source_name, checkpoints)]
    if not _check_rows(path, responses, kit, sources, found):
        return
    _check_readers(path, responses, kit, sources, found)
    if stated is not None:
        _check_summary(
            summary, stated, kit=kit, responses=responses, checkpoints=checkpoints, found=found
        )
        _check_analysis(folder, stated.get("analysis"), responses, sources, found)


def _check_rows(
    path: Path,
    responses: Sequence[Row],
    kit: Sequence[Row],
    sources: Sequence[str],
    found: Collector,
) -> bool:
    """Each rating is of a film of the kit and of a source of this release."""
    places = {(film["quartet"], film["name"]) for film in kit}
    before = len(found.faults)
    for number, row in enumerate(responses, start=1):
        where = f"{path}: row {number}"
        if (row["quartet"], row["image"]) not in places:
            found.add(f"{where}, column image", "is not in that quartet of the kit")
        if row["source"] not in sources:
            found.add(f"{where}, column source", f"{row['source']} is not of this release")
        found.applied("ratings held against the kit", 1)
    return len(found.faults) == before


def _check_readers(
    path: Path,
    responses: Sequence[Row],
    kit: Sequence[Row],
    sources: Sequence[str],
    found: Collector,
) -> None:
    """Every reader rated every film once and picked one a quartet; quartets have every source."""
    answers: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in responses:
        answers[row["rater"], row["quartet"]].append(row)
    behind: dict[str, set[str]] = defaultdict(set)
    for row in responses:
        behind[row["image"]].add(row["source"])
    for image, named in sorted(behind.items()):
        if len(named) > 1:
            found.add(
                f"{path}: film {image}", f"has the sources {', '.join(sorted(named))}", _AGAIN
            )
    for rater in sorted({row["rater"] for row in responses}):
        for quartet in sorted({film["quartet"] for film in kit}):
            rows = answers.get((rater, quartet), [])
            where = f"{path}: {rater}, quartet {quartet}"
            if Counter(row["source"] for row in rows) != Counter(sources):
                found.add(where, "does not hold one rating of each source", _AGAIN)
            elif sum(row["identified_as_real"] for row in rows) != 1:
                found.add(where, "does not hold one pick", _AGAIN)
    if answers:
        found.applied("answers of a reader on a quartet held against the rules", len(answers))


def _check_summary(
    path: Path,
    stated: Row,
    *,
    kit: Sequence[Row],
    responses: Sequence[Row],
    checkpoints: tuple[int, ...],
    found: Collector,
) -> None:
    quartets = len({film["quartet"] for film in kit})
    raters = len({row["rater"] for row in responses})
    required = stated["review"].get("required")
    begun = raters + len(stated["unfinished"])
    enough = isinstance(required, int) and raters >= required
    true: dict[str, object] = {
        "quartets": quartets,
        "checkpoints": list(checkpoints),
        "raters": raters,
        "ratings": len(responses),
    }
    for name, value in true.items():
        found.compare(f"{path}: key {name}", stated[name], value, _AGAIN)
    state = "complete" if enough else "partial" if begun else "none"
    found.compare(f"{path}: key review.state", stated["review"].get("state"), state, _AGAIN)
    if stated["images_per_quartet"] * quartets != len(kit):
        found.add(path, f"{len(kit)} films of the kit are not whole quartets", _AGAIN)


def _check_analysis(
    folder: Path, said: Any, responses: Sequence[Row], sources: Sequence[str], found: Collector
) -> None:
    """The headline numbers, counted again from the ratings."""
    path = folder / "study.json"
    if not responses or not isinstance(said, Mapping):
        if bool(responses) != (said is not None):
            found.add(f"{path}: key analysis", "does not belong to these ratings", _AGAIN)
        return
    picks = [row for row in responses if row["identified_as_real"]]
    correct = sum(row["source"] == "real" for row in picks)
    true: dict[str, float] = {
        "identification.correct": correct,
        "identification.trials": len(picks),
        "identification.accuracy": correct / len(picks),
        "identification.chance": 1 / len(sources),
    }
    sums: dict[str, Counter[str]] = {source: Counter() for source in sources}
    for row in responses:
        sums[row["source"]][row["rater"]] += row["rating"]
    for source, by_rater in sums.items():
        true[f"realism.{source}.mean"] = by_rater.total() / len(picks)
        if source != "real":
            differing = sum(by_rater[rater] != real for rater, real in sums["real"].items())
            true[f"realism.{source}.smallest_p"] = min(1.0, 2.0 ** (1 - differing))
    for name, value in true.items():
        number = value_at(said, name)
        if not isinstance(number, int | float) or not math.isclose(number, value, rel_tol=1e-12):
            what = f"says {number}, the ratings come to {value}"
            found.add(f"{path}: key analysis.{name}", what, _AGAIN)
    for source in sources[1:]:
        ps = [value_at(said, f"realism.{source}.{name}") for name in _RISING]
        if not all(isinstance(p, int | float) for p in ps) or sorted(ps) != ps or ps[-1] > 1:
            what = f"{', '.join(_RISING)} are {ps}: they are p values that rise"
            found.add(f"{path}: key analysis.realism.{source}", what, _AGAIN)
    found.applied("numbers of the reader study counted again", len(true))
    for name in STUDY:
        for kind in ("png", "svg"):
            if not (folder / f"{name}.{kind}").is_file():
                found.add(folder / f"{name}.{kind}", "no such file", _AGAIN)
