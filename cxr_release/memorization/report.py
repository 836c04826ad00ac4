"""What an audit found, in numbers, and what of it is refused.

What an audit found, in words for a terminal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release.encoders.encoder import Encoder
from cxr_release.errors import CxrReleaseError, Fault, SourceError
from cxr_release.films.film_listing import Ignored
from cxr_release.films.patients import counted
from cxr_release.memorization.calibration import Calibration, Floats, Split, distance, quantiles
from cxr_release.memorization.duplicates import Within
from cxr_release.memorization.features import FilmFeatures
from cxr_release.memorization.flagged_pairs import Named
from cxr_release.memorization.recall import Power
from cxr_release.memorization.search import Found

Report = dict[str, Any]

INCOMPLETE, NO_BASELINE = "incomplete", "no baseline"
FLAGGED, NOTHING_FLAGGED = "flagged", "nothing flagged"

BINS = 60
"""Of the histogram of distances."""
GOOD_PART = 0.1
"""Share of all pairs from which on a list would hold planted copies without any search."""
BASELINE = "give patients.csv beside the real films, or --split"
"""How to get something to compare with."""
FILES = {
    "audit.json": "all of this",
    "pairs.parquet": "the listed pairs",
    "nearest.parquet": "every synthetic film and its nearest real one",
    "within.parquet": "the most similar pairs within each set",
    "pairs.png": "the listed pairs, side by side",
    "distances.png": "how near films lie",
}
"""What an audit writes for people; all but the last name or show real films."""


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
    in_tuning: Floats | None
    """Cosine of each flagged film with its nearest film of the tuning part, NaN of other films;
    None without a split."""
    near: int
    """Pairs that are flagged, or as similar as a film and its recompressed copy."""
    named: Sequence[Named]
    """The first of them."""

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
        `near` (the `pairs` that are flagged or alike, the first of them `named`);
        `calibration`; `histogram` (see there); `alike`; `within` (each set); `power` (a row an
        alteration; shares are None where `power_note` says why they would mean nothing);
        `files`, by name.
    """
    pairs, calibration = searched.found.pairs, searched.calibration
    calibrated = calibration.report(*searched.cosines, _split(searched), _nearer(searched))
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
        "near": {"pairs": searched.near, "named": [one.report() for one in searched.named]},
        "calibration": calibrated,
        "histogram": histogram(searched),
        "alike": searched.power.alike,
        "within": {
            name: _within(one, searched.power.alike) for name, one in searched.within.items()
        },
        **_power(searched, top),
        "files": list(FILES),
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


def _nearer(searched: Searched) -> int | None:
    """Films above the threshold among the tuning part alone, as held-out films were searched."""
    calibration, found = searched.calibration, searched.in_tuning
    if found is None or calibration.threshold is None:
        return None
    if calibration.baseline is not calibration.held_out:
        return None
    return int((found > calibration.threshold).sum())


def _power(searched: Searched, top: int) -> dict[str, Any]:
    """What was found of planted copies, but for shares that any list of that length would have."""
    rows = searched.power.alterations
    pairs = len(searched.real.ids) * (len(searched.synthetic.ids) + 1)  # with those of one copy
    by_itself = min(1.0, top / pairs)
    if by_itself < GOOD_PART:
        return {"power": rows, "power_note": None}
    note = (
        f"not measurable: {min(top, pairs):,} of {pairs:,} pairs are listed,"
        f" so that a list drawn at random would hold {100 * by_itself:.0f} % of the copies"
    )
    nothing = dict.fromkeys(("recall", "low", "high"))
    return {"power": [row | nothing for row in rows], "power_note": note}


def histogram(searched: Searched) -> dict[str, Any]:
    """How near films lie to their nearest one, as the figure shows it.

    Returns:
        `edges` of the bins, distances from 0 on, and how many films lie in each: `synthetic`, and
        `source` and `held_out`, None where none can be compared.
    """
    calibration = searched.calibration
    baselines = {"source": calibration.source, "held_out": calibration.held_out}
    distances = {"synthetic": distance(searched.cosines[0])} | {
        name: distance(np.array(one.cosines)) for name, one in baselines.items() if one
    }
    most = max((float(one.max()) for one in distances.values() if len(one)), default=1.0) or 1.0
    # The last edge is published: it must not be the distance of two films to the last digit.
    edges = np.linspace(0, math.ceil(100 * most) / 100, BINS + 1)
    shown = {
        name: np.histogram(distances[name], edges)[0].tolist()
        if len(distances.get(name, ()))
        else None
        for name in ("synthetic", "source", "held_out")
    }
    return {"edges": edges.tolist(), **shown}


def _within(one: Within, alike: float) -> dict[str, Any]:
    nearest = one.nearest[~np.isnan(one.nearest)]
    apart = one.nearest_other_group
    return {
        "films_with_one_alike": int((nearest >= alike).sum()),
        "of_another_patient": None if apart is None else int((apart >= alike).sum()),
        "highest": one.pairs[0].cosine if one.pairs else None,
        "distance": quantiles(distance(nearest)),
    }


def require_complete(report: Report, *, unflagged: bool = False) -> None:
    """Refuse to go on with a set in which a film could not be read.

    Args:
        report: the audit's.
        unflagged: refuse flagged films too, and sets in which nothing can be flagged.

    Raises:
        SourceError: with every film that could not be read.
        CxrReleaseError: films are flagged and must not be.
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
    if unflagged:
        _require_unflagged(report)


def _require_unflagged(report: Report) -> None:
    films, near = report["flagged"], report["near"]["pairs"]
    if films and films["films"]:
        raise CxrReleaseError(
            f"{films['films']:,} synthetic film(s) are flagged", remedy="look at their pairs"
        )
    if near:
        raise CxrReleaseError(
            f"{near:,} pair(s) are as similar as a film and its recompressed copy",
            remedy="look at them",
        )
    if films is None:
        raise CxrReleaseError(report["calibration"]["note"], remedy=BASELINE)


SHOWN = 20
"""Pairs that are named."""


def text_of(report: Report, output: Path | None = None) -> str:
    """The audit in words.

    Args:
        report: see `report_of`.
        output: folder of what was written, where it is to be named.
    """
    return "\n".join(_lines(report, output))


def _lines(report: Report, output: Path | None) -> Iterator[str]:
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
    yield from _flagged(report)
    for name, one in report["within"].items():
        yield f"within     {one['films_with_one_alike']:,} {name} film(s) have another one alike"
    yield from _found_of_plants(report)
    if output is not None:
        yield f"written    {output}/"
        yield from (f"  {name:16} {what}" for name, what in FILES.items())
    yield f"state      {report['state']}"


def _flagged(report: Report) -> Iterator[str]:
    calibration, near = report["calibration"], report["near"]
    if report["flagged"] is None:
        yield f"flagged    {calibration['note']}; {BASELINE}"
    else:
        counted = calibration[calibration["baseline"]]["counted"]
        other = "one of another patient" if calibration["others"] == "patients" else "another one"
        than = {
            "held_out": f"any of {counted:,} held-out films is to the tuning part",
            "source": f"any of {counted:,} real films is to {other}",
        }[calibration["baseline"]]
        yield (
            f"flagged    {report['flagged']['films']:,} synthetic film(s) are nearer to a real one"
            f" than {than}"
        )
    yield f"chance     {calibration['chance']['sentence']}"
    yield (
        f"alike      {calibration['synthetic']['alike']:,} synthetic film(s) are as near to a real"
        f" one as a film and its recompressed copy: a cosine of {report['alike']:.4f} or more"
    )
    shown = near["named"][:SHOWN]
    if shown:
        widths = [max(len(one[name]) for one in shown) for name in ("real_id", "synthetic_id")]
        yield f"near pairs {near['pairs']:,}: real, synthetic, cosine, view"
        for one in shown:
            names = f"{one['real_id']:{widths[0]}}  {one['synthetic_id']:{widths[1]}}"
            yield f"  {names}  {one['cosine']:.6f}  {one['view']}{_identical(one)}"
        if near["pairs"] > len(shown):
            yield f"  and {near['pairs'] - len(shown):,} more, in pairs.parquet and nearest.parquet"


def _identical(one: Mapping[str, Any]) -> str:
    """Where the pixels of a pair's films are equal: in which view, and as what."""
    if one["identical"] is None:
        return ""
    view = "" if one["identical"] == "plain" else f" when {one['identical']}"
    return f"  identical pixels{view}{' once both are 8-bit grey' if one['converted'] else ''}"


def _found_of_plants(report: Report) -> Iterator[str]:
    if not report["power"]:
        yield "power      no copies were planted: what this search would find is not known"
    elif report["power_note"]:
        yield f"power      {report['power_note']}"
    for row in report["power"]:
        found = (
            f"power      {row['alteration']}: {row['found']} of {row['planted']} planted copies in"
            f" the first {report['top']}"
        )
        if row["recall"] is None:
            rank = row["median_rank"]
            yield f"{found}, median rank {'beyond it' if rank is None else rank}"
        else:
            yield (
                f"{found} ({100 * row['recall']:.0f} %,"
                f" 95 % interval {100 * row['low']:.0f} to {100 * row['high']:.0f} %)"
            )
