"""Commands that hold any two sets of films against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cxr_release.cli import complete
from cxr_release.cli.options import HERE, Json, Root, project_at, show


def audit(
    real: Annotated[
        list[Path] | None, typer.Option(help="Real films: a folder, or an image table (Parquet).")
    ] = None,
    synthetic: Annotated[list[Path] | None, typer.Option(help="Synthetic films, likewise.")] = None,
    output: Annotated[
        Path, typer.Option(help="Folder for what is found; holds real films.")
    ] = Path("audited"),
    split: Annotated[
        Path | None,
        typer.Option(help="Real films held out, or never seen: Parquet or CSV with id and part."),
    ] = None,
    top: Annotated[int | None, typer.Option(help="Most similar pairs to list.", min=1)] = None,
    plant: Annotated[
        int | None, typer.Option(help="Copies to plant of each alteration.", min=0)
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(help="thumbnail, vit, or a torchvision model.")
    ] = None,
    weights: Annotated[str | None, typer.Option(help="That encoder's file of weights.")] = None,
    weights_sha256: Annotated[
        str | None, typer.Option(help="Its SHA-256; a file that torchvision publishes needs none.")
    ] = None,
    fail_on_flagged: Annotated[
        bool,
        typer.Option(
            "--fail-on-flagged", help="End with 1 where a film is flagged, or none could be."
        ),
    ] = False,
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Search two sets of films for near-copies.

    Names the pairs that are flagged or all but the same, says how many chance alone would flag,
    and writes pairs.parquet, nearest.parquet, within.parquet, pairs.png, distances.png and
    audit.json to OUTPUT. With --plant it alters copies of real films and says how many it would
    have found. Without --real and --synthetic it takes the project's films.

    Ends with 1 where a film could not be read, for such a set is never clean; with
    --fail-on-flagged also where a film is flagged, or where nothing could be compared.

    Example: cxr-release audit --real films --synthetic drawn --output found --plant 50
    """
    from cxr_release import api
    from cxr_release.memorization.report import require_complete
    from cxr_release.memorization.summary import text_of

    project = project_at(root, needed=real is None)
    report = api.audit(
        **project.audit_inputs(real, synthetic, split),
        output=output,
        seed=project.seed,
        **project.audit_settings(
            encoder=encoder,
            weights=weights,
            weights_sha256=weights_sha256,
            top=top,
            plants=plant,
        ),
    )
    show(report | {"output": str(output)}, lambda _: text_of(report, output), as_json=as_json)
    require_complete(report, unflagged=fail_on_flagged)


def score(
    train: Annotated[
        list[Path],
        typer.Option(
            help="Films that the generator learnt from: a folder, or an image table (Parquet)."
        ),
    ],
    synthetic: Annotated[
        list[Path], typer.Option(help="Synthetic films, likewise; several are told apart.")
    ],
    held_out: Annotated[
        list[Path] | None,
        typer.Option(help="Control films: of other patients, that no run saw, likewise."),
    ] = None,
    patients: Annotated[
        Path | None,
        typer.Option(help="CSV: file and patient of each film of --train and --held-out."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Landmarks, classes or numbers of films: JSON or CSV.")
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of a checkpoint whose network is attacked.",
            autocompletion=complete.checkpoints,
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="Checkpoint, or run, that did not learn from the attacked films."),
    ] = None,
    split: Annotated[
        Path | None,
        typer.Option(help="Films that the reference did not see: Parquet or CSV with id and part."),
    ] = None,
    external: Annotated[
        Path | None, typer.Option(help="Films of another hospital, to test models on.")
    ] = None,
    learner: Annotated[
        Literal["closed", "resnet50", "unet", "swin_t"],
        typer.Option(help="What learns."),
    ] = "closed",
    extractor: Annotated[
        list[str] | None,
        typer.Option(help="Network for a further distance: NETWORK=FILE, or NETWORK=FILE@SHA256."),
    ] = None,
    fail_below: Annotated[
        list[str] | None,
        typer.Option(help="End with 3 where a part is below: PART=NUMBER, such as privacy=50."),
    ] = None,
    output: Annotated[
        Path, typer.Option(help="Folder for scorecard.json and its pictures.")
    ] = Path("scored"),
    as_json: Json = False,
) -> None:
    """Score synthetic films: privacy, use, coverage.

    Is anybody of --train in them, are they good for anything, whom do they miss?

    Everything stands beside what real films of other patients get, and what copies of --train get.
    An attack is held against films of patients whom no run saw, and says what it would have found
    of planted films. Patients stand in --patients, or in patients.csv beside the films, whose
    further columns make groups; a patient or a picture both in --train and in --held-out is
    refused. What cannot be measured for lack of an input is said. Nothing that is written or
    printed names a film that could be read, or a patient.

    Ends with 1 where a film could not be read, with 3 where a part is below --fail-below, or was
    not measured.

    Example: cxr-release score --train films --held-out others --synthetic drawn --output scored

    Example: cxr-release score --train films --held-out others --synthetic drawn --checkpoint run/15
    --reference tuning --split split.csv --fail-below privacy=50
    """
    from cxr_release import api
    from cxr_release.scorecard import measure, thresholds

    limits = thresholds.limits_of(fail_below or [])
    report = api.score(
        train,
        held_out,
        synthetic,
        output,
        patients=patients,
        labels=labels,
        checkpoints=checkpoint or (),
        reference=reference,
        split=split,
        external=str(external or ""),
        learner=learner,
        extractors=extractor or [],
    )
    show(measure.printed(report, output), measure.text_of, as_json=as_json)
    measure.require_read(report["unreadable"])
    thresholds.require_reached(report["summary"], limits)
