"""SHA256SUMS against the files, in both directions."""

from __future__ import annotations

import re

from cxr_release.files import sha256
from cxr_release.publishing.verification.documents import text_of_file
from cxr_release.publishing.verification.findings import Findings
from cxr_release.publishing.verification.folder import Folder
from cxr_release.release.documents.checksums import CHECKSUMS

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
REMEDY = "fetch it again, or make the release again"


def check_sums(folder: Folder, found: Findings) -> dict[str, str]:
    """Hash every file and hold it against its line.

    Returns:
        File → SHA-256 as it is, of every file that could be read.
    """
    true = _hashes(folder, found)
    text = text_of_file(folder, CHECKSUMS, found)
    if text is None:
        return true
    stated = _read(text, found)
    for name, digest in stated.items():
        if name not in folder.sizes:
            found.add(name, f"stands in {CHECKSUMS} and is not there", REMEDY)
        elif name in true and true[name] != digest:
            found.add(name, f"its bytes are not those of {CHECKSUMS}", REMEDY)
    for name in sorted(folder.sizes.keys() - stated.keys() - {CHECKSUMS}):
        found.add(name, f"does not stand in {CHECKSUMS}", REMEDY)
    found.applied(f"files held against {CHECKSUMS}", len(stated.keys() & true.keys()))
    return true


def _hashes(folder: Folder, found: Findings) -> dict[str, str]:
    true = {}
    for name in folder.sizes:
        if name != CHECKSUMS:
            try:
                true[name] = sha256(folder.path(name))
            except OSError as error:
                found.add(name, f"cannot be read: {error.strerror}")
    return true


def _read(text: str, found: Findings) -> dict[str, str]:
    stated: dict[str, str] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        where = f"{CHECKSUMS}: line {number}"
        parts = _LINE.fullmatch(line)
        if not parts:
            found.add(where, "is no hash, two spaces and a name")
        elif not is_plain(parts[2]):
            found.add(where, f"names {parts[2]!r}, which is no plain name below the folder")
        elif parts[2] in stated or parts[2] == CHECKSUMS:
            found.add(where, f"names {parts[2]} a second time, or itself")
        else:
            stated[parts[2]] = parts[1]
    return stated


def is_plain(name: str) -> bool:
    """Whether a name leads from a folder down to a file in it, on every system."""
    parts = name.split("/")
    return (
        name.isprintable() and not set(name) & set('\\:*?"<>|') and not {"", ".", ".."} & {*parts}
    )
