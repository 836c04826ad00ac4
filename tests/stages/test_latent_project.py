"""A project whose network learns latents, through all stages into a release."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json, sha256
from cxr_release.generators import checkpoints
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.release.layout import shards_of
from cxr_release.release.verify import verify
from cxr_release.stages import train_latent, validate
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

LATENT = {"steps": 5, "batch_size": 4, "channels": [8, 16], "pixel_unshuffle": 2, "latents": 3}
SMALL: dict[str, Any] = {**SMALLEST, "latent": LATENT}
FILMS = ["checkpoint-1-initial-00001", "checkpoint-2-large-00000"]


def test_without_latents_nothing_is_trained_and_the_network_sees_pixels(tmp_path: Path) -> None:
    paths = small_project(tmp_path, SMALLEST)
    run_stages(paths, "ingest", "find_text", "clearance", "split", "train_latent", "train")
    for run in ("tuning", "final"):
        assert [path.name for path in (paths.latent / run).iterdir()] == ["run.json"]
    marks = [(paths.latent / run / "run.json").read_bytes() for run in ("tuning", "final")]
    weights = sha256(paths.checkpoint(2) / checkpoints.WEIGHTS)
    change(tmp_path, latent=LATENT)
    run_stages(paths, "train_latent", "train")
    assert checkpoints.read_record(paths.checkpoint(2)).latent is not None
    change(tmp_path, latent={"steps": 0, "learning_rate": 0.5})
    run_stages(paths, "train_latent", "train")
    # What the section says where it is off is no reason to train the network again.
    again = [(paths.latent / run / "run.json").read_bytes() for run in ("tuning", "final")]
    assert again == marks
    assert sha256(paths.checkpoint(2) / checkpoints.WEIGHTS) == weights


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A project after its last stage."""
    made = small_project(tmp_path_factory.mktemp("project"), SMALL)
    run_stages(made, *STAGES)
    return made


def test_each_run_has_an_autoencoder_of_its_own_films(paths: Paths) -> None:
    parts = {row["id"]: row["part"] for row in tables.read_rows(paths.split_table, schemas.SPLIT)}
    counts = {
        "tuning": list(parts.values()).count("tuning"),
        "final": len([part for part in parts.values() if part != "control"]),
    }
    for run, folder in (("tuning", paths.tuning), ("final", paths.final)):
        first = paths.latent / run / "checkpoint-2"
        said = read_json(first / "checkpoint.json")["training"]
        assert said["films"] == counts[run]
        for checkpoint in checkpoints.list_checkpoints(folder).values():
            record = read_json(checkpoint / "checkpoint.json")
            assert record["training"]["cohort_sha256"] == said["cohort_sha256"]
            assert record["latent_sha256"] == sha256(first / "autoencoder.safetensors")
    weights = [paths.latent / run / "checkpoint-2/autoencoder.safetensors" for run in counts]
    assert len(set(map(sha256, weights))) == 2


def test_trained_once_they_are_left_alone(paths: Paths) -> None:
    before = sorted(path.stat().st_mtime_ns for path in paths.latent.rglob("*"))
    train_latent.run(paths, load_params(paths.params))
    assert sorted(path.stat().st_mtime_ns for path in paths.latent.rglob("*")) == before


def test_the_release_is_what_it_says(paths: Paths) -> None:
    assert verify(paths.release)["differences"] == []
    record = read_json(paths.release / "release.json")
    stated = sha256(paths.latent / "final/checkpoint-2/autoencoder.safetensors")
    assert record["metrics"]["training"]["latent_sha256"] == stated
    of_first_stage = sha256(paths.checkpoint(1) / "latent/checkpoint.json")
    assert record["inputs"]["training/latent.json"] == of_first_stage
    card = written(paths.release)
    for text in (
        "**Latents.** The network does not see films but their latents",
        "a picture of 4 × 4 with 3 channels",
        "for 4 steps of 4 films at a learning rate of 0.002",
        "The networks were each trained on",
        "Only two networks, one run of each and one source are behind it.",
        f"SHA-256 of its weights: `{stated}`",
        "so the loss is one of latents: it cannot be compared",
    ):
        assert text in card, text
    croissant = (paths.release / "croissant.json").read_text(encoding="utf-8")
    assert "Training of an autoencoder (4 steps of 4 films) and, on its latents, of a" in croissant
    assert "as latents of an autoencoder that was trained on the same films" in croissant
    films = [
        row for path in shards_of(paths.release) for row in tables.iterate(path, schemas.RELEASE)
    ]
    assert {row["checkpoint"] for row in films} <= {1, 2}


def test_the_network_is_attacked_and_its_autoencoder_is_said_not_to_be(paths: Paths) -> None:
    record = read_json(paths.release / "release.json")
    attacks = {row["attack"]: row for row in record["metrics"]["scorecard"]["privacy"]}
    of_first = attacks["reconstruction error, autoencoder of the latents"]
    assert "no canaries were planted in it" in of_first["why_not"]
    assert attacks["calibrated loss"]["access"] == of_first["access"]


def test_films_are_drawn_again_from_their_names(paths: Paths, tmp_path: Path) -> None:
    assert_drawn_again(paths, FILMS, tmp_path)


def _off(record: dict[str, Any]) -> None:
    record["params"]["latent"]["steps"] = 0


def _unstated(record: dict[str, Any]) -> None:
    del record["metrics"]["training"]["latent_sha256"]


def _other_steps(record: dict[str, Any]) -> None:
    record["params"]["latent"]["steps"] = 2


@pytest.mark.parametrize("forge", [_off, _unstated, _other_steps])
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
        ("generator", "autoencoder"),
    ],
)
def test_an_autoencoder_of_other_settings_is_noticed(paths: Paths, key: str, value: Any) -> None:
    place = paths.checkpoint(2) / "latent/checkpoint.json"
    with says_otherwise(place, key, value), pytest.raises(ReleaseError):
        validate.run(paths, load_params(paths.params))
