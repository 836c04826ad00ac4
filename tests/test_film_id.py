from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.film_id import (
    AUTOENCODER,
    BATCHES,
    FILM_PATTERN,
    FilmId,
    checkpoint_of,
    index_of,
    is_source,
    job_fields,
    job_name,
    job_of,
    job_of_row,
    name_fault,
    origin_of,
    padded,
    read_job,
    source_name,
    source_order,
    source_title,
)


@given(st.integers(1, 10**9 - 1), st.sampled_from(BATCHES), st.integers(0, 10**9 - 1))
def test_an_id_says_what_it_was_spelt_from(checkpoint: int, batch: str, index: int) -> None:
    film = FilmId(source_name(checkpoint), batch, index)
    assert FilmId.parse(str(film)) == film
    assert re.fullmatch(FILM_PATTERN, str(film))
    assert job_of(str(film)) == film.job == job_name(source_name(checkpoint), batch)
    assert read_job(film.job) == (source_name(checkpoint), batch)
    assert film.checkpoint == checkpoint
    assert checkpoint_of(source_name(checkpoint)) == checkpoint
    assert index_of(str(film)) == index


WORDS = st.lists(
    st.sampled_from(["checkpoint", "initial", "large", "film", "real", "a", "3", "gan2", "00012"]),
    min_size=1,
    max_size=4,
).map("-".join)
LETTERS = st.text(st.sampled_from("abcilz019-"), max_size=12)
INDICES = st.integers(0, 10**9 - 1)


@given(WORDS | LETTERS, st.sampled_from(BATCHES), INDICES)
def test_any_source_is_read_from_the_ids_of_its_films_alone(
    name: str, batch: str, index: int
) -> None:
    film = FilmId(name, batch, index)
    own = name == AUTOENCODER or checkpoint_of(name) is not None
    assert is_source(name) is (not name_fault(name) or own)
    if is_source(name):
        assert FilmId.parse(str(film)) == film
        assert re.fullmatch(FILM_PATTERN, str(film))
        assert read_job(film.job) == (name, batch)
        assert job_of_row({**job_fields((name, batch))}) == (name, batch)
        assert job_of_row({"id": str(film), "checkpoint": None, "batch": batch}) == (name, batch)
    else:
        assert FilmId.parse(str(film)) is None


@given(WORDS | LETTERS, WORDS | LETTERS, st.sampled_from(BATCHES), st.sampled_from(BATCHES))
def test_no_two_sources_share_an_id_a_job_or_a_name_of_either(
    name: str, other: str, batch: str, other_batch: str
) -> None:
    if is_source(name) and is_source(other) and (name, batch) != (other, other_batch):
        job, other_job = job_name(name, batch), job_name(other, other_batch)
        assert job != other_job
        assert other != job
        assert not is_source(job)


@given(WORDS | LETTERS)
def test_what_is_no_checkpoint_is_never_taken_for_it(name: str) -> None:
    if not name_fault(name):
        assert checkpoint_of(name) is None
        assert not name.startswith("checkpoint-")
        assert source_title(name) == name


def test_sources_come_by_number_and_then_by_name() -> None:
    names = ["roentgen", "checkpoint-10", "ddpm", "checkpoint-9"]
    assert sorted(names, key=source_order) == ["checkpoint-9", "checkpoint-10", "ddpm", "roentgen"]
    films = [FilmId(name, "large", 1) for name in names]
    ordered = [film.source for film in sorted(films, key=lambda film: film.order)]
    assert ordered == sorted(names, key=source_order)


def test_the_autoencoder_is_a_source_that_nobody_else_s_films_can_be() -> None:
    assert is_source(AUTOENCODER)
    assert name_fault(AUTOENCODER)
    assert FilmId.parse("autoencoder-large-00012") == FilmId(AUTOENCODER, "large", 12)
    sources = ("checkpoint-3", AUTOENCODER, "gan")
    assert [origin_of(source) for source in sources] == ["diffusion", "autoencoder", "elsewhere"]
    row = job_fields((AUTOENCODER, "large"))
    assert row == {"checkpoint": None, "source": AUTOENCODER, "batch": "large"}


def test_ids_are_spelt_as_they_were_published() -> None:
    assert str(FilmId("checkpoint-34", "large", 12)) == "checkpoint-34-large-00012"
    assert padded("checkpoint-34-large-12") == "checkpoint-34-large-00012"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "checkpoint-0-large-00001",
        "checkpoint-03-large-00001",
        "checkpoint-3-huge-00001",
        "checkpoint-3-large-1",
        "checkpoint-3-large-00001\n",
        "checkpoint-3-large-0000²",
        "checkpoint-٣-large-00001",
        f"checkpoint-3-large-{'1' * 5000}",
        "film-00000000000000ab",
        "film-00000000000000ab-large-00001",
        "checkpoint-large-00001",
        "checkpoint-x-large-00001",
        "stylegan2--large-00001",
        "StyleGAN2-large-00001",
        "large-initial-00001",
        "real-large-00001",
        f"{'a' * 33}-large-00001",
    ],
)
def test_what_is_not_an_id_says_nothing(text: str) -> None:
    assert FilmId.parse(text) is None
    assert job_of(text) == ""
    assert checkpoint_of(text) is None
    assert read_job(text) is None


def test_the_index_of_a_damaged_id_is_its_last_number_or_none() -> None:
    assert index_of("checkpoint-x-large-00007") == 7
    for text in ("", None, "checkpoint-3-large-", "checkpoint-3-large-7x", "checkpoint-3-large-²"):
        assert index_of(text) == -1
