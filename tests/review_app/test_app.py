from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxr_release.films import png
from cxr_release.logbook import log, log_files
from cxr_release.logbook.film_codes import ALPHABET, codes_of
from cxr_release.review_app import pages
from cxr_release.review_app.keys import groups_of
from cxr_release.screening.anatomy import NOT_STATED
from cxr_release.screening.decision import DECISION, PAGE, TERMINAL, NewDecision
from tests.support.any_json import BODIES, JSON
from tests.support.asking import ORIGIN, Answer, ask, press

NOBODY = "0" * 32


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def logged(desk: Any, person: str = "a.b") -> list[tuple[str, str, str]]:
    path = desk.root / "reviews" / "screening" / f"{person}.jsonl"
    if not path.exists():
        return []
    return [(one.decision, one.reason, one.note) for one in log.read(DECISION, path)]


def keep(name: str) -> dict[str, str]:
    return {"film": name, "decision": "keep", "reason": "", "note": ""}


def exclude(name: str, note: str = "two jaws") -> dict[str, str]:
    return {"film": name, "decision": "exclude", "reason": "other", "note": note}


# Coming in: see test_entrance.py


PATHS = ["setup", "films", "facing", f"film/{NOBODY}"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "cookie", ["", "session-8741=", "session-8741=wrong", "session-1=x", "é;;="]
)
def test_without_a_session_nothing_is_answered(outside: Any, path: str, cookie: str) -> None:
    outside.cookie = cookie
    answer = outside.ask(path)
    assert answer.status == 403
    assert answer.json().keys() == {"error"}
    assert outside.ask("").status == 403
    assert outside.ask("").header("content-type").startswith("text/html")
    assert outside.decide(keep(NOBODY)).status == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_session_is_for_one_person_s_pages(desk: Any, path: str) -> None:
    for person in ("c.d", "nobody", "a.b%2f..%2fc.d", "..", ""):
        desk.person = person
        assert desk.ask(path).status in {403, 404}
    desk.person = "a.b"
    assert desk.ask(path, host="localhost:8741").status != 403


def test_two_servers_of_one_machine_do_not_mix_their_sessions(desk: Any) -> None:
    assert desk.ask("setup", port=8742).status == 403
    headers = {"cookie": f"session-8742=other; bad cookie; {desk.cookie}"}
    assert desk.ask("setup", headers=headers).status == 200


# Paths


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2fapp.py",
        "/static/..%5capp.py",
        "/static/%252e%252e%252fapp.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/.hidden.js",
        "/static/x%00.js",
        "/static/",
        "/static",
        "/../../etc/passwd",
        "/r",
        "/r/",
        "//",
        "/nothing",
    ],
)
def test_no_path_leads_out_of_the_static_files(desk: Any, path: str) -> None:
    answer = ask(desk.app, path, headers={"cookie": desk.cookie})
    assert answer.status == 404


@pytest.mark.parametrize(
    "name",
    [
        "../../setup",
        "..%2f..%2fsetup",
        "%2e%2e/setup",
        "..%2f..%2f..%2fetc%2fpasswd",
        "checkpoint-34-large-00001",
        "checkpoint-34-large-00001.png",
        NOBODY,
        NOBODY.replace("0", "%30"),
        "%00",
        "",
    ],
)
def test_no_film_but_by_its_name(desk: Any, name: str) -> None:
    answer = desk.ask(f"film/{name}")
    assert answer.status == 404
    assert b"PNG" not in answer.body


@pytest.fixture
def static_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Other files than ours, of every kind; to be asked for before the server is made."""
    folder = tmp_path / "static"
    (folder / "shared" / "deeper").mkdir(parents=True)
    (folder / "review").mkdir()
    for name in ("a.js", "shared/b.css", "shared/d.txt", "e", ".f.js", "shared/deeper/g.js"):
        (folder / name).write_text("text")
    (folder / "review" / "review.html").write_text("<!doctype html>")
    (folder / "sub.js").mkdir()
    monkeypatch.setattr(pages, "STATIC", folder)
    return folder


def test_static_files_are_served_with_their_kind_and_without_a_session(
    static_folder: Path, outside: Any
) -> None:
    kinds = {"a.js": "text/javascript", "shared/b.css": "text/css"}
    kinds["review/review.html"] = "text/html"
    for name, kind in kinds.items():
        assert ask(outside.app, f"/static/{name}").header("content-type").startswith(kind)
    (static_folder / "new.js").write_text("it came after the server")
    for name in (
        "shared/d.txt", "e", ".f.js", "shared/deeper/g.js", "sub.js", "missing.js", "new.js",
        "shared", "shared/", "shared//b.css", "shared/../a.js", "./a.js", "/a.js", "A.js",
        "shared%2fb.css/", "review/../../static/a.js", "a.js/", "shared%5cb.css",
    ):  # fmt: skip
        assert ask(outside.app, f"/static/{name}").status == 404, name


def test_every_file_of_the_package_is_served_and_no_script_asks_for_another(desk: Any) -> None:
    names = pages.static_files(pages.STATIC)
    folder = [one for one in pages.STATIC.rglob("*") if one.is_file()]
    assert set(names.values()) == set(folder)
    for name, path in names.items():
        text = path.read_text()
        assert ask(desk.app, f"/static/{name}").body.decode() == text
        asked = re.findall(r'(?:href|src)="/static/([^"]+)"', text)
        asked += [
            (path.parent / one).resolve().relative_to(pages.STATIC).as_posix()
            for one in re.findall(r'(?:from |import\()"(\.[^"]+)"', text)
        ]
        assert set(asked) <= set(names)


def test_the_page_itself_needs_a_session(static_folder: Path, desk: Any) -> None:
    assert desk.ask("").body == b"<!doctype html>"


# Films


def test_setup_says_what_the_page_must_know(desk: Any) -> None:
    assert desk.ask("setup").json() == {
        "reviewer": "a.b",
        "title": "Screening",
        "reasons": [
            {"code": "wrong-facing", "meaning": "Faces right."},
            {"code": "other", "meaning": "<b>Any</b> other."},
        ],
        "facing": "wrong-facing",
        "findings": [
            {"code": "hardware", "meaning": "Metal."},
            {"code": "osteophytes", "meaning": "Spurs."},
        ],
        "films": 40,
        "keys": groups_of("review"),
        **NOT_STATED.of_page,
    }


def test_pages_of_the_queue(desk: Any) -> None:
    first = desk.ask("films?view=queue&n=30").json()
    assert first.keys() == {
        "view", "films", "matching", "from", "next", "previous", "progress", "moment",
    }  # fmt: skip
    assert (first["view"], len(first["films"])) == ("queue", 30)
    assert (first["from"], first["next"], first["previous"]) == (0, 30, None)
    assert first["films"][0].keys() == {"name", "code", "decision", "reason", "note", "at"}
    assert first["films"][0]["decision"] is None
    assert first["progress"] == {
        "done": 0, "left": 40, "excluded": 0, "per_minute": None, "minutes_left": None,
    }  # fmt: skip
    last = desk.ask("films?view=queue&n=30&from=30").json()
    assert (last["from"], last["next"], last["previous"]) == (30, None, 30)
    assert desk.ask("films?view=queue&n=30&before=30").json()["films"] == first["films"]
    assert desk.ask("films?view=queue&n=30&from=400").json()["films"] == []


@pytest.mark.parametrize(
    "query",
    [
        "n=0", "n=101", "n=-1", "n=1.5", "n=x", "n=", "n=%C2%B2", "n=1" + "0" * 400, "view=all",
        "n=1&from=-1", "n=1&from=a", "n=1&before=%00", "n=1&from=1&before=2", "n=1&view=",
        "n=1&state=kept", "n=1&note=yes", "n=1&reason=prescreen",
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused(desk: Any, query: str) -> None:
    answer = desk.ask(f"films?{query}")
    assert answer.status == 400
    assert answer.json().keys() == {"error"}


def test_a_film_is_served_as_it_is(desk: Any) -> None:
    served = {desk.ask(f"film/{name}").body for name in desk.names()}
    assert served == {desk.shelf.png(film.id) for film in desk.films}
    answer = desk.ask(f"film/{desk.names()[0]}")
    assert answer.header("content-type") == "image/png"
    assert png.decode(answer.body, where="film").shape == (16, 16)


def test_two_reviewers_see_other_names_in_another_order(desk: Any) -> None:
    other = desk.enter("c.d")
    assert not set(desk.names()) & set(other.names())
    mine = [desk.ask(f"film/{name}").body for name in desk.names()]
    theirs = [other.ask(f"film/{name}").body for name in other.names()]
    assert mine != theirs
    assert set(mine) == set(theirs)
    assert desk.ask(f"film/{other.names()[0]}").status == 404


def all_answers(desk: Any) -> Iterator[Answer]:
    """Every answer that a page can get, errors among them."""
    names = desk.names()
    yield desk.decide(exclude(names[0], "note"), keep(names[1]))
    offered = ask(desk.app, f"/?token={desk.door.tokens['c.d']}")
    yield from (offered, press(desk.app, offered))
    for path in ("setup", "", "film/x", "nothing", *(f"film/{name}" for name in names)):
        yield desk.ask(path)
    for view in ("queue", "excluded", "decided"):
        yield desk.ask(f"films?view={view}&n=100")
    yield desk.decide({"film": names[2], "decision": "exclude", "reason": "", "note": ""})
    yield desk.decide(keep("x"))
    yield desk.decide(keep(NOBODY))
    yield desk.decide({**exclude(names[2]), "reason": "prescreen"})
    yield desk.decide(exclude(names[3], "x" * 2001))
    yield desk.post(b"")
    yield ask(desk.app, "/")
    # A decision on other bytes, then a damaged log, then films that were made anew.
    film = desk.films[0]
    folder = desk.root / "reviews" / "screening"
    log.append(DECISION, folder, "c.d", [NewDecision(film.id, "f" * 64, "keep")])
    yield desk.ask("films?n=1")
    (folder / "a.b.jsonl").write_bytes(b"{}\n")
    yield desk.ask("films?n=1")
    yield desk.decide(keep(names[5]))
    os.utime(desk.root / "films" / "checkpoint-34-large.parquet", ns=(1, 1))
    yield desk.ask("films?n=1")
    yield desk.decide(keep(names[5]))
    for name in names[:10]:
        yield desk.ask(f"film/{name}")


def test_no_answer_says_which_film_it_is_about(desk: Any) -> None:
    hidden = {"checkpoint", "-large", ".parquet", str(desk.root)}
    hidden |= {film.sha256 for film in desk.films}
    statuses = set()
    for answer in all_answers(desk):
        statuses.add(answer.status)
        assert not [word for word in hidden if word in answer.everything]
    assert statuses >= {200, 303, 400, 403, 404, 409, 503}


# Decisions


def test_decisions_are_logged_before_they_are_answered(desk: Any) -> None:
    names = desk.names()
    answer = desk.decide(exclude(names[0], "a note"), keep(names[1])).json()
    assert logged(desk) == [("exclude", "other", "a note"), ("keep", "", "")]
    assert answer["logged"] == 2
    assert answer["progress"]["done"] == 2
    assert answer["progress"]["excluded"] == 1
    first = answer["films"][0]
    assert (first["name"], first["decision"], first["reason"], first["note"]) == (
        names[0], "exclude", "other", "a note",
    )  # fmt: skip
    assert first["at"].endswith("Z")
    by_id = {one.image_id for one in log.read(DECISION, desk.root / "reviews/screening/a.b.jsonl")}
    shown = {desk.ask(f"film/{name}").body for name in names[:2]}
    assert shown == {desk.shelf.png(film) for film in by_id}


def test_the_same_request_twice_is_logged_once(desk: Any) -> None:
    name = desk.names()[0]
    assert desk.decide(exclude(name)).json()["logged"] == 1
    again = desk.decide(exclude(name)).json()
    assert again["logged"] == 0
    assert again["films"][0]["decision"] == "exclude"
    assert len(logged(desk)) == 1


def test_undo_and_views(desk: Any) -> None:
    names = desk.names()
    desk.decide(exclude(names[0]), exclude(names[1]), keep(names[2]))
    desk.decide({"film": names[1], "decision": "retract"})
    assert desk.names("view=excluded&n=9") == [names[0]]
    assert desk.names("view=decided&n=9") == [names[2], names[0]]
    assert desk.names("n=1") == [names[1]]


def test_enter_in_one_tab_leaves_the_other_tab_s_exclusion(desk: Any) -> None:
    names = desk.names()
    desk.decide(exclude(names[0]))
    answer = desk.decide(*(keep(name) for name in names[:3]), undecided_only=True).json()
    assert [film["decision"] for film in answer["films"]] == ["exclude", "keep", "keep"]
    assert answer["logged"] == 2


def test_nobody_sees_another_s_decisions(desk: Any) -> None:
    other = desk.enter("c.d")
    names = other.names()
    other.decide(*(exclude(name, "secret of c.d") for name in names[:5]))
    for view in ("queue", "excluded", "decided"):
        answer = desk.ask(f"films?view={view}&n=100")
        assert "secret" not in answer.everything
        assert all(film["decision"] is None for film in answer.json()["films"])
    assert desk.ask("films?n=1").json()["progress"]["left"] == 35


def test_a_note_comes_back_as_it_was_written_and_is_no_page(desk: Any) -> None:
    """The page shows it as text; the server's part is that no browser takes JSON for a page."""
    note = "<script>alert(1)</script>\u2028\x00</textarea>\U0001f9b4"
    answer = desk.decide(exclude(desk.names()[0], note))
    assert answer.json()["films"][0]["note"] == note
    assert answer.header("content-type") == "application/json"
    assert answer.header("x-content-type-options") == "nosniff"


ONE = f'{{"film": "{NOBODY}", "decision": "keep", "reason": "", "note": ""}}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"\xff\xfe{",
        b"\xef\xbb\xbf{}",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"null",
        b"[]",
        b"1" * 60_000,
        b'"decisions"',
        b"{}",
        b'{"undecided_only": true}',
        b'{"undecided_only": true, "decisions": []}',
        b'{"undecided_only": 1, "decisions": [%s]}' % ONE.encode(),
        b'{"undecided_only": NaN, "decisions": [%s]}' % ONE.encode(),
        b'{"undecided_only": Infinity, "decisions": []}',
        b'{"undecided_only": false, "undecided_only": true, "decisions": [%s]}' % ONE.encode(),
        b'{"undecided_only": true, "decisions": [%s], "more": 1}' % ONE.encode(),
        b'{"undecided_only": true, "decisions": {"film": "x"}}',
        b'{"undecided_only": true, "decisions": [null]}',
        b'{"undecided_only": true, "decisions": [[]]}',
        b'{"undecided_only": true, "decisions": [%s]}' % ONE.replace('"keep"', "1").encode(),
        b'{"undecided_only": true, "decisions": [%s]}' % ONE.replace('""', "null").encode(),
        b'{"undecided_only": true, "decisions": [%s]}' % ONE.replace("note", "film").encode(),
        b'{"undecided_only": true, "decisions": [%s]}' % ONE.replace("note", "more").encode(),
        b'{"undecided_only": true, "decisions": [%s, %s]}' % (ONE.encode(), ONE.encode()),
        b'{"undecided_only": true, "decisions": [%s]}' % b",".join([ONE.encode()] * 101),
        b'{"undecided_only": true, "decisions": [%s]}' % ONE.replace("00", "0").encode(),
    ],
)  # fmt: skip
def test_a_body_of_another_form_is_refused(desk: Any, body: bytes) -> None:
    answer = desk.post(body)
    assert answer.status == 400
    assert answer.json().keys() == {"error"}
    assert logged(desk) == []


@pytest.mark.parametrize(
    "change",
    [
        {"decision": "delete"},
        {"decision": "KEEP"},
        {"decision": "exclude"},
        {"reason": "other"},
        {"decision": "exclude", "reason": "unheard-of"},
        {"decision": "exclude", "reason": "prescreen"},
        {"decision": "exclude", "reason": "other"},
        {"decision": "exclude", "reason": "other", "note": " \n"},
        {"note": "x" * 2001},
        {"note": "\ud800"},
        {"film": "checkpoint-34-large-00001"},
        {"film": "\ud800" * 32},
        {"film": "٠" * 32},
        {"film": NOBODY.upper().replace("0", "A")},
    ],
)
def test_a_malformed_decision_logs_nothing_of_its_request(
    desk: Any, change: dict[str, str]
) -> None:
    names = desk.names()
    answer = desk.decide(keep(names[0]), keep(names[1]) | change)
    assert answer.status == 400
    assert answer.json().keys() == {"error"}
    assert logged(desk) == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    BODIES
    | st.builds(
        lambda flag, value: json.dumps({"undecided_only": flag, "decisions": value}).encode(),
        st.booleans(),
        JSON | st.lists(st.fixed_dictionaries({"film": JSON, "decision": JSON})),
    )
)
def test_no_body_breaks_the_server(desk: Any, body: bytes) -> None:
    assert desk.post(body).status == 400


def test_a_film_that_is_no_more_what_was_shown_is_not_decided_on(desk: Any) -> None:
    answer = desk.decide(keep(desk.names()[0]), keep(NOBODY))
    assert answer.status == 409
    assert logged(desk) == []


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "json"])
def test_only_json_is_taken(desk: Any, kind: str) -> None:
    """A form on a foreign page can send anything but JSON."""
    assert desk.post({}, headers={"content-type": kind}).status == 415
    assert logged(desk) == []
    proper = {"content-type": "Application/JSON; charset=utf-8"}
    assert desk.post({}, headers=proper).status == 400


def test_a_foreign_page_cannot_decide(desk: Any) -> None:
    body = {"undecided_only": False, "decisions": [keep(desk.names()[0])]}
    for origin in ("http://evil.example", "null", ""):
        assert desk.post(body, headers={"origin": origin}).status == 403
    assert desk.post(body, host="evil.example").status == 403
    assert logged(desk) == []
    assert desk.post(body, headers={"origin": ORIGIN}).status == 200


def test_a_request_that_is_too_large_logs_nothing(desk: Any) -> None:
    name = desk.names()[0]
    body = {"undecided_only": False, "decisions": [exclude(name, "x" * 70_000)]}
    assert desk.post(body).status == 413
    assert logged(desk) == []


def test_decisions_cannot_be_fetched_and_films_cannot_be_posted_to(desk: Any) -> None:
    assert desk.ask("decisions").status == 405
    answer = desk.ask("films?n=1", method="POST", headers={"origin": ORIGIN})
    assert answer.status == 405


# What happens meanwhile


def test_a_decision_from_a_terminal_is_seen_at_the_next_question(desk: Any) -> None:
    names = desk.names()
    folder = desk.root / "reviews" / "screening"
    film = next(
        one for one in desk.films if desk.shelf.png(one.id) == desk.ask(f"film/{names[0]}").body
    )
    log.append(DECISION, folder, "a.b", [NewDecision(film.id, film.sha256, "exclude", "other")])
    assert desk.ask("films?n=1&from=0").json()["films"][0]["decision"] == "exclude"
    assert desk.decide(keep(names[1])).json()["progress"]["done"] == 2


def test_a_decision_on_the_page_says_so_and_takes_the_place_of_one_that_was_piped(
    desk: Any,
) -> None:
    first, second = desk.names()[:2]
    folder = desk.root / "reviews" / "screening"
    shown = desk.ask(f"film/{first}").body
    film = next(one for one in desk.films if desk.shelf.png(one.id) == shown)
    log.append(DECISION, folder, "a.b", [NewDecision(film.id, film.sha256, "keep", via=TERMINAL)])
    # Enter keeps what is undecided; who keeps one film has it before them.
    answers = [
        desk.decide(keep(first), keep(second), undecided_only=True),
        *(desk.decide(keep(first)) for _ in range(2)),
    ]
    assert [answer.json()["logged"] for answer in answers] == [1, 1, 0]
    lines = log.read(DECISION, folder / "a.b.jsonl")
    assert [(line.about == film.id, line.via) for line in lines] == [
        (True, TERMINAL),
        (False, PAGE),
        (True, PAGE),
    ]


def test_a_log_that_is_lost_under_the_server_is_named_until_it_is_restored(
    desk: Any, caplog: pytest.LogCaptureFixture
) -> None:
    names = desk.names()
    assert desk.decide(*map(keep, names[:5])).json()["progress"]["done"] == 5
    folder = desk.root / "reviews" / "screening"
    kept = {path: path.read_bytes() for path in folder.iterdir()}
    for path in kept:
        path.unlink()
    for _ in range(2):
        assert desk.ask("films?n=1").status == 503
        assert desk.decide(keep(names[6])).status == 503
    assert "a.b.jsonl: line 1: is gone or was replaced: the log had 5 line" in caplog.text
    assert not (folder / "a.b.jsonl").exists()
    for path, data in kept.items():
        path.write_bytes(data)
    assert desk.decide(keep(names[6])).json()["progress"]["done"] == 6
    assert len(logged(desk)) == 6


def test_films_that_were_made_anew_are_neither_shown_nor_decided_on(desk: Any) -> None:
    names = desk.names()
    for path in (desk.root / "films").iterdir():
        path.unlink()
    for answer in (
        desk.ask(f"film/{names[0]}"),
        desk.ask("films?n=1"),
        desk.decide(keep(names[0])),
    ):
        assert answer.status == 503
        assert "start" in answer.json()["error"]
    assert logged(desk) == []


def test_a_disk_that_does_not_take_decisions_is_no_acknowledgement(
    desk: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    name = desk.names()[0]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(log_files, "write", full)
        assert desk.decide(keep(name)).status == 503
        assert desk.decide(keep(name)).status == 503
    assert caplog.text.count("No space left") == 1
    assert desk.decide(keep(name)).json()["logged"] == 1


def test_nothing_is_written_but_logs_and_orders(desk: Any) -> None:
    before = tree(desk.root)
    for _ in all_answers(desk):
        pass
    after = tree(desk.root)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {
        f"reviews/screening/{name}" for name in ("a.b.jsonl", "a.b.head", "c.d.jsonl", "c.d.head")
    }
    assert before.keys() <= after.keys()


# Codes


def test_a_film_has_one_code_for_all_reviewers_and_it_leads_to_it(outside: Any) -> None:
    mine, theirs = outside.enter("a.b"), outside.enter("c.d")
    by_film = []
    for desk in (mine, theirs):
        films = desk.ask("films?n=100&from=0").json()["films"]
        by_film.append({desk.ask(f"film/{film['name']}").body: film["code"] for film in films})
        for place, film in enumerate(films):
            for typed in (film["code"], film["code"].lower(), f"%20{film['code']}99"):
                found = desk.ask(f"code?code={typed}").json()
                assert found == {"name": film["name"], "from": place}
    assert by_film[0] == by_film[1]
    assert len({*by_film[0].values()}) == 40


def test_a_film_that_was_turned_around_keeps_its_code(outside: Any) -> None:
    films = [film for film in outside.films if film.mirrored_sha256]
    assert films
    turned = [
        dataclasses.replace(film, sha256=film.mirrored_sha256, mirrored_sha256=film.sha256)
        for film in films
    ]
    codes = [codes_of({film.id: min(film.hashes) for film in each}) for each in (films, turned)]
    assert codes[0] == codes[1]


def test_a_code_that_is_all_but_typed_is_offered(desk: Any) -> None:
    codes = [film["code"] for film in desk.ask("films?n=100&from=0").json()["films"]]
    meant = codes[3]
    slip = next(
        typed for typed in (f"{meant[:-1]}{last}" for last in ALPHABET) if typed not in codes
    )
    answer = desk.ask(f"code?code={slip}")
    assert answer.status == 404
    assert answer.json()["error"].startswith(
        f"Your list has none of the code {slip}. Did you mean "
    )
    assert meant in answer.json()["error"]


@pytest.mark.parametrize(
    ("typed", "status", "text"),
    [
        ("", 400, "A code has 4 letters or digits"),
        ("ABC", 400, "A code has 4 letters or digits"),
        ("7K", 400, "A code has 4 letters or digits"),
        ("checkpoint-34-large-00001", 400, "A code has 4 letters or digits"),
        ("0" * 12, 404, "Your list has none of the code 0000-0000-0000."),
        ("%00" * 9, 400, "A code has 4 letters or digits"),
    ],
)
def test_a_code_that_leads_nowhere_says_so(desk: Any, typed: str, status: int, text: str) -> None:
    answer = desk.ask(f"code?code={typed}")
    assert answer.status == status
    assert answer.json()["error"].startswith(text)


def test_a_list_is_narrowed_by_state_reason_and_note(desk: Any) -> None:
    first, second, third = desk.names()[:3]
    blank = {"reason": "", "note": ""}
    desk.decide(
        {"film": first, "decision": "keep", "reason": "", "note": "tilted"},
        {"film": second, "decision": "keep", **blank},
        {"film": third, "decision": "exclude", "reason": "wrong-facing", "note": ""},
    )

    def listed(query: str) -> tuple[list[str], int]:
        answer = desk.ask(f"films?n=100&from=0&{query}").json()
        return [film["name"] for film in answer["films"]], answer["matching"]

    assert listed("view=decided&state=keep") == ([second, first], 2)
    assert listed("view=decided&note=with") == ([first], 1)
    assert listed("view=excluded&reason=wrong-facing") == ([third], 1)
    assert listed("view=excluded&reason=other") == ([], 0)
    assert listed("state=open")[1] == 37
    assert listed("state=keep&note=without") == ([second], 1)
