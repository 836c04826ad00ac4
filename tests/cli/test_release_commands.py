"""The commands of a finished release, from the first push to a withdrawn film, on a Hub."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cxr_release import schemas, tables
from cxr_release.cli.commands import app
from cxr_release.errors import CxrReleaseError, ReleaseError
from cxr_release.release import shards
from tests.support import ROOT
from tests.support.hub.requests import REPO, WRITER
from tests.support.hub.server import Hub
from tests.support.release_artefacts import (
    EXCLUDED,
    files_of,
    inputs_below,
    make_release_of,
    small_params,
    write_inputs,
)

LEFT = "checkpoint-1-large-00001"
SHARD = "data/checkpoint-1/train-00001-of-00003.parquet"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    import huggingface_hub
    from huggingface_hub import constants

    with Hub(tmp_path / "hub") as one:
        monkeypatch.setattr(constants, "ENDPOINT", one.url)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(huggingface_hub, "get_token", lambda: WRITER)
        monkeypatch.setattr(shards, "SHARD_BYTES", 15_000)  # three films of this size
        yield one


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder, as far as these commands look at it."""
    root = tmp_path / "project"
    (root / "cards/phantoms").mkdir(parents=True)
    for name in ("params.yaml", "cards/phantoms/reasons.yaml"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    return root


def release(project: Path, version: str, excluded: Mapping[str, str] = EXCLUDED) -> Path:
    """Package a version in a project, in a folder of its own."""
    folder = project / version
    write_inputs(folder / "artefacts", excluded=excluded)
    inputs = replace(inputs_below(folder / "artefacts"), published=project / "data/published")
    params = small_params()
    params = replace(params, release=replace(params.release, version=version))
    return make_release_of(inputs, params, folder)


def run(*arguments: object, fails: bool = False) -> Any:
    """What a command prints with --json, or its error."""
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    if fails:
        assert isinstance(done.exception, CxrReleaseError), done.output
        return done.exception
    assert done.exception is None, (done.exception, done.stderr)
    return json.loads(done.stdout)


def test_a_version_goes_out_and_the_next_one_without_a_withdrawn_film(
    hub: Hub, project: Path
) -> None:
    first = release(project, "1.0.0")
    push = ("push", "--repo", REPO, "--root", project, "--allow-unreviewed")
    refused = run(*push[:-1], first, fails=True)
    assert isinstance(refused, ReleaseError)
    assert {fault.where for fault in refused.faults} == {"screening", "audit", "reader_study"}
    assert hub.store.repo is None
    said = run(*push, "--dry-run", first)
    assert said["sent"]["files"] == len(files_of(first))
    assert hub.store.repo is None
    assert run(*push, first)["recorded"] == str(project / "data/published/1.0.0")
    assert hub.store.files("v1.0.0") == files_of(first)
    assert run("verify", f"{REPO}@v1.0.0")["differences"] == []

    logged = run("withdraw", LEFT, "--reason", "withdrawn-on-request", "--root", project)
    assert logged["films"] == [LEFT]
    second = release(project, "1.0.1", EXCLUDED | {LEFT: "vertebra-count"})
    with hub.counting() as count:
        report = run(*push, second)
        # Of the films' shards one; beside them the short tables of exclusions and pairs.
        assert count("PUT", ".") <= 3
    films = [name for name in files_of(second) if name.startswith("data/")]
    changed = [name for name in films if files_of(first)[name] != files_of(second)[name]]
    assert changed == [SHARD]
    assert report["deleted"] == []
    found = run("diff", f"{REPO}@v1.0.0", f"{REPO}@v1.0.1")
    assert found["withdrawn"] == {LEFT: "vertebra-count"}
    assert (found["added"], found["redrawn"], found["relabelled"]) == ([], [], {})
    assert found["numbers"]["counts.total.released"] == [13, 12]
    assert not found["same"]
    assert hub.store.files("v1.0.0") == files_of(first)
    for folder in (first, second):
        assert run("verify", folder)["differences"] == []


def test_a_film_that_one_more_reviewer_excludes_changes_one_shard_and_sends_one(
    hub: Hub, project: Path
) -> None:
    push = ("push", "--repo", REPO, "--root", project, "--allow-unreviewed")
    run(*push, release(project, "1.0.0"))
    more = release(project, "1.1.0", EXCLUDED | {LEFT: "blank-or-noise"})
    before = {path: data for path, data in hub.store.files("main").items() if "data/" in path}
    run(*push, more)
    after = {path: data for path, data in hub.store.files("main").items() if "data/" in path}
    assert [path for path in before if before[path] != after[path]] == [SHARD]


def test_what_is_not_true_is_not_sent_and_named(hub: Hub, project: Path) -> None:
    folder = release(project, "1.0.0")
    shard = next(folder.glob("data/checkpoint-3/*.parquet"))
    rows = list(tables.iterate(shard, schemas.RELEASE))
    rows[0]["flipped"] = not rows[0]["flipped"]
    tables.write(shard, schemas.RELEASE, rows)
    push = ("push", folder, "--repo", REPO, "--root", project, "--allow-unreviewed")
    error = run(*push, fails=True)
    assert any("checkpoint-3" in fault.where for fault in error.faults)
    assert hub.store.repo is None
    done = CliRunner().invoke(app, ["verify", str(folder), "--json"])
    assert isinstance(done.exception, ReleaseError)
    named = [difference["where"] for difference in json.loads(done.stdout)["differences"]]
    assert any("checkpoint-3" in where for where in named)


def test_another_project_s_release_is_not_noted_here(hub: Hub, project: Path) -> None:
    folder = release(project, "1.0.0")
    params = project / "params.yaml"
    params.write_text(params.read_text().replace('name: ""', "name: another"))
    push = ("push", folder, "--repo", REPO, "--root", project, "--allow-unreviewed")
    assert run(*push)["recorded"] is None
    assert not (project / "data/published").exists()
