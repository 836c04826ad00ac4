"""R's own answers, stored with the scripts that made them: see fixtures/make_studies.py."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator

import numpy as np
import pytest

from cxr_release.reader_study.analysis import fleiss_kappa_of, identification_of, realism_of
from cxr_release.reader_study.ratings import Ratings
from tests.reader_study.fixtures.make_studies import STUDIES, studies
from tests.support.studies import FIXTURES

METHODS = {"exact": "exact", "normal approximation": "normal"}


def number(cell: str) -> float | None:
    return None if cell == "NA" else float(cell)


def close(mine: float | None, theirs: str) -> bool:
    wanted = number(theirs)
    if mine is None or wanted is None:
        return mine is wanted
    return math.isclose(mine, wanted, rel_tol=1e-9, abs_tol=1e-9)


@pytest.fixture(scope="module")
def generated() -> list[Ratings]:
    found = []
    for study in studies():
        rating = np.array(study.rating, np.int64)
        raters, quartets = rating.shape[:2]
        names = tuple(f"r{rater:02}" for rater in range(raters))
        picked = np.array(study.picked, np.int64)
        found.append(Ratings(names, tuple(range(1, quartets + 1)), study.sources, rating, picked))
    return found


def answers() -> Iterator[tuple[int, str, list[str]]]:
    with (FIXTURES / "r_answers.csv").open(encoding="utf-8", newline="") as stream:
        for study, source, *said in list(csv.reader(stream))[1:]:
            yield int(study), source, said


def test_binomial_test_interval_and_kappa_are_those_of_r(generated: list[Ratings]) -> None:
    compared = 0
    for study, source, (p, low, high, kappa) in answers():
        if source:
            continue
        ratings = generated[study]
        mine = identification_of(ratings, margin=0.1, draws=1, seed=0)
        compared += 1
        assert close(mine["p_two_sided"], p), study
        assert close(mine["ci95"][0], low), study
        assert close(mine["ci95"][1], high), study
        assert close(fleiss_kappa_of(ratings), kappa), study
    assert compared == STUDIES >= 100


def test_wilcoxon_and_holm_are_those_of_r(generated: list[Ratings]) -> None:
    mine = [realism_of(ratings, margin=0.25) for ratings in generated]
    compared = 0
    for study, source, (v, p, p_holm, method) in answers():
        if source:
            compared += 1
            one = mine[study][source]
            assert METHODS[one["method"]] == method, (study, source)
            assert one["V"] == float(v), (study, source)
            assert close(one["p"], p), (study, source)
            assert close(one["p_holm"], p_holm), (study, source)
            if method == "exact":
                assert close(one["p_exact"], p), (study, source)
            assert one["smallest_p"] <= one["p_exact"] <= one["p_exact_holm"] <= 1
    assert compared == sum(len(ratings.sources) - 1 for ratings in generated)


def test_the_studies_hold_every_kind_of_difference(generated: list[Ratings]) -> None:
    met = set()
    for ratings in generated:
        for mine in ratings.sums.T[1:]:
            differences = ratings.sums[:, 0] - mine
            left = np.abs(differences[differences != 0])
            met.add(
                (
                    len(left) < len(differences),
                    len(set(left.tolist())) < len(left),
                    "none" if not len(left) else "50" if len(left) >= 50 else "few",
                )
            )
    both = (False, True)
    wanted = {(zero, tie, many) for zero in both for tie in both for many in ("few", "50")}
    assert met == wanted | {(True, False, "none")}
    assert {len(ratings.readers) for ratings in generated} >= {3, 60}
