"""What the reviewed sample of each source says of its other films, made again from the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isclose
from typing import Any

from cxr_release.film_id import job_of_row
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.checks.view import View
from cxr_release.release.record import AcceptedSource
from cxr_release.screening.acceptance import acceptance_of


def check_acceptance(view: View, report: CheckReport) -> None:
    """The sample is that of the films' ids and the seed, and the bounds follow from its faults.

    Which films of a sample wait for a decision stands in no released table: of a finished release
    their number is held to bounds.
    """
    stated, place = view.screening.acceptance, view.places.screening.at("acceptance")
    if not view.sample or stated is None:
        if bool(view.sample) != (stated is not None):
            report.add(place, f"does not go with screen.sample, which is {view.sample}")
        return
    waiting = None
    if view.screened is None:
        waiting = {_source(row): row.waiting for row in stated.rows}
    true = acceptance_of(
        _films(view), view.exclusions, size=view.sample, seed=view.seed, waiting=waiting
    )
    _check_waiting(stated.rows, view, place, report)
    rows = {_source(row): row.plain() for row in stated.rows}
    if len(rows) < len(stated.rows):
        report.add(place, "holds more than one row of a source")
    for row in true["rows"]:
        source = job_of_row({**row, "batch": ""})[0]
        _compare(place.at(source), rows.pop(source, {}), row, report)
    for source in sorted(rows):
        report.add(place.at(source), "is not a source of this release")
    _compare(place.at("together"), _plain(stated.together), true["together"] or {}, report)
    for key in ("size", "confidence", "waiting"):
        _compare(place, {key: getattr(stated, key)}, {key: true[key]}, report)
    report.applied("samples of reviewed films", len(true["rows"]))


def _source(row: AcceptedSource) -> str:
    return job_of_row({**vars(row), "batch": ""})[0]


def _plain(part: Any) -> dict[str, Any]:
    return part.plain() if part is not None else {}


def _films(view: View) -> Sequence[Any]:
    """Every generated film; whether it is decided on is not known of a finished release."""
    if view.screened is not None:
        return view.screened
    released = [
        {"id": film, "source": known.job[0], "batch": known.job[1], "released": True}
        for film, known in view.films.items()
    ]
    excluded = [
        {"id": row["id"], "source": job_of_row(row)[0], "batch": row["batch"], "released": False}
        for row in view.exclusions
    ]
    return [{**film, "decided": None} for film in (*released, *excluded)]


def _check_waiting(
    rows: Sequence[AcceptedSource], view: View, place: Place, report: CheckReport
) -> None:
    """Of a source no more films of the sample wait than are undecided, and no fewer than must."""
    undecided: Counter[str] = Counter()
    for row in view.counts.rows:
        undecided[row.job[0]] += row.undecided
    for stated in rows:
        most = min(undecided[_source(stated)], stated.sample)
        outside = stated.generated - stated.sample
        least = max(0, undecided[_source(stated)] - outside)
        if not least <= stated.waiting <= most:
            what = f"says {stated.waiting}, and it is {least} to {most}"
            report.add(place.at(f"{_source(stated)}, waiting"), what)


def _compare(
    place: Place, stated: dict[str, Any], true: dict[str, Any], report: CheckReport
) -> None:
    for key in sorted({*stated, *true}):
        value, right = stated.get(key), true.get(key)
        if isinstance(value, float) and isinstance(right, float) and isclose(value, right):
            continue
        report.says(place.at(key), value, right)
