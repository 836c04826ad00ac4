from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import SourceError
from cxr_release.radiographs.split import Groups, groups_of, split_by_group, twins_of_control


@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=60),
    share=st.floats(0.01, 0.5),
    seed=st.integers(0, 2**63 - 1),
)
def test_no_patient_stands_in_both_parts(sizes: list[int], share: float, seed: int) -> None:
    patients = {
        f"film-{patient}-{film}": f"p{patient}"
        for patient, size in enumerate(sizes)
        for film in range(size)
    }
    parts = split_by_group(Groups(patients, "patient"), held_out=share, seed=seed)
    assert list(parts) == sorted(patients)
    by_patient: dict[str, set[str]] = {}
    for film, part in parts.items():
        by_patient.setdefault(patients[film], set()).add(part)
    assert all(len(found) == 1 for found in by_patient.values())
    count = Counter(parts.values())
    assert count["tuning"] > 0
    assert 0 < count["held_out"] <= share * len(parts) + max(sizes)
    backwards = dict(reversed(patients.items()))
    assert split_by_group(Groups(backwards, "patient"), held_out=share, seed=seed) == parts


def test_the_paper_s_split() -> None:
    patients = {f"{film:07d}": f"{film:07d}" for film in range(4963)}
    count = Counter(split_by_group(Groups(patients, "patient"), held_out=0.15, seed=2026).values())
    assert count == {"tuning": 4219, "held_out": 744}


def test_one_patient_cannot_be_split() -> None:
    with pytest.raises(SourceError, match="one patient"):
        split_by_group(Groups({"a": "p", "b": "p"}, "patient"), held_out=0.15, seed=1)


def test_films_are_grouped_by_what_is_stated() -> None:
    def rows(*known: tuple[str | None, str | None]) -> list[dict[str, str | None]]:
        return [
            {"id": f"f{at}", "patient": patient, "case": case}
            for at, (patient, case) in enumerate(known)
        ]

    def alike(groups: Groups) -> list[int]:
        found = list(groups.of.values())
        return [found.index(one) for one in found]

    by_patient = groups_of(rows(("p", "1"), ("p", "2"), ("q", "2")))
    assert (by_patient.unit, alike(by_patient)) == ("patient", [0, 0, 2])
    by_case = groups_of(rows((None, "1"), (None, "1"), (None, "2")))
    assert (by_case.unit, alike(by_case)) == ("case", [0, 0, 2])
    partly = groups_of(rows(("p", None), (None, None), ("p", None), (None, None)))
    assert (partly.unit, alike(partly)) == ("film", [0, 1, 0, 3])
    # A case that is called like a patient is another group.
    mixed = groups_of(rows(("1", None), (None, "1"), (None, "1")))
    assert (mixed.unit, alike(mixed)) == ("film", [0, 1, 1])
    nothing = groups_of(rows((None, None), (None, None)))
    assert (nothing.unit, alike(nothing)) == ("film", [0, 1])


def test_one_film_of_unknown_patient_is_no_patient() -> None:
    with pytest.raises(SourceError, match="films of one film"):
        split_by_group(Groups({"a": "film a"}, "film"), held_out=0.15, seed=1)


def before_there_was_control(groups: Groups, held_out: float, seed: int) -> dict[str, str]:
    """The split of version 0 of this program, word for word."""
    films: dict[str, list[str]] = {}
    for film in sorted(groups.of):
        films.setdefault(groups.of[film], []).append(film)
    keys = sorted(films)
    order = [keys[place] for place in np.random.default_rng([seed, 1]).permutation(len(keys))]
    target = held_out * len(groups.of)
    parts = dict.fromkeys(sorted(groups.of), "tuning")
    assigned = 0
    for place, group in enumerate(order[:-1]):
        size = len(films[group])
        if place and assigned + size / 2 > target:
            break
        parts.update(dict.fromkeys(films[group], "held_out"))
        assigned += size
    return parts


def of_sizes(sizes: list[int]) -> Groups:
    patients = {
        f"film-{patient}-{film}": f"p{patient}"
        for patient, size in enumerate(sizes)
        for film in range(size)
    }
    return Groups(patients, "patient")


SIZES = st.lists(st.integers(1, 6), min_size=3, max_size=60)
SEEDS = st.integers(0, 2**63 - 1)


@given(sizes=SIZES, share=st.floats(0.01, 0.5), seed=SEEDS)
def test_without_a_control_part_films_are_held_out_as_ever(
    sizes: list[int], share: float, seed: int
) -> None:
    groups = of_sizes(sizes)
    parts = split_by_group(groups, held_out=share, seed=seed)
    assert parts == before_there_was_control(groups, share, seed)
    assert parts == split_by_group(groups, held_out=share, seed=seed, control=0)


@given(sizes=SIZES, share=st.floats(0.01, 0.5), control=st.floats(0.01, 0.5), seed=SEEDS)
def test_control_is_drawn_first_by_whole_patients_and_held_out_is_a_share_of_the_others(
    sizes: list[int], share: float, control: float, seed: int
) -> None:
    groups = of_sizes(sizes)
    parts = split_by_group(groups, held_out=share, seed=seed, control=control)
    of_patient: dict[str, set[str]] = {}
    for film, part in parts.items():
        of_patient.setdefault(groups.of[film], set()).add(part)
    assert all(len(found) == 1 for found in of_patient.values())
    count = Counter(parts.values())
    assert min(count[part] for part in ("tuning", "held_out", "control")) > 0
    first = count["control"] <= 6 and sum("control" in part for part in of_patient.values()) == 1
    assert count["control"] <= control * len(parts) or first
    others = {film: groups.of[film] for film, part in parts.items() if part != "control"}
    # What is held out of the others is what would be held out if they were all the films.
    alone = before_there_was_control(Groups(others, "patient"), share, seed)
    assert {film: parts[film] for film in others} == alone
    # And whatever is held out, the control part is the same: no run ever has seen it.
    again = split_by_group(groups, held_out=0.3, seed=seed, control=control)
    assert {f for f in parts if parts[f] == "control"} == {
        f for f in again if again[f] == "control"
    }


def test_the_share_of_control_is_met_to_the_film_where_patients_have_single_ones() -> None:
    groups = of_sizes([1, 1, 1, 1, 2, 2] * 90)
    count = Counter(split_by_group(groups, held_out=0.15, seed=2026, control=0.1667).values())
    assert count["control"] == 120
    assert 89 <= count["held_out"] <= 91


def test_two_patients_cannot_be_split_in_three() -> None:
    two = Groups({"a": "p", "b": "q"}, "patient")
    with pytest.raises(SourceError, match=r"two patients into three.*set split.control to 0"):
        split_by_group(two, held_out=0.15, seed=1, control=0.1)
    with pytest.raises(SourceError, match="at least three patients"):
        split_by_group(Groups({"a": "p"}, "patient"), held_out=0.15, seed=1, control=0.1)
    three = Groups({"a": "p", "b": "q", "c": "r"}, "patient")
    parts = split_by_group(three, held_out=0.15, seed=1, control=0.1)
    assert sorted(parts.values()) == ["control", "held_out", "tuning"]


def test_pixels_that_control_shares_with_another_part_are_told_with_both_films() -> None:
    parts = {"a": "control", "b": "tuning", "c": "held_out", "d": "control", "e": "tuning"}
    pixels = {"a": "1", "b": "1", "c": "1", "d": "2", "e": "3"}
    files = {film: f"{film}.png" for film in parts}
    faults = twins_of_control(parts, pixels, files)
    assert [(fault.where, fault.what.split()[5].rstrip(",")) for fault in faults] == [
        ("a.png", "b.png"),
        ("a.png", "c.png"),
    ]
    # Two films of the control part, and two that are trained on, may be equal.
    assert not twins_of_control(parts, pixels | {"a": "2", "b": "3"}, files)


@settings(max_examples=60, deadline=None)
@given(
    films=st.lists(
        st.tuples(st.integers(0, 25), st.sampled_from("abc")), min_size=30, max_size=150
    ),
    held_out=st.sampled_from([0.1, 0.2, 0.5]),
    control=st.sampled_from([0.0, 0.1, 0.25]),
    seed=st.integers(0, 9),
)
def test_shares_are_kept_within_each_stratum_and_patients_together(
    films: list[tuple[int, str]], held_out: float, control: float, seed: int
) -> None:
    strata = {f"patient {owner}": name for owner, name in films}
    groups = Groups({str(at): f"patient {owner}" for at, (owner, _) in enumerate(films)}, "patient")
    if len(strata) < 6:
        return
    options: dict[str, Any] = {"held_out": held_out, "control": control, "seed": seed}
    parts = split_by_group(groups, strata=strata, **options)
    backwards = Groups(dict(reversed(groups.of.items())), "patient")
    assert parts == split_by_group(backwards, strata=strata, **options)
    whole = {
        group: {parts[film] for film in groups.of if groups.of[film] == group} for group in strata
    }
    assert all(len(each) == 1 for each in whole.values())
    assert {"tuning", "held_out"} <= set(parts.values())
    assert ("control" in parts.values()) == (control > 0)
    most = max(Counter(groups.of.values()).values())
    for name in set(strata.values()):
        mine = [film for film in parts if strata[groups.of[film]] == name]
        count = Counter(parts[film] for film in mine)
        assert abs(count["control"] - control * len(mine)) <= 2 * most
        rest = len(mine) - count["control"]
        assert abs(count["held_out"] - held_out * rest) <= 2 * most


def test_without_a_split_by_strata_a_rare_one_may_be_in_one_part_alone() -> None:
    """What it is for: 20 films of 200 are of another site; each part gets its share of them."""
    groups = Groups({f"{at:03d}": f"film {at}" for at in range(200)}, "film")
    strata = {f"film {at}": "rare" if at < 20 else "usual" for at in range(200)}
    counts = []
    for seed in range(20):
        parts = split_by_group(groups, held_out=0.15, control=0.2, seed=seed, strata=strata)
        count = Counter(parts[f"{at:03d}"] for at in range(20))
        assert count["control"] == 4
        assert count["held_out"] in (2, 3)
        plain = split_by_group(groups, held_out=0.15, control=0.2, seed=seed)
        counts.append(Counter(plain[f"{at:03d}"] for at in range(20))["control"])
    assert min(counts) < 3
    assert max(counts) > 5
