"""What everybody decided on the films, read on from the logs as they grow."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from cxr_release.errors import DecisionError, Fault
from cxr_release.screening.decision import PRESCREEN, REVIEWER, Decision, stand
from cxr_release.screening.films import Generated
from cxr_release.screening.log import HEAD_SUFFIX, SUFFIX, Log


class Votes:
    """What everybody decided on the films, kept up with the logs as they grow.

    Decisions on films that are not among these are left out.

    Args:
        folder: where the logs lie; a log that appears later counts from then on.
        films: the films.
    """

    def __init__(self, folder: Path, films: Iterable[Generated]) -> None:
        self.turn = threading.RLock()
        """Held by whoever reads or brings up to date."""
        self.standing: dict[str, dict[str, Decision]] = {}
        """Reviewer → film id → decision, in the order of decision. The pre-screen is nobody."""
        self.changed: list[str] = []
        """Film ids on which anybody decided, one after the other: a queue reads on from its end."""
        self._folder = folder
        self._sha256 = {film.id: film.sha256 for film in films}
        self._logs: dict[str, Log] = {}
        self._taken: dict[str, tuple[list[Decision], int]] = {}
        self._faults: dict[str, list[Fault]] = {}

    def log_of(self, reviewer: str) -> Log:
        """A reviewer's log, whether it exists yet or not."""
        with self.turn:
            if reviewer not in self._logs:
                self._logs[reviewer] = Log(self._folder, reviewer)
            return self._logs[reviewer]

    def refresh(self) -> None:
        """Take in what was logged since, by anybody.

        Raises:
            DecisionError: a log does not verify, or a decision is about other bytes than the film
                has.
        """
        with self.turn:
            for reviewer in self._people():
                self.log_of(reviewer).refresh()
                self.take(reviewer)
            faults = [fault for some in self._faults.values() for fault in some]
        if faults:
            raise DecisionError(
                f"{len(faults)} decision(s) are about other bytes than these films have",
                where=str(self._folder),
                remedy="if the films were sampled anew, move the old log away and screen again",
                faults=faults,
            )

    def take(self, reviewer: str) -> None:
        """Take in what a reviewer's log has read or written since."""
        with self.turn:
            log = self.log_of(reviewer)
            mine = self.standing.setdefault(reviewer, {})
            decisions, count = self._taken.get(reviewer, (log.decisions, 0))
            if decisions is not log.decisions:  # the file was replaced or removed
                self.changed.extend(mine)
                mine.clear()
                self._faults.pop(reviewer, None)
                decisions, count = log.decisions, 0
            fresh = decisions[count:]
            self._taken[reviewer] = decisions, count + len(fresh)
            about = [one for one in fresh if one.image_id in self._sha256]
            stand(mine, about)
            self.changed.extend(one.image_id for one in about)
            self._faults.setdefault(reviewer, []).extend(
                Fault(
                    f"{log.path.name}: line {one.seq}",
                    f"{one.image_id} has other bytes than were decided on",
                )
                for one in about
                if one.image_sha256 != self._sha256[one.image_id]
            )

    def _people(self) -> list[str]:
        paths = self._folder.iterdir() if self._folder.is_dir() else []
        found = {path.stem for path in paths if path.suffix in {SUFFIX, HEAD_SUFFIX}}
        named = {one for one in found if REVIEWER.fullmatch(one)}
        return sorted((named | self._logs.keys()) - {PRESCREEN})
