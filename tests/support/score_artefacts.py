"""A scorecard as the stage leaves it: of sets that are too small, or with each part measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from cxr_release import schemas, tables
from cxr_release.files import read_json, write_json
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.scorecard.attacks.advantage import privacy_of
from cxr_release.scorecard.coverage_rows import score_of as coverage_of
from cxr_release.scorecard.fidelity_rows import COVERAGE, FRECHET, TWO_SAMPLE
from cxr_release.scorecard.fidelity_rows import score_of as fidelity_of
from cxr_release.scorecard.figures import names_due
from cxr_release.scorecard.summary import summary_of
from cxr_release.scorecard.utility.rows import recoveries
from cxr_release.statistics.multiple import holm

FEATURES = "random convolution features"
NONE_UNSEEN = "there are no films of patients whom no run saw"
ATTACKS = (
    ("distance to the closest record", "released films", "film"),
    ("density ratio", "released films", "film"),
    ("re-identification", "another film of the patient", "patient"),
)
CHECKPOINTS = ("1", "2", "3")


def write_score(
    inputs: ReleaseInputs, *, measured: bool = False, classes: dict[str, Any] | None = None
) -> None:
    """Write the scorecard of the films that these artefacts release, and its pictures."""
    films = read_json(inputs.split / "summary.json")["films"]
    screened = tables.read_rows(inputs.screening / "screened.parquet", schemas.SCREENED)
    sets = {
        "trained": _counts(films["tuning"] + films["held_out"]),
        "control": _counts(films["control"]),
        "released": {"films": sum(row["released"] for row in screened), "unreadable": 0},
    }
    report = scorecard(sets, measured=measured, classes=classes)
    inputs.score.mkdir(exist_ok=True)
    write_json(inputs.score / "scorecard.json", report)
    for name in names_due(report):
        Image.new("RGB", (12, 8), "white").save(inputs.score / name)


def _counts(films: int) -> dict[str, int]:
    return {"films": films, "patients": films, "patient_not_stated": 0, "unreadable": 0}


def scorecard(
    sets: dict[str, Any], *, measured: bool, classes: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What `scorecard.json` holds."""
    if measured:
        fidelity, utility, privacy, coverage = _fidelity(), _utility(), _privacy(), _coverage()
    else:
        fidelity, utility, privacy, coverage = [], [], _unmeasured(), [_too_few()]
    why_not = [f"{attack['attack']}: {attack['why_not']}" for attack in privacy
               if attack["why_not"]]  # fmt: skip
    names = ("release", "ideal", "copies", *CHECKPOINTS)
    parts = {
        "fidelity": {name: fidelity_of(fidelity, name) for name in names},
        "utility": {"ideal": 100.0 if measured else None}
        | {name: share for name, share in recoveries(utility).items() if name != "noise"},
        "privacy": {"release": privacy_of(privacy), "ideal": 80.5, "copies": 12.5},
        "coverage": {"release": coverage_of(coverage), "ideal": 95.5, "copies": 100.0},
    }
    if not measured:
        parts = {part: {"release": None} for part in parts}
    return {
        "schema": 1,
        "sets": sets,
        "fidelity": fidelity,
        "utility": utility,
        "learning_curves": _curves() if measured else [],
        "privacy": privacy,
        "coverage": coverage,
        "prevalence": _prevalence() if measured else [],
        "notes": ["2 of 3 trained films are not labelled"] if measured else [],
        "summary": summary_of(parts, why_not),
        **({} if classes is None else {"classes": classes}),
    }


def _prevalence() -> list[dict[str, Any]]:
    """One class kept, one drawn less often; of the other fact nothing is judged."""
    shares = {
        ("curvature", "kyphotic"): (20, 0.1, [0.05, 0.15], 0.001, None),
        ("curvature", "straight"): (60, 0.9, [0.85, 0.95], 0.4, None),
        ("sex", "f"): (40, 0.5, [0.0, 1.0], 0.5, "unlike real films of any class"),
        ("sex", "m"): (40, 0.5, [0.0, 1.0], 0.5, "unlike real films of any class"),
    }
    totals = {"curvature": 80, "sex": 80}
    adjusted = iter(holm([p for *_, p, why in shares.values() if why is None]))
    return [
        {
            "fact": fact,
            "class": name,
            "real": {"films": films, "patients": films, "share": films / totals[fact]},
            "synthetic": {"films": 200, "share": share, "interval": interval},
            "unlike": 0.05 if why is None else 0.4,
            "why_not": why,
            "p": p,
            "p_holm": next(adjusted) if why is None else None,
            "found": "less" if p < 0.01 else None,
            "half": why is None,
        }
        for (fact, name), (films, share, interval, p, why) in shares.items()
    ]


def _unmeasured() -> list[dict[str, Any]]:
    return [
        {"attack": name, "access": access, "unit": unit, "measurable": False,
         "why_not": NONE_UNSEEN}
        for name, access, unit in ATTACKS
    ]  # fmt: skip


def attack(name: str, access: str, unit: str, **changes: Any) -> dict[str, Any]:
    """An attack that found what was planted, and no leak; p values are not corrected yet."""
    return {
        **{"attack": name, "access": access, "unit": unit, "measurable": True, "why_not": None},
        **{"fault": False, "members": 3, "controls": 25, "member_patients": 3},
        **{"control_patients": 25, "auc": 0.5625, "interval": [0.5, 0.625]},
        "tpr": [
            {"at_most_fpr": 0.01, "false_positives": 0, "value": 0.0, "interval": [0.0, 0.25],
             "measurable": True},
            {"at_most_fpr": 0.001, "false_positives": 0, "value": 0.0, "interval": [0.0, 0.25],
             "measurable": False},
        ],
        "roc": [[0.0, 0.0], [0.5, 0.6], [1.0, 1.0]],
        "beyond_any_control": {"members": 1, "tested": 1, "expected": 0.25, "interval": [0, 2]},
        "power": [
            {"dose": "all of them *planted*", "planted": 3, "joins_release": False, "auc": 0.9375,
             "interval": [0.875, 1.0], "found": True, "found_by": ["auc"],
             "roc": [[0.0, 0.5], [1.0, 1.0]], "beyond_any_control": 2,
             "tpr_at_most_1_percent_fpr": 0.5},
        ],
        **{"smallest_auc_detectable": 0.75, "powered": ["auc"], "leaks": []},
        "p": {"auc": 0.25, "beyond_any_control": 0.5},
        **changes,
    }  # fmt: skip


def _privacy() -> list[dict[str, Any]]:
    attacks = [
        attack(*ATTACKS[0]),
        attack(*ATTACKS[1], p={"auc": 0.125}),
        {"attack": ATTACKS[2][0], "access": ATTACKS[2][1], "unit": "patient",
         "measurable": False, "why_not": "one film a patient"},
        attack(
            "calibrated loss", "the network's weights", "film",
            subject="the network at step 1,350",
            beside=[{"score": "loss", "auc": 0.5, "interval": [0.25, 0.75],
                     "canaries_found": False}],
        ),
    ]  # fmt: skip
    made = [each for each in attacks if "p" in each]
    adjusted = iter(holm([p for each in made for p in each["p"].values()]))
    for each in made:
        each["p_holm"] = {test: next(adjusted) for test in each["p"]}
    return attacks


def _fidelity() -> list[dict[str, Any]]:
    values = {
        (FRECHET, "lower"): ((0.5, 0.75, 0.5, 0.375), (0.25, 0.25, 0.625, 40.0)),
        (COVERAGE, "higher"): ((0.75, 0.5, 0.75, 0.875), (1.0, 0.875, 0.75, 0.0)),
        (TWO_SAMPLE, "lower"): ((0.75, 0.875, 0.75, 0.625), (0.5, 0.5625, 0.9375, 1.0)),
    }
    return [
        {"metric": metric, "features": FEATURES, "of": name, "films": 12, "reference": 25,
         "reference_of": "control", "value": value, "interval": [value - 0.125, value + 0.125],
         "ideal": ideal, "copies": copies, "blurred": blurred, "noise": noise, "better": better}
        for (metric, better), (of, (ideal, copies, blurred, noise)) in values.items()
        for name, value in zip(("release", *CHECKPOINTS), of, strict=True)
    ]  # fmt: skip


def _utility() -> list[dict[str, Any]]:
    values = {"release": 0.625, "1": 0.5625, "2": 0.625, "3": 0.6875, "copies": 0.71875,
              "noise": 0.5}  # fmt: skip
    return [
        {"task": "inpainting", "labels": None, "learner": "closed", "protocol": "hybrid",
         "of": name, "ratio": 2, "real": 8, "synthetic": 16, "seeds": 5, "folds": 3,
         "tested_on": "control",
         "value": value, "real_only": 0.5, "real_only_films": 8, "ceiling": 0.75, "floor": 0.5,
         "baseline": "real only", "recovery": (value - 0.5) / 0.25, "difference": value - 0.5,
         "interval": [value - 0.625, value - 0.375], "t": 2.0, "df": 14, "p": 0.0625,
         "p_holm": None if name in ("copies", "noise") else 0.25, "d": 2.5, "sensitive": True,
         "why_not": "", "unit": "R²", "better": "higher",
         "worth_real_films": {"films": 12, "bound": None}}
        for name, value in values.items()
    ]  # fmt: skip


def _curves() -> list[dict[str, Any]]:
    return [
        {"task": "inpainting", "labels": None, "learner": "closed", "unit": "R²",
         "better": "higher", "real": [2, 4, 8], "value": [0.25, 0.375, 0.5]}
    ]  # fmt: skip


def _coverage() -> list[dict[str, Any]]:
    groups = {("", "all films"): (0.75, False), ("side", "left | right"): (0.625, True)}
    return [
        {"column": column, "group": group, "films": 28, "patients": 28, "features": features,
         "drawn": 7, "value": 0.5 * ratio, "ideal": 0.5, "ratio": ratio,
         "interval": [ratio - 0.125, ratio + 0.125], "rest": 0.875, "p": 0.001, "p_holm": 0.002,
         "missed": missed, "too_few": False}
        for (column, group), (ratio, missed) in groups.items()
        for features in (FEATURES, "vectors of small pictures")
    ] + [_too_few("side", "above")]  # fmt: skip


def _too_few(column: str = "", group: str = "all films") -> dict[str, Any]:
    empty = ("films", "patients", "features", "drawn", "value", "ideal", "ratio", "interval",
             "rest", "p", "p_holm")  # fmt: skip
    return {"column": column, "group": group, **dict.fromkeys(empty), "missed": False,
            "too_few": True}  # fmt: skip


def read_score(folder: Path) -> dict[str, Any]:
    """What the scorecard of some artefacts holds."""
    report: dict[str, Any] = read_json(folder / "scorecard.json")
    return report
