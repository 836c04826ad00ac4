"""No run sees the control films: with noise in their place, nothing else changes by a byte."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.errors import SourceError
from cxr_release.files import sha256
from cxr_release.films import png
from cxr_release.json_documents import read
from cxr_release.paths import Paths
from tests.support.small_project import SMALLEST, STAGES, run_stages, small_project

pytestmark = pytest.mark.timeout(300)

BEFORE_VALIDATION = STAGES[1 : STAGES.index("validate")]
OF_CONTROL = {"split/control.parquet", "audit/audit.json", "audit/distances.png"}
"""What is about the control films, or beside them."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    paths = small_project(tmp_path_factory.mktemp("project"), SMALLEST)
    run_stages(paths, "ingest")
    shutil.copytree(paths.root, paths.root.with_name("taken-in"), symlinks=True)
    run_stages(paths, *BEFORE_VALIDATION)
    return paths


@pytest.fixture
def taken_in(whole: Paths, tmp_path: Path) -> Paths:
    """The same films, before they are split."""
    source = whole.root.with_name("taken-in")
    shutil.copytree(source, tmp_path / "project", symlinks=True)
    return Paths(tmp_path / "project")


def parts_of(paths: Paths) -> dict[str, str]:
    return {row["id"]: row["part"] for row in tables.read_rows(paths.split_table, schemas.SPLIT)}


def files(paths: Paths) -> dict[str, str]:
    data = paths.root / "data"
    return {
        path.relative_to(data).as_posix(): sha256(path)
        for path in sorted(data.rglob("*"))
        # The cohort was changed; the features are a cache, of control films too.
        if path.is_file() and not {"cohort", "features"} & {*path.relative_to(data).parts}
    }


def test_with_noise_in_the_place_of_control_films_every_run_gives_the_same_bytes(
    whole: Paths, taken_in: Paths
) -> None:
    parts = parts_of(whole)
    chance = np.random.default_rng(3)
    cohort = []
    for row in tables.iterate(taken_in.cohort_table, schemas.COHORT):
        if parts[row["id"]] == "control":
            film = chance.integers(0, 256, (16, 16), dtype=np.uint8)
            data = png.encode(film, synthetic=False)
            row |= {"image": png.cell(data, row["id"]), **png.facts(film, data)}
            row |= {"facing": None, "inverted": not row["inverted"]}
        cohort.append(row)
    tables.write(taken_in.cohort_table, schemas.COHORT, cohort)
    run_stages(taken_in, *BEFORE_VALIDATION)
    before, after = files(whole), files(taken_in)
    # What noise does as well as real films has no place in the scorecard's pictures.
    assert {name for name in before.keys() ^ after.keys() if not name.startswith("score/")} == set()
    changed = {name for name, digest in before.items() if after.get(name) != digest}
    assert {name for name in changed if not name.startswith("score")} == OF_CONTROL
    assert "score/scorecard.json" in changed
    made = {name.split("/")[0] for name in before}
    assert {"training", "curves", "fidelity", "samples", "oriented", "prescreen", "audit",
            "study-kit", "study-key"} <= made  # fmt: skip
    first, second = (
        read(paths.audit / "audit.json", dict[str, Any]) for paths in (whole, taken_in)
    )
    assert first["calibration"]["control"] != second["calibration"]["control"]
    for name in ("source", "synthetic", "threshold", "tail", "flagged", "held_out"):
        assert first["calibration"][name] == second["calibration"][name]
    for name in ("real", "synthetic", "score", "cosine", "within", "power", "near", "alike"):
        assert first[name] == second[name], name


def test_both_tables_hold_each_film_of_the_cohort_once_as_it_was(whole: Paths) -> None:
    parts = parts_of(whole)
    cohort = list(tables.iterate(whole.cohort_table, schemas.COHORT))
    for path, wanted in ((whole.trained_table, False), (whole.control_table, True)):
        expected = [row for row in cohort if (parts[row["id"]] == "control") == wanted]
        assert list(tables.iterate(path, schemas.COHORT)) == expected
        assert expected
    for path in (whole.trained_table, whole.control_table):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_control_film_with_the_pixels_of_another_patient_s_film_stops_the_split(
    whole: Paths, taken_in: Paths
) -> None:
    parts = parts_of(whole)
    names = {
        row["id"]: row["source_file"]
        for row in tables.read_rows(taken_in.manifest, schemas.MANIFEST)
    }
    rows = list(tables.iterate(taken_in.cohort_table, schemas.COHORT))
    control = next(row for row in rows if parts[row["id"]] == "control")
    twin = next(row for row in rows if parts[row["id"]] == "held_out")
    for column in ("image", "sha256", "pixel_sha256"):
        control[column] = twin[column]
    tables.write(taken_in.cohort_table, schemas.COHORT, rows)
    run_stages(taken_in, "find_text", "clearance")
    with pytest.raises(SourceError) as caught:
        run_stages(taken_in, "split")
    message = str(caught.value)
    assert names[control["id"]] in message
    assert names[twin["id"]] in message
    assert "patients.csv" in message
    assert not taken_in.split.exists()
