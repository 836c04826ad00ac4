"""What in the measures of classes follows from other numbers of them; see `scorecard.classes`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.scorecard.classes.rows import verdict_of, worst_first
from cxr_release.statistics.multiple import holm
from cxr_release.statistics.proportions import ALPHA, clopper_pearson

MOST = 1_000
"""Classes that are counted again."""
EXACT, ROUNDED = 1e-9, 2e-3
"""By how much a share may be off; the latter where numbers were rounded, see `disclosure`."""
Report = Mapping[str, Any]


def check_classes(
    classes: Report, released: int, *, rounded: bool, place: Place, report: CheckReport
) -> None:
    """Films of classes are those of the release; shares, tests and verdicts follow.

    Args:
        classes: as `scorecard.json` has it.
        released: films of the release.
        rounded: whether numbers are; then what hangs on small differences is not taken again.
        place: of the classes.
        report: where faults go.
    """
    rows = classes["rows"]
    if len(rows) > MOST:
        report.add(place, f"has more than {MOST:,} classes")
        return
    names = [row["class"] for row in rows]
    report.says(place.at("rows"), sorted(names), sorted(classes["names"]), "the names")
    films = sum(row["synthetic"]["films"] for row in rows) + classes["unlabelled"]
    report.says(place.at("synthetic films"), films, released, "the films")
    near = ROUNDED if rounded else EXACT
    for where, stated, true in _numbers(classes):
        if stated is None or abs(stated - true) > near:
            report.says(place.at(where), stated, true, "its counts")
    if not rounded:
        _check_order(rows, place, report)
        _check_tests(rows, place, report)
        _check_verdicts(classes["oversampling"], place.at("oversampling"), report)
    report.applied("classes of the scorecard counted again", len(rows))


def _numbers(classes: Report) -> Iterator[tuple[str, float | None, float]]:
    """Where a number stands, the number, and what others come to."""
    for row in [*classes["rows"], {"class": "all", "obedience": classes["obedience"]}]:
        obeyed = row["obedience"]
        if obeyed is None:
            continue
        name = f"{row['class']}, obedience"
        if obeyed["value"] is not None:
            yield from _shares(name, obeyed, obeyed["obeyed"], obeyed["films"])
        control = obeyed["control"]
        if control["value"] is not None:
            yield f"{name}, control", control["value"], control["right"] / control["films"]
    score = classes["accuracy_score"]
    if not score["why_not"]:
        arms = score["synthetic"], score["real"]
        yield (
            "accuracy_score, difference",
            score["difference"],
            arms[0]["accuracy"] - arms[1]["accuracy"],
        )
        for arm in arms:
            yield "accuracy_score, accuracy", arm["accuracy"], _mean(arm["recalls"])
    added = classes["oversampling"]
    if not added["why_not"]:
        gap = added["real"]["gap"]
        yield "oversampling, gap", gap, _gap(added["real"]["classifier"]["recalls"])
        for arm in added["arms"]:
            if not arm["why_not"]:
                yield f"oversampling, {arm['how']}", arm["gap"], _gap(arm["classifier"]["recalls"])
                yield f"oversampling, {arm['how']}", arm["difference"], arm["gap"] - gap
    if number := classes["newcomer"]:
        yield from _shares("newcomer", number, number["right"], number["tested"])


def _shares(
    name: str, stated: Report, hits: int, films: int
) -> Iterator[tuple[str, float | None, float]]:
    yield f"{name}, value", stated["value"], hits / films
    for end, true in zip(stated["interval"], clopper_pearson(hits, films), strict=True):
        yield f"{name}, interval", end, true


def _mean(recalls: Mapping[str, float]) -> float:
    return sum(recalls.values()) / len(recalls)


def _gap(recalls: Mapping[str, float]) -> float:
    return max(recalls.values()) - min(recalls.values())


def _check_order(rows: Sequence[Report], place: Place, report: CheckReport) -> None:
    true = [(row["class"], row["weakest"]) for row in worst_first(rows)]
    stated = [(row["class"], row["weakest"]) for row in rows]
    if [name for name, _ in stated] != [name for name, _ in true]:
        report.add(place, "does not have the worst class first")
    for (name, weakest), (_, again) in zip(stated, true, strict=True):
        near = weakest == again or (
            bool(weakest and again)
            and weakest["measure"] == again["measure"]
            and abs(weakest["share"] - again["share"]) <= EXACT
        )
        if not near:
            report.says(place.at(f"{name}, weakest"), weakest, again, "its measures")


def _check_tests(rows: Sequence[Report], place: Place, report: CheckReport) -> None:
    """Each leak, and each p value of obedience, is one among all tests of its kind."""
    obeyed = [row for row in rows if row["obedience"]]
    ps = [row["obedience"]["p"] for row in obeyed]
    for row, p in zip(obeyed, holm(ps), strict=True):
        _require_p(row["obedience"]["p_holm"], p, place.at(f"{row['class']}, obedience"), report)
    tests = [
        (row, attack, test, p)
        for row in rows
        for attack in row["privacy"]["attacks"]
        for test, p in attack["p"].items()
    ]
    leaks: dict[int, list[str]] = {}
    for (row, attack, test, _), p in zip(tests, holm([p for *_, p in tests]), strict=True):
        where = place.at(f"{row['class']}, {attack['attack']}")
        _require_p(attack["p_holm"][test], p, where, report)
        found = leaks.setdefault(id(attack), [])
        if p is not None and p <= ALPHA and (test != "auc" or attack["auc"] > 0.5):
            found.append(test)
    for row in rows:
        for attack in row["privacy"]["attacks"]:
            where = place.at(f"{row['class']}, {attack['attack']}, leaks")
            report.says(where, attack["leaks"], leaks.get(id(attack), []), "the p values")
    report.applied("tests of classes corrected again", len(tests))


def _require_p(stated: float | None, true: float | None, place: Place, report: CheckReport) -> None:
    if (stated is None) != (true is None) or abs((stated or 0.0) - (true or 0.0)) > EXACT:
        report.says(place.at("p_holm"), stated, true, "the p values")


def _check_verdicts(added: Report, place: Place, report: CheckReport) -> None:
    for arm in added.get("arms", ()):
        if not arm["why_not"]:
            true = verdict_of(arm["interval"], arm["accuracy_interval"])
            report.says(place.at(f"{arm['how']}, verdict"), arm["verdict"], true, "its intervals")
