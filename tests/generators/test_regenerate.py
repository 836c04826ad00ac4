from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import CheckpointError, CxrReleaseError
from cxr_release.film_id import BATCHES, FilmId, source_name
from cxr_release.films import png
from cxr_release.generators.diffusion.denoising import open_denoiser
from cxr_release.generators.regenerate import film_ids, regenerate
from cxr_release.generators.sampling import sample_job
from cxr_release.params.sampling import SampleParams
from cxr_release.params.training import ComputeParams
from cxr_release.schemas import SAMPLES
from cxr_release.tables import iterate


@given(st.integers(1, 10**6), st.sampled_from(BATCHES), st.integers(0, 10**6))
def test_a_name_says_what_a_film_is(checkpoint: int, batch: str, index: int) -> None:
    (found,) = film_ids([str(FilmId(source_name(checkpoint), batch, index))])
    assert found == FilmId(source_name(checkpoint), batch, index)
    assert found == FilmId.parse(str(found))


def test_what_is_no_name_is_refused_and_all_of_it_named() -> None:
    wrong = [
        "checkpoint-0-large-00001",
        "../etc",
        "checkpoint-3-huge-00001",
        "checkpoint-3-large-1",
    ]
    with pytest.raises(CxrReleaseError) as caught:
        film_ids([*wrong, "checkpoint-3-large-00001"])
    assert [fault.where for fault in caught.value.faults] == wrong


def test_films_are_made_again_from_their_names_alone(
    trained: Path, tmp_path: Path, sample: SampleParams, compute: ComputeParams
) -> None:
    given: dict[str, Any] = {"root_seed": 2026, "settings": sample, "compute": compute}
    sample_job(
        trained / "checkpoint-3",
        tmp_path / "job",
        source="checkpoint-3",
        opener=open_denoiser,
        batch="initial",
        fingerprint="f" * 64,
        **given,
    )
    shards = sorted((tmp_path / "job").glob("shard-*.parquet"))
    rows = {row["id"]: row for shard in shards for row in iterate(shard, SAMPLES)}
    names = [
        str(FilmId("checkpoint-3", "initial", 17)),
        str(FilmId("checkpoint-2", "large", 5)),
        str(FilmId("checkpoint-3", "initial", 2)),
    ]
    made = regenerate(
        film_ids([*names, names[0]]),
        tmp_path / "again",
        drawn_from=lambda source: trained / source,
        job_folder=lambda source, batch: tmp_path / ("job" if source == "checkpoint-3" else "none"),
        **given,
    )
    assert [film["id"] for film in made] == sorted(names)
    assert [film["difference"] for film in made] == [None, 0, 0]
    for film in made[1:]:
        row = rows[film["id"]]
        assert Path(film["file"]).read_bytes() == row["image"]["bytes"]
        assert (film["seed"], film["sha256"]) == (row["seed"], row["sha256"])
    assert png.is_labelled(Path(made[0]["file"]).read_bytes())
    assert len(list((tmp_path / "again").iterdir())) == 3


def test_a_checkpoint_that_is_not_there_is_named(
    tmp_path: Path, sample: SampleParams, compute: ComputeParams
) -> None:
    with pytest.raises(CheckpointError, match="checkpoint-9"):
        regenerate(
            film_ids(["checkpoint-9-large-00001"]),
            tmp_path,
            drawn_from=lambda source: tmp_path / source,
            job_folder=lambda source, batch: tmp_path / "none",
            root_seed=1,
            settings=sample,
            compute=compute,
        )
