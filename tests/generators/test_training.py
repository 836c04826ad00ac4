from __future__ import annotations

import hashlib
import json
import resource
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from cxr_release import __version__
from cxr_release.errors import ParamsError, TrainingError
from cxr_release.files import tree_sha256
from cxr_release.generators.checkpoints import WEIGHTS
from cxr_release.generators.diffusion import learner, training
from cxr_release.generators.diffusion.learner import Learner
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.runtime.learner import learning_rate
from cxr_release.generators.runtime.training_run import LOG, STATE


def statistics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_a_finished_run_holds_checkpoints_and_statistics_alone(trained: Path) -> None:
    names = sorted(path.name for path in trained.iterdir())
    assert names == ["checkpoint-1", "checkpoint-2", "checkpoint-3", "run.json", "stats.jsonl"]
    assert [line["step"] for line in statistics(trained)] == [4, 8, 10, 12]


def test_a_finished_run_is_left_alone(
    trained: Path, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "Learner", None)
    train(folder=trained, **arguments)


def test_the_loss_falls(tmp_path: Path, arguments: dict[str, Any]) -> None:
    settings = replace(arguments["settings"], checkpoint_every=60, batch_size=8)
    train(folder=tmp_path / "run", **{**arguments, "settings": settings, "steps": 60})
    lines = statistics(tmp_path / "run")
    assert lines[-1]["loss"] < 0.8 * lines[0]["loss"]


@pytest.mark.parametrize(
    ("times", "steps"), [(1, 30), pytest.param(10, 120, marks=pytest.mark.long)]
)
def test_killed_anywhere_it_ends_with_the_same_bytes(
    tmp_path: Path, arguments: dict[str, Any], assert_survives_kills: Any, times: int, steps: int
) -> None:
    settings = replace(arguments["settings"], checkpoint_every=5)
    given = {**arguments, "settings": settings, "steps": steps}
    assert_survives_kills(train, given, tmp_path, times)


@pytest.mark.parametrize("stop", [4, 5, 11])
def test_resumed_after_an_error_it_ends_with_the_same_bytes(
    tmp_path: Path,
    trained: Path,
    arguments: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    stop: int,
) -> None:
    folder = tmp_path / "run"
    whole = Learner.step

    def step(self: Learner, step: int) -> Any:
        if step == stop:
            raise KeyboardInterrupt
        return whole(self, step)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Learner, "step", step)
        train(folder=folder, **arguments)
    with (folder / LOG).open("a") as stream:
        stream.write('{"step": 9')
    resumed = []
    monkeypatch.setattr(Learner, "step", lambda self, at: (resumed.append(at), whole(self, at))[1])
    train(folder=folder, **arguments)
    assert resumed == list(range(stop - stop % 4, 12))
    assert tree_sha256(folder) == tree_sha256(trained)


def test_a_shorter_run_makes_the_same_checkpoints_up_to_there(
    tmp_path: Path, trained: Path, arguments: dict[str, Any]
) -> None:
    train(folder=tmp_path / "run", **{**arguments, "steps": 9})
    assert not (tmp_path / "run" / "checkpoint-3").exists()
    for name in ("checkpoint-1", "checkpoint-2"):
        assert tree_sha256(tmp_path / "run" / name) == tree_sha256(trained / name)


def test_other_inputs_start_anew(tmp_path: Path, arguments: dict[str, Any], trained: Path) -> None:
    folder = tmp_path / "run"
    train(folder=folder, **{**arguments, "fingerprint": "b" * 64, "seed": 8})
    seeds_apart = load_file(folder / "checkpoint-1" / WEIGHTS)["conv_in.weight"]
    train(folder=folder, **arguments)
    assert tree_sha256(folder) == tree_sha256(trained)
    ours = load_file(folder / "checkpoint-1" / WEIGHTS)["conv_in.weight"]
    assert not np.allclose(seeds_apart, ours)


@pytest.fixture
def stopped(tmp_path: Path, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was stopped in step 7, with checkpoint 1 made."""
    whole = Learner.step

    def step(self: Learner, step: int) -> Any:
        if step == 6:
            raise KeyboardInterrupt
        return whole(self, step)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Learner, "step", step)
        train(folder=tmp_path / "run", **arguments)
    return tmp_path / "run"


@pytest.mark.parametrize("fingerprint", ["a" * 64, "b" * 64])
def test_an_unfinished_run_on_another_cohort_stops_and_loses_nothing(
    stopped: Path, arguments: dict[str, Any], fingerprint: str
) -> None:
    before = tree_sha256(stopped)
    changed = arguments["films"].copy()
    changed[0, 0, 0] ^= 1
    with pytest.raises(TrainingError, match=r"cohort has changed.*step 4.*restore the cohort"):
        train(folder=stopped, **{**arguments, "films": changed, "fingerprint": fingerprint})
    assert tree_sha256(stopped) == before


def test_an_unfinished_run_of_other_settings_is_set_aside(
    stopped: Path, arguments: dict[str, Any], trained: Path
) -> None:
    train(folder=stopped, **{**arguments, "seed": 8, "fingerprint": "b" * 64})
    (aside,) = stopped.parent.glob("run.superseded-*")
    assert tree_sha256(aside / "checkpoint-1") == tree_sha256(trained / "checkpoint-1")


def test_a_checkpoint_says_what_it_comes_from(trained: Path, arguments: dict[str, Any]) -> None:
    record = json.loads((trained / "checkpoint-2" / "checkpoint.json").read_text())
    said = record["training"]
    assert (record["checkpoint"], record["checkpoint_step"]) == (2, 8)
    assert said["cohort_sha256"] == hashlib.sha256(arguments["films"].tobytes()).hexdigest()
    assert said["learning_rate"] == arguments["settings"].learning_rate
    assert said["versions"]["cxr-release"] == __version__
    assert said["precision"] == "fp32"


def test_the_average_may_be_taken_every_few_steps_and_resumed(
    tmp_path: Path, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(arguments["settings"], ema_every=3, checkpoint_every=4)
    rarely = {**arguments, "settings": settings}
    train(folder=tmp_path / "whole", **rarely)
    whole = Learner.step
    for stop in (5, 9):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Learner, "step", lambda self, at, s=stop: _stop(whole, self, at, s))
            train(folder=tmp_path / "run", **rarely)
    train(folder=tmp_path / "run", **rarely)
    assert tree_sha256(tmp_path / "run") == tree_sha256(tmp_path / "whole")
    often = load_file(tmp_path / "run" / "checkpoint-1" / WEIGHTS)["conv_in.weight"]
    train(folder=tmp_path / "often", **arguments)
    other = load_file(tmp_path / "often" / "checkpoint-1" / WEIGHTS)["conv_in.weight"]
    assert (often != other).any()


def _stop(whole: Any, learner: Learner, at: int, stop: int) -> Any:
    if at == stop:
        raise KeyboardInterrupt
    return whole(learner, at)


def test_bf16_learns_too(tmp_path: Path, arguments: dict[str, Any]) -> None:
    if not torch.cpu._is_avx512_bf16_supported():
        pytest.skip("this CPU has no bf16")
    lower = replace(arguments["compute"], precision="bf16")
    settings = replace(arguments["settings"], checkpoint_every=60, batch_size=8)
    train(
        folder=tmp_path / "run",
        **{**arguments, "settings": settings, "steps": 60, "compute": lower},
    )
    lines = statistics(tmp_path / "run")
    assert lines[-1]["loss"] < 0.8 * lines[0]["loss"]
    record = json.loads((tmp_path / "run" / "checkpoint-1" / "checkpoint.json").read_text())
    assert record["training"]["precision"] == "bf16"


def test_bf16_is_refused_where_it_would_be_imitated(
    tmp_path: Path, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxr_release.generators.runtime.compute._cpu_has_bf16", lambda: False)
    lower = replace(arguments["compute"], precision="bf16")
    with pytest.raises(ParamsError, match="bf16"):
        train(folder=tmp_path / "run", **{**arguments, "compute": lower})


def test_checkpoints_hold_the_average_of_the_weights(
    tmp_path: Path, arguments: dict[str, Any], trained: Path
) -> None:
    settings = replace(arguments["settings"], ema=0.0)
    train(folder=tmp_path / "run", **{**arguments, "settings": settings})
    last = load_file(tmp_path / "run" / "checkpoint-3" / WEIGHTS)["conv_in.weight"]
    average = load_file(trained / "checkpoint-3" / WEIGHTS)["conv_in.weight"]
    assert 0 < (last - average).abs().max() < 0.1


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_checkpoint(
    tmp_path: Path, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch, trained: Path
) -> None:
    losses = learner.v_losses
    calls = iter(range(100))
    monkeypatch.setattr(
        learner, "v_losses", lambda *given: losses(*given) * (np.nan if next(calls) == 9 else 1)
    )
    with pytest.raises(TrainingError, match=r"step 10: loss nan.*learning_rate"):
        train(folder=tmp_path / "run", **arguments)
    kept = tmp_path / "run" / "checkpoint-2"
    assert tree_sha256(kept) == tree_sha256(trained / "checkpoint-2")
    assert (tmp_path / "run" / STATE).exists()


def train_on_a_small_disk(answer: Any, **arguments: Any) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
    try:
        train(**arguments)
    except TrainingError as error:
        answer.put(str(error))


def test_a_full_disk_is_named(tmp_path: Path, arguments: dict[str, Any], processes: Any) -> None:
    answer = processes.SimpleQueue()
    process = processes.Process(
        target=train_on_a_small_disk,
        args=(answer,),
        kwargs={**arguments, "folder": tmp_path / "run"},
    )
    process.start()
    process.join()
    assert "cannot write" in answer.get()
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names <= {"run.json", LOG, STATE, "checkpoint-1"}


def test_a_damaged_state_is_named(tmp_path: Path, arguments: dict[str, Any]) -> None:
    folder = tmp_path / "run"
    with pytest.raises(TrainingError):
        train(folder=folder, **{**arguments, "films": arguments["films"][:, :, :9]})
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps({"fingerprint": "a" * 64, "finished": False}))
    (folder / STATE).write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    with pytest.raises(TrainingError, match="damaged") as caught:
        train(folder=folder, **arguments)
    assert caught.value.where.endswith(STATE)


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 3},
        {"films": np.zeros((0, 16, 16), np.uint8)},
        {"films": np.zeros((4, 16, 18), np.uint8)},
        {"films": np.zeros((4, 18, 16), np.uint8)},
        {"films": np.zeros((4, 18, 18), np.uint8)},
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    tmp_path: Path, arguments: dict[str, Any], change: dict[str, Any]
) -> None:
    with pytest.raises(TrainingError):
        train(folder=tmp_path / "run", **{**arguments, **change})
    assert not (tmp_path / "run").exists()


def test_the_learning_rate_may_stay_constant(arguments: dict[str, Any]) -> None:
    settings = replace(arguments["settings"], decay="constant")
    rates = [learning_rate(step, settings, 12) for step in range(1, 13)]
    assert set(rates) == {settings.learning_rate}


def test_the_learning_rate_rises_and_falls(arguments: dict[str, Any]) -> None:
    settings = arguments["settings"]
    rates = [learning_rate(step, settings, 12) for step in range(13)]
    assert rates[0] == settings.learning_rate / 2
    assert rates[1] == rates[2] == settings.learning_rate
    assert all(after < before for before, after in pairwise(rates[2:]))
    assert rates[-1] == pytest.approx(0, abs=1e-12)
