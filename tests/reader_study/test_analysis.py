from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import ReaderStudyError
from cxr_release.params.people import StudyParams
from cxr_release.reader_study.analysis import analyze, analyze_file
from cxr_release.reader_study.ratings import Rating, Ratings, ratings_of
from cxr_release.reader_study.report import sentence_of, text_of
from tests.support.studies import csv_text, study, study_rows

SETTINGS = StudyParams(bootstrap=200)


def analysed(ratings: Ratings, seed: int = 1) -> dict[str, Any]:
    found = analyze(ratings, SETTINGS, seed=seed)
    # Plain values, and none that JSON does not have.
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


@settings(max_examples=8)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(chance: random.Random) -> None:
    rows = study_rows(4, 6)
    wanted = analysed(ratings_of(rows))
    chance.shuffle(rows)
    assert analysed(ratings_of(rows)) == wanted


@settings(max_examples=8)
@given(st.permutations(["a", "b.c", "Z-1", "0"]))
def test_other_names_of_raters_change_labels_only(names: list[str]) -> None:
    rows = study_rows(4, 6)
    wanted = analysed(ratings_of(rows))
    other = {f"r{place}": name for place, name in enumerate(names, start=1)}
    found = analysed(ratings_of([row | {"rater": other[row["rater"]]} for row in rows]))
    mine = found["identification"].pop("per_rater")
    theirs = wanted["identification"].pop("per_rater")
    assert {name: theirs[old] for old, name in other.items()} == mine
    assert found == wanted


def test_rows_of_a_file_and_of_a_table_are_the_same_study() -> None:
    rows = study_rows(2, 3)
    rated = [Rating(file="", line=1, **row) for row in rows]
    assert analysed(ratings_of(rated)) == analysed(ratings_of(rows))


def test_sources_stand_in_the_order_of_their_numbers() -> None:
    ratings = ratings_of(reversed(study_rows(2, 3)))
    assert ratings.sources == ("real", "checkpoint-9", "checkpoint-13", "checkpoint-17")
    assert (ratings.readers, ratings.quartets) == (("r1", "r2"), (1, 2, 3))


def test_arrays_are_made_of_whole_studies_only() -> None:
    rows = study_rows(2, 3)
    unpicked = [row | {"identified_as_real": False} for row in rows]
    unreal = [row for row in rows if row["source"] != "real"]
    for wrong in (rows[1:], [*rows, rows[0]], [*rows[1:], rows[1]], unpicked, unreal, []):
        with pytest.raises(ValueError, match="whole"):
            ratings_of(wrong)


DEGENERATE = {
    "one trial": lambda: study(1, 1, 1),
    "one rater": lambda: study(1, 12),
    "one quartet": lambda: study(5, 1),
    "two raters": lambda: study(2, 9),
    "five checkpoints": lambda: study(3, 4, 5),
    "always right": lambda: picked(study(4, 6), 0),
    "always wrong": lambda: picked(study(4, 6), 2),
    "all rated alike": lambda: rated(study(4, 6)),
}


def picked(ratings: Ratings, place: int) -> Ratings:
    ratings.picked[:] = place
    return ratings


def rated(ratings: Ratings) -> Ratings:
    ratings.rating[:] = 4
    return ratings


@pytest.mark.parametrize("kind", DEGENERATE)
@pytest.mark.parametrize("margin", [0.1, 0.6])
def test_studies_that_tell_little_are_analysed_and_told(kind: str, margin: float) -> None:
    ratings = DEGENERATE[kind]()
    found = analyze(ratings, StudyParams(bootstrap=100, accuracy_margin=margin), seed=0)
    json.dumps(found, allow_nan=False)
    said = text_of(found) + sentence_of(found)
    assert "nan" not in said.lower()
    assert "None" not in said
    if kind not in {"two raters", "five checkpoints", "all rated alike"}:
        assert found["identification"]["clustered_ci95"] is None
        assert found["identification"]["equivalence"]["equivalent"] is False


def test_always_right_is_told_from_chance() -> None:
    found = analysed(picked(study(4, 6), 0))
    assert "Readers found the real film more often than by chance." in sentence_of(found)
    below = analysed(picked(study(4, 6), 2))
    assert "less often than by chance" in sentence_of(below)


def test_a_significance_that_clusters_take_away_is_doubted() -> None:
    ratings = study(4, 40, seed=1)
    # One rater sees everything, the others nothing: not what four hundred raters would do.
    ratings.picked[0], ratings.picked[1:] = 0, ratings.picked[1:].clip(1)
    ratings.picked[1, :20] = 0
    assert "though the clustered interval holds chance" in sentence_of(analysed(ratings))


def test_realism_that_differs_is_said_to() -> None:
    ratings = study(8, 20)
    ratings.rating[:, :, 0] = 4
    ratings.rating[:, :, 2] = 1
    ratings.rating[:, 0, 1] = 3
    said = sentence_of(analysed(ratings))
    assert "Real films looked more realistic than those of checkpoint-9, checkpoint-13" in said
    few = study(3, 20)
    assert "With 3 readers no difference in realism, however large" in sentence_of(analysed(few))


def test_readers_who_answered_alike_are_named_and_doubted_where_it_is_no_chance() -> None:
    for quartets, doubt in ((3, False), (10, True)):
        rows = study_rows(3, quartets)
        again = [row | {"rater": "zoe"} for row in rows if row["rater"] == "r2"]
        found = analysed(ratings_of([*rows, *again]))
        assert found["identical"] == [["r2", "zoe"]]
        for said in (sentence_of(found), " ".join(text_of(found).split())):
            assert f"r2 and zoe gave the same answers on all {quartets} quartets" in said
            assert ("is this one reader, counted twice?" in said) == doubt
    assert analysed(study(3, 10))["identical"] == []


def test_a_seed_moves_the_bootstrap_and_nothing_else() -> None:
    ratings = study(5, 9)
    one, other = analysed(ratings, 1), analysed(ratings, 2)
    assert one["identification"]["clustered_ci95"] != other["identification"]["clustered_ci95"]
    for found in (one, other):
        found["identification"].pop("clustered_ci95")
        found["identification"]["equivalence"].pop("ci90")
        found["identification"]["equivalence"].pop("equivalent")
    assert one == other


def test_a_wrong_file_leaves_no_figures(tmp_path: Path) -> None:
    path, figures = tmp_path / "a.csv", tmp_path / "figures"
    path.write_text(csv_text(study_rows(2, 2)).replace(",3,", ",5,"))
    with pytest.raises(ReaderStudyError):
        analyze_file(path, SETTINGS, seed=0, figures=figures)
    assert not figures.exists()
