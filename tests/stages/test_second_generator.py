"""A project with both generators, through all stages into a release."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json
from cxr_release.film_id import BATCHES
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.release.layout import shards_of
from cxr_release.release.verify import verify
from cxr_release.stages import train_autoencoder, validate
from tests.support.breaking import says_otherwise
from tests.support.card_rules import written
from tests.support.small_project import (
    SMALLEST,
    STAGES,
    assert_drawn_again,
    change,
    run_stages,
    small_project,
)
from tests.support.tampering import copied, said

pytestmark = [pytest.mark.timeout(600), pytest.mark.long]

SMALL: dict[str, Any] = {
    **SMALLEST,
    "autoencoder": {"steps": 5, "batch_size": 4, "channels": [8, 16], "latents": 6},
    "sample": {**SMALLEST["sample"], "generators": ["autoencoder"]},
}
NONE: dict[str, Any] = {"autoencoder": {"steps": 0}, "sample": {"generators": []}}
FILMS = ["autoencoder-initial-00001", "autoencoder-large-00005", "checkpoint-2-large-00000"]


def test_without_an_autoencoder_nothing_is_trained(tmp_path: Path) -> None:
    paths = small_project(tmp_path, SMALLEST)
    run_stages(paths, "ingest", "find_text", "clearance", "split", "train_autoencoder")
    assert [path.name for path in paths.autoencoder.iterdir()] == ["run.json"]
    assert read_json(paths.autoencoder / "run.json")["finished"] is True
    change(tmp_path, autoencoder=SMALL["autoencoder"], sample={"generators": ["autoencoder"]})
    run_stages(paths, "train_autoencoder")
    assert (paths.autoencoder / "checkpoint-2").is_dir()
    train_autoencoder.run(paths, load_params(paths.params))
    change(tmp_path, **NONE)
    run_stages(paths, "train_autoencoder")
    assert [path.name for path in paths.autoencoder.iterdir()] == ["run.json"]


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A project after its last stage."""
    made = small_project(tmp_path_factory.mktemp("project"), SMALL)
    run_stages(made, *STAGES)
    return made


def test_the_release_holds_films_of_both_and_is_what_it_says(paths: Paths) -> None:
    assert verify(paths.release)["differences"] == []
    record = read_json(paths.release / "release.json")
    assert record["counts"]["configs"]["autoencoder"] == 10
    assert record["counts"]["total"]["generated"] == 30
    assert "elsewhere" not in record
    films = [
        row
        for path in shards_of(paths.release)
        if path.parent.name == "autoencoder"
        for row in tables.iterate(path, schemas.RELEASE)
    ]
    assert {(row["checkpoint"], row["checkpoint_step"]) for row in films} == {(None, 4)}
    assert len({row["seed"] for row in films}) == len(films) == 10
    assert all(b"trained variational autoencoder" in row["image"]["bytes"] for row in films)
    assert record["metrics"]["reader_study"]["images_per_quartet"] == 4
    assert record["metrics"]["reader_study"]["elsewhere"] == ["autoencoder"]
    assert "autoencoder" in record["metrics"]["scorecard"]["summary"]["checkpoints"]
    (beside,) = record["metrics"]["distances"]["generators"]
    assert (beside["source"], beside["checkpoint_step"]) == ("autoencoder", 4)
    assert record["inputs"].keys() >= {"training/autoencoder.json", "training/checkpoint-2.json"}


def test_the_card_names_the_generator_of_each_source(paths: Paths) -> None:
    card = written(paths.release)
    for text in (
        "a variational autoencoder that was trained beside it",
        "source `autoencoder`",
        "for 4 steps of 4 films at a learning rate of 0.002",
        "| `autoencoder` | 4 | initial | 4 |",
        "Films of the autoencoder at step 4 score",
        "the weights of the autoencoder were not attacked",
        "Only two networks, one run of each and one source are behind it.",
    ):
        assert text in card, text
    assert "## Drawn elsewhere" not in card
    assert "other generators" not in card


def test_its_films_are_drawn_again_from_their_names(paths: Paths, tmp_path: Path) -> None:
    assert_drawn_again(paths, FILMS, tmp_path, last_autoencoder=2)


def _no_measures(record: dict[str, Any]) -> None:
    del record["metrics"]["distances"]["generators"]


def _other_steps(record: dict[str, Any]) -> None:
    record["params"]["autoencoder"]["steps"] = 2


def _of_nobody(record: dict[str, Any]) -> None:
    record["params"]["sample"]["generators"] = []
    record["params"]["autoencoder"]["steps"] = 0


def _other_counts(record: dict[str, Any]) -> None:
    row = next(row for row in record["counts"]["rows"] if row.get("source") == "autoencoder")
    row["source"] = "gan"


@pytest.mark.parametrize("forge", [_no_measures, _other_steps, _of_nobody, _other_counts])
def test_a_record_that_says_otherwise_is_noticed(
    paths: Paths, tmp_path: Path, forge: Callable[[dict[str, Any]], None]
) -> None:
    assert verify(copied(paths.release, tmp_path / "release", said(forge)))["differences"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training", {"steps": 6}),
        ("training", {"cohort_sha256": "0" * 64}),
        ("network", {"latents": 7}),
        ("checkpoint_step", 6),
        ("generator", "gan"),
    ],
)
def test_a_checkpoint_of_other_settings_is_noticed(paths: Paths, key: str, value: Any) -> None:
    place = paths.autoencoder / "checkpoint-2" / "checkpoint.json"
    with says_otherwise(place, key, value), pytest.raises(ReleaseError):
        validate.run(paths, load_params(paths.params))


def test_films_of_an_autoencoder_that_is_gone_are_removed(paths: Paths, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(paths.root, root, symlinks=True)
    change(root, **NONE)
    after = Paths(root)
    assert all(after.job("autoencoder", batch).is_dir() for batch in BATCHES)
    run_stages(after, "orient")
    assert not any(after.job("autoencoder", batch).exists() for batch in BATCHES)
