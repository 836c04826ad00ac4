"""What does not fit together in films that another generator drew."""

from __future__ import annotations

import re

from cxr_release.errors import Fault
from cxr_release.params.identity import is_blank
from cxr_release.params.sampling import SourceParams

_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,95}){1,8}")


def source_faults(place: str, source: SourceParams) -> list[Fault]:
    """What does not fit together in films that another generator drew."""
    if is_blank(source.path):
        return [Fault(f"{place}.path", "is empty", "name the folder, or ORG/NAME on the Hub")]
    if source.kind == "folder":
        what = "is for kind hub: a folder is as it is"
        return [] if source.revision is None else [Fault(f"{place}.revision", what, "leave it out")]
    faults = []
    if not _REPO.fullmatch(source.path):
        faults.append(
            Fault(
                f"{place}.path", "is not a dataset on the Hub", "give ORG/NAME, or ORG/NAME/FOLDER"
            )
        )
    if source.revision is None:
        remedy = "give its commit, 40 hex digits, or a tag, whose commit is then recorded"
        faults.append(Fault(f"{place}.revision", "is missing: datasets on the Hub change", remedy))
    return faults
