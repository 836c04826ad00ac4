from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import SourceError
from cxr_release.radiographs.split import Groups, groups_of, split_by_group


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
