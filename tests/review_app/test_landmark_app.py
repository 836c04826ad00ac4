"""The answers of the page of landmarks, asked byte for byte; what all pages share is tried in
test_app.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.errors import SourceError
from cxr_release.film_size import Size
from cxr_release.films import png
from cxr_release.films.film_store import FilmStore
from cxr_release.landmarks.page_films import Drawn
from cxr_release.landmarks.placement import PLACEMENT, text_of
from cxr_release.landmarks.points import MODEL, NAMES, column_of, template
from cxr_release.landmarks.queue import LandmarkQueue
from cxr_release.logbook import log
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.guard import Guard
from cxr_release.review_app.landmark import LandmarkApp, beginnings_of, landmark
from cxr_release.review_app.site import Site
from tests.support.asking import ORIGIN, Answer, Visitor
from tests.support.oriented import oriented_row

PEOPLE = ("a.b", "c.d")
SIZE = Size(32, 32)
POINTS = text_of(template(SIZE) + 1)
NOBODY = "0" * 32


@dataclass
class Desk(Visitor):
    """A server without a socket, and the browser of one person."""

    folder: Path
    queues: dict[str, LandmarkQueue]

    def place(self, film: str, points: str = POINTS) -> Answer:
        return self.send("placements", {"film": film, "decision": "place", "points": points})

    def shown(self) -> list[dict[str, Any]]:
        films: list[dict[str, Any]] = self.ask("films").json()["films"]
        return films

    def logged(self) -> list[tuple[str, str, str]]:
        path = self.folder / "log" / f"{self.person}.jsonl"
        lines = log.read(PLACEMENT, path) if path.exists() else []
        return [(line.image_id, line.decision, line.moved) for line in lines]


@pytest.fixture
def outside(tmp_path: Path) -> Desk:
    chance = np.random.default_rng(2)
    rows = [
        oriented_row(chance.integers(0, 256, SIZE.shape, np.uint8), 3, "large", index)
        for index in range(4)
    ]
    table = tmp_path / "checkpoint-3-large.parquet"
    tables.write(table, schemas.ORIENTED, rows)
    films = {row["id"]: row["sha256"] for row in rows[:3]}
    # The teacher placed all points on one of them, and some on another.
    whole, some = template(SIZE), template(SIZE)
    some[0] = np.nan
    placed = [
        {
            "id": row["id"],
            "sha256": row["sha256"],
            "keypoints": column_of(points, np.ones(23), MODEL, SIZE),
            "angles": None,
        }
        for row, points in zip(rows, (whole + 0.5, some), strict=False)
    ]
    tables.write(tmp_path / "model.parquet", schemas.LANDMARKS, placed)
    state: SharedState[Any, Any] = SharedState(
        PLACEMENT, tmp_path / "log", {shown: shown[1] for shown in films.items()}
    )
    beginnings = beginnings_of(tmp_path / "model.parquet", list(films), SIZE)
    queues = {
        person: LandmarkQueue(
            person, state, films, beginnings, seed_of(tmp_path / "orders", person)
        )
        for person in PEOPLE
    }
    door = SignIn(PEOPLE, lambda person, token: None)
    store = FilmStore([table], schemas.ORIENTED)
    app = LandmarkApp(queues, store, door, title="T", size=SIZE, contents=films)
    return Desk(app=Guard(app, [ORIGIN]), door=door, folder=tmp_path, queues=queues)


@pytest.fixture
def desk(outside: Desk) -> Desk:
    return outside.enter("a.b")


@pytest.mark.parametrize("path", ["", "setup", "films", f"film/{NOBODY}"])
def test_without_the_person_s_own_session_nothing_is_answered(outside: Desk, path: str) -> None:
    for cookie in ("", "session-8741=wrong"):
        assert replace(outside, cookie=cookie).ask(path).status == 403
    assert replace(outside.enter("c.d"), person="a.b").ask(path).status == 403


def test_points_begin_where_the_teacher_put_them_all_and_else_at_a_template(desk: Desk) -> None:
    starts = sorted(film["start"] for film in desk.shown())
    assert starts == ["model", "template", "template"]
    setup = desk.ask("setup").json()
    assert setup["names"] == [*NAMES]
    assert (setup["width"], setup["height"]) == SIZE


def test_all_readers_have_the_same_films_under_other_names_and_see_nobody_s_points(
    outside: Desk,
) -> None:
    first, second = outside.enter("a.b"), outside.enter("c.d")
    names = [{film["name"] for film in desk.shown()} for desk in (first, second)]
    assert not names[0] & names[1]
    films = [
        {outside.queues[person].film(name) for name in named}
        for person, named in zip(PEOPLE, names, strict=True)
    ]
    assert films[0] == films[1]
    before = second.shown()
    first.place(first.shown()[0]["name"])
    assert second.shown() == before


def test_a_placement_is_logged_before_it_is_answered_and_the_same_again_is_not(
    desk: Desk,
) -> None:
    name = next(film["name"] for film in desk.shown() if film["start"] == "model")
    film = desk.queues["a.b"].film(name)
    one = text_of(np.vstack([template(SIZE)[:1], template(SIZE)[1:] + 0.5]))
    answers = [desk.place(name, points).json()["logged"] for points in (POINTS, POINTS, one)]
    answers.append(desk.send("placements", {"film": name, "decision": "retract"}).json()["logged"])
    assert answers == [1, 0, 1, 1]
    assert desk.logged() == [(film, "place", "23"), (film, "place", "1"), (film, "retract", "")]
    assert desk.ask("films").json()["progress"] == {"done": 0, "left": 3}


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"film": "NAME", "decision": "place"}',
        b'{"film": "NAME", "decision": "retract", "points": "POINTS"}',
        b'{"film": "NAME", "decision": "keep", "points": "POINTS"}',
        b'{"film": "NAME", "decision": "place", "points": "POINTS 1.00,1.00"}',
        b'{"film": "NAME", "decision": "place", "points": "33.00,1.00 REST"}',
        b'{"film": "NAME", "decision": "place", "points": ["POINTS"]}',
        b'{"film": "film-0000000000000000", "decision": "place", "points": "POINTS"}',
    ],
)
def test_a_body_of_another_form_and_a_point_beyond_the_film_are_refused(
    desk: Desk, body: bytes
) -> None:
    name, rest = desk.shown()[0]["name"].encode(), POINTS.partition(" ")[2].encode()
    filled = body.replace(b"NAME", name).replace(b"POINTS", POINTS.encode()).replace(b"REST", rest)
    assert desk.send("placements", filled).status == 400
    assert desk.place(NOBODY).status == 409
    assert desk.logged() == []


def test_a_film_is_shown_by_its_name_alone(desk: Desk) -> None:
    for film in desk.shown():
        answer = desk.ask(f"film/{film['name']}")
        assert answer.status == 200
        assert png.decode(answer.body, where="").shape == SIZE.shape
    assert desk.ask(f"film/{NOBODY}").status == 404
    said = desk.ask("films").everything + desk.ask("setup").everything
    assert "checkpoint" not in said


def test_without_films_to_place_points_on_it_says_what_to_do(tmp_path: Path) -> None:
    for drawn, why in (
        (None, "no films are drawn"),
        (Drawn({}, {}), "of no released film it is known which way it faces"),
    ):
        with pytest.raises(SourceError, match=why) as caught:
            landmark(
                drawn,
                [],
                model=tmp_path / "none",
                landmark_log=tmp_path,
                orders=tmp_path,
                reviewers=["a.b"],
                size=SIZE,
                site=Site("127.0.0.1", 0),
            )
        assert "landmarks.films" in str(caught.value)
