"""Attacks in words: what was tried, on whom, what it found, and what it would have found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cxr_release.scorecard.attacks.attack import BEYOND, NETWORK

Report = Mapping[str, Any]

_TESTS = {
    "auc": "the AUC",
    "top_1": "linkage, one candidate",
    "top_5": "linkage, five candidates",
}


def lines(attacks: Sequence[Report]) -> Iterator[str]:
    """Each attack, for a terminal.

    Args:
        attacks: see `Attack.report` and `NotMeasurable.report`.
    """
    for attack in attacks:
        yield f"{attack['attack']}, by who holds {_access(attack)}"
        yield from (f"  {line}" for line in _attack(attack))
        yield ""


def _access(attack: Report) -> str:
    if attack["access"] == "released films":
        return "the film and the released films"
    if attack["access"] == NETWORK:
        return f"the film and {NETWORK}"
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
    for each in attack.get("beside", ()):
        yield f"beside      {_beside(each)}"
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
            f"{_test(name, attack)} ({_p(attack['p_holm'][name])})" for name in attack["leaks"]
        )
        yield f"leak        found by {tests}"
    else:
        yield "leak        none found"


def _test(name: str, attack: Report) -> str:
    return f"the films {_beyond(attack)}" if name == BEYOND else _TESTS[name]


def _beyond(attack: Report) -> str:
    if attack["access"] == NETWORK:
        return "with a higher score than any control film"
    return "nearer than any control film"


def _beside(each: Report) -> str:
    low, high = each["interval"]
    found = "which finds" if each["canaries_found"] else "which does not find"
    return (
        f"{each['score']}: AUC {each['auc']:.3f} [{low:.3f}, {high:.3f}], {found} what is planted"
    )


def _found(power: Report, attack: Report) -> str:
    if power["found_by"]:
        return f"found by {' and '.join(_test(name, attack) for name in power['found_by'])}"
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
    text = f"{beyond['members']:,} trained film(s) {_beyond(attack)}"
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
