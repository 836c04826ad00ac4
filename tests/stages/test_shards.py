"""Stages that map over shards: who works on them, and what was there before, does not show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cxr_release import schemas, tables, workers
from cxr_release.files import read_json, tree_sha256
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.stages import orient, prescreen
from tests.support import ROOT
from tests.support.sharded import SHARDS, project, sample

LARGE = ("checkpoint-1", "large")


def run(paths: Paths, *stages: str) -> None:
    params = load_params(paths.params)
    for stage in stages:
        {"orient": orient, "prescreen": prescreen}[stage].run(paths, params)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """By one process."""
    paths = project(tmp_path_factory.mktemp("alone"))
    run(paths, "orient", "prescreen")
    return paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return project(tmp_path)


@pytest.fixture
def unturned(tmp_path: Path) -> Paths:
    """A project that is soon oriented."""
    return project(tmp_path, facing=None)


def made(paths: Paths) -> list[str]:
    return [tree_sha256(paths.oriented), tree_sha256(paths.prescreen)]


def test_each_shard_has_a_table_with_its_films(alone: Paths) -> None:
    for job, sizes in SHARDS.items():
        shards = alone.oriented_tables([job])
        assert shards == [alone.oriented_table(*job, number) for number in range(len(sizes))]
        rows = [tables.read_rows(path, schemas.ORIENTED) for path in shards]
        assert [len(each) for each in rows] == list(sizes)
        facings = [row["flipped"] for each in rows for row in each]
        assert facings == [index % 3 == 1 for index in range(sum(sizes))]
    stated = read_json(alone.oriented / "summary.json")["films"]
    assert [row["facings"]["left"] for row in stated] == [2, 7]
    assert [row["facings"]["right"] for row in stated] == [1, 3]


def test_a_shard_that_did_not_change_keeps_its_bytes(unturned: Paths) -> None:
    run(unturned, "orient")
    before = [path.read_bytes() for path in unturned.oriented_tables([LARGE])]
    last = unturned.job(*LARGE) / "shard-00002.parquet"
    other = last.read_bytes()
    sample(unturned, LARGE, (4, 4, 2), first_seed=500)
    changed = last.read_bytes()
    sample(unturned, LARGE, (4, 4, 2))
    assert last.read_bytes() == other != changed
    last.write_bytes(changed)
    run(unturned, "orient")
    after = [path.read_bytes() for path in unturned.oriented_tables([LARGE])]
    assert [one == two for one, two in zip(before, after, strict=True)] == [True, True, False]


def test_what_a_larger_run_left_is_gone(unturned: Paths) -> None:
    run(unturned, "orient")
    sample(unturned, LARGE, (4, 1))
    (unturned.oriented / "checkpoint-1-large.parquet").touch()
    run(unturned, "orient")
    assert [path.name for path in unturned.oriented_tables([LARGE])] == [
        "00000.parquet",
        "00001.parquet",
    ]
    assert len([*unturned.oriented.rglob("*.parquet")]) == 3


def test_a_job_without_films_has_a_table_without_rows(unturned: Paths) -> None:
    sample(unturned, LARGE, ())
    run(unturned, "orient")
    (table,) = unturned.oriented_tables([LARGE])
    assert tables.read_rows(table, schemas.ORIENTED) == []


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor: no other process")
def test_processes_of_one_machine_make_what_one_makes(
    paths: Paths, alone: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "WORTH_PROCESSES", 0)
    run(paths, "orient", "prescreen")
    assert made(paths) == made(alone)


KILLED = """
import os, signal, time
from pathlib import Path
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.stages import orient as stage

orient = stage.orient

def killed(shards, output, **settings):
    if os.environ["RANK"] == "1" and output.name == "00002.parquet":
        while not Path("data/oriented/checkpoint-1-initial/00000.parquet").exists():
            time.sleep(0.01)  # until the other process has written its first table
        os.kill(os.getpid(), signal.SIGKILL)
    return orient(shards, output, **settings)

stage.orient = killed
stage.run(Paths(Path()), load_params(Path("params.yaml")))
"""


def launch(paths: Paths, *what: str) -> subprocess.CompletedProcess[str]:
    """Two processes that talk by gloo."""
    told = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    return subprocess.run(
        [
            *(sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu"),
            *("--num_machines", "1", "--num_processes", "2", "--main_process_port", "0"),
            *("--mixed_precision", "no", "--dynamo_backend", "no", *what),
        ],
        check=False,
        cwd=paths.root,
        env=told,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_processes_make_what_one_makes_also_after_one_was_killed(
    paths: Paths, alone: Paths, tmp_path: Path
) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    killed = launch(paths, str(script))
    assert killed.returncode != 0
    assert paths.oriented_table("checkpoint-1", "initial").exists()
    assert not (paths.oriented / "summary.json").exists()
    for stage in ("orient", "prescreen"):
        done = launch(paths, "-m", f"cxr_release.stages.{stage}")
        assert done.returncode == 0, done.stderr
    assert made(paths) == made(alone)
