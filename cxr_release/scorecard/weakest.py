"""Why a part of a score has the number that it has: what in it is the weakest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cxr_release.scorecard.attacks.advantage import largest_advantage
from cxr_release.scorecard.coverage_rows import lowest
from cxr_release.scorecard.fidelity_rows import components_of
from cxr_release.scorecard.names import RELEASE
from cxr_release.scorecard.utility.rows import HYBRID, REAL_ONLY

Report = Mapping[str, Any]


def because(report: Report, part: str) -> str:
    """A clause that says what holds a part down; empty where nothing is known of it.

    Args:
        report: what `scorecard.json` holds.
        part: one of `summary.PARTS`, measured.
    """
    return _CLAUSES[part](report)


def _fidelity(report: Report) -> str:
    components = components_of(report["fidelity"], RELEASE)
    if not components:
        return ""
    least = min(components, key=lambda component: component.share)
    return f"{least.metric} is {least.value:.3f}, and {least.ideal:.3f} of other real films"


def _utility(report: Report) -> str:
    rows = [row for row in report["utility"] if row["of"] == RELEASE and row["sensitive"]]
    if not rows:
        return ""
    least = min(rows, key=lambda row: row["recovery"])
    hybrid = least["protocol"] == HYBRID
    films = f"{least['synthetic']:,} synthetic films"
    films += f" beside {least['real']:,} real ones" if hybrid else " alone"
    if least["recovery"] <= 0:
        base = f"{least['real_only_films']:,} real films"
        if least["baseline"] != REAL_ONLY:
            base = f"as many {least['baseline']} films"
        return f"in {least['task']}, {films} do no better than {base}"
    return (
        f"in {least['task']}, {films} reach {100 * least['recovery']:.0f} % of what as many"
        " other real films bring"
    )


def _privacy(report: Report) -> str:
    largest = largest_advantage(report["privacy"])
    return f"{largest.attack}, {largest.words}" if largest else ""


def _coverage(report: Report) -> str:
    least = lowest(report["coverage"])
    if least is None:
        return ""
    ratio, group = least
    return f"of {group}, synthetic films cover {ratio:.2f} of what as many other real films cover"


_CLAUSES: Mapping[str, Callable[[Report], str]] = {
    "fidelity": _fidelity,
    "utility": _utility,
    "privacy": _privacy,
    "coverage": _coverage,
}
