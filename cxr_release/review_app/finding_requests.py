"""Requests of the screening page on findings: what a reviewer sees on a film, and takes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app.desk import CHANGED
from cxr_release.review_app.guard import Refusal
from cxr_release.screening.decision import PAGE
from cxr_release.screening.films import Generated
from cxr_release.screening.findings import MOST, RETRACT, Findings, NewFindings, joined
from cxr_release.screening.queue import NAME, Queue

_FORM = "Expected film, a name of 32 hex digits, and findings: a list of codes, or null."


class FindingNotes:
    """What each reviewer sees on films; nobody is shown another's.

    Args:
        state: notes of all reviewers.
        films: all that are shown.
        findings: code → meaning, those that may be noted; none: nobody is asked.
    """

    def __init__(
        self,
        state: SharedState[NewFindings, Findings],
        films: Sequence[Generated],
        findings: Mapping[str, str],
    ) -> None:
        self._state = state
        self._films = {film.id: film for film in films}
        self.findings = findings

    def listed(self) -> list[dict[str, str]]:
        """The findings as the page lists them."""
        return [{"code": code, "meaning": text} for code, text in self.findings.items()]

    def refresh(self) -> None:
        """Take in what was logged since; see `SharedState.refresh`."""
        self._state.refresh()

    def noted(self, queue: Queue) -> dict[str, list[str]]:
        """Name of each film that the reviewer tagged → its codes, in the order of the list."""
        place = {code: number for number, code in enumerate(self.findings)}
        with self._state.lock:
            notes = self._state.effective.get(queue.reviewer, {})
            return {
                queue.name_of(film): sorted(entry.codes, key=lambda code: place.get(code, MOST))
                for film, entry in notes.items()
            }

    def note(self, queue: Queue, statement: tuple[str, tuple[str, ...] | None]) -> None:
        """Log what a film shows, or take it back; see `Log.append`.

        Raises:
            Refusal: there is no such film or finding.
            DecisionError: it could not be logged: it does not count.
        """
        name, codes = statement
        film = queue.film(name)
        if film is None:
            raise Refusal(409, CHANGED)
        if {*(codes or ())} - self.findings.keys() or not self.findings:
            raise Refusal(400, "There is no such finding.")
        said = RETRACT if codes is None else joined(codes)
        entry = NewFindings(film.id, film.sha256, said, via=PAGE)

        def unless(_: NewFindings, current: Findings | None) -> bool:
            return said == (RETRACT if current is None else current.findings)

        self._state.log_of(queue.reviewer).append([entry], unless=unless)
        with self._state.lock:
            self._state.take(queue.reviewer)


def parse_findings(value: Any) -> tuple[str, tuple[str, ...] | None]:
    """A film's name, and the codes of its findings, of a value in JSON; None: taken back.

    Raises:
        Refusal: it is not of the expected form, or names a finding twice.
    """
    if (
        not isinstance(value, Mapping)
        or value.keys() != {"film", "findings"}
        or not isinstance(value["film"], str)
        or not NAME.fullmatch(value["film"])
    ):
        raise Refusal(400, _FORM)
    codes = value["findings"]
    if codes is None:
        return value["film"], None
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise Refusal(400, _FORM)
    if len({*codes}) < len(codes):
        raise Refusal(400, "A finding is named twice.")
    return value["film"], tuple(codes)
