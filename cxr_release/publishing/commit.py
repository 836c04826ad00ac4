"""Tags: made once, on one commit, and never moved.

`.gitattributes` of a repo on the Hub: whoever clones it on Windows gets the bytes that it holds.

The Hub makes the file, and its lines say what lies beside git. One rule is put before them.

Bring main to what a folder holds: objects first, then one commit, then a look at it.
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
from cxr_release.publishing.hub_errors import AGAIN, Trouble
from cxr_release.publishing.remote import Local, Refs, Remote, differences

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd


def standing(remote: Remote, refs: Refs, tag: str, local: Mapping[str, Local]) -> str | None:
    """The commit of a tag that holds the folder's files already; None where there is no such tag.

    Raises:
        ReleaseError: the tag holds something else, or the name is a branch's.
    """
    if tag in refs.branches:
        raise ReleaseError(
            f"has a branch called {tag}: what that names would move",
            where=remote.access.page,
            remedy="delete the branch on the Hub",
        )
    commit = refs.tags.get(tag)
    if commit is None:
        return None
    other = differences(remote.tree(commit), local)
    if other:
        raise ReleaseError(
            f"tag {tag} holds another release, and a tag is never moved; nothing was sent",
            where=remote.access.page,
            remedy="raise release.version in params.yaml, then `dvc repro`",
            faults=[Fault(name, "is not the same, or only on one side") for name in other],
        )
    return commit


def tag(remote: Remote, name: str, commit: str, message: str) -> None:
    """Make a tag on a commit, and see that it stands there.

    Raises:
        ReleaseError: it could not be made, or stands on another commit.
    """
    wire = remote.wire
    for turn in range(wire.patience.tries):
        made = wire.attempt(
            lambda: wire.hub.create_tag(
                wire.access.repo,
                tag=name,
                tag_message=message,
                revision=commit,
                repo_type="dataset",
            )
        )
        # Whatever was answered: the answer may be lost and the tag made.
        stands = remote.refs().tags.get(name)
        if stands == commit:
            return
        if stands is not None:
            raise ReleaseError(
                f"tag {name} stands on commit {stands}, and the release is in {commit}",
                where=remote.access.page,
                remedy="raise release.version in params.yaml, then `dvc repro`",
            )
        if isinstance(made, Trouble):
            wire.wait_or_raise(made, turn)
    raise ReleaseError(f"has no tag {name} after making it", where=remote.access.page, remedy=AGAIN)


ATTRIBUTES = ".gitattributes"
RULE = b"* -text"
LARGEST = 100_000
"""Bytes of a file of attributes; what is longer is left alone."""
_WHY = b"# No line end is changed on checkout: SHA256SUMS holds hashes of bytes.\n"


def with_rule(attributes: bytes) -> bytes | None:
    """The same with the rule that no line end is changed; None where it says so already.

    What stands behind the rule goes before it, so that the Hub's own lines keep their meaning.
    """
    if RULE in (line.strip() for line in attributes.splitlines()):
        return None
    return _WHY + RULE + b"\n" + attributes


def missing_rule(wire: Wire, commit: str) -> bytes | None:
    """What the file is to hold after `commit`; None where it may stay, or cannot be read.

    It is no part of the release: a Hub that does not give it is asked no second time.
    """
    from huggingface_hub import get_session, hf_raise_for_status

    def read() -> bytes:
        url = f"{wire.access.page}/raw/{commit}/{ATTRIBUTES}"
        response = get_session().get(url, headers=wire.headers())
        hf_raise_for_status(response)
        return bytes(response.content)

    found = wire.attempt(read)
    if isinstance(found, Trouble) or len(found) > LARGEST:
        return None
    return with_rule(found)


AT_ONCE = 256
"""Files that the Hub is asked about in one request."""
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
    _require_taken(wire, additions, local)
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
    changed = [
        Fault(one.path_in_repo, "changed during the push", "let nothing write to the folder")
        for one in additions
        if one.path_in_repo in local
        and one.upload_info.sha256.hex() != local[one.path_in_repo].sha256
    ]
    _require_none(wire, changed)


def _require_taken(
    wire: Wire, additions: Sequence[CommitOperationAdd], local: Mapping[str, Local]
) -> None:
    """Ask the Hub, before anything is sent, where it would put each file.

    Raises:
        ReleaseError: it would leave one out, or wants a large one inside of the commit.
    """
    faults = []
    for start in range(0, len(additions), AT_ONCE):
        some = [one for one in additions[start : start + AT_ONCE] if one.path_in_repo in local]
        for name, mode, is_ignored in wire.persist(partial(_places, wire, some)) or ():
            if is_ignored:
                remedy = "delete .gitignore on the Hub"
                faults.append(Fault(name, "the Hub would leave it out", remedy))
            if mode != "lfs" and local[name].size > REGULAR_AT_MOST:
                what = "the Hub wants a file of this size inside of the commit"
                faults.append(Fault(name, what, "delete .gitattributes on the Hub"))
    _require_none(wire, faults)


def _places(wire: Wire, some: Sequence[CommitOperationAdd]) -> list[tuple[str, str, bool]]:
    """Name, mode (`lfs` or `regular`) and whether it is ignored, of files as the Hub sees them."""
    from huggingface_hub import get_session, hf_raise_for_status

    files = [
        {
            "path": one.path_in_repo,
            "sample": base64.b64encode(one.upload_info.sample).decode("ascii"),
            "size": one.upload_info.size,
        }
        for one in some
    ]
    response = get_session().post(
        f"{wire.access.api}/preupload/main",
        json={"files": files, "gitIgnore": ""},
        headers=wire.headers(),
    )
    hf_raise_for_status(response)
    names = {one.path_in_repo for one in some}
    return [
        (one["path"], str(one["uploadMode"]), bool(one["shouldIgnore"]))
        for one in json.loads(response.content)["files"]
        if one["path"] in names
    ]


def _require_none(wire: Wire, faults: Sequence[Fault]) -> None:
    if faults:
        raise ReleaseError(
            "would not take the release as it is, so nothing was committed",
            where=wire.access.page,
            faults=faults,
        )
