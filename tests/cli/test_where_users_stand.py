"""Commands from any folder of a project, outside of one, and what the tab key offers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.cli import complete
from cxr_release.errors import CheckpointError
from cxr_release.film_id import BATCHES, source_name
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.project import find_project
from tests.support import ROOT
from tests.support.commands import run
from tests.support.oriented import oriented_row


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("places") / "project"
    (root / "data/reviews/screening").mkdir(parents=True)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, root)
    shutil.copytree(ROOT / "cards", root / "cards")
    film = np.zeros((16, 16), np.uint8)
    for number in load_params(root / "params.yaml").sample.checkpoints:
        for batch in BATCHES:
            rows = [oriented_row(film, number, batch, index) for index in range(2)]
            table = Paths(root).oriented_table(source_name(number), batch)
            tables.write(table, schemas.ORIENTED, rows)
    return root


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "project"))


FILM = "checkpoint-3-large-00001"


@pytest.mark.parametrize("place", [".", "cards", "data/reviews/screening"])
def test_a_command_finds_the_project_from_any_folder_of_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(project / place)
    assert run("exclude", FILM, "--reason", "artefact", "--reviewer", "a.b").returncode == 0
    assert (project / "data/reviews/screening/a.b.jsonl").exists()
    up = "../" * len(Path(place).parts)
    assert find_project().cards.reasons.as_posix() == f"{up}cards/phantoms/reasons.yaml"
    (project / "cards/phantoms/reasons.yaml").write_text("[")
    told = run("keep", FILM, "--reviewer", "a.b").stderr
    assert told.startswith(f"error: {up}cards/phantoms/reasons.yaml: ")


def test_what_is_reported_is_the_same_from_there(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = json.loads(run("status", "--json", "--root", str(project)).stdout)
    monkeypatch.chdir(project / "cards")
    assert json.loads(run("status", "--json").stdout) == expected | {"release": None}


def test_the_nearest_project_is_meant(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = project / "data/inner"
    (inner / "deep").mkdir(parents=True)
    shutil.copy(project / "params.yaml", inner)
    monkeypatch.chdir(inner / "deep")
    assert find_project().root.resolve() == project  # a params.yaml alone is not a project
    shutil.copy(project / "dvc.yaml", inner)
    assert find_project().root == Path("..")


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("counts",),
        ("log", "verify"),
        ("sample",),
        ("audit",),
        ("where", "dicom-00012"),
        ("keep", FILM, "--reviewer", "a.b"),
        ("withdraw", FILM, "--reason", "withdrawn-on-request"),
        ("review", "--reviewer", "a.b"),
        ("clear", "--reviewer", "a.b"),
        ("adjudicate", "--reviewer", "a.b"),
        ("study", "serve", "--reader", "a.b"),
        ("upgrade",),
    ],
    ids=" ".join,
)
def test_outside_of_a_project_there_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {tmp_path}: is not a project of cxr-release (no such file: params.yaml), nor is a"
        " folder above it: go into one, name one with --root, or make one with"
        " `cxr-release init DIR`\n"
    )
    assert not list(tmp_path.iterdir())


def test_what_another_s_code_is_most_like_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    done = run("exclude", FILM, "--reason", "artifact", "--reviewer", "a.b")
    assert "did you mean artefact?" in done.stderr and "known: " in done.stderr
    for number in (3, 6, 15):
        (project / f"data/training/final/checkpoint-{number}").mkdir(parents=True)
    with pytest.raises(CheckpointError, match="there is no such checkpoint") as caught:
        find_project().drawn_from("checkpoint-16")
    assert "did you mean checkpoint-6" in caught.value.remedy
    (project / "params.yaml").write_text(
        (project / "params.yaml").read_text().replace("plants:", "plant:")
    )
    assert "did you mean plants?" in run("status").stderr


def offered(words: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What bash is offered for a line whose last word may be empty."""
    parts = words.split(" ")
    monkeypatch.setenv("_CXR_RELEASE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(parts) - 1))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv = ['cxr-release']; from cxr_release.cli import main; main()",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split()


def test_the_tab_key_offers_codes_from_anywhere_in_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "data/reviews")
    monkeypatch.setattr(sys, "argv", ["cxr-release"])
    assert run("keep", FILM, "--reviewer", "a.b").returncode == 0

    class Context:
        params: dict[str, object] = {}  # noqa: RUF012 - as typer's

    def values(completion: object, incomplete: str = "") -> list[str]:
        return [value for value, _ in completion(Context(), incomplete)]  # type: ignore[operator]

    assert values(complete.reasons, "vert") == ["vertebra-malformed", "vertebra-count"]
    assert "copy" not in values(complete.reasons)
    assert "withdrawn-on-request" in values(complete.withdrawal_reasons)
    assert values(complete.people) == ["a.b"]
    assert values(complete.jobs, "checkpoint-6") == ["checkpoint-6-initial-", "checkpoint-6-large-"]
    assert values(complete.logs) == ["../../data/reviews/screening/a.b.jsonl"]
    monkeypatch.chdir(project.parent)
    assert values(complete.reasons) == values(complete.people) == []


def test_a_shell_is_told_them(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert offered("cxr-release exclude x --reason vertebra-c", monkeypatch) == ["vertebra-count"]
