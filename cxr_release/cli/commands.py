"""The command line. A command is one call; its docstring is its help.

Exit codes: 0 done, 1 the work failed (one line says what, where and what to do), 2 wrong usage.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cxr_release import __version__
from cxr_release.cli.decisions import counts, exclude, facing, keep, log_app, retract
from cxr_release.cli.films import ingest, sample, where
from cxr_release.cli.lead import lead_app
from cxr_release.cli.measures import audit, score
from cxr_release.cli.options import HERE, Json, Root, project_at, show
from cxr_release.cli.pages import adjudicate, clear, landmark, review
from cxr_release.cli.release import release_app
from cxr_release.cli.report import report
from cxr_release.cli.setup import setup_app
from cxr_release.cli.study import study_app
from cxr_release.exit_status import one_line_errors

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="""Turns a folder of radiographs into a citable synthetic dataset.

    `cxr-release init DIR` makes a project; its pipeline runs with `dvc repro`. The other commands
    prepare, check and publish what it makes, from any folder of the project.
    """,
)

DEBUG = "--debug"


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


def status(root: Root = HERE, as_json: Json = False) -> None:
    """Say where the release stands and what holds it back.

    Example: cxr-release status --json
    """
    from cxr_release.cli.status import status_of, text_of

    report = status_of(project_at(root))
    show(report, text_of, as_json=as_json)


# In the order of `--help`.
for _command in (
    report,
    ingest,
    where,
    sample,
    status,
    exclude,
    keep,
    retract,
    facing,
    counts,
    review,
    clear,
    landmark,
    audit,
    score,
    adjudicate,
):
    app.command()(_command)
app.add_typer(setup_app)
app.add_typer(log_app, name="log")
app.add_typer(study_app, name="study")
app.add_typer(release_app)
app.add_typer(lead_app)


def main() -> None:
    """Entry point: errors become one line and exit code 1."""
    with one_line_errors(debug=DEBUG in sys.argv):
        app()


if __name__ == "__main__":
    main()
