"""Films that were withdrawn after a version held them: exclusions that no other decision undoes.

Their logs have the form of the reviewers' and lie in a folder of their own. A withdrawal is an
`exclude` line; what takes it back is a `retract`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cxr_release.logbook.line import standing_of
from cxr_release.screening.decision import Decision


def withdrawn_in(logs: Mapping[str, Sequence[Decision]]) -> dict[str, str]:
    """Withdrawn film → reason, of all logs: the first one given counts.

    Args:
        logs: who withdrew → lines.
    """
    standing = [one for log in logs.values() for one in standing_of(log).values()]
    found: dict[str, str] = {}
    for line in sorted(standing, key=lambda one: (one.at, one.reviewer)):
        if line.decision == "exclude":
            found.setdefault(line.image_id, line.reason)
    return found
