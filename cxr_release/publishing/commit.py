"""One commit that makes main hold a release folder, and one tag on it, which is never moved.

Large files are uploaded first, then committed together, then the commit is compared with the
folder. A rule in `.gitattributes` keeps a clone on Windows from changing line ends.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from cxr_release.errors import Fault, ReleaseError
from cxr_release.publishing.hub_client import Wire
from cxr_release.publishing.hub_errors import RERUN, HubFailure
from cxr_release.publishing.remote import Local, Refs, Remote, differences

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd


def tagged_commit(remote: Remote, refs: Refs, tag: str, local: Mapping[str, Local]) -> str | None:
    """The commit of a tag that holds the folder's files already; None where there is no such tag.

    Raises:
        ReleaseError: the tag holds something else, or the name is a branch's.
    """
    if tag in refs.branches:
        raise ReleaseError(
            f"has a branch called {tag}, so that name would move",
            where=remote.access.page,
            remedy="delete the branch on the Hub",
        )
    commit = refs.tags.get(tag)
    if commit is None:
        return None
    unequal = differences(remote.tree(commit), local)
    if unequal:
        raise ReleaseError(
            f"tag {tag} holds another release, and a tag is never moved; nothing was sent",
            where=remote.access.page,
            remedy="raise release.version in params.yaml, then `dvc repro`",
            faults=[Fault(name, "differs, or is on one side only") for name in unequal],
        )
    return commit


def create_tag(remote: Remote, name: str, commit: str, message: str) -> None:
    """Make a tag on a commit, and check that it is there.

    Raises:
        ReleaseError: it could not be made, or is on another commit.
    """
    wire = remote.wire
    for turn in range(wire.patience.tries):
        response = wire.attempt(
            lambda: wire.hub.create_tag(
                wire.access.repo,
                tag=name,
                tag_message=message,
                revision=commit,
                repo_type=wire.access.kind,
            )
        )
        # Whatever was answered: the answer may be lost and the tag made.
        tagged = remote.refs().tags.get(name)
        if tagged == commit:
            return
        if tagged is not None:
            raise ReleaseError(
                f"tag {name} is on commit {tagged}, and the release is in {commit}",
                where=remote.access.page,
                remedy="raise release.version in params.yaml, then `dvc repro`",
            )
        if isinstance(response, HubFailure):
            wire.wait_or_raise(response, turn)
    raise ReleaseError(f"has no tag {name} after making it", where=remote.access.page, remedy=RERUN)


ATTRIBUTES = ".gitattributes"
RULE = b"* -text"
LARGEST = 100_000
"""Bytes of `.gitattributes`; a longer file is left as it is."""
_WHY = b"# No line end is changed on checkout: SHA256SUMS holds hashes of bytes.\n"


def with_rule(attributes: bytes) -> bytes | None:
    """`.gitattributes` with the rule that no line end is changed; None where it has it already.

    The rule comes first, so that the Hub's own lines, which follow it, keep their meaning.
    """
    if RULE in (line.strip() for line in attributes.splitlines()):
        return None
    return _WHY + RULE + b"\n" + attributes


def missing_rule(wire: Wire, commit: str) -> bytes | None:
    """What the file is to hold after `commit`; None where it may stay, or cannot be read.

    It is not part of the release: a Hub that does not give it is not asked again.
    """
    from huggingface_hub import get_session, hf_raise_for_status

    def fetch() -> bytes:
        url = f"{wire.access.page}/raw/{commit}/{ATTRIBUTES}"
        response = get_session().get(url, headers=wire.headers())
        hf_raise_for_status(response)
        return bytes(response.content)

    attributes = wire.attempt(fetch)
    if isinstance(attributes, HubFailure) or len(attributes) > LARGEST:
        return None
    return with_rule(attributes)


AT_ONCE = 256
"""Files that the Hub is asked about in one request."""
REGULAR_AT_MOST = 10_000_000
"""Bytes of a file that may travel inside of the commit; the Hub itself allows no more."""


def create_repo(wire: Wire, *, private: bool) -> None:
    """Make the repo; that it is there already is fine.

    Raises:
        ReleaseError: the token may not do so.
    """
    repo = wire.access.repo
    for turn in range(wire.patience.tries):
        response = wire.attempt(
            lambda: wire.hub.create_repo(
                repo, repo_type=wire.access.kind, private=private, exist_ok=True
            )
        )
        # Whatever was answered: the answer may be lost and the repo made.
        if Remote(wire).is_private() is not None:
            return
        if isinstance(response, HubFailure):
            wire.wait_or_raise(response, turn)
    raise ReleaseError("is not there after making it", where=wire.access.page, remedy=RERUN)


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
    _require_accepted(wire, additions, local)
    _upload(wire, additions, local)
    deletions = [CommitOperationDelete(name, is_folder=False) for name in delete]
    remote = Remote(wire)
    for turn in count():
        response = wire.attempt(
            lambda: (
                wire.hub.create_commit(
                    wire.access.repo,
                    [*additions, *deletions],
                    commit_message=message,
                    repo_type=wire.access.kind,
                    parent_commit=head,
                ).oid
            )
        )
        commit = _landed(remote, local, head, response)
        if commit is not None:
            return commit
        if isinstance(response, HubFailure):
            wire.wait_or_raise(response, turn)
    raise AssertionError("the last try raises")


def _landed(
    remote: Remote, local: Mapping[str, Local], head: str, response: str | HubFailure
) -> str | None:
    """The commit that was sent, even if its answer was lost; None where main has not moved."""
    main = remote.refs().branches.get("main")
    if isinstance(response, HubFailure):
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
            remedy=RERUN,
        )
    require_same(remote, response, local)
    return response


def _moved(remote: Remote) -> ReleaseError:
    return ReleaseError(
        "main was changed in the meantime; nothing of this release was committed",
        where=remote.access.page,
        remedy=f"see what was changed; then {RERUN}",
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
            remedy=RERUN,
            faults=[Fault(name, "is missing, or not the same") for name in wrong],
        )


def _upload(
    wire: Wire, additions: Sequence[CommitOperationAdd], local: Mapping[str, Local]
) -> None:
    """Upload the large files (LFS, Xet); those that the Hub has already are not sent again."""
    store = Remote(wire).xet_store()
    if store is not None:
        wire.watch.also(store)
    wire.persist(
        lambda: wire.hub.preupload_lfs_files(
            wire.access.repo,
            additions,
            repo_type=wire.access.kind,
            revision="main",
            free_memory=False,
            # A .gitignore on main must not keep a file out.
            gitignore_content="",
        )
    )
    changed = [
        Fault(addition.path_in_repo, "changed during the push", "let nothing write to the folder")
        for addition in additions
        if addition.path_in_repo in local
        and addition.upload_info.sha256.hex() != local[addition.path_in_repo].sha256
    ]
    _refuse(wire, changed)


def _require_accepted(
    wire: Wire, additions: Sequence[CommitOperationAdd], local: Mapping[str, Local]
) -> None:
    """Ask the Hub, before anything is sent, where it would put each file.

    Raises:
        ReleaseError: it would leave one out, or wants a large one inside of the commit.
    """
    faults = []
    for start in range(0, len(additions), AT_ONCE):
        batch = [
            addition
            for addition in additions[start : start + AT_ONCE]
            if addition.path_in_repo in local
        ]
        for name, mode, is_ignored in wire.persist(partial(_upload_modes, wire, batch)) or ():
            if is_ignored:
                remedy = "delete .gitignore on the Hub"
                faults.append(Fault(name, "the Hub would leave it out", remedy))
            if mode != "lfs" and local[name].size > REGULAR_AT_MOST:
                message = "the Hub wants a file of this size inside of the commit"
                faults.append(Fault(name, message, "delete .gitattributes on the Hub"))
    _refuse(wire, faults)


def _upload_modes(wire: Wire, batch: Sequence[CommitOperationAdd]) -> list[tuple[str, str, bool]]:
    """Name, mode (`lfs` or `regular`) and whether it is ignored, of files as the Hub sees them."""
    from huggingface_hub import get_session, hf_raise_for_status

    files = [
        {
            "path": addition.path_in_repo,
            "sample": base64.b64encode(addition.upload_info.sample).decode("ascii"),
            "size": addition.upload_info.size,
        }
        for addition in batch
    ]
    response = get_session().post(
        f"{wire.access.api}/preupload/main",
        json={"files": files, "gitIgnore": ""},
        headers=wire.headers(),
    )
    hf_raise_for_status(response)
    names = {addition.path_in_repo for addition in batch}
    return [
        (file["path"], str(file["uploadMode"]), bool(file["shouldIgnore"]))
        for file in json.loads(response.content)["files"]
        if file["path"] in names
    ]


def _refuse(wire: Wire, faults: Sequence[Fault]) -> None:
    if faults:
        raise ReleaseError(
            "would not take the release as it is, so nothing was committed",
            where=wire.access.page,
            faults=faults,
        )
