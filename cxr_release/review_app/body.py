"""Decisions as a page sends them: of the promised form, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cxr_release.review_app.guard import Refusal
from cxr_release.screening.decision import VERBS, Verb
from cxr_release.screening.order import NAME
from cxr_release.screening.pace import MOST_ON_PAGE

_FORM = "Expected undecided_only, and decisions with film, decision, reason and note."


@dataclass(frozen=True)
class Asked:
    """A decision on a film by its name on the page."""

    film: str
    decision: Verb
    reason: str
    note: str


def parse(value: Any) -> tuple[bool, list[Asked]]:
    """`undecided_only`, and the decisions, of a value in JSON.

    Raises:
        Refusal: it is not of the promised form, names a film twice, or holds none or too many.
    """
    if (
        not isinstance(value, dict)
        or value.keys() != {"undecided_only", "decisions"}
        or not isinstance(value["undecided_only"], bool)
        or not isinstance(value["decisions"], list)
    ):
        raise Refusal(400, _FORM)
    if not 1 <= len(value["decisions"]) <= MOST_ON_PAGE:
        raise Refusal(400, f"Expected 1 to {MOST_ON_PAGE} decisions.")
    asked = [_asked(one) for one in value["decisions"]]
    if len({one.film for one in asked}) < len(asked):
        raise Refusal(400, "A film is named twice.")
    return value["undecided_only"], asked


def _asked(value: Any) -> Asked:
    if (
        not isinstance(value, dict)
        or not {"film", "decision"} <= value.keys() <= {"film", "decision", "reason", "note"}
        or not all(isinstance(one, str) for one in value.values())
    ):
        raise Refusal(400, _FORM)
    verb = next((one for one in VERBS if one == value["decision"]), None)
    if verb is None:
        raise Refusal(400, f"A decision is one of {', '.join(VERBS)}.")
    if not NAME.fullmatch(value["film"]):
        raise Refusal(400, "A film's name is 32 hex digits.")
    return Asked(value["film"], verb, value.get("reason", ""), value.get("note", ""))
