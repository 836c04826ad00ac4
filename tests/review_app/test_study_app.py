"""The reader study's answers, asked byte for byte; what all pages share is tried in test_app.py."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxr_release import schemas, tables
from cxr_release.errors import CxrReleaseError, DecisionError, TableError
from cxr_release.films import png
from cxr_release.logbook import log
from cxr_release.logbook.film_codes import codes_of
from cxr_release.logbook.log import Log
from cxr_release.logbook.seeds import seed_of
from cxr_release.reader_study.answer import ANSWER, NewAnswer
from cxr_release.reader_study.session import LONGEST, Session
from cxr_release.review_app import study
from cxr_release.review_app.access import Links, LinkSignIn, open_links
from cxr_release.review_app.guard import Guard
from cxr_release.review_app.keys import groups_of
from cxr_release.review_app.site import Site
from cxr_release.review_app.study import StudyApp, open_films, serve_study
from cxr_release.screening.anatomy import NOT_STATED
from tests.support.any_json import JSON
from tests.support.asking import ORIGIN, Answer, Visitor, ask, press
from tests.support.study_kit import Drawn, draw_kit

PEOPLE = ("a.b", "c.d")
NOBODY = "0" * 32
QUARTETS = 3


@dataclass
class Desk(Visitor):
    """A server without a socket, and the browser of one reader."""

    root: Path
    drawn: Drawn

    def post(self, body: bytes | object, **more: Any) -> Answer:
        return self.send("answers", body, **more)

    def pages(self) -> list[dict[str, Any]]:
        pages: list[dict[str, Any]] = self.ask("pages").json()["pages"]
        return pages

    def whole(self, place: int = 0, ratings: str = "1234", picked: int = 0) -> dict[str, Any]:
        """An answer as the page sends it."""
        page = self.pages()[place]
        rated = dict(zip(page["films"], map(int, ratings), strict=True))
        return {
            "page": page["name"],
            "ratings": rated,
            "picked": page["films"][picked],
            "seconds": 34.5,
        }

    def logged(self) -> list[tuple[str, str, str]]:
        path = self.root / "readers" / f"{self.person}.jsonl"
        lines = log.read(ANSWER, path) if path.exists() else []
        return [(line.page, line.ratings.replace(" ", ""), line.seconds) for line in lines]


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return draw_kit(tmp_path_factory.mktemp("kit"), QUARTETS)


def opened(root: Path, drawn: Drawn, *, going_back: bool = False) -> Desk:
    """A server of two readers, into which nobody has come yet."""
    kit, films = open_films(drawn.path)
    readings = {
        person: Session(
            kit,
            Log(ANSWER, root / "readers", person),
            seed_of(root / "orders", person),
            going_back=going_back,
        )
        for person in PEOPLE
    }
    door = LinkSignIn(PEOPLE, open_links(root / "links" / "secret"))
    app = StudyApp(readings, films, door, title="Study")
    return Desk(app=Guard(app, [ORIGIN]), door=door, root=root, drawn=drawn)


@pytest.fixture
def outside(drawn: Drawn, tmp_path: Path) -> Desk:
    shutil.copy(drawn.path, tmp_path)
    return opened(tmp_path, replace(drawn, path=tmp_path / drawn.path.name))


@pytest.fixture
def desk(outside: Desk) -> Desk:
    return outside.enter("a.b")


# Coming in


def test_a_link_opens_the_pages_again_and_again(outside: Desk) -> None:
    token = outside.door.tokens["a.b"]
    desks = [outside.enter("a.b") for _ in range(3)]
    assert outside.door.tokens["a.b"] == token
    assert len({desk.cookie for desk in desks}) == 3
    assert all(desk.ask("setup").status == 200 for desk in desks)
    assert ask(outside.app, f"/?token={token}", host="evil.example").status == 403


def test_links_and_sessions_outlive_the_server(outside: Desk) -> None:
    desk = outside.enter("a.b")
    again = opened(outside.root, outside.drawn)
    assert again.door.tokens == outside.door.tokens
    assert replace(again, cookie=desk.cookie).ask("pages").body == desk.ask("pages").body
    (outside.root / "links" / "secret").unlink()
    other = opened(outside.root, outside.drawn)
    assert not set(other.door.tokens.values()) & set(outside.door.tokens.values())
    assert replace(other, cookie=desk.cookie).ask("pages").status == 403
    assert ask(other.app, f"/?token={desk.door.tokens['a.b']}").status == 403


def test_who_is_not_let_in_is_told_of_the_link_and_not_of_a_terminal(outside: Desk) -> None:
    for answer in (ask(outside.app, "/"), ask(outside.app, "/?token=x"), outside.ask("")):
        assert answer.status == 403
        assert b"the link that you were sent" in answer.body
        assert b"terminal" not in answer.body
    assert "the link that you were sent" in outside.ask("pages").json()["error"]


@pytest.mark.parametrize("path", ["", "setup", "pages", f"film/{NOBODY}"])
def test_without_the_reader_s_own_session_nothing_is_answered(outside: Desk, path: str) -> None:
    own, other = outside.enter("a.b"), outside.enter("c.d")
    session = own.cookie.partition("=")[2]
    nonce, _, signed = session.partition(".")
    name = own.cookie.partition("=")[0]
    for wrong in ("", "x", session[:-1], f"{nonce}x.{signed}", f".{signed}", signed, f"{nonce}."):
        assert replace(own, cookie=f"{name}={wrong}").ask(path).status == 403
    assert other.ask(path).status in {200, 404}
    for person in ("a.b", "nobody", "..", ""):
        assert replace(other, person=person).ask(path).status in {403, 404}
    assert replace(other, person="a.b").ask(path).status == 403


def test_tokens_and_sessions_cannot_be_guessed_or_lent() -> None:
    door = LinkSignIn(["a", "b"], Links(bytes(32)))
    assert len(set(door.tokens.values())) == 2
    assert all(len(token) == 43 for token in door.tokens.values())  # 256 bits
    for wrong in ("", "a", door.tokens["a"][:-1], door.tokens["a"] + "=", "é", "\ud800", "\0"):
        assert door.enter(wrong) is None
        assert not door.knows("a", wrong)
    entered = door.enter(door.tokens["a"])
    assert entered is not None
    person, session = entered
    assert (person, door.knows("a", session)) == ("a", True)
    for other in ("b", "nobody", "a\0"):
        assert not door.knows(other, session)
    assert not door.knows("a", door.tokens["a"])
    assert door.enter(session.partition(".")[2]) is None
    elsewhere = LinkSignIn(["b"], Links(bytes(32)))
    assert not elsewhere.knows("a", session)  # no reader of that server
    assert not LinkSignIn(["a"], Links(b"1" * 32)).knows("a", session)


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path, start = tmp_path / "new" / "secret", Barrier(8)

    def token(_: int) -> str:
        start.wait()
        return open_links(path).token("a.b")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(token, range(8)))) == 1
    assert len(bytes.fromhex(path.read_text().strip())) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip() not in open_links(path).token("a.b")


@pytest.mark.parametrize("data", [b"", b"00", b"0" * 65, b"G" * 64, b"\xff" * 64, None])
def test_a_damaged_secret_is_refused_and_kept(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "secret"
    path.mkdir() if data is None else path.write_bytes(data)
    with pytest.raises(DecisionError) as caught:
        open_links(path)
    assert caught.value.where == str(path)
    assert "0" * 10 not in str(caught.value)
    assert path.is_dir() if data is None else path.read_bytes() == data


# Pages and films


def test_the_page_is_the_study_s_own_and_says_no_more_than_the_title(desk: Desk) -> None:
    page = desk.ask("")
    assert page.status == 200
    assert b"/static/study/study.js" in page.body
    assert b"<title>Films</title>" in page.body
    setup = desk.ask("setup").json()
    assert setup.pop("keys") == groups_of("study")
    assert setup == {
        "reader": "a.b",
        "title": "Study",
        "going_back": False,
        **NOT_STATED.of_page,
    }


def test_films_come_under_the_reader_s_own_names_and_all_alike(outside: Desk) -> None:
    mine, theirs = outside.enter("a.b"), outside.enter("c.d")
    _, films = open_films(outside.drawn.path)
    served = {}
    for desk in (mine, theirs):
        answers = [desk.ask(f"film/{film}") for page in desk.pages() for film in page["films"]]
        assert len({len(answer.body) for answer in answers}) == 1
        assert len({str(answer.headers) for answer in answers}) == 1
        served[desk.person] = [answer.body for answer in answers]
    assert served["a.b"] != served["c.d"]
    assert set(served["a.b"]) == set(served["c.d"]) == set(films.values())
    strange = [NOBODY, "..%2fpages", "%00", "", mine.pages()[0]["name"], outside.drawn.key[0].name]
    for name in [*strange, *(film for page in theirs.pages() for film in page["films"])]:
        assert mine.ask(f"film/{name}").status == 404


def test_the_pages_outlive_a_kit_that_is_written_anew(desk: Desk) -> None:
    """`dvc repro` deletes it and draws the same again."""
    film = desk.pages()[0]["films"][0]
    before = desk.ask(f"film/{film}").body
    desk.drawn.path.unlink()
    assert desk.ask(f"film/{film}").body == before
    assert desk.ask("pages").status == 200


def test_a_damaged_picture_is_found_before_anybody_comes(outside: Desk) -> None:
    path = outside.drawn.path
    rows = list(tables.iterate(path, schemas.KIT))
    rows[2]["image"]["bytes"] = rows[3]["image"]["bytes"]
    tables.write(path, schemas.KIT, rows)
    with pytest.raises(TableError, match="holds pictures that do not match their SHA-256"):
        open_films(path)


def all_answers(outside: Desk) -> Iterator[Answer]:
    """Every answer that a page can get, errors among them."""
    desk = outside.enter("a.b")
    yield ask(desk.app, "/")
    offered = ask(desk.app, f"/?token={desk.door.tokens['c.d']}")
    yield from (offered, press(desk.app, offered))
    for path in ("setup", "", "pages", "film/x", "nothing"):
        yield desk.ask(path)
    for page in desk.pages():
        for film in page["films"]:
            yield desk.ask(f"film/{film}")
    whole, other = desk.whole(), desk.whole(picked=1)
    for body in (whole, whole, other, {**whole, "page": NOBODY}, {**whole, "picked": NOBODY}, b""):
        yield desk.post(body)
    last = desk.whole(1)
    kit = desk.drawn.kit
    bad = NewAnswer("1", "f" * 64, kit.films[0].name, "1", kit.films[0].name, "1", "1.000")
    log.append(ANSWER, desk.root / "readers", "a.b", [bad])
    yield desk.ask("pages")
    (desk.root / "readers" / "a.b.jsonl").write_bytes(b"{}\n")
    yield desk.ask("pages")
    yield desk.post(last)
    film = kit.films[0].name
    os.utime(desk.drawn.path, ns=(1, 1))
    yield desk.ask("pages")
    yield desk.post(last)
    yield desk.ask(f"film/{film}")


def test_no_answer_says_which_films_these_are(outside: Desk) -> None:
    hidden = {*outside.drawn.secrets, str(outside.root), '"quartet', '"position'}
    statuses = set()
    for answer in all_answers(outside):
        statuses.add(answer.status)
        assert not [word for word in hidden if word in answer.everything]
    assert statuses >= {200, 303, 400, 403, 404, 409, 503}


def test_nothing_is_written_but_the_reader_s_log(outside: Desk) -> None:
    def tree() -> dict[str, bytes]:
        paths = [path for path in outside.root.rglob("*") if path.is_file()]
        return {str(path.relative_to(outside.root)): path.read_bytes() for path in paths}

    before = tree()
    for _ in all_answers(outside):
        pass
    after = tree()
    assert {name for name in after if after[name] != before.get(name)} == {
        "readers/a.b.jsonl",
        "readers/a.b.head",
    }


def test_nobody_sees_what_another_answered(outside: Desk) -> None:
    mine, theirs = outside.enter("a.b"), outside.enter("c.d")
    before = mine.ask("pages").body
    assert theirs.post(theirs.whole()).status == 200
    assert mine.ask("pages").body == before
    assert mine.logged() == []
    assert replace(theirs, person="a.b").post(theirs.whole()).status == 403


# Answers


def test_an_answer_is_logged_before_it_is_acknowledged_and_once(desk: Desk) -> None:
    whole = desk.whole(1, "4131", picked=2)
    answer = desk.post(whole).json()
    assert desk.logged() == [("2", "4131", "34.500")]
    assert answer["logged"] == 1
    page = desk.pages()[1]
    assert answer["page"] == page
    # Final answers are not shown again.
    assert (page["answered"], page["ratings"], page["picked"]) == (True, None, None)
    assert desk.post({**whole, "seconds": 99}).json() == {"page": page, "logged": 0}
    assert len(desk.logged()) == 1


def test_a_final_answer_stands(desk: Desk) -> None:
    desk.post(desk.whole())
    assert desk.post(desk.whole(picked=3)).status == 409
    answer = desk.post(desk.whole(ratings="1233"))
    assert answer.status == 409
    assert answer.json() == {"error": "This page was answered before, and answers are final."}
    assert len(desk.logged()) == 1


def test_where_readers_may_go_back_a_change_is_a_new_line(drawn: Drawn, tmp_path: Path) -> None:
    desk = opened(tmp_path, drawn, going_back=True).enter("a.b")
    assert desk.ask("setup").json()["going_back"] is True
    logged = [desk.post(desk.whole(0, one)).json()["logged"] for one in ("1234", "1234", "1111")]
    assert logged == [1, 0, 1]
    assert [one[1] for one in desk.logged()] == ["1234", "1111"]
    page = desk.pages()[0]
    assert (page["ratings"], page["picked"]) == ([1, 1, 1, 1], 0)


def changed(**more: Any) -> Callable[[dict[str, Any]], object]:
    return lambda whole: {**whole, **more}


def rated(**more: Any) -> Callable[[dict[str, Any]], object]:
    return lambda whole: {**whole, "ratings": {**whole["ratings"], **more}}


def first_rated(rating: object) -> Callable[[dict[str, Any]], object]:
    return lambda whole: {
        **whole,
        "ratings": {**whole["ratings"], next(iter(whole["ratings"])): rating},
    }


@pytest.mark.parametrize(
    "of",
    [
        lambda whole: [whole],
        lambda whole: None,
        lambda whole: {name: whole[name] for name in whole if name != "seconds"},
        changed(more=1),
        changed(page=1),
        changed(page=None),
        changed(ratings=[1, 2, 3, 4]),
        changed(ratings={}),
        rated(**{NOBODY: 1}),
        first_rated(0),
        first_rated(5),
        first_rated(True),
        first_rated(1.0),
        first_rated("1"),
        first_rated(None),
        changed(picked=""),
        changed(picked=NOBODY),
        changed(picked=0),
        changed(seconds="1"),
        changed(seconds=True),
        changed(seconds=None),
        changed(seconds=-1),
        changed(seconds=LONGEST + 1),
        changed(seconds=10**400),
        lambda whole: json.dumps(whole).replace("34.5", "1e999").encode(),
        lambda whole: json.dumps(whole).replace("34.5", "NaN").encode(),
        lambda whole: json.dumps(whole).replace("{", '{"page": "", ', 1).encode(),
    ],
)
def test_an_answer_of_another_form_is_refused(
    desk: Desk, of: Callable[[dict[str, Any]], object]
) -> None:
    answer = desk.post(of(desk.whole()))
    assert answer.status == 400
    assert answer.json().keys() == {"error"}
    assert desk.logged() == []


def test_an_unknown_page_is_to_be_loaded_again(desk: Desk) -> None:
    assert desk.post({**desk.whole(), "page": NOBODY}).status == 409
    headers = {"content-type": "text/plain"}
    assert desk.post(desk.whole(), headers=headers).status == 415


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.fixed_dictionaries(dict.fromkeys(("page", "ratings", "picked", "seconds"), JSON))
    | JSON
)
def test_nothing_but_an_answer_is_logged_whatever_is_sent(desk: Desk, value: object) -> None:
    answer = desk.post(value)
    assert answer.status in {400, 409}
    assert not (desk.root / "readers").exists()


# The call itself


def called(root: Path, drawn: Drawn, **more: Any) -> None:
    paths = {name: root / name for name in ("answers", "orders")}
    serve_study(
        **{
            "kit": drawn.path,
            "served": root / "served.json",
            "links": root / "links",
            "readers": ["a.b"],
            "title": "Study",
            "going_back": False,
            "site": Site("127.0.0.1", 0),
            **paths,
            **more,
        }
    )


def test_what_is_not_in_order_is_said_before_anybody_comes(drawn: Drawn, tmp_path: Path) -> None:
    for more, what in (
        ({"readers": []}, "no reviewer or reader"),
        ({"readers": ["a", "b", "a"]}, "a is named twice"),
        ({"readers": ["../a"]}, "not a reviewer's name"),
        ({"kit": tmp_path / "no.parquet"}, "no.parquet"),
        ({"site": Site("203.0.113.7", 0)}, "cannot listen"),
    ):
        with pytest.raises(CxrReleaseError, match=what):
            called(tmp_path, drawn, **more)
    bad = NewAnswer("1", "f" * 64, "0" * 16, "1", "0" * 16, "1", "1.000")
    log.append(ANSWER, tmp_path / "answers", "a.b", [bad])
    with pytest.raises(DecisionError, match="other films"):
        called(tmp_path, drawn)


def test_the_kit_is_on_record_before_anybody_can_come(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    def serving(*_: Any, **more: Any) -> None:
        found.append((tmp_path / "served.json").read_text())
        assert more["links"].token("a.b") == open_links(tmp_path / "links").token("a.b")

    monkeypatch.setattr(study, "serve", serving)
    called(tmp_path, drawn)
    assert drawn.kit.films[0].name in found[0]
    other = draw_kit(tmp_path / "other", QUARTETS + 1)
    with pytest.raises(CxrReleaseError, match="other quartets"):
        called(tmp_path, other)
    assert len(found) == 1


# Codes


def codes_in(desk: Desk) -> dict[bytes, str]:
    """Bytes of each film as it is served → its code."""
    return {
        desk.ask(f"film/{film}").body: code
        for page in desk.ask("pages").json()["pages"]
        for film, code in zip(page["films"], page["codes"], strict=True)
    }


def test_codes_are_the_same_for_all_readers_and_say_nothing_of_which_film_is_real(
    outside: Desk,
) -> None:
    mine, theirs = (codes_in(outside.enter(person)) for person in PEOPLE)
    assert mine == theirs
    assert len({*mine.values()}) == len(mine)
    # They follow from what the page shows and from the study alone: the key takes no part in it.
    hashes = {name: png.sha256(data) for name, data in open_films(outside.drawn.path)[1].items()}
    study = " ".join(sorted(hashes.values()))
    made = codes_of({sha256: f"{study}\0{sha256}" for sha256 in hashes.values()})
    assert {png.sha256(data): code for data, code in mine.items()} == made


def test_a_film_has_another_code_in_the_study_than_anywhere_else(outside: Desk) -> None:
    mine = codes_in(outside.enter("a.b"))
    elsewhere = codes_of({data: png.sha256(data) for data in mine})
    assert sum(mine[data] == elsewhere[data] for data in mine) == 0


def test_a_code_leads_to_its_page(outside: Desk) -> None:
    desk = outside.enter("a.b")
    for page in desk.ask("pages").json()["pages"]:
        for film, code in zip(page["films"], page["codes"], strict=True):
            found = desk.ask(f"code?code={code}").json()
            assert found == {"name": page["name"], "film": film}
