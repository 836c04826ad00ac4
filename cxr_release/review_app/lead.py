"""`cxr-release lead`: the page of whoever leads the team. It shows no film.

It holds what reviewers and readers must not see: reasons by checkpoint, and what each person does.
So it is a server of its own, which lets nobody in but the leads who were named in the terminal.
What a lead does is logged under their name before the page says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from cxr_release.errors import CxrReleaseError
from cxr_release.logbook.log import Log
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.desk import Desk
from cxr_release.review_app.guard import Refusal
from cxr_release.review_app.invited import Invited
from cxr_release.review_app.json_answers import json_of, sentence, texts_of
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site
from cxr_release.spelling import REVIEWER
from cxr_release.team.invitations import (
    ACTS,
    INVITATION,
    TASKS,
    Act,
    Invitation,
    Link,
    NewInvitation,
    Task,
    new_link,
)
from cxr_release.team.printed import DOWNLOADS, csv_of

_FORM = "Expected act, and a task and a person, and days for a new link."
_ALL = "revoke-all"
MOST_DAYS = 3650
Overview = Callable[[], Mapping[str, Any]]


class LeadApp(Desk[str]):
    """The lead's page.

    Args:
        leads: who may come in.
        overview: gives the tables as they are now.
        sign_in: lets the leads in.
        doors: task → who is invited to it.
        addresses: task → address of the server that shows its pages.
        log: folder of the leads' logs.
        title: of the page.
    """

    def __init__(
        self,
        leads: Sequence[str],
        overview: Overview,
        sign_in: SignIn,
        *,
        doors: Mapping[Task, Invited],
        addresses: Mapping[Task, str],
        log: Path,
        title: str,
    ) -> None:
        self._overview, self._doors, self._addresses = overview, doors, addresses
        self._logs = {lead: Log(INVITATION, log, lead) for lead in leads}
        self._title = title
        routes = [
            Route("/overview", self._tables),
            Route("/invitations", self._invitations, methods=["POST"]),
            Route("/download/{name}.csv", self._download),
        ]
        people = {lead: lead for lead in leads}
        super().__init__(people, sign_in, page="lead/lead.html", noun="invitations", routes=routes)

    def setup(self, worklist: str) -> dict[str, Any]:
        """The lead, title, tasks with their pages' addresses, and the files that can be had."""
        return {
            "reviewer": worklist,
            "title": self._title,
            "tasks": [{"task": task, "address": self._addresses[task]} for task in TASKS],
            "downloads": [*DOWNLOADS],
            "most_days": MOST_DAYS,
        }

    def png(self, worklist: str, name: str) -> bytes | None:
        """None: the page shows no film."""
        return None

    def _now(self) -> Mapping[str, Any]:
        """The tables; what keeps them from being made is for the lead to read."""
        try:
            return self._overview()
        except CxrReleaseError as error:
            raise Refusal(503, sentence(str(error))) from None

    async def _tables(self, request: Request) -> Response:
        self.worklist_of(request)
        return await self.answer(lambda: {"overview": self._now(), "at": _in(0)})

    async def _download(self, request: Request) -> Response:
        self.worklist_of(request)
        rows_of = DOWNLOADS.get(request.path_params["name"])
        if rows_of is None:
            raise Refusal(404, "There is no such file.")
        data = await self.in_thread(lambda: csv_of(rows_of(self._now())))
        answer = Response(data, media_type="text/csv")
        name = f"{request.path_params['name']}.csv"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    async def _invitations(self, request: Request) -> Response:
        lead = self.worklist_of(request)
        wish = _parse(await json_of(request))
        if wish is None:
            return await self.answer(lambda: {"revoked": self._revoke_all(lead)})
        return await self.answer(lambda: self._act(lead, wish))

    def _act(self, lead: str, wish: _Wish) -> dict[str, Any]:
        act, task, person = wish.act, wish.task, wish.person
        door = self._doors[task]
        link = door.invitations.open_link(task, person)
        if act == "revoke":
            links = [
                each for each in door.invitations.links(task, person) if each.state() != "revoked"
            ]
            if not links:
                raise Refusal(409, f"{person} is not invited to this task.")
            self._log(lead, [_statement(each, "revoke") for each in links])
            return {"revoked": len(links)}
        if act == "send":
            if link is None:
                raise Refusal(409, f"{person} has no link that is open: invite them anew.")
            self._log(lead, [_statement(link, "send")])
            return self._letter(door, link)
        if link is not None:
            raise Refusal(409, f"{person} has a link that is open: send it again, or revoke it.")
        link = Link(task, person, new_link(), by=lead, at=_in(0), expires=wish.expires)
        self._log(lead, [_statement(link, "invite")])
        return self._letter(door, link)

    def _revoke_all(self, lead: str) -> int:
        links = [
            link
            for door in self._doors.values()
            for link in door.invitations.links(door.task)
            if link.state() != "revoked"
        ]
        self._log(lead, [_statement(link, "revoke") for link in links])
        return len(links)

    def _letter(self, door: Invited, link: Link) -> dict[str, Any]:
        """What the lead passes on."""
        return {
            "task": link.task,
            "person": link.person,
            "expires": link.expires,
            "address": f"{self._addresses[link.task]}/?token={door.token(link)}",
        }

    def _log(self, lead: str, statements: Sequence[NewInvitation]) -> None:
        def never(_: NewInvitation, __: Invitation | None) -> bool:
            return False

        self._logs[lead].append(statements, unless=never)


def _statement(link: Link, act: Act) -> NewInvitation:
    expires = link.expires if act == "invite" else ""
    return NewInvitation(link.task, link.person, act, link.number, expires)


def _in(days: int) -> str:
    """A time in UTC, so many days from now."""
    when = datetime.now(UTC) + timedelta(days=days)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class _Wish:
    """What a lead asks for."""

    act: Act
    task: Task
    person: str
    days: int

    @property
    def expires(self) -> str:
        """When a new link ends; empty: it does not."""
        return _in(self.days) if self.days else ""


def _parse(value: Any) -> _Wish | None:
    """What the page sends; None: all links are to be revoked.

    Raises:
        Refusal: they are of another form.
    """
    texts = texts_of(value, ("act",), ("task", "person", "days"), _FORM)
    if texts["act"] == _ALL:
        return None
    act: Act | None = next((act for act in ACTS if act == texts["act"]), None)
    if act is None:
        raise Refusal(400, f"An act is one of {', '.join((*ACTS, _ALL))}.")
    task: Task | None = next((task for task in TASKS if task == texts.get("task")), None)
    if task is None:
        raise Refusal(400, f"A task is one of {', '.join(TASKS)}.")
    person = texts.get("person", "")
    if not REVIEWER.fullmatch(person):
        raise Refusal(400, "A name has small letters, digits, dots, - and _, such as a.b.")
    days = texts.get("days", "0")
    if not (days.isascii() and days.isdecimal() and len(days) <= 4 and int(days) <= MOST_DAYS):
        raise Refusal(400, f"Days are a whole number to {MOST_DAYS}; 0: the link does not end.")
    return _Wish(act, task, person, int(days))


def lead(
    overview: Overview,
    *,
    leads: Sequence[str],
    folder: Path,
    secret: Path,
    addresses: Mapping[Task, str],
    title: str = "Team",
    site: Site,
    open_browser: bool = False,
) -> None:
    """Serve the lead's page until Ctrl-C.

    Args:
        overview: gives the tables as they are now.
        leads: who may come in.
        folder: of the leads' logs; only theirs are written.
        secret: file of the secret behind people's links; made where there is none.
        addresses: task → address of the server that shows its pages.
        title: of the page.
        site: where to listen.
        open_browser: open the first lead's page in this machine's browser.

    Raises:
        CxrReleaseError: a log, a name or the address is not in order.
    """
    check_people(leads, option="--lead")
    doors = {task: Invited.open(task, folder, secret) for task in TASKS}

    def app(sign_in: SignIn) -> ASGIApp:
        return LeadApp(
            leads, overview, sign_in, doors=doors, addresses=addresses, log=folder, title=title
        )

    say("the page names checkpoints: whoever reviews or reads must not see it")
    serve(app, site, leads, open_browser=open_browser)


PORTS: Mapping[Task, int] = {
    "screening": 8741,
    "adjudication": 8742,
    "study": 8743,
    "clearance": 8744,
    "landmarks": 8745,
}
"""On which the commands of the tasks listen, unless they are told otherwise."""


def addresses_of(site: Site, given: Sequence[str]) -> dict[Task, str]:
    """Task → address of the server that shows its pages: those given, else this host's.

    Args:
        site: of the lead's page.
        given: `TASK=ADDRESS`, such as `screening=https://review.example.org`.

    Raises:
        CxrReleaseError: one is not of that form.
    """
    addresses: dict[Task, str] = {task: site.origins(port)[0] for task, port in PORTS.items()}
    for text in given:
        name, _, address = text.partition("=")
        task: Task | None = next((task for task in TASKS if task == name), None)
        if task is None or not address.startswith(("http://", "https://")):
            raise CxrReleaseError(
                "is not TASK=ADDRESS",
                where=f"--address {text}",
                remedy=f"give one of {', '.join(TASKS)}, = and an address such as"
                " https://review.example.org",
            )
        addresses[task] = address.rstrip("/")
    return addresses
