"""SHA256SUMS against the files, in both directions; and line ends that git changed on checkout."""

from __future__ import annotations

import hashlib
import re

from cxr_release.files import WINDOWS_ENDS, sha256
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.layout import CHECKSUMS, UNLISTED
from cxr_release.release.untrusted.folder import Folder
from cxr_release.release.untrusted.readers import LARGEST, text_of_file

CLONE_AGAIN = "clone it again with `git clone -c core.autocrlf=false`, or download it without git"
_BINARY = (".parquet", ".png")
_WINDOWS, _OURS = b"\r\n", b"\n"


def has_windows_ends(folder: Folder, report: CheckReport) -> bool:
    """Whether texts are what SHA256SUMS says but for their line ends, each of which is named.

    Then nothing else that is found in them says anything.
    """
    sums = _bytes_of(folder, CHECKSUMS)
    lines = sums.replace(_WINDOWS, _OURS).decode("utf-8", "replace").splitlines()
    stated = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    named = [
        name
        for name in folder.sizes
        if _WINDOWS in (data := _bytes_of(folder, name))
        and (name in UNLISTED or stated.get(name) == _hash_as_made(data))
    ]
    for name in named:
        report.add(name, WINDOWS_ENDS, CLONE_AGAIN)
    return bool(named)


def _bytes_of(folder: Folder, name: str) -> bytes:
    """A text's bytes; nothing of what is not text, or too large for one: other checks name that."""
    if name.endswith(_BINARY) or not 0 < folder.sizes.get(name, 0) <= LARGEST:
        return b""
    try:
        with folder.path(name).open("rb") as stream:
            return stream.read(LARGEST)
    except OSError:
        return b""


def _hash_as_made(data: bytes) -> str:
    return hashlib.sha256(data.replace(_WINDOWS, _OURS)).hexdigest()


_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
REMEDY = "fetch it again, or make the release again"


def check_checksums(folder: Folder, report: CheckReport) -> dict[str, str]:
    """Hash every file and hold it against its line.

    Returns:
        File → SHA-256 as it is, of every file that could be read.
    """
    true = _hashes(folder, report)
    text = text_of_file(folder, CHECKSUMS, report)
    if text is None:
        return true
    stated = _read(text, report)
    for name, digest in stated.items():
        if name not in folder.sizes:
            report.add(name, f"is listed in {CHECKSUMS} and is not there", REMEDY)
        elif name in true and true[name] != digest:
            report.add(name, f"does not match its SHA-256 in {CHECKSUMS}", REMEDY)
    for name in sorted(folder.sizes.keys() - stated.keys() - UNLISTED):
        report.add(name, f"is not listed in {CHECKSUMS}", REMEDY)
    report.applied(f"files held against {CHECKSUMS}", len(stated.keys() & true.keys()))
    return true


def _hashes(folder: Folder, report: CheckReport) -> dict[str, str]:
    true = {}
    for name in folder.sizes:
        if name not in UNLISTED:
            try:
                true[name] = sha256(folder.path(name))
            except OSError as error:
                report.add(name, f"cannot be read: {error.strerror}")
    return true


def _read(text: str, report: CheckReport) -> dict[str, str]:
    stated: dict[str, str] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        where = f"{CHECKSUMS}: line {number}"
        parts = _LINE.fullmatch(line)
        if not parts:
            report.add(where, "is not a hash, two spaces and a name")
        elif not is_plain(parts[2]):
            report.add(where, f"names {parts[2]!r}, which is not a plain name below the folder")
        elif parts[2] in stated or parts[2] in UNLISTED:
            report.add(where, f"names {parts[2]} a second time, or itself")
        else:
            stated[parts[2]] = parts[1]
    return stated


def is_plain(name: str) -> bool:
    """Whether a name leads from a folder down to a file in it, on every system."""
    parts = name.split("/")
    return (
        name.isprintable() and not set(name) & set('\\:*?"<>|') and not {"", ".", ".."} & {*parts}
    )
