from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import SourceError
from cxr_release.radiographs.split import split_by_patient


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
    parts = split_by_patient(patients, held_out=share, seed=seed)
    assert list(parts) == sorted(patients)
    by_patient: dict[str, set[str]] = {}
    for film, part in parts.items():
        by_patient.setdefault(patients[film], set()).add(part)
    assert all(len(found) == 1 for found in by_patient.values())
    count = Counter(parts.values())
    assert count["tuning"] > 0
    assert 0 < count["held_out"] <= share * len(parts) + max(sizes)
    backwards = dict(reversed(patients.items()))
    assert split_by_patient(backwards, held_out=share, seed=seed) == parts


def test_the_paper_s_split() -> None:
    patients = {f"{film:07d}": f"{film:07d}" for film in range(4963)}
    count = Counter(split_by_patient(patients, held_out=0.15, seed=2026).values())
    assert count == {"tuning": 4219, "held_out": 744}


def test_one_patient_cannot_be_split() -> None:
    with pytest.raises(SourceError, match="one patient"):
        split_by_patient({"a": "p", "b": "p"}, held_out=0.15, seed=1)
