"""A release of which a sample of each checkpoint was reviewed: record, card, checks and gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas, tables
from cxr_release.files import read_json, write_json
from cxr_release.params.project import Params
from cxr_release.publishing.readiness import incomplete_reviews
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.record import Record
from cxr_release.release.validate import validate
from cxr_release.screening.acceptance import acceptance_of, sampled_films, state_of
from cxr_release.screening.counts import review_totals
from cxr_release.screening.reviewers import sentence_of
from cxr_release.statistics.proportions import most_in_lot
from tests.support.breaking import rejson
from tests.support.card_rules import first_screen, written
from tests.support.release_artefacts import (
    EXCLUDED,
    make_release_of,
    reviewed,
    small_params,
    write_inputs,
)
from tests.support.tampering import named

SIZE = 5


def sampled(params: Params, size: int = SIZE) -> Params:
    return replace(params, screen=replace(params.screen, sample=size))


def write_sample(inputs: ReleaseInputs, params: Params, *, late: int = 0) -> dict[str, Any]:
    """Screen the samples alone, but for the last `late` films of them."""
    folder, rule = inputs.screening, params.screen
    rows = tables.read_rows(folder / "screened.parquet", schemas.SCREENED)
    exclusions = tables.read_rows(folder / "exclusions.parquet", schemas.EXCLUSIONS)
    ids = [row["id"] for row in rows]
    sample = sampled_films(ids, size=rule.sample, seed=params.seed, prescreened=())
    seen = {*sorted(sample - EXCLUDED.keys())[: len(sample - EXCLUDED.keys()) - late], *EXCLUDED}
    for row in rows:
        row.update(
            decided=row["id"] in seen, reviewers=int(row["id"] in seen), looked_at=row["id"] in seen
        )
    tables.write(folder / "screened.parquet", schemas.SCREENED, rows)
    counts = read_json(folder / "counts.json")
    for row in counts["rows"]:
        row["undecided"] = sum(
            not film["decided"]
            for film in rows
            if (film["checkpoint"], film["batch"]) == (row["checkpoint"], row["batch"])
        )
    counts["total"]["undecided"] = sum(not row["decided"] for row in rows)
    acceptance = acceptance_of(rows, exclusions, size=rule.sample, seed=params.seed)
    counts["review"] |= {
        **reviewed(seen).counted(),
        **review_totals(rows, exclusions),
        "acceptance": acceptance,
        "state": state_of(1, acceptance["waiting"]),
    }
    counts["review"]["sentence"] = sentence_of(counts["review"], len(rows))
    write_json(folder / "counts.json", counts)
    return acceptance


def make(root: Path, *, late: int = 0, size: int = SIZE) -> Path:
    params = sampled(small_params(), size)
    inputs = write_inputs(root / "artefacts")
    write_sample(inputs, params, late=late)
    return make_release_of(inputs, params, root)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("finished"))


def record_of(release: Path) -> Record:
    return Record.model_validate_json((release / "release.json").read_bytes(), strict=False)


def test_a_finished_sample_is_a_complete_review_with_its_bounds(finished: Path) -> None:
    assert not named(finished)
    record = record_of(finished)
    assert record.reviews.screening.state == "complete"
    assert "screening" not in {fault.where for fault in incomplete_reviews(record)}
    assert record.reviews.screening.acceptance
    for row in record.reviews.screening.acceptance.rows:
        assert (row.generated, row.sample, row.waiting) == (8, SIZE, 0)
        assert row.most_left is not None
        assert row.most_left <= most_in_lot(8, SIZE, row.faults) - row.faults
    card = written(finished)
    section = card.split("**Acceptance sampling.**")[1].split("## ")[0]
    for row in record.reviews.screening.acceptance.rows:
        assert f"| `{row.checkpoint}` | 8 | 8 | {SIZE} | 0 | {row.faults} |" in section
    assert "95.0% confidence" in section
    assert "A sample of the films was screened" in first_screen(card)
    assert "Screened films" not in first_screen(card)
    assert "not finished" not in section


def test_an_unfinished_sample_is_said_to_be_so_and_holds_the_release_back(tmp_path: Path) -> None:
    release = make(tmp_path, late=1)
    assert not named(release)
    record = record_of(release)
    assert record.reviews.screening.state == "partial"
    assert "screening" in {fault.where for fault in incomplete_reviews(record)}
    card = written(release)
    assert "1 film of the samples waits for a decision" in card
    assert "| not finished | not finished |" in card
    assert "released films (" not in card.split("## Screening")[1].split("\n## ")[0]
    assert "A sample of the films was screened" not in card


def test_without_a_sample_the_card_says_nothing_of_it(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path / "artefacts")
    card = written(make_release_of(inputs, small_params(), tmp_path))
    assert "Acceptance sampling" not in card


def altered(section: str, key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        acceptance = record["reviews"]["screening"]["acceptance"]
        (acceptance["rows"][0] if section == "row" else acceptance)[key] = value

    return change


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        pytest.param("row", "lot", 9, marks=pytest.mark.long),
        pytest.param("row", "sample", 4, marks=pytest.mark.long),
        ("row", "waiting", 5),
        pytest.param("row", "faults", 3, marks=pytest.mark.long),
        pytest.param("row", "released", 8, marks=pytest.mark.long),
        pytest.param("row", "unseen", 0, marks=pytest.mark.long),
        ("row", "most_left", 0),
        pytest.param("row", "share", 0.0, marks=pytest.mark.long),
        pytest.param("all", "size", 3, marks=pytest.mark.long),
        pytest.param("all", "confidence", 0.99, marks=pytest.mark.long),
        pytest.param("all", "waiting", 1, marks=pytest.mark.long),
        ("all", "together", None),
        pytest.param("all", "rows", [], marks=pytest.mark.long),
    ],
)
def test_no_number_of_it_can_be_bettered(
    finished: Path, tmp_path: Path, section: str, key: str, value: Any
) -> None:
    import shutil

    folder = Path(shutil.copytree(finished, tmp_path / "release"))
    rejson(folder / "release.json", altered(section, key, value))
    assert any("reviews.screening: acceptance" in line for line in named(folder))


def test_a_release_cannot_be_silent_about_its_sample(inputs: ReleaseInputs, params: Params) -> None:
    from cxr_release.errors import ReleaseError

    with pytest.raises(ReleaseError, match="1 fault") as refused:
        validate(inputs, sampled(params))
    assert "screen.sample" in str(refused.value.faults)
