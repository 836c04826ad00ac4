from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DDPMPipeline
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from cxr_release.errors import CheckpointError
from cxr_release.film_size import Size
from cxr_release.generators import checkpoints
from cxr_release.generators.checkpoints import RECORD, WEIGHTS
from cxr_release.generators.diffusion import network as unets
from cxr_release.params.training import NetworkParams


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A checkpoint to damage."""
    return Path(shutil.copytree(trained / "checkpoint-2", tmp_path / "checkpoint-2"))


def test_diffusers_opens_a_checkpoint(trained: Path) -> None:
    folder = trained / "checkpoint-3"
    ours = checkpoints.load(folder)
    theirs = DDPMPipeline.from_pretrained(folder)
    assert theirs.scheduler.config.prediction_type == "v_prediction"
    for name, weight in theirs.unet.state_dict().items():
        assert torch.equal(weight, ours.unet.state_dict()[name])
    assert ours.record.checkpoint == 3
    assert ours.record.checkpoint_step == 12
    assert ours.record.size == (16, 16)


@pytest.mark.parametrize("schedule", ["cosine", "sigmoid"])
def test_the_pipeline_of_diffusers_draws_films_from_a_checkpoint_as_it_is(
    tmp_path: Path, network: NetworkParams, schedule: Any
) -> None:
    unfolded = replace(network, pixel_unshuffle=1, attention=1, schedule=schedule)
    record = checkpoints.Record(
        checkpoint=1,
        checkpoint_step=9,
        size=Size(16, 16),
        network=unfolded,
        training={},
        fingerprint="",
    )
    checkpoints.save(tmp_path / "checkpoint-1", unets.build(unfolded, 16), record)
    assert checkpoints.load(tmp_path / "checkpoint-1").record == record
    pipeline = DDPMPipeline.from_pretrained(tmp_path / "checkpoint-1")
    pipeline.set_progress_bar_config(disable=True)
    films = pipeline(batch_size=2, num_inference_steps=4, output_type="np").images
    assert films.shape == (2, 16, 16, 1)
    assert torch.allclose(
        pipeline.scheduler.alphas_cumprod, unets.noise_schedule(unfolded).alphas_cumprod
    )


def test_checkpoints_are_listed_in_numerical_order(tmp_path: Path) -> None:
    for name in ("checkpoint-10", "checkpoint-9", "checkpoint-09", "checkpoint-3.partial"):
        (tmp_path / name).mkdir()
    assert list(checkpoints.list_checkpoints(tmp_path)) == [9, 10]
    with pytest.raises(CheckpointError, match="no checkpoint"):
        checkpoints.list_checkpoints(tmp_path / "nowhere")


class Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("name", ["diffusion_pytorch_model.bin", WEIGHTS.name])
def test_pickles_are_never_opened(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / WEIGHTS).unlink()
    (folder / "unet" / name).write_bytes(pickle.dumps(Bomb(tmp_path / "owned")))
    with pytest.raises(CheckpointError, match=r"pickle|safetensors") as caught:
        checkpoints.load(folder)
    assert str(folder / WEIGHTS) in str(caught.value)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("kept", [0, 4, 100, 5000])
def test_truncated_weights_are_named(folder: Path, kept: int) -> None:
    path = folder / WEIGHTS
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match="not a whole safetensors file") as caught:
        checkpoints.load(folder)
    assert caught.value.where == str(path)


def test_another_network_s_weights_are_refused_with_every_fault(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    weights["conv_in.bias"] = weights["conv_in.bias"][:-1]
    weights["conv_out.bias"] = weights["conv_out.bias"].half()
    weights["extra"] = weights.pop("conv_norm_out.bias")
    save_file(weights, folder / WEIGHTS)
    with pytest.raises(CheckpointError) as caught:
        checkpoints.load(folder)
    faulty = {fault.where for fault in caught.value.faults}
    assert faulty == {"conv_in.bias", "conv_out.bias", "extra", "conv_norm_out.bias"}


def test_weights_that_are_no_numbers_are_refused(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    weights["conv_in.bias"][0] = float("nan")
    save_file(weights, folder / WEIGHTS)
    with pytest.raises(CheckpointError, match="not finite numbers"):
        checkpoints.load(folder)


@given(
    key=st.sampled_from(["size", "network", "channels", "layers", "pixel_unshuffle"]),
    value=st.one_of(
        st.none(),
        st.sampled_from([0, -1, True, 10**9, 2**70, 1e300, "8", [], [7, 9], [[8]], [8] * 99, {}]),
    ),
)
def test_a_hostile_record_is_refused_before_any_memory_is_taken(
    trained: Path, tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    record = json.loads((trained / "checkpoint-1" / RECORD).read_text())
    (record["network"] if key in record["network"] else record)[key] = value
    (folder / RECORD).write_text(json.dumps(record))
    with pytest.raises(CheckpointError) as caught:
        checkpoints.load(folder)
    assert RECORD in caught.value.where


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("attention", value) for value in (-1, True, 3, 10**9, "1", None, [1])),
        *(("schedule", value) for value in ("linear", "", 3, None, ["cosine"])),
    ],
)
def test_a_network_that_cannot_be_is_refused(folder: Path, key: str, value: object) -> None:
    record = json.loads((folder / RECORD).read_text())
    record["network"][key] = value
    (folder / RECORD).write_text(json.dumps(record))
    with pytest.raises(CheckpointError) as caught:
        checkpoints.load(folder)
    assert RECORD in caught.value.where


def test_a_network_of_another_shape_finds_its_weights_missing(folder: Path) -> None:
    record = json.loads((folder / RECORD).read_text())
    record["network"]["attention"] = 1
    (folder / RECORD).write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match="not those of the network") as caught:
        checkpoints.load(folder)
    assert {fault.what for fault in caught.value.faults} == {"missing tensor"}


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\udcff", '{"network": 3}'])
def test_a_broken_record_is_refused(folder: Path, text: str) -> None:
    (folder / RECORD).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CheckpointError, match="record"):
        checkpoints.load(folder)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="train first"):
        checkpoints.load(tmp_path / "checkpoint-9")
