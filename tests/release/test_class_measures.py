"""What card, record and verify say of the measures of classes, and what they hold them to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxr_release.files import read_json
from cxr_release.params.project import Params
from cxr_release.release.checks.class_measures import check_classes
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.record import Record
from cxr_release.release.verify import verify
from tests.support.card_rules import header_and_body, written
from tests.support.class_sets import class_report
from tests.support.release_artefacts import add_control, make_release_of
from tests.support.score_artefacts import read_score, write_score

Report = dict[str, Any]


def faults_of(report: Report, *, rounded: bool = False, released: int = 90) -> list[str]:
    found = CheckReport()
    check_classes(report, released, rounded=rounded, place=Place("classes"), report=found)
    return [f"{fault.where}: {fault.what}" for fault in found.faults]


def test_what_was_measured_follows_from_its_counts() -> None:
    assert faults_of(class_report()) == []


def test_rounded_numbers_are_held_to_what_rounding_leaves() -> None:
    def rounded(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: rounded(part) for key, part in value.items()}
        if isinstance(value, list):
            return [rounded(part) for part in value]
        return round(value, 3) if isinstance(value, float) else value

    report = rounded(class_report())
    assert faults_of(report, rounded=True) == []
    report["rows"][0]["obedience"]["obeyed"] -= 1
    assert len(faults_of(report, rounded=True)) > 1


def first(report: Report) -> Report:
    row: Report = report["rows"][0]
    return row


FAULTS: dict[str, tuple[Callable[[Report], object], str]] = {
    "fewer films": (
        lambda report: first(report)["synthetic"].update(films=29),
        "synthetic films: says 89",
    ),
    "a class that is not one": (
        lambda report: first(report).update({"class": "another"}),
        "rows: says",
    ),
    "more obedience": (
        lambda report: first(report)["obedience"].update(obeyed=24),
        "obedience, value: says 1.0",
    ),
    "a better classifier": (
        lambda report: first(report)["obedience"]["control"].update(right=3),
        "obedience, control: says 1.0",
    ),
    "no correction": (
        lambda report: first(report)["obedience"].update(p_holm=0.5),
        "obedience: p_holm: says 0.5",
    ),
    "a leak that was left out": (
        lambda report: first(report)["privacy"]["attacks"][0]["p"].update(beyond_any_control=1e-9),
        "leaks: says []",
    ),
    "another order": (
        lambda report: report["rows"].reverse(),
        "does not have the worst class first",
    ),
    "another weakest measure": (
        lambda report: first(report).update(weakest={"measure": "coverage", "share": 2.0}),
        "weakest: says",
    ),
    "a better score": (
        lambda report: report["accuracy_score"].update(difference=0.25),
        "accuracy_score, difference: says 0.25",
    ),
    "a score without its classes": (
        lambda report: report["accuracy_score"]["real"].update(accuracy=0.5),
        "accuracy_score, accuracy: says 0.5",
    ),
    "a gap that is not one": (
        lambda report: report["oversampling"]["real"].update(gap=0.5),
        "oversampling, gap: says 0.5",
    ),
    "help that was not shown": (
        lambda report: report["oversampling"]["arms"][1].update(verdict="helps"),
        "uniform, verdict: says 'helps'",
    ),
    "a newcomer's luck": (
        lambda report: report["newcomer"].update(right=report["newcomer"]["right"] + 1),
        "newcomer, value: says",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_follow_is_noticed(fault: str) -> None:
    change, words = FAULTS[fault]
    report = class_report()
    change(report)
    assert any(words in each for each in faults_of(report))


def test_the_card_says_of_each_class_what_was_measured(
    inputs: ReleaseInputs, params: Params, tmp_path: Path
) -> None:
    add_control(inputs)
    classes = class_report()
    released = read_score(inputs.score)["sets"]["released"]["films"]
    classes["unlabelled"] = released - 90
    # Of more films than these artefacts have: what is stated need not be, for the card to say it.
    write_score(inputs, measured=True, classes=classes | {"fact": "neck | posture"})
    release = make_release_of(inputs, params, tmp_path)
    body = header_and_body(written(release))[1]
    said = body.partition("\n### Class by class\n")[2].partition("\n### ")[0]
    assert "were drawn as classes of neck \\| posture." in said
    rows = [line for line in said.splitlines() if line.startswith("| ")]
    listed = [row["class"] for row in classes["rows"]]
    assert [line.split(" | ")[0] for line in rows[1:4]] == [f"| {name}" for name in listed]
    assert "30 | 30 | 24 | 100.0% [88.4%, 100.0%] | 100.0% [85.8%, 100.0%] | 0.0% |" in said
    assert "(../figures/score-classes.png)" in said
    assert said.count("none found") == 6
    assert "- rare: not measured, for no class is rarer than another." in said
    number = classes["newcomer"]
    assert f"{number['right']} are right: {number['value']:.1%}" in said
    record = Record.model_validate(read_json(release / "release.json"))
    scorecard = record.metrics.scorecard
    assert scorecard is not None
    assert {name: each["obeyed"] for name, each in scorecard.obedience.items()} == dict.fromkeys(
        listed, 30
    )
    assert verify(release)["checked"]["classes of the scorecard counted again"] == 3


@pytest.mark.long
def test_a_card_of_films_without_classes_says_nothing_of_them(
    inputs: ReleaseInputs, params: Params, tmp_path: Path
) -> None:
    add_control(inputs)
    release = make_release_of(inputs, params, tmp_path)
    assert "Class by class" not in written(release)
    record = Record.model_validate(read_json(release / "release.json"))
    assert record.metrics.scorecard is not None
    assert record.metrics.scorecard.obedience == {}
    assert "classes" not in record.metrics.scorecard.plain()
