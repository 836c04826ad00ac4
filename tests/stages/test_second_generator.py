"""A project with both generators, through all stages into a release."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json, write_json
from cxr_release.film_id import BATCHES
from cxr_release.generators.regenerate import film_ids, regenerate
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.release.layout import shards_of, write_checksums
from cxr_release.release.verify import verify
from cxr_release.stages import orient, train_autoencoder, validate
from tests.support.card_rules import written
from tests.support.quick_fits import quick_fits
from tests.support.small_project import SMALLEST, STAGES, run_stages, small_project

pytestmark = [pytest.mark.timeout(600), pytest.mark.long]

SMALL: dict[str, Any] = {
    **SMALLEST,
    "autoencoder": {"steps": 5, "batch_size": 4, "channels": [8, 16], "latents": 6},
    "sample": {**SMALLEST["sample"], "generators": ["autoencoder"]},
}
FILMS = ["autoencoder-initial-00001", "autoencoder-large-00005", "checkpoint-2-large-00000"]


def test_without_an_autoencoder_nothing_is_trained(tmp_path: Path) -> None:
    paths = small_project(tmp_path, SMALLEST)
    run_stages(paths, "ingest", "find_text", "clearance", "split", "train_autoencoder")
    assert [path.name for path in paths.autoencoder.iterdir()] == ["run.json"]
    assert read_json(paths.autoencoder / "run.json")["finished"] is True
    settings = yaml.safe_load(paths.params.read_text())
    settings["autoencoder"] |= SMALL["autoencoder"]
    settings["sample"]["generators"] = ["autoencoder"]
    paths.params.write_text(yaml.safe_dump(settings))
    run_stages(paths, "train_autoencoder")
    assert (paths.autoencoder / "checkpoint-2").is_dir()
    train_autoencoder.run(paths, load_params(paths.params))
    settings["autoencoder"]["steps"], settings["sample"]["generators"] = 0, []
    paths.params.write_text(yaml.safe_dump(settings))
    run_stages(paths, "train_autoencoder")
    assert [path.name for path in paths.autoencoder.iterdir()] == ["run.json"]


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paths]:
    """A project after its last stage."""
    made = small_project(tmp_path_factory.mktemp("project"), SMALL)
    with quick_fits():
        run_stages(made, *STAGES)
        yield made


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
    params = load_params(paths.params)
    made = regenerate(
        film_ids(FILMS),
        tmp_path,
        drawn_from=lambda source: paths.drawn_from(source, 2),
        job_folder=paths.job,
        root_seed=params.seed,
        settings=params.sample,
        compute=params.compute,
    )
    assert sorted(film["id"] for film in made) == sorted(FILMS)
    assert {film["difference"] for film in made} == {0}


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


@pytest.mark.parametrize("change", [_no_measures, _other_steps, _of_nobody, _other_counts])
def test_a_record_that_says_otherwise_is_noticed(
    paths: Paths, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    altered = tmp_path / "release"
    shutil.copytree(paths.release, altered)
    record = read_json(altered / "release.json")
    change(record)
    write_json(altered / "release.json", record)
    write_checksums(altered, {})
    assert verify(altered)["differences"]


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
    kept = read_json(place)
    write_json(place, kept | {key: kept[key] | value if isinstance(value, dict) else value})
    try:
        with pytest.raises(ReleaseError):
            validate.run(paths, load_params(paths.params))
    finally:
        write_json(place, kept)


def test_films_of_an_autoencoder_that_is_gone_are_removed(paths: Paths, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(paths.root, root, symlinks=True)
    settings = yaml.safe_load((root / "params.yaml").read_text())
    settings["autoencoder"]["steps"], settings["sample"]["generators"] = 0, []
    (root / "params.yaml").write_text(yaml.safe_dump(settings))
    after = Paths(root)
    assert all(after.job("autoencoder", batch).is_dir() for batch in BATCHES)
    orient.run(after, load_params(after.params))
    assert not any(after.job("autoencoder", batch).exists() for batch in BATCHES)
