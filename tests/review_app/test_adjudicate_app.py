"""The audit's answers, asked byte for byte; what all pages share is tried in test_app.py."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxr_release import schemas, tables
from cxr_release.adjudication.expectation import expectation_of
from cxr_release.adjudication.outcomes import VERDICT, NewVerdict
from cxr_release.adjudication.pair_queue import AuditedPair, PairQueue, read_pairs
from cxr_release.errors import DecisionError, TableError
from cxr_release.films import png
from cxr_release.logbook import log, log_files
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.adjudicate import (
    AdjudicateApp,
    AuditFilms,
    adjudicate,
    contents_of,
    open_audit_films,
)
from cxr_release.review_app.guard import Guard
from cxr_release.review_app.keys import groups_of
from cxr_release.review_app.site import Site
from cxr_release.screening.anatomy import COPIES, NOT_STATED
from tests.support.any_json import BODIES, JSON
from tests.support.asking import ORIGIN, Answer, Visitor, ask, press
from tests.support.moved_pairs import write_recall
from tests.support.oriented import oriented_row
from tests.support.unspaced import NO_SPACING

PEOPLE = ("a.b", "c.d", "e.f")
JUDGE = "e.f"
NOBODY = "0" * 32
FILMS, PAIRS = 12, 10


def write_tables(folder: Path) -> None:
    """Real films, synthetic films and pairs of them, each film of its own greys."""
    chance = np.random.default_rng(1)
    reals, synthetics = [], []
    for index in range(FILMS):
        film, other = chance.integers(0, 256, (2, 16, 16), dtype=np.uint8)
        data = png.encode(film, synthetic=False)
        reals.append(
            {
                "image": png.cell(data, f"cervical-{index}"),
                "id": f"cervical-{index}",
                "patient": f"patient-{index}",
                "inverted": False,
                "facing": "left",
                "flipped": False,
                **NO_SPACING,
                **png.facts(film, data),
            }
        )
        synthetics.append(oriented_row(other, 34, "large", index))
    tables.write(folder / "cohort.parquet", schemas.COHORT, reals)
    tables.write(folder / "synthetic.parquet", schemas.ORIENTED, synthetics)
    tables.write(
        folder / "pairs.parquet",
        schemas.PAIRS,
        [
            {
                "rank": PAIRS - index,
                "real_id": f"cervical-{index % 4}",
                "synthetic_id": f"checkpoint-34-large-{index:05d}",
                "cosine": 0.8765 + index / 1000,
                "view": schemas.VIEWS[index % 4],
                "percentile": 97.53,
                "flagged": index % 2 == 0,
                "score": 12.625,
                "p": 0.0015,
                "part": schemas.PARTS[index % 5],
                "turn": index / 4,
                "scale": 1 + index / 64,
                "right": index / 64,
                "down": -index / 64,
            }
            for index in range(PAIRS)
        ],
    )
    write_recall(folder, PAIRS)


@dataclass
class Desk(Visitor):
    """A server without a socket, and the browser of one person."""

    room: AuditFilms
    pairs: list[AuditedPair]
    root: Path

    def post(self, body: bytes | object, **more: Any) -> Answer:
        return self.send("verdicts", body, **more)

    def judge(self, pair: str, verdict: str = "copy", note: str = "") -> Answer:
        return self.post({"pair": pair, "verdict": verdict, "note": note})

    def shown(self) -> list[dict[str, Any]]:
        pairs: list[dict[str, Any]] = self.ask("pairs").json()["pairs"]
        return pairs

    def names(self) -> list[str]:
        return [one["name"] for one in self.shown()]

    def logged(self) -> list[tuple[str, str, str, str]]:
        path = self.root / "audit" / f"{self.person}.jsonl"
        lines = log.read(VERDICT, path) if path.exists() else []
        return [(line.real_id, line.synthetic_id, line.verdict, line.note) for line in lines]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    write_tables(folder)
    return folder


@pytest.fixture
def outside(made: Path, tmp_path: Path) -> Desk:
    """A server of two reviewers and an adjudicator, into which nobody has come yet."""
    folder = tmp_path / "tables"
    shutil.copytree(made, folder)
    pairs = folder / "pairs.parquet"
    room = open_audit_films(pairs, folder / "cohort.parquet", [folder / "synthetic.parquet"])
    listed = read_pairs(pairs, real=room.real.sha256, synthetic=room.synthetic.sha256)
    known = {one.about: one.fingerprint for one in listed}
    state: SharedState[Any, Any] = SharedState(VERDICT, tmp_path / "audit", known)
    queues = {
        person: PairQueue(
            person,
            state,
            listed,
            seed_of(tmp_path / "orders", person),
            required=2,
            adjudicator=JUDGE,
        )
        for person in PEOPLE
    }
    door = SignIn(PEOPLE, lambda person, token: None)
    expectation = expectation_of(folder / "audit.json", pairs=len(listed))
    contents = contents_of(listed)
    app = AdjudicateApp(
        queues, room, door, title="Audit", expectation=expectation, contents=contents
    )
    return Desk(app=Guard(app, [ORIGIN]), door=door, root=tmp_path, room=room, pairs=listed)


@pytest.fixture
def desk(outside: Desk) -> Desk:
    return outside.enter("a.b")


# Coming in


@pytest.mark.parametrize("path", ["", "setup", "pairs", f"film/{NOBODY}"])
def test_without_the_person_s_own_session_nothing_is_answered(outside: Desk, path: str) -> None:
    for cookie in ("", "session-8741=", "session-8741=wrong"):
        assert replace(outside, cookie=cookie).ask(path).status == 403
    other = outside.enter("c.d")
    assert other.ask(path).status in {200, 404}
    for person in ("a.b", "nobody", "..", ""):
        assert replace(other, person=person).ask(path).status in {403, 404}
    assert replace(other, person="a.b").ask(path).status == 403


def test_nobody_judges_in_another_s_name(outside: Desk) -> None:
    desk, other = outside.enter("a.b"), outside.enter("c.d")
    name = desk.names()[0]
    assert outside.judge(name).status == 403
    assert replace(other, person="a.b").judge(name).status == 403
    assert desk.judge(name, "copy").status == 200
    assert other.logged() == []


def test_a_token_opens_the_pages_once_and_a_foreign_host_nothing(outside: Desk) -> None:
    token = outside.door.tokens["a.b"]
    assert ask(outside.app, f"/?token={token}", host="evil.example").status == 403
    answer = press(outside.app, ask(outside.app, f"/?token={token}"))
    assert (answer.status, answer.header("location")) == (303, "/r/a.b/")
    assert press(outside.app, ask(outside.app, f"/?token={token}")).status == 403


def test_the_page_is_the_audit_s_own(desk: Desk) -> None:
    page = desk.ask("")
    assert page.status == 200
    assert b"/static/adjudicate/adjudicate.js" in page.body
    assert "script-src 'self'" in page.header("content-security-policy")
    for name in ("adjudicate/adjudicate.css", "adjudicate/pair_view.js", "shared/connection.js"):
        assert ask(desk.app, f"/static/{name}").status == 200


# Pairs and films


def test_setup_says_who_and_whether_they_adjudicate(outside: Desk) -> None:
    setup = outside.enter("a.b").ask("setup").json()
    expectation = setup.pop("expectation")
    assert setup.pop("keys") == groups_of("adjudicate")
    assert setup == {
        "reviewer": "a.b",
        "title": "Audit",
        "adjudicates": False,
        "criteria": [[name, text] for name, text in COPIES.items()],
        **NOT_STATED.of_page,
    }
    assert expectation.keys() == {"summary", "texts", "kinds"}
    assert "blurred <b>patch" in expectation["summary"]
    assert expectation["kinds"][0][0] == "blurred <b>patch"
    assert outside.enter(JUDGE).ask("setup").json()["adjudicates"] is True


def test_pairs_come_the_most_similar_first_each_film_as_it_is(desk: Desk) -> None:
    answer = desk.ask("pairs").json()
    assert answer.keys() == {"pairs", "progress", "moment"}
    assert answer["progress"] == {"done": 0, "left": PAIRS, "awaited": None}
    keys = {"name", "code", "real", "synthetic", "view", "part", "pose", "verdict", "note", "at"}
    assert all(one.keys() == keys for one in answer["pairs"])
    moved = [PAIRS - 1 - place for place in range(PAIRS)]
    assert [one["pose"] for one in answer["pairs"]] == [
        {"turn": i / 4, "scale": 1 + i / 64, "right": i / 64, "down": -i / 64} for i in moved
    ]
    assert [one["part"] for one in answer["pairs"]] == [schemas.PARTS[i % 5] for i in moved]
    for one, listed in zip(answer["pairs"], desk.pairs, strict=True):
        assert one["view"] == listed.view
        assert (one["verdict"], one["note"], one["at"]) == (None, "", None)
        for kind, shelf, film in (
            ("real", desk.room.real, listed.real_id),
            ("synthetic", desk.room.synthetic, listed.synthetic_id),
        ):
            served = desk.ask(f"film/{one[kind]}")
            assert served.header("content-type") == "image/png"
            assert served.body == shelf.png(film)
    assert desk.pairs[0].synthetic_id == f"checkpoint-34-large-{PAIRS - 1:05d}"


def test_films_of_no_pair_and_of_another_reviewer_are_not_served(outside: Desk) -> None:
    desk, other = outside.enter("a.b"), outside.enter("c.d")
    first = desk.shown()[0]
    names = [
        NOBODY,
        first["name"],
        "cervical-0",
        "checkpoint-34-large-00001",
        "..%2fpairs",
        "%00",
        "",
    ]
    for name in [*names, *(one["real"] for one in other.shown())]:
        assert desk.ask(f"film/{name}").status == 404


def test_two_reviewers_know_the_same_pairs_by_other_names(outside: Desk) -> None:
    desk, other = outside.enter("a.b"), outside.enter("c.d")

    def named(shown: list[dict[str, Any]]) -> set[str]:
        return {one[key] for one in shown for key in ("name", "real", "synthetic")}

    assert not named(desk.shown()) & named(other.shown())
    assert [desk.ask(f"film/{one['real']}").body for one in desk.shown()] == [
        other.ask(f"film/{one['real']}").body for one in other.shown()
    ]


def test_nobody_sees_what_another_said(outside: Desk) -> None:
    desk, other = outside.enter("a.b"), outside.enter("c.d")
    before = desk.ask("pairs").json()
    for name in other.names():
        other.judge(name, "copy", "secret of c.d")
    after = desk.ask("pairs").json()
    assert after.pop("moment") > before.pop("moment")  # a clock, whatever was judged
    assert after == before
    answer = desk.judge(desk.names()[0], "not-a-copy")
    assert "secret" not in answer.everything
    assert answer.json()["progress"] == {"done": 1, "left": PAIRS - 1, "awaited": None}


def test_the_adjudicator_is_told_of_conflicts_and_not_of_what_was_said(outside: Desk) -> None:
    desk, other, judge = (outside.enter(person) for person in PEOPLE)
    words = ["copy", "not-a-copy", "unsure"]
    for index, (mine, theirs) in enumerate(zip(desk.names(), other.names(), strict=True)):
        desk.judge(mine, words[index % 3], "secret of a.b")
        other.judge(theirs, "copy", "secret of c.d")
    answer = judge.ask("pairs")
    assert "secret" not in answer.everything
    assert "copy" not in answer.everything
    shown = answer.json()["pairs"]
    served = [judge.ask(f"film/{one['synthetic']}").body for one in shown]
    conflicts = [pair for index, pair in enumerate(desk.pairs) if index % 3]
    assert served == [judge.room.synthetic.png(pair.synthetic_id) for pair in conflicts]
    assert answer.json()["progress"] == {"done": 0, "left": len(conflicts), "awaited": 0}


def all_answers(desk: Desk) -> Iterator[Answer]:
    """Every answer that a page can get, errors among them."""
    shown = desk.shown()
    names = [one["name"] for one in shown]
    yield desk.judge(names[0], "copy", "note")
    offered = ask(desk.app, f"/?token={desk.door.tokens['c.d']}")
    yield from (offered, press(desk.app, offered))
    for path in ("setup", "", "pairs", "film/x", "nothing"):
        yield desk.ask(path)
    for one in shown:
        yield desk.ask(f"film/{one['real']}")
        yield desk.ask(f"film/{one['synthetic']}")
    for bad in ("x", NOBODY):
        yield desk.judge(bad)
    yield desk.judge(names[1], "copy", "x" * 2001)
    yield desk.post(b"")
    yield ask(desk.app, "/")
    # A verdict on other bytes, then a damaged log, then films that were made anew.
    pair, folder = desk.pairs[0], desk.root / "audit"
    bad_line = NewVerdict(pair.real_id, "f" * 64, pair.synthetic_id, "f" * 64, "copy")
    log.append(VERDICT, folder, "c.d", [bad_line])
    yield desk.ask("pairs")
    (folder / "a.b.jsonl").write_bytes(b"{}\n")
    yield desk.ask("pairs")
    yield desk.judge(names[5])
    os.utime(desk.root / "tables" / "cohort.parquet", ns=(1, 1))
    yield desk.ask("pairs")
    yield desk.judge(names[5])
    yield desk.ask(f"film/{shown[0]['real']}")


def test_no_answer_says_which_films_these_are_or_how_similar(desk: Desk) -> None:
    hidden = {"checkpoint", "-large", ".parquet", "cervical-", "0.87", "97.53", "rank", "cosine"}
    hidden |= {"flagged", "percentile", "patient-", str(desk.root), "score", "12.62", "0.0015"}
    hidden |= {sha256 for pair in desk.pairs for sha256 in pair.fingerprint}
    statuses = set()
    for answer in all_answers(desk):
        statuses.add(answer.status)
        assert not [word for word in hidden if word in answer.everything]
    assert statuses >= {200, 303, 400, 403, 404, 409, 503}


def test_nothing_is_written_but_logs(desk: Desk) -> None:
    def tree() -> dict[str, bytes]:
        paths = [path for path in desk.root.rglob("*") if path.is_file()]
        return {str(path.relative_to(desk.root)): path.read_bytes() for path in paths}

    before = tree()
    for _ in all_answers(desk):
        pass
    after = tree()
    assert before.keys() <= after.keys()
    assert {name for name in after if after[name] != before.get(name)} == {
        f"audit/{name}" for name in ("a.b.jsonl", "a.b.head", "c.d.jsonl", "c.d.head")
    }


# Verdicts


def test_a_verdict_is_logged_before_it_is_answered(desk: Desk) -> None:
    first, second = desk.names()[:2]
    note = "<script>alert(1)</script>\u2028\x00\U0001f9b4"
    answer = desk.judge(first, "copy", note).json()
    desk.judge(second, "unsure")
    ids = [pair.about for pair in desk.pairs]
    assert desk.logged() == [(*ids[0], "copy", note), (*ids[1], "unsure", "")]
    assert (answer["pair"]["name"], answer["pair"]["verdict"]) == (first, "copy")
    assert answer["pair"]["note"] == note
    assert answer["pair"]["at"].endswith("Z")
    assert answer["logged"] == 1
    assert desk.shown()[0] == answer["pair"]


def test_a_correction_is_a_new_line_and_the_same_again_is_none(desk: Desk) -> None:
    name = desk.names()[0]
    logged = [
        desk.judge(name, word).json()["logged"]
        for word in ("copy", "copy", "not-a-copy", "retract", "retract")
    ]
    assert logged == [1, 0, 1, 1, 0]
    assert [one[2] for one in desk.logged()] == ["copy", "not-a-copy", "retract"]
    assert desk.shown()[0]["verdict"] is None
    assert desk.post({"pair": name, "verdict": "unsure"}).status == 200


ONE = f'{{"pair": "{NOBODY}", "verdict": "copy", "note": ""}}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe{",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"null",
        b"[]",
        b"1" * 60_000,
        b"{}",
        f"[{ONE}]".encode(),
        ONE.replace('"copy"', "1").encode(),
        ONE.replace('""', "null").encode(),
        ONE.replace('""', "NaN").encode(),
        ONE.replace("note", "pair").encode(),
        ONE.replace("note", "more").encode(),
        ONE.replace("}", ', "more": ""}').encode(),
        ONE.replace("copy", "keep").encode(),
        ONE.replace("copy", "COPY").encode(),
        ONE.replace("00", "0").encode(),
        ONE.replace("0" * 32, "A" * 32).encode(),
        ONE.replace("0" * 32, "٠" * 32).encode(),
        ONE.replace("0" * 32, "checkpoint-34-large-00001").encode(),
        ONE.replace('""', f'"{"x" * 2001}"').encode(),
        ONE.replace('""', r'"\ud800"').encode(),
    ],
)
def test_a_body_of_another_form_is_refused(desk: Desk, body: bytes) -> None:
    body = body.replace(NOBODY.encode(), desk.names()[0].encode())
    answer = desk.post(body)
    assert answer.status == 400
    assert answer.json().keys() == {"error"}
    assert desk.logged() == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    BODIES
    | st.fixed_dictionaries({"pair": JSON, "verdict": JSON, "note": JSON}).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_no_body_breaks_the_server(desk: Desk, body: bytes) -> None:
    assert desk.post(body).status == 400


def test_only_our_own_page_can_judge(desk: Desk) -> None:
    body = {"pair": desk.names()[0], "verdict": "copy", "note": ""}
    for origin in ("http://evil.example", "null", ""):
        assert desk.post(body, headers={"origin": origin}).status == 403
    for kind in ("", "text/plain", "application/x-www-form-urlencoded"):
        assert desk.post(body, headers={"content-type": kind}).status == 415
    assert desk.post({**body, "note": "x" * 70_000}).status == 413
    assert desk.ask("verdicts").status == 405
    assert desk.ask("pairs", method="POST", headers={"origin": ORIGIN}).status == 405
    assert desk.logged() == []
    assert desk.post(body).status == 200


def test_a_pair_that_is_no_more_what_was_shown_is_not_judged(desk: Desk) -> None:
    assert desk.judge(NOBODY).status == 409
    assert desk.logged() == []


# What happens meanwhile


@pytest.mark.parametrize("table", ["cohort", "synthetic", "pairs"])
def test_tables_that_were_made_anew_are_neither_shown_nor_judged(desk: Desk, table: str) -> None:
    name = desk.names()[0]
    (desk.root / "tables" / f"{table}.parquet").unlink()
    for answer in (desk.ask("pairs"), desk.judge(name)):
        assert answer.status == 503
        assert "start" in answer.json()["error"]
    assert desk.logged() == []


def test_a_log_that_does_not_verify_is_no_ground_to_judge_on(desk: Desk) -> None:
    names = desk.names()
    desk.judge(names[0])
    path = desk.root / "audit" / "a.b.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"copy"', b'"unsure"'))
    assert desk.ask("pairs").status == 503
    assert desk.judge(names[1]).status == 503


def test_a_disk_that_does_not_take_verdicts_is_no_acknowledgement(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    name = desk.names()[0]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(log_files, "write", full)
        assert desk.judge(name).status == 503
        assert desk.judge(name).status == 503
    assert caplog.text.count("No space left") == 1
    assert desk.judge(name).json()["logged"] == 1


def test_names_outlive_the_server(desk: Desk) -> None:
    """What the page could not save is still about the same pair after a restart."""
    again = {
        person: PairQueue(
            person,
            SharedState(VERDICT, desk.root / "audit", {}),
            desk.pairs,
            seed_of(desk.root / "orders", person),
            required=2,
            adjudicator=JUDGE,
        )
        for person in PEOPLE
    }
    assert [entry.name for entry in again["a.b"].entries()] == desk.names()


# The command's one call


def serve(root: Path, **change: Any) -> None:
    folder = root / "tables"
    asked: dict[str, Any] = {
        "pairs": folder / "pairs.parquet",
        "report": folder / "audit.json",
        "cohort": folder / "cohort.parquet",
        "synthetic": [folder / "synthetic.parquet"],
        "audit_log": root / "audit",
        "orders": root / "orders",
        "reviewers": ["a.b"],
        "site": Site("127.0.0.1", 0),
    }
    adjudicate(**{**asked, **change})


@pytest.mark.parametrize(
    ("reviewers", "what"),
    [([], "no reviewer or reader"), (["a.b", "a.b"], "twice"), (["../x"], "not a reviewer's name")],
)
def test_a_name_that_is_none_does_not_start_the_server(
    outside: Desk, reviewers: list[str], what: str
) -> None:
    with pytest.raises(DecisionError, match=what):
        serve(outside.root, reviewers=reviewers)


def test_missing_tables_are_named(outside: Desk) -> None:
    for name in ("pairs", "cohort"):
        with pytest.raises(TableError, match="nothing"):
            serve(outside.root, **{name: outside.root / "nothing.parquet"})


def test_logs_that_are_not_in_order_do_not_start_the_server(outside: Desk) -> None:
    (outside.root / "audit").mkdir()
    (outside.root / "audit" / "c.d.jsonl").write_bytes(b"{}\n")
    with pytest.raises(DecisionError, match="line 1"):
        serve(outside.root)
