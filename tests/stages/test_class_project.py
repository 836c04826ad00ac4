"""A project whose films are drawn as classes, from the phantoms to the release."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cxr_release import schemas, tables
from cxr_release.files import read_json
from cxr_release.film_id import source_name
from cxr_release.films.labels import read_classes
from cxr_release.generators.checkpoints import list_checkpoints, read_record
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.release.verify import require_true, verify
from tests.support.small_project import (
    SMALLEST,
    STAGES,
    assert_drawn_again,
    run_stages,
    sampling_jobs,
    small_project,
)

pytestmark = pytest.mark.long

CLASSES = {"kyphotic", "straight", "lordotic"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """Every stage has run; the last checkpoint alone is sampled, guided by the one before."""
    small = {
        **SMALLEST,
        "ingest": {"phantoms": 160, "size": 16, "facts": {"curvature": "code"}},
        "condition": {"label": "curvature", "balance": "uniform"},
        "train": {**SMALLEST["train"], "flip": "labelled"},
        "audit": {"top": 10, "plants": 2},
        "sample": {
            **SMALLEST["sample"],
            "checkpoints": [2],
            "guidance": {"checkpoint": 1, "weight": 1.5},
        },
    }
    paths = small_project(tmp_path_factory.mktemp("classes"), small)
    run_stages(paths, *STAGES)
    return paths


def test_every_job_has_each_class_alike_and_each_table_says_which(finished: Paths) -> None:
    params = load_params(finished.params)
    labels: dict[str, str] = {}
    for number, batch in sampling_jobs(params):
        job = finished.job(source_name(number), batch)
        drawn = {
            row["id"]: row["label"]
            for shard in sorted(job.glob("shard-*.parquet"))
            for row in tables.read_rows(shard, schemas.SAMPLES)
        }
        counts = Counter(drawn.values())
        assert {*counts} == CLASSES
        assert max(counts.values()) - min(counts.values()) <= 1
        document = read_json(job / "job.json")
        assert document["classes"] == counts
        assert document["guide"]["checkpoint"] == 1
        table = finished.oriented_table(source_name(number), batch)
        oriented = tables.read_rows(table, schemas.ORIENTED)
        assert {row["id"]: row["label"] for row in oriented} == drawn
        labels |= drawn
    screened = tables.read_rows(finished.screening / "screened.parquet", schemas.SCREENED)
    assert {row["id"]: row["label"] for row in screened} == labels


def test_both_runs_know_the_same_classes(finished: Paths) -> None:
    names = [each["name"] for each in read_classes(finished.classes)["classes"]]
    for run in (finished.tuning, finished.final):
        for folder in list_checkpoints(run).values():
            conditions = read_record(folder).conditions
            assert list(conditions.names) == names
            assert conditions.rows == 8


def test_a_film_is_made_again_by_its_name(finished: Paths, tmp_path: Path) -> None:
    (film,) = assert_drawn_again(finished, ["checkpoint-2-large-00004"], tmp_path)
    assert film["label"] in CLASSES


def test_the_release_is_true(finished: Paths) -> None:
    require_true(verify(finished.release))
