"""A project whose films, pairs and quartets wait for people, and its pages without sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from cxr_release import schemas, tables
from cxr_release.cli.lead import invited_to
from cxr_release.films import png
from cxr_release.project import Project
from cxr_release.review_app import adjudicate, landmark, lead, review, study
from cxr_release.review_app.access import LinkSignIn, SignIn
from cxr_release.review_app.guard import Guard
from cxr_release.review_app.invited import InvitedSignIn
from cxr_release.review_app.site import Site
from cxr_release.team.invitations import Task
from tests.support.asking import ORIGIN, Answer, Visitor, ask, press
from tests.support.audit_artefacts import nearness, pair_rows
from tests.support.release_artefacts import cohort_row, film, oriented_row
from tests.support.small_project import small_project

CHECKPOINTS, BATCHES = (1, 3), {"initial": 6, "large": 18}
PAIRS, QUARTETS, LANDMARKS = 12, 12, 5
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "ingest": {"size": 16},
    "sample": {"checkpoints": [*CHECKPOINTS], **BATCHES},
    "review": {"assign": "stratified"},
    "screen": {"reviewers_required": 2, "conflict": "adjudicate", "adjudicator": "judge.one"},
    "audit": {"reviewers_required": 2, "adjudicator": "judge.three"},
    "study": {"readers_required": 8},
    "landmarks": {"films": LANDMARKS, "readers_required": 1},
}


def team_project(root: Path, settings: Mapping[str, Mapping[str, Any]] = SETTINGS) -> Project:
    """Lay out a project in an empty folder, as it is before anybody has decided anything."""
    paths = small_project(root, settings)
    project = Project(root)
    rows = []
    for source, batch in project.params.sample.jobs:
        films = [oriented_row(source, batch, index) for index in range(BATCHES[batch])]
        tables.write(paths.oriented_tables([(source, batch)])[0], schemas.ORIENTED, films)
        rows += films
    paths.prescreen_log.parent.mkdir(parents=True)
    paths.prescreen_log.touch()
    cohort = [cohort_row(place, f"film-{place:016x}") for place in range(PAIRS)]
    tables.write(paths.cohort_table, schemas.COHORT, cohort)
    tables.write(
        paths.pairs,
        schemas.PAIRS,
        [
            {
                **pair_rows()[0],
                "rank": place + 1,
                "real_id": cohort[place]["id"],
                "synthetic_id": rows[2 * place]["id"],
                **nearness(8.0 - place / 10, 8.5),
            }
            for place in range(PAIRS)
        ],
    )
    tables.write(paths.kit, schemas.KIT, [_kit_row(place) for place in range(3 * QUARTETS)])
    screened = [
        {name: row[name] for name in ("id", "checkpoint", "batch", "label", "sha256")}
        | {"decided": False, "released": True, "reviewers": 0, "looked_at": False}
        for row in rows
    ]
    tables.write(paths.screening / "screened.parquet", schemas.SCREENED, screened)
    return project


def _kit_row(place: int) -> dict[str, Any]:
    name, data = f"{place:016x}", png.encode_evenly(film(70_000 + place))
    return {
        "image": png.cell(data, name),
        "quartet": 1 + place // 3,
        "position": 1 + place % 3,
        "name": name,
        "sha256": png.sha256(data),
    }


@dataclass
class Clock:
    """The time that the logs get: it goes on when a test says so."""

    at: datetime = field(default_factory=lambda: datetime(2026, 11, 2, 8, tzinfo=UTC))

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def __call__(self) -> str:
        return self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Pages:
    """The pages of one task, behind their guard."""

    app: Guard
    door: SignIn

    def come(self, token: str, person: str) -> Visitor:
        """A browser that opened an address and pressed its button."""
        page = ask(self.app, f"/?token={token}")
        assert page.status == 200, page.body
        answer = press(self.app, page)
        assert answer.status == 303
        visitor = Visitor(app=self.app, door=self.door)
        return replace(visitor, person=person, cookie=answer.cookies[f"/r/{person}/"])


def pages_of(module: ModuleType, call: Callable[..., None], **more: Any) -> Pages:
    """What a command would serve; it is not served."""
    caught: list[Pages] = []

    def serve(make: Any, site: Site, people: Sequence[str], **given: Any) -> None:
        links, invited = given.get("links"), given.get("invited")
        named = LinkSignIn(people, links) if links else SignIn(people, lambda *_: None)
        door = InvitedSignIn(named, invited) if invited else named
        caught.append(Pages(Guard(make(door), [ORIGIN]), door))

    with patch.object(module, "serve", serve), patch.object(module, "say", lambda _: None):
        call(**more, site=Site("127.0.0.1", 8741))
    return caught[0]


class House:
    """All pages of a project, and its lead, who has come in.

    Args:
        project: see `team_project`.
        lead_name: who leads.
    """

    def __init__(self, project: Project, lead_name: str = "the.lead") -> None:
        self.project = project
        paths = project.paths
        common = {"orders": paths.orders, "title": "Team"}
        self.pages: dict[Task, Pages] = {}
        self._make: dict[Task, Callable[[], Pages]] = {
            "screening": lambda: pages_of(
                review,
                review.review,
                tables=project.tables,
                screening_log=paths.screening_log,
                facing_log=paths.facing_log,
                findings_log=paths.findings_log,
                findings=project.findings(),
                reasons=project.reasons(),
                reviewers=[],
                assign=project.assignment,
                invited=invited_to(project, "screening"),
                **common,
            ),
            "adjudication": lambda: pages_of(
                adjudicate,
                adjudicate.adjudicate,
                pairs=paths.pairs,
                report=paths.audit / "audit.json",
                cohort=paths.cohort_table,
                synthetic=project.tables,
                audit_log=paths.audit_log,
                reviewers=[],
                required=project.params.audit.reviewers_required,
                adjudicator=project.params.audit.adjudicator,
                invited=invited_to(project, "adjudication"),
                **common,
            ),
            "study": lambda: pages_of(
                study,
                study.serve_study,
                kit=paths.kit,
                served=paths.served,
                answers=paths.responses,
                links=paths.links,
                readers=[],
                going_back=True,
                invited=invited_to(project, "study"),
                **common,
            ),
            "landmarks": lambda: self._landmarks(common),
        }
        self.lead_name = lead_name
        self.lead = self.lead_on(project.overview)

    def lead_on(self, overview: Callable[[], Mapping[str, Any]]) -> Visitor:
        """The lead, who has come in to a page of some tables."""
        paths = self.project.paths
        pages = pages_of(
            lead,
            lambda **given: lead.lead(overview, **given),
            leads=[self.lead_name],
            folder=paths.invitations,
            secret=paths.links,
            addresses=lead.addresses_of(Site("127.0.0.1", 8746), []),
        )
        return pages.come(pages.door.tokens[self.lead_name], self.lead_name)

    def _landmarks(self, common: Mapping[str, Any]) -> Pages:
        return pages_of(
            landmark,
            lambda **given: landmark.landmark(
                self.project.landmarks(), self.project.tables, **given
            ),
            model=self.project.paths.landmark_model,
            landmark_log=self.project.paths.landmark_log,
            reviewers=[],
            size=self.project.params.ingest.film_size,
            invited=invited_to(self.project, "landmarks"),
            **common,
        )

    def act(self, act: str, task: str = "", person: str = "", days: str = "30") -> Answer:
        """What the lead's page sends."""
        wish = {"act": act, "task": task, "person": person, "days": days}
        sent = wish if act == "invite" else {k: v for k, v in wish.items() if k != "days"}
        return self.lead.send("invitations", {"act": act} if act == "revoke-all" else sent)

    def token(self, answer: Answer) -> str:
        return str(answer.json()["address"].split("token=")[1])

    def invite(self, task: Task, *people: str) -> dict[str, Visitor]:
        """Invite people, who open their links at once."""
        answers = {person: self.act("invite", task, person) for person in people}
        return {person: self.come(task, person, answer) for person, answer in answers.items()}

    def come(self, task: Task, person: str, answer: Answer) -> Visitor:
        """Somebody opens the link that the lead got."""
        assert answer.status == 200, answer.body
        if task not in self.pages:  # a server does not start for nobody
            self.pages[task] = self._make[task]()
        return self.pages[task].come(self.token(answer), person)

    def overview(self) -> dict[str, Any]:
        """The tables as the lead's page gets them."""
        answer = self.lead.ask("overview")
        assert answer.status == 200, answer.body
        return dict(answer.json()["overview"])
