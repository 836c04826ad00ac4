"""What the audit finds of planted copies, and that its figures of it are true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from cxr_release.encoders.encoder import Encoder
from cxr_release.encoders.registry import load
from cxr_release.films.film_set import FilmSet, open_films
from cxr_release.memorization.features import features_of
from cxr_release.memorization.recall import ALTERATIONS, RECOMPRESSED, Recall, measure_recall
from cxr_release.memorization.search import search
from cxr_release.schemas import VIEWS
from tests.support.phantom_sets import phantoms, write_folder

TOP = 100


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load("thumbnail", side=24, weights=None, sha256="")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> FilmSet:
    films = {f"real-{place:03d}": film for place, film in enumerate(phantoms()[:60])}
    return open_films([write_folder(tmp_path_factory.mktemp("sets") / "real", films)], "real")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> FilmSet:
    """Stands for synthetic films: phantoms of other patients, no copy among them."""
    films = {f"drawn-{place:03d}": film for place, film in enumerate(phantoms()[60:])}
    return open_films([write_folder(tmp_path_factory.mktemp("sets") / "drawn", films)], "drawn")


class Sets:
    """Both sets, searched."""

    def __init__(self, real: FilmSet, drawn: FilmSet, encoder: Encoder) -> None:
        self.real, self.encoder = real, encoder
        ours = features_of(real, encoder, encoder.crops, None)
        theirs = features_of(drawn, encoder, VIEWS, None)
        self.ids, self.theirs = ours.ids, theirs
        self.crops = [ours.views[crop] for crop in encoder.crops]
        found = search(
            self.crops, theirs.views, real_ids=ours.ids, synthetic_ids=theirs.ids, top=TOP
        )
        self.listed = [pair.cosine for pair in found.pairs]

    def measure(self, **options: Any) -> Recall:
        settings = {"top": TOP, "plants": 20, "seed": 1} | options
        return measure_recall(
            self.real, self.crops, self.ids, self.listed, encoder=self.encoder, **settings
        )


@pytest.fixture(scope="module")
def sets(real: FilmSet, drawn: FilmSet, encoder: Encoder) -> Sets:
    return Sets(real, drawn, encoder)


def test_the_thumbnail_finds_planted_copies_of_phantoms(sets: Sets) -> None:
    """The promise: all that were not turned or cropped, and 95 % of those."""
    rows = {row["alteration"]: row for row in sets.measure(plants=60).alterations}
    assert list(rows) == list(ALTERATIONS)
    for name, row in rows.items():
        least = 0.95 if name.startswith(("turned", "cropped")) else 1.0
        assert row["planted"] == 60
        assert row["recall"] >= least, row
        assert row["found"] == round(row["recall"] * 60)
        interval = stats.beta.ppf(0.025, row["found"], 61 - row["found"])
        assert row["low"] == pytest.approx(interval)
        assert row["high"] >= row["recall"]
    assert rows["identical"]["median_cosine"] == pytest.approx(1)
    assert rows["identical"]["median_rank"] == 1


def test_a_plant_s_rank_is_that_of_a_search_with_it(
    sets: Sets, encoder: Encoder, drawn: FilmSet, tmp_path: Path
) -> None:
    """Against a search in which the copy really lies among the synthetic films."""
    from cxr_release.films import png

    alter = ALTERATIONS["noise 5 %"]
    for place in (0, 17, 59):
        name = sets.ids[place]
        film = png.decode(sets.real.png(name), where=name)
        # So much noise that the copy is hard to find.
        copy = alter(alter(film, np.random.default_rng(1)), np.random.default_rng(2))
        planted = write_folder(tmp_path / name, {"planted": copy})
        films = open_films([planted, *(Path(part.name) for part in drawn.sources)], "drawn")
        theirs = features_of(films, encoder, VIEWS, None)
        found = search(
            sets.crops, theirs.views, real_ids=sets.ids, synthetic_ids=theirs.ids, top=2 * TOP
        )
        listed = [(pair.real_id, pair.synthetic_id) for pair in found.pairs]
        expected = listed.index((name, "planted")) + 1 if (name, "planted") in listed else None
        alone = Sets.__new__(Sets)
        alone.__dict__ |= vars(sets)
        assert _rank_of(alone, place, copy) == expected


def _rank_of(sets: Sets, place: int, copy: np.ndarray) -> int | None:
    """The rank that `measure` gives to one copy of one film."""
    from unittest.mock import patch

    from cxr_release.memorization import recall

    name = sets.ids[place]
    only = {"planted": lambda film, chance: copy}
    with (
        patch.dict(recall.ALTERATIONS, only, clear=True),
        patch.object(recall, "_rank", lambda seed, film: str(int(film != name))),
    ):
        (row,) = sets.measure(plants=1, top=2 * TOP).alterations
    return row["median_rank"]


def test_the_same_seed_plants_the_same_copies(sets: Sets) -> None:
    assert sets.measure(plants=3) == sets.measure(plants=3)
    assert sets.measure(plants=3) != sets.measure(plants=3, seed=2)


def test_what_is_hard_to_find_is_not_called_found(sets: Sets) -> None:
    """A list full of pairs as similar as can be leaves no place for any copy."""
    crowded = [1.0] * TOP
    full = measure_recall(
        sets.real, sets.crops, sets.ids, crowded, encoder=sets.encoder, top=TOP, plants=5, seed=1
    )
    assert {row["found"] for row in full.alterations} == {0}
    assert {row["median_rank"] for row in full.alterations} == {None}
    assert {row["low"] for row in full.alterations} == {0.0}


def test_without_plants_it_still_knows_what_is_alike(sets: Sets) -> None:
    recall = sets.measure(plants=0)
    assert recall.alterations == []
    assert 0.9 < recall.duplicate_threshold < 1
    rows = {row["alteration"]: row for row in sets.measure(plants=20).alterations}
    assert recall.duplicate_threshold <= rows[RECOMPRESSED]["median_cosine"]
    assert recall.duplicate_threshold > max(sets.listed), "no two phantoms are one"
