from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from cxr_release.errors import CheckpointError
from cxr_release.files import tree_sha256
from cxr_release.film_id import FilmId
from cxr_release.films import png
from cxr_release.generators import sampling
from cxr_release.generators.checkpoints import WEIGHTS
from cxr_release.generators.diffusion.denoising import Denoiser, open_denoiser
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.opening import draw
from cxr_release.generators.sampling import JOB, Job, film_seed, sample_job
from cxr_release.params.sampling import SampleParams, Sampler
from cxr_release.params.training import ComputeParams
from cxr_release.schemas import SAMPLES
from cxr_release.tables import iterate, read

Drawn = Callable[..., NDArray[np.uint8]]
SEEDS = [film_seed(2026, 3, "large", index) for index in range(20)]


@pytest.fixture(scope="session")
def checkpoint(trained: Path) -> Path:
    return trained / "checkpoint-3"


@pytest.fixture
def job(checkpoint: Path, sample: SampleParams, compute: ComputeParams) -> dict[str, Any]:
    """What `sample_job` takes beside the folder."""
    return {
        "checkpoint_folder": checkpoint,
        "source": "checkpoint-3",
        "opener": open_denoiser,
        "batch": "initial",
        "root_seed": 2026,
        "settings": sample,
        "compute": compute,
        "fingerprint": "f" * 64,
    }


@pytest.fixture
def drawn(sample: SampleParams, compute: ComputeParams) -> Callable[..., NDArray[np.uint8]]:
    """Films of a checkpoint folder for seeds, with changes to the settings."""

    def films(folder: Path, seeds: list[int], **changes: Any) -> NDArray[np.uint8]:
        settings = replace(sample, **{"batch_size": 20, **changes})
        films = draw(folder.name, folder, seeds, settings=settings, compute=compute)
        return np.stack(list(films))

    return films


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sampling, "SHARD", 6)
    yield


def films_of(folder: Path) -> dict[str, bytes]:
    shards = sorted(folder.glob("shard-*.parquet"))
    return {row["id"]: row["image"]["bytes"] for shard in shards for row in iterate(shard, SAMPLES)}


@pytest.mark.parametrize("batch_size", [1, 3, 8, 13])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_film_is_the_same_in_any_batch_and_on_any_number_of_cores(
    checkpoint: Path, drawn: Drawn, batch_size: int, threads: int
) -> None:
    reference = drawn(checkpoint, SEEDS)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        films = drawn(checkpoint, SEEDS[3:], batch_size=batch_size)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert (films == reference[3:]).all()


def test_films_are_grey_squares_and_differ(checkpoint: Path, drawn: Drawn) -> None:
    films = drawn(checkpoint, SEEDS)
    assert {film.shape for film in films} == {(16, 16)}
    assert {film.dtype for film in films} == {np.dtype(np.uint8)}
    assert len({film.tobytes() for film in films}) == 20


def test_seeds_that_agree_in_32_bits_make_different_films(checkpoint: Path, drawn: Drawn) -> None:
    first, second = drawn(checkpoint, [5, 5 + 2**32])
    assert (first != second).any()


@pytest.mark.parametrize("sampler", get_args(Sampler))
def test_training_is_seen_in_the_films(
    tmp_path_factory: pytest.TempPathFactory,
    arguments: dict[str, Any],
    drawn: Drawn,
    sampler: str,
) -> None:
    folder = tmp_path_factory.getbasetemp() / "longer"
    settings = replace(arguments["settings"], checkpoint_every=80, warmup=5, batch_size=8)
    train(folder=folder, **{**arguments, "settings": settings, "steps": 80})
    films = drawn(folder / "checkpoint-1", SEEDS, sampler=sampler, steps=10)
    real = arguments["films"]
    assert abs(films.mean() - real.mean()) < 20
    columns = films.mean(axis=1)
    assert np.median(columns.max(axis=1) - columns.min(axis=1)) > 80


def test_names_and_seeds_follow_from_identity() -> None:
    assert str(FilmId("checkpoint-34", "large", 12)) == "checkpoint-34-large-00012"
    assert film_seed(2026, 34, "large", 12) == film_seed(2026, 34, "large", 12)
    identities = [
        (root, number, batch, index)
        for root in (0, 1)
        for number in (1, 11)
        for batch in ("initial", "large")
        for index in (0, 1, 10)
    ]
    assert len({film_seed(*identity) for identity in identities}) == len(identities)


def test_a_job_fills_shards_and_describes_its_films(
    tmp_path: Path, job: dict[str, Any], drawn: Drawn, small_shards: None
) -> None:
    made = sample_job(folder=tmp_path / "job", **job)
    assert made == Job(checkpoint=3, checkpoint_step=12, batch="initial", requested=20, made=20)
    assert json.loads((tmp_path / "job" / JOB).read_text())["made"] == 20
    shards = sorted((tmp_path / "job").glob("shard-*.parquet"))
    assert [read(shard, SAMPLES).num_rows for shard in shards] == [6, 6, 6, 2]
    rows = [row for shard in shards for row in iterate(shard, SAMPLES)]
    films = drawn(job["checkpoint_folder"], [row["seed"] for row in rows])
    for index, (row, film) in enumerate(zip(rows, films, strict=True)):
        assert row["id"] == str(FilmId("checkpoint-3", "initial", index))
        assert row["image"]["path"] == f"{row['id']}.png"
        assert (png.decode(row["image"]["bytes"], where=row["id"]) == film).all()
        assert png.is_labelled(row["image"]["bytes"])
        assert row["pixel_sha256"] == png.pixel_sha256(film)


def test_the_batch_does_not_show_in_the_files(tmp_path: Path, job: dict[str, Any]) -> None:
    for batch_size in (4, 7, 64):
        settings = replace(job["settings"], initial=50, batch_size=batch_size)
        sample_job(folder=tmp_path / str(batch_size), **job | {"settings": settings})
    assert len({tree_sha256(folder) for folder in tmp_path.iterdir()}) == 1


def run_job(**job: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "SHARD", 6)
        sample_job(**job)


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.long)])
def test_killed_anywhere_it_ends_with_the_same_bytes(
    tmp_path: Path, job: dict[str, Any], assert_survives_kills: Any, times: int
) -> None:
    assert_survives_kills(run_job, {**job, "batch": "large"}, tmp_path, times)


def test_whole_shards_are_not_drawn_again_and_short_ones_are(
    tmp_path: Path, job: dict[str, Any], small_shards: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "job"
    sample_job(folder=folder, **job)
    whole = tree_sha256(folder)
    (folder / "run.json").write_text(json.dumps({"fingerprint": "f" * 64, "finished": False}))
    (folder / "shard-00001.parquet").unlink()
    films, drawn = Denoiser.films, []

    def counted(self: Denoiser, seeds: list[int], labels: Any) -> Any:
        drawn.extend(seeds)
        return films(self, seeds, labels)

    monkeypatch.setattr(Denoiser, "films", counted)
    sample_job(folder=folder, **job)
    assert drawn == [film_seed(2026, 3, "initial", index) for index in range(6, 12)]
    assert tree_sha256(folder) == whole
    drawn.clear()
    assert sample_job(folder=folder, **job)["made"] == 20
    assert drawn == []


def test_it_stops_when_the_time_is_over_and_says_how_many_were_made(
    tmp_path: Path, job: dict[str, Any], small_shards: None, capsys: pytest.CaptureFixture[str]
) -> None:
    sample_job(folder=tmp_path / "whole", **job)
    hurried = job | {"settings": replace(job["settings"], max_hours=1e-9)}
    made = sample_job(folder=tmp_path / "short", **hurried)
    assert (made["requested"], made["made"]) == (20, 4)
    assert "4 of 20 films" in capsys.readouterr().err
    short, whole = films_of(tmp_path / "short"), films_of(tmp_path / "whole")
    assert len(short) == 4
    assert short.items() <= whole.items()
    assert sample_job(folder=tmp_path / "short", **hurried) == made


def test_another_fingerprint_starts_anew(tmp_path: Path, job: dict[str, Any]) -> None:
    folder = tmp_path / "job"
    sample_job(folder=folder, **job)
    before = films_of(folder)
    fewer = replace(job["settings"], initial=3)
    sample_job(folder=folder, **job | {"fingerprint": "0" * 64, "root_seed": 1, "settings": fewer})
    after = films_of(folder)
    assert len(after) == 3
    assert not set(after.values()) & set(before.values())


def test_another_checkpoint_is_refused(tmp_path: Path, job: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match="is checkpoint 3, expected checkpoint 2"):
        sample_job(folder=tmp_path / "job", **job | {"source": "checkpoint-2"})


def test_a_network_that_answers_no_numbers_is_refused(
    checkpoint: Path, tmp_path: Path, drawn: Drawn
) -> None:
    folder = Path(shutil.copytree(checkpoint, tmp_path / "checkpoint-3"))
    weights = load_file(folder / WEIGHTS)
    weights["conv_out.weight"] *= 1e38
    save_file(weights, folder / WEIGHTS)
    with pytest.raises(CheckpointError, match="not finite numbers"):
        drawn(folder, SEEDS[:2])
