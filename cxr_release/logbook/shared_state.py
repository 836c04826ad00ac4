"""What everybody said, read on from the logs as they grow."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Generic

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook.entry import Fingerprint, Kind, L, Subject, W, in_order, stand
from cxr_release.logbook.log import Log
from cxr_release.logbook.log_files import HEAD_SUFFIX, SUFFIX
from cxr_release.spelling import REVIEWER

_notices = logging.getLogger(__name__)


class Votes(Generic[W, L]):
    """What everybody said of some subjects, kept up with the logs as they grow.

    Lines about anything else are left out.

    Args:
        kind: what the logs hold.
        folder: where the logs lie; a log that appears later counts from then on.
        known: subject → what is shown of it.
        also: subject → what else may have been shown of it, and counts as well.
        nobody: names whose logs are no person's, and left out.
    """

    def __init__(
        self,
        kind: Kind[W, L],
        folder: Path,
        known: Mapping[Subject, Fingerprint],
        *,
        also: Mapping[Subject, Fingerprint] | None = None,
        nobody: Collection[str] = (),
    ) -> None:
        self.turn = threading.RLock()
        """Held by whoever reads or brings up to date."""
        self.standing: dict[str, dict[Subject, L]] = {}
        """Reviewer → subject → line, in the order of the log."""
        self.changed: list[Subject] = []
        """What anybody said something of, one after the other: a queue reads on from its end."""
        self._kind = kind
        self._folder = folder
        self._known = dict(known)
        self._also = dict(also or {})
        self._nobody = frozenset(nobody)
        self._logs: dict[str, Log[W, L]] = {}
        self._taken: dict[str, tuple[list[L], int]] = {}
        self._faults: dict[str, list[Fault]] = {}

    def log_of(self, reviewer: str) -> Log[W, L]:
        """The log of somebody who is served here, whether it exists yet or not.

        What was read of it must stay; the log of anybody else may be moved away.
        """
        log = self._log_of(reviewer)
        log.held = True
        return log

    def _log_of(self, reviewer: str) -> Log[W, L]:
        with self.turn:
            if reviewer not in self._logs:
                self._logs[reviewer] = Log(self._kind, self._folder, reviewer)
            return self._logs[reviewer]

    def refresh(self) -> None:
        """Take in what was logged since, by anybody.

        Raises:
            DecisionError: a log does not verify, or a line is about other bytes than are shown.
        """
        with self.turn:
            for reviewer in self._people():
                self._log_of(reviewer).refresh()
                self.take(reviewer)
            faults = [fault for some in self._faults.values() for fault in some]
        if faults:
            raise DecisionError(
                f"{len(faults)} {self._kind.noun}(s) are about other bytes than these films have",
                where=str(self._folder),
                remedy="if the films were sampled anew, move the old log away and begin again",
                faults=faults,
            )

    def take(self, reviewer: str) -> None:
        """Take in what a reviewer's log has read or written since."""
        with self.turn:
            log = self._log_of(reviewer)
            mine = self.standing.setdefault(reviewer, {})
            lines, count = self._taken.get(reviewer, (log.lines, 0))
            if lines is not log.lines:  # the file was replaced or removed
                if mine and not log.lines:
                    what = "%s is gone, and the %d %s(s) that stood in it do not count any more"
                    _notices.warning(what, log.path, len(mine), self._kind.noun)
                self.changed.extend(mine)
                mine.clear()
                self._faults.pop(reviewer, None)
                lines, count = log.lines, 0
            fresh = lines[count:]
            self._taken[reviewer] = lines, count + len(fresh)
            about = [one for one in fresh if one.about in self._known]
            if any(one.joined_from for one in fresh):  # they may be older than what stood there
                mine.clear()
                told = in_order(lines[: count + len(fresh)])
                stand(mine, [one for one in told if one.about in self._known])
            else:
                stand(mine, about)
            self.changed.extend(one.about for one in about)
            self._faults.setdefault(reviewer, []).extend(
                Fault(
                    f"{log.path.name}: line {one.seq}",
                    f"a {self._kind.noun} on other bytes than {_named(one.about)} has now",
                )
                for one in about
                if one.fingerprint not in {self._known[one.about], self._also.get(one.about)}
            )

    def _people(self) -> list[str]:
        paths = self._folder.iterdir() if self._folder.is_dir() else []
        found = {path.stem for path in paths if path.suffix in {SUFFIX, HEAD_SUFFIX}}
        named = {one for one in found if REVIEWER.fullmatch(one)}
        return sorted((named | self._logs.keys()) - self._nobody)


def _named(about: Subject) -> str:
    return about if isinstance(about, str) else f"the pair {' and '.join(about)}"
