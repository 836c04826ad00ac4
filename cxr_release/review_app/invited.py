"""Letting people in by links that a lead makes, sends again, and ends: with any server running.

Each request asks the leads' logs whether the link behind its session is still open, so that a link
that was revoked opens nothing from the next request on, also on connections that are open. Whoever
was revoked once does not come in by an address from the terminal any more, whichever it is: who has
it is not known. A new link of a lead lets them in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from cxr_release.errors import DecisionError
from cxr_release.review_app.access import Claim, Links, LinkSignIn, SignIn, open_links, same_secret
from cxr_release.team.invitations import Invitations, Link, Task

Q = TypeVar("Q")


class Invited:
    """Who is invited to one task.

    Args:
        task: whose pages are served.
        invitations: of all tasks.
        secret: file of the secret behind the links; made when a link is first asked for.
    """

    def __init__(self, task: Task, invitations: Invitations, secret: Path) -> None:
        self.task = task
        self.invitations = invitations
        self._secret = secret

    @cached_property
    def _links(self) -> Links:
        return open_links(self._secret)

    @classmethod
    def open(cls, task: Task, folder: Path, secret: Path) -> Invited:
        """Of a project: who is invited stands in the leads' logs in a folder."""
        return cls(task, Invitations(folder), secret)

    def people(self) -> list[str]:
        """Who has a link that is open."""
        links = self.invitations.links(self.task)
        return sorted({link.person for link in links if link.state() == "open"})

    def reviewers(self) -> tuple[str, ...]:
        """Who shares the work: invited and not revoked, whether or not a link is open just now."""
        return tuple(self.invitations.people(self.task))

    def token(self, link: Link) -> str:
        """What opens the pages, in the address of a link."""
        return self._links.token(_subject(link))

    def of_token(self, token: str) -> Link | None:
        """The open link that a token is of."""
        return self._known(lambda link: same_secret(token, self.token(link)))

    def session(self, link: Link) -> str:
        """A new session of a link; it ends with the link."""
        return self._links.session(_subject(link))

    def of_session(self, person: str, session: str) -> Link | None:
        """The open link of a person that a session is of."""
        return self._known(
            lambda link: link.person == person and self._links.knows(_subject(link), session)
        )

    def _known(self, is_it: Callable[[Link], bool]) -> Link | None:
        # All are compared, so that the time says nothing.
        links = self.invitations.links(self.task)
        matching = [link for link in links if is_it(link) and link.state() == "open"]
        return matching[-1] if matching else None

    def is_out(self, person: str) -> bool:
        """Whether a person was revoked: links of leads alone let them in from then on."""
        return self.invitations.was_revoked(self.task, person)

    def require(self, *people: str) -> None:
        """Refuse people who were revoked.

        Raises:
            DecisionError: somebody was.
        """
        out = [person for person in people if self.is_out(person)]
        if out:
            raise DecisionError(
                f"{', '.join(out)}: a link to this task was revoked, and from then on only a new"
                " link of a lead lets them in",
                remedy="do not name them here, and invite them anew in `cxr-release lead`",
            )


def _subject(link: Link) -> str:
    return f"{link.task}/{link.person}/{link.number}"


class InvitedSignIn(SignIn):
    """Lets people in by the links of leads, and those besides whom another way lets in.

    Args:
        named: the other way; of people whom leads revoked it lets none in.
        invited: who is invited.
    """

    lost = (
        "Open the link that you were sent once more. If it does not help, it has ended: ask the"
        " person who sent it to you for a new one."
    )
    shut = (
        "This does not open the pages (any more). Open the link that you were sent, whole and as it"
        " is. If it does not help, it has ended: ask the person who sent it to you for a new one."
    )

    def __init__(self, named: SignIn, invited: Invited) -> None:
        self._named = named
        self._invited = invited
        self.promise = named.promise
        self.used = named.used

    @property
    def tokens(self) -> Mapping[str, str]:
        """Person → an address of theirs; of people who are invited alone, nothing."""
        return dict.fromkeys(self._invited.people(), "") | dict(self._named.tokens)

    def claim_of(self, token: str) -> Claim | None:
        """See `SignIn.claim_of`."""
        link = self._invited.of_token(token)
        if link is not None:
            return Claim(link.person, promise=LinkSignIn.promise)
        claim = self._named.claim_of(token)
        return None if claim is None or self._invited.is_out(claim.person) else claim

    def admits(self, person: str, token: str, page: str) -> bool:
        """See `SignIn.admits`."""
        link = self._invited.of_token(token)
        if link is not None:
            return link.person == person
        return not self._invited.is_out(person) and self._named.admits(person, token, page)

    def enter(self, token: str, page: str = "") -> tuple[str, str] | None:
        """See `SignIn.enter`."""
        link = self._invited.of_token(token)
        if link is not None:
            return link.person, self._invited.session(link)
        claim = self.claim_of(token)
        return None if claim is None else self._named.enter(token, page)

    def knows(self, person: str, session: str) -> bool:
        """Whether a session is this person's, and what opened it is still open."""
        if self._invited.of_session(person, session) is not None:
            return True
        return not self._invited.is_out(person) and self._named.knows(person, session)


class Worklists(Mapping[str, Q]):
    """Person → their worklist, made when it is first asked for.

    Args:
        make: gives a person's worklist.
        named: who has one from the start.
        invited: who has one besides, as soon as they are invited.
        shared: whether worklists depend on who is invited: they are made anew when that changes.
    """

    def __init__(
        self,
        make: Callable[[str], Q],
        named: Sequence[str],
        invited: Invited | None = None,
        *,
        shared: bool = False,
    ) -> None:
        self._make = make
        self._invited = invited
        self._shared = shared
        self._lock = threading.Lock()
        self._named = frozenset(named)
        self._reviewers = self._now()
        self._made = {person: make(person) for person in named}

    def _now(self) -> tuple[str, ...]:
        return self._invited.reviewers() if self._invited and self._shared else ()

    def __getitem__(self, person: str) -> Q:
        with self._lock:
            if (now := self._now()) != self._reviewers:
                self._reviewers = now
                self._made.clear()
            if person not in self._made:
                guests = self._invited.people() if self._invited else ()
                if person not in self._named and person not in guests:
                    raise KeyError(person)
                self._made[person] = self._make(person)
            return self._made[person]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._made])

    def __len__(self) -> int:
        return len(self._made)
