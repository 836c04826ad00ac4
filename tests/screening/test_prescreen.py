from __future__ import annotations

import dataclasses
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.errors import CxrReleaseError
from cxr_release.films import png
from cxr_release.logbook import log
from cxr_release.logbook.entry import line_of
from cxr_release.params.load import load_params
from cxr_release.params.people import PrescreenParams
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.screening import prescreen
from cxr_release.screening.corruptions import FAULTS, plant
from cxr_release.screening.decision import DECISION
from cxr_release.screening.prescreen import (
    Trial,
    anomaly_scores,
    draw_most_anomalous,
    draw_roc,
    exclusions,
    learn,
    try_out,
)
from cxr_release.stages import prescreen as stage
from tests.support.prescreen_films import phantoms, write_cohort, write_oriented

ROOT = Path(__file__).parents[2]
FEW = 12
"""Films that faults are planted into: fewer than in the pipeline, so that a test is soon done."""

pytestmark = pytest.mark.usefixtures("few_planted")


@pytest.fixture
def few_planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prescreen, "PLANTED", FEW)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a cohort of 40 films, and two jobs of six: every third film is spoilt."""
    root = tmp_path_factory.mktemp("prescreen")
    paths = Paths(root)
    paths.cards.mkdir()
    shutil.copy(ROOT / "cards/phantoms/anatomy.yaml", paths.cards)
    write_cohort(paths.trained_table, phantoms()[:40])
    for start, batch in ((40, "initial"), (52, "large")):
        films = {}
        for index, (_, film) in enumerate(phantoms()[start : start + 12]):
            fault = ("upside-down", "noise", "inverted", "blank")[index // 3]
            spoilt = plant(fault, film, np.random.default_rng(index))
            films[f"checkpoint-1-{batch}-{index:05d}"] = spoilt if index % 3 == 0 else film
        write_oriented(paths.oriented_table("checkpoint-1", batch), films)
    return root


@pytest.fixture
def paths(root: Path) -> Paths:
    return Paths(root)


def settings(**changes: Any) -> Params:
    params = load_params(ROOT / "params.yaml")
    return dataclasses.replace(
        params,
        sample=dataclasses.replace(params.sample, checkpoints=(1,)),
        prescreen=PrescreenParams(**({"exclude": False, "percentile": 99.9} | changes)),
    )


def outputs(paths: Paths) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(paths.prescreen.iterdir())}


def test_the_stage_scores_every_film_and_excludes_none_unless_told(paths: Paths) -> None:
    stage.run(paths, settings())
    assert paths.prescreen_log.read_bytes() == b""
    assert log.read(DECISION, paths.prescreen_log) == []
    rows = tables.read_rows(paths.prescreen / "scores.parquet", schemas.PRESCREEN)
    assert [row["id"][-5:] for row in rows] == [f"{index:05d}" for index in range(12)] * 2
    spoilt = [row["percentile"] for row in rows if int(row["id"][-5:]) % 3 == 0]
    sound = [row["percentile"] for row in rows if int(row["id"][-5:]) % 3]
    assert min(spoilt) == 100
    assert np.median(sound) < 90
    numbers = json.loads((paths.prescreen / "prescreen.json").read_text())
    assert list(numbers["roc"]) == sorted(FAULTS)
    for found in numbers["roc"].values():
        assert found["planted"] == FEW
        assert 0 <= found["low"] <= found["auc"] <= found["high"] <= 1
        assert 0 <= found["sensitivity"] <= 1
    assert numbers["roc"]["noise"]["auc"] == 1
    assert numbers["roc"]["noise"]["sensitivity"] == 1
    assert numbers["films"] == 24
    assert numbers["source_films"] == 40
    assert numbers["percentile"] == 99.9
    assert numbers["excluded"] == 0
    beyond = [row for row in rows if row["score"] > numbers["threshold"]]
    assert numbers["beyond"] == len(beyond) >= 8


def test_told_to_exclude_it_logs_what_lies_beyond_under_its_own_name(paths: Paths) -> None:
    stage.run(paths, settings(exclude=True, percentile=100.0))
    rows = tables.read_rows(paths.prescreen / "scores.parquet", schemas.PRESCREEN)
    numbers = json.loads((paths.prescreen / "prescreen.json").read_text())
    decisions = log.read(DECISION, paths.prescreen_log)
    assert len(decisions) == numbers["excluded"] == numbers["beyond"] >= 8
    hashes = {row["id"]: row["sha256"] for row in rows if row["score"] > numbers["threshold"]}
    assert [decision.image_id for decision in decisions] == sorted(hashes)
    for decision in decisions:
        assert decision.image_sha256 == hashes[decision.image_id]
        assert (decision.reviewer, decision.decision, decision.reason) == (
            "prescreen",
            "exclude",
            "prescreen",
        )
        assert decision.note == "doubted more than 100 % of source films"
        assert decision.at == "1970-01-01T00:00:00.000Z"


def test_the_same_films_give_the_same_bytes(paths: Paths) -> None:
    stage.run(paths, settings(exclude=True))
    first = outputs(paths)
    stage.run(paths, settings(exclude=True))
    assert outputs(paths) == first
    assert set(first) == {
        "doubtful.png", "prescreen.json", "prescreen.jsonl", "roc.png", "scores.parquet",
    }  # fmt: skip


def test_the_seed_decides_what_is_planted(tmp_path: Path) -> None:
    films = phantoms()[:10]
    cohort = write_cohort(tmp_path / "cohort.parquet", films)
    model = learn(cohort)
    trial = try_out(model, cohort, seed=1)
    assert {len(scores) for scores in trial.spoilt.values()} == {10}
    np.testing.assert_array_equal(trial.sound, model.held_out)
    again = try_out(model, cohort, seed=1)
    other = try_out(model, cohort, seed=2)
    for fault, scores in trial.spoilt.items():
        np.testing.assert_array_equal(scores, again.spoilt[fault])
    assert (trial.spoilt["noise"] != other.spoilt["noise"]).any()


def test_a_cohort_of_one_patient_is_refused(tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path / "cohort.parquet", [("p", phantoms()[0][1])] * 2)
    with pytest.raises(CxrReleaseError, match="two patients"):
        learn(cohort)


def rows_of(*scores: float) -> list[prescreen.Row]:
    return [
        {
            "id": f"checkpoint-1-large-{99 - index:05d}",
            "sha256": f"{index:064x}",
            "score": score,
            "percentile": 50.0,
        }
        for index, score in enumerate(scores)
    ]


def test_a_film_at_the_threshold_stays(tmp_path: Path) -> None:
    decisions = exclusions(rows_of(1.0, 2.0, 2.5, 3.0), threshold=2.0, percentile=99.9)
    assert [decision.image_id[-2:] for decision in decisions] == ["96", "97"]
    assert [decision.seq for decision in decisions] == [1, 2]
    path = tmp_path / "prescreen.jsonl"
    path.write_text("".join(f"{line_of(decision).decode()}\n" for decision in decisions))
    assert log.read(DECISION, path) == decisions
    assert exclusions(rows_of(1.0), threshold=2.0, percentile=99.9) == []


def test_the_sheet_shows_the_worst_first_and_is_labelled(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prescreen, "WORST", 9)
    films = [paths.oriented_table("checkpoint-1", batch) for batch in ("initial", "large")]
    rows = anomaly_scores(learn(paths.trained_table), films, progress=False)
    draw_most_anomalous(tmp_path / "sheet.png", rows, films)
    data = (tmp_path / "sheet.png").read_bytes()
    assert png.is_labelled(data)
    with Image.open(io.BytesIO(data)) as sheet:
        assert sheet.size == (8 * 134 + 6, 2 * 150 + 6)
        first = np.asarray(sheet)[6:134, 6:134]
    worst = max(rows, key=lambda row: row["score"])["id"]
    pictures = {
        row["id"]: png.decode(row["image"]["bytes"], where="")
        for path in films
        for row in tables.iterate(path, schemas.ORIENTED)
    }
    expected = Image.fromarray(pictures[worst]).resize((128, 128), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(first, np.asarray(expected))


@pytest.mark.parametrize("percentile", [90.0, 100.0])
def test_the_figure_takes_any_scores(tmp_path: Path, percentile: float) -> None:
    chance = np.random.default_rng(1)
    scores = {fault: chance.normal(place, 1, 8) for place, fault in enumerate(FAULTS)}
    scores["blank"] = np.zeros(8)
    trial = Trial(np.zeros(5), scores)
    for name in ("first.png", "second.png"):
        draw_roc(tmp_path / name, trial, percentile=percentile)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
    with Image.open(tmp_path / "first.png") as figure:
        assert "Software" not in figure.info


def test_the_faults_are_those_of_the_films_that_are_there(root: Path) -> None:
    paths = Paths(root)
    anatomy = paths.cards / "anatomy.yaml"
    before = anatomy.read_text()
    anatomy.write_text("faults: [noise, blank]")
    try:
        stage.run(paths, settings())
    finally:
        anatomy.write_text(before)
    numbers = json.loads((paths.prescreen / "prescreen.json").read_text())
    assert list(numbers["roc"]) == ["blank", "noise"]
