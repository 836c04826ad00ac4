"""Commands that serve the pages of screening, adjudication, landmarks and text on real films."""

from __future__ import annotations

from typing import Annotated

from cxr_release.cli.lead import invited_to
from cxr_release.cli.options import (
    HERE,
    Browser,
    Certificate,
    Host,
    Name,
    Port,
    PrivateKey,
    Root,
    people_who,
    project_at,
    site_of,
)


def review(
    reviewer: Annotated[list[str] | None, people_who("reviews")] = None,
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
        title=params.release.shown_title,
        order=params.review.order,
        scores=project.anomaly_scores(),
        prescreened=project.prescreened(),
        required=params.screen.reviewers_required,
        adjudicator=params.screen.adjudicator,
        assign=project.assignment,
        invited=invited_to(project, "screening"),
        site=site_of(project, host, port, name, certificate, private_key),
        open_browser=browser,
    )


def adjudicate(
    reviewer: Annotated[list[str] | None, people_who("judges")] = None,
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
        title=params.release.shown_title,
        required=params.audit.reviewers_required,
        adjudicator=params.audit.adjudicator,
        invited=invited_to(project, "adjudication"),
        site=site_of(project, host, port, name, certificate, private_key),
        open_browser=browser,
    )


def landmark(
    reviewer: Annotated[list[str] | None, people_who("places")] = None,
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
        title=project.params.release.shown_title,
        start=project.params.landmarks.start,
        size=project.params.ingest.film_size,
        invited=invited_to(project, "landmarks"),
        site=site_of(project, host, port, name, certificate, private_key),
        open_browser=browser,
    )


def clear(
    reviewer: Annotated[list[str] | None, people_who("looks")] = None,
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
        title=project.params.release.shown_title,
        required=project.params.clearance.reviewers_required,
        dicom=project.params.ingest.dicom,
        invited=invited_to(project, "clearance"),
        site=site_of(project, host, port, name, certificate, private_key),
        open_browser=browser,
    )
