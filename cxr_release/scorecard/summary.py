"""Attacks in one number, in words, and what they cannot show.

The number is 100 × (1 − the largest advantage that any attack may have): of each attack that found
what was planted, or a leak, the upper end of the 95 % interval of 2 AUC − 1, of the true-positive
rate less the false-positive rate allowed, and of the residual risk of linkage. Upper ends, so that
few films or a weak attack cannot look like privacy; a release of other patients' own films scores
below 100. Where no attack is evidence, or the test is faulty, there is no number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]

LIMITS = (
    "Found is what these attacks find with so many control patients; others may find more. None of"
    " them asks the network, and none is a guarantee, which only differential privacy gives."
)
"""What the attacks cannot show."""
_TESTS = {
    "auc": "the AUC",
    "beyond_any_control": "the films nearer than any control film",
    "top_1": "linkage, one candidate",
    "top_5": "linkage, five candidates",
}


def summary_of(attacks: Sequence[Report]) -> dict[str, Any]:
    """The attacks' number, and why there is none.

    Args:
        attacks: see `Attack.report` and `NotMeasurable.report`.

    Returns:
        `privacy`, 0 … 100 or None, and `why_not`, a sentence for each attack that is no evidence.
    """
    why_not = [f"{each['attack']}: {each['why_not']}" for each in attacks if each["why_not"]]
    faulty = any(each.get("fault") for each in attacks)
    advantages = [
        advantage for each in attacks if each["measurable"] for advantage in _advantages(each)
    ]
    number = None
    if advantages and not faulty:
        number = round(100 * (1 - min(1.0, max(0.0, *advantages))), 1)
    return {"privacy": number, "why_not": why_not}


def _advantages(attack: Report) -> Iterator[float]:
    """Upper ends of what an attack may know more than nothing."""
    tests = {*attack["powered"], *attack["leaks"]}
    if "auc" in tests:
        yield 2 * attack["interval"][1] - 1
    for rate in attack["tpr"]:
        if rate["measurable"]:
            yield rate["interval"][1] - rate["at_most_fpr"]
    for rate in attack.get("linkage", ()):
        if f"top_{rate['candidates']}" in tests and rate["interval"] is not None:
            yield rate["interval"][1]


def text_of(report: Report) -> str:
    """The attacks in words, for a terminal.

    Args:
        report: see `score.score`.
    """
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    for name, counts in report["sets"].items():
        yield f"{name:9} {_films(counts)}"
    for attack in report["privacy"]:
        yield ""
        yield f"{attack['attack']}, by who holds {_access(attack)}"
        yield from (f"  {line}" for line in _attack(attack))
    yield ""
    number = report["summary"]["privacy"]
    if number is None:
        yield "privacy   not measurable"
    else:
        yield (
            f"privacy   {number:g} of 100, by the largest advantage of an attack that the intervals"
            " allow"
        )
    yield LIMITS


def _films(counts: Report) -> str:
    text = f"{counts['films']:,} films"
    if "patients" in counts and not counts["patient_not_stated"]:
        text += f" of {counts['patients']:,} patients"
    elif "patients" in counts:
        text += (
            f"; patients not stated for {counts['patient_not_stated']:,} of them, each counted as"
            " one of its own: whether any is in both sets is unknown"
        )
    return text + (f"; {counts['unreadable']:,} not read" if counts["unreadable"] else "")


def _access(attack: Report) -> str:
    if attack["access"] == "released films":
        return "the film and the released films"
    return f"{attack['access']} and the released films"


def _attack(attack: Report) -> Iterator[str]:
    if "auc" not in attack:
        yield f"not measurable: {attack['why_not']}"
        return
    low, high = attack["interval"]
    units = f"{attack['members']:,} {attack['unit']}s against {attack['controls']:,}"
    yield f"AUC         {attack['auc']:.3f} [{low:.3f}, {high:.3f}], {units}"
    for rate in attack["tpr"]:
        yield f"hits        {_rate(rate, attack)}"
    if "beyond_any_control" in attack["p"]:
        yield f"tail        {_tail(attack)}"
    for rate in attack.get("linkage", ()):
        yield f"linkage     {_linkage(rate)}"
    for power in attack["power"]:
        yield f"planted     {power['dose']}: {_found(power, attack)}"
    if "note" in attack:
        yield f"note        {attack['note']}"
    if attack["smallest_auc_detectable"] is not None:
        yield (
            f"would find  AUCs from {attack['smallest_auc_detectable']:.3f} on, in 4 of 5 tests of"
            " this size"
        )
    if not attack["measurable"]:
        yield f"no evidence {attack['why_not']}"
    elif attack["leaks"]:
        tests = ", ".join(
            f"{_TESTS[name]} ({_p(attack['p_holm'][name])})" for name in attack["leaks"]
        )
        yield f"leak        found by {tests}"
    else:
        yield "leak        none found"


def _found(power: Report, attack: Report) -> str:
    if power["found_by"]:
        return f"found by {' and '.join(_TESTS[name] for name in power['found_by'])}"
    if power["joins_release"] and attack["leaks"]:
        return "not told from the leak that is there without them"
    return "not found"


def _rate(rate: Report, attack: Report) -> str:
    at = f"at {100 * rate['at_most_fpr']:g} % false positives or fewer"
    if not rate["measurable"]:
        needed = round(1 / rate["at_most_fpr"])
        return f"{at}: not measurable with fewer than {needed:,} control {attack['unit']}s"
    low, high = rate["interval"]
    return f"{100 * rate['value']:.1f} % [{100 * low:.1f}, {100 * high:.1f}] {at}"


def _tail(attack: Report) -> str:
    beyond = attack["beyond_any_control"]
    low, high = beyond["interval"]
    text = f"{beyond['members']:,} trained film(s) nearer than any control film"
    of = ""
    if attack["member_patients"] < attack["members"]:
        text += f", {beyond['tested']:,} of them counting one film a patient"
        of = " of the latter"
    return f"{text}; chance alone puts {low:,} to {high:,}{of} there in 19 of 20 releases"


def _linkage(rate: Report) -> str:
    candidates = f"{rate['candidates']} candidate{'s' * (rate['candidates'] != 1)}"
    hits = (
        f"{rate['hits']:,} of {rate['members']:,} trained and {rate['control_hits']:,} of"
        f" {rate['controls']:,} control patients among {candidates}"
    )
    if rate["interval"] is None:
        return f"{hits}: every control patient is, so that no risk can be measured"
    low, high = rate["interval"]
    return f"{hits}: residual risk {rate['residual_risk']:.3f} [{low:.3f}, {high:.3f}]"


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
