"""`cxr-release study …`: the blinded reader study, from its pages to its statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cxr_release.cli.lead import invited_to
from cxr_release.cli.options import (
    HERE,
    Browser,
    Certificate,
    Host,
    Json,
    Name,
    Port,
    PrivateKey,
    Root,
    people_who,
    project_at,
    show,
    site_of,
)

study_app = typer.Typer(no_args_is_help=True, help="The blinded reader study.")


@study_app.command()
def serve(
    reader: Annotated[list[str] | None, people_who("reads")] = None,
    host: Host = "127.0.0.1",
    port: Port = 8743,
    name: Name = None,
    certificate: Certificate = None,
    private_key: PrivateKey = None,
    browser: Browser = False,
    root: Root = HERE,
) -> None:
    """Show the quartets to readers in a browser.

    Prints one link a reader, which stays valid: mail it. Every answer is on disk before the page
    goes on. The key is never opened. From now on the quartets stay as they are.

    Example: cxr-release study serve --reader a.b --reader c.d --host 10.1.2.3
    """
    from cxr_release.review_app.study import serve_study

    project = project_at(root)
    release, paths = project.params.release, project.paths
    project.open_logs(paths.responses, reader or [])
    serve_study(
        kit=paths.kit,
        served=paths.served,
        answers=paths.responses,
        orders=paths.orders,
        links=paths.links,
        readers=reader or [],
        invited=invited_to(project, "study"),
        title=release.shown_title,
        going_back=project.params.study.going_back,
        anatomy=project.anatomy(),
        site=site_of(project, host, port, name, certificate, private_key),
        open_browser=browser,
    )


@study_app.command()
def analyze(
    responses: Annotated[
        Path, typer.Argument(help="CSV: rater,quartet,image,source,rating,identified_as_real.")
    ],
    margin: Annotated[
        float | None, typer.Option(help="Likert points within which realism counts as equal.")
    ] = None,
    accuracy_margin: Annotated[
        float | None, typer.Option(help="Accuracy around chance that counts as chance.")
    ] = None,
    bootstrap: Annotated[
        int | None, typer.Option(help="Draws of the interval clustered by reader and quartet.")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Folder for the figures, SVG and PNG.")
    ] = None,
    real: Annotated[
        str, typer.Option(help="What the file calls the source of the real films.")
    ] = "real",
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Analyse ratings, and say what they can show.

    Of any study in which every reader rated the same films from 1 to 4 and picked one of each
    quartet, which has one real film and one of each other source: any names, any number of them.

    As the paper did: identification against chance, Fleiss' kappa, paired Wilcoxon tests (exact,
    and by the rule of R 4.4) with Holm's correction; beyond it clustered intervals, equivalence and
    power. Wrong lines are all named, and nothing is half analysed.

    Example: cxr-release study analyze data/study/responses.csv --json
    """
    from cxr_release import api
    from cxr_release.reader_study.report import text_of

    project = project_at(root, needed=False)
    settings = project.study_settings(
        margin=margin, accuracy_margin=accuracy_margin, bootstrap=bootstrap
    )
    report = api.analyze(responses, seed=project.seed, figures=figures, real=real, **settings)
    show(report, text_of, as_json=as_json)


@study_app.command()
def export_qualtrics(
    output: Annotated[Path, typer.Argument(help="Folder for the survey and its images.")],
    image_url: Annotated[
        str, typer.Option(help="Address at which the folder of images will be online.")
    ],
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Write the quartets as a Qualtrics survey.

    A file to import and a folder of images.

    The key is never opened. From now on the quartets stay as they are.

    Example: cxr-release study export-qualtrics survey --image-url https://films.example.org/study/
    """
    from cxr_release.reader_study.qualtrics.export import export_qualtrics, text_of

    project = project_at(root)
    release, paths = project.params.release, project.paths
    survey = export_qualtrics(
        paths.kit,
        paths.served,
        output,
        image_url=image_url,
        title=release.shown_title,
        going_back=project.params.study.going_back,
    )
    show(survey, lambda report: text_of(report, output), as_json=as_json)


@study_app.command()
def import_qualtrics(
    export: Annotated[Path, typer.Argument(help="Qualtrics' CSV export of that survey.")],
    output: Annotated[
        Path | None, typer.Option(help="CSV to write; else one of data/reviews/readers.")
    ] = None,
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Take in what readers answered in Qualtrics.

    Still blinded: the next `dvc repro` unblinds it.

    Addresses, names and places of the export are left out. Wrong lines are all named, and nothing
    is half taken in.

    Example: cxr-release study import-qualtrics ~/Downloads/study.csv
    """
    from cxr_release.reader_study.qualtrics.import_answers import import_qualtrics, text_of

    paths = project_at(root).paths
    target = output or paths.responses / f"{export.stem}.csv"
    report = import_qualtrics(export, paths.kit, target)
    show(report, lambda imported: text_of(imported, target), as_json=as_json)
