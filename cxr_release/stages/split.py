"""Divide the cohort by patient: what the tuning run sees, and what is held out from it.

Where patients are not stated, films are held out one by one, and the summary says so.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

from cxr_release import schemas, tables
from cxr_release.exit_status import execute
from cxr_release.files import private, write_json
from cxr_release.params import Params
from cxr_release.paths import Paths
from cxr_release.radiographs.split import Groups, groups_of, split_by_group


def run(paths: Paths, params: Params) -> None:
    """Write which film belongs to which part."""
    manifest = tables.read_rows(paths.manifest, schemas.MANIFEST)
    films = [row for row in manifest if row["status"] == "ingested"]
    groups = groups_of(films)
    parts = split_by_group(groups, held_out=params.split.held_out, seed=params.seed)
    patients = {row["id"]: row["patient"] for row in films}
    rows = [{"id": film, "patient": patients[film], "part": part} for film, part in parts.items()]
    with private(paths.split):
        tables.write(paths.split_table, schemas.SPLIT, rows)
        write_json(paths.split / "summary.json", _summary(groups, parts, patients))
    without = sum(patient is None for patient in patients.values())
    if without:
        sys.stderr.write(
            f"patients not stated for {without:,} of {len(patients):,} films: the split is by"
            f" {groups.unit}, and both parts may hold films of one patient\n"
        )


def _summary(
    groups: Groups, parts: dict[str, str], patients: dict[str, str | None]
) -> dict[str, Any]:
    """`films` and `patients` of each part, the latter None unless stated for every film; `by`."""
    count = Counter(parts.values())
    held_out = {groups.of[film] for film, part in parts.items() if part == "held_out"}
    stated = groups.unit == "patient"
    return {
        "by": groups.unit,
        "films": {"tuning": count["tuning"], "held_out": count["held_out"]},
        "patients": {
            "tuning": len(set(groups.of.values())) - len(held_out),
            "held_out": len(held_out),
        }
        if stated
        else None,
        "patients_not_stated": sum(patient is None for patient in patients.values()),
    }


if __name__ == "__main__":
    execute(run)
