"""Links of leads: made, sent again, ended; what is logged; and which doors they open and close."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.cli.log import verify_logs
from cxr_release.errors import DecisionError
from cxr_release.logbook import log
from cxr_release.project import Project
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.invited import Invited, InvitedSignIn
from cxr_release.review_app.lead import addresses_of
from cxr_release.review_app.site import Site
from cxr_release.team.invitations import INVITATION, Invitations, NewInvitation, new_link
from tests.support.asking import ORIGIN, ask
from tests.support.team_project import SETTINGS, Clock, House, team_project

PLAIN = {
    **SETTINGS,
    "review": {"assign": "shared"},
    "screen": {"reviewers_required": 1, "conflict": "exclude", "adjudicator": ""},
}


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return team_project(tmp_path_factory.mktemp("laid-out"), PLAIN).root


@pytest.fixture
def house(laid_out: Path, tmp_path: Path) -> House:
    shutil.copytree(laid_out, tmp_path / "project", symlinks=True)
    return House(Project(tmp_path / "project"))


def lines(house: House, name: str = "the.lead") -> list[dict[str, str]]:
    path = house.project.paths.invitations / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_link_opens_the_pages_again_and_again_until_it_is_revoked(house: House) -> None:
    answer = house.act("invite", "screening", "a.b")
    first = house.come("screening", "a.b", answer)
    second = house.come("screening", "a.b", answer)
    assert first.ask("films?n=1").status == second.ask("films?n=1").status == 200
    sent = house.act("send", "screening", "a.b")
    assert sent.json()["address"] == answer.json()["address"]
    assert house.act("revoke", "screening", "a.b").json() == {"revoked": 1}
    for visitor in (first, second):
        assert visitor.ask("films?n=1").status == 403
        body = {"undecided_only": False, "decisions": []}
        assert visitor.send("decisions", body).status == 403
        assert visitor.ask("film/" + "0" * 32).status == 403
    assert ask(first.app, f"/?token={house.token(answer)}").status == 403
    assert [line["act"] for line in lines(house)] == ["invite", "send", "revoke"]


def test_who_is_invited_anew_gets_another_link_and_the_old_one_stays_dead(house: House) -> None:
    old = house.act("invite", "screening", "a.b")
    before = house.come("screening", "a.b", old)
    house.act("revoke", "screening", "a.b")
    new = house.act("invite", "screening", "a.b")
    assert house.token(new) != house.token(old)
    assert house.come("screening", "a.b", new).ask("films?n=1").status == 200
    assert before.ask("films?n=1").status == 403
    assert ask(before.app, f"/?token={house.token(old)}").status == 403


def test_a_link_is_of_one_task_and_one_person(house: House) -> None:
    screening = house.act("invite", "screening", "a.b")
    house.come("screening", "a.b", screening)
    audit = house.act("invite", "adjudication", "a.b")
    visitor = house.come("adjudication", "a.b", audit)
    assert ask(visitor.app, f"/?token={house.token(screening)}").status == 403
    other = house.invite("screening", "c.d")["c.d"]
    assert replace(other, person="a.b").ask("films?n=1").status == 403
    house.act("revoke", "adjudication", "a.b")
    assert visitor.ask("pairs").status == 403
    assert house.come("screening", "a.b", screening).ask("films?n=1").status == 200


def test_revoking_all_ends_every_link_of_every_task(house: House) -> None:
    people = [
        house.invite("screening", "a.b")["a.b"],
        house.invite("screening", "c.d")["c.d"],
        house.invite("adjudication", "e.f")["e.f"],
        house.invite("study", "g.h")["g.h"],
        house.invite("landmarks", "i.j")["i.j"],
    ]
    assert house.act("revoke-all").json() == {"revoked": 5}
    for visitor, path in zip(people, ("films", "films", "pairs", "pages", "films"), strict=True):
        assert visitor.ask(path).status == 403
    assert {row["state"] for row in house.overview()["invitations"]} == {"revoked"}
    assert house.act("revoke-all").json() == {"revoked": 0}


def test_a_link_ends_at_its_time_with_the_session_that_it_opened(house: House) -> None:
    answer = house.act("invite", "screening", "a.b", days="3")
    visitor = house.come("screening", "a.b", answer)
    expires = datetime.fromisoformat(answer.json()["expires"])
    assert timedelta(days=2.9) < expires - datetime.now(UTC) < timedelta(days=3.1)
    with patch("cxr_release.team.invitations.datetime") as clock:
        clock.now.return_value = expires + timedelta(seconds=1)
        assert visitor.ask("films?n=1").status == 403
        assert house.act("send", "screening", "a.b").status == 409
        assert house.act("invite", "screening", "a.b").status == 200
    assert visitor.ask("films?n=1").status == 200
    assert house.act("invite", "adjudication", "a.b", days="0").json()["expires"] == ""


def test_neither_a_second_link_nor_one_of_nobody_is_handed_out(house: House) -> None:
    assert house.act("send", "screening", "a.b").status == 409
    assert house.act("revoke", "screening", "a.b").status == 409
    assert house.act("invite", "screening", "a.b").status == 200
    assert house.act("invite", "screening", "a.b").status == 409
    assert len(lines(house)) == 1


@pytest.mark.parametrize(
    ("task", "person", "days"),
    [
        ("painting", "a.b", "1"),
        ("screening", "A B", "1"),
        ("screening", "../a", "1"),
        ("screening", "", "1"),
        ("screening", "a.b", "-1"),
        ("screening", "a.b", "1.5"),
        ("screening", "a.b", "99999"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_and_not_logged(
    house: House, task: str, person: str, days: str
) -> None:
    assert house.act("invite", task, person, days).status == 400
    assert house.lead.send("invitations", {"act": "erase"}).status == 400
    assert house.lead.send("invitations", ["invite"]).status == 400
    assert not lines(house)


def test_another_page_of_the_same_browser_cannot_act_for_the_lead(house: House) -> None:
    wish = {"act": "invite", "task": "screening", "person": "a.b", "days": "1"}
    for headers in (
        {"origin": "https://evil.example.org"},
        {"origin": ORIGIN.replace("8741", "8742")},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"content-type": "text/plain"},
        {"cookie": ""},
    ):
        assert house.lead.send("invitations", wish, headers=headers).status in {403, 415}
    assert house.lead.ask("invitations").status == 405
    assert not lines(house)


def test_the_log_opens_nothing_by_itself_and_is_verified_like_the_others(house: House) -> None:
    answer = house.act("invite", "screening", "a.b")
    token = house.token(answer)
    house.act("revoke", "screening", "a.b")
    folder = house.project.paths.invitations
    everything = "".join(path.read_text() for path in folder.iterdir())
    assert token not in everything
    secret = house.project.paths.links.read_text().strip()
    assert secret not in everything
    assert token not in json.dumps(house.overview())
    verified = verify_logs(house.project, None, None)["invitations"]
    assert verified["logs"]["the.lead"]["lines"] == 2
    path = folder / "the.lead.jsonl"
    path.write_text(path.read_text().replace('"revoke"', '"invite"'))
    with pytest.raises(DecisionError):
        verify_logs(house.project, None, None)


def test_logs_of_invitations_that_were_tampered_with_let_nobody_in(house: House) -> None:
    visitor = house.invite("screening", "a.b")["a.b"]
    path = house.project.paths.invitations / "the.lead.jsonl"
    path.write_text(path.read_text().replace("a.b", "a.c"))
    assert visitor.ask("films?n=1").status >= 400


def test_whoever_was_revoked_does_not_come_in_by_the_terminal_s_address_either(
    tmp_path: Path,
) -> None:
    named = SignIn(["a.b", "c.d"], lambda *_: None)
    invited = Invited.open("screening", tmp_path / "logs", tmp_path / "secret")
    door = InvitedSignIn(named, invited)
    token = named.tokens["a.b"]
    entered = door.enter(token, "page")
    assert entered is not None
    assert door.knows("a.b", entered[1])
    # Nothing is written down before somebody is invited.
    assert not (tmp_path / "secret").exists()
    link = new_link()
    for act in ("invite", "revoke"):
        statement = NewInvitation("screening", "a.b", act, link, "")  # type: ignore[arg-type]
        log.append(INVITATION, tmp_path / "logs", "the.lead", [statement])
    assert not door.knows("a.b", entered[1])
    assert door.claim_of(named.tokens["a.b"]) is None
    assert door.enter(named.tokens["a.b"], "page") is None
    with pytest.raises(DecisionError, match=r"a\.b: a link to this task was revoked"):
        invited.require("a.b", "c.d")
    assert door.enter(named.tokens["c.d"], "page") is not None
    # Invited anew, they come in by the new link alone: who has the old address is not known.
    anew = NewInvitation("screening", "a.b", "invite", new_link(), "")
    log.append(INVITATION, tmp_path / "logs", "the.lead", [anew])
    assert not door.knows("a.b", entered[1])
    assert door.claim_of(named.tokens["a.b"]) is None
    link = invited.invitations.open_link("screening", "a.b")
    assert link is not None
    entered = door.enter(invited.token(link))
    assert entered is not None
    assert door.knows("a.b", entered[1])


LINKS = [f"{number:032x}" for number in range(3)]
STEPS = st.lists(
    st.tuples(st.sampled_from(["l.a", "l.b"]), st.sampled_from(["invite", "send", "revoke"]),
              st.sampled_from(LINKS), st.integers(-5, 5)),
    max_size=12,
)  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(STEPS)
def test_a_revoked_link_is_never_open_whoever_did_it_and_whatever_the_clocks_say(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("links")
    clock = Clock()
    invitations = Invitations(folder)
    revoked: set[str] = set()
    made: set[str] = set()
    with patch("cxr_release.logbook.log.now", clock):
        for lead, act, link, minutes in steps:
            clock.wait(60 * minutes)
            statement = NewInvitation("study", "a.b", act, link, "")  # type: ignore[arg-type]
            log.append(INVITATION, folder, lead, [statement])
            revoked |= {link} if act == "revoke" else set()
            made |= {link} if act == "invite" else set()
            open_now = {each.number for each in invitations.links() if each.state() == "open"}
            assert open_now == made - revoked
            assert (invitations.open_link("study", "a.b") is None) == (not made - revoked)


def test_addresses_of_other_servers_are_checked() -> None:
    site = Site("127.0.0.1", 8746)
    plain = addresses_of(site, [])
    assert plain["screening"] == "http://127.0.0.1:8741"
    given = addresses_of(site, ["study=https://study.example.org/"])
    assert given["study"] == "https://study.example.org"
    for wrong in ("study", "paint=https://a.org", "study=javascript:alert(1)"):
        with pytest.raises(Exception, match="is not TASK=ADDRESS"):
            addresses_of(site, [wrong])


def test_who_is_revoked_leaves_their_share_to_the_others(tmp_path: Path) -> None:
    settings = {**PLAIN, "review": {"assign": "stratified"}}
    house = House(team_project(tmp_path, settings))
    people = house.invite("screening", "a.b", "c.d", "e.f")

    def counts() -> list[int]:
        return [len(people[name].ask("films?n=100").json()["films"]) for name in ("a.b", "c.d")]

    assert counts() == [16, 16]
    house.act("revoke", "screening", "e.f")
    assert counts() == [24, 24]
    rows = {row["person"]: row for row in house.overview()["tasks"]["screening"]["people"]}
    assert [rows[name]["assigned"] for name in ("a.b", "c.d", "e.f")] == [24, 24, 0]
