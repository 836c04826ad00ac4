"""The command line. A command is one call; its docstring is its help.

Exit codes: 0 done, 1 the work failed (one line says what, where and what to do), 2 wrong usage.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cxr_release import __version__
from cxr_release.cli import complete
from cxr_release.cli.lead import invited_to, lead_app
from cxr_release.cli.options import (
    HERE,
    Browser,
    Certificate,
    Host,
    Ids,
    Images,
    Json,
    Name,
    Note,
    Port,
    PrivateKey,
    Reviewer,
    Reviews,
    Root,
    given_ids,
    project_at,
    show,
)
from cxr_release.cli.release import release_app
from cxr_release.cli.report import report
from cxr_release.cli.setup import setup_app
from cxr_release.cli.study import study_app
from cxr_release.errors import CxrReleaseError
from cxr_release.exit_status import one_line_errors
from cxr_release.film_id import jobs_of
from cxr_release.tool_code import require_installed

if TYPE_CHECKING:
    from cxr_release.project import Project
    from cxr_release.screening.decision import Verb

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="""Turns a folder of radiographs into a citable synthetic dataset.

    `cxr-release init DIR` makes a project; its pipeline runs with `dvc repro`. The other commands
    prepare, check and publish what it makes, from any folder of the project.
    """,
)

log_app = typer.Typer(no_args_is_help=True, help="The reviewers' decision logs.")
app.add_typer(setup_app)
app.add_typer(log_app, name="log")
app.add_typer(study_app, name="study")
app.add_typer(release_app)
app.add_typer(lead_app)
app.command()(report)

DEBUG = "--debug"


def _sides(text: str) -> int | tuple[int, int]:
    """A size as the command line writes it: 256, or 192x256."""
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) > 2 or not all(part.isascii() and part.isdecimal() for part in parts):
        raise typer.BadParameter(f"{text!r} is neither a number of pixels nor WIDTHxHEIGHT")
    sides = [int(part[:9]) for part in parts]
    return sides[0] if len(sides) == 1 else (sides[0], sides[1])


def _version(is_set: bool) -> None:
    if is_set:
        print(f"cxr-release {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option(DEBUG, help="Show the traceback of an error.")] = False,
) -> None:
    """Options of every command."""


@app.command()
def ingest(
    source: Annotated[str, typer.Argument(help="A folder of films, or `phantoms`.")],
    output: Annotated[Path, typer.Argument(help="Where cohort.parquet and its manifest go.")],
    size: Annotated[
        str, typer.Option(help="Pixels on each side, or WIDTHxHEIGHT.", metavar="PIXELS")
    ] = "256",
    fit: Annotated[
        Literal["stretch", "pad", "physical"],
        typer.Option(help="pad keeps proportions; physical brings films to one scale."),
    ] = "stretch",
    millimetres: Annotated[
        float | None, typer.Option(help="With physical: what the longer side of a film shows.")
    ] = None,
    field: Annotated[
        Literal["whole", "exposed"], typer.Option(help="exposed cuts borders of collimators off.")
    ] = "whole",
    on_error: Annotated[
        Literal["stop", "skip"], typer.Option(help="What to do at bad films.")
    ] = "stop",
    key: Annotated[
        Path | None,
        typer.Option(help="File of the key behind the films' ids; created if missing."),
    ] = None,
    phantoms: Annotated[int, typer.Option(help="Films to draw, for `phantoms`.")] = 600,
    phantom_borders: Annotated[
        Literal["none", "bright", "dark", "mixed"],
        typer.Option(help="Around them, as collimators leave."),
    ] = "none",
    seed: Annotated[int, typer.Option(help="Seed of the phantoms.", min=0, max=2**63 - 1)] = 2026,
) -> None:
    """Take films in and say what became of each, without a project.

    PNG, JPEG, TIFF or DICOM of any depth become 8-bit grey of one size, bone bright.

    Every file is accounted for in OUTPUT/manifest.parquet, by its name; the films go to
    OUTPUT/cohort.parquet, by opaque ids: the same ones again only with the same --key.

    Example: cxr-release ingest ~/films data/try --size 256 --on-error skip
    """
    from cxr_release import api

    summary = api.ingest(
        source,
        output,
        size=_sides(size),
        fit=fit,
        millimetres=millimetres,
        field=field,
        on_error=on_error,
        key=key,
        phantoms=phantoms,
        phantom_borders=phantom_borders,
        seed=seed,
    )
    print(json.dumps(summary, indent=2, sort_keys=True))


@app.command()
def where(
    names: Annotated[list[str], typer.Argument(help="Such as dicom-00012, of the manifest.")],
    source: Annotated[Path | None, typer.Option(help="Folder of DICOM films.")] = None,
    key: Annotated[Path | None, typer.Option(help="File of the key behind the ids.")] = None,
    root: Root = HERE,
) -> None:
    """Say which DICOM file is behind a name of the manifest. Paths may name patients.

    The headers are read anew: nothing keeps this list. Without --source and --key they are those
    of the project.

    Example: cxr-release where dicom-00012
    """
    from cxr_release.films.dicom_folder import find_places
    from cxr_release.films.film_key import read_key

    project = project_at(root)
    ingested = project.params.ingest
    folder = source or project.paths.root / ingested.source
    file_key = read_key(key or project.paths.film_key)
    for name, path in find_places(names, folder, file_key, ingested.dicom).items():
        print(f"{name}  {path}")


@app.command()
def sample(
    further_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", hidden=True)] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID...",
            help="Films to make again, or - for stdin.",
            autocompletion=complete.jobs,
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="With --only: folder for the films (PNG).")] = Path(
        "again"
    ),
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Draw all films of params.yaml, or single ones again.

    Without --only it runs every sampling job, as `dvc repro` does, and goes on where one was
    stopped; `accelerate launch --no_python cxr-release sample` spreads them over several GPUs.
    With --only it writes the films as their job drew them, before they were turned to face left,
    and says how far they are from those that are there: 0 grey levels on the same CPU.

    Example: cxr-release sample --only checkpoint-3-large-00012 checkpoint-6-initial-00003
    """
    if further_ids and not only:
        raise typer.BadParameter("film ids go after --only")
    project = _that_draws(project_at(root))
    if not only:
        from cxr_release.stages import sample, sample_generators

        require_installed(project.root, "sample")
        for source, batch in jobs_of(map(str, project.params.sample.checkpoints)):
            sample.run(project.paths, project.params, source, batch)
        for source, batch in jobs_of(project.params.sample.beside):
            sample_generators.run(project.paths, project.params, source, batch)
        return
    from cxr_release.generators.regenerate import film_ids, regenerate

    films = regenerate(
        film_ids(given_ids([*only, *(further_ids or [])])),
        output,
        drawn_from=project.drawn_from,
        job_folder=project.paths.job,
        root_seed=project.params.seed,
        settings=project.params.sample,
        compute=project.params.compute,
        condition=project.params.condition,
    )
    if as_json:
        print(json.dumps({"films": films}, indent=2, sort_keys=True))
        return
    for film in films:
        off = film["difference"]
        comparison = (
            "not drawn before" if off is None else f"{off} grey level(s) from the one drawn before"
        )
        drawn_as = f", drawn as {film['label']}" if "label" in film else ""
        print(f"{film['file']}  seed {film['seed']}{drawn_as}, {comparison}")


def _that_draws(project: Project) -> Project:
    """The project itself.

    Raises:
        CxrReleaseError: other generators drew all of its films.
    """
    if not project.params.sample.checkpoints:
        raise CxrReleaseError(
            "names no checkpoint: other generators drew all films",
            where="sample.checkpoints",
            remedy="`dvc repro collect` takes them in",
        )
    return project


@app.command()
def status(root: Root = HERE, as_json: Json = False) -> None:
    """Say where the release stands and what holds it back.

    Example: cxr-release status --json
    """
    from cxr_release.cli.status import status_of, text_of

    report = status_of(project_at(root))
    show(report, text_of, as_json=as_json)


@app.command()
def exclude(
    ids: Ids,
    reviewer: Reviewer,
    reason: Annotated[
        str,
        typer.Option(help="Code from cards/reasons.yaml.", autocompletion=complete.reasons),
    ],
    note: Note = "",
    root: Root = HERE,
) -> None:
    """Exclude films from the release, with a reason.

    Example: cxr-release exclude checkpoint-3-large-00012 --reason artefact --reviewer a.b
    """
    _decide(root, reviewer, ids, "exclude", reason=reason, note=note)


@app.command()
def keep(ids: Ids, reviewer: Reviewer, note: Note = "", root: Root = HERE) -> None:
    """Keep films: they were looked at and are plausible.

    Example: cxr-release keep - --reviewer a.b < ids.txt
    """
    _decide(root, reviewer, ids, "keep", note=note)


@app.command()
def retract(ids: Ids, reviewer: Reviewer, note: Note = "", root: Root = HERE) -> None:
    """Take back your own decisions on films. The log keeps both lines.

    Example: cxr-release retract checkpoint-3-large-00012 --reviewer a.b
    """
    _decide(root, reviewer, ids, "retract", note=note)


@app.command()
def facing(
    ids: Ids,
    reviewer: Reviewer,
    faces: Annotated[
        Literal["left", "right", "unknown", "retract"],
        typer.Option(help="As it is now; retract takes back what you said."),
    ],
    note: Note = "",
    root: Root = HERE,
) -> None:
    """Say which way films face as they are now.

    For films of which that was found wrongly or not at all.

    The log under data/reviews/facing keeps it; the next `dvc repro` mirrors what faces right. Where
    reviewers differ, the facing is unknown, and the film stays as it was sampled.

    Example: cxr-release facing checkpoint-3-large-00012 --faces right --reviewer a.b
    """
    from cxr_release.screening.record_decisions import record_facing

    project = project_at(root)
    project.require_logs(project.paths.facing_log, [reviewer])
    decisions = record_facing(
        project.paths.facing_log, reviewer, given_ids(ids), faces, films=project.films(), note=note
    )
    print(f"logged {len(decisions)} facing decision(s) of {reviewer}: {faces}")


@app.command()
def counts(
    images: Images = None,
    reviews: Reviews = None,
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Count films generated, excluded and released (Table S1).

    The logs are verified first, and every decision is held against the films. With --images it
    works on any set of films, with any codes of reasons.

    Example: cxr-release counts --images films.csv --reviews data/reviews/screening --json
    """
    from cxr_release.screening.counts import table_s1

    table = project_at(root, needed=images is None).counts(images, reviews)
    show(table, lambda counts: table_s1(counts).rstrip(), as_json=as_json)


@log_app.command()
def verify(
    images: Images = None,
    reviews: Reviews = None,
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Verify every log: its chain, its end, and its films.

    Of the decisions on films, of the verdicts on pairs, and of the readers' answers.

    A line that was changed, removed or moved is named, and so is a decision on a film that is
    unknown or has changed. What a crash left of an unfinished last line is set aside beside the
    log, with a message. Before any film is sampled the chains alone are verified.

    Example: cxr-release log verify
    """
    from cxr_release.cli.log import text_of, verify_logs

    report = verify_logs(project_at(root, needed=images is None), images, reviews)
    show(report, text_of, as_json=as_json)


@log_app.command()
def join(
    other: Annotated[str, typer.Argument(help="The other log of that person, or - for stdin.")],
    into: Annotated[
        Path,
        typer.Option(
            help="The log here: data/reviews/KIND/NAME.jsonl.", autocompletion=complete.logs
        ),
    ],
    as_json: Json = False,
) -> None:
    """Join what one person logged on two machines.

    The log from the other machine goes into theirs here.

    Where git cannot merge a log, take one side whole and join the other one in. Nothing in
    the log here is rewritten: the other log's lines are added behind, each with its own time and
    the hash of the line that it comes from; where both decide on a film, the later counts. The
    other log is kept beside this one and verifies by itself. Joining twice is joining once.

    Example: cxr-release log join other.jsonl --into data/reviews/screening/a.b.jsonl
    """
    from cxr_release.cli.log import join_log
    from cxr_release.logbook.join import text_of

    done = join_log(other, into)
    show(asdict(done), lambda _: text_of(done), as_json=as_json)


@app.command()
def review(
    reviewer: Annotated[
        list[str] | None,
        typer.Option(
            help="Who reviews, such as a.b, besides those whom `lead` invited.",
            autocompletion=complete.people,
        ),
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = 8741,
    name: Name = None,
    certificate: Certificate = None,
    private_key: PrivateKey = None,
    browser: Browser = False,
    root: Root = HERE,
) -> None:
    """Screen the generated films in a browser, at the keyboard.

    Prints one address a reviewer; each opens once. Every decision is on disk before the page says
    so: stop the server at any time and start it again. Press ? on the page for its keys.

    Example: cxr-release review --reviewer a.b --reviewer c.d --host 10.1.2.3
    """
    from cxr_release.review_app.review import review as serve
    from cxr_release.review_app.site import Site

    project = project_at(root)
    params = project.params
    project.open_logs(project.paths.screening_log, reviewer or [])
    for log in (project.paths.facing_log, project.paths.findings_log):
        project.require_logs(log, reviewer or [])
    serve(
        project.tables,
        screening_log=project.paths.screening_log,
        facing_log=project.paths.facing_log,
        findings_log=project.paths.findings_log,
        findings=project.findings(),
        orders=project.paths.orders,
        reasons=project.reasons(),
        reviewers=reviewer or [],
        anatomy=project.anatomy(),
        title=params.release.title or params.release.name,
        order=params.review.order,
        scores=project.anomaly_scores(),
        prescreened=project.prescreened(),
        required=params.screen.reviewers_required,
        adjudicator=params.screen.adjudicator,
        assign=project.assignment,
        invited=invited_to(project, "screening"),
        site=Site(host, port, name or [], certificate, private_key, project.paths.keys),
        open_browser=browser,
    )


@app.command()
def clear(
    reviewer: Annotated[
        list[str] | None,
        typer.Option(
            help="Who looks, such as a.b, besides those whom `lead` invited.",
            autocompletion=complete.people,
        ),
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = 8744,
    name: Name = None,
    certificate: Certificate = None,
    private_key: PrivateKey = None,
    browser: Browser = False,
    root: Root = HERE,
) -> None:
    """Look in a browser for text burned into the real films.

    Shows each film of the source folder at full size: its corners and edges at once, and any place
    of it enlarged. A film that shows text is left out of every run with the next `dvc repro`.
    Decisions are logged by opaque ids. Films of patients: open the page where nobody looks on.

    Example: cxr-release clear --reviewer a.b
    """
    from cxr_release.review_app.clear import clear as serve
    from cxr_release.review_app.site import Site

    project = project_at(root)
    project.open_logs(project.paths.clearance_log, reviewer or [])
    serve(
        project.params.ingest.source,
        root=project.root,
        manifest=project.paths.manifest,
        film_key=project.paths.film_key,
        flags=project.paths.text_flags,
        clearance_log=project.paths.clearance_log,
        orders=project.paths.orders,
        reviewers=reviewer or [],
        anatomy=project.anatomy(),
        title=project.params.release.title or project.params.release.name,
        required=project.params.clearance.reviewers_required,
        dicom=project.params.ingest.dicom,
        invited=invited_to(project, "clearance"),
        site=Site(host, port, name or [], certificate, private_key, project.paths.keys),
        open_browser=browser,
    )


@app.command()
def landmark(
    reviewer: Annotated[
        list[str] | None,
        typer.Option(
            help="Who places, such as a.b, besides those whom `lead` invited.",
            autocompletion=complete.people,
        ),
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = 8745,
    name: Name = None,
    certificate: Certificate = None,
    private_key: PrivateKey = None,
    browser: Browser = False,
    root: Root = HERE,
) -> None:
    """Place landmarks on synthetic films in a browser.

    The films are `landmarks.films` of the released ones, drawn at random and the same for all
    readers, so that the distance between readers can be taken. What readers place goes into the
    release with the next `dvc repro`, in place of what the model placed.

    Example: cxr-release landmark --reviewer a.b
    """
    from cxr_release.review_app.landmark import landmark as serve
    from cxr_release.review_app.site import Site

    project = project_at(root)
    project.open_logs(project.paths.landmark_log, reviewer or [])
    serve(
        project.landmarks(),
        project.tables,
        model=project.paths.landmark_model,
        landmark_log=project.paths.landmark_log,
        orders=project.paths.orders,
        reviewers=reviewer or [],
        anatomy=project.anatomy(),
        title=project.params.release.title or project.params.release.name,
        start=project.params.landmarks.start,
        size=project.params.ingest.film_size,
        invited=invited_to(project, "landmarks"),
        site=Site(host, port, name or [], certificate, private_key, project.paths.keys),
        open_browser=browser,
    )


@app.command()
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


@app.command()
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


@app.command()
def adjudicate(
    reviewer: Annotated[
        list[str] | None,
        typer.Option(
            help="Who judges, such as a.b, besides those whom `lead` invited.",
            autocompletion=complete.people,
        ),
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = 8742,
    name: Name = None,
    certificate: Certificate = None,
    private_key: PrivateKey = None,
    browser: Browser = False,
    root: Root = HERE,
) -> None:
    """Judge the most similar pairs in a browser: copy or not.

    Each is of a real and a synthetic film.

    Reviewers are blind to each other; what they differ on goes to audit.adjudicator, whom this
    command lets in like them. A film judged a copy leaves the release with the next `dvc repro`.

    Example: cxr-release adjudicate --reviewer a.b --reviewer c.d
    """
    from cxr_release.review_app.adjudicate import adjudicate as serve
    from cxr_release.review_app.site import Site

    project = project_at(root)
    params = project.params
    project.open_logs(project.paths.audit_log, reviewer or [])
    serve(
        pairs=project.paths.pairs,
        report=project.paths.audit / "audit.json",
        cohort=project.paths.cohort_table,
        synthetic=project.tables,
        audit_log=project.paths.audit_log,
        orders=project.paths.orders,
        reviewers=reviewer or [],
        anatomy=project.anatomy(),
        title=params.release.title or params.release.name,
        required=params.audit.reviewers_required,
        adjudicator=params.audit.adjudicator,
        invited=invited_to(project, "adjudication"),
        site=Site(host, port, name or [], certificate, private_key, project.paths.keys),
        open_browser=browser,
    )


def _decide(
    root: Path, reviewer: str, ids: list[str], verb: Verb, *, reason: str = "", note: str
) -> None:
    from cxr_release.screening.record_decisions import decide

    project = project_at(root)
    project.require_logs(project.paths.screening_log, [reviewer])
    decisions = decide(
        project.paths.screening_log,
        reviewer,
        given_ids(ids),
        verb,
        films=project.films(),
        reasons=project.reasons(),
        reason=reason,
        note=note,
    )
    print(f"logged {len(decisions)} decision(s) of {reviewer}: {verb}")


def main() -> None:
    """Entry point: errors become one line and exit code 1."""
    with one_line_errors(debug=DEBUG in sys.argv):
        app()


if __name__ == "__main__":
    main()
