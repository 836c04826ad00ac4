from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.film_id import (
    BATCHES,
    FILM_PATTERN,
    FilmId,
    checkpoint_of,
    index_of,
    job_name,
    job_of,
    padded,
    read_job,
    source_name,
)


@given(st.integers(1, 10**9 - 1), st.sampled_from(BATCHES), st.integers(0, 10**9 - 1))
def test_an_id_says_what_it_was_spelt_from(checkpoint: int, batch: str, index: int) -> None:
    film = FilmId(checkpoint, batch, index)
    assert FilmId.parse(str(film)) == film
    assert re.fullmatch(FILM_PATTERN, str(film))
    assert job_of(str(film)) == film.job == job_name(checkpoint, batch)
    assert read_job(film.job) == (checkpoint, batch)
    assert checkpoint_of(source_name(checkpoint)) == checkpoint
    assert index_of(str(film)) == index


def test_ids_are_spelt_as_they_were_published() -> None:
    assert str(FilmId(34, "large", 12)) == "checkpoint-34-large-00012"
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
