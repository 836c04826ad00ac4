"""Every stage, with each of its inputs broken in every way: a named fault, never a traceback."""

from __future__ import annotations

import importlib
import os
import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.errors import CxrReleaseError
from cxr_release.fidelity import measure
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.radiographs import facing, orient
from cxr_release.screening import prescreen
from tests.support import ROOT
from tests.support.hangs import no_hang
from tests.support.quick_fits import quick_fits
from tests.support.small_project import jobs_of_stage, small_project

Breaking = Callable[[], object]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
SMALL = {
    "ingest": {"phantoms": 24, "size": 16},
    "network": {"channels": [8, 16], "pixel_unshuffle": 1},
    "train": {"steps": 4, "checkpoint_every": 2, "batch_size": 2, "warmup": 0},
    "autoencoder": {"steps": 2, "batch_size": 2, "channels": [8, 16], "latents": 4},
    "train_tuning": {"steps": 2},
    "curves": {"films": 2, "levels": 1},
    "fidelity": {"every": 1, "images": 8, "bootstrap": 20},
    "sample": {
        **{"checkpoints": [1, 2], "generators": ["autoencoder"]},
        **{"initial": 2, "large": 3, "steps": 2, "batch_size": 8},
    },
    "audit": {"top": 3, "plants": 0},
    "study": {"quartets": 1, "bootstrap": 100},
    "score": {"checkpoints": [1]},
    "model": {"release": True, "checkpoint": 1},
}
UNREAD = [
    *("model_index.json", "scheduler_config.json", "unet/config.json", "run.json", "stats.jsonl"),
    *("*.md", "*.j2", "*.csv", "doubtful.png", "points/*"),
]
"""What lies in a folder that a stage depends on, and is not for it, or is edited by hand."""
SOUND = {
    ("copies.json", "{} for JSON"),
    ("with-text.json", "[] for JSON"),
    ("prescreen.jsonl", "empty"),
    ("prescreen.jsonl", "truncated"),
    ("reasons.yaml", "truncated"),
    ("findings.yaml", "truncated"),
    ("findings.yaml", "missing"),
    ("anatomy.yaml", "truncated"),
    ("anatomy.yaml", "missing"),
}
"""What is a right input, too: no copy, no text, nothing excluded, fewer reasons, no findings,
nothing stated of the films."""
REMEDIES = ("dvc repro", "delete it", "restore it", "move it away", "again")
SLOW = {"fidelity", "orient", "package"}
"""These look at their inputs one after the other, with work between: not even in the long tier is
every file broken in every way."""
MANY = 8
"""Inputs from which on a stage has each of them broken in every way in the long tier alone."""
DOCUMENTS = ["{}", "[]", "1", '{"a": 1}', "null", "NaN", "[" * 100_000]


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """What is found matters as little as what networks draw, and how surely it is found."""
    with quick_fits(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(prescreen, "PLANTED", 2)
        patch.setattr(facing, "MIXED", 64)
        patch.setattr(orient, "CHECKED", 20)
        patch.setattr(measure, "similarities", partial(measure.similarities, most=2))
        yield


@pytest.fixture
def project(built: tuple[Paths, Params], tmp_path: Path) -> tuple[Paths, Params]:
    """A copy of the pipeline, for one stage to be run in again and again."""
    paths, params = built
    shutil.copytree(paths.root, tmp_path / "project", symlinks=True)
    return Paths(tmp_path / "project"), params


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Paths, Params]:
    """The whole pipeline, as small as it goes."""
    paths = small_project(tmp_path_factory.mktemp("project"), SMALL)
    params = load_params(paths.params)
    for stage in STAGES:
        for arguments in jobs_of_stage(stage, params):
            run(stage, paths, params, *arguments)
    # What plots show does not matter here, and to copy them takes half of the time of a release.
    for plot in paths.root.glob("data/*/*.png"):
        Image.new("RGB", (8, 8)).save(plot)
    return paths, params


def run(stage: str, paths: Paths, params: Params, *arguments: object) -> None:
    module = importlib.import_module(f"cxr_release.stages.{stage}")
    module.run(paths, params, *map(str, arguments))


def inputs(paths: Paths, stage: str) -> Iterator[Path]:
    """The files that a stage reads: one checkpoint, and one sampling job, stand for all."""
    for one in STAGES[stage]["deps"]:
        place = one.replace("${item.checkpoint}", "1").replace("${item.generator}", "autoencoder")
        path = paths.root / place
        if path.is_relative_to(paths.root / "cxr_release") or path == paths.published:
            continue
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            other = {"checkpoint-2", "checkpoint-2-initial", "checkpoint-2-large"}
            unread = any(file.match(one) for one in UNREAD)
            if file.is_file() and not unread and not other & {*file.parts, file.stem}:
                yield file


def broken(path: Path, whole: bytes) -> dict[str, Breaking]:
    """In what ways a file is broken → how; it is not there when one of these is called."""
    ways: dict[str, Breaking] = {
        "garbage": lambda: path.write_bytes(bytes(range(256)) * 20),
        "missing": lambda: None,
        "empty": path.touch,
        "truncated": lambda: path.write_bytes(whole[: len(whole) // 2]),
        "a folder": path.mkdir,
        "a pipe": lambda: os.mkfifo(path),
    }
    if path.suffix == ".parquet":
        other = schemas.SPLIT if path.stem != "split" else schemas.TOMBSTONES
        noise = random.Random(1).randbytes(len(whole) // 4)
        middle = whole[: len(whole) // 4] + noise + whole[len(whole) // 4 + len(noise) :]
        ways["another table"] = lambda: tables.write(path, other, [])
        ways["garbage in the middle"] = lambda: path.write_bytes(middle)
    for text in DOCUMENTS if path.suffix == ".json" else ():
        ways[f"{text[:9]} for JSON"] = partial(path.write_text, text)
    return ways


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def said_of(path: Path, breaking: Breaking, run: Callable[[], None]) -> str:
    """What a stage says of a broken input; empty where it says nothing."""
    whole = path.read_bytes()
    remove(path)
    breaking()
    try:
        with no_hang():
            run()
    except CxrReleaseError as error:
        return str(error)
    finally:
        remove(path)
        path.write_bytes(whole)
    return ""


def faults(path: Path, said: dict[str, str]) -> Iterator[str]:
    """What is wrong with what was said of a file that is broken in several ways."""
    for way, text in said.items():
        if not text:
            if way != "garbage in the middle" and (path.name, way) not in SOUND:
                yield f"{path}, {way}: not noticed"
        elif path.name not in text:
            yield f"{path}, {way}: not named in {text!r}"
        elif not any(remedy in text for remedy in REMEDIES):
            yield f"{path}, {way}: no remedy in {text!r}"


@pytest.mark.parametrize("stage", STAGES)
def test_a_broken_input_is_named_with_a_remedy(project: tuple[Paths, Params], stage: str) -> None:
    paths, _ = project
    files = list(inputs(paths, stage))
    some = stage in SLOW or len(files) >= MANY
    break_each(project, stage, files, step=None if some else 1)


@pytest.mark.long
@pytest.mark.parametrize("stage", STAGES)
def test_an_input_that_is_broken_in_any_way_is_named(
    project: tuple[Paths, Params], stage: str
) -> None:
    files = list(inputs(project[0], stage))
    if stage in SLOW or len(files) >= MANY:  # else the regular tier has tried all of it
        break_each(project, stage, files, step=2 if stage in SLOW else 1)


def break_each(
    project: tuple[Paths, Params], stage: str, files: list[Path], *, step: int | None
) -> None:
    """Run a stage with each file broken in every `step`th way, others than those of the last.

    None: beside garbage, each file is broken in one way, in turn.
    """
    arguments = jobs_of_stage(stage, project[1])[0]

    def again() -> None:
        run(stage, *project, *arguments)

    wrong: list[str] = []
    for place, path in enumerate(files):
        ways = broken(path, path.read_bytes())
        first = said_of(path, ways.pop("garbage"), again)
        if first:  # else it is not read: not here, with nothing decided
            apart = step or len(ways)
            said = {
                way: said_of(path, ways[way], again) for way in list(ways)[place % apart :: apart]
            }
            wrong += faults(path, {"garbage": first, **said})
    assert not wrong, "\n".join(wrong)
