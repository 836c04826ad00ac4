"""`cxr-release review`: pages on which reviewers screen the synthetic films.

The pages get films under opaque names, and one reviewer's own decisions and progress.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from cxr_release import schemas
from cxr_release.errors import CxrReleaseError, DecisionError
from cxr_release.films.film_store import FilmStore
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.desk import CHANGED, Desk
from cxr_release.review_app.finding_requests import FindingNotes, parse_findings
from cxr_release.review_app.guard import Refusal
from cxr_release.review_app.invited import Invited, Worklists
from cxr_release.review_app.json_answers import how_far, json_of, sentence
from cxr_release.review_app.review_requests import (
    FacingStatements,
    RequestedDecision,
    parse_decisions,
    parse_facing,
)
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site
from cxr_release.review_app.thumbnails import WIDTHS, Thumbnails, side_of
from cxr_release.screening.anatomy import NOT_STATED, Anatomy
from cxr_release.screening.assignment import Assignment
from cxr_release.screening.decision import (
    DECISION,
    FACING,
    PAGE,
    PRESCREEN,
    NewDecision,
    missing_note,
    of_people,
)
from cxr_release.screening.films import read_generated
from cxr_release.screening.findings import FINDINGS
from cxr_release.screening.queue import (
    NOTES,
    STATES,
    VIEWS,
    Listed,
    Order,
    Page,
    Queue,
    ShownFilm,
    order_of,
)
from cxr_release.screening.review_rate import MOST_ON_PAGE

FACING_REASON = "wrong-facing"
"""Code of the reason that has a key of its own."""


class ReviewApp(Desk[Queue]):
    """Screening. No answer holds a film's checkpoint, batch, score or others' decisions.

    Args:
        queues: reviewer → their queue.
        store: where the films are.
        sign_in: who may come in.
        facing: what reviewers say of the way films face.
        notes: what reviewers see on films; None: nobody is asked.
        title: of the page.
        reasons: code → meaning, those that a person may give.
        contents: id → SHA-256 of each film, or of its mirror image where that is the lesser: a
            film keeps its code when it is turned around.
        anatomy: what the films show.
    """

    def __init__(
        self,
        queues: Mapping[str, Queue],
        store: FilmStore,
        sign_in: SignIn,
        *,
        facing: FacingStatements,
        notes: FindingNotes | None = None,
        title: str,
        reasons: Mapping[str, str],
        contents: Mapping[str, str],
        anatomy: Anatomy = NOT_STATED,
    ) -> None:
        self._anatomy = anatomy
        self._facings = facing
        self._notes = notes
        self._store = store
        self._title = title
        self._reasons = reasons
        self._thumbnails = Thumbnails()
        first = next(iter(store.sha256), None)
        self._side = 0 if first is None else side_of(store.png(first))
        routes = [
            Route("/films", self._films),
            Route("/decisions", self._decide, methods=["POST"]),
            Route("/facing", self._facing, methods=["GET", "POST"]),
            Route("/findings", self._findings, methods=["GET", "POST"]),
        ]
        page = "review/review.html"
        super().__init__(
            queues, sign_in, page=page, noun="decisions", routes=routes, contents=contents
        )

    def setup(self, worklist: Queue) -> dict[str, Any]:
        """Reviewer, title, reasons, findings, how many films there are; of large ones, what widths
        they have as small pictures.
        """
        widths = [width for width in WIDTHS if width < self._side]
        return {
            "reviewer": worklist.reviewer,
            "title": self._title,
            "reasons": [{"code": code, "meaning": text} for code, text in self._reasons.items()],
            "facing": FACING_REASON if FACING_REASON in self._reasons else None,
            "findings": self._notes.listed() if self._notes else [],
            "films": len(worklist),
            **self._anatomy.of_page,
            **({"thumbnails": widths} if widths else {}),
        }

    def png(self, worklist: Queue, name: str) -> bytes | None:
        """See `Desk.png`."""
        film = worklist.film(name)
        return self._store.png(film.id) if film else None

    def place(self, worklist: Queue, film: str) -> dict[str, Any] | None:
        """See `Desk.place`."""
        place = worklist.place_of(film)
        return None if place is None else {"name": worklist.name_of(film), "from": place}

    async def picture(self, worklist: Queue, name: str, query: QueryParams) -> bytes | None:
        """The film; with `w`, one of `WIDTHS`, a small picture of it where it is larger."""
        width = _number(query, "w")
        if width is None:
            return await super().picture(worklist, name, query)
        if width not in WIDTHS:
            raise Refusal(400, f"w is one of {', '.join(map(str, WIDTHS))}.")
        film = worklist.film(name)
        if film is None:
            return None
        with self.reporter.explained():
            self._store.check()
        kept = self._thumbnails.get(film.sha256, width)
        if kept is not None:
            return kept
        return await self.in_thread(
            lambda: self._thumbnails.make(film.sha256, self._store.png(film.id), width)
        )

    def prepare(self) -> None:
        """Make the small pictures of the page that each reviewer sees first: the page itself asks
        ahead for those after it. Nothing is made of small films.
        """
        if self._side <= WIDTHS[0]:
            return
        with suppress(CxrReleaseError):  # whoever asks for the film is told
            for queue in [*self._people.values()]:
                shown = queue.page("queue", MOST_ON_PAGE).entries
                for film in filter(None, (queue.film(entry.name) for entry in shown)):
                    self._thumbnails.make(film.sha256, self._store.png(film.id), WIDTHS[0])

    async def _films(self, request: Request) -> Response:
        queue = self.worklist_of(request)

        def films() -> dict[str, Any]:
            self._store.check()
            queue.refresh()
            view, page = self._page(queue, request.query_params)
            return {
                "view": view,
                "films": self._films_json(queue, page.entries),
                "matching": page.matching,
                "from": page.start,
                "next": page.next,
                "previous": page.previous,
                **how_far(queue),
            }

        return await self.answer(films)

    async def _decide(self, request: Request) -> Response:
        queue = self.worklist_of(request)
        undecided_only, decisions = parse_decisions(await json_of(request))
        new_decisions = [self._new_decision(queue, decision) for decision in decisions]

        def decide() -> dict[str, Any]:
            self._store.check()
            logged = queue.decide(new_decisions, undecided_only=undecided_only)
            films = self._films_json(queue, queue.entries(each.film for each in decisions))
            return {"films": films, **how_far(queue), "logged": len(logged)}

        return await self.answer(decide)

    async def _facing(self, request: Request) -> Response:
        queue = self.worklist_of(request)
        statement = parse_facing(await json_of(request)) if request.method == "POST" else None

        def facing() -> dict[str, Any]:
            self._store.check()
            if statement is not None:
                self._facings.say(queue, statement)
            self._facings.refresh()
            return {"right": self._facings.right(queue)}

        return await self.answer(facing)

    async def _findings(self, request: Request) -> Response:
        queue, notes = self.worklist_of(request), self._notes
        statement = parse_findings(await json_of(request)) if request.method == "POST" else None
        if notes is None:
            raise Refusal(400, "There is no list of findings.")

        def findings() -> dict[str, Any]:
            self._store.check()
            if statement is not None:
                notes.note(queue, statement)
            notes.refresh()
            return {"noted": notes.noted(queue)}

        return await self.answer(findings)

    def _page(self, queue: Queue, query: QueryParams) -> tuple[str, Page]:
        view = next((name for name in VIEWS if name == query.get("view", "queue")), None)
        if view is None:
            raise Refusal(400, f"view is one of {', '.join(VIEWS)}.")
        count = _number(query, "n")
        start, before = _number(query, "from"), _number(query, "before")
        if count is None or not 1 <= count <= MOST_ON_PAGE:
            raise Refusal(400, f"n is 1 to {MOST_ON_PAGE}.")
        if start is not None and before is not None:
            raise Refusal(400, "Give from or before, not both.")
        listed = Listed(query.get("state", ""), query.get("reason", ""), query.get("note", ""))
        if listed.state not in STATES or listed.note not in NOTES:
            raise Refusal(400, "state is open, keep or exclude, and note is with or without.")
        if listed.reason and listed.reason not in self._reasons:
            raise Refusal(400, "There is no such reason.")
        return view, queue.page(view, count, start=start, before=before, listed=listed)

    def _films_json(self, queue: Queue, entries: Iterable[ShownFilm]) -> list[dict[str, Any]]:
        return [
            {
                "name": entry.name,
                "code": self.code_of(film.id),
                "decision": decision.decision if decision else None,
                "reason": decision.reason if decision else "",
                "note": decision.note if decision else "",
                "at": decision.at if decision else None,
            }
            for entry in entries
            for film, decision in [(queue.film(entry.name), entry.decision)]
            if film is not None
        ]

    def _new_decision(self, queue: Queue, decision: RequestedDecision) -> NewDecision:
        film = queue.film(decision.film)
        if film is None:
            raise Refusal(409, CHANGED)
        if decision.reason and decision.reason not in self._reasons:
            raise Refusal(400, "There is no such reason.")
        if missing := missing_note(decision.reason, decision.note):
            raise Refusal(400, sentence(missing))
        try:
            return NewDecision(
                film.id, film.sha256, decision.decision, decision.reason, decision.note, via=PAGE
            )
        except DecisionError as error:
            # Not where: that is the film's id.
            raise Refusal(400, sentence(error.what)) from None


def _number(query: QueryParams, name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Refusal(400, f"{name} is a whole number.")
    return int(text)


def review(
    tables: Sequence[Path],
    *,
    screening_log: Path,
    facing_log: Path,
    findings_log: Path | None = None,
    findings: Mapping[str, str] | None = None,
    orders: Path,
    reasons: Mapping[str, str],
    reviewers: Sequence[str],
    title: str = "Screening",
    anatomy: Anatomy = NOT_STATED,
    order: Order = "shuffled",
    scores: Mapping[str, float] | None = None,
    prescreened: Collection[str] = (),
    required: int = 1,
    adjudicator: str = "",
    assign: Callable[[tuple[str, ...]], Assignment] | None = None,
    invited: Invited | None = None,
    site: Site,
    open_browser: bool = False,
) -> None:
    """Serve the screening pages until Ctrl-C.

    Args:
        tables: the films, `schemas.ORIENTED`.
        screening_log: folder of the decision logs; only the reviewers' own are written.
        facing_log: folder of what they say of the way films face; likewise.
        findings_log: folder of what they see on films; likewise. None: nobody is asked.
        findings: code → one-line meaning, of what may be seen.
        orders: folder of the recorded orders.
        reasons: code → one-line meaning.
        reviewers: who reviews.
        title: of the pages.
        anatomy: what the films show.
        order: `shuffled`, or `doubtful-first`.
        scores: film id → anomaly score; for `doubtful-first`.
        prescreened: ids of films that the pre-screen excluded: they are not shown.
        required: people who must decide on a film.
        adjudicator: the reviewer, if any, who sees only films on which the others disagree.
        assign: gives what films are each reviewer's, in place of the three before; called with
            those who are invited.
        invited: who is let in besides, by a link of the lead's.
        site: where to listen.
        open_browser: open the first reviewer's page in this machine's browser.

    Raises:
        CxrReleaseError: the films, the logs, a reviewer's name or the address are not in order.
    """
    check_people(reviewers, invited)
    if PRESCREEN in reviewers:
        raise DecisionError(f"{PRESCREEN} is the pre-screen's own name", remedy="take another")
    say(f"reading the list of films in {len(tables)} table(s)")
    store = FilmStore(tables, schemas.ORIENTED)
    films = list(read_generated(tables))  # once: all queues and statements share them
    store.check()
    say(f"reading the decisions in {screening_log}")
    mirrored = {film.id: film.mirrored_sha256 for film in films}
    state = SharedState(
        DECISION, screening_log, store.sha256, also=mirrored, not_people={PRESCREEN}
    )
    facing = FacingStatements(SharedState(FACING, facing_log, store.sha256, also=mirrored), films)
    facing.refresh()
    notes = None
    if findings_log is not None and findings:
        seen = SharedState(FINDINGS, findings_log, store.sha256, also=mirrored)
        notes = FindingNotes(seen, films, findings)
        notes.refresh()
    scores = (scores or {}) if order == "doubtful-first" else None
    plain = Assignment(required=required, adjudicator=adjudicator, prescreened=prescreened)
    assigned = lru_cache(maxsize=1)(assign or (lambda _: plain))

    def shares() -> Assignment:
        return assigned(invited.reviewers() if invited else ())

    shares().require(reviewers)

    def queue_of(reviewer: str) -> Queue:
        seed = seed_of(orders, reviewer)
        rule = vars(shares().rule_of(reviewer))
        queue = Queue(reviewer, state, order_of(films, seed, scores), seed, **rule)
        queue.refresh()
        return queue

    stratified = shares().assign == "stratified"
    queues = Worklists(queue_of, reviewers, invited, shared=stratified)

    def app(sign_in: SignIn) -> ASGIApp:
        pages = ReviewApp(
            queues,
            store,
            sign_in,
            facing=facing,
            notes=notes,
            title=title,
            reasons=of_people(reasons),
            contents={film.id: min(film.hashes) for film in films},
            anatomy=anatomy,
        )
        threading.Thread(target=pages.prepare, daemon=True).start()
        return pages

    say(f"{len(films):,} films; every decision is on disk before the page says so")
    serve(app, site, reviewers, invited=invited, open_browser=open_browser)
