"""Requests of the screening page: decisions on films, and which films face right as shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app.desk import CHANGED
from cxr_release.review_app.guard import Refusal
from cxr_release.review_app.json_answers import texts_of
from cxr_release.screening.decision import PAGE, VERBS, FacingDecision, NewFacing, Verb
from cxr_release.screening.films import Generated
from cxr_release.screening.queue import NAME, Queue
from cxr_release.screening.review_rate import MOST_ON_PAGE

_DECISIONS_FORM = "Expected undecided_only, and decisions with film, decision, reason and note."


@dataclass(frozen=True)
class RequestedDecision:
    """A decision on a film by its name on the page."""

    film: str
    decision: Verb
    reason: str
    note: str


def parse_decisions(value: Any) -> tuple[bool, list[RequestedDecision]]:
    """`undecided_only`, and the decisions, of a value in JSON.

    Raises:
        Refusal: it is not of the expected form, names a film twice, or holds none or too many.
    """
    if (
        not isinstance(value, dict)
        or value.keys() != {"undecided_only", "decisions"}
        or not isinstance(value["undecided_only"], bool)
        or not isinstance(value["decisions"], list)
    ):
        raise Refusal(400, _DECISIONS_FORM)
    if not 1 <= len(value["decisions"]) <= MOST_ON_PAGE:
        raise Refusal(400, f"Expected 1 to {MOST_ON_PAGE} decisions.")
    decisions = [_parse_decision(item) for item in value["decisions"]]
    if len({decision.film for decision in decisions}) < len(decisions):
        raise Refusal(400, "A film is named twice.")
    return value["undecided_only"], decisions


def _parse_decision(value: Any) -> RequestedDecision:
    texts = texts_of(value, ("film", "decision"), ("reason", "note"), _DECISIONS_FORM)
    verb = next((verb for verb in VERBS if verb == texts["decision"]), None)
    if verb is None:
        raise Refusal(400, f"A decision is one of {', '.join(VERBS)}.")
    if not NAME.fullmatch(texts["film"]):
        raise Refusal(400, "A film's name is 32 hex digits.")
    return RequestedDecision(texts["film"], verb, texts.get("reason", ""), texts.get("note", ""))


_FORM = "Expected film, a name of 32 hex digits, and right, true or false."


class FacingStatements:
    """Which way films face, as reviewers state it.

    Args:
        state: statements of all reviewers.
        films: all that are shown.
    """

    def __init__(
        self, state: SharedState[NewFacing, FacingDecision], films: Sequence[Generated]
    ) -> None:
        self._state = state
        self._films = {film.id: film for film in films}

    def refresh(self) -> None:
        """Take in what was logged since; see `SharedState.refresh`."""
        self._state.refresh()

    def right(self, queue: Queue) -> list[str]:
        """Names of the films that a reviewer says face right as they are shown to them."""
        with self._state.lock:
            statements = self._state.effective.get(queue.reviewer, {})
            films = [
                self._films[film]
                for film, statement in statements.items()
                if self._is_right(statement)
            ]
        return sorted(queue.name_of(film.id) for film in films)

    def say(self, queue: Queue, statement: tuple[str, bool]) -> None:
        """Log that a film faces right as it is shown, or take it back; see `Log.append`.

        Raises:
            Refusal: there is no such film.
            DecisionError: it could not be logged: it does not count.
        """
        name, right = statement
        film = queue.film(name)
        if film is None:
            raise Refusal(409, CHANGED)
        entry = NewFacing(film.id, film.sha256, "right" if right else "retract", via=PAGE)

        def unless(_: NewFacing, current: FacingDecision | None) -> bool:
            return (current is not None and self._is_right(current)) == right

        self._state.log_of(queue.reviewer).append([entry], unless=unless)
        with self._state.lock:
            self._state.take(queue.reviewer)

    def _is_right(self, decision: FacingDecision) -> bool:
        """Whether a line says so of the film as it is now, whichever way it was then."""
        unchanged = decision.image_sha256 == self._films[decision.image_id].sha256
        return decision.faces == ("right" if unchanged else "left")


def parse_facing(value: Any) -> tuple[str, bool]:
    """A film's name, and whether it faces right, of a value in JSON.

    Raises:
        Refusal: it is not of the expected form.
    """
    if (
        not isinstance(value, Mapping)
        or value.keys() != {"film", "right"}
        or not isinstance(value["film"], str)
        or not NAME.fullmatch(value["film"])
        or not isinstance(value["right"], bool)
    ):
        raise Refusal(400, _FORM)
    return value["film"], value["right"]
