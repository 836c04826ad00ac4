"""A release to look at: a folder as it is, or a version on the Hub, fetched for the time being."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tqdm import tqdm

from cxr_release.errors import Fault, ReleaseError
from cxr_release.publishing.hub import Kind, access_to, is_reference, reference
from cxr_release.publishing.hub_client import LIMIT, Patience, Wire, conversation
from cxr_release.publishing.remote import MADE_BY_THE_HUB, Remote, RemoteFile, read_local
from cxr_release.release.layout import is_portable

ROOM = 0.9
"""Part of the free disk space that a release may take."""
PATIENT = Patience()


@contextmanager
def open_release(
    text: str, *, kind: Kind = "dataset", patience: Patience = PATIENT
) -> Iterator[Path]:
    """Give the folder of a release.

    Args:
        text: a local folder, or ORG/NAME@TAG; the latter is fetched into a temporary folder, with
            a bar on stderr, and removed when the block ends.
        kind: what a version on the Hub is.
        patience: how long to wait for a Hub that fails.

    Raises:
        ReleaseError: it is neither, the version does not exist, a file does not match the Hub's
            own list, or the files would not be safe to store.
    """
    if Path(text).is_dir():
        yield Path(text)
        return
    if not is_reference(text):
        raise ReleaseError(
            "is neither a folder nor a version on the Hub", where=text, remedy="give ORG/NAME@TAG"
        )
    version = reference(text)
    access = access_to(version.repo, kind)
    with tempfile.TemporaryDirectory(prefix="cxr-release-") as name:
        folder = Path(name, "release")
        folder.mkdir()
        with conversation(access, patience) as wire:
            _fetch(wire, version.tag, folder)
        yield folder


def _fetch(wire: Wire, tag: str, folder: Path) -> None:
    """Fetch all files of a tag's commit."""
    remote = Remote(wire)
    commit = remote.refs().tags.get(tag)
    if commit is None:
        raise ReleaseError(
            f"has no tag {tag}", where=wire.access.page, remedy="look at its tags on the Hub"
        )
    files = {
        name: file for name, file in remote.tree(commit).items() if name not in MADE_BY_THE_HUB
    }
    where = f"{wire.access.repo}@{tag}"
    if wire.access.record not in files:
        raise ReleaseError(f"is not a release: it has no {wire.access.record}", where=where)
    require_room(files, where, shutil.disk_usage(folder).free)
    download(wire, commit, files, folder, title=f"fetching {tag}")


def download(
    wire: Wire, commit: str, files: Mapping[str, RemoteFile], folder: Path, *, title: str
) -> None:
    """Fetch files of a commit into an empty folder, and hold each against the Hub's list.

    Args:
        wire: the conversation.
        commit: 40 hex digits.
        files: some of its tree; see `require_room`.
        folder: where they go.
        title: of the bar on stderr.

    Raises:
        ReleaseError: the Hub does not answer, or a file does not match its size or hash.
    """
    total = sum(file.size for file in files.values())
    with tqdm(
        total=total,
        desc=title,
        unit="B",
        unit_scale=True,
        disable=None,
        file=sys.stderr,
    ) as bar:
        for name, file in sorted(files.items()):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            url = f"{wire.access.page}/resolve/{commit}/{quote(name)}"
            _download(wire, url, file, path, bar)
    _require_as_listed(wire, commit, files, folder)


def require_room(files: Mapping[str, RemoteFile], where: str, free: int) -> None:
    """Refuse unsafe names, names that collide, and more than the disk can take.

    Args:
        files: name → file.
        where: what they are of, for the error.
        free: bytes of the disk.

    Raises:
        ReleaseError: with every fault.
    """
    faults = [Fault(ascii(name), "is not a plain name") for name in files if not is_portable(name)]
    # On some systems names that differ in case only are one file, and a file cannot be a folder.
    names = Counter(name.lower() for name in files)
    for name in files:
        parents = {parent.as_posix().lower() for parent in Path(name).parents[:-1]}
        if names[name.lower()] > 1 or parents & names.keys():
            faults.append(Fault(ascii(name), "collides with the name of another file"))
    total = sum(file.size for file in files.values())
    if total > ROOM * free:
        message = f"has {total / 1e9:,.1f} GB, and the disk has room for {free / 1e9:,.1f} GB"
        faults.append(Fault("", message, "set TMPDIR to a folder with more room"))
    if faults:
        raise ReleaseError("cannot be fetched", where=where, faults=sorted(faults)[:20])


def _download(wire: Wire, url: str, file: RemoteFile, path: Path, bar: tqdm[Any]) -> None:
    """Fetch one file; what came before a connection broke is not fetched again."""
    path.touch()
    if file.size:
        wire.persist(lambda: _go_on(wire, url, file, path, bar))


def _go_on(wire: Wire, url: str, file: RemoteFile, path: Path, bar: tqdm[Any]) -> None:
    from huggingface_hub import get_session, hf_raise_for_status

    have = path.stat().st_size
    if have == file.size:
        return
    headers = wire.headers() | ({"Range": f"bytes={have}-"} if have else {})
    limit = {LIMIT: file.size}
    with get_session().stream("GET", url, headers=headers, extensions=limit) as response:
        if response.is_error:
            response.read()
        hf_raise_for_status(response)
        goes_on = have > 0 and response.status_code == 206
        with path.open("ab" if goes_on else "wb") as stream:
            bar.update(0 if goes_on else -have)
            for chunk in response.iter_raw():
                bar.update(stream.write(chunk))


def _require_as_listed(
    wire: Wire, revision: str, files: Mapping[str, RemoteFile], folder: Path
) -> None:
    local = read_local(folder)
    wrong = [name for name in files if name not in local or not files[name].is_same(local[name])]
    if wrong:
        raise ReleaseError(
            "gave a file that does not match its SHA-256",
            where=f"{wire.access.repo}@{revision}",
            remedy="run the same command again",
            faults=[Fault(name, "has another size or hash") for name in sorted(wrong)],
        )
