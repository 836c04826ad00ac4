"""Which copies are planted, and that each is of its film, altered as it says."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.films.film_set import FilmSet, open_films
from cxr_release.films.png import Film
from cxr_release.memorization.alterations import ALTERATIONS, RECOMPRESSED
from cxr_release.memorization.planting import FEWEST, Plant, plan, small_copies
from tests.support.phantom_sets import phantoms, write_folder

LANCZOS = Image.Resampling.LANCZOS
IDS = st.lists(
    st.text(st.characters(exclude_categories=()), max_size=5), min_size=1, max_size=40, unique=True
)
"""Ids of any letters: nothing, NUL, line breaks, halves of surrogate pairs."""


def small(film: Film) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(film).resize((64, 64), Image.Resampling.BOX))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> FilmSet:
    films = {f"real-{place}": film for place, film in enumerate(phantoms()[:8])}
    return open_films([write_folder(tmp_path_factory.mktemp("sets") / "real", films)], "real")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> FilmSet:
    films = {f"drawn-{place}": film[:50] for place, film in enumerate(phantoms()[60:63])}
    return open_films([write_folder(tmp_path_factory.mktemp("sets") / "drawn", films)], "drawn")


def copies(
    real: FilmSet, drawn: FilmSet, planned: list[Plant], seed: int = 1
) -> list[NDArray[np.uint8]]:
    return list(small_copies(real, drawn, planned, seed=seed, small=small))


@given(IDS, IDS, st.integers(0, 45), st.integers(0, 3))
@example(["\udc80", "a\0b\n", "../x"], ["", "\ud800"], 2, 0)
def test_of_each_kind_as_many_films_are_copied_as_are_asked_for(
    real_ids: list[str], synthetic_ids: list[str], plants: int, seed: int
) -> None:
    planned = plan(real_ids, synthetic_ids, plants=plants, seed=seed)
    counts = Counter(plant.alteration for plant in planned)
    for name, each in ALTERATIONS.items():
        asked = max(plants, FEWEST) if name == RECOMPRESSED else plants
        assert counts[name] == min(asked, len(real_ids))
        of_kind = [plant for plant in planned if plant.alteration == name]
        assert len({plant.place for plant in of_kind}) == len(of_kind), "no film twice"
        assert all(real_ids[plant.place] == plant.film for plant in of_kind)
        assert all((plant.host in synthetic_ids) == each.needs_host for plant in of_kind)
        if each.needs_host:
            hosts = {plant.host for plant in of_kind}
            assert len(hosts) == min(len(of_kind), len(synthetic_ids)), "as many as there are"


@given(IDS, IDS, st.randoms(use_true_random=False))
def test_the_order_of_the_films_has_no_part_in_the_plan(
    real_ids: list[str], synthetic_ids: list[str], chance: Random
) -> None:
    def named(real: list[str], synthetic: list[str], seed: int) -> list[tuple[str | None, ...]]:
        planned = plan(real, synthetic, plants=3, seed=seed)
        return [(plant.film, plant.alteration, plant.host) for plant in planned]

    before = named(real_ids, synthetic_ids, 1)
    chance.shuffle(real_ids)
    chance.shuffle(synthetic_ids)
    assert named(real_ids, synthetic_ids, 1) == before


def test_another_seed_copies_other_films() -> None:
    ids = [f"film {number}" for number in range(100)]
    chosen = [{plant.film for plant in plan(ids, ids, plants=30, seed=seed)} for seed in range(3)]
    assert all(len(films) == 30 for films in chosen)
    assert len(set.intersection(*chosen)) < 20


def test_copies_come_in_the_order_of_the_plan_each_of_its_film(
    real: FilmSet, drawn: FilmSet
) -> None:
    films = {f"real-{place}": film for place, film in enumerate(phantoms()[:8])}
    hosts = {f"drawn-{place}": film[:50] for place, film in enumerate(phantoms()[60:63])}
    planned = plan(list(films), list(hosts), plants=8, seed=1)
    made = copies(real, drawn, planned)
    assert len(made) == len(planned)
    without_chance = ("identical", "mirrored", "inverted", "cropped 5 %", RECOMPRESSED)
    for plant, copy in zip(planned, made, strict=True):
        film = films[plant.film]
        if plant.alteration in without_chance:
            expected = ALTERATIONS[plant.alteration].alter(film, film, np.random.default_rng())
            assert np.array_equal(copy, small(expected))
        if plant.alteration == "half of a film":
            host = np.asarray(Image.fromarray(hosts[str(plant.host)]).resize((64, 64), LANCZOS))
            assert (copy == film).mean() >= 0.5
            assert ((copy == film) | (copy == host)).all()


def test_a_copy_depends_on_the_seed_and_its_film_but_not_on_the_other_copies(
    real: FilmSet, drawn: FilmSet
) -> None:
    ids = [f"real-{place}" for place in range(8)]
    planned = plan(ids, ["drawn-0", "drawn-1"], plants=4, seed=1)
    made = copies(real, drawn, planned)
    backwards = copies(real, drawn, planned[::-1])[::-1]
    assert all(np.array_equal(*pair) for pair in zip(made, backwards, strict=True))
    other_seed = copies(real, drawn, planned, seed=2)
    differ = [
        plant.alteration
        for plant, *pair in zip(planned, made, other_seed, strict=True)
        if not np.array_equal(*pair)
    ]
    assert differ.count("noise 5 %") == 4
    assert "identical" not in differ


def test_chance_does_not_do_the_same_to_every_film(tmp_path: Path) -> None:
    films = {f"film-{place}": phantoms()[0] for place in range(8)}
    same = open_films([write_folder(tmp_path / "same", films)], "real")
    for name in ("shifted 5 %", "noise 5 %"):
        planned = [Plant(0, film, name, None) for film in films]
        assert len({copy.tobytes() for copy in copies(same, same, planned)}) == len(films)


def test_a_film_that_cannot_be_read_any_more_is_named(tmp_path: Path, drawn: FilmSet) -> None:
    folder = write_folder(tmp_path / "real", {"gone": phantoms()[0], "here": phantoms()[1]})
    films = open_films([folder], "real")
    (folder / "gone.png").write_bytes(b"not a film")
    planned = plan(["gone", "here"], ["drawn-0"], plants=2, seed=1)
    with pytest.raises(SourceError) as error:
        copies(films, drawn, planned)
    assert error.value.where == "gone"


def test_when_no_more_copies_are_taken_no_thread_goes_on(real: FilmSet, drawn: FilmSet) -> None:
    planned = plan([f"real-{place}" for place in range(8)], ["drawn-0"], plants=8, seed=1)
    before = threading.active_count()
    with closing(small_copies(real, drawn, planned, seed=1, small=small)) as some:
        next(some)
    assert threading.active_count() == before
