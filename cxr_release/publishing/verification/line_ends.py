"""Line ends that git changed when the release was checked out: one cause of many differences."""

from __future__ import annotations

import hashlib

from cxr_release.files import WINDOWS_ENDS
from cxr_release.publishing.verification.documents import LARGEST
from cxr_release.publishing.verification.findings import Findings
from cxr_release.publishing.verification.folder import Folder
from cxr_release.release.documents.checksums import CHECKSUMS

REMEDY = "clone it again with `git clone -c core.autocrlf=false`, or download it without git"
_BINARY = (".parquet", ".png")
_WINDOWS, _OURS = b"\r\n", b"\n"


def has_windows_ends(folder: Folder, found: Findings) -> bool:
    """Whether texts are what SHA256SUMS says but for their line ends, each of which is named.

    Then nothing else that is found in them says anything.
    """
    sums = _read(folder, CHECKSUMS)
    lines = sums.replace(_WINDOWS, _OURS).decode("utf-8", "replace").splitlines()
    stated = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    named = [
        name
        for name in folder.sizes
        if _WINDOWS in (data := _read(folder, name))
        and (name == CHECKSUMS or stated.get(name) == _hash_as_made(data))
    ]
    for name in named:
        found.add(name, WINDOWS_ENDS, REMEDY)
    return bool(named)


def _read(folder: Folder, name: str) -> bytes:
    """A text's bytes; nothing of what is no text, or too large for one: other checks name that."""
    if name.endswith(_BINARY) or not 0 < folder.sizes.get(name, 0) <= LARGEST:
        return b""
    try:
        with folder.path(name).open("rb") as stream:
            return stream.read(LARGEST)
    except OSError:
        return b""


def _hash_as_made(data: bytes) -> str:
    return hashlib.sha256(data.replace(_WINDOWS, _OURS)).hexdigest()
