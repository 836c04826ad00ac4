"""The stage `screen`, on a few films that nobody trained a network for."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.errors import DecisionError
from cxr_release.files import read_json, write_json, write_text
from cxr_release.logbook import log
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.screening.acceptance import sampled_films
from cxr_release.screening.decision import DECISION, PRESCREEN, NewDecision
from cxr_release.screening.films import Generated, read_generated, read_scores
from cxr_release.stages import screen
from tests.support.oriented import oriented_row

ROOT = Path(__file__).parents[2]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards/reasons.yaml").write_bytes(
        (ROOT / "cards/phantoms/reasons.yaml").read_bytes()
    )
    paths = Paths(tmp_path)
    write_json(paths.copies, {})
    write_text(paths.prescreen_log, "")
    return paths


@pytest.fixture
def params() -> Params:
    params = load_params(ROOT / "params.yaml")
    return replace(params, sample=replace(params.sample, checkpoints=(3,)))


@pytest.fixture
def films(paths: Paths, params: Params) -> list[Generated]:
    """Four films of each job."""
    for checkpoint, batch in params.sample.jobs:
        greys = (np.full((16, 16), 10 * index + len(batch), np.uint8) for index in range(4))
        rows = [oriented_row(film, checkpoint, batch, index) for index, film in enumerate(greys)]
        tables.write(paths.oriented_table(checkpoint, batch), schemas.ORIENTED, rows)
    return read_generated(paths.oriented_table(*job) for job in params.sample.jobs)


def wish(film: Generated, reason: str = "") -> NewDecision:
    return NewDecision(film.id, film.sha256, "exclude" if reason else "keep", reason)


def test_it_writes_every_film_s_fate_the_counts_and_their_picture(
    paths: Paths, params: Params, films: list[Generated]
) -> None:
    log.append(DECISION, paths.screening_log, "a", [wish(films[0], "other"), wish(films[1])])
    screen.run(paths, params)
    screened = tables.read_rows(paths.screening / "screened.parquet", schemas.SCREENED)
    assert {row["id"] for row in screened if not row["released"]} == {films[0].id}
    exclusions = tables.read_rows(paths.screening / "exclusions.parquet", schemas.EXCLUSIONS)
    assert [(row["reason"], row["reviewers"]) for row in exclusions] == [("other", 1)]
    assert read_json(paths.screening / "counts.json")["total"]["undecided"] == 6
    assert "| **Total** | **8** | **1** | **7** | **6** |" in (
        (paths.screening / "table-s1.md").read_text()
    )
    first = (paths.screening / "reasons.png").read_bytes()
    with Image.open(io.BytesIO(first)) as picture:
        assert picture.width > 600
    screen.run(paths, params)
    assert (paths.screening / "reasons.png").read_bytes() == first


def test_undecided_films_stop_the_pipeline_where_it_is_asked_to(
    paths: Paths, params: Params, films: list[Generated]
) -> None:
    complete = replace(params, screen=replace(params.screen, require_complete=True))
    log.append(DECISION, paths.screening_log, "a", [wish(film) for film in films[:5]])
    with pytest.raises(DecisionError, match="3 of 8 films are undecided") as caught:
        screen.run(paths, complete)
    assert "cxr-release review --reviewer NAME" in caught.value.remedy
    assert not paths.screening.exists()
    log.append(DECISION, paths.screening_log, "b", [wish(film) for film in films[5:]])
    screen.run(paths, complete)
    assert read_json(paths.screening / "counts.json")["review"]["state"] == "complete"


def test_what_the_pre_screen_excluded_is_out_until_a_person_says_otherwise(
    paths: Paths, params: Params, films: list[Generated]
) -> None:
    log.append(DECISION, paths.prescreen, PRESCREEN, [wish(film, PRESCREEN) for film in films[:2]])
    log.append(DECISION, paths.screening_log, "a", [wish(films[0])])
    screen.run(paths, params)
    exclusions = tables.read_rows(paths.screening / "exclusions.parquet", schemas.EXCLUSIONS)
    assert [(row["id"], row["reviewers"], row["prescreen"]) for row in exclusions] == [
        (films[1].id, 0, True)
    ]


def test_films_of_no_checkpoint_are_named(
    paths: Paths, params: Params, films: list[Generated]
) -> None:
    stray = paths.oriented_table("checkpoint-9", "large")
    stray.parent.mkdir()
    stray.touch()
    with pytest.raises(DecisionError, match=r"checkpoint-9-large/00000\.parquet"):
        screen.run(paths, params)


def test_doubt_about_other_films_is_refused(tmp_path: Path, films: list[Generated]) -> None:
    path = tmp_path / "scores.parquet"
    rows = [
        {"id": film.id, "sha256": film.sha256, "score": float(place), "percentile": 1.0}
        for place, film in enumerate(films)
    ]
    tables.write(path, schemas.PRESCREEN, rows)
    assert read_scores(path, films)[films[3].id] == 3.0
    with pytest.raises(DecisionError, match="not about the films") as caught:
        read_scores(path, films[1:])
    assert "dvc repro prescreen" in caught.value.remedy


def test_without_the_pre_screen_s_log_nothing_is_decided(
    paths: Paths, params: Params, films: list[Generated]
) -> None:
    """What it excluded would come back."""
    paths.prescreen_log.unlink()
    with pytest.raises(DecisionError, match=r"prescreen\.jsonl: no such file: run `dvc repro`"):
        screen.run(paths, params)


def test_where_a_sample_is_reviewed_its_films_alone_must_be_decided(
    paths: Paths, params: Params, films: list[Generated]
) -> None:
    sampled = replace(params, screen=replace(params.screen, require_complete=True, sample=2))
    with pytest.raises(DecisionError, match="of 2 sampled films are undecided"):
        screen.run(paths, sampled)
    ids = [film.id for film in films]
    sample = sampled_films(ids, size=2, seed=params.seed, prescreened=())
    log.append(
        DECISION, paths.screening_log, "a", [wish(film) for film in films if film.id in sample]
    )
    screen.run(paths, sampled)
    counts = read_json(paths.screening / "counts.json")
    assert counts["review"]["state"] == "complete"
    assert counts["total"]["undecided"] == len(films) - 2
