"""Line ends that git changed on checkout: the chain is of bytes, and breaks with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cxr_release.errors import DecisionError, Fault
from cxr_release.files import WINDOWS_ENDS

CHECKOUT = (
    "run `git config core.autocrlf false`, move {files} out of the folder, and check the folder"
    " out again: `git checkout -- {folder}`"
)


def refuse_windows_ends(path: Path, lines: Sequence[bytes]) -> None:
    """Refuse lines that end as on Windows: no line of ours ends so, whatever it says.

    Args:
        path: the log, or its head.
        lines: some of its lines, without their line feeds.

    Raises:
        DecisionError: there are such lines; with the one remedy.
    """
    bad = sum(line.endswith(b"\r") for line in lines)
    if not bad:
        return
    some = "" if bad == len(lines) else f" in {bad} of {len(lines)} lines read"
    remedy = CHECKOUT.format(files=f"{path.stem}.*", folder=path.parent.as_posix())
    fault = Fault(path.name, WINDOWS_ENDS + some, remedy)
    raise DecisionError("1 fault(s)", where=path.name, faults=[fault])
