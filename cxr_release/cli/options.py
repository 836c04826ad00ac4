"""Options that several commands share, and the project that they are about."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxr_release.cli import complete
from cxr_release.errors import DecisionError

if TYPE_CHECKING:
    from cxr_release.project import Project
    from cxr_release.review_app.site import Site

HERE = Path()
"""In the place of --root: the project that the user stands in."""

Root = Annotated[
    Path, typer.Option(help="Folder of the project.", show_default="here, or a folder above")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID",
        help="Film ids, or - to read one a line from stdin.",
        autocompletion=complete.jobs,
    ),
]
Reviewer = Annotated[
    str,
    typer.Option(help="Who decides, such as a.b: names the log.", autocompletion=complete.people),
]
Note = Annotated[str, typer.Option(help="Free text, kept in the log and never published.")]
Images = Annotated[
    Path | None, typer.Option(help="Films: Parquet or CSV with id, checkpoint, batch, sha256.")
]
Reviews = Annotated[Path | None, typer.Option(help="Folder of the reviewers' logs.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[
    int,
    typer.Option(
        help="Port; the page remembers by it what it could not save; 0: a free one.",
        max=65535,
        min=0,
    ),
]
Name = Annotated[list[str] | None, typer.Option(help="Name under which browsers know this host.")]
Certificate = Annotated[Path | None, typer.Option(help="TLS certificate (PEM).")]
PrivateKey = Annotated[Path | None, typer.Option(help="Its private key (PEM).")]
Browser = Annotated[bool, typer.Option(help="Open the page in this machine's browser.")]


def people_who(act: str) -> Any:
    """The option that names who comes to a page to do so, besides those who have a link."""
    return typer.Option(
        help=f"Who {act}, such as a.b, besides those whom `lead` invited.",
        autocompletion=complete.people,
    )


def site_of(
    project: Project,
    host: str,
    port: int,
    names: list[str] | None,
    certificate: Path | None,
    private_key: Path | None,
) -> Site:
    """Where a command serves its pages, with the project's keys.

    Raises:
        CxrReleaseError: these do not go together.
    """
    from cxr_release.review_app.site import Site

    return Site(host, port, names or [], certificate, private_key, project.paths.keys)


def project_at(root: Path, *, needed: bool = True) -> Project:
    """The project in a folder, read when asked; by default the one that the user stands in.

    Raises:
        ParamsError: there is none, and one is needed.
    """
    from cxr_release.project import Project, find_project

    project = find_project() if root == HERE else Project(root)
    if needed:
        project.require()
    return project


def given_ids(ids: list[str]) -> list[str]:
    """Film ids from the command line, or one a line from standard input."""
    film_ids = [line.strip() for line in sys.stdin if line.strip()] if ids == ["-"] else ids
    if not film_ids:
        raise DecisionError("no film ids were given", where="standard input")
    return film_ids


def show(report: Mapping[str, Any], text_of: Callable[[Any], str], *, as_json: bool) -> None:
    """Print what a command reports: as JSON with sorted keys, or as text."""
    print(json.dumps(report, indent=2, sort_keys=True) if as_json else text_of(report))
