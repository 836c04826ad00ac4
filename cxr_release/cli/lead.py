"""`cxr-release lead`: the page of whoever leads the team."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cxr_release.cli.options import (
    HERE,
    Browser,
    Certificate,
    Host,
    Name,
    Port,
    PrivateKey,
    Root,
    project_at,
)

if TYPE_CHECKING:
    from cxr_release.project import Project
    from cxr_release.review_app.invited import Invited
    from cxr_release.team.invitations import Task

lead_app = typer.Typer()


def invited_to(project: Project, task: Task) -> Invited:
    """Who is let in to the pages of a task by a link of the lead's."""
    from cxr_release.review_app.invited import Invited

    return Invited.open(task, project.paths.invitations, project.paths.links)


@lead_app.command()
def lead(
    lead: Annotated[list[str], typer.Option(help="Who leads, such as e.f; once for each lead.")],
    address: Annotated[
        list[str] | None,
        typer.Option(metavar="TASK=ADDRESS", help="Where the pages of a task are, for the links."),
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = 8746,
    name: Name = None,
    certificate: Certificate = None,
    private_key: PrivateKey = None,
    browser: Browser = False,
    root: Root = HERE,
) -> None:
    """Show in a browser who has done what in each task, and invite people to the pages.

    Pace, agreement, conflicts, reasons by checkpoint; links for reviewers, adjudicators and
    readers, which can be sent again, end at a time, and are revoked at once; tables as CSV. The
    page names checkpoints: it is for the lead alone. The same tables: `cxr-release status`.

    Example: cxr-release lead --lead e.f --address screening=https://review.example.org
    """
    from cxr_release.review_app.lead import addresses_of
    from cxr_release.review_app.lead import lead as serve
    from cxr_release.review_app.site import Site

    project, site = project_at(root), Site(host, port, name or [], certificate, private_key)
    paths, release = project.paths, project.params.release
    project.require_logs(paths.invitations, lead)
    serve(
        project.overview,
        leads=lead,
        folder=paths.invitations,
        secret=paths.links,
        addresses=addresses_of(site, address or []),
        title=release.shown_title,
        site=site,
        open_browser=browser,
    )
