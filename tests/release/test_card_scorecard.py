"""What card, record and verify say of the scorecard, and what they hold it to."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release.errors import ReleaseError
from cxr_release.files import read_json, write_json
from cxr_release.params.project import Params
from cxr_release.release.documents.croissant_rai import _membership
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.record import Record
from cxr_release.release.validate import validate
from cxr_release.release.verify import verify
from tests.support.card_rules import first_screen, header_and_body, written
from tests.support.release_artefacts import (
    add_control,
    make_release_of,
    of_a_house,
    write_inputs,
)

Report = dict[str, Any]


@pytest.fixture
def inputs(tmp_path: Path) -> ReleaseInputs:
    inputs = write_inputs(tmp_path / "artefacts")
    add_control(inputs)
    return inputs


def section_of(release: Path) -> str:
    body = header_and_body(written(release))[1]
    return body.partition("\n## Fidelity, utility, privacy\n")[2].partition("\n## ")[0]


def test_it_begins_with_the_weakest_part_and_why(
    inputs: ReleaseInputs, params: Params, tmp_path: Path
) -> None:
    release = make_release_of(inputs, params, tmp_path)
    said = section_of(release)
    first = " ".join(said.split())
    assert first.startswith(
        "**In short.** Weakest part: utility, 50.0 of 100: in inpainting, 16 synthetic films beside"
        " 8 real ones reach 50 % of what as many other real films bring. No mean of the parts"
    )
    top = first_screen(written(release))
    assert "#fidelity-utility-privacy): gives nobody away; no [differential privacy](" in top
    assert "#memorization) | 75.0 | 80.5 | 12.5 |" in top
    assert "| privacy: gives nobody away | – | – | – |" in said
    assert "| checkpoint 1 | checkpoint 2 | checkpoint 3 |" in said
    assert "- re-identification: one film a patient" in said
    assert "| re-identification | another film of the patient | – | – | not measurable |" in said
    assert "none found" in said
    assert "all of them \\*planted\\*" in said
    assert "| side: left \\| right | 28 | 28 |" in said
    assert "**yes**" in said
    assert "Too few films or patients to measure: side: above." in said
    for picture in ("parts", "measures", "roc", "planted", "worth", "groups"):
        assert f"(../figures/score-{picture}.png)" in said


def test_of_sets_that_are_too_small_it_says_that_nothing_was_measured(
    params: Params, tmp_path: Path
) -> None:
    said = section_of(make_release_of(write_inputs(tmp_path / "a"), params, tmp_path))
    first = " ".join(said.split())
    assert first.startswith("**In short.** Not measurable: fidelity, utility, privacy, coverage.")
    assert "- density ratio: there are no films of patients whom no run saw" in said
    assert said.count("Not measured.") == 3
    assert "figures/score-" not in said


def test_numbers_of_a_house_s_films_are_rounded(
    inputs: ReleaseInputs, params: Params, tmp_path: Path
) -> None:
    path = inputs.score / "scorecard.json"
    report = read_json(path)
    report["privacy"][1]["auc"] = 0.5123456789
    write_json(path, report)
    for name, house in (("ours", of_a_house(params)), ("drawn", params)):
        release = make_release_of(inputs, house, tmp_path / name)
        stated = read_json(release / "release.json")["metrics"]["scorecard"]["privacy"][1]["auc"]
        assert stated == (0.512 if name == "ours" else 0.5123456789)
        assert verify(release)["differences"] == []


def changed(change: Callable[[Report], object]) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        report = read_json(path)
        change(report)
        write_json(path, report)

    return apply


FAULTS: dict[str, tuple[Callable[[Report], object], str]] = {
    "more films": (
        lambda report: report["sets"]["released"].update(films=14),
        "key sets.released.films: says 14",
    ),
    "films that no run saw": (
        lambda report: report["sets"]["control"].update(films=24),
        "key sets.control.films: says 24",
    ),
    "a better number": (
        lambda report: report["summary"].update(privacy=99.0),
        "privacy: says 99.0, its rows say 75.0",
    ),
    "another weakest part": (
        lambda report: report["summary"].update(weakest="coverage"),
        "weakest: says 'coverage', the parts say 'utility'",
    ),
    "a checkpoint's number": (
        lambda report: report["summary"]["checkpoints"]["3"].update(fidelity=1.0),
        "checkpoints.3.fidelity: says 1.0",
    ),
    "a leak that was left out": (
        lambda report: report["privacy"][0]["p"].update(auc=0.0001),
        "distance to the closest record: leaks: says []",
    ),
    "an interval without its value": (
        lambda report: report["privacy"][1].update(interval=[0.57, 0.6]),
        "density ratio: interval: does not hold the AUC",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_follow_from_its_rows_is_refused_and_noticed(
    inputs: ReleaseInputs, params: Params, tmp_path: Path, fault: str
) -> None:
    change, words = FAULTS[fault]
    release = make_release_of(copy.deepcopy(inputs), params, tmp_path)
    path = release / "release.json"
    record = read_json(path)
    change(record["metrics"]["scorecard"])
    write_json(path, record)
    found = [f"{each['where']}: {each['what']}" for each in verify(release)["differences"]]
    assert any(words in each for each in found)
    changed(change)(inputs.score / "scorecard.json")
    with pytest.raises(ReleaseError) as caught:
        validate(inputs, params)
    assert words in str(caught.value)
    assert "run `dvc repro --force scorecard`" in str(caught.value)


def test_croissant_says_what_was_attacked_and_found(
    inputs: ReleaseInputs, params: Params, tmp_path: Path
) -> None:
    release = make_release_of(inputs, params, tmp_path)
    text = (release / "croissant.json").read_text(encoding="utf-8")
    assert "3 of 4 attacks on membership, held against films that no run saw" in text
    record = Record.model_validate(read_json(release / "release.json"))
    without = record.model_copy(
        update={"metrics": record.metrics.model_copy(update={"scorecard": None})}
    )
    assert _membership(without) == "No test of membership inference was made."


def test_no_path_of_a_network_or_of_films_goes_out(
    inputs: ReleaseInputs, params: Params, tmp_path: Path
) -> None:
    given = replace(
        params.score,
        external="/secret/hospital",
        extractors=("resnet50=/secret/file.pth", "radimagenet=/secret/r.pth@" + "a" * 64),
    )
    release = make_release_of(inputs, replace(params, score=given), tmp_path)
    record = read_json(release / "release.json")
    assert record["params"]["score"]["external"] == "given"
    assert record["params"]["score"]["extractors"] == [
        "resnet50=given", "radimagenet=given@" + "a" * 64
    ]  # fmt: skip
    assert "secret/" not in (release / "release.json").read_text(encoding="utf-8")
