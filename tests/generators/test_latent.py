"""Latent diffusion: a network that learns and draws an autoencoder's latents of films."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from cxr_release.errors import CheckpointError, TrainingError
from cxr_release.files import read_json, sha256, tree_sha256
from cxr_release.film_size import Size
from cxr_release.generators import checkpoints
from cxr_release.generators.autoencoder.checkpoint import WEIGHTS, load_first_stage
from cxr_release.generators.autoencoder.learner import AutoencoderLearner
from cxr_release.generators.autoencoder.network import DIVERGENCE_WEIGHT, build, negative_bound
from cxr_release.generators.autoencoder.training import train as train_autoencoder
from cxr_release.generators.checkpoints import RECORD, latents_of
from cxr_release.generators.conditions import ToldFilms
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.denoising import Solver, fixed_losses
from cxr_release.generators.diffusion.learner import Learner
from cxr_release.generators.diffusion.spaces import LatentSpace, PixelSpace
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.opening import draw
from cxr_release.generators.runtime.compute import computing
from cxr_release.generators.runtime.learner import BatchLearner
from cxr_release.params.autoencoders import FirstStageNetwork, LatentParams
from cxr_release.params.sampling import GuidanceParams, SampleParams
from cxr_release.params.training import ComputeParams, NetworkParams

LATENT = LatentParams(
    steps=12, batch_size=3, learning_rate=3e-3, channels=(8, 16), pixel_unshuffle=2, latents=3
)
SEEDS = list(range(100, 119))
Drawn = Callable[..., NDArray[np.uint8]]


@pytest.fixture(scope="session")
def given_first_stage(autoencoder_arguments: dict[str, Any]) -> dict[str, Any]:
    """What the training of an autoencoder takes beside the folder."""
    return {"settings": LATENT, **autoencoder_arguments}


@pytest.fixture(scope="session")
def first_stage(
    tmp_path_factory: pytest.TempPathFactory, given_first_stage: dict[str, Any]
) -> Path:
    """The checkpoint of an autoencoder of the films. Read it, do not write into it."""
    folder = tmp_path_factory.mktemp("first") / "run"
    train_autoencoder(folder=folder, **given_first_stage)
    return folder / "checkpoint-3"


@pytest.fixture(scope="session")
def given(arguments: dict[str, Any], first_stage: Path, network: NetworkParams) -> dict[str, Any]:
    """What `train` takes beside the folder."""
    return arguments | {"network": replace(network, pixel_unshuffle=1), "latent": first_stage}


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, given: dict[str, Any]) -> Path:
    """A finished, uninterrupted run. Read it, do not write into it."""
    folder = tmp_path_factory.mktemp("latent") / "run"
    train(folder=folder, **given)
    return folder


@pytest.fixture
def drawn(run: Path, drawing: Callable[[str, Path], Drawn]) -> Drawn:
    return drawing("checkpoint-3", run / "checkpoint-3")


def test_a_checkpoint_holds_the_autoencoder_that_its_films_are_drawn_through(
    run: Path, first_stage: Path
) -> None:
    names = sorted(path.name for path in run.iterdir())
    assert names == ["checkpoint-1", "checkpoint-2", "checkpoint-3", "run.json", "stats.jsonl"]
    record = read_json(run / "checkpoint-2" / RECORD)
    assert record["latent_sha256"] == sha256(first_stage / WEIGHTS)
    assert read_json(run / "checkpoint-2/latent" / RECORD) == read_json(first_stage / RECORD)
    loaded = checkpoints.load(run / "checkpoint-2")
    assert loaded.record.latent == latents_of(first_stage)
    assert loaded.record.input_shape == loaded.space.shape == (3, 4, 4)
    assert loaded.unet.config["in_channels"] == loaded.unet.config["out_channels"] == 3


def test_a_network_of_pixels_says_nothing_of_latents(trained: Path) -> None:
    assert "latent" not in (trained / "checkpoint-3" / RECORD).read_text()
    assert not (trained / "checkpoint-3/latent").exists()
    assert checkpoints.load(trained / "checkpoint-3").record.input_shape == (1, 16, 16)


@pytest.mark.long
def test_killed_anywhere_it_ends_with_the_same_bytes(
    tmp_path: Path, given: dict[str, Any], assert_survives_kills: Any
) -> None:
    settings = replace(given["settings"], checkpoint_every=5)
    assert_survives_kills(train, {**given, "settings": settings, "steps": 120}, tmp_path, 10)


@pytest.mark.long
def test_the_first_stage_killed_anywhere_ends_with_the_same_bytes(
    tmp_path: Path, given_first_stage: dict[str, Any], assert_survives_kills: Any
) -> None:
    settings = replace(LATENT, steps=120)
    given = {**given_first_stage, "settings": settings}
    assert_survives_kills(train_autoencoder, given, tmp_path, 10)


@pytest.mark.parametrize("stage", ["first stage", "network"])
def test_resumed_after_an_error_either_stage_ends_with_the_same_bytes(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """On another number of cores, too."""
    learner: type[BatchLearner]
    if stage == "network":
        work, learner, fixture = train, Learner, "given"
        finished: Path = request.getfixturevalue("run")
    else:
        work, learner, fixture = train_autoencoder, AutoencoderLearner, "given_first_stage"
        finished = request.getfixturevalue("first_stage").parent
    given = request.getfixturevalue(fixture)
    whole = learner.step

    def step(self: BatchLearner, at: int) -> Any:
        if at == 5:
            raise KeyboardInterrupt
        return whole(self, at)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(learner, "step", step)
        work(folder=tmp_path / "run", **given)
    before = torch.get_num_threads()
    torch.set_num_threads(3 if before != 3 else 2)
    try:
        work(folder=tmp_path / "run", **given)
    finally:
        torch.set_num_threads(before)
    assert tree_sha256(tmp_path / "run") == tree_sha256(finished)


def test_a_film_is_a_function_of_its_seed_whatever_is_drawn_beside_it(
    drawn: Drawn, assert_of_their_seeds: Callable[[Drawn, list[int]], None]
) -> None:
    assert_of_their_seeds(drawn, SEEDS)


def test_an_earlier_checkpoint_guides(
    run: Path, drawn: Drawn, sample: SampleParams, compute: ComputeParams
) -> None:
    settings = replace(sample, guidance=GuidanceParams(checkpoint=1, weight=1.5))
    guided = list(
        draw(
            "checkpoint-3",
            run / "checkpoint-3",
            SEEDS[:3],
            settings=settings,
            compute=compute,
            guide=run / "checkpoint-1",
        )
    )
    assert (np.stack(guided) != drawn(SEEDS[:3])).any()


@pytest.mark.long
def test_films_come_to_resemble_the_films(
    tmp_path: Path, given: dict[str, Any], sample: SampleParams
) -> None:
    """Through both stages, from chance to bright columns on the left of a dark ground."""
    shared = {name: given[name] for name in ("films", "compute", "seed", "fingerprint")}
    others = replace(given["settings"], checkpoint_every=80, batch_size=8, flip=False)
    train_autoencoder(
        folder=tmp_path / "first",
        settings=replace(LATENT, steps=80, batch_size=8),
        others=others,
        **shared,
    )
    train(
        folder=tmp_path / "run",
        **given | {"settings": others, "steps": 80, "latent": tmp_path / "first/checkpoint-1"},
    )
    films = np.stack(
        list(
            draw(
                "checkpoint-1",
                tmp_path / "run/checkpoint-1",
                SEEDS,
                settings=replace(sample, steps=10),
                compute=given["compute"],
            )
        )
    )
    real = given["films"]
    assert abs(films.mean() - real.mean()) < 25
    assert films[:, :, 3:6].mean() > 1.5 * films[:, :, 11:].mean()


def test_the_loss_of_silence_is_the_variance_of_v(
    run: Path, tmp_path: Path, given: dict[str, Any]
) -> None:
    """Latents of unit variance: v of a network that answers 0 has the variance 1 everywhere."""
    folder = Path(shutil.copytree(run / "checkpoint-1", tmp_path / "checkpoint-1"))
    weights = load_file(folder / checkpoints.WEIGHTS)
    for name in ("conv_out.weight", "conv_out.bias"):
        weights[name] = torch.zeros_like(weights[name])
    save_file(weights, folder / checkpoints.WEIGHTS)
    many = np.tile(given["films"], (5, 1, 1))
    loss = fixed_losses(folder, many, levels=4, seed=1, compute=given["compute"])
    assert loss == pytest.approx(1.0, abs=0.05)
    assert loss == fixed_losses(folder, many, levels=4, seed=1, compute=given["compute"])


def test_latents_have_unit_variance_and_are_a_function_of_the_film(
    first_stage: Path, given: dict[str, Any]
) -> None:
    films = given["films"]
    with computing(given["compute"]) as context:
        space = LatentSpace(load_first_stage(first_stage))
        taken = space.encode(films, context, mirrored=True)
        whole = taken(np.arange(8), None)
        assert whole.mean(dim=(0, 2, 3)).numpy() == pytest.approx(0, abs=1e-4)
        assert whole.std(dim=(0, 2, 3), correction=0).numpy() == pytest.approx(1, abs=1e-4)
        few = space.encode(films[[5, 2, 7]], context)(np.arange(3), None)
        assert torch.equal(few, whole[[5, 2, 7]])
        flips = np.array([True, False])
        mixed = taken(np.array([4, 4]), flips)
        other = space.encode(films[4:5, :, ::-1], context)(np.zeros(1, np.int64), None)
        assert torch.equal(mixed, torch.cat([other, whole[4:5]]))
        assert space.decode(whole, context).shape == (8, 1, 16, 16)


def test_pixels_are_mirrored_as_they_were(films: NDArray[np.uint8], compute: ComputeParams) -> None:
    with computing(compute) as context:
        taken = PixelSpace(Size(16, 16)).encode(films, context, mirrored=True)
        flips = np.array([True, False])
        expected = unets.to_unit(np.stack([films[3, :, ::-1], films[5]]))
        assert torch.equal(taken(np.array([3, 5]), flips), expected)


def test_the_divergence_of_latents_weighs_a_millionth() -> None:
    torch.manual_seed(0)
    films, drawn = torch.rand(3, 1, 16, 16), torch.rand(3, 1, 16, 16)
    mean, log_variance = torch.randn(3, 2, 4, 4), torch.randn(3, 2, 4, 4)
    zeros = torch.zeros_like(mean)
    error = negative_bound(films, drawn, zeros, zeros)
    whole = negative_bound(films, drawn, mean, log_variance)
    weighed = negative_bound(films, drawn, mean, log_variance, DIVERGENCE_WEIGHT)
    assert (weighed - error).numpy() == pytest.approx(
        DIVERGENCE_WEIGHT * (whole - error).numpy(), abs=2e-7
    )


def test_films_that_are_not_square_keep_their_shape() -> None:
    size = Size(width=24, height=16)
    network = build(LATENT.network, size)
    scaled = network.encode_scaled(torch.zeros(2, 1, *size.shape))
    assert scaled.shape == (2, 3, 4, 6)
    assert network.decode_scaled(scaled).shape == (2, 1, 16, 24)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpmsolver++", "sde-dpmsolver++"])
def test_no_sampler_clips_latents(network: NetworkParams, sampler: Any) -> None:
    """A network that knows that all latents are 3 draws 3."""
    schedule = unets.noise_schedule(network)
    kept = schedule.alphas_cumprod
    way = Solver(sampler, 10, schedule, is_bounded=False)
    torch.manual_seed(0)
    state = torch.randn(1, 1, 4, 4)
    for time in way.times:
        signal, left = kept[time].sqrt(), (1 - kept[time]).sqrt()
        noise = (state - signal * 3) / left
        state = way.step(signal * noise - left * 3, time, state, lambda: torch.randn(1, 1, 4, 4))
    assert state.numpy() == pytest.approx(3, abs=0.05)


def test_classes_and_labelled_flips_are_learnt_in_latents(
    tmp_path: Path, given: dict[str, Any], sample: SampleParams
) -> None:
    labels = ["dark", "bright"] * 4
    train(
        folder=tmp_path / "run",
        **given
        | {
            "settings": replace(given["settings"], flip="labelled"),
            "steps": 4,
            "films_told": ToldFilms(("dark", "bright"), labels, 0.1),
        },
    )
    record = checkpoints.read_record(tmp_path / "run/checkpoint-1")
    assert record.conditions.names == ("dark", "bright")
    assert record.conditions.mirrored
    films = draw(
        "checkpoint-1",
        tmp_path / "run/checkpoint-1",
        SEEDS[:2],
        settings=sample,
        compute=given["compute"],
        labels=["dark", "bright"],
    )
    assert np.stack(list(films)).shape == (2, 16, 16)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda given: {"films": given["films"][:-1]}, "other films"),
        (lambda given: {"films": np.zeros((4, 24, 24), np.uint8)}, "an autoencoder for 16 × 16"),
        (
            lambda given: {"network": replace(given["network"], channels=(8, 8, 8, 8))},
            "multiples of 32",
        ),
        (
            lambda given: {"settings": replace(given["settings"], start_sha256="0" * 64)},
            "nor from another checkpoint",
        ),
    ],
)
def test_what_does_not_go_with_an_autoencoder_is_refused_before_anything_is_written(
    tmp_path: Path,
    given: dict[str, Any],
    change: Callable[[dict[str, Any]], dict[str, Any]],
    expected: str,
) -> None:
    with pytest.raises(TrainingError) as caught:
        train(folder=tmp_path / "run", **given | change(given))
    assert expected in str(caught.value)
    assert not (tmp_path / "run").exists()


def _record(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        record = json.loads((folder / "latent" / RECORD).read_text())
        (folder / "latent" / RECORD).write_text(json.dumps(record | changes))

    return change


def _tensors(**changes: torch.Tensor) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "latent" / WEIGHTS
        save_file(load_file(path) | changes, path)

    return change


def _stated(value: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        record = json.loads((folder / RECORD).read_text())
        (folder / RECORD).write_text(json.dumps(record | {"latent_sha256": value}))

    return change


def _pickled(folder: Path) -> None:
    path = folder / "latent" / WEIGHTS
    torch.save(load_file(path), folder / "latent/autoencoder.pt")
    path.unlink()


NETWORK = {"channels": [8, 16], "layers": 1, "pixel_unshuffle": 2, "latents": 3}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_pickled, "only pickled weights"),
        (_tensors(mean=torch.full((3, 1, 1), torch.nan)), "not those of the network"),
        (_tensors(mean=torch.zeros(4, 1, 1)), "not those of the network"),
        (_tensors(deviation=torch.zeros(3, 1, 1)), "the same for all films"),
        (_tensors(deviation=torch.ones(3, 1, 1)), "is not the autoencoder whose latents"),
        (_tensors(more=torch.zeros(1)), "not those of the network"),
        (_record(generator="autoencoder"), "not a record of an autoencoder"),
        (_record(size=24), "its autoencoder is for films of 24 × 24 pixels"),
        (_record(network=NETWORK | {"latents": 65}), "not a record of an autoencoder"),
        (_record(network=NETWORK | {"latents": 4}), "not those of the network"),
        (_record(network=NETWORK | {"channels": [8] * 6}), "cannot be halved"),
        (_stated("0" * 64), "is not the autoencoder whose latents"),
        (_stated(7), "latent_sha256 is not 64 hex digits"),
        (_stated(None), "not those of the network"),
        (lambda folder: shutil.rmtree(folder / "latent"), "no readable checkpoint"),
    ],
)
def test_a_folder_of_somebody_else_s_is_refused(
    run: Path, tmp_path: Path, change: Callable[[Path], None], expected: str
) -> None:
    folder = Path(shutil.copytree(run / "checkpoint-3", tmp_path / "checkpoint-3"))
    change(folder)
    with pytest.raises(CheckpointError) as caught:
        checkpoints.load(folder)
    assert expected in str(caught.value)


def test_latents_are_smaller_by_the_factor() -> None:
    network = FirstStageNetwork(channels=(8, 16), pixel_unshuffle=2, latents=3)
    assert network.latent_shape(Size(width=24, height=16)) == (3, 4, 6)
    assert network.halvings == 4
