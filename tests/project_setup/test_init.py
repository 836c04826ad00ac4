"""`cxr-release init`: what a new project is, and what it never does to a folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from cxr_release import plain_yaml
from cxr_release.errors import CxrReleaseError
from cxr_release.params.films import PHANTOMS
from cxr_release.params.load import load_params
from cxr_release.project_setup import init as setup
from cxr_release.project_setup import pipeline
from cxr_release.project_setup.init import Preset, init, project_files
from cxr_release.tool_code import TOOL, installed_sha256
from tests.support import ROOT
from tests.support.commands import run

SOURCE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("projects") / "demo"
    init(folder, preset="demo")
    return folder


def git(folder: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.split("\n")[:-1]


def test_a_project_is_a_repository_with_all_that_a_clone_of_the_source_tree_has(demo: Path) -> None:
    tracked = set(git(demo, "ls-files"))
    assert tracked == set(project_files("demo", "demo"))
    assert all(line.startswith("A  ") for line in git(demo, "status", "--short"))
    of_source = {path.relative_to(ROOT).as_posix() for path in (ROOT / "data").rglob(".gitkeep")}
    assert {name for name in tracked if name.endswith(".gitkeep")} == of_source
    for name in (".gitattributes", ".gitignore", ".dvcignore", ".dvc/config", "params.yaml"):
        assert (demo / name).read_bytes() == (ROOT / name).read_bytes(), name
    for card in (ROOT / "cards").glob("*.yaml"):
        assert (demo / "cards" / card.name).read_bytes() == card.read_bytes()


def test_films_never_enter_its_git_and_decisions_do(demo: Path) -> None:
    def is_ignored(place: str) -> bool:
        done = subprocess.run(["git", "check-ignore", "-q", place], cwd=demo, check=False)
        return done.returncode == 0

    for place in ("data/raw/1.png", "data/cohort/cohort.parquet", "data/film-key", "data/release"):
        assert is_ignored(place), place
    for place in ("data/reviews/screening/a.b.jsonl", "data/published/1.0.0/x", "tool.yaml"):
        assert not is_ignored(place), place


def test_its_stages_are_those_of_the_source_tree_with_hashes_for_code(demo: Path) -> None:
    own = plain_yaml.of_file(demo / "dvc.yaml")
    tool = plain_yaml.of_file(demo / TOOL)
    assert list(own["stages"]) == list(SOURCE["stages"])
    assert own["plots"] == SOURCE["plots"]
    for name, stage in SOURCE["stages"].items():
        mine = dict(own["stages"][name])
        *keys, of_tool = mine.pop("params")
        assert keys == stage["params"]
        code = {dep for dep in stage["deps"] if dep.startswith("cxr_release/")}
        named = {key.removeprefix("code.") for key in of_tool[TOOL]}
        assert named == {dep.removeprefix("cxr_release/").removesuffix(".py") for dep in code}
        assert all(tool["code"][key] == installed_sha256(key) != "" for key in named)
        assert mine.pop("deps") == [dep for dep in stage["deps"] if dep not in code]
        assert mine == {key: stage[key] for key in mine}
        assert mine.keys() == stage.keys() - {"deps", "params"}


@pytest.mark.parametrize("preset", get_args(Preset))
def test_every_preset_is_whole_and_says_what_it_is_for(preset: Preset, tmp_path: Path) -> None:
    text = project_files("x", preset)["params.yaml"]
    (tmp_path / "params.yaml").write_text(text)
    params = load_params(tmp_path / "params.yaml")
    assert (params.ingest.source == PHANTOMS) == (preset == "demo")
    assert text.startswith("# ")
    wrong = [line for line in text.splitlines() if len(line) > 120]
    assert not wrong


def test_the_trial_differs_from_the_default_in_what_it_names_alone() -> None:
    default = yaml.safe_load((ROOT / "params.yaml").read_text())
    trial = yaml.safe_load(project_files("x", "trial")["params.yaml"])
    named = yaml.safe_load(pipeline.own_file("trial.yaml"))
    for section, values in default.items():
        for key, value in values.items() if isinstance(values, dict) else ():
            assert trial[section][key] == named.get(f"{section}.{key}", value)


CARDS = ("anatomy.yaml", "findings.yaml", "reasons.yaml")


def test_cards_are_those_of_the_part_of_the_body_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "package/files"
    shutil.copytree(ROOT / "cxr_release/project_setup/files", own)
    (own / "cards/examples/knee").mkdir(parents=True)
    (own / "cards/examples/knee/reasons.yaml").write_text("patella: Two of them.\n")
    monkeypatch.setattr(pipeline, "files", lambda package: own.parent)
    init(tmp_path / "mine", preset="trial", anatomy="knee")
    cards = tmp_path / "mine/cards"
    assert (cards / "reasons.yaml").read_text() == "patella: Two of them.\n"
    assert (cards / "findings.yaml").read_bytes() == (ROOT / "cards/findings.yaml").read_bytes()
    assert not (cards / "examples").exists()
    drawn = [(cards / "phantoms" / name).read_bytes() for name in CARDS]
    assert drawn == [(ROOT / "cards/phantoms" / name).read_bytes() for name in CARDS]
    init(tmp_path / "spine", preset="paper", anatomy="cervical")
    assert [(tmp_path / "spine/cards" / name).read_bytes() for name in CARDS] == drawn
    init(tmp_path / "any", preset="trial")
    stated = [(tmp_path / "any/cards" / name).read_bytes() for name in CARDS]
    assert stated == [(ROOT / "cards" / name).read_bytes() for name in CARDS]
    done = run("init", str(tmp_path / "other"), "--cards", "kne")
    assert done.returncode == 1 and "did you mean knee?" in done.stderr
    assert not (tmp_path / "other").exists()


def test_what_is_there_is_never_replaced_and_all_of_it_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "cards").mkdir(parents=True)
    (folder / "README.md").write_text("mine")
    (folder / "cards/reasons.yaml").write_text("{}")
    (folder / "data").write_text("a file")
    before = sorted(folder.rglob("*"))
    with pytest.raises(CxrReleaseError, match="nothing was changed") as caught:
        init(folder, preset="demo")
    named = {fault.where for fault in caught.value.faults}
    assert named >= {"README.md", "cards/reasons.yaml", "data"}
    assert sorted(folder.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_films_and_a_repository_that_are_there_stay(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "data/raw").mkdir(parents=True)
    (folder / "data/raw/1.png").write_bytes(b"film")
    git(folder, "init", "--quiet", "--initial-branch=theirs")
    report = init(folder, preset="trial")
    assert report["git"] is False
    assert (folder / "data/raw/1.png").read_bytes() == b"film"
    assert git(folder, "symbolic-ref", "--short", "HEAD") == ["theirs"]
    assert "dvc.yaml" in git(folder, "ls-files")
    assert "data/raw/1.png" not in git(folder, "ls-files")
    with pytest.raises(CxrReleaseError, match="is a project already"):
        init(folder, preset="trial")


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("fails_at", ["init", "add"])
def test_where_git_fails_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool, fails_at: str
) -> None:
    folder = tmp_path / "mine"
    if exists:
        folder.mkdir()
        (folder / "note.txt").write_text("mine")
    real = setup._git

    def fail(where: Path, *arguments: str) -> None:
        if arguments[0] == fails_at:
            raise CxrReleaseError("git failed")
        real(where, *arguments)

    monkeypatch.setattr(setup, "_git", fail)
    with pytest.raises(CxrReleaseError, match="git failed"):
        init(folder, preset="demo")
    assert folder.exists() == exists
    left = [path.name for path in tmp_path.rglob("*")]
    assert left == (["mine", "note.txt"] if exists else [])


def test_without_git_it_says_so_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    done = run("init", str(tmp_path / "mine"))
    assert done.returncode == 1 and "git is not installed" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_command_says_what_comes_next(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    done = run("init", str(folder), "--preset", "trial")
    assert done.returncode == 0, done.stderr
    assert f"cd {folder}" in done.stdout and "dvc repro" in done.stdout
    assert (folder / "README.md").read_text().startswith("# mine\n")
