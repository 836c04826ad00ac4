"""Tags: made once, on one commit, and never moved."""

from __future__ import annotations

from collections.abc import Mapping

from cxr_release.errors import Fault, ReleaseError
from cxr_release.publishing.local import Local
from cxr_release.publishing.remote import Refs, Remote, differences
from cxr_release.publishing.troubles import AGAIN, Trouble


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
