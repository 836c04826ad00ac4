"""A lead's page and the screening that its links open, each in a server of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cxr_release.cli.lead import invited_to
from cxr_release.project import Project
from cxr_release.review_app.lead import addresses_of, lead
from cxr_release.review_app.review import review
from cxr_release.review_app.site import Site
from tests.support.browser.mortal import MortalServer

LEAD, NAMED = "the.lead", "rev.named"


def serve_lead(asked: dict[str, Any]) -> None:
    """`lead`, in the server's process."""
    project, site = Project(Path(asked["root"])), Site("127.0.0.1", asked["port"])
    lead(
        project.overview,
        leads=asked["reviewers"],
        folder=project.paths.invitations,
        secret=project.paths.links,
        addresses=addresses_of(site, [f"screening={asked['screening']}"]),
        site=site,
    )


def serve_review(asked: dict[str, Any]) -> None:
    """`review`, in the server's process."""
    project = Project(Path(asked["root"]))
    review(
        project.tables,
        screening_log=project.paths.screening_log,
        facing_log=project.paths.facing_log,
        orders=project.paths.orders,
        reasons=project.reasons(),
        reviewers=asked["reviewers"],
        invited=invited_to(project, "screening"),
        site=Site("127.0.0.1", asked["port"]),
    )


class Servers:
    """Both servers of a project."""

    def __init__(self, root: Path) -> None:
        self.review = MortalServer(serve_review, {"root": str(root)}, [NAMED])
        asked = {"root": str(root), "screening": self.review.base}
        self.lead = MortalServer(serve_lead, asked, [LEAD])

    def kill(self) -> None:
        """End both."""
        self.lead.kill()
        self.review.kill()
