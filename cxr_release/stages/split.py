"""Divide the cohort by patient: what the tuning run sees, and what is held out from it."""

from __future__ import annotations

from collections import Counter

from cxr_release import schemas, tables
from cxr_release.files import write_json
from cxr_release.params import Params
from cxr_release.paths import Paths
from cxr_release.radiographs.split import split_by_patient
from cxr_release.stages.run import execute


def run(paths: Paths, params: Params) -> None:
    """Write which film belongs to which part."""
    films = tables.read_rows(paths.cohort_table, schemas.COHORT)
    patients = {film["id"]: film["patient"] for film in films}
    parts = split_by_patient(patients, held_out=params.split.held_out, seed=params.seed)
    rows = [{"id": film, "patient": patients[film], "part": part} for film, part in parts.items()]
    tables.write(paths.split_table, schemas.SPLIT, rows)
    held_out = {patients[film] for film, part in parts.items() if part == "held_out"}
    count = Counter(parts.values())
    write_json(
        paths.split / "summary.json",
        {
            "films": {"tuning": count["tuning"], "held_out": count["held_out"]},
            "patients": {
                "tuning": len(set(patients.values())) - len(held_out),
                "held_out": len(held_out),
            },
        },
    )


if __name__ == "__main__":
    execute(run)
