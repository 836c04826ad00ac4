"""A sample of each source is reviewed in place of all films."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.film_id import FilmId
from cxr_release.screening.acceptance import acceptance_of, sampled_films
from cxr_release.screening.consensus import Screening, apply
from cxr_release.screening.decision import PRESCREEN
from cxr_release.screening.films import Generated
from cxr_release.statistics.proportions import most_in_lot, share_up
from tests.screening.test_consensus import REASONS, RULE, decided

SEED = 7
FILMS = [
    Generated(f"{source}-{batch}-{index:05d}", number, batch, "a" * 64)
    for source, number in [("checkpoint-3", 3), ("checkpoint-15", 15), ("gan", None)]
    for batch, count in [("initial", 10), ("large", 30)]
    for index in range(count)
]
SAMPLED = replace(RULE, sample=12)


def sample_of(size: int = 12, prescreened: frozenset[str] = frozenset()) -> frozenset[str]:
    ids = [film.id for film in FILMS]
    return sampled_films(ids, size=size, seed=SEED, prescreened=prescreened)


def screened(logs: dict[str, Any], **more: Any) -> Screening:
    return apply(FILMS, logs, SAMPLED, REASONS, seed=SEED, **more)


def words(sample: frozenset[str], *out: str) -> list[tuple[str, str]]:
    return [(film, "exclude" if film in out else "keep") for film in sorted(sample)]


def row_of(result: Screening, source: int | str) -> dict[str, Any]:
    rows = result.counts["review"]["acceptance"]["rows"]
    (row,) = (row for row in rows if source in {row["checkpoint"], row.get("source")})
    return dict(row)


def of(source: str, films: frozenset[str]) -> list[str]:
    return sorted(film for film in films if film.startswith(f"{source}-"))


def test_it_has_so_many_films_of_each_source_and_a_larger_one_holds_it() -> None:
    small, large = sample_of(5), sample_of(12)
    assert small < large
    assert {source: len(of(source, large)) for source in ("checkpoint-3", "checkpoint-15", "gan")}
    assert [len(of(source, large)) for source in ("checkpoint-3", "checkpoint-15", "gan")] == [
        12
    ] * 3
    assert sample_of(1000) == {film.id for film in FILMS}
    other = sampled_films([film.id for film in FILMS], size=12, seed=8, prescreened=())
    assert other != large


@given(st.sets(st.sampled_from([film.id for film in FILMS]), max_size=60))
def test_what_the_pre_screen_keeps_out_is_replaced_and_nothing_else_moves(out: set[str]) -> None:
    before, after = sample_of(), sample_of(prescreened=frozenset(out))
    assert before - out <= after
    assert not after & out


def test_without_it_nothing_is_stated() -> None:
    assert "acceptance" not in apply(FILMS, {}, RULE, REASONS).counts["review"]


def test_films_outside_of_the_sample_stay_undecided_and_go_out() -> None:
    sample = sample_of()
    result = screened({"a": decided("a", *words(sample))})
    review = result.counts["review"]
    assert review["state"] == "complete"
    assert (review["decided"], review["undecided"]) == (36, 84)
    assert result.waiting == 0
    assert result.to_review == 36
    total = result.counts["total"]
    assert total["generated"] - total["excluded"] == total["released"] == 120
    assert "36 films in all" in review["sentence"]


def test_the_bound_is_that_of_the_lot_less_the_faults_that_are_out() -> None:
    sample = sample_of()
    faults = of("checkpoint-3", sample)[:2]
    result = screened({"a": decided("a", *words(sample, *faults))})
    row = row_of(result, 3)
    assert (row["generated"], row["lot"], row["sample"], row["faults"]) == (40, 40, 12, 2)
    assert (row["released"], row["unseen"]) == (38, 28)
    assert row["most_left"] == most_in_lot(40, 12, 2) - 2
    assert row["share"] == row["most_left"] / 38
    assert row_of(result, "gan")["most_left"] == most_in_lot(40, 12, 0)
    together = result.counts["review"]["acceptance"]["together"]
    level = 1 - 0.05 / 3
    most = [most_in_lot(40, 12, found, level=level) - found for found in (2, 0, 0)]
    assert (together["most_left"], together["released"]) == (sum(most), 118)


def test_an_unfinished_sample_is_said_to_be_so_and_has_no_bound() -> None:
    sample = sample_of()
    late = of("checkpoint-15", sample)[0]
    result = screened({"a": decided("a", *words(sample - {late}))})
    row = row_of(result, 15)
    assert (row["waiting"], row["most_left"], row["share"]) == (1, None, None)
    review = result.counts["review"]
    assert review["state"] == "partial"
    assert review["acceptance"]["together"] is None
    assert "The sample of checkpoint 15 is not finished: 1 of 12 films waits" in review["sentence"]
    assert row_of(result, 3)["most_left"] is not None


def test_exclusions_outside_of_the_sample_keep_films_out_and_lower_no_bound() -> None:
    sample = sample_of()
    outside = of("checkpoint-3", frozenset(film.id for film in FILMS) - sample)[:5]
    plain = row_of(screened({"a": decided("a", *words(sample))}), 3)
    further = [*words(sample), *((film, "exclude") for film in outside)]
    row = row_of(screened({"a": decided("a", *further)}), 3)
    assert (row["faults"], row["released"], row["unseen"]) == (0, 35, 23)
    assert row["most_left"] == plain["most_left"]


def test_a_film_of_the_sample_that_is_withdrawn_later_counts_as_a_fault() -> None:
    sample = sample_of()
    film = of("checkpoint-3", sample)[0]
    logs = {"a": decided("a", *words(sample))}
    withdrawals = {"b": decided("b", (film, "exclude"))}
    assert row_of(screened(logs, withdrawals=withdrawals), 3)["faults"] == 1
    # A copy is not a fault of the picture.
    assert row_of(screened(logs, copies={film: "copy"}), 3)["faults"] == 0


def test_a_conflict_in_the_sample_keeps_it_open() -> None:
    sample = sample_of()
    film = of("gan", sample)[0]
    logs = {
        "a": decided("a", *words(sample)),
        "b": decided("b", (film, "exclude")),
    }
    rule = replace(SAMPLED, conflict="adjudicate", adjudicator="c")
    result = apply(FILMS, logs, rule, REASONS, seed=SEED)
    assert row_of(result, "gan")["waiting"] == 1
    assert result.counts["review"]["state"] == "partial"


def test_films_that_the_pre_screen_keeps_out_are_of_no_lot() -> None:
    out = [film.id for film in FILMS if film.checkpoint == 3][:8]
    sample = sample_of(prescreened=frozenset(out))
    machine = decided(PRESCREEN, *((film, "exclude") for film in out))
    result = screened({"a": decided("a", *words(sample)), PRESCREEN: machine})
    row = row_of(result, 3)
    assert (row["generated"], row["lot"], row["sample"], row["released"]) == (40, 32, 12, 32)
    assert row["most_left"] == most_in_lot(32, 12, 0)
    assert result.counts["review"]["state"] == "complete"


@given(st.floats(0, 1))
def test_a_bound_is_printed_rounded_up(share: float) -> None:
    printed = float(share_up(share).removesuffix("%"))
    assert 100 * share - 1e-6 <= printed <= 100 * share + 0.1 + 1e-6


@pytest.mark.parametrize("size", [1, 12, 40, 1000])
def test_every_source_of_the_films_has_a_row_and_all_numbers_close(size: int) -> None:
    rule = replace(SAMPLED, sample=size)
    sample = sample_of(size)
    result = apply(
        FILMS, {"a": decided("a", *words(sample, *sorted(sample)[:3]))}, rule, REASONS, seed=SEED
    )
    rows = result.counts["review"]["acceptance"]["rows"]
    assert sum(row["generated"] for row in rows) == len(FILMS)
    assert sum(row["released"] for row in rows) == result.counts["total"]["released"]
    for row in rows:
        kept = row["sample"] - row["faults"]
        assert kept + row["unseen"] == row["released"]
        assert 0 <= row["most_left"] <= row["unseen"]
    assert {FilmId.parse(film).source for film in sample} == {
        "checkpoint-3",
        "checkpoint-15",
        "gan",
    }  # type: ignore[union-attr]


def test_simulated_releases_hold_no_more_faults_than_is_said_in_95_percent_or_more() -> None:
    """Faults are dealt once; another seed of the project draws another sample."""
    chance = random.Random(5)
    faulty = {film.id for film in FILMS if chance.random() < (0.3 if film.checkpoint == 3 else 0.1)}
    ids = [film.id for film in FILMS]
    held, held_together, rows, runs = 0, 0, 0, 300
    for seed in range(runs):
        sample = sampled_films(ids, size=12, seed=seed, prescreened=())
        out = faulty & sample
        films = [
            {"id": film, "source": film.rsplit("-", 2)[0], "batch": film.rsplit("-", 2)[1]}
            | {"released": film not in out, "decided": film in sample}
            for film in ids
        ]
        excluded = [
            {"id": film, "reviewers": 1, "prescreen": False, "withdrawn": False} for film in out
        ]
        stated = acceptance_of(films, excluded, size=12, seed=seed)
        left = faulty - out
        for row in stated["rows"]:
            source = row.get("source") or f"checkpoint-{row['checkpoint']}"
            rows += 1
            held += sum(film.startswith(f"{source}-") for film in left) <= row["most_left"]
        held_together += len(left) <= stated["together"]["most_left"]
    # Three standard errors below the promise.
    assert held / rows > 0.95 - 3 * (0.95 * 0.05 / rows) ** 0.5
    assert held_together / runs > 0.95 - 3 * (0.95 * 0.05 / runs) ** 0.5
    assert held < rows  # a bound that is never missed would be far too wide
