"""Bring main to what a folder holds: objects first, then one commit, then a look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING

from cxr_release.errors import Fault, ReleaseError
from cxr_release.publishing.attributes import ATTRIBUTES, missing_rule
from cxr_release.publishing.local import Local
from cxr_release.publishing.remote import Remote, differences
from cxr_release.publishing.troubles import AGAIN, Trouble
from cxr_release.publishing.wire import Wire

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd

REGULAR_AT_MOST = 10_000_000
"""Bytes of a file that may travel inside of the commit; the Hub itself allows no more."""


def create(wire: Wire, *, private: bool) -> None:
    """Make the dataset repo; that it is there already is fine.

    Raises:
        ReleaseError: there is no right to do so.
    """
    repo = wire.access.repo
    for turn in range(wire.patience.tries):
        made = wire.attempt(
            lambda: wire.hub.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
        )
        # Whatever was answered: the answer may be lost and the repo made.
        if Remote(wire).is_private() is not None:
            return
        if isinstance(made, Trouble):
            wire.wait_or_raise(made, turn)
    raise ReleaseError("is not there after making it", where=wire.access.page, remedy=AGAIN)


def send(
    wire: Wire,
    local: Mapping[str, Local],
    *,
    add: Sequence[str],
    delete: Sequence[str],
    head: str,
    message: str,
) -> str:
    """Send files and commit them onto `head`.

    Args:
        wire: the conversation.
        local: the folder's files.
        add: names of files that main has not, or has otherwise.
        delete: names of files that main has and the folder has not.
        head: the commit that main was seen at. Unless it still is, nothing is committed.
        message: what the commit says.

    Returns:
        The commit, which holds exactly the folder's files, and the Hub's `.gitattributes`.

    Raises:
        ReleaseError: the commit was not made, and main is as it was; or it was made, and the Hub
            says that it holds something else.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    additions = [CommitOperationAdd(name, str(local[name].path)) for name in add]
    attributes = missing_rule(wire, head)
    if attributes is not None:
        additions.append(CommitOperationAdd(ATTRIBUTES, attributes))
    _upload(wire, additions, local)
    deletions = [CommitOperationDelete(name, is_folder=False) for name in delete]
    remote = Remote(wire)
    for turn in count():
        made = wire.attempt(
            lambda: (
                wire.hub.create_commit(
                    wire.access.repo,
                    [*additions, *deletions],
                    commit_message=message,
                    repo_type="dataset",
                    parent_commit=head,
                ).oid
            )
        )
        commit = _landed(remote, local, head, made)
        if commit is not None:
            return commit
        if isinstance(made, Trouble):
            wire.wait_or_raise(made, turn)
    raise AssertionError("the last try raises")


def _landed(
    remote: Remote, local: Mapping[str, Local], head: str, made: str | Trouble
) -> str | None:
    """The commit that is ours, whatever was answered; None where main has not moved."""
    main = remote.refs().branches.get("main")
    if isinstance(made, Trouble):
        if main == head:
            return None
        # The answer may be lost and the commit made: then main holds what was sent.
        if main is not None and not differences(remote.tree(main), local):
            return main
        raise _moved(remote)
    if main == head:
        raise ReleaseError(
            "says that the commit was made, and main is where it was",
            where=remote.access.page,
            remedy=AGAIN,
        )
    require_same(remote, made, local)
    return made


def _moved(remote: Remote) -> ReleaseError:
    return ReleaseError(
        "somebody else changed main in the meantime; nothing of this release was committed",
        where=remote.access.page,
        remedy=f"look at what they did; then {AGAIN}",
    )


def require_same(remote: Remote, commit: str, local: Mapping[str, Local]) -> None:
    """Look at a commit on the Hub: exactly the folder's files, by size and hash.

    Raises:
        ReleaseError: it holds something else; every file is named.
    """
    wrong = differences(remote.tree(commit), local)
    if wrong:
        raise ReleaseError(
            f"commit {commit} holds other files than the folder, so it gets no tag",
            where=remote.access.page,
            remedy=AGAIN,
            faults=[Fault(name, "is missing, or not the same") for name in wrong],
        )


def _upload(
    wire: Wire, additions: Sequence[CommitOperationAdd], local: Mapping[str, Local]
) -> None:
    """Send what lies beside git; what the Hub has already is not sent again."""
    store = Remote(wire).xet_store()
    if store is not None:
        wire.watch.also(store)
    wire.persist(
        lambda: wire.hub.preupload_lfs_files(
            wire.access.repo,
            additions,
            repo_type="dataset",
            revision="main",
            free_memory=False,
            # No .gitignore that may lie on main keeps a file out.
            gitignore_content="",
        )
    )
    faults = [
        fault
        for one in additions
        if one.path_in_repo in local
        for fault in _faults(one, local[one.path_in_repo])
    ]
    if faults:
        raise ReleaseError(
            "would not take the release as it is, so nothing was committed",
            where=wire.access.page,
            faults=faults,
        )


def _faults(one: CommitOperationAdd, file: Local) -> list[Fault]:
    found = []
    if one._should_ignore:
        remedy = "delete .gitignore on the Hub"
        found.append(Fault(one.path_in_repo, "the Hub would leave it out", remedy))
    if one._upload_mode != "lfs" and file.size > REGULAR_AT_MOST:
        what = "the Hub wants a file of this size inside of the commit"
        found.append(Fault(one.path_in_repo, what, "delete .gitattributes on the Hub"))
    if one.upload_info.sha256.hex() != file.sha256:
        what = "changed during the push"
        found.append(Fault(one.path_in_repo, what, "let nothing write to the folder"))
    return found
