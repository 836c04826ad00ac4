"""`cxr-release report`: one HTML file on a run.

A command and not a stage: it shows logs as they are now, so as a stage it would be out of date with
each decision, and `dvc repro` would write it anew after each change of any stage. What it reads is
there after any part of a run, also of one that failed half-way, where a last stage never comes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cxr_release.cli.options import HERE, Json, Root, project_at, show


def report(
    out: Annotated[
        Path | None,
        typer.Option(help="The file; a report of before is replaced.", metavar="FILE"),
    ] = None,
    real_films: Annotated[
        bool,
        typer.Option(
            "--real-films", help="Show real films too, as pairs of the audit: keep the file inside."
        ),
    ] = False,
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Write one HTML file on the run: films, reviews, curves, sheets, audit, scorecard, timings.

    It opens in any browser without a network, and prints. What has not been run yet is said. The
    file is data/report.html unless --out names another. No real film is in it without
    --real-films, which puts a warning on top.

    Example: cxr-release report --out report.html
    """
    from cxr_release.cli.status import status_of
    from cxr_release.run_report.page import text_of, write_report

    project = project_at(root)
    written = write_report(project, status_of(project), out, real_films=real_films)
    show(written, text_of, as_json=as_json)
