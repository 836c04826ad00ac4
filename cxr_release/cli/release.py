"""Commands of the finished release: check it, send it, compare it, withdraw from it, deposit it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cxr_release.cli import complete
from cxr_release.cli.options import HERE, Ids, Json, Note, Root, given_ids, project_at, show

release_app = typer.Typer()

TEAM = "release-team"
"""Name of the log that a withdrawal goes to where no reviewer is named."""

Patient = Annotated[
    float,
    typer.Option(
        "--patience",
        help="Seconds to wait for a Hub that does not answer.",
        min=1,
        max=86_400,
    ),
]
FIVE_MINUTES = 300.0
Folder = Annotated[Path, typer.Argument(help="The release folder.")]


@release_app.command()
def verify(
    release: Annotated[
        str | None,
        typer.Argument(
            help="A release folder, or ORG/NAME@TAG on the Hub.", show_default="data/release"
        ),
    ] = None,
    records: Annotated[
        bool, typer.Option("--records", help="Also read every record through croissant.json.")
    ] = False,
    signer: Annotated[
        Path | None, typer.Option(help="Public keys, one of which must have signed it.")
    ] = None,
    model: Annotated[
        bool, typer.Option("--model", help="ORG/NAME@TAG is a released network.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check that a release is what it says.

    Hashes, tables, films, counts, numbers and card.

    Works offline on a folder; names every difference, and ends with 1 where there is one. With
    --records, mlcroissant holds each shard in memory. `sha256sum -c SHA256SUMS` in the folder
    checks the hashes alone. The file of --signer is a .pub file or ssh's allowed_signers, from the
    team and not from the release.

    Example: cxr-release verify org/cervical-synthetic@v1.0.0
    """
    from cxr_release import api
    from cxr_release.release.verify import require_true, text_of

    report = api.verify(release or _own_release(), records=records, signer=signer, model=model)
    show(report, text_of, as_json=as_json)
    require_true(report)


@release_app.command()
def sign(
    folder: Folder,
    key: Annotated[Path, typer.Option(help="Your ssh key: a file, or the .pub of an agent's.")],
    as_json: Json = False,
) -> None:
    """Sign a release with an ssh key.

    SHA256SUMS.sig is one signature over all files, by ssh-keygen.

    The release is verified first. Keys are of the kind ed25519, in a file, in an agent or in
    hardware. `cxr-release verify --signer FILE` checks it; so do ssh-keygen and sha256sum alone.
    Sign before you push: a tag is never moved.

    Example: cxr-release sign data/release --key ~/.ssh/id_ed25519
    """
    from cxr_release.release.signatures.sign import sign as make
    from cxr_release.release.signatures.sign import text_of

    show(make(folder, key), text_of, as_json=as_json)


@release_app.command()
def push(
    folder: Folder,
    repo: Annotated[str, typer.Option(help="The repository on the Hub: ORG/NAME.")],
    tag: Annotated[
        str | None, typer.Option(help="Tag of this version.", show_default="v and the version")
    ] = None,
    private: Annotated[bool, typer.Option(help="Make a new repository private.")] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would be sent, and send nothing.")
    ] = False,
    allow_unreviewed: Annotated[
        bool, typer.Option(help="Send although not every review is complete.")
    ] = False,
    model: Annotated[
        bool, typer.Option("--model", help="The folder is a released network, data/model.")
    ] = False,
    allow_weights: Annotated[
        str | None,
        typer.Option(help="With --model: the repository's name once more, to let weights go."),
    ] = None,
    patience: Patient = FIVE_MINUTES,
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Publish a release on the Hugging Face Hub.

    Verified, in one commit, checked, then tagged.

    Stop it anywhere and run it again: it sends what is missing. `main` is never half-updated, and
    a tag is never moved. A Hub that does not answer is named within ten seconds, and the push ends
    when it has not answered for --patience. The token is HF_TOKEN's or that of `hf auth login`;
    HF_ENDPOINT is honoured. In a project the version is noted in data/published/: commit that.
    --model publishes a network, after an attack on it that found little: docs/releasing-a-model.md.

    Example: cxr-release push data/release --repo org/cervical-synthetic --dry-run
    """
    from cxr_release.publishing.push import text_of

    wanted: Any = {"repo": repo, "tag": tag, "private": private, "dry_run": dry_run}
    if model:
        report = _send_model(folder, allow_weights, patience, wanted)
    else:
        report = _send(folder, root, allow_unreviewed, patience, wanted)
    show(report, text_of, as_json=as_json)


def _send(
    folder: Path, root: Path, allow_unreviewed: bool, patience: float, wanted: Any
) -> dict[str, Any]:
    """Push a dataset, and note the version where it is a project's own."""
    from cxr_release.publishing.hub_client import Patience
    from cxr_release.publishing.push import push as send

    project = project_at(root, needed=False)
    ledger = project.ledger_for(folder)
    return send(
        folder,
        allow_unreviewed=allow_unreviewed,
        ledger=ledger,
        statements=project.statements() if ledger else None,
        logs=project.ends() if ledger else None,
        patience=Patience(total=patience),
        **wanted,
    )


def _send_model(
    folder: Path, allow_weights: str | None, patience: float, wanted: Any
) -> dict[str, Any]:
    """Push a released network."""
    from cxr_release.publishing.hub_client import Patience
    from cxr_release.publishing.push_model import push_model

    return push_model(
        folder, allow_weights=allow_weights, patience=Patience(total=patience), **wanted
    )


@release_app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A release folder, or ORG/NAME@TAG.")],
    new: Annotated[str, typer.Argument(help="Another one.")],
    as_json: Json = False,
) -> None:
    """Say in what two versions differ: films, settings, numbers.

    Example: cxr-release diff org/cervical-synthetic@v1.0.0 data/release
    """
    from cxr_release.publishing.diff import compare, text_of

    report = compare(old, new)
    show(report, text_of, as_json=as_json)


@release_app.command()
def withdraw(
    ids: Ids,
    reason: Annotated[
        str,
        typer.Option(
            help="Code from cards/reasons.yaml.", autocompletion=complete.withdrawal_reasons
        ),
    ] = "",
    retract: Annotated[bool, typer.Option("--retract", help="Take a withdrawal back.")] = False,
    reviewer: Annotated[
        str, typer.Option(help="Who withdraws: names the log.", autocompletion=complete.people)
    ] = TEAM,
    note: Note = "",
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Withdraw published films from the next version.

    They leave it, and a tombstone says why.
    No other decision brings them back. Published versions stay as they are. Then raise
    release.version in params.yaml, run `dvc repro`, and push.

    Example: cxr-release withdraw checkpoint-3-large-00012 --reason withdrawn-on-request
    """
    lines = project_at(root).withdraw(
        given_ids(ids), reviewer, reason=reason, note=note, retract=retract
    )
    films = [line.image_id for line in lines]
    text = f"logged {len(films)} {'retraction' if retract else 'withdrawal'}(s) of {reviewer}"
    print(json.dumps({"reviewer": reviewer, "films": films}, indent=2) if as_json else text)


@release_app.command()
def archive(
    folder: Folder,
    output: Annotated[Path, typer.Argument(help="The archive: NAME.zip, .tar, .tar.gz or .tgz.")],
    year: Annotated[
        int | None,
        typer.Option(help="Year of publication, for DataCite.", show_default="of release.date"),
    ] = None,
    form: Annotated[
        Literal["bagit", "plain"],
        typer.Option(help="bagit: a BagIt 1.0 bag; plain: the folder as it is."),
    ] = "bagit",
    as_json: Json = False,
) -> None:
    """Pack a release for figshare, Zenodo or the like.

    One file, with DataCite metadata.
    The release is verified first. The same release gives the same bytes.

    Example: cxr-release archive data/release cervical-synthetic-1.0.0.zip --year 2026
    """
    from cxr_release.publishing.archive import archive as deposit
    from cxr_release.publishing.archive import text_of

    report = deposit(folder, output, form=form, year=year)
    show(report, text_of, as_json=as_json)


@release_app.command()
def export(
    folder: Annotated[
        Path | None, typer.Argument(help="The release folder.", show_default="data/release")
    ] = None,
    to: Annotated[
        Literal["coco", "csv"], typer.Option(help="COCO keypoints, or a row a point.")
    ] = ("coco"),
    output: Annotated[Path, typer.Option(help="Folder for them, replaced as a whole.")] = Path(
        "landmarks"
    ),
    images: Annotated[bool, typer.Option(help="Write the films too, as PNG.")] = False,
    as_json: Json = False,
) -> None:
    """Write a release's landmarks as COCO keypoints or CSV.

    Example: cxr-release export data/release --to coco --output coco --images
    """
    from cxr_release.release.landmark_export import export_landmarks, text_of

    release = folder or Path(_own_release())
    show(export_landmarks(release, output, to=to, images=images), text_of, as_json=as_json)


def _own_release() -> str:
    """The release folder of the project that the user stands in."""
    return str(project_at(HERE, needed=False).paths.release)
