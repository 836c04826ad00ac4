"""Films that no run saw: what validate holds them to, and what card, record and verify say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json, write_json
from cxr_release.params.project import Params
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.validate import validate
from cxr_release.release.verify import verify
from tests.support.card_rules import first_screen, written
from tests.support.release_artefacts import (
    CONTROL,
    add_control,
    make_release_of,
    of_a_house,
    write_inputs,
)
from tests.support.tampering import named


@pytest.fixture
def inputs(tmp_path: Path) -> ReleaseInputs:
    inputs = write_inputs(tmp_path / "artefacts")
    add_control(inputs)
    return inputs


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("ours", [False, True])
def test_the_card_says_what_control_films_are_for_and_how_many_there_are(
    inputs: ReleaseInputs, params: Params, tmp_path: Path, ours: bool
) -> None:
    release = make_release_of(inputs, of_a_house(params) if ours else params, tmp_path)
    card = words(written(release))
    assert (
        "The network was trained on 3 films of this source only (the source films), from random"
        " weights. 25 more films, of other patients, were kept from every run, as a control: what"
        " a network that learnt without copying would come to is measured on films that it never"
        " saw, see [Memorization](#memorization)." in card
    )
    assert "| source films: both together, on which the network was trained | 3 |" in card
    assert "| control films, which no run saw, of other patients | 25 |" in card
    drawn = "" if ours else " (drawn ones)"
    assert f"| patients of the source films{drawn} | 3 |" in card
    assert f"| patients of the control films{drawn} | 25 |" in card
    assert "compared with each of 3 source films: 48 pairs. So were 25 control films" in card
    assert "and control films, which no run saw, and their nearest source films, also of" in card
    assert "| control films, among source films | 25 |" in card
    assert (
        "Of 16 new films like the 25 control ones, chance alone would put 0.62 nearer to a source"
        " film than any of those; 1 is (exact test, p = 0.39)." in card
    )
    assert "control films**: " in card
    for said in ("fewer films than the synthetic ones were", "like the 25 held-out", "28 films"):
        assert said not in card, said
    if not ours:
        drawn_ones = (
            "The network learnt from 3 films of: Drawn lateral cervical phantoms (no patients)."
        )
        assert drawn_ones in first_screen(written(release))
    metrics = read_json(release / "release.json")["metrics"]
    assert metrics["split"]["films"] == {"tuning": 2, "held_out": 1, "control": CONTROL}
    assert (metrics["audit"]["real"]["films"], metrics["audit"]["control"]["films"]) == (3, 25)
    assert metrics["ingest"]["films"] == 28
    croissant = (release / "croissant.json").read_text(encoding="utf-8")
    assert "The network was trained on 3 films of 3" in croissant
    assert "From every run were kept 25 more films of that source." in croissant
    assert "control-0-secret" not in "".join(
        path.read_text(encoding="utf-8") for path in release.glob("*.*") if path.suffix != ".png"
    )
    # Scores of patients' films with each other are rounded, as those of all baselines are.
    scores = metrics["audit"]["calibration"]["control"]["score"].values()
    assert all(score == round(score) for score in scores) == ours
    assert not verify(release)["differences"]


def change(path: Path, *keys: Any, value: Any) -> None:
    document = part = read_json(path)
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = value
    write_json(path, document)


def in_split(changed: Callable[[list[dict[str, Any]]], object]) -> Callable[[ReleaseInputs], None]:
    def apply(inputs: ReleaseInputs) -> None:
        path = inputs.split / "split.parquet"
        rows = tables.read_rows(path, schemas.SPLIT)
        changed(rows)
        tables.write(path, schemas.SPLIT, rows)

    return apply


def leaked(inputs: ReleaseInputs) -> None:
    """A control film in the table that generators see."""
    path = inputs.split / "trained.parquet"
    control = next(tables.iterate(inputs.split / "control.parquet", schemas.COHORT))
    tables.write(path, schemas.COHORT, [*tables.iterate(path, schemas.COHORT), control])


def twin(inputs: ReleaseInputs) -> None:
    """A control film whose pixels are those of a film that is trained on."""
    seen = next(tables.iterate(inputs.split / "trained.parquet", schemas.COHORT))
    facts = {name: seen[name] for name in ("image", "sha256", "pixel_sha256")}
    for path, place in (
        (inputs.cohort / "cohort.parquet", 5),
        (inputs.split / "control.parquet", 2),
    ):
        rows = list(tables.iterate(path, schemas.COHORT))
        rows[place] |= facts
        tables.write(path, schemas.COHORT, rows)


def audit_says(*keys: str, value: Any) -> Callable[[ReleaseInputs], None]:
    return lambda inputs: change(inputs.audit / "audit.json", *keys, value=value)


FAULTS: dict[str, tuple[Callable[[ReleaseInputs], object], str]] = {
    "a film of no part": (in_split(lambda rows: rows.pop()), "control-24-secret: is in no part"),
    "a film of another cohort": (
        in_split(lambda rows: rows.append({"id": "other", "patient": None, "part": "tuning"})),
        "other: is not a film of the cohort",
    ),
    "a patient in two parts": (
        in_split(lambda rows: rows[5].update(patient=rows[0]["patient"])),
        "split.parquet: 1 patient(s) have films in two parts",
    ),
    "a control film that was trained on": (leaked, "trained.parquet: is not of those films"),
    "its pixels": (twin, "control-2-secret: has the pixels of a film that is trained on"),
    "the split's count": (
        lambda inputs: change(inputs.split / "summary.json", "films", "control", value=24),
        "summary.json: key films",
    ),
    "the audit's count of source films": (
        audit_says("real", "films", value=28),
        "key real.films: says 28, the parts of the split say 3",
    ),
    "the audit's count of control films": (
        audit_says("control", "films", value=24),
        "key control.films: says 24, the parts of the split say 25",
    ),
    "patients of the control films": (
        audit_says("control", "patients", value=24),
        "key control.patients: says 24, the parts of the split say 25",
    ),
    "an audit without control films": (
        audit_says("control", value=None),
        "key control.films: says 0, the parts of the split say 25",
    ),
    "the number of nearer films": (
        audit_says("calibration", "chance", "nearer", value=0),
        "key calibration.chance: nearer: says 0; it is 1 to 1",
    ),
    "a control film that was not read": (
        audit_says("control", "unreadable", value=[{"film": "x", "fault": "cut short"}]),
        "control films could not be read, so not all were searched",
    ),
}


@pytest.mark.parametrize("rule", FAULTS)
def test_each_rule_names_its_fault(inputs: ReleaseInputs, params: Params, rule: str) -> None:
    breaks, told = FAULTS[rule]
    breaks(inputs)
    with pytest.raises(ReleaseError) as caught:
        validate(inputs, params)
    assert told in str(caught.value)


TOLD: dict[str, tuple[tuple[Any, ...], Any, str]] = {
    "films of the control part": (
        ("split", "films", "control"),
        26,
        "key metrics.split.films: says 29, the films taken in say 28",
    ),
    "control films": (
        ("audit", "control", "films"),
        26,
        "key control.films: says 26, the parts of the split say 25",
    ),
    "nearer films": (
        ("audit", "calibration", "chance", "nearer"),
        0,
        "chance: nearer: says 0; it is 1 to 1",
    ),
    "bins": (("audit", "histogram", "control"), [10, 14, 0], "control: says 24, the films"),
    "compared": (
        ("audit", "calibration", "chance", "compared"),
        24,
        "compared: says 24, the baseline say 25",
    ),
}


@pytest.mark.parametrize("case", TOLD)
def test_verify_counts_again(
    inputs: ReleaseInputs, params: Params, tmp_path: Path, case: str
) -> None:
    release = make_release_of(inputs, params, tmp_path)
    keys, value, told = TOLD[case]
    change(release / "release.json", "metrics", *keys, value=value)
    lines = named(release)
    assert any(told in line for line in lines), lines
