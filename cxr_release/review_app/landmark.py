"""`cxr-release landmark`: a page on which readers place landmarks on synthetic films.

The page gets films under opaque names, where their points begin, and one reader's own placements
and progress. What other readers placed it never gets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

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
from cxr_release.landmarks.queue import Beginning, LandmarkQueue, ShownFilm
from cxr_release.landmarks.readers import NO_FACING
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.film_desk import FilmDesk
from cxr_release.review_app.guard import Refusal
from cxr_release.review_app.invited import Invited, Worklists
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site
from cxr_release.screening.anatomy import NOT_STATED, Anatomy


class LandmarkApp(FilmDesk[LandmarkQueue]):
    """Landmarks. No answer holds a film's id or another reader's points.

    Args:
        queues: reader → their queue.
        films: of the queues.
        sign_in: who may come in.
        title: of the page.
        size: of every film.
        contents: id → SHA-256 of each film, or of its mirror image where that is the lesser: a
            film keeps its code when it is turned around.
        anatomy: what the films show.
    """

    form = "Expected a film, a decision and, to place them, points."

    def __init__(
        self,
        queues: Mapping[str, LandmarkQueue],
        films: FilmStore,
        sign_in: SignIn,
        *,
        title: str,
        size: Size,
        contents: Mapping[str, str],
        anatomy: Anatomy = NOT_STATED,
    ) -> None:
        self._size = size
        told = {**size._asdict(), "title": title, "names": NAMES, "skeleton": SKELETON}
        told |= anatomy.of_page
        super().__init__(
            queues,
            films.png,
            sign_in,
            kind="landmark",
            noun="placements",
            told=told,
            contents=contents,
            optional=("points",),
        )

    def film_json(self, entry: ShownFilm) -> dict[str, Any]:
        """See `FilmDesk.film_json`."""
        placed = entry.placement
        return {
            "name": entry.name,
            "start": entry.beginning.start,
            "first": entry.beginning.points,
            "decision": placed.decision if placed else None,
            "points": placed.points if placed else None,
            "at": placed.at if placed else None,
        }

    def said(self, texts: Mapping[str, str]) -> Callable[[LandmarkQueue, str], bool]:
        """See `FilmDesk.said`.

        Raises:
            Refusal: it is of another form, or a point lies beyond the film.
        """
        if texts["decision"] == "retract" and "points" not in texts:
            return LandmarkQueue.retract
        points = texts.get("points", "")
        if texts["decision"] != "place" or not POINTS.fullmatch(points):
            raise Refusal(400, self.form)
        if not lies_on(points_of_text(points), self._size):
            raise Refusal(400, "A point lies beyond the film.")
        return lambda queue, film: queue.place(film, points)


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
    invited: Invited | None = None,
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
        invited: who is let in besides, by a link of the lead's.
        site: where to listen.
        open_browser: open the first reader's page in this machine's browser.

    Raises:
        CxrReleaseError: no films are drawn, or films, logs, a reader's name or the address are not
            in order.
    """
    check_people(reviewers, invited)
    if drawn is not None and not drawn.films:
        raise SourceError(
            f"{NO_FACING}, so none is drawn for readers",
            where="landmarks.films",
            remedy="name some real films that face left in left-facing.txt beside them"
            " (docs/own-films.md) and run `dvc repro`, or set landmarks.films to 0",
        )
    if drawn is None:
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
    shown = drawn.films

    def queue_of(reviewer: str) -> LandmarkQueue:
        return LandmarkQueue(reviewer, state, shown, beginnings, seed_of(orders, reviewer))

    queues = Worklists(queue_of, reviewers, invited)

    mirrored = hashes(schemas.ORIENTED, films, "mirrored_sha256")
    contents = {film: min(sha256, mirrored.get(film) or sha256) for film, sha256 in shown.items()}

    def app(sign_in: SignIn) -> ASGIApp:
        return LandmarkApp(
            queues, store, sign_in, title=title, size=size, contents=contents, anatomy=anatomy
        )

    modelled = sum(beginning.start == MODEL for beginning in beginnings.values())
    say(f"{len(ids):,} films, the same for all readers")
    say("every placement is on disk before the page says so")
    say(f"points begin where the model put them on {modelled:,} of these")
    serve(app, site, reviewers, invited=invited, open_browser=open_browser)
