"""The stage `study`: from the readers' answers to what the card prints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cxr_release import schemas, tables
from cxr_release.files import read_json, tree_sha256
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.reader_study.analysis import analyze_file
from cxr_release.stages import study
from tests.support.reading_of import QUARTETS, answer, write_drawn

ROOT = Path(__file__).parents[2]
ALL = range(1, QUARTETS + 1)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(tmp_path)
    paths.responses.mkdir(parents=True)
    return paths


@pytest.fixture
def params() -> Params:
    params = load_params(ROOT / "params.yaml")
    return replace(params, study=replace(params.study, readers_required=3, bootstrap=200))


def test_before_any_reader_has_finished_it_says_so(paths: Paths, params: Params) -> None:
    kit = write_drawn(paths)
    study.run(paths, params)
    said = read_json(paths.study / "study.json")
    assert said["review"] == {"state": "none", "readers": 0, "required": 3}
    assert (said["raters"], said["ratings"], said["analysis"]) == (0, 0, None)
    assert tables.read_rows(paths.study / "responses.parquet", schemas.RESPONSES) == []
    assert not list(paths.study.glob("*.png"))
    answer(paths.responses, kit, "early", [2])
    study.run(paths, params)
    said = read_json(paths.study / "study.json")
    assert (said["review"]["state"], said["unfinished"], said["analysis"]) == ("partial", [1], None)


def test_it_unblinds_analyses_and_draws(paths: Paths, params: Params) -> None:
    kit = write_drawn(paths)
    for place in range(2):
        answer(paths.responses, kit, f"r{place}", ALL, seed=place)
    answer(paths.responses, kit, "o.connell", [1], seed=9)
    study.run(paths, params)
    said = read_json(paths.study / "study.json")
    assert said["review"] == {"state": "partial", "readers": 2, "required": 3}
    assert said["unfinished"] == [1]
    rows = tables.read_rows(paths.study / "responses.parquet", schemas.RESPONSES)
    found = said["analysis"]["identification"]
    assert found["trials"] == 2 * QUARTETS
    assert found["correct"] == sum(
        row["identified_as_real"] and row["source"] == "real" for row in rows
    )
    assert said["sentence"]
    # What anybody computes from the published table is what the card prints.
    again = analyze_file(paths.study / "responses.csv", params.study, seed=params.seed)
    assert again == said["analysis"]
    names = {path.name for path in paths.study.iterdir()}
    assert {f"{one}.{kind}" for one in ("realism", "identification") for kind in ("png", "svg")} < (
        names
    )
    text = b"".join(path.read_bytes() for path in paths.study.iterdir())
    assert b"o.connell" not in text
    assert str(paths.root).encode() not in text


def test_enough_readers_complete_it_and_the_same_answers_give_the_same_bytes(
    paths: Paths, params: Params, tmp_path: Path
) -> None:
    kit = write_drawn(paths)
    for place in range(3):
        answer(paths.responses, kit, f"r{place}", ALL, seed=place)
    study.run(paths, params)
    assert read_json(paths.study / "study.json")["review"]["state"] == "complete"
    other = Paths(tmp_path / "elsewhere")
    write_drawn(other)
    for place in reversed(range(3)):
        answer(other.responses, kit, f"somebody-else-{place}", ALL[::-1], seed=place)
    study.run(other, params)
    assert tree_sha256(other.study) == tree_sha256(paths.study)
