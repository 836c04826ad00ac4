"""The rules of the scorecard that artefacts and release folders keep alike.

What it was taken of stays in the house; that its numbers follow from each other does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.record import Scorecard, Split
from cxr_release.scorecard.attacks.advantage import privacy_of
from cxr_release.scorecard.coverage_rows import score_of as coverage_of
from cxr_release.scorecard.fidelity_rows import score_of as fidelity_of
from cxr_release.scorecard.names import COPIES, IDEAL, PARTS, RELEASE
from cxr_release.scorecard.summary import weakest_of
from cxr_release.scorecard.utility.rows import recoveries
from cxr_release.statistics.multiple import holm
from cxr_release.statistics.proportions import ALPHA

OFF = 0.3
"""Of 100, that a part's number may be off where the numbers that it follows from were rounded."""
MOST = 10_000
"""Rows of a part that are counted again."""
Report = Mapping[str, Any]


def check_scorecard(
    scorecard: Scorecard,
    split: Split,
    released: int,
    *,
    rounded: bool,
    place: Place,
    report: CheckReport,
) -> None:
    """Sets are those of the split and the release; numbers of parts follow from their rows.

    Args:
        scorecard: as stated.
        split: likewise.
        released: films of the release.
        rounded: whether the rows' numbers are; see `disclosure`.
        place: of the scorecard.
        report: where faults go.
    """
    films = {
        "trained": split.films.get("tuning", 0) + split.films.get("held_out", 0),
        "control": split.films.get("control", 0),
        "released": released,
    }
    for name, true in films.items():
        stated = scorecard.sets.get(name, {})  # type: ignore[call-overload]
        report.says(place.at(f"key sets.{name}.films"), stated.get("films"), true, "the films")
    plain = scorecard.plain()
    if max(len(plain.get(part, [])) for part in (*PARTS, "prevalence")) > MOST:
        report.add(place, f"has more than {MOST:,} rows of a part")
        return
    _check_parts(plain, rounded=rounded, place=place.at("key summary"), report=report)
    _check_prevalence(plain.get("prevalence", []), rounded, place.at("key prevalence"), report)
    if not rounded:
        _check_attacks(plain["privacy"], place.at("key privacy"), report)
    report.applied("parts of the scorecard counted again", len(PARTS))


def _check_parts(plain: Report, *, rounded: bool, place: Place, report: CheckReport) -> None:
    summary, rows = plain["summary"], plain["fidelity"]
    useful = recoveries(plain["utility"])
    true: dict[tuple[str, ...], float | None] = {
        ("fidelity",): fidelity_of(rows, RELEASE),
        ("utility",): useful.get(RELEASE),
        ("privacy",): privacy_of(plain["privacy"]),
        ("coverage",): coverage_of(plain["coverage"]),
        ("anchors", IDEAL, "fidelity"): fidelity_of(rows, IDEAL),
        ("anchors", COPIES, "fidelity"): fidelity_of(rows, COPIES),
        ("anchors", COPIES, "utility"): useful.get(COPIES),
    }
    for name in summary["checkpoints"]:
        true["checkpoints", name, "fidelity"] = fidelity_of(rows, name)
        true["checkpoints", name, "utility"] = useful.get(name)
    for keys, number in true.items():
        stated: Any = summary
        for key in keys:
            stated = stated[key]
        near = (
            stated is not None
            and number is not None
            and abs(stated - number) <= (OFF if rounded else 1e-9)
        )
        if not near and (stated is not None or number is not None):
            report.says(place.at(".".join(keys)), stated, number, "its rows")
    report.says(place.at("weakest"), summary["weakest"], weakest_of(summary), "the parts")


def _check_prevalence(
    rows: list[dict[str, Any]], rounded: bool, place: Place, report: CheckReport
) -> None:
    """Shares of each fact sum to 1, and what is found is significant among all classes."""
    near = OFF / 100 if rounded else 1e-9
    for fact in dict.fromkeys(str(row["fact"]) for row in rows):
        of_fact = [row for row in rows if row["fact"] == fact]
        films = sum(row["real"]["films"] for row in of_fact)
        for row in of_fact:
            share = row["real"]["films"] / films if films else 0.0
            if abs(row["real"]["share"] - share) > near:
                report.says(place.at(f"{fact}, real share"), row["real"]["share"], share)
        total = sum(row["synthetic"]["share"] for row in of_fact)
        if abs(total - 1) > near * len(of_fact):
            report.add(place.at(fact), f"has shares of synthetic films whose sum is {total}")
    if rounded:
        return
    tested = [row for row in rows if row["why_not"] is None]
    for row in rows:
        if row["why_not"] is not None and (row["p_holm"], row["found"]) != (None, None):
            report.add(place.at(f"{row['fact']}, {row['class']}"), "is not judged, and yet found")
    for row, p in zip(tested, holm([row["p"] for row in tested]), strict=True):
        less = row["synthetic"]["share"] < row["real"]["share"]
        found = None if p is None or p > ALPHA else "less" if less else "more"
        if p is None or abs(row["p_holm"] - p) > near or row["found"] != found:
            report.add(place.at(f"{row['fact']}, {row['class']}"), "does not follow from its p")
    if rows:
        report.applied("shares of classes tested again", len(rows))


def _check_attacks(attacks: list[dict[str, Any]], place: Place, report: CheckReport) -> None:
    """Each leak is a test that is significant among all tests, in the right direction."""
    made = [attack for attack in attacks if "p" in attack]
    ps = [(attack["attack"], test, attack["p"][test]) for attack in made for test in attack["p"]]
    adjusted = iter(holm([p for *_, p in ps]))
    for attack in made:
        true = {test: next(adjusted) for test in attack["p"]}
        where = place.at(str(attack["attack"]))
        for test, p in true.items():
            stated = attack["p_holm"][test]
            if p is None or abs(stated - p) > 1e-9:
                report.says(where.at(f"p_holm.{test}"), stated, p, "the p values")
        leaks = [
            test
            for test, p in true.items()
            if p is not None and p <= ALPHA and (test != "auc" or attack["auc"] > 0.5)
        ]
        report.says(where.at("leaks"), sorted(attack["leaks"]), sorted(leaks), "the p values")
        low, high = attack["interval"]
        if not low <= attack["auc"] <= high:
            report.add(where.at("interval"), "does not hold the AUC")
    if ps:
        report.applied("tests of attacks corrected again", len(ps))
