from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.films.film_store import FilmStore
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.finding_requests import FindingNotes
from cxr_release.review_app.guard import Guard
from cxr_release.review_app.review import ReviewApp
from cxr_release.review_app.review_requests import FacingStatements
from cxr_release.screening.decision import DECISION, FACING
from cxr_release.screening.films import Generated, read_generated
from cxr_release.screening.findings import FINDINGS
from cxr_release.screening.queue import Queue, order_of
from tests.support.asking import ORIGIN, Answer, Visitor
from tests.support.oriented import oriented_row

PEOPLE = ("a.b", "c.d")
REASONS = {"wrong-facing": "Faces right.", "other": "<b>Any</b> other."}


def write_films(folder: Path, count: int = 20) -> None:
    """Two small tables of films."""
    for checkpoint in (34, 40):
        chance = np.random.default_rng(checkpoint)
        films = (chance.integers(0, 256, (16, 16), dtype=np.uint8) for _ in range(count))
        rows = [oriented_row(film, checkpoint, "large", index) for index, film in enumerate(films)]
        path = folder / f"checkpoint-{checkpoint}-large.parquet"
        with tables.Writer(path, schemas.ORIENTED, rows_per_group=16) as writer:
            writer.append(rows)


@dataclass
class Desk(Visitor):
    """A server without a socket, and the browser of one person."""

    root: Path
    shelf: FilmStore
    films: list[Generated]
    announced: list[tuple[str, str]]

    def post(self, body: bytes | object, **more: Any) -> Answer:
        """Decisions, as the page sends them."""
        return self.send("decisions", body, **more)

    def decide(self, *decisions: Mapping[str, str], undecided_only: bool = False) -> Answer:
        return self.post({"undecided_only": undecided_only, "decisions": list(decisions)})

    def names(self, query: str = "n=100&from=0") -> list[str]:
        return [film["name"] for film in self.ask(f"films?{query}").json()["films"]]


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tables that no test changes."""
    folder = tmp_path_factory.mktemp("films")
    write_films(folder)
    return folder


@pytest.fixture
def outside(films: Path, tmp_path: Path) -> Desk:
    """A server of two reviewers and 40 films, into which nobody has come yet."""
    shutil.copytree(films, tmp_path / "films")
    paths = sorted((tmp_path / "films").iterdir())
    shelf, generated = FilmStore(paths, schemas.ORIENTED), read_generated(paths)
    state = SharedState(DECISION, tmp_path / "reviews" / "screening", shelf.sha256)
    queues = {}
    for person in PEOPLE:
        seed = seed_of(tmp_path / "reviews" / "orders", person)
        queues[person] = Queue(person, state, order_of(generated, seed), seed)
    announced: list[tuple[str, str]] = []
    door = SignIn(PEOPLE, lambda person, token: announced.append((person, token)))
    mirrored = {film.id: film.mirrored_sha256 for film in generated}
    said = SharedState(FACING, tmp_path / "reviews" / "facing", shelf.sha256, also=mirrored)
    facing = FacingStatements(said, generated)
    seen = SharedState(FINDINGS, tmp_path / "reviews" / "findings", shelf.sha256, also=mirrored)
    notes = FindingNotes(seen, generated, {"hardware": "Metal.", "osteophytes": "Spurs."})
    app = ReviewApp(
        queues,
        shelf,
        door,
        facing=facing,
        notes=notes,
        title="Screening",
        reasons=REASONS,
        contents={film.id: min(film.hashes) for film in generated},
    )
    guard = Guard(app, [ORIGIN, "http://localhost:8741"])
    return Desk(
        app=guard,
        door=door,
        root=tmp_path,
        shelf=shelf,
        films=generated,
        announced=announced,
    )


@pytest.fixture
def desk(outside: Desk) -> Desk:
    """The same, with a.b at the page."""
    return outside.enter("a.b")
