"""`cxr-release clear`: a page on which people look for text that is burned into the real films.

The page gets films under opaque names, as they lie in the source folder, and one reviewer's own
decisions and progress. These are films of patients: nothing of one is written anywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from cxr_release.clearance.flags import Flags
from cxr_release.clearance.queue import NAME, ClearanceQueue, ShownFilm
from cxr_release.clearance.source import SourceFilms, open_source
from cxr_release.clearance.state import effective
from cxr_release.clearance.statement import CLEARANCE, WORDS, Clearance, NewClearance, Word
from cxr_release.errors import SourceError
from cxr_release.json_documents import read
from cxr_release.logbook.logs import read_all
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.params import PHANTOMS, DicomParams
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.desk import CHANGED, Desk
from cxr_release.review_app.guard import Refusal
from cxr_release.review_app.json_answers import how_far, json_of, texts_of
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site
from cxr_release.screening.anatomy import NOT_STATED, Anatomy

_FORM = "Expected a film and a decision."


class ClearApp(Desk[ClearanceQueue]):
    """Clearance. No answer holds a film's id, its file's name or other people's decisions.

    Args:
        queues: reviewer → their queue.
        films: of the source.
        sign_in: who may come in.
        title: of the page.
        searched: whether a program has pointed at films.
        anatomy: what the films show.
    """

    def __init__(
        self,
        queues: Mapping[str, ClearanceQueue],
        films: SourceFilms,
        sign_in: SignIn,
        *,
        title: str,
        searched: bool,
        anatomy: Anatomy = NOT_STATED,
    ) -> None:
        self._anatomy = anatomy
        self._films = films
        self._title = title
        self._searched = searched
        routes = [
            Route("/films", self._list),
            Route("/decisions", self._decide, methods=["POST"]),
        ]
        page = "clear/clear.html"
        contents = next(iter(queues.values())).contents
        super().__init__(
            queues, sign_in, page=page, noun="decisions", routes=routes, contents=contents
        )

    def setup(self, worklist: ClearanceQueue) -> dict[str, Any]:
        """Reviewer, title, and whether films may be marked as suspected."""
        return {
            "reviewer": worklist.reviewer,
            "title": self._title,
            "searched": self._searched,
            **self._anatomy.of_page,
        }

    def png(self, worklist: ClearanceQueue, name: str) -> bytes | None:
        """See `Desk.png`."""
        film = worklist.film(name)
        return self._films.png(film) if film else None

    def place(self, worklist: ClearanceQueue, film: str) -> dict[str, Any] | None:
        """See `Desk.place`."""
        name = worklist.name_of(film)
        return {"name": name} if worklist.has(name) else None

    async def picture(
        self, worklist: ClearanceQueue, name: str, query: QueryParams
    ) -> bytes | None:
        """The film itself, read from the source folder."""
        return await self.in_thread(lambda: self.png(worklist, name))

    async def _list(self, request: Request) -> Response:
        queue = self.worklist_of(request)

        def films() -> dict[str, Any]:
            queue.refresh()
            films = [self._film_json(queue, entry) for entry in queue.entries()]
            return {"films": films, **how_far(queue)}

        return await self.answer(films)

    async def _decide(self, request: Request) -> Response:
        queue = self.worklist_of(request)
        film, decision = _parse_decision(await json_of(request))
        if queue.film(film) is None:
            raise Refusal(409, CHANGED)

        def decide() -> dict[str, Any]:
            logged = queue.decide(film, decision)
            entry = self._film_json(queue, queue.entry(film))
            return {"film": entry, **how_far(queue), "logged": int(logged)}

        return await self.answer(decide)

    def _film_json(self, queue: ClearanceQueue, entry: ShownFilm) -> dict[str, Any]:
        decision = entry.decision
        return {
            "name": entry.name,
            "code": self.code_of(queue.film(entry.name)),
            "suspected": entry.suspected,
            "decision": decision.decision if decision else None,
            "at": decision.at if decision else None,
        }


def _parse_decision(value: Any) -> tuple[str, Word]:
    """Name of a film and a decision, as a page sends them.

    Raises:
        Refusal: they are of another form.
    """
    texts = texts_of(value, ("film", "decision"), (), _FORM)
    word: Word | None = next((word for word in WORDS if word == texts["decision"]), None)
    if word is None:
        raise Refusal(400, f"A decision is one of {', '.join(WORDS)}.")
    if not NAME.fullmatch(texts["film"]):
        raise Refusal(400, "A film's name is 32 hex digits.")
    return texts["film"], word


def clear(
    source: str,
    *,
    root: Path,
    manifest: Path,
    film_key: Path,
    flags: Path,
    clearance_log: Path,
    orders: Path,
    reviewers: Sequence[str],
    title: str = "Text on real films",
    anatomy: Anatomy = NOT_STATED,
    required: int = 1,
    dicom: DicomParams | None = None,
    site: Site,
    open_browser: bool = False,
) -> None:
    """Serve the pages until Ctrl-C.

    Args:
        source: folder of the real films, or `phantoms`.
        root: below which the folder lies, unless its path is absolute.
        manifest: what was taken in of it, `schemas.MANIFEST`.
        film_key: file of the key behind the films' ids.
        flags: what the search for text found; there may be none.
        clearance_log: folder of the logs; only the reviewers' own are written.
        orders: folder of the recorded seeds.
        reviewers: who looks.
        title: of the pages.
        anatomy: what the films show.
        required: people who must look at a film.
        dicom: which DICOM films were asked for.
        site: where to listen.
        open_browser: open the first reviewer's page in this machine's browser.

    Raises:
        CxrReleaseError: the films are drawn, or films, logs, a reviewer's name or the address are
            not in order.
    """
    check_people(reviewers)
    if source == PHANTOMS:
        raise SourceError(
            "are drawn by a program: there are no files of films, and no text to look for",
            where="phantoms",
            remedy="set ingest.source to a folder of films, and run `dvc repro ingest`",
        )
    say("listing the films of the source")
    films = open_source(root / source, manifest=manifest, key=film_key, dicom=dicom)
    contents = films.contents
    _tell_differences(films)
    suspected = read(flags, Flags).suspected(contents) if flags.exists() else None
    say(f"reading the decisions in {clearance_log}")
    state: SharedState[NewClearance, Clearance] = SharedState(
        CLEARANCE, clearance_log, {shown: shown[1] for shown in contents.items()}
    )
    state.refresh()
    _tell_changed(clearance_log, contents)
    queues = {
        reviewer: ClearanceQueue(
            reviewer,
            state,
            contents,
            seed_of(orders, reviewer),
            required=required,
            suspected=suspected or (),
        )
        for reviewer in reviewers
    }

    def app(sign_in: SignIn) -> ASGIApp:
        searched = suspected is not None
        return ClearApp(queues, films, sign_in, title=title, searched=searched, anatomy=anatomy)

    if suspected is not None:
        say(f"text is suspected on {len(suspected):,} of them, which come first")
    say(f"{len(contents):,} real films; every decision is on disk before the page says so")
    serve(app, site, reviewers, open_browser=open_browser)


def _tell_differences(films: SourceFilms) -> None:
    """Say what of the source and of what was taken in is not the same; nobody's name."""
    if films.missing:
        number = len(films.missing)
        say(
            f"{number:,} film(s) that were taken in are not in the source any more: run `dvc repro`"
        )
    if films.further:
        number = len(films.further)
        say(f"{number:,} film(s) of the source were not taken in, and are not shown")


def _tell_changed(folder: Path, contents: Mapping[str, str]) -> None:
    """Say of how many films decisions do not count any more."""
    shown = {*contents.items()}
    changed = {
        entry.real_id
        for given in effective(read_all(CLEARANCE, folder)).values()
        for about, entry in given.items()
        if entry.real_id in contents and about not in shown
    }
    if changed:
        sys.stderr.write(
            f"{len(changed):,} film(s) have changed since somebody looked: those decisions do not"
            " count\n"
        )
