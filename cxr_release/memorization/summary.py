"""What an audit found, in words for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cxr_release.memorization.report import BASELINE, FILES, SETS, Report

SHOWN = 20
"""Pairs that are named."""


def text_of(report: Report, output: Path | None = None) -> str:
    """The audit in words.

    Args:
        report: see `report.report_of`.
        output: folder of what was written, where it is to be named.
    """
    return "\n".join(_lines(report, output))


def _lines(report: Report, output: Path | None) -> Iterator[str]:
    for name in SETS:
        films = report[name]
        if films is None:
            continue
        unknown = films["patients_not_stated"]
        of = "" if unknown == films["films"] else f" for {unknown:,} of them"
        unstated = f"; patients not stated{of}" if unknown and name != "synthetic" else ""
        yield f"{name:10} {films['searched']:,} of {films['films']:,} films searched{unstated}"
        yield from (f"  not read  {film['film']}: {film['fault']}" for film in films["unreadable"])
        yield from (f"  note      {film['film']}: {film['note']}" for film in films["notes"])
        yield from (f"  ignored   {file['file']}: {file['why']}" for file in films["ignored"])
    score = report["score"]
    yield (
        f"pairs      {report['pairs']:,} of the highest score,"
        f" {score['highest']:.2f} to {score['lowest']:.2f} standard deviations"
    )
    yield from _flagged(report)
    for name, duplicates in report["within"].items():
        count = duplicates["films_with_one_alike"]
        yield f"duplicates {count:,} {name} film(s) are as near to another {name} one"
    yield from _recall(report)
    if output is not None:
        yield f"written    {output}/"
        yield from (f"  {name:16} {content}" for name, content in FILES.items())
    yield f"state      {report['state']}"


def _flagged(report: Report) -> Iterator[str]:
    calibration, near = report["calibration"], report["near"]
    if report["flagged"] is None:
        yield f"flagged    {calibration['note']}; {BASELINE}"
    else:
        films = report["synthetic"]["searched"]
        yield (
            f"flagged    {report['flagged']['films']:,} synthetic film(s) score"
            f" {calibration['threshold']:.2f} or more: of {films:,} films that copy nobody, chance"
            f" alone puts any there in at most {calibration['level']:.0%} of audits"
        )
    yield f"chance     {calibration['chance']['sentence']}"
    yield (
        f"duplicates {calibration['synthetic']['alike']:,} synthetic film(s) are as near to a real"
        f" one as a film and its recompressed copy: a cosine of {report['alike']:.4f} or more"
    )
    shown = near["named"][:SHOWN]
    if shown:
        widths = [max(len(pair[name]) for pair in shown) for name in ("real_id", "synthetic_id")]
        yield f"near pairs {near['pairs']:,}: real, synthetic, score, view, part"
        for pair in shown:
            names = f"{pair['real_id']:{widths[0]}}  {pair['synthetic_id']:{widths[1]}}"
            how = f"{pair['score']:.2f}  {pair['view']}  {pair['part']}"
            yield f"  {names}  {how}{_identical(pair)}"
        if near["pairs"] > len(shown):
            yield f"  and {near['pairs'] - len(shown):,} more, in pairs.parquet and nearest.parquet"


def _identical(pair: Mapping[str, Any]) -> str:
    """Where the pixels of a pair's films are equal: in which view, and as what."""
    if pair["identical"] is None:
        return ""
    view = "" if pair["identical"] == "plain" else f" when {pair['identical']}"
    return f"  identical pixels{view}{' once both are 8-bit grey' if pair['converted'] else ''}"


def _recall(report: Report) -> Iterator[str]:
    if not report["power"]:
        yield "recall     no copies were planted: what this search would find is not known"
    elif report["power_note"]:
        yield f"recall     {report['power_note']}"
    for row in report["power"]:
        result = (
            f"recall     {row['alteration']}: {row['found']} of {row['planted']} planted copies in"
            f" the first {report['top']}"
        )
        if row["recall"] is None:
            rank = row["median_rank"]
            yield f"{result}, median rank {'beyond it' if rank is None else rank}"
        else:
            yield (
                f"{result} ({100 * row['recall']:.0f} %,"
                f" 95 % interval {100 * row['low']:.0f} to {100 * row['high']:.0f} %)"
            )
    length = report["list_length"]
    if report["power"] and not report["power_note"]:
        share = f"{length['recall']:.0%}"
        if length["needed"] is not None:
            yield (
                f"list       audit.top: {length['needed']} would hold {share} of each kind of copy"
                " that the search finds"
            )
        if length["beyond"]:
            yield (
                f"list       no list would hold {share} of copies that are:"
                f" {', '.join(length['beyond'])}"
            )
