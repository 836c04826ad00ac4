"""What an audit found, in numbers for a file and in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cxr_release.encoders.encoder import Encoder
from cxr_release.errors import Fault, SourceError
from cxr_release.memorization.calibration import Calibration, Floats, Split, distance, quantiles
from cxr_release.memorization.features import FilmFeatures
from cxr_release.memorization.film_listing import Ignored
from cxr_release.memorization.power import Power
from cxr_release.memorization.search import Found
from cxr_release.memorization.within import Within
from cxr_release.radiographs.patients import counted

Report = dict[str, Any]

INCOMPLETE, NO_BASELINE = "incomplete", "no baseline"
FLAGGED, NOTHING_FLAGGED = "flagged", "nothing flagged"


@dataclass(frozen=True, kw_only=True)
class Searched:
    """Everything that an audit found."""

    real: FilmFeatures
    synthetic: FilmFeatures
    found: Found
    power: Power
    calibration: Calibration
    within: Mapping[str, Within]
    """Of `real` and of `synthetic`."""
    ignored: Mapping[str, Sequence[Ignored]]
    """Files of each set that were taken for no film."""
    split: Sequence[bool] | None
    """Whether each real film is in the tuning part; None without a split."""

    @cached_property
    def cosines(self) -> tuple[Floats, Floats]:
        """Of each synthetic film with its nearest and its second nearest real film."""
        nearest = self.found.nearest
        return (
            np.array([one.cosine for one in nearest]),
            np.array([one.second_cosine for one in nearest]),
        )


def report_of(searched: Searched, *, encoder: Encoder, top: int) -> Report:
    """The audit in numbers.

    Returns:
        `state`: `incomplete` where any film could not be read, else `no baseline`, `flagged` or
        `nothing flagged`. `encoder`; `real` and `synthetic` (films found and searched, the
        unreadable ones with their faults, what was done to others, files that are no films);
        `top`, `pairs`, `cosine` (highest and lowest of the pairs); `flagged` (pairs and films);
        `calibration`; `alike`; `within` (each set); `power` (a row an alteration).
    """
    pairs, calibration = searched.found.pairs, searched.calibration
    calibrated = calibration.report(*searched.cosines, _split(searched))
    flagged = [calibration.flagged(pair.cosine) for pair in pairs]
    known = calibration.threshold is not None
    return {
        "state": _state(searched, calibrated["flagged"]),
        "encoder": {
            "name": encoder.name,
            "dimensions": encoder.dimensions,
            "looks": len(encoder.looks),
            "weights": asdict(encoder.weights) if encoder.weights else None,
        },
        "real": _account(searched.real, searched.ignored["real"]),
        "synthetic": _account(searched.synthetic, searched.ignored["synthetic"]),
        "top": top,
        "pairs": len(pairs),
        "cosine": {"highest": pairs[0].cosine, "lowest": pairs[-1].cosine},
        "flagged": {"pairs": sum(map(bool, flagged)), "films": calibrated["flagged"]}
        if known
        else None,
        "calibration": calibrated,
        "alike": searched.power.alike,
        "within": {
            name: _within(one, searched.power.alike) for name, one in searched.within.items()
        },
        "power": searched.power.alterations,
    }


def _state(searched: Searched, flagged: int | None) -> str:
    if searched.real.unreadable or searched.synthetic.unreadable:
        return INCOMPLETE
    if flagged is None:
        return NO_BASELINE
    return FLAGGED if flagged else NOTHING_FLAGGED


def _account(films: FilmFeatures, ignored: Sequence[Ignored]) -> dict[str, Any]:
    unreadable = [film for film, _ in films.unreadable]
    return {
        "films": films.found,
        "searched": len(films.ids),
        **counted([films.patients.get(film) for film in (*films.ids, *unreadable)]),
        "unreadable": [{"film": film, "fault": fault} for film, fault in films.unreadable],
        "notes": [{"film": film, "note": note} for film, note in films.notes],
        "ignored": [{"file": file, "why": why} for file, why in ignored],
    }


def _split(searched: Searched) -> Split | None:
    if searched.split is None:
        return None
    nearest = [searched.split[one.real] for one in searched.found.nearest]
    tuning = sum(searched.split)
    return Split(sum(nearest), tuning, len(searched.split) - tuning)


def _within(one: Within, alike: float) -> dict[str, Any]:
    nearest = one.nearest[~np.isnan(one.nearest)]
    apart = one.nearest_other_group
    return {
        "films_with_one_alike": int((nearest >= alike).sum()),
        "of_another_patient": None if apart is None else int((apart >= alike).sum()),
        "highest": one.pairs[0].cosine if one.pairs else None,
        "distance": quantiles(distance(nearest)),
    }


def require_complete(report: Report) -> None:
    """Refuse to go on with a set in which a film could not be read.

    Raises:
        SourceError: with every such film.
    """
    faults = [
        Fault(one["film"], one["fault"])
        for name in ("real", "synthetic")
        for one in report[name]["unreadable"]
    ]
    if faults:
        raise SourceError(
            f"{len(faults)} film(s) could not be searched; no set with such films is clean",
            remedy="mend them or take them out, and audit again",
            faults=faults,
        )


def text_of(report: Report) -> str:
    """The audit in words."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    for name in ("real", "synthetic"):
        films = report[name]
        unknown = films["patients_not_stated"]
        of = "" if unknown == films["films"] else f" for {unknown:,} of them"
        whose = f"; patients not stated{of}" if unknown and name == "real" else ""
        yield f"{name:10} {films['searched']:,} of {films['films']:,} films searched{whose}"
        yield from (f"  not read  {one['film']}: {one['fault']}" for one in films["unreadable"])
        yield from (f"  note      {one['film']}: {one['note']}" for one in films["notes"])
        yield from (f"  no film   {one['file']}: {one['why']}" for one in films["ignored"])
    cosine = report["cosine"]
    yield (
        f"pairs      {report['pairs']:,} of the highest cosine,"
        f" {cosine['highest']:.4f} to {cosine['lowest']:.4f}"
    )
    calibration = report["calibration"]
    if report["flagged"] is None:
        yield f"flagged    {calibration['note']}"
    else:
        yield (
            f"flagged    {report['flagged']['films']:,} synthetic film(s) are nearer to a real one"
            f" than any film of the baseline ({calibration['baseline'].replace('_', ' ')})"
        )
    for name, one in report["within"].items():
        yield f"within     {one['films_with_one_alike']:,} {name} film(s) have another one alike"
    for row in report["power"]:
        yield (
            f"power      {row['alteration']}: {row['found']} of {row['planted']} planted copies in"
            f" the first {report['top']} ({100 * row['recall']:.0f} %,"
            f" 95 % interval {100 * row['low']:.0f} to {100 * row['high']:.0f} %)"
        )
    yield f"state      {report['state']}"
