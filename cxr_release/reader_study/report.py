"""What a reader study found, in words: a table for a terminal, and a paragraph for the card."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cxr_release.logbook.logs import joined
from cxr_release.reader_study.formatting import (
    count,
    detectable,
    interval,
    mean,
    number,
    p_of,
    percent,
    same_answers,
    shown,
)
from cxr_release.reader_study.ratings import REAL
from cxr_release.statistics.proportions import ALPHA

Analysis = Mapping[str, Any]
COLUMNS = 100
_P_NAMES = {"p": "p R 4.4", "p_exact": "p exact"}


def text_of(study: Analysis) -> str:
    """The analysis for people, in lines of at most 100 characters, but for a table of long names.

    Args:
        study: as `analysis.analyze` returns it.
    """
    above = [
        f"{count(study['raters'], 'reader')}, {count(study['quartets'], 'quartet')}"
        f" of {study['images_per_quartet']} films",
        *(same_answers(group, study["quartets"]) for group in study["identical"]),
        "",
        *_identification(study),
        "",
    ]
    below = [
        "",
        *(f"{_P_NAMES[name]}: {rule}." for name, rule in study["wilcoxon"].items()),
        "What is called significant rests on p exact, adjusted by Holm's method.",
        "",
        "What this study can detect (two-sided 5 %, power 80 %)",
        *_power(study["power"]),
        *(f"  {sentence}" for sentence in _smallest(study)),
        "",
        f"A p above {ALPHA} does not prove that readers cannot tell: only an equivalence test can.",
        f"Left out: {study['cumulative_link_mixed_model']['why']}",
    ]
    return "\n".join([*_wrapped(above), *_table(study), *_wrapped(below)])


def _wrapped(lines: Iterable[str]) -> Iterator[str]:
    return (part for line in lines for part in textwrap.wrap(line, COLUMNS) or [""])


def _identification(study: Analysis) -> list[str]:
    result = study["identification"]
    equivalence, chance = result["equivalence"], result["chance"]
    accuracies = [reader["accuracy"] for reader in result["per_rater"].values()]
    low, high = max(0.0, chance - equivalence["margin"]), min(1.0, chance + equivalence["margin"])
    picked = ", ".join(f"{source} {times:,}" for source, times in result["picked"].items())
    rows = {
        "Real film found": f"{result['correct']:,} of {result['trials']:,}:"
        f" {percent(result['accuracy'])} (chance {percent(chance)}),"
        f" p {p_of(result['p_two_sided'])} (exact binomial)",
        "95 % interval": f"{interval(result['ci95'])} were all trials independent"
        " (Clopper–Pearson)",
        "": f"{interval(result['clustered_ci95'])} clustered by reader and quartet"
        f" (bootstrap, {result['bootstrap']:,} draws)",
        "Design effect": number(result["design_effect"], 2),
        "Readers": f"{percent(min(accuracies))} to {percent(max(accuracies))}",
        "Picked as real": picked,
        "Fleiss' kappa": f"{number(study['fleiss_kappa'], 3)} over the source picked",
        "Equal to chance": f"{shown(equivalence)}: 90 % interval"
        f" {interval(equivalence['ci90'])}, clustered, within {percent(low)} to {percent(high)}",
    }
    return [f"{name:<17}{value}" for name, value in rows.items()]


def _table(study: Analysis) -> list[str]:
    new, old = (_P_NAMES[name] for name in ("p_exact", "p"))
    head = ["source", "mean", "sd", "real −", new, "Holm", "V", old, "Holm", "equal"]
    rows = [head]
    for source in study["sources"]:
        summary = study["realism"][source]
        row = [source, mean(summary["mean"], 3), number(summary["sd"], 2)]
        if source != REAL:
            equivalence = summary["equivalence"]
            row += [
                f"{summary['difference']:+.3f}",
                p_of(summary["p_exact"]),
                p_of(summary["p_exact_holm"]),
                f"{summary['V']:g}",
                p_of(summary["p"]),
                p_of(summary["p_holm"]),
                f"{shown(equivalence)} (± {equivalence['margin']:g})",
            ]
        rows.append(row + [""] * (len(head) - len(row)))
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    left_aligned = {head.index(name) for name in ("source", "equal")}
    return [
        "  ".join(
            cell.ljust(width) if place in left_aligned else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _power(power: Analysis) -> list[str]:
    independent, clustered = (
        detectable(power[name]) for name in ("detectable_accuracy", "detectable_accuracy_clustered")
    )
    return [
        f"  real film found  {independent}, were all trials independent",
        f"                   {clustered}, at this design effect",
        *(
            f"  {source:<15}  a difference of {number(points, 2)} points in mean realism"
            " (paired t test)"
            for source, points in power["detectable_difference"].items()
        ),
    ]


def sentence_of(study: Analysis) -> str:
    """One paragraph for the card: what the study can show, and what it cannot.

    Args:
        study: as `analysis.analyze` returns it.
    """
    identical = (same_answers(group, study["quartets"]) for group in study["identical"])
    return " ".join([*_identified(study), *identical, *_realistic(study)])


def _identified(study: Analysis) -> list[str]:
    result, power = study["identification"], study["power"]
    equivalence, clustered = result["equivalence"], result["clustered_ci95"]
    ends = "not known" if clustered is None else interval(clustered)
    independent, at_clustering = (
        power[name] for name in ("detectable_accuracy", "detectable_accuracy_clustered")
    )
    further = (
        "" if at_clustering is None else f", and {detectable(at_clustering)} at its clustering"
    )
    ci90 = equivalence["ci90"]
    spread = "" if ci90 is None else f" (90 % interval {interval(ci90)}, clustered)"
    return [
        f"{count(study['raters'], 'blinded reader')} saw {count(study['quartets'], 'quartet')} of"
        f" one real and {count(study['images_per_quartet'] - 1, 'synthetic film')} and picked the"
        f" real one in {result['correct']:,} of {result['trials']:,} trials:"
        f" {percent(result['accuracy'])}, where chance is {percent(result['chance'])} (two-sided"
        f" exact binomial p {p_of(result['p_two_sided'])}; 95 % interval"
        f" {interval(result['ci95'])} were all trials independent, {ends} with readers and quartets"
        " as clusters).",
        _against_chance(result),
        f"The study would have detected, with a power of 80 %, {detectable(independent)} were all"
        f" trials independent{further}.",
        f"That the accuracy lies within {100 * equivalence['margin']:g} percentage points of chance"
        f" is {shown(equivalence)}{spread}.",
    ]


def _against_chance(result: Analysis) -> str:
    if result["p_two_sided"] > ALPHA:
        return (
            "That this does not differ significantly from chance does not prove that readers"
            " cannot tell real from synthetic films."
        )
    side = "more" if result["accuracy"] > result["chance"] else "less"
    ends = result["clustered_ci95"]
    within = ends is not None and ends[0] <= result["chance"] <= ends[1]
    doubt = ", though the clustered interval holds chance" if within else ""
    return f"Readers found the real film {side} often than by chance{doubt}."


def _realistic(study: Analysis) -> list[str]:
    real = study["realism"][REAL]
    synthetic = {source: summary for source, summary in study["realism"].items() if source != REAL}
    first = next(iter(synthetic.values()))
    means = joined([f"{mean(synthetic[name]['mean'], 2)} for {name}" for name in synthetic])
    exact, tests = (
        joined([p_of(summary[name]) for summary in synthetic.values()])
        for name in ("p_exact_holm", "p_holm")
    )
    verdicts = [
        f"{word} for {joined(sources)}"
        for word in ("shown", "not shown")
        if (
            sources := [name for name in synthetic if shown(synthetic[name]["equivalence"]) == word]
        )
    ]
    return [
        f"Mean realism from 1 (unrealistic) to 4 (fully realistic) was {mean(real['mean'], 2)} for"
        f" real films and {means} (Wilcoxon signed-rank tests of readers' sums against real films,"
        f" Holm-adjusted p {exact}, exact; {tests} by the rule of R 4.4).",
        *_significant(synthetic, study["raters"]),
        "That mean realism differs from that of real films by less than"
        f" {first['equivalence']['margin']:g} points is {' and '.join(verdicts)} (two one-sided"
        " t tests, readers as the sample).",
        *_smallest(study),
    ]


def _significant(synthetic: Analysis, readers: int) -> list[str]:
    """Sources whose films are rated otherwise than real ones, by the exact test."""
    by_side: dict[str, list[str]] = {}
    for source, summary in synthetic.items():
        if summary["p_exact_holm"] <= ALPHA:
            by_side.setdefault(_side(summary, readers), []).append(source)
    return [f"Real films looked {side} than those of {joined(of)}." for side, of in by_side.items()]


def _side(summary: Analysis, readers: int) -> str:
    """Which way readers differ: the ranks, on which the test rests, and the means may not agree."""
    zeros = readers - summary["raters_differing"]
    most = (readers * (readers + 1) - zeros * (zeros + 1)) / 2
    above = summary["V_exact"] > most / 2
    if summary["difference"] == 0 or above != (summary["difference"] > 0):
        return f"{'more' if above else 'less'} realistic by readers' ranks, though not on average,"
    return f"{'more' if above else 'less'} realistic"


def _smallest(study: Analysis) -> list[str]:
    """What the tests of realism could have found at all."""
    synthetic = {source: summary for source, summary in study["realism"].items() if source != REAL}
    readers = count(study["raters"], "reader")
    least = min(1.0, len(synthetic) * 2.0 ** (1 - study["raters"]))
    if least > ALPHA:
        return [
            f"With {readers} no difference in realism, however large, can be significant in the"
            f" exact test (least Holm-adjusted p {p_of(least)})."
        ]
    blind = [source for source, summary in synthetic.items() if summary["smallest_p_holm"] > ALPHA]
    sentences = [
        f"Of {readers} only {synthetic[source]['raters_differing']:,} rated {source} otherwise than"
        " real films: however large the differences, the exact test cannot find them significant"
        f" (least Holm-adjusted p {p_of(synthetic[source]['smallest_p_holm'])})."
        for source in blind
    ]
    detectable_from = study["power"]["detectable_difference"].items()
    points = [least for name, least in detectable_from if least is not None and name not in blind]
    if points:
        sentences.append(
            f"A difference{' from other sources' if blind else ''} would have been detected with a"
            f" power of 80 % from {max(points):.2f} points on by a paired t test, before adjusting"
            " for several tests."
        )
    return sentences
