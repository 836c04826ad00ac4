"""What the audit finds of planted copies, and that its figures of it are true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy import stats

from cxr_release.films.film_set import open_films
from cxr_release.films.png import Film
from cxr_release.memorization.alterations import ALTERATIONS, RECOMPRESSED
from cxr_release.memorization.list_length import recommended
from cxr_release.memorization.planting import FEWEST, Plant, plan, small_copies
from cxr_release.memorization.recall import (
    Own,
    Recall,
    measure_recall,
    own_of,
    ranks_of,
    rows_of,
)
from cxr_release.memorization.scores import Matches
from tests.support.phantom_sets import phantoms, write_folder

TOP = 100
KEPT = 2
IDENTICAL = "identical"


def small(film: Film) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(film).resize((64, 64), Image.Resampling.BOX))


class PlainMatcher:
    """Stands for the search: the `KEPT` real films of highest correlation, in any of four views."""

    def __init__(self, real: NDArray[np.uint8]) -> None:
        self.real = self._unit(real)
        self.asked: list[int] = []

    @staticmethod
    def _unit(films: NDArray[np.uint8]) -> NDArray[np.float64]:
        coarse = films.reshape(len(films), 16, 4, 16, 4).mean(axis=(2, 4))
        rows = coarse.reshape(len(films), -1)
        rows = rows - rows.mean(axis=1, keepdims=True)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

    def __call__(self, films: NDArray[np.uint8]) -> Matches:
        self.asked.append(len(films))
        assert films.dtype == np.uint8
        assert films.shape[1:] == (64, 64)
        views = films, films[:, :, ::-1]
        cosines = np.max([np.abs(self._unit(view) @ self.real.T) for view in views], axis=0)
        cosines = np.round(cosines, 6)
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :KEPT]
        highest = np.take_along_axis(cosines, order, axis=1)
        return matches(order, 10 * np.arctanh(np.minimum(highest, 1 - 1e-6)), highest)


def matches(
    real: NDArray[np.integer], score: NDArray[np.float64], cosine: NDArray[np.float64]
) -> Matches:
    nothing = np.zeros(real.shape, np.int8)
    pose = np.zeros((*real.shape, 4), np.float32)
    return Matches(real.astype(np.int32), nothing, nothing, pose, cosine, score)


class Sets:
    """Both sets, searched."""

    def __init__(self, folder: Path) -> None:
        films = phantoms()
        real = {f"real-{place:03d}": film for place, film in enumerate(films[:60])}
        # Stands for synthetic films: phantoms of other patients, no copy among them.
        drawn = {f"drawn-{place:03d}": film for place, film in enumerate(films[60:])}
        self.real = open_films([write_folder(folder / "real", real)], "real")
        self.drawn = open_films([write_folder(folder / "drawn", drawn)], "synthetic")
        self.ids, self.drawn_ids = list(real), list(drawn)
        self.match = PlainMatcher(np.stack([small(film) for film in real.values()]))
        self.listed = self.match(np.stack([small(film) for film in drawn.values()])).score.ravel()

    def measure(self, **options: Any) -> Recall:
        settings = {
            "real_ids": self.ids,
            "synthetic_ids": self.drawn_ids,
            "small": small,
            "match": self.match,
            "top": TOP,
            "plants": 20,
            "seed": 1,
        } | options
        listed = settings.pop("listed", self.listed)
        return measure_recall(self.real, self.drawn, listed, **settings)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Sets:
    return Sets(tmp_path_factory.mktemp("sets"))


def test_copies_whose_pixels_hardly_changed_are_found(sets: Sets) -> None:
    rows = {row["alteration"]: row for row in sets.measure(plants=60).alterations}
    assert list(rows) == list(ALTERATIONS)
    for name in (IDENTICAL, "mirrored", "inverted", "gamma 0.8", RECOMPRESSED, "noise 5 %"):
        assert rows[name]["recall"] == 1, rows[name]
    for name, row in rows.items():
        assert row["family"] == ALTERATIONS[name].family
        assert row["planted"] == 60
        assert row["found"] == round(row["recall"] * 60)
        if 0 < row["found"] < 60:
            interval = stats.beta.ppf(0.025, row["found"], 61 - row["found"])
            assert row["low"] == pytest.approx(interval)
        assert row["low"] <= row["recall"] <= row["high"]
    assert rows[IDENTICAL]["median_cosine"] == pytest.approx(1)
    assert rows[IDENTICAL]["median_rank"] == 1
    assert rows[IDENTICAL]["needed"] == 1


def test_a_plant_s_rank_is_that_of_a_search_with_it(sets: Sets) -> None:
    """Against a search in which the copy really lies among the synthetic films."""
    drawn = np.stack([small(sets.drawn.film(f)) for f in sets.drawn_ids])
    ranks = []
    for place in range(0, 60, 4):
        film = sets.real.film(sets.ids[place])
        # So much noise that the copy is hard to find.
        chance = np.random.default_rng(place)
        noisy = np.clip(film + chance.normal(0, 120, film.shape), 0, 255).astype(np.uint8)
        found = sets.match(np.concatenate([drawn, small(noisy)[None]]))
        pairs = [
            (-score, (film, real) == (len(drawn), place))  # of those that tie the copy is last
            for film in range(len(found))
            for real, score in zip(found.real[film], found.score[film], strict=True)
        ]
        in_order = [own for _, own in sorted(pairs)]
        expected = in_order.index(True) + 1 if any(in_order) else np.inf
        own = own_of([Plant(place, "", IDENTICAL, None)], sets.match(small(noisy)[None]))
        assert ranks_of(own, sets.listed).tolist() == [expected]
        ranks.append(expected)
    assert len(set(ranks)) > 3, "the ranks tell something"


def test_the_same_seed_plants_the_same_copies(sets: Sets) -> None:
    assert sets.measure(plants=3) == sets.measure(plants=3)
    assert sets.measure(plants=3) != sets.measure(plants=3, seed=2)


def test_what_is_hard_to_find_is_not_called_found(sets: Sets) -> None:
    """A list full of pairs as similar as can be leaves no place for any copy."""
    rows = sets.measure(plants=5, listed=np.full(TOP, 1e6)).alterations
    assert {row["found"] for row in rows} == {0}
    assert {row["median_rank"] for row in rows} == {None}
    assert {row["low"] for row in rows} == {0.0}
    (needed,) = (row["needed"] for row in rows if row["alteration"] == IDENTICAL)
    assert needed == TOP + 1, "a longer list would hold it"


def test_without_plants_it_still_knows_what_is_alike(sets: Sets) -> None:
    sets.match.asked.clear()
    recall = sets.measure(plants=0)
    assert recall.alterations == []
    assert sets.match.asked == [FEWEST]
    assert 0.9 < recall.duplicate_threshold < 1
    rows = {row["alteration"]: row for row in sets.measure(plants=20).alterations}
    assert recall.duplicate_threshold <= rows[RECOMPRESSED]["median_cosine"]
    planned = plan(sets.ids, sets.drawn_ids, plants=0, seed=1)
    made = small_copies(sets.real, sets.drawn, planned, seed=1, small=small)
    own = own_of(planned, sets.match(np.stack(list(made))))
    assert recall.duplicate_threshold == np.nanmin(own.cosine)


def test_copies_are_compared_in_blocks_and_nothing_depends_on_them(
    sets: Sets, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sets.measure(plants=2)
    sets.match.asked.clear()
    monkeypatch.setattr("cxr_release.memorization.recall.BLOCK", 17)
    assert sets.measure(plants=2) == whole
    count = 2 * len(ALTERATIONS) + FEWEST - 2
    assert sets.match.asked == [17] * (count // 17) + [count % 17]


# What follows from scores alone.

SCORE = st.integers(-3, 3).map(float)  # few values: many ties
NOTHING = -np.inf


@st.composite
def searches(draw: st.DrawFn) -> tuple[list[Plant], Matches, NDArray[np.float64]]:
    """Plants of three kinds, what a search keeps of them, and the scores of all other pairs."""
    names = draw(st.lists(st.sampled_from([*ALTERATIONS][:3]), min_size=1, max_size=30))
    real, score = [], []
    for place in range(len(names)):
        ours = draw(st.sampled_from(["first", "second", "neither", "alone", "nothing"]))
        other = len(names) + place
        first, second = {
            "first": (place, other),
            "second": (other, place),
            "neither": (other, other + 1),
            "alone": (place, -1),
            "nothing": (-1, -1),
        }[ours]
        scores = sorted(draw(st.tuples(SCORE, SCORE)), reverse=True)
        real.append((first, second))
        score.append(
            [number if at >= 0 else NOTHING for at, number in zip(real[-1], scores, strict=True)]
        )
    plants = [Plant(place, f"film {place}", name, None) for place, name in enumerate(names)]
    scores_of = np.array(score)
    cosines = np.where(scores_of == NOTHING, np.nan, np.tanh(scores_of / 4))
    listed = draw(st.lists(SCORE, max_size=30))
    return plants, matches(np.array(real), scores_of, cosines), np.array(listed)


def rank_by_hand(
    plant: Plant, real: Sequence[int], score: Sequence[float], listed: Sequence[float]
) -> float:
    """Place of a pair in the list that is sorted with it; behind all with which it ties."""
    if plant.place not in real:
        return np.inf
    own = list(real).index(plant.place)
    others = [number for at, number in enumerate(score) if at != own]
    pairs = [(-number, 0) for number in [*listed, *others]] + [(-score[own], 1)]
    return sorted(pairs).index((-score[own], 1)) + 1


@given(searches())
def test_ranks_are_places_in_the_sorted_list(
    search: tuple[list[Plant], Matches, NDArray[np.float64]],
) -> None:
    plants, found, listed = search
    ranks = ranks_of(own_of(plants, found), listed)
    expected = [
        rank_by_hand(plant, found.real[at].tolist(), found.score[at].tolist(), listed.tolist())
        for at, plant in enumerate(plants)
    ]
    assert ranks.tolist() == expected


@given(searches(), st.integers(1, 40), st.sampled_from([0.05, 0.5, 0.55, 0.8, 0.95, 1.0]))
def test_rows_are_what_lists_of_every_length_would_hold(
    search: tuple[list[Plant], Matches, NDArray[np.float64]], top: int, recall: float
) -> None:
    plants, found, listed = search
    own = own_of(plants, found)
    ranks = ranks_of(own, listed)
    counts = Counter(plant.alteration for plant in plants)
    rows = rows_of(plants, own, listed, top=top, plants=len(plants), recall=recall)
    assert [row["alteration"] for row in rows] == [name for name in ALTERATIONS if counts[name]]
    longest = len(listed) + KEPT
    for row in rows:
        chosen = [plant.alteration == row["alteration"] for plant in plants]
        assert row["planted"] == counts[row["alteration"]]

        def share(length: int, of_kind: NDArray[np.float64] = ranks[chosen]) -> float:
            return float((of_kind <= length).mean())

        assert row["recall"] == share(top)
        assert row["found"] == round(share(top) * row["planted"])
        assert row["needed"] == next(
            (length for length in range(1, longest + 1) if share(length) >= recall), None
        )
        cosines = [
            found.cosine[at, found.real[at].tolist().index(plant.place)]
            for at, plant in enumerate(plants)
            if chosen[at] and plant.place in found.real[at]
        ]
        assert row["median_cosine"] == (pytest.approx(np.median(cosines)) if cosines else None)
        if row["median_rank"] is not None:
            assert row["median_rank"] <= top
            assert share(row["median_rank"]) >= 0.5 > share(row["median_rank"] - 1) - 1e-9
        else:
            assert share(top) <= 0.5


@given(searches(), st.sampled_from([0.5, 0.95]), st.sets(st.sampled_from([*ALTERATIONS][:3])))
def test_the_recommended_list_holds_what_can_be_held_and_no_shorter_one_does(
    search: tuple[list[Plant], Matches, NDArray[np.float64]], recall: float, kinds: set[str]
) -> None:
    plants, found, listed = search
    own = own_of(plants, found)

    def rows(top: int) -> dict[str, Any]:
        made = rows_of(plants, own, listed, top=top, plants=len(plants), recall=recall)
        return {row["alteration"]: row for row in made}

    planted = {plant.alteration for plant in plants}
    wanted = kinds & planted
    longest = len(listed) + KEPT
    within_reach = {name for name in wanted if rows(longest)[name]["recall"] >= recall}
    length, missed = recommended(list(rows(1).values()), kinds=wanted)
    assert missed == [name for name in ALTERATIONS if name in wanted - within_reach]
    if not within_reach:
        assert length is None
    else:
        assert length is not None
        assert all(rows(length)[name]["recall"] >= recall for name in within_reach)
        assert any(rows(length - 1)[name]["recall"] < recall for name in within_reach)
    if wanted == planted:
        assert recommended(list(rows(1).values())) == (length, missed)
    if kinds - planted:
        with pytest.raises(ValueError, match="no such copies were planted"):
            recommended(list(rows(1).values()), kinds=kinds)


def test_copies_beyond_those_asked_for_do_not_count() -> None:
    plants = [Plant(place, str(place), RECOMPRESSED, None) for place in range(FEWEST)]
    none = np.full((FEWEST, 1), NOTHING)
    own = Own(np.where(np.arange(FEWEST) < 3, 1.0, NOTHING), np.full(FEWEST, np.nan), none)
    (row,) = rows_of(plants, own, np.array([]), top=5, plants=3)
    assert (row["planted"], row["found"], row["needed"]) == (3, 3, 1)
    assert row["median_cosine"] is None


def test_a_share_that_a_product_would_round_up_is_a_whole_number_of_copies() -> None:
    """0.55 × 100 is 55.000000000000007 in binary."""
    plants = [Plant(place, str(place), IDENTICAL, None) for place in range(100)]
    scores = -np.arange(100.0)
    own = Own(scores, np.ones(100), np.full((100, 1), NOTHING))
    (row,) = rows_of(plants, own, scores + 0.5, top=5, plants=100, recall=0.55)
    assert row["needed"] == 56, "the 55th copy, behind the 55 pairs that score no less"
