"""The screening pages' answers: films under opaque names, one reviewer's decisions and progress.

Screen the generated films in a browser: what `cxr-release review` calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from cxr_release import schemas
from cxr_release.errors import DecisionError
from cxr_release.films.film_store import FilmStore
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app import review_requests
from cxr_release.review_app.access import Door
from cxr_release.review_app.desk import CHANGED, Desk
from cxr_release.review_app.guard import Refusal
from cxr_release.review_app.json_answers import how_far, json_of
from cxr_release.review_app.review_requests import FacingDesk, parse_facing
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site
from cxr_release.screening.decision import (
    DECISION,
    FACING,
    PAGE,
    PRESCREEN,
    NewDecision,
    lacks_note,
    of_people,
)
from cxr_release.screening.films import read_generated
from cxr_release.screening.queue import VIEWS, Order, Page, Queue, ShownFilm, order_of
from cxr_release.screening.review_rate import MOST_ON_PAGE

FACING_REASON = "wrong-facing"
"""Code of the reason that has a key of its own."""


class ReviewApp(Desk[Queue]):
    """Screening. No answer holds a film's checkpoint, batch or score, or what others decided.

    Args:
        queues: reviewer → their queue.
        shelf: where the films are.
        door: who may come in.
        facing: what reviewers say of the way films face.
        title: of the page.
        reasons: code → meaning, those that a person may give.
    """

    def __init__(
        self,
        queues: Mapping[str, Queue],
        shelf: FilmStore,
        door: Door,
        *,
        facing: FacingDesk,
        title: str,
        reasons: Mapping[str, str],
    ) -> None:
        self._facings = facing
        self._shelf = shelf
        self._title = title
        self._reasons = reasons
        routes = [
            Route("/films", self._films),
            Route("/decisions", self._decide, methods=["POST"]),
            Route("/facing", self._facing, methods=["GET", "POST"]),
        ]
        page = "review/review.html"
        super().__init__(queues, door, page=page, noun="decisions", routes=routes)

    def setup(self, before: Queue) -> dict[str, Any]:
        """Reviewer, title, reasons, and how many films there are."""
        return {
            "reviewer": before.reviewer,
            "title": self._title,
            "reasons": [{"code": code, "meaning": text} for code, text in self._reasons.items()],
            "facing": FACING_REASON if FACING_REASON in self._reasons else None,
            "films": len(before),
        }

    def png(self, before: Queue, name: str) -> bytes | None:
        """See `Desk.png`."""
        film = before.film(name)
        return self._shelf.png(film.id) if film else None

    async def _films(self, request: Request) -> Response:
        queue = self.before(request)

        def films() -> dict[str, Any]:
            self._shelf.check()
            queue.refresh()
            view, page = _page(queue, request.query_params)
            return {
                "view": view,
                "films": _shown(page.entries),
                "from": page.start,
                "next": page.next,
                "previous": page.previous,
                **how_far(queue),
            }

        return await self.answer(films)

    async def _decide(self, request: Request) -> Response:
        queue = self.before(request)
        undecided_only, asked = review_requests.parse_decisions(await json_of(request))
        wishes = [self._wish(queue, one) for one in asked]

        def decide() -> dict[str, Any]:
            self._shelf.check()
            logged = queue.decide(wishes, undecided_only=undecided_only)
            shown = _shown(queue.entries(one.film for one in asked))
            return {"films": shown, **how_far(queue), "logged": len(logged)}

        return await self.answer(decide)

    async def _facing(self, request: Request) -> Response:
        queue = self.before(request)
        asked = parse_facing(await json_of(request)) if request.method == "POST" else None

        def facing() -> dict[str, Any]:
            self._shelf.check()
            if asked is not None:
                self._facings.say(queue, asked)
            self._facings.refresh()
            return {"right": self._facings.right(queue)}

        return await self.answer(facing)

    def _wish(self, queue: Queue, asked: review_requests.Asked) -> NewDecision:
        film = queue.film(asked.film)
        if film is None:
            raise Refusal(409, CHANGED)
        if asked.reason and asked.reason not in self._reasons:
            raise Refusal(400, "There is no such reason.")
        if lacks := lacks_note(asked.reason, asked.note):
            raise Refusal(400, f"{lacks[:1].upper()}{lacks[1:]}.")
        try:
            return NewDecision(
                film.id, film.sha256, asked.decision, asked.reason, asked.note, via=PAGE
            )
        except DecisionError as error:
            # Not where: that is the film's id.
            raise Refusal(400, f"{error.what[:1].upper()}{error.what[1:]}.") from None


def _page(queue: Queue, asked: QueryParams) -> tuple[str, Page]:
    view = next((one for one in VIEWS if one == asked.get("view", "queue")), None)
    if view is None:
        raise Refusal(400, f"view is one of {', '.join(VIEWS)}.")
    count = _number(asked, "n")
    start, before = _number(asked, "from"), _number(asked, "before")
    if count is None or not 1 <= count <= MOST_ON_PAGE:
        raise Refusal(400, f"n is 1 to {MOST_ON_PAGE}.")
    if start is not None and before is not None:
        raise Refusal(400, "Give from or before, not both.")
    return view, queue.page(view, count, start=start, before=before)


def _number(asked: QueryParams, name: str) -> int | None:
    text = asked.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Refusal(400, f"{name} is a whole number.")
    return int(text)


def _shown(entries: Iterable[ShownFilm]) -> list[dict[str, Any]]:
    return [
        {
            "name": entry.name,
            "decision": one.decision if one else None,
            "reason": one.reason if one else "",
            "note": one.note if one else "",
            "at": one.at if one else None,
        }
        for entry in entries
        for one in [entry.decision]
    ]


def review(
    tables: Sequence[Path],
    *,
    screening_log: Path,
    facing_log: Path,
    orders: Path,
    reasons: Mapping[str, str],
    reviewers: Sequence[str],
    title: str = "Screening",
    order: Order = "shuffled",
    scores: Mapping[str, float] | None = None,
    prescreened: Collection[str] = (),
    required: int = 1,
    adjudicator: str = "",
    site: Site,
    open_browser: bool = False,
) -> None:
    """Serve the screening pages until Ctrl-C.

    Args:
        tables: the films, `schemas.ORIENTED`.
        screening_log: folder of the decision logs; only the reviewers' own are written.
        facing_log: folder of what they say of the way films face; likewise.
        orders: folder of the recorded orders.
        reasons: code → one-line meaning.
        reviewers: who reviews.
        title: of the pages.
        order: `shuffled`, or `doubtful-first`.
        scores: film id → anomaly score; for `doubtful-first`.
        prescreened: ids of films that the pre-screen excluded: nobody sees them.
        required: people who must decide on a film.
        adjudicator: the reviewer, if any, who sees only what others differ on.
        site: where to listen.
        open_browser: open the first reviewer's page in this machine's browser.

    Raises:
        CxrReleaseError: the films, the logs, a reviewer's name or the address are not in order.
    """
    check_people(reviewers)
    if PRESCREEN in reviewers:
        raise DecisionError(f"{PRESCREEN} is the pre-screen's own name", remedy="take another")
    say(f"reading the list of films in {len(tables)} table(s)")
    shelf = FilmStore(tables, schemas.ORIENTED)
    films = read_generated(tables)
    shelf.check()
    say(f"reading the decisions in {screening_log}")
    mirrored = {film.id: film.mirrored_sha256 for film in films}
    state = SharedState(
        DECISION, screening_log, shelf.sha256, also=mirrored, not_people={PRESCREEN}
    )
    facing = FacingDesk(SharedState(FACING, facing_log, shelf.sha256, also=mirrored), films)
    facing.refresh()
    scores = (scores or {}) if order == "doubtful-first" else None
    queues = {}
    for reviewer in reviewers:
        seed = seed_of(orders, reviewer)
        queues[reviewer] = Queue(
            reviewer,
            state,
            order_of(films, seed, scores),
            seed,
            required=required,
            prescreened=prescreened,
            adjudicates=reviewer == adjudicator,
        )
    for queue in queues.values():
        queue.refresh()

    def app(door: Door) -> ASGIApp:
        return ReviewApp(
            queues, shelf, door, facing=facing, title=title, reasons=of_people(reasons)
        )

    say(f"{len(films):,} films; every decision is on disk before the page says so")
    serve(app, site, reviewers, open_browser=open_browser)
