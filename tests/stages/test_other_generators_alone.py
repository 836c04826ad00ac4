"""A release of other generators' films alone: nothing is trained, and all stages run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxr_release.files import read_json
from cxr_release.generators.runtime import run_folder
from cxr_release.params.load import load_params
from cxr_release.params.project import UNTRAINED
from cxr_release.paths import Paths
from cxr_release.publishing.archive import archive
from cxr_release.publishing.diff import compare
from cxr_release.release.verify import verify
from cxr_release.scorecard.attacks.attack import NotMeasurable
from cxr_release.scorecard.network import kept
from cxr_release.stages import (
    checkpoints,
    curves,
    fidelity,
    score_network,
    train,
    train_autoencoder,
    train_latent,
    train_tuning,
)
from tests.support import ROOT
from tests.support.card_rules import written
from tests.support.hub.world import World, files_of
from tests.support.noise_pictures import noise_png
from tests.support.preloaded import Preloaded, preloading
from tests.support.quick_fits import quicken
from tests.support.small_project import small_project
from tests.support.tampering import copied, said

pytest_plugins = ("tests.support.hub.fixture",)

SMALL: dict[str, dict[str, Any]] = {
    "ingest": {"phantoms": 40, "size": 16},
    "split": {"control": 0.25},
    "train": {"steps": 0},
    "sample": {
        "checkpoints": [],
        "sources": {
            "gan": {
                "kind": "folder",
                "path": "data/elsewhere/gan",
                "generator": "StyleGAN2-ADA",
                "license": "cc-by-4.0",
                "citation": "A. Author, Films of a GAN, 2024",
            }
        },
        "initial": 4,
    },
    "audit": {"top": 30, "plants": 2},
    "study": {"quartets": 3, "bootstrap": 100},
}
FILMS = 60


def test_stages_about_a_network_say_that_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = small_project(tmp_path, SMALL)
    params = load_params(paths.params)
    for folder in (paths.split, paths.cohort):
        folder.mkdir(parents=True)
    for name in ("trained.parquet", "split.parquet", "classes.json", "labels.parquet"):
        (paths.split / name).touch()
    # Of a time when a network was trained.
    run_folder.begin(paths.final, "an earlier run", keep_unfinished=True)
    (paths.final / "checkpoint-1").mkdir()
    run_folder.finish(paths.final, "an earlier run")
    paths.checkpoints.mkdir()
    (paths.checkpoints / "losses.png").touch()
    for stage in (
        train_latent,
        train_tuning,
        train,
        train_autoencoder,
        curves,
        fidelity,
        checkpoints,
        score_network,
    ):
        stage.run(paths, params)
        stage.run(paths, params)
    told = capsys.readouterr().err.splitlines()
    sentence = UNTRAINED
    for stage in ("train_tuning", "train", "fidelity"):
        assert f"{stage}: {sentence}" in told
    for folder in (paths.tuning, paths.final, paths.fidelity_points):
        assert [path.name for path in folder.iterdir()] == ["run.json"]
    assert read_json(paths.curves) == {"films": 0, "levels": 0, "curve": [], "note": sentence}
    assert read_json(paths.fidelity) == {"checkpoints": [], "note": sentence}
    assert [path.name for path in paths.checkpoints.iterdir()] == ["report.json"]
    assert read_json(paths.checkpoints / "report.json") == {"note": sentence}
    (attack,) = kept.read(paths.network_attacks)
    assert isinstance(attack, NotMeasurable)
    assert attack.why == sentence


def project(root: Path) -> Paths:
    """A copy of the program, as users have it, beside a folder of films."""
    root.mkdir()
    paths = small_project(root, SMALL)
    (root / "cxr_release").unlink()
    ignored = shutil.ignore_patterns("__pycache__", "cache", "tmp")
    shutil.copytree(ROOT / "cxr_release", root / "cxr_release", ignore=ignored)
    for name in (".dvc", "data/raw", "data/samples", "data/elsewhere", "data/reviews"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored, dirs_exist_ok=True)
    for name in (".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, root)
    quicken(root / "cxr_release")
    films = root / "data/elsewhere/gan"
    films.mkdir()
    for place in range(FILMS):
        (films / f"seed{place:04d}.png").write_bytes(noise_png(place))
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    return paths


def command(root: Path, preloaded: Preloaded, *arguments: str, code: int = 0) -> str:
    """What a program says in a project that ends with `code`: on stdout, or why it did not end
    well.
    """
    told = preloaded.environment() | {"OMP_NUM_THREADS": "1"}
    told.pop("PYTHONPATH", None)  # the project's own copy of the package is what runs
    done = subprocess.run(
        arguments, cwd=root, env=told, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr if code else done.stdout


def altered(release: Path, folder: Path, change: Callable[[dict[str, Any]], None]) -> list[str]:
    """Places that `verify` names in a copy whose record says something else."""
    forged = copied(release, folder, said(lambda record: change(record["metrics"])))
    return [one["where"] for one in verify(forged)["differences"]]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_folder_of_60_films_alone_is_released_and_pushed(tmp_path: Path, world: World) -> None:
    paths = project(tmp_path / "project")
    with preloading() as preloaded:
        command(paths.root, preloaded, "dvc", "repro")
        assert "up to date" in command(paths.root, preloaded, "dvc", "status")
        assert "gan" in command(paths.root, preloaded, "cxr-release", "status")
        again = ("cxr-release", "sample", "--only", "checkpoint-3-large-00012")
        refused = command(paths.root, preloaded, *again, code=1)
    assert "other generators drew all films" in refused
    assert verify(paths.release)["differences"] == []
    record = read_json(paths.release / "release.json")
    assert record["unset"] == []
    assert record["counts"]["configs"] == {"default": FILMS, "gan": FILMS, "audit_pairs": 30}
    metrics = record["metrics"]
    assert (metrics["training"], metrics["distances"], metrics["checkpoints"]) == (None, None, None)
    assert metrics["losses"] == []
    assert metrics["reader_study"]["images_per_quartet"] == 2
    scorecard = metrics["scorecard"]
    assert scorecard["members"] == "not known"
    assert scorecard["summary"]["privacy"] is None
    assert scorecard["summary"]["fidelity"] is not None
    assert [attack["measurable"] for attack in scorecard["privacy"]] == [False] * 4
    figures = {path.name for path in (paths.release / "figures").iterdir()}
    assert "source-gan.png" in figures
    assert not figures & {"losses.png", "distances.png", "quality.png", "bands.png"}
    card = written(paths.release)
    assert 'load_dataset("path/to/this/folder", "gan", split="train", streaming=True)' in card
    assert archive(paths.release, tmp_path / "release.zip", year=2026)
    assert compare(str(paths.release), str(paths.release))["same"]
    checks: dict[str, Callable[[dict[str, Any]], None]] = {
        ".training": lambda said: said.update(training={"privacy": None, "start": None}),
        ": distances": lambda said: said.update(distances={}),
        ": scorecard.members": lambda said: said["scorecard"].pop("members"),
    }
    for key, change in checks.items():
        places = altered(paths.release, tmp_path / "altered", change)
        assert any(place.startswith(f"release.json: metrics{key}") for place in places), places
    shutil.rmtree(world.folder)
    shutil.copytree(paths.release, world.folder)
    world.push(allow_unreviewed=True, dry_run=True)
    world.push(allow_unreviewed=True)
    assert world.hub.store.files("v1.0.0") == files_of(paths.release)
