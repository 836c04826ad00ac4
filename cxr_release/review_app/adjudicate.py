"""The audit pages' answers: pairs under opaque names, one reviewer's verdicts and progress.

Judge the most similar pairs in a browser: what `cxr-release adjudicate` calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from cxr_release import schemas
from cxr_release.adjudication.outcomes import VERDICT, WORDS, Word, hashes
from cxr_release.adjudication.pair_queue import PairQueue, ShownPair, read_pairs
from cxr_release.errors import TableError
from cxr_release.films.film_store import FilmStore
from cxr_release.logbook.entry import note_fault
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app.access import Door
from cxr_release.review_app.guard import Refusal, json_answer
from cxr_release.review_app.json_answers import Trouble, how_far, json_of
from cxr_release.review_app.pages import pages, person_of
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site

_NAME = re.compile(r"[0-9a-f]{32}")
_FORM = "Expected a pair, a verdict and a note."


@dataclass(frozen=True)
class Room:
    """What is judged: films and pairs, and whether they still are what they were."""

    real: FilmStore
    synthetic: FilmStore
    check: Callable[[], None]
    """Raises a `TableError` unless every table is the one that was opened."""

    def png(self, kind: str, film: str) -> bytes:
        """PNG bytes of a film; see `FilmStore.png`."""
        return (self.real if kind == "real" else self.synthetic).png(film)


class AdjudicateApp:
    """ASGI application, to be put behind a `guard.Guard`.

    No answer holds a film's id, a pair's rank or similarity, or what others judged.

    Args:
        queues: reviewer → their queue.
        room: where the films are.
        door: who may come in.
        title: of the page.
    """

    def __init__(
        self, queues: Mapping[str, PairQueue], room: Room, door: Door, *, title: str
    ) -> None:
        self._queues = queues
        self._room = room
        self._door = door
        self._title = title
        routes = [
            Route("/r/{person}/film/{name}", self._film),
            Route("/r/{person}/pairs", self._pairs),
            Route("/r/{person}/verdicts", self._judge, methods=["POST"]),
            Route("/r/{person}/setup", self._setup),
        ]
        self._pages = pages(door, "adjudicate/adjudicate.html", routes)
        self._trouble = Trouble("verdicts")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._pages(scope, receive, send)

    async def _setup(self, request: Request) -> Response:
        queue = self._queue(request)
        return json_answer(
            {"reviewer": queue.reviewer, "title": self._title, "adjudicates": queue.adjudicates}
        )

    async def _film(self, request: Request) -> Response:
        film = self._queue(request).film(request.path_params["name"])
        if film is None:
            raise Refusal(404, "There is no such film.")
        # Here and not in a thread: a film is read sooner than a thread is found.
        with self._trouble.explained():
            return Response(self._room.png(film.kind, film.id), media_type="image/png")

    async def _pairs(self, request: Request) -> Response:
        queue = self._queue(request)

        def answer() -> Response:
            with self._trouble.explained():
                self._room.check()
                queue.refresh()
            return json_answer(
                {
                    "pairs": [_shown(one) for one in queue.entries()],
                    **how_far(queue),
                }
            )

        return await run_in_threadpool(answer)

    async def _judge(self, request: Request) -> Response:
        queue = self._queue(request)
        pair, verdict, note = _asked(await json_of(request))
        if queue.pair(pair) is None:
            raise Refusal(409, "A film has changed since it was shown: load the page again.")

        def answer() -> Response:
            with self._trouble.explained():
                self._room.check()
                logged = queue.judge(pair, verdict, note)
            return json_answer(
                {
                    "pair": _shown(queue.entry(pair)),
                    **how_far(queue),
                    "logged": int(logged),
                }
            )

        return await run_in_threadpool(answer)

    def _queue(self, request: Request) -> PairQueue:
        return self._queues[person_of(request, self._door)]


def _asked(value: Any) -> tuple[str, Word, str]:
    """Name of a pair, verdict and note, as a page sends them.

    Raises:
        Refusal: it is of another form.
    """
    if (
        not isinstance(value, dict)
        or not {"pair", "verdict"} <= value.keys() <= {"pair", "verdict", "note"}
        or not all(isinstance(one, str) for one in value.values())
    ):
        raise Refusal(400, _FORM)
    word: Word | None = next((one for one in WORDS if one == value["verdict"]), None)
    if word is None:
        raise Refusal(400, f"A verdict is one of {', '.join(WORDS)}.")
    if not _NAME.fullmatch(value["pair"]):
        raise Refusal(400, "A pair's name is 32 hex digits.")
    note = value.get("note", "")
    if fault := note_fault(note):
        raise Refusal(400, f"{fault[:1].upper()}{fault[1:]}.")
    return value["pair"], word, note


def _shown(entry: ShownPair) -> dict[str, Any]:
    one = entry.verdict
    return {
        "name": entry.name,
        "real": entry.real,
        "synthetic": entry.synthetic,
        "view": entry.view,
        "verdict": one.verdict if one else None,
        "note": one.note if one else "",
        "at": one.at if one else None,
    }


def adjudicate(
    *,
    pairs: Path,
    cohort: Path,
    synthetic: Sequence[Path],
    audit_log: Path,
    orders: Path,
    reviewers: Sequence[str],
    title: str = "Memorization audit",
    required: int = 2,
    adjudicator: str = "",
    site: Site,
    open_browser: bool = False,
) -> None:
    """Serve the audit's pages until Ctrl-C.

    Args:
        pairs: what is to be judged, `schemas.PAIRS`.
        cohort: the real films, `schemas.COHORT`.
        synthetic: the synthetic films, `schemas.ORIENTED`.
        audit_log: folder of the verdict logs; only the reviewers' own are written.
        orders: folder of the recorded seeds.
        reviewers: who judges.
        title: of the pages.
        required: people who must judge a pair.
        adjudicator: the reviewer, if any, who sees only what others differ on.
        site: where to listen.
        open_browser: open the first reviewer's page in this machine's browser.

    Raises:
        CxrReleaseError: the films, the pairs, the logs, a reviewer's name or the address are not
            in order.
    """
    check_people(reviewers)
    say(f"reading the list of films in {1 + len(synthetic)} table(s)")
    room = open_room(pairs, cohort, synthetic)
    listed = read_pairs(pairs, real=room.real.sha256, synthetic=room.synthetic.sha256)
    room.check()
    say(f"reading the verdicts in {audit_log}")
    mirrored = hashes(schemas.ORIENTED, synthetic, "mirrored_sha256")
    state = SharedState(
        VERDICT,
        audit_log,
        {one.about: one.fingerprint for one in listed},
        also={one.about: (one.real_sha256, mirrored[one.synthetic_id]) for one in listed},
    )
    queues = {
        reviewer: PairQueue(
            reviewer,
            state,
            listed,
            seed_of(orders, reviewer),
            required=required,
            adjudicator=adjudicator,
        )
        for reviewer in reviewers
    }
    state.refresh()

    def app(door: Door) -> ASGIApp:
        return AdjudicateApp(queues, room, door, title=title)

    say(f"{len(listed):,} pairs; every verdict is on disk before the page says so")
    serve(app, site, reviewers, open_browser=open_browser)


def open_room(pairs: Path, cohort: Path, synthetic: Sequence[Path]) -> Room:
    """The films, and a check that they and the pairs are still what they are now.

    Raises:
        TableError: a table is missing or breaks its schema.
    """
    before = _facts(pairs)
    real, generated = FilmStore([cohort], schemas.COHORT), FilmStore(synthetic, schemas.ORIENTED)

    def check() -> None:
        real.check()
        generated.check()
        if _facts(pairs) != before:
            raise TableError(
                "the pairs were made anew",
                where=str(pairs),
                remedy="stop the server and start it again",
            )

    return Room(real, generated, check)


def _facts(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError as error:
        raise TableError(
            f"cannot be read: {error.strerror}", where=str(path), remedy="run `dvc repro`"
        ) from error
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
