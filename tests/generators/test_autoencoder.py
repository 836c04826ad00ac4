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
from cxr_release.files import tree_sha256
from cxr_release.film_id import FilmId
from cxr_release.film_size import Size
from cxr_release.generators.autoencoder.checkpoint import RECORD, WEIGHTS, load
from cxr_release.generators.autoencoder.drawing import fixed_losses, open_autoencoder
from cxr_release.generators.autoencoder.learner import AutoencoderLearner
from cxr_release.generators.autoencoder.network import build, negative_bound
from cxr_release.generators.autoencoder.training import train
from cxr_release.generators.diffusion.denoising import open_denoiser
from cxr_release.generators.regenerate import film_ids, regenerate
from cxr_release.generators.runtime.compute import computing
from cxr_release.generators.sampling import sample_job
from cxr_release.params.autoencoders import AutoencoderParams
from cxr_release.params.sampling import SampleParams
from cxr_release.params.training import ComputeParams
from cxr_release.schemas import SAMPLES
from cxr_release.tables import iterate

SETTINGS = AutoencoderParams(
    steps=12, batch_size=3, learning_rate=3e-3, channels=(8, 16), pixel_unshuffle=1, latents=5
)
SEEDS = list(range(100, 119))
Drawn = Callable[..., NDArray[np.uint8]]


@pytest.fixture(scope="session")
def given(autoencoder_arguments: dict[str, Any]) -> dict[str, Any]:
    """What `train` takes beside the folder."""
    return {"settings": SETTINGS, **autoencoder_arguments}


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, given: dict[str, Any]) -> Path:
    """A finished, uninterrupted run. Read it, do not write into it."""
    folder = tmp_path_factory.mktemp("autoencoder") / "run"
    train(folder=folder, **given)
    return folder


@pytest.fixture
def drawn(run: Path, drawing: Callable[[str, Path], Drawn]) -> Drawn:
    return drawing("autoencoder", run / "checkpoint-3")


def test_a_finished_run_holds_checkpoints_and_statistics_alone(run: Path) -> None:
    names = sorted(path.name for path in run.iterdir())
    assert names == ["checkpoint-1", "checkpoint-2", "checkpoint-3", "run.json", "stats.jsonl"]
    record = json.loads((run / "checkpoint-2" / RECORD).read_text())
    assert (record["checkpoint"], record["checkpoint_step"]) == (2, 8)
    assert record["training"]["films"] == 8


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.long)])
def test_killed_anywhere_it_ends_with_the_same_bytes(
    tmp_path: Path, given: dict[str, Any], assert_survives_kills: Any, times: int
) -> None:
    settings = replace(SETTINGS, steps=30 if times == 1 else 120)
    assert_survives_kills(train, {**given, "settings": settings}, tmp_path, times)


@pytest.mark.parametrize("stop", [3, 5])
def test_resumed_after_an_error_it_ends_with_the_same_bytes(
    tmp_path: Path, run: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    whole = AutoencoderLearner.step

    def step(self: AutoencoderLearner, at: int) -> Any:
        if at == stop:
            raise KeyboardInterrupt
        return whole(self, at)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(AutoencoderLearner, "step", step)
        train(folder=tmp_path / "run", **given)
    train(folder=tmp_path / "run", **given)
    assert tree_sha256(tmp_path / "run") == tree_sha256(run)


def test_the_number_of_cores_changes_no_byte(
    tmp_path: Path, run: Path, given: dict[str, Any]
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3 if before != 3 else 2)
    try:
        train(folder=tmp_path / "run", **given)
    finally:
        torch.set_num_threads(before)
    assert tree_sha256(tmp_path / "run") == tree_sha256(run)


def test_films_and_losses_come_to_resemble_the_films(
    tmp_path: Path, given: dict[str, Any], sample: SampleParams
) -> None:
    settings = replace(SETTINGS, steps=100, batch_size=8)
    others = replace(given["others"], checkpoint_every=50)
    train(folder=tmp_path / "run", **{**given, "settings": settings, "others": others})
    real = given["films"]
    losses = {}
    with computing(given["compute"]) as context:
        for number in (1, 2):
            folder = tmp_path / "run" / f"checkpoint-{number}"
            films = open_autoencoder(folder, sample, context).films(SEEDS)
            losses[number] = fixed_losses(folder, real, compute=given["compute"])
    assert losses[2] < losses[1]
    assert abs(films.mean() - real.mean()) < 20
    assert films[:, :, 3:6].mean() > 1.5 * films[:, :, 10:].mean()


def test_a_film_is_a_function_of_its_seed_whatever_is_drawn_beside_it(
    drawn: Drawn, assert_of_their_seeds: Callable[[Drawn, list[int]], None]
) -> None:
    assert_of_their_seeds(drawn, SEEDS)
    assert (drawn([5, 5 + 2**32])[0] != drawn([5 + 2**32])[0]).any()


def test_films_are_drawn_again_from_their_names(
    run: Path, tmp_path: Path, sample: SampleParams, compute: ComputeParams
) -> None:
    given: dict[str, Any] = {"root_seed": 2026, "settings": sample, "compute": compute}
    job = sample_job(
        run / "checkpoint-3",
        tmp_path / "job",
        source="autoencoder",
        opener=open_autoencoder,
        batch="initial",
        fingerprint="f" * 64,
        **given,
    )
    assert job == {
        "checkpoint": None,
        "source": "autoencoder",
        "batch": "initial",
        "checkpoint_step": 12,
        "requested": 20,
        "made": 20,
    }
    (shard,) = (tmp_path / "job").glob("shard-*.parquet")
    rows = {row["id"]: row for row in iterate(shard, SAMPLES)}
    assert {row["checkpoint"] for row in rows.values()} == {None}
    assert {row["checkpoint_step"] for row in rows.values()} == {12}
    name = str(FilmId("autoencoder", "initial", 17))
    (made,) = regenerate(
        film_ids([name]),
        tmp_path / "again",
        drawn_from=lambda source: run / "checkpoint-3",
        job_folder=lambda source, batch: tmp_path / "job",
        **given,
    )
    assert made["difference"] == 0
    assert made["seed"] == rows[name]["seed"]
    data = Path(made["file"]).read_bytes()
    assert data == rows[name]["image"]["bytes"]
    assert b"trained variational autoencoder" in data


def test_a_checkpoint_of_another_generator_is_refused(
    run: Path, trained: Path, tmp_path: Path, sample: SampleParams, compute: ComputeParams
) -> None:
    with computing(compute) as context:
        with pytest.raises(CheckpointError, match="not a checkpoint's record"):
            open_denoiser(run / "checkpoint-3", sample, context)
        with pytest.raises(CheckpointError, match="not a record of an autoencoder"):
            open_autoencoder(trained / "checkpoint-3", sample, context)


def _record(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        record = json.loads((folder / RECORD).read_text())
        (folder / RECORD).write_text(json.dumps(record | changes))

    return change


def _tensor(name: str, value: torch.Tensor) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        save_file(load_file(folder / WEIGHTS) | {name: value}, folder / WEIGHTS)

    return change


def _pickled(folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / "autoencoder.pt")
    (folder / WEIGHTS).unlink()


def _cut(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-8])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_pickled, "only pickled weights"),
        (_cut, "not a whole safetensors file"),
        (_tensor("mean", torch.full((5,), torch.nan)), "not those of the network"),
        (_tensor("mean", torch.zeros(6)), "not those of the network"),
        (_tensor("factor", torch.eye(5).double()), "not those of the network"),
        (_tensor("more", torch.zeros(1)), "not those of the network"),
        (_record(size=18), "not a record of an autoencoder"),
        (_record(size=[24, 2**30]), "not a record of an autoencoder"),
        (_record(generator="gan"), "not a record of an autoencoder"),
        (_record(network={"latents": 5}), "not a record of an autoencoder"),
        (_record(network=None), "not a record of an autoencoder"),
        (_record(fingerprint="../x"), "not a record of an autoencoder"),
        (lambda folder: (folder / RECORD).unlink(), "no readable checkpoint"),
        (lambda folder: (folder / RECORD).write_text("[]"), "not a record of an autoencoder"),
        (lambda folder: (folder / RECORD).write_text("{"), "not a record of an autoencoder"),
    ],
)
def test_a_folder_of_somebody_else_s_is_refused(
    run: Path, tmp_path: Path, change: Callable[[Path], None], expected: str
) -> None:
    folder = tmp_path / "checkpoint-3"
    shutil.copytree(run / "checkpoint-3", folder)
    change(folder)
    with pytest.raises(CheckpointError, match=expected):
        load(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"settings": replace(SETTINGS, steps=3)},
        {"films": np.zeros((0, 16, 16), np.uint8)},
        {"films": np.zeros((4, 16, 17), np.uint8)},
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    tmp_path: Path, given: dict[str, Any], change: dict[str, Any]
) -> None:
    with pytest.raises(TrainingError):
        train(folder=tmp_path / "run", **{**given, **change})
    assert not (tmp_path / "run").exists()


def test_films_that_are_not_square_keep_their_shape(given: dict[str, Any]) -> None:
    size = Size(width=24, height=16)
    network = build(SETTINGS.network, size)
    mean, log_variance = network.encode(torch.zeros(2, 1, *size.shape))
    assert mean.shape == log_variance.shape == (2, 5)
    assert network.decode(mean).shape == (2, 1, 16, 24)


def test_the_fitted_distribution_is_that_of_the_latents() -> None:
    """Against NumPy's covariance, and against what is drawn."""
    chance = np.random.default_rng(0)
    means = chance.normal(size=(200, 5)) @ chance.normal(size=(5, 5))
    variances = chance.uniform(0.1, 2, size=(200, 5))
    network = build(SETTINGS.network, Size(16, 16))
    network.fit(torch.from_numpy(means), torch.from_numpy(variances))
    expected = np.cov(means.T, bias=True) + np.diag(variances.mean(axis=0))
    factor = network.factor.numpy()
    assert factor @ factor.T == pytest.approx(expected, rel=1e-4, abs=1e-4)
    noise = torch.from_numpy(chance.standard_normal((50_000, 5), dtype=np.float32))
    drawn = network.latents(noise).numpy()
    assert np.cov(drawn.T) == pytest.approx(expected, rel=0.05, abs=0.1)
    assert drawn.mean(axis=0) == pytest.approx(means.mean(axis=0), abs=0.1)


def test_the_bound_is_that_of_the_best_variance() -> None:
    """The normal log density at the variance that makes it largest, by search, and the divergence
    by torch's distributions.
    """
    torch.manual_seed(0)
    films, drawn = torch.rand(3, 1, 16, 16), torch.rand(3, 1, 16, 16)
    mean, log_variance = torch.randn(3, 5), torch.randn(3, 5)
    deviations = torch.logspace(-2, 1, 4001).view(-1, 1, 1, 1, 1)
    densities = torch.distributions.Normal(drawn, deviations).log_prob(films)
    best = densities.mean(dim=(2, 3, 4)).amax(dim=0)
    divergence = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, (log_variance / 2).exp()),
        torch.distributions.Normal(0.0, 1.0),
    ).sum(dim=1)
    constant = 0.5 * (np.log(2 * np.pi) + 1)
    expected = divergence / 256 - best - constant
    assert negative_bound(films, drawn, mean, log_variance).numpy() == pytest.approx(
        expected.numpy(), abs=1e-3
    )
