"""`cxr-release landmark`: a page on which readers place landmarks on synthetic films.

The page gets films under opaque names, where their points begin, and one reader's own placements
and progress. What other readers placed it never gets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import hashes
from cxr_release.errors import SourceError
from cxr_release.film_size import Size
from cxr_release.films.film_store import FilmStore
from cxr_release.landmarks.page_films import Drawn
from cxr_release.landmarks.placement import (
    PLACEMENT,
    POINTS,
    NewPlacement,
    Placement,
    lies_on,
    points_of_text,
    text_of,
)
from cxr_release.landmarks.points import MODEL, NAMES, SKELETON, points_of, template
from cxr_release.landmarks.queue import NAME, Beginning, LandmarkQueue, ShownFilm
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.desk import CHANGED, Desk
from cxr_release.review_app.guard import Refusal
from cxr_release.review_app.json_answers import how_far, json_of, texts_of
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site
from cxr_release.screening.anatomy import NOT_STATED, Anatomy

_FORM = "Expected a film, a decision and, to place them, points."


class LandmarkApp(Desk[LandmarkQueue]):
    """Landmarks. No answer holds a film's id or another reader's points.

    Args:
        queues: reader → their queue.
        films: of the queues.
        sign_in: who may come in.
        title: of the page.
        size: of every film.
        mirrored: film → SHA-256 of its mirror image, so that a film keeps its code when it is
            turned around.
        anatomy: what the films show.
    """

    def __init__(
        self,
        queues: Mapping[str, LandmarkQueue],
        films: FilmStore,
        sign_in: SignIn,
        *,
        title: str,
        size: Size,
        mirrored: Mapping[str, str] | None = None,
        anatomy: Anatomy = NOT_STATED,
    ) -> None:
        self._anatomy = anatomy
        self._films, self._title, self._size = films, title, size
        routes = [
            Route("/films", self._list),
            Route("/placements", self._place, methods=["POST"]),
        ]
        page = "landmark/landmark.html"
        contents = {
            film: min(sha256, (mirrored or {}).get(film) or sha256)
            for film, sha256 in next(iter(queues.values())).contents.items()
        }
        super().__init__(
            queues, sign_in, page=page, noun="placements", routes=routes, contents=contents
        )

    def setup(self, worklist: LandmarkQueue) -> dict[str, Any]:
        """Reader, title, size of the films, names of the points and the edges between them."""
        return {
            "reviewer": worklist.reviewer,
            "title": self._title,
            "width": self._size.width,
            "height": self._size.height,
            "names": NAMES,
            "skeleton": SKELETON,
            **self._anatomy.of_page,
        }

    def png(self, worklist: LandmarkQueue, name: str) -> bytes | None:
        """See `Desk.png`."""
        film = worklist.film(name)
        return self._films.png(film) if film else None

    def place(self, worklist: LandmarkQueue, film: str) -> dict[str, Any] | None:
        """See `Desk.place`."""
        return {"name": worklist.name_of(film)}

    async def _list(self, request: Request) -> Response:
        queue = self.worklist_of(request)

        def films() -> dict[str, Any]:
            queue.refresh()
            films = [self._film_json(queue, entry) for entry in queue.entries()]
            return {"films": films, **how_far(queue)}

        return await self.answer(films)

    async def _place(self, request: Request) -> Response:
        queue = self.worklist_of(request)
        film, points = self._parse(await json_of(request))
        if queue.film(film) is None:
            raise Refusal(409, CHANGED)

        def place() -> dict[str, Any]:
            logged = queue.retract(film) if points is None else queue.place(film, points)
            entry = self._film_json(queue, queue.entry(film))
            return {"film": entry, **how_far(queue), "logged": int(logged)}

        return await self.answer(place)

    def _film_json(self, queue: LandmarkQueue, entry: ShownFilm) -> dict[str, Any]:
        placed = entry.placement
        return {
            "name": entry.name,
            "code": self.code_of(queue.film(entry.name)),
            "start": entry.beginning.start,
            "first": entry.beginning.points,
            "decision": placed.decision if placed else None,
            "points": placed.points if placed else None,
            "at": placed.at if placed else None,
        }

    def _parse(self, value: Any) -> tuple[str, str | None]:
        """Name of a film, and its points as a log holds them; None: they are taken back.

        Raises:
            Refusal: they are of another form, or a point lies beyond the film.
        """
        texts = texts_of(value, ("film", "decision"), ("points",), _FORM)
        if not NAME.fullmatch(texts["film"]):
            raise Refusal(400, "A film's name is 32 hex digits.")
        if texts["decision"] == "retract" and "points" not in texts:
            return texts["film"], None
        points = texts.get("points", "")
        if texts["decision"] != "place" or not POINTS.fullmatch(points):
            raise Refusal(400, _FORM)
        if not lies_on(points_of_text(points), self._size):
            raise Refusal(400, "A point lies beyond the film.")
        return texts["film"], points


def beginnings_of(model: Path | None, films: Sequence[str], size: Size) -> dict[str, Beginning]:
    """Where the points of films begin: where the teacher put them all, else a template.

    Args:
        model: `schemas.LANDMARKS`, what the teacher placed; None, or no file: a template for all.
        films: ids.
        size: of the films.
    """
    first = {film: Beginning("template", text_of(template(size))) for film in films}
    for row in tables.iterate(model, schemas.LANDMARKS) if model and model.exists() else ():
        points = row["keypoints"] or []
        if row["id"] in first and len(points) == len(NAMES):
            first[row["id"]] = Beginning("model", text_of(points_of(points)))
    return first


def landmark(
    drawn: Drawn | None,
    films: Sequence[Path],
    *,
    model: Path,
    landmark_log: Path,
    orders: Path,
    reviewers: Sequence[str],
    title: str = "Landmarks",
    anatomy: Anatomy = NOT_STATED,
    start: str = "model",
    size: Size,
    site: Site,
    open_browser: bool = False,
) -> None:
    """Serve the pages until Ctrl-C.

    Args:
        drawn: the films on which readers place landmarks; None: there are none.
        films: `schemas.ORIENTED` tables.
        model: what the teacher placed, `schemas.LANDMARKS`; there may be none.
        landmark_log: folder of the logs; only the reviewers' own are written.
        orders: folder of the recorded seeds.
        reviewers: who places landmarks.
        title: of the pages.
        anatomy: what the films show.
        start: `model` or `template`: where points begin.
        size: of the films.
        site: where to listen.
        open_browser: open the first reader's page in this machine's browser.

    Raises:
        CxrReleaseError: no films are drawn, or films, logs, a reader's name or the address are not
            in order.
    """
    check_people(reviewers)
    if drawn is None or not drawn.films:
        raise SourceError(
            "no films are drawn for readers",
            where="landmarks.films",
            remedy="set it to a number of films in params.yaml, and run `dvc repro landmarks`",
        )
    store = FilmStore(films, schemas.ORIENTED)
    ids = list(drawn.films)
    beginnings = beginnings_of(model if start == MODEL else None, ids, size)
    say(f"reading the placements in {landmark_log}")
    state: SharedState[NewPlacement, Placement] = SharedState(
        PLACEMENT, landmark_log, {shown: shown[1] for shown in drawn.films.items()}
    )
    state.refresh()
    queues = {
        reviewer: LandmarkQueue(reviewer, state, drawn.films, beginnings, seed_of(orders, reviewer))
        for reviewer in reviewers
    }

    mirrored = hashes(schemas.ORIENTED, films, "mirrored_sha256")

    def app(sign_in: SignIn) -> ASGIApp:
        return LandmarkApp(
            queues, store, sign_in, title=title, size=size, mirrored=mirrored, anatomy=anatomy
        )

    modelled = sum(beginning.start == MODEL for beginning in beginnings.values())
    say(f"{len(ids):,} films, the same for all readers")
    say("every placement is on disk before the page says so")
    say(f"points begin where the model put them on {modelled:,} of these")
    serve(app, site, reviewers, open_browser=open_browser)
