"""Films of a public dataset on the Hub, fetched at one commit into a folder.

Only pictures, Parquet tables and CSV are fetched: no script, no pickle, no archive. Every file is
held against the Hub's own list, and the token goes to the Hub alone (see `hub_client`).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cxr_release.errors import ReleaseError
from cxr_release.publishing.fetch import PATIENT, download, require_room
from cxr_release.publishing.hub import access_to
from cxr_release.publishing.hub_client import Patience, conversation
from cxr_release.publishing.remote import Remote, RemoteFile
from cxr_release.release.layout import is_portable

FETCHED = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".parquet", ".csv"})
"""Endings of what is fetched."""
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class FetchedFilms:
    """What was fetched."""

    commit: str
    """40 hex digits."""
    passed_over: int
    """Files of the dataset, or of the folder in it, that were not fetched."""


def fetch_films(
    path: str, revision: str, folder: Path, *, patience: Patience = PATIENT
) -> FetchedFilms:
    """Fetch the films of a dataset.

    Args:
        path: ORG/NAME, or ORG/NAME/FOLDER for what lies below a folder of it.
        revision: a commit, or a tag, whose commit is taken and returned.
        folder: an empty folder.
        patience: how long to wait for a Hub that fails.

    Raises:
        ReleaseError: there is no such dataset or revision, the Hub does not answer, it holds no
            film, the files would not be safe to store, or one does not match its hash.
    """
    owner, name, *below = PurePosixPath(path).parts
    access = access_to(f"{owner}/{name}")
    with conversation(access, patience) as wire:
        remote = Remote(wire)
        commit = revision
        if not _COMMIT.fullmatch(revision):
            refs = remote.refs()
            known = refs.tags.get(revision)
            if known is None:
                raise ReleaseError(
                    f"has no tag {revision}",
                    where=access.page,
                    remedy="give a tag of it, or a commit in full: 40 hex digits",
                )
            commit = known
        tree = _below(remote.tree(commit), "/".join(below))
        films = {
            file: facts
            for file, facts in tree.items()
            if PurePosixPath(file).suffix.lower() in FETCHED and is_portable(file)
        }
        where = f"{path}@{commit}"
        if not any(not file.lower().endswith(".csv") for file in films):
            raise ReleaseError(
                "holds no film as PNG, JPEG, TIFF or Parquet", where=where, remedy="name another"
            )
        require_room(films, where, shutil.disk_usage(folder).free)
        download(wire, commit, films, folder, title=f"fetching {path}")
    return FetchedFilms(commit, len(tree) - len(films))


def _below(tree: Mapping[str, RemoteFile], folder: str) -> dict[str, RemoteFile]:
    """The visible files of a dataset, or of a folder in it."""
    return {
        name: file
        for name, file in tree.items()
        if (not folder or name.startswith(f"{folder}/"))
        and not any(part.startswith(".") for part in PurePosixPath(name).parts)
    }
