"""What a release states of private training: held against itself, and in words on the card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release.errors import ReleaseError
from cxr_release.files import read_json
from cxr_release.generators.privacy import accounting
from cxr_release.params.project import Params
from cxr_release.params.training import PrivacyParams
from cxr_release.publishing.diff import compare, text_of
from cxr_release.release.checks import training as checks
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.checks.training import check_training
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.record import Record, Split, Training
from cxr_release.release.validate import validate
from cxr_release.release.verify import verify
from tests.support.card_rules import first_screen, rendered, written
from tests.support.release_artefacts import (
    PRIVACY,
    make_release_of,
    small_params,
    write_inputs,
    write_training,
)
from tests.support.release_configs import configs_of

KEY = {"noise_key": "5" * 64}
SPLIT = Split(
    by="patient",
    films={"tuning": 2, "held_out": 1, "control": 1},
    patients={"tuning": 2, "held_out": 1, "control": 1},
    patients_not_stated=0,
)
STARTED = "a" * 64


def private_params() -> Params:
    params = small_params()
    asked = PrivacyParams(epsilon=8.0, delta=0.01, clip=0.5, levels=2)
    return replace(params, train=replace(params.train, batch_size=1, privacy=asked))


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of privately trained films, which began from public weights."""
    root = tmp_path_factory.mktemp("private")
    inputs = write_inputs(root / "artefacts")
    write_training(inputs.final, privacy=PRIVACY | KEY, start={"sha256": STARTED})
    params = private_params()
    train = replace(params.train, start="secret-place/weights", start_sha256=STARTED)
    return make_release_of(inputs, replace(params, train=train), root)


def test_the_guarantee_stands_in_the_record_and_is_computed_again(private: Path) -> None:
    record = read_json(private / "release.json")
    stated = {"privacy": PRIVACY, "start": {"sha256": STARTED}}
    assert record["metrics"]["training"] == stated
    assert record["params"]["train"]["start"] == "given"
    text = json.dumps(record)
    assert "secret-place" not in text
    assert KEY["noise_key"] not in text
    report = verify(private, records=True)
    assert report["differences"] == []
    assert report["notes"] == []
    assert report["checked"]["guarantees of differential privacy computed again"] == 1


def test_the_card_says_what_is_guaranteed_for_whom_and_what_is_not(private: Path) -> None:
    card = written(private)
    flat = " ".join(card.split())
    assert "trained without differential privacy" not in flat
    for said in (
        "with differential privacy: ε = 8 and δ = `0.01` for each patient, of 3 in all.",
        "cannot become more than 99.97 % sure",
        "For patients, however many films they have",
        "| noise on each weight, in clips | 5.5586 |",
        "opacus 1.6.0",
        "the tuning run, whose losses stand in this datasheet",
        "Films from which the weights were learnt that training started from",
        f"`{STARTED}`",
        "Whoever holds the key of the noise",
        "films a step, on average",
    ):
        assert said in flat, said
    top = first_screen(card)
    assert "gives nobody away; trained with [differential privacy](" in top
    assert "#differential-privacy), ε = 8 |" in top
    assert "Training began with weights of which it is not known what they had learnt." in top
    croissant = (private / "croissant.json").read_text()
    assert "trained with differential privacy, ε = 8 and δ = 0.01 for each patient" in croissant


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of films that were trained on without privacy, from random weights."""
    root = tmp_path_factory.mktemp("plain")
    return make_release_of(write_inputs(root / "artefacts"), small_params(), root)


def test_without_it_the_card_says_so(plain: Path) -> None:
    card = " ".join(written(plain).split())
    assert "The network was trained without differential privacy" in card
    assert "## Differential privacy" not in card
    assert "gives nobody away; no [differential privacy](" in first_screen(written(plain))
    assert "Training began with weights" not in card
    assert "weights that training started from" not in card
    training = read_json(plain / "release.json")["metrics"]["training"]
    assert training == {"privacy": None, "start": None}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"unit": "film", "films_without_patient": 3},
            "for each film, of 3 in all.|For single films: patients are not stated.",
        ),
        (
            {"unit": "patient or film", "films_without_patient": 1},
            "for each patient, and film without a stated patient, of 3|1 film has no stated",
        ),
        ({"epsilon": 1}, "cannot become more than 73.11 % sure"),
        ({"epsilon": 200.5}, "more than 99.99 %, or hardly less than wholly, sure"),
        ({"delta": 1e-07}, "δ = `1e-07`"),
    ],
)
def test_the_card_is_true_for_other_guarantees(
    private: Path, changes: Mapping[str, Any], said: str
) -> None:
    document = read_json(private / "release.json")
    document["metrics"]["training"]["privacy"] |= changes
    card = " ".join(rendered(Record.model_validate(document), configs_of(private), []).split())
    for part in said.split("|"):
        assert part in card, part


def test_a_changed_guarantee_is_a_difference(private: Path, plain: Path) -> None:
    text = text_of(compare(str(plain), str(private)))
    assert "  - training, privacy, epsilon: not there → 8\n" in text
    assert "  - training, start, sha256: not there → " in text


def faults_of(params: Params, **changes: Any) -> list[str]:
    training = Training.model_validate({"privacy": {**PRIVACY, **changes}, "start": None})
    report = CheckReport()
    check_training(training, params, SPLIT, Place("record"), report)
    return [fault.where.rpartition(": ")[2] for fault in report.differences]


def test_a_sound_guarantee_has_no_fault() -> None:
    assert faults_of(private_params()) == []


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"epsilon": 7.9}, {"epsilon"}),
        ({"epsilon": 8.1}, {"epsilon"}),
        ({"noise_multiplier": 4.0}, {"epsilon"}),
        ({"steps": 1200}, {"epsilon", "steps"}),
        ({"delta": 0.02}, {"delta", "epsilon"}),
        ({"delta": 0.4}, {"delta", "epsilon"}),
        ({"clip": 0.25}, {"clip"}),
        ({"levels": 1}, {"levels"}),
        ({"batch_size": 2}, {"batch_size", "epsilon"}),
        ({"batch_size": 4}, {"batch_size"}),
        ({"units": 2}, {"units", "epsilon"}),
        ({"units": 4}, {"units", "epsilon"}),
        ({"films": 4}, {"films"}),
        ({"unit": "film"}, {"unit"}),
        ({"films_without_patient": 1}, {"unit", "units"}),
    ],
)
def test_a_guarantee_that_does_not_follow_is_named(
    changes: Mapping[str, Any], faults: set[str]
) -> None:
    assert set(faults_of(private_params(), **changes)) == faults


def test_a_guarantee_that_nobody_asked_for_is_named() -> None:
    assert faults_of(small_params()) == ["privacy"]


@pytest.mark.parametrize("training", [None, Training(privacy=None, start=None)])
def test_a_guarantee_that_was_asked_for_and_is_missing_is_named(training: Any) -> None:
    report = CheckReport()
    check_training(training, private_params(), SPLIT, Place("record"), report)
    assert ["privacy" in fault.where for fault in report.differences] == [True]


@pytest.mark.parametrize(
    "changes",
    [
        {"epsilon": -1.0},
        {"epsilon": float("nan")},
        {"noise_multiplier": 0.0},
        {"noise_multiplier": 1e300},
        {"delta": 0.0},
        {"units": 0},
        {"steps": 0},
        {"sampling": "shuffled"},
        {"accountant": "none"},
    ],
)
def test_numbers_that_no_guarantee_has_are_refused(changes: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        Training.model_validate({"privacy": {**PRIVACY, **changes}, "start": None})


def test_without_opacus_verify_says_what_it_did_not_check(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "is_installed", lambda: False)
    report = verify(private, records=True)
    assert report["differences"] == []
    (note,) = report["notes"]
    assert "ε = 8 of its private training was not computed again" in note
    assert accounting.REMEDY.partition("`")[2] in note
    assert any(rule.startswith("records of") for rule in report["checked"])


def refused(inputs: ReleaseInputs, params: Params) -> str:
    with pytest.raises(ReleaseError) as caught:
        validate(inputs, params)
    return str(caught.value)


def test_checkpoints_of_another_training_than_asked_for_are_not_released(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path)
    assert "is not what train.privacy asked for" in refused(inputs, private_params())
    write_training(inputs.final, privacy=PRIVACY | KEY)
    assert "is not what train.privacy asked for" in refused(inputs, small_params())
    write_training(inputs.final, start={"sha256": STARTED})
    assert "train.start_sha256 say" in refused(inputs, small_params())


def test_checkpoints_of_different_runs_are_not_released(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path)
    write_training(inputs.final, privacy=PRIVACY | KEY)
    other = inputs.final / "checkpoint-3" / "checkpoint.json"
    said = other.read_text().replace("5.5586", "5.5587")
    other.write_text(said)
    assert "its checkpoints are not of one run" in refused(inputs, private_params())
