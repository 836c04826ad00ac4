"""Publish a release on the Hugging Face Hub: verified, reviewed, in one commit, under one tag.

Main holds the whole release or what it held before, at every moment. Whatever happens in between,
the same command run again finishes it and sends only what is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr_release.errors import ReleaseError
from cxr_release.publishing.commit import create_repo, create_tag, require_same, send, tagged_commit
from cxr_release.publishing.hub import LOG_IN, Access, access_to, require_online
from cxr_release.publishing.hub_client import Patience, conversation
from cxr_release.publishing.plan import Offline, require_gates
from cxr_release.publishing.readiness import require_identity, require_reviewed
from cxr_release.publishing.remote import MADE_BY_THE_HUB, Local, Remote, read_local
from cxr_release.release.layout import SIGNATURE

if TYPE_CHECKING:
    from cxr_release.release.model.record import ModelRecord
    from cxr_release.release.record import Record
    from cxr_release.release.versions.proofs import LogStatements

PUSHED, THERE, DRY = "pushed", "already there", "dry run"
PATIENT = Patience()


@dataclass(frozen=True)
class Plan:
    """What a push would change."""

    private: bool | None
    """Whether the repo is private; None before it is made."""
    head: str | None
    """Commit of main; None before the repo is made."""
    add: tuple[str, ...]
    """Files that main has not, or has otherwise."""
    delete: tuple[str, ...]
    """Files that main has and the release has not."""
    tagged: str | None
    """Commit of the tag, which holds this release already."""


def push(
    folder: Path,
    *,
    repo: str,
    tag: str | None,
    private: bool,
    dry_run: bool,
    allow_unreviewed: bool,
    ledger: Path | None,
    statements: LogStatements | None = None,
    logs: Mapping[str, Mapping[str, Any]] | None = None,
    patience: Patience = PATIENT,
) -> dict[str, Any]:
    """Publish a release folder.

    Args:
        folder: the release folder.
        repo: ORG/NAME of the dataset repo; it is made where there is none.
        tag: the version's tag; None for the one in `release.json`; no other is accepted.
        private: make a new repo private. That an existing one is public is an error then; one that
            is private stays so either way.
        dry_run: say on stderr what would be sent and which gates are shut, before the Hub is asked,
            and change nothing there.
        allow_unreviewed: publish although reviews are not complete.
        ledger: folder of published versions, in which this one is noted once its tag exists, and
            which it must not contradict.
        statements: what the logs say of films that those versions left out; None: nothing.
        logs: how far each log goes, to be noted with the version.
        patience: how long to wait for a Hub that fails.

    Returns:
        What was done, JSON-able: repo, tag, commit, url, sent and already_there ({files, bytes}),
        deleted (names), private, dry_run, state (`pushed`, `already there` or `dry run`),
        unreviewed (names of reviews) and recorded (the ledger's folder of this version, or None).

    Raises:
        ReleaseError: the release is not true or not reviewed, or the Hub refuses it, or fails for
            longer than `patience`. Main is as it was then, or holds the whole release; the message
            says what to do.
    """
    access = access_to(repo, plan=dry_run)
    require_login(access, dry_run=dry_run)
    # Here, for its libraries are heavy.
    from cxr_release.json_documents import read
    from cxr_release.release import verify
    from cxr_release.release.model.record import MODEL
    from cxr_release.release.record import RECORD, Record

    if (folder / MODEL).is_file():
        raise ReleaseError(
            "is a released network, not a dataset", where=str(folder), remedy="add --model"
        )
    # Before they are verified: what is written into the folder from now on is not sent.
    local = read_local(folder)
    record_of = cache(lambda: read(folder / RECORD, Record))
    gates: dict[str, Callable[[], object]] = {
        "verified": lambda: verify.require_true(verify.verify(folder)),
        "earlier versions": lambda: _require_no_contradiction(ledger, folder, statements),
        "tag": lambda: own_tag(record_of(), tag, RECORD),
        "identity": lambda: require_identity(record_of()),
        "reviews": lambda: require_reviewed(record_of(), allow_unreviewed=allow_unreviewed),
        "network": lambda: require_online(access.endpoint),
    }
    offline = Offline(access, local, lambda: str(record_of().tag), private)
    require_gates(gates, offline if dry_run else None)
    record = record_of()
    tag, unreviewed = str(record.tag), require_reviewed(record, allow_unreviewed=True)
    report = deliver(access, local, record, private=private, dry_run=dry_run, patience=patience)
    recorded = None
    if ledger is not None and report["commit"] and not dry_run:
        recorded = _record_version(ledger, folder, logs, f"{repo}@{tag}")
    return report | {
        "unreviewed": unreviewed,
        "recorded": None if recorded is None else str(recorded),
    }


def require_login(access: Access, *, dry_run: bool) -> None:
    """Refuse to begin without a token; a dry run needs none.

    Raises:
        ReleaseError: there is none.
    """
    if access.token is None and not dry_run:
        raise ReleaseError("not logged in", where=access.page, remedy=LOG_IN)


def deliver(
    access: Access,
    local: Mapping[str, Local],
    record: Record | ModelRecord,
    *,
    private: bool,
    dry_run: bool,
    patience: Patience,
) -> dict[str, Any]:
    """Send a folder that may go out: one commit, compared, then its tag.

    Args:
        access: the repo, and who asks.
        local: the folder's files, from before they were verified.
        record: names title, version and tag.
        private: see `push`.
        dry_run: see `push`.
        patience: how long to wait for a Hub that fails.

    Returns:
        See `push`; all but `unreviewed` and `recorded`.

    Raises:
        ReleaseError: see `push`.
    """
    tag = str(record.tag)
    with conversation(access, patience) as wire:
        remote = Remote(wire)
        if access.token is not None and remote.role() == "read" and not dry_run:
            raise ReleaseError(
                "the token may only read", where=access.page, remedy="use one that may write"
            )
        plan = _plan(remote, tag, local, private=private)
        sys.stderr.write(_announcement(plan, access, tag, local, private=private))
        if not dry_run and plan.tagged is None:
            plan, commit = _publish(remote, tag, local, plan, record, private=private)
        else:
            commit = plan.tagged or ""
    return {
        "repo": access.repo,
        "tag": tag,
        "commit": commit or None,
        "url": f"{access.page}/tree/{tag}",
        **_amounts(plan, local),
        "deleted": [] if plan.tagged else list(plan.delete),
        "private": private if plan.private is None else plan.private,
        "dry_run": dry_run,
        "state": THERE if plan.tagged else DRY if dry_run else PUSHED,
    }


def _require_no_contradiction(
    ledger: Path | None, folder: Path, statements: LogStatements | None
) -> None:
    from cxr_release.release.versions.proofs import LogStatements, require_no_contradiction
    from cxr_release.release.versions.published import is_empty
    from cxr_release.release.versions.version import read_version

    if ledger is not None and not is_empty(ledger):
        version = read_version(folder)
        require_no_contradiction(ledger, version.name, version.films, statements or LogStatements())


def _record_version(
    ledger: Path, folder: Path, logs: Mapping[str, Mapping[str, Any]] | None, version: str
) -> Path:
    from cxr_release.release.versions.published import enter

    try:
        return enter(ledger, folder, logs=logs) if logs else enter(ledger, folder)
    except OSError as error:
        raise ReleaseError(
            f"{version} is published, but could not be noted: {error.strerror}",
            where=str(ledger),
            remedy="push it again when there is room: nothing is sent twice, and it is noted then",
        ) from error


def own_tag(record: Record | ModelRecord, tag: str | None, where: str) -> str:
    """The tag of a version, which is no other than its record says.

    Raises:
        ReleaseError: another one is asked for.
    """
    own = str(record.tag)
    if tag not in {None, own}:
        raise ReleaseError(
            f"version {record.version} has the tag {own}, and its card says so: not {tag}",
            where=where,
            remedy="leave --tag out, or set release.version in params.yaml and run `dvc repro`",
        )
    return own


def _plan(remote: Remote, tag: str, local: Mapping[str, Local], *, private: bool) -> Plan:
    """What is on the Hub, and what a push would change.

    Raises:
        ReleaseError: the tag holds another release, main holds something that is not a release, or
            the repo is public and was to be private.
    """
    is_private = remote.is_private()
    if is_private is None:
        return Plan(None, None, tuple(local), (), None)
    if private and not is_private:
        raise ReleaseError(
            "is public, and was to be private; nothing was sent",
            where=remote.access.page,
            remedy="make it private in its settings on the Hub, or leave --private out",
        )
    refs = remote.refs()
    tagged = tagged_commit(remote, refs, tag, local)
    head = refs.branches.get("main")
    if head is None:
        raise ReleaseError(
            "has no branch main", where=remote.access.page, remedy="make one on the Hub"
        )
    tree = remote.tree(head)
    delete = sorted(tree.keys() - local.keys() - MADE_BY_THE_HUB)
    if delete and remote.access.record not in tree and tagged is None:
        names = ", ".join(delete[:5]) + (" …" if len(delete) > 5 else "")
        raise ReleaseError(
            f"holds {len(delete)} file(s) of something that is not a release: {names}",
            where=remote.access.page,
            remedy="delete them on the Hub, or push to another repo",
        )
    add = [name for name, file in local.items() if name not in tree or not tree[name].is_same(file)]
    return Plan(is_private, head, tuple(add), tuple(delete), tagged)


def _publish(
    remote: Remote,
    tag: str,
    local: Mapping[str, Local],
    plan: Plan,
    record: Record | ModelRecord,
    *,
    private: bool,
) -> tuple[Plan, str]:
    """Make the repo, the commit and the tag, as far as they are not there."""
    wire, message = remote.wire, f"{record.title}, version {record.version}"
    if plan.head is None:
        create_repo(wire, private=private)
        plan = _plan(remote, tag, local, private=private)
    commit = plan.head or ""
    if plan.add or plan.delete:
        commit = send(wire, local, add=plan.add, delete=plan.delete, head=commit, message=message)
    else:
        require_same(remote, commit, local)
    create_tag(remote, tag, commit, message)
    return plan, commit


def _amounts(plan: Plan, local: Mapping[str, Local]) -> dict[str, dict[str, int]]:
    add = set() if plan.tagged else set(plan.add)
    return {
        name: {"files": len(files), "bytes": sum(local[file].size for file in files)}
        for name, files in (("sent", sorted(add)), ("already_there", sorted(local.keys() - add)))
    }


def _announcement(
    plan: Plan, access: Access, tag: str, local: Mapping[str, Local], *, private: bool
) -> str:
    """What is going to be sent, before anything is."""
    if plan.tagged is not None:
        return f"{access.page}: {tag} holds this release already\n"
    parts = _amounts(plan, local)
    is_private = private if plan.private is None else plan.private
    lines = [
        f"{access.page}: {'private' if is_private else 'public'}"
        + (", to be made" if plan.private is None else ""),
        f"  to send: {_amount(parts['sent'])}",
        f"  there already: {_amount(parts['already_there'])}",
        *(f"  to delete: {name}" for name in plan.delete),
    ]
    if SIGNATURE not in local:
        lines.append("  It is not signed: `cxr-release sign` does so, before it is pushed.")
    if is_private and not private:
        lines.append("  It is private and stays so; --private was not asked for.")
    return "\n".join(lines) + "\n"


def _amount(part: Mapping[str, int]) -> str:
    return f"{part['files']} file(s), {part['bytes'] / 1e6:,.1f} MB"


def text_of(report: Mapping[str, Any]) -> str:
    """A push's report, for people."""
    done = {
        PUSHED: f"pushed {report['repo']}@{report['tag']}: commit {report['commit']}",
        THERE: f"{report['repo']}@{report['tag']} holds this release already, nothing was sent",
        DRY: f"nothing was sent: this was a dry run for {report['repo']}@{report['tag']}",
    }
    lines = [done[report["state"]]]
    if report["state"] != THERE:
        would = "would be " if report["dry_run"] else ""
        lines += [
            f"  {would}sent: {_amount(report['sent'])}; "
            f"there already: {_amount(report['already_there'])}",
            f"  {would}deleted: {len(report['deleted'])} file(s)",
        ]
    if report.get("unreviewed"):
        lines.append(f"  not complete: {', '.join(report['unreviewed'])}")
    if report.get("recorded"):
        lines.append(f"  noted in {report['recorded']}: add it to git")
    lines.append(f"  {'private' if report['private'] else 'public'}: {report['url']}")
    return "\n".join(lines)
