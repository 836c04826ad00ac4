"""All people's statements, read on from the logs as they grow, and one person's share."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Generic

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook.entry import (
    E,
    EntryType,
    Fingerprint,
    S,
    Subject,
    Unless,
    chronological,
    take_effect,
)
from cxr_release.logbook.log import Log
from cxr_release.logbook.logs import people_of

_notices = logging.getLogger(__name__)


class SharedState(Generic[S, E]):
    """All people's effective entries on some subjects, kept up with the logs as they grow.

    Entries about anything else are left out.

    Args:
        kind: what the logs hold.
        folder: where the logs lie; a log that appears later counts from then on.
        known: subject → what is shown of it.
        also: subject → what else may have been shown of it, and counts as well.
        not_people: names whose logs are not a person's, and left out.
    """

    def __init__(
        self,
        kind: EntryType[S, E],
        folder: Path,
        known: Mapping[Subject, Fingerprint],
        *,
        also: Mapping[Subject, Fingerprint] | None = None,
        not_people: Collection[str] = (),
    ) -> None:
        self.lock = threading.RLock()
        """Held while reading or bringing up to date."""
        self.effective: dict[str, dict[Subject, E]] = {}
        """Reviewer → subject → effective entry, in the order of the log."""
        self.changed: list[Subject] = []
        """Subjects with new statements, one after the other: a queue reads on from its end."""
        self._kind = kind
        self._folder = folder
        self._known = dict(known)
        self._also = dict(also or {})
        self._not_people = frozenset(not_people)
        self._logs: dict[str, Log[S, E]] = {}
        self._taken: dict[str, tuple[list[E], int]] = {}
        self._faults: dict[str, list[Fault]] = {}

    def log_of(self, reviewer: str) -> Log[S, E]:
        """The log of a person who is served here, whether it exists yet or not.

        What was read of it must stay; another person's log may be moved away.
        """
        log = self._log_of(reviewer)
        log.held = True
        return log

    def _log_of(self, reviewer: str) -> Log[S, E]:
        with self.lock:
            if reviewer not in self._logs:
                self._logs[reviewer] = Log(self._kind, self._folder, reviewer)
            return self._logs[reviewer]

    def refresh(self) -> None:
        """Take in what was logged since, by any person.

        Raises:
            DecisionError: a log does not verify, or an entry does not match the SHA-256 of
                what is shown.
        """
        with self.lock:
            people = {*people_of(self._folder), *self._logs} - self._not_people
            for reviewer in sorted(people):
                self._log_of(reviewer).refresh()
                self.take(reviewer)
            faults = [fault for faults_of_log in self._faults.values() for fault in faults_of_log]
        if faults:
            raise DecisionError(
                f"{len(faults)} {self._kind.noun}(s) do not match the SHA-256 of these films",
                where=str(self._folder),
                remedy="if the films were sampled anew, move the old log away and begin again",
                faults=faults,
            )

    def take(self, reviewer: str) -> None:
        """Take in what a person's log has read or written since."""
        with self.lock:
            log = self._log_of(reviewer)
            effective = self.effective.setdefault(reviewer, {})
            entries, count = self._taken.get(reviewer, (log.entries, 0))
            if entries is not log.entries:  # the file was replaced or removed
                if effective and not log.entries:
                    message = "%s is gone, and its %d %s(s) do not count any more"
                    _notices.warning(message, log.path, len(effective), self._kind.noun)
                self.changed.extend(effective)
                effective.clear()
                self._faults.pop(reviewer, None)
                entries, count = log.entries, 0
            end = len(entries)
            fresh = [entry for entry in entries[count:end] if entry.about in self._known]
            if any(entry.joined_from for entry in fresh):  # they may be older than earlier entries
                effective.clear()
                whole = chronological(entries[:end])
                take_effect(effective, [entry for entry in whole if entry.about in self._known])
            else:
                take_effect(effective, fresh)
            self._taken[reviewer] = entries, end
            self.changed.extend(entry.about for entry in fresh)
            self._faults.setdefault(reviewer, []).extend(
                Fault(
                    f"{log.path.name}: line {entry.seq}",
                    f"{self._kind.a_noun} that does not match the SHA-256 of {entry.where}",
                )
                for entry in fresh
                if entry.fingerprint not in {self._known[entry.about], self._also.get(entry.about)}
            )


class PersonalQueue(Generic[S, E]):
    """What one person has before them, and their statements. Any number of threads may use it.

    Args:
        reviewer: whose it is.
        state: all people's statements; shared by the queues of all people.
    """

    def __init__(self, reviewer: str, state: SharedState[S, E]) -> None:
        self.reviewer = reviewer
        self._state = state
        self._log = state.log_of(reviewer)
        with state.lock:
            state.take(reviewer)

    @property
    def lock(self) -> threading.RLock:
        """Held while reading all people's statements or bringing them up to date."""
        return self._state.lock

    def refresh(self) -> None:
        """Take in what was logged since, by any person; see `SharedState.refresh`."""
        with self.lock:
            self._state.refresh()
            self._catch_up()

    def record(self, statements: Sequence[S], unless: Unless[S, E]) -> list[E]:
        """Log statements; see `Log.append`. Readers do not wait for the disk."""
        logged = self._log.append(statements, unless=unless)
        with self.lock:
            self._state.take(self.reviewer)
            self._catch_up()
        return logged

    @property
    def mine(self) -> dict[Subject, E]:
        """Subject → the person's own effective entry, in the order in which they were said."""
        return self._state.effective[self.reviewer]

    def _on(self, subject: Subject) -> dict[str, E]:
        """All people's effective entries on a subject, by name."""
        people = self._state.effective.items()
        return {name: entries[subject] for name, entries in people if subject in entries}

    def _catch_up(self) -> None:
        """Bring up to date what was counted of all people's entries."""


def same_fields(first: object, second: object, fields: Iterable[str]) -> bool:
    """Whether two statements agree in some fields."""
    return all(getattr(first, name) == getattr(second, name) for name in fields)
