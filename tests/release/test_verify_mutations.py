"""Every number of the documents counts: one digit altered, and verification says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxr_release.release.layout import DATASHEET
from tests.support.mutations import Mutation, is_noticed, many_times, mutations_of, sampled
from tests.support.tampering import make, named


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    verdicts = {1: "copy", 2: "unsure", 3: "not-a-copy"}
    return make(tmp_path_factory.mktemp("rated"), rated=True, verdicts=verdicts)


@pytest.mark.parametrize(
    ("text", "numbers"),
    {
        "Of 1,234 films (12.5 %), 7.": ["1,234", "12.5", "7"],
        "version 1.0.0, 2e-05": ["1.0.0", "2", "05"],
        "checkpoint-3-large-00012": ["3", "00012"],
        f"film-{'a1' * 8} {'0f' * 32}": ["a1" * 8, "0f" * 32],
        "0.12345678901234567": ["0.12345678901234567"],
        "no numbers, facade": [],
    }.items(),
)
def test_a_number_is_a_longest_run_of_digits(text: str, numbers: list[str]) -> None:
    assert [one.was for one in mutations_of(text)] == numbers


def test_its_last_digit_is_altered() -> None:
    (first, second, third) = mutations_of(f"a 9.\nb 1,239 of\n{'a1' * 8}")
    assert first.text == f"a 0.\nb 1,239 of\n{'a1' * 8}"
    assert second.text == f"a 9.\nb 1,230 of\n{'a1' * 8}"
    assert str(second) == "line 2: b [1,239 → 1,230] of"
    assert third.now == "a1" * 7 + "a2"


def test_a_sample_is_always_the_same() -> None:
    several = list(mutations_of(" ".join(map(str, range(100)))))
    assert sampled(several, 0) == sampled(several, 100) == several
    assert sampled(several, 10) == sampled(several, 10)
    assert len({one.line for one in several}) == 1
    assert len(sampled(several, 10)) == 10


def test_an_altered_release_is_put_back(rated: Path) -> None:
    before = {path: path.read_bytes() for path in rated.rglob("*") if path.is_file()}
    text = (rated / "README.md").read_text(encoding="utf-8")
    assert is_noticed(rated, "README.md", text.replace("\n# ", "\n# 1 ", 1))
    assert not is_noticed(rated, "README.md", text)
    assert {path: path.read_bytes() for path in rated.rglob("*") if path.is_file()} == before
    assert named(rated) == []


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "name", ["README.md", DATASHEET, "croissant.json", "CITATION.cff", "CHANGELOG.md", "LICENSE"]
)
def test_any_number_that_is_altered_is_noticed(rated: Path, name: str) -> None:
    text = (rated / name).read_text(encoding="utf-8")
    with many_times():
        unnoticed: list[Mutation] = [
            one for one in mutations_of(text) if not is_noticed(rated, name, one.text)
        ]
    assert not unnoticed, "\n".join(map(str, unnoticed))
