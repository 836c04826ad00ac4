"""What a push would do, told without the network; and the gates before it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cxr_release.errors import CxrReleaseError, Fault, ReleaseError, one_line
from cxr_release.publishing.hub import Access
from cxr_release.publishing.remote import Local
from cxr_release.release.layout import SIGNATURE


@dataclass(frozen=True)
class Offline:
    """A push as far as it follows from the folder and the command."""

    access: Access
    local: Mapping[str, Local]
    tag_of: Callable[[], str]
    """The version's tag, or an error where it is not known."""
    private: bool

    def text(self) -> str:
        """Files, bytes, repository, tag, signature and login, a line each."""
        size = sum(file.size for file in self.local.values())
        kind = "private" if self.private else "public"
        try:
            tag = self.tag_of()
        except CxrReleaseError:
            tag = "not known"
        return "\n".join(
            [
                "plan, before the Hub is asked:",
                f"  files       {len(self.local):,}, {size:,} bytes",
                f"  repository  {self.access.page}; {kind} where it has to be made",
                f"  tag         {tag}",
                f"  signed      {'yes' if SIGNATURE in self.local else 'no'}",
                f"  token       {'yes' if self.access.token else 'none: needed to send'}",
            ]
        )


def require_gates(gates: Mapping[str, Callable[[], object]], plan: Offline | None) -> None:
    """Let a release pass only where nothing holds it back.

    Args:
        gates: name of each → what raises where it is shut, in order.
        plan: for a dry run: it is printed with the state of every gate, and all that are shut are
            reported; None: the first that is shut ends the push.

    Raises:
        CxrReleaseError: one gate is shut.
        ReleaseError: several are.
    """
    if plan is None:
        for gate in gates.values():
            gate()
        return
    shut: dict[str, CxrReleaseError] = {}
    for name, gate in gates.items():
        try:
            gate()
        except CxrReleaseError as error:
            shut[name] = error
    width = max(map(len, gates))
    states = [
        f"  {name:<{width}}  {one_line(shut[name].what) if name in shut else 'passed'}"
        for name in gates
    ]
    sys.stderr.write("\n".join([plan.text(), "gates:", *states]) + "\n")
    if len(shut) == 1:
        raise next(iter(shut.values()))
    if shut:
        raise ReleaseError(
            f"{len(shut)} gates are shut, so it would not be sent",
            where=plan.access.page,
            faults=[
                fault
                for name, error in shut.items()
                for fault in error.faults or [Fault(error.where or name, error.what, error.remedy)]
            ],
        )
