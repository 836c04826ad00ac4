"""Publish a released network: what `push` promises for datasets, behind a gate.

Weights that are out cannot be called back, and who holds them can ask them about any film. So an
attack must have been made on these very weights, and somebody must have typed what is to be let go.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr_release.errors import ReleaseError
from cxr_release.publishing.hub import access_to, require_online
from cxr_release.publishing.hub_client import Patience
from cxr_release.publishing.plan import Offline, require_gates
from cxr_release.publishing.push import PATIENT, deliver, own_tag, require_login
from cxr_release.publishing.readiness import require_identity
from cxr_release.publishing.remote import read_local

if TYPE_CHECKING:
    from cxr_release.release.model.record import ModelRecord


def push_model(
    folder: Path,
    *,
    repo: str,
    tag: str | None,
    private: bool,
    dry_run: bool,
    allow_weights: str | None,
    patience: Patience = PATIENT,
) -> dict[str, Any]:
    """Publish the folder of a released network.

    Args:
        folder: what the stage `model` wrote.
        repo: ORG/NAME of the model repo; it is made where there is none.
        tag: as of `push.push`; so are the others that are not named here.
        private: make a new repo private.
        dry_run: say what would be sent.
        allow_weights: the repo's name once more, as somebody typed it; not needed in a dry run.
        patience: how long to wait for a Hub that fails.

    Returns:
        See `push.deliver`.

    Raises:
        ReleaseError: the folder is not what it says, the attack on the weights was not made or
            found too much, nobody typed the name, or the Hub refuses or fails.
    """
    access = access_to(repo, "model", plan=dry_run)
    require_login(access, dry_run=dry_run)
    # Here, for its libraries are heavy.
    from cxr_release.json_documents import read
    from cxr_release.release import verify
    from cxr_release.release.model.gate import require_measured
    from cxr_release.release.model.record import MODEL, ModelRecord

    if not (folder / MODEL).is_file():
        raise ReleaseError(
            "is not the folder of a released network",
            where=str(folder),
            remedy="set model.release to true in params.yaml, run `dvc repro`, and push data/model",
        )
    local = read_local(folder)
    record_of = cache(lambda: read(folder / MODEL, ModelRecord))
    gates: dict[str, Callable[[], object]] = {
        "verified": lambda: verify.require_true(verify.verify(folder)),
        "tag": lambda: own_tag(record_of(), tag, MODEL),
        "identity": lambda: require_identity(record_of(), MODEL),
        "repository": lambda: _require_repository(record_of(), repo),
        "attack on the weights": lambda: require_measured(record_of()),
        "network": lambda: require_online(access.endpoint),
    }
    offline = Offline(access, local, lambda: str(record_of().tag), private)
    require_gates(gates, offline if dry_run else None)
    record = record_of()
    if allow_weights != repo and not dry_run:
        raise ReleaseError(
            "weights that are out cannot be called back, whatever is found in them later",
            where=access.page,
            remedy=f"read the section Privacy of its card; then add --allow-weights {repo}",
        )
    return deliver(access, local, record, private=private, dry_run=dry_run, patience=patience)


def _require_repository(record: ModelRecord, repo: str) -> None:
    from cxr_release.release.model.record import MODEL

    if record.repository and record.repository != repo:
        raise ReleaseError(
            f"is to be published as {record.repository}, and its card says so: not {repo}",
            where=MODEL,
            remedy="give that name, or set model.repository in params.yaml and run `dvc repro`",
        )
