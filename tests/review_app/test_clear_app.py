"""The answers of the page of text on real films, asked byte for byte; what all pages share is tried
in test_app.py."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cxr_release.clearance.queue import ClearanceQueue
from cxr_release.clearance.source import SourceFilms, open_source
from cxr_release.clearance.statement import CLEARANCE
from cxr_release.errors import SourceError
from cxr_release.logbook import log
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.clear import ClearApp, clear
from cxr_release.review_app.guard import Guard
from cxr_release.review_app.site import Site
from tests.support.asking import ORIGIN, Answer, Visitor
from tests.support.commands import run
from tests.support.real_folder import RealFolder, checks, write_film

PEOPLE = ("a.b", "c.d")
NOBODY = "0" * 32
FILMS = 6


@dataclass
class Desk(Visitor):
    """A server without a socket, and the browser of one person."""

    real: RealFolder
    films: SourceFilms
    queues: dict[str, ClearanceQueue]

    def post(self, body: bytes | object, **more: Any) -> Answer:
        return self.send("decisions", body, **more)

    def decide(self, film: str, decision: str = "clear") -> Answer:
        return self.post({"film": film, "decision": decision})

    def shown(self) -> list[dict[str, Any]]:
        films: list[dict[str, Any]] = self.ask("films").json()["films"]
        return films

    def names(self) -> list[str]:
        return [one["name"] for one in self.shown()]

    def number(self, name: str) -> int:
        """Which of the films a name stands for."""
        film = self.queues[self.person].film(name)
        return next(number for number in range(FILMS) if self.real.id(number) == film)

    def logged(self) -> list[tuple[str, str]]:
        path = self.real.paths.clearance_log / f"{self.person}.jsonl"
        lines = log.read(CLEARANCE, path) if path.exists() else []
        return [(line.real_id, line.decision) for line in lines]


@pytest.fixture
def outside(tmp_path: Path) -> Desk:
    real = RealFolder(tmp_path, FILMS)
    paths = real.paths
    films = open_source(real.raw, manifest=paths.manifest, key=paths.film_key)
    contents = films.contents
    state: SharedState[Any, Any] = SharedState(
        CLEARANCE, paths.clearance_log, {shown: shown[1] for shown in contents.items()}
    )
    queues = {
        person: ClearanceQueue(
            person,
            state,
            contents,
            seed_of(paths.orders, person),
            required=1,
            suspected={real.id(4)},
        )
        for person in PEOPLE
    }
    door = SignIn(PEOPLE, lambda person, token: None)
    app = ClearApp(queues, films, door, title="Text", searched=True, contents=films.contents)
    return Desk(app=Guard(app, [ORIGIN]), door=door, real=real, films=films, queues=queues)


@pytest.fixture
def desk(outside: Desk) -> Desk:
    return outside.enter("a.b")


@pytest.mark.parametrize("path", ["", "setup", "films", f"film/{NOBODY}"])
def test_without_the_person_s_own_session_nothing_is_answered(outside: Desk, path: str) -> None:
    for cookie in ("", "session-8741=", "session-8741=wrong"):
        assert replace(outside, cookie=cookie).ask(path).status == 403
    other = outside.enter("c.d")
    assert other.ask(path).status in {200, 404}
    assert replace(other, person="a.b").ask(path).status == 403


def test_a_film_is_shown_as_it_lies_in_the_source_and_kept_nowhere(desk: Desk) -> None:
    for name in desk.names():
        answer = desk.ask(f"film/{name}")
        assert answer.header("cache-control") == "no-store"
        assert answer.header("content-type") == "image/png"
        with Image.open(io.BytesIO(answer.body)) as image:
            assert not image.info
            pixels = np.asarray(image)
        assert np.array_equal(pixels, checks(desk.number(name), 64, 48))


def test_films_on_which_text_is_suspected_come_first_and_each_sees_an_order_of_their_own(
    outside: Desk,
) -> None:
    first, second = outside.enter("a.b"), outside.enter("c.d")
    orders = [[desk.number(name) for name in desk.names()] for desk in (first, second)]
    assert [order[0] for order in orders] == [4, 4]
    assert all(sorted(order) == list(range(FILMS)) for order in orders)
    assert not {*first.names()} & {*second.names()}
    assert [one["suspected"] for one in first.shown()] == [True, *[False] * (FILMS - 1)]


@pytest.mark.parametrize(
    "name",
    [
        NOBODY,
        "x",
        "../film-key",
        "..%2f..%2fdata%2fraw%2fMueller_Anna_1961-07-24_0.png",
        "Mueller_Anna_1961-07-24_0.png",
        "film-0000000000000000",
        "%00",
        "A" * 5000,
    ],
)
def test_no_other_name_leads_to_a_film_or_a_file(desk: Desk, name: str) -> None:
    real = desk.real.id(0)
    for tried in (name, real):
        answer = desk.ask(f"film/{tried}")
        assert answer.status == 404
        assert not answer.body.startswith(b"\x89PNG")
    assert desk.decide(name).status in {400, 409}
    assert desk.decide(real).status == 400
    assert desk.logged() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"[" * 60_000,
        b"{}",
        b'{"film": "NAME"}',
        b'{"film": "NAME", "decision": "keep"}',
        b'{"film": "NAME", "decision": "CLEAR"}',
        b'{"film": "NAME", "decision": ["clear"]}',
        b'{"film": "NAME", "decision": "clear", "note": "Anna Mueller"}',
        b'{"film": "NAME", "film": "NAME", "decision": "clear"}',
        b'{"film": ["NAME"], "decision": "clear"}',
    ],
)
def test_a_body_of_another_form_is_refused(desk: Desk, body: bytes) -> None:
    answer = desk.post(body.replace(b"NAME", desk.names()[0].encode()))
    assert answer.status == 400
    assert answer.json().keys() == {"error"}
    assert desk.logged() == []


def test_only_the_server_s_own_page_decides(desk: Desk) -> None:
    name = desk.names()[0]
    body = {"film": name, "decision": "clear"}
    assert desk.post(body, headers={"origin": "http://evil.example"}).status == 403
    assert desk.post(body, headers={"content-type": "text/plain"}).status == 415
    assert desk.logged() == []
    assert desk.decide(name).status == 200


def test_a_decision_is_logged_before_it_is_answered_and_the_same_again_is_none(desk: Desk) -> None:
    name = desk.names()[0]
    film = desk.real.id(desk.number(name))
    words = ("clear", "clear", "text", "retract", "retract", "text")
    logged = [desk.decide(name, word).json()["logged"] for word in words]
    assert logged == [1, 0, 1, 1, 0, 1]
    assert desk.logged() == [(film, word) for word in ("clear", "text", "retract", "text")]
    shown = next(one for one in desk.shown() if one["name"] == name)
    assert shown["decision"] == "text"
    progress = desk.ask("films").json()["progress"]
    assert progress == {"done": 1, "left": FILMS - 1, "text": 1}


def test_what_one_person_has_looked_at_waits_for_nobody_else(outside: Desk) -> None:
    first, second = outside.enter("a.b"), outside.enter("c.d")
    name = first.names()[0]
    first.decide(name, "text")
    assert len(second.names()) == FILMS - 1
    assert second.ask("films").json()["progress"] == {"done": 0, "left": FILMS - 1, "text": 0}
    first.decide(name, "retract")
    assert len(second.names()) == FILMS


def all_answers(desk: Desk) -> Iterator[Answer]:
    names = desk.names()
    for path in ("", "setup", "films", *(f"film/{name}" for name in names), "film/x"):
        yield desk.ask(path)
    yield desk.decide(names[0])
    yield desk.decide(NOBODY)
    write_film(desk.real.file(desk.number(names[1])), checks(77, 64, 48))
    yield desk.ask(f"film/{names[1]}")
    desk.real.file(desk.number(names[2])).unlink()
    yield desk.ask(f"film/{names[2]}")
    (desk.real.paths.clearance_log / "c.d.jsonl").write_bytes(b"{}\n")
    yield desk.ask("films")


def test_no_answer_and_no_message_names_a_film_or_a_file(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    hidden = ["Mueller", "film-", str(desk.real.paths.root), *desk.films.contents.values()]
    statuses = set()
    for answer in all_answers(desk):
        statuses.add(answer.status)
        assert not [word for word in hidden if word in answer.everything]
    assert statuses == {200, 404, 409, 503}
    assert "Mueller" not in caplog.text
    assert "has changed since it was taken in" in caplog.text


def test_drawn_films_need_nobody_and_a_project_without_films_says_what_to_do(
    tmp_path: Path,
) -> None:
    from tests.support.small_project import small_project

    small_project(tmp_path, {})
    done = run("clear", "--reviewer", "a.b", "--root", str(tmp_path))
    assert done.returncode == 1
    assert "are drawn by a program" in done.stderr
    assert "ingest.source" in done.stderr


def test_films_that_came_later_are_told_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = RealFolder(tmp_path, 4)
    real.say("a.b", 0, "clear")
    write_film(real.file(9), checks(9, 64, 48))
    real.file(3).unlink()
    served: list[Any] = []
    monkeypatch.setattr(
        "cxr_release.review_app.clear.serve", lambda *given, **more: served.append(given)
    )
    clear(
        "data/raw",
        root=real.paths.root,
        manifest=real.paths.manifest,
        film_key=real.paths.film_key,
        flags=real.paths.text_flags,
        clearance_log=real.paths.clearance_log,
        orders=real.paths.orders,
        reviewers=["a.b"],
        site=Site("127.0.0.1", 0),
    )
    said = capsys.readouterr().out
    assert "1 film(s) that were taken in are not in the source any more" in said
    assert "1 film(s) of the source were not taken in, and are not shown" in said
    assert re.search(r"^3 real films;", said, re.MULTILINE)
    assert "Mueller" not in said
    assert len(served) == 1


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    real = RealFolder(tmp_path, 4)
    with pytest.raises(SourceError):
        open_source(tmp_path / "x", manifest=real.paths.manifest, key=real.paths.film_key)
