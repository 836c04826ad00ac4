"""`dvc repro` on a tiny cohort: what runs, what does not, and that a kill changes nothing."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import VERDICT, NewVerdict
from cxr_release.files import tree_sha256
from cxr_release.logbook import log
from cxr_release.project import Project
from cxr_release.publishing.diff import compare
from cxr_release.reader_study.answer import ANSWER, NewAnswer
from cxr_release.reader_study.kit import open_kit, serve
from cxr_release.release.verify import verify
from cxr_release.release.versions.published import enter
from tests.support import ROOT
from tests.support.blank_figures import leave_blank
from tests.support.card_rules import written
from tests.support.preloaded import Preloaded, preloading
from tests.support.quick_fits import quicken
from tests.support.small_project import change

pytestmark = pytest.mark.timeout(600)

TINY: dict[str, dict[str, Any]] = {
    "ingest": {"phantoms": 24, "size": 32},
    "network": {"channels": [8, 16]},
    "train": {"steps": 8, "batch_size": 8, "checkpoint_every": 2, "warmup": 1},
    "train_tuning": {"steps": 4},
    "curves": {"films": 4, "levels": 2},
    "fidelity": {"every": 4, "images": 8, "bootstrap": 20},
    "sample": {"checkpoints": [1, 4], "initial": 5, "large": 7, "steps": 3, "batch_size": 4},
    "audit": {"top": 20, "plants": 2},
    "study": {"quartets": 3, "bootstrap": 100},
}
STAGE = re.compile(r"Running stage '([^']+)'")
AFTER_SCREENING = {
    "screen", "quartets", "scorecard", "landmarks", "validate", "package", "metrics", "model",
}  # fmt: skip
"""And `study`, where the quartets change."""


def project(root: Path) -> Path:
    """A copy of what the pipeline needs, with parameters for seconds instead of minutes."""
    for name in (
        "cxr_release",
        "cards",
        ".dvc",
        "data/raw",
        "data/elsewhere",
        "data/samples",
        "data/reviews",
        "data/published",
    ):
        ignored = shutil.ignore_patterns("__pycache__", "cache", "tmp")
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, root / name)
    (root / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    change(root, **TINY)
    quicken(root / "cxr_release")
    leave_blank(root / "cxr_release")
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    return root


@pytest.fixture(scope="module")
def preloaded() -> Iterator[Preloaded]:
    with preloading() as process:
        yield process


def command(
    root: Path, *arguments: str, preloaded: Preloaded | None = None
) -> subprocess.Popen[str]:
    """A program in a project: one that imports all that it needs, or a fork of one that has."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    told = preloaded.environment() if preloaded else os.environ | {"PATH": path}
    told.pop("PYTHONPATH", None)  # the project's own copy of the package is what runs
    return subprocess.Popen(
        arguments,
        cwd=root,
        # One thread: beside other work on the machine, tiny matrices only lose by two.
        env=told | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def repro(root: Path, preloaded: Preloaded | None = None) -> list[str]:
    """Run the pipeline; the stages that ran, in order.

    DVC warns of nothing but of a run that was killed before.
    """
    running = command(root, "dvc", "repro", preloaded=preloaded)
    output, _ = running.communicate()
    assert running.returncode == 0, output
    warnings = [line for line in output.splitlines() if "WARNING" in line]
    assert not [
        line for line in warnings if not line.endswith("Auto removed it from the lock file.")
    ]
    return STAGE.findall(output)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, preloaded: Preloaded) -> Path:
    """A project whose pipeline has run once; the tests change it, one after the other."""
    folder = project(tmp_path_factory.mktemp("project"))
    assert len(repro(folder, preloaded)) == 30
    shutil.copy(folder / "data/release/SHA256SUMS", folder / "first-run")
    return folder


def checksums(root: Path) -> str:
    return (root / "data/release/SHA256SUMS").read_text()


def films(root: Path) -> list[str]:
    shards = sorted((root / "data/release/data").rglob("*.parquet"))
    return [row["id"] for shard in shards for row in tables.read_rows(shard, schemas.RELEASE)]


def test_the_release_opens_in_a_fresh_process_without_network(root: Path, tmp_path: Path) -> None:
    opened = subprocess.run(
        [sys.executable, str(ROOT / ".ci/open_release.py"), "data/release"],
        cwd=root,
        env={"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert opened.returncode == 0, opened.stderr
    assert len(films(root)) == 24
    subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=root / "data/release", check=True
    )


def test_the_blinded_kit_says_nothing_beside_the_pixels(root: Path) -> None:
    kit = list(tables.iterate(root / "data/study-kit/kit.parquet", schemas.KIT))
    key = tables.read_rows(root / "data/study-key/key.parquet", schemas.KEY)
    assert [row["name"] for row in kit] == [row["name"] for row in key]
    assert {row["source"] for row in key} == {"real", "checkpoint-1", "checkpoint-4"}
    looks = set()
    for row in kit:
        with Image.open(io.BytesIO(row["image"]["bytes"])) as film:
            film.load()
            looks.add((film.mode, film.size, str(film.info), len(row["image"]["bytes"])))
        assert row["image"]["path"] == f"{row['name']}.png"
    ((*look, _),) = looks
    assert look == ["L", (32, 32), "{}"]
    assert [path.name for path in (root / "data/study-kit").iterdir()] == ["kit.parquet"]


def test_nothing_runs_twice(root: Path) -> None:
    """By a process of its own."""
    assert repro(root) == []


def test_what_is_forked_ends_as_what_is_started(preloaded: Preloaded, tmp_path: Path) -> None:
    """Else the other tests would not tell of `dvc repro` as people run it."""
    (tmp_path / "cxr_release").symlink_to(ROOT / "cxr_release")
    ends = []
    for by in (None, preloaded):
        running = command(tmp_path, "python", "-m", "cxr_release.stages.split", preloaded=by)
        said, _ = running.communicate()
        ends.append((running.returncode, said))
    assert ends[0] == ends[1]
    assert ends[0][0] == 1
    (tmp_path / "sleep.py").write_text(
        "import os, pathlib, time\npathlib.Path('pid').write_text(f'{os.getpid()}\\n')\n"
        "time.sleep(600)"
    )
    # As DVC starts a stage: in a shell, and not in the group that is killed.
    (tmp_path / "starts.py").write_text(
        "import subprocess\nsubprocess.run(['sh', '-c', 'python -m sleep; true'])"
    )
    pid = tmp_path / "pid"
    for module in ("sleep", "starts"):
        running = command(tmp_path, "python", "-m", module, preloaded=preloaded)
        wait_for(lambda: pid.exists() and pid.read_text().endswith("\n"))
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate(timeout=60)  # whatever holds its streams has ended
        wait_for(lambda: not Path("/proc", pid.read_text().strip()).exists())
        pid.unlink()


def wait_for(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_films_are_made_again_from_their_names(root: Path, preloaded: Preloaded) -> None:
    names = ["checkpoint-1-initial-00003", "checkpoint-4-large-00006"]
    asked = ("cxr-release", "sample", "--only", *names, "--json")
    made, _ = command(root, *asked, preloaded=preloaded).communicate()
    found = {film["id"]: film for film in json.loads(made[made.index("{") :])["films"]}
    assert sorted(found) == names
    assert {film["difference"] for film in found.values()} == {0}
    kept = {
        row["id"]: row["sha256"]
        for shard in sorted((root / "data/samples").rglob("*.parquet"))
        for row in tables.read_rows(shard, schemas.SAMPLES)
    }
    for name, film in found.items():
        assert hashlib.sha256((root / film["file"]).read_bytes()).hexdigest() == kept[name]


def test_the_curves_can_be_plotted(root: Path, preloaded: Preloaded) -> None:
    shown, _ = command(root, "dvc", "plots", "show", "--json", preloaded=preloaded).communicate()
    plots = json.loads(shown)["data"]
    assert len(plots) == 5
    for name, (plot,) in plots.items():
        drawn = {point["checkpoint"] for point in plot["content"]["data"]["values"]}
        assert drawn == ({"1", "2"} if "tuning" in name else {"4"})


def test_two_processes_make_the_films_of_one(
    root: Path, preloaded: Preloaded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The stages as they are, under `accelerate launch`; DVC then finds the work done."""
    shared = project(tmp_path_factory.mktemp("shared"))
    for made in ("split", "training/latent"):
        shutil.copytree(root / "data" / made, shared / "data" / made)
    # `--multi_gpu` is accelerate's word for many processes; without GPUs they talk by gloo.
    launch = ("accelerate", "launch", "--multi_gpu", "--num_machines", "1", "--num_processes", "2")
    quiet = ("--mixed_precision", "no", "--dynamo_backend", "no", "-m")

    def run(*arguments: str) -> str:
        running = command(shared, *arguments, preloaded=preloaded)
        said, _ = running.communicate()
        assert running.returncode == 0, said
        return said

    for stage in (["train"], ["sample", "4", "large"]):
        run(*launch, *quiet, f"cxr_release.stages.{stage[0]}", *stage[1:])
    for work in ("training/final", "samples/checkpoint-4-large"):
        assert tree_sha256(shared / "data" / work) == tree_sha256(root / "data" / work)
    assert "trained before" in run("python", "-m", "cxr_release.stages.train")


@pytest.mark.parametrize("apart", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_word_in_the_card_reruns_what_the_release_s_code_makes_alone(
    root: Path, preloaded: Preloaded, apart: bool
) -> None:
    """Apart, by processes of their own, as people run it."""
    template = root / "cxr_release/release/documents/templates/README.md.j2"
    text = template.read_text()
    template.write_text(text.replace("Give the `revision`", "Name the `revision`"))
    assert repro(root, None if apart else preloaded) == ["validate", "package", "model"]
    assert "Name the `revision`" in (root / "data/release/README.md").read_text()
    template.write_text(text)


def test_an_exclusion_reruns_what_depends_on_it(root: Path, preloaded: Preloaded) -> None:
    film = films(root)[3]
    asked = ("cxr-release", "exclude", film, "--reason", "artefact", "--reviewer", "a.b")
    logged, _ = command(root, *asked, preloaded=preloaded).communicate()
    assert "logged 1 decision" in logged
    assert set(repro(root, preloaded)) - {"study"} == AFTER_SCREENING
    assert film not in films(root)
    assert len(films(root)) == 23
    excluded = tables.read_rows(
        next((root / "data/release/exclusions").glob("*.parquet")), schemas.TOMBSTONES
    )
    assert [row["id"] for row in excluded] == [film]


def read_quartets(root: Path, reader: str) -> None:
    """A reader takes the first film of each quartet for the real one."""
    kit = open_kit(root / "data/study-kit/kit.parquet")
    serve(kit, root / "data/reviews/quartets/served.json")
    replies = [
        NewAnswer(
            str(quartet),
            kit.fingerprints[quartet],
            films=" ".join(film.name for film in films),
            ratings=" ".join("3" for _ in films),
            picked=films[0].name,
            page=str(quartet),
            seconds="12.500",
        )
        for quartet, films in kit.quartets.items()
    ]
    log.append(ANSWER, root / "data/reviews/readers", reader, replies)


def test_films_judged_copies_or_withdrawn_leave_the_next_version_and_not_the_quartets_readers_saw(
    root: Path, preloaded: Preloaded
) -> None:
    """Verdicts and withdrawals alone: what was searched is not searched again."""
    old = Path(shutil.copytree(root / "data/release", root / "published-1.0.0"))
    enter(root / "data/published", old)
    seen = {row["id"] for row in tables.read_rows(root / "data/study-key/key.parquet", schemas.KEY)}
    gone = next(film for film in films(root) if film not in seen)
    Project(root).withdraw([gone], "team", reason="withdrawn-on-request", note="", retract=False)
    change(root, release={"version": "1.0.1"})
    for reader in ("r.one", "r.two"):
        read_quartets(root, reader)
    kit = (root / "data/study-kit/kit.parquet").read_bytes()
    pairs = tables.read_rows(root / "data/audit/pairs.parquet", schemas.PAIRS)
    pair = next(row for row in pairs if row["synthetic_id"] in seen)
    film = pair["synthetic_id"]
    real = {
        row["id"]: row["sha256"]
        for row in tables.read_rows(root / "data/cohort/cohort.parquet", schemas.COHORT)
    }
    drawn = {
        row["id"]: row["sha256"]
        for table in (root / "data/oriented").rglob("*.parquet")
        for row in tables.read_rows(table, schemas.ORIENTED)
    }
    wish = NewVerdict(pair["real_id"], real[pair["real_id"]], film, drawn[film], "copy")
    for reviewer in ("a.b", "c.d"):
        log.append(VERDICT, root / "data/reviews/audit", reviewer, [wish])
    before = len(films(root))
    assert set(repro(root, preloaded)) == {"adjudicate", "study"} | AFTER_SCREENING
    assert (root / "data/study-kit/kit.parquet").read_bytes() == kit
    study = json.loads((root / "data/study/study.json").read_text())
    assert (study["raters"], study["not_released"], study["served"]) == (2, 1, True)
    shown = written(root / "data/release")
    assert "1 film that readers were shown was excluded afterwards" in shown
    assert "2 readers finished" in shown
    assert not {film, gone} & set(films(root))
    assert len(films(root)) == before - 2
    excluded = tables.read_rows(
        next((root / "data/release/exclusions").glob("*.parquet")), schemas.TOMBSTONES
    )
    (row,) = [row for row in excluded if row["id"] == film]
    assert (row["reason"], row["audit"], row["reviewers"]) == ("copy", True, 0)
    stones = json.loads((root / "data/release/release.json").read_text())["tombstones"]
    assert stones == [
        {"id": one, "reason": reason, "first_version_without": "1.0.1"}
        for one, reason in sorted({film: "copy", gone: "withdrawn-on-request"}.items())
    ]
    found = compare(str(old), str(root / "data/release"))
    assert found["withdrawn"] == {stone["id"]: stone["reason"] for stone in stones}
    assert not found["added"] and not found["redrawn"] and not found["relabelled"]
    assert verify(root / "data/release")["differences"] == []
    released = list(tables.iterate(next((root / "data/release/audit_pairs").glob("*.parquet")),
                                   schemas.AUDIT_PAIRS))  # fmt: skip
    row = released[pair["rank"] - 1]
    assert row["verdict"] == "copy"
    assert not row["synthetic_released"]
    assert row["synthetic_image"] is None


def test_a_checkpoint_that_is_dropped_leaves_no_ghost(root: Path, preloaded: Preloaded) -> None:
    change(root, sample={"checkpoints": [4]})
    # Its films were in the quartets: that is another study.
    (root / "data/reviews/quartets/served.json").unlink()
    for path in (root / "data/reviews/readers").glob("r.*"):
        path.unlink()
    ran = repro(root, preloaded)
    assert ran[0] == "checkpoints" or ran[0] == "orient"
    assert not {"train", "sample@4-initial", "sample@4-large"} & set(ran)
    assert {name.rsplit("-", 2)[0] for name in films(root)} == {"checkpoint-4"}
    ghosts = [
        path
        for path in (root / "data").rglob("checkpoint-1*")
        if "training" not in path.parts and "reviews" not in path.parts
    ]
    assert ghosts == []


def killed_when(root: Path, ready: Callable[[], bool], preloaded: Preloaded) -> list[str]:
    """Start the pipeline and SIGKILL it, all its processes, as soon as `ready`.

    Returns:
        The stages that were begun, in order.
    """
    running = command(root, "dvc", "repro", preloaded=preloaded)
    try:
        while not ready():  # as long as the test has: the machine may have other work
            assert running.poll() is None, "the pipeline ended before it could be killed"
            time.sleep(0.01)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        said = running.communicate()[0]
    return STAGE.findall(said)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_killed_anywhere_and_trained_otherwise_first_it_ends_with_the_same_release(
    root: Path, preloaded: Preloaded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing is left of what another learning rate gave, whole or in part."""
    first_run = (root / "first-run").read_text()
    root = project(tmp_path_factory.mktemp("killed"))
    data = root / "data"
    rate = yaml.safe_load((root / "params.yaml").read_text())["train"]["learning_rate"]
    change(root, train={"learning_rate": rate / 2})

    killed_when(root, lambda: any(data.glob("cohort/*partial*")), preloaded)
    killed_when(root, lambda: any(data.glob("samples/*/*")), preloaded)
    trained = (data / "training/final/run.json").read_bytes()
    begun = set(data.glob("samples/*"))
    change(root, train={"learning_rate": rate})

    def trains_anew() -> bool:
        again = data / "training/final/checkpoint-2"
        run = data / "training/final/run.json"
        return again.exists() and run.exists() and run.read_bytes() != trained

    ran = killed_when(root, trains_anew, preloaded)
    ran += killed_when(root, lambda: any(set(data.glob("samples/*")) - begun), preloaded)
    ran += killed_when(root, lambda: any(data.glob(".release.*.partial/*")), preloaded)
    assert not (data / "release").exists()
    ran += repro(root, preloaded)
    assert checksums(root) == first_run
    assert {"train_tuning", "train", "curves", "fidelity", "checkpoints"} <= set(ran)
    assert {"sample@4-initial", "sample@4-large", "orient", "package"} <= set(ran)
    assert not {"ingest", "split"} & set(ran)
