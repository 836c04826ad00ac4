"""`cxr-release study serve`: pages of the blinded reader study.

The pages get quartets under opaque names, and one reader's own answers. The key is never read, so
nothing here can tell which film is real.
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
from cxr_release.errors import TableError
from cxr_release.films import png
from cxr_release.logbook.log import Log
from cxr_release.logbook.seeds import seed_of
from cxr_release.reader_study import kit as kits
from cxr_release.reader_study.answer import ANSWER
from cxr_release.reader_study.session import (
    FinalAnswerError,
    Page,
    Session,
    UnfitAnswerError,
    UnknownPageError,
)
from cxr_release.review_app.access import SignIn, open_links
from cxr_release.review_app.desk import Desk
from cxr_release.review_app.guard import Refusal
from cxr_release.review_app.invited import Invited, Worklists
from cxr_release.review_app.json_answers import json_of
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site
from cxr_release.screening.anatomy import NOT_STATED, Anatomy

_FORM = "Expected a page, a rating for each of its films, the film picked, and seconds."


class StudyApp(Desk[Session]):
    """The reader study.

    Args:
        sessions: reader → their pages.
        films: name in the kit → PNG bytes.
        sign_in: who may come in.
        title: of the pages.
        anatomy: what the films show.
    """

    def __init__(
        self,
        sessions: Mapping[str, Session],
        films: Mapping[str, bytes],
        sign_in: SignIn,
        *,
        title: str,
        anatomy: Anatomy = NOT_STATED,
    ) -> None:
        self._anatomy = anatomy
        self._films = films
        self._title = title
        routes = [
            Route("/pages", self._pages),
            Route("/answers", self._answer, methods=["POST"]),
        ]
        page = "study/study.html"
        # Codes of this study alone: that of a film elsewhere may be known with what the film is.
        hashes = {name: png.sha256(data) for name, data in films.items()}
        study = " ".join(sorted(hashes.values()))
        contents = {name: f"{study}\0{sha256}" for name, sha256 in hashes.items()}
        super().__init__(
            sessions, sign_in, page=page, noun="answers", routes=routes, contents=contents
        )

    def setup(self, worklist: Session) -> dict[str, Any]:
        """Reader, title, and whether an answer may be changed."""
        return {
            "reader": worklist.reader,
            "title": self._title,
            "going_back": worklist.going_back,
            **self._anatomy.of_page,
        }

    def png(self, worklist: Session, name: str) -> bytes | None:
        """See `Desk.png`."""
        film = worklist.film(name)
        return self._films[film] if film else None

    def place(self, worklist: Session, film: str) -> dict[str, Any] | None:
        """See `Desk.place`; the page on which the film is, and its name there."""
        return next(
            (
                {"name": page.name, "film": name}
                for page in worklist.pages()
                for name in page.films
                if worklist.film(name) == film
            ),
            None,
        )

    async def _pages(self, request: Request) -> Response:
        session = self.worklist_of(request)

        def pages() -> dict[str, Any]:
            session.refresh()
            return {"pages": [self._page_json(page, session) for page in session.pages()]}

        return await self.answer(pages)

    async def _answer(self, request: Request) -> Response:
        session = self.worklist_of(request)
        page, ratings, picked, seconds = _parse_answer(await json_of(request))

        def submit() -> dict[str, Any]:
            try:
                current, logged = session.submit(page, ratings, picked, seconds)
            except UnfitAnswerError as error:
                raise Refusal(400, f"The answer {error.what}.") from None
            except (FinalAnswerError, UnknownPageError) as error:
                raise Refusal(409, f"This page {error.what}.") from None
            return {"page": self._page_json(current, session), "logged": int(logged)}

        return await self.answer(submit)

    def _page_json(self, page: Page, session: Session) -> dict[str, Any]:
        # What cannot be changed is not shown again.
        answer = page.given if session.going_back else None
        return {
            "name": page.name,
            "films": page.films,
            "codes": [self.code_of(session.film(film)) for film in page.films],
            "answered": page.given is not None,
            "ratings": answer.ratings if answer else None,
            "picked": answer.picked if answer else None,
        }


def _parse_answer(value: Any) -> tuple[str, dict[str, int], str, float]:
    """Page, ratings, film picked and seconds, as a page sends them.

    Raises:
        Refusal: it is of another form.
    """
    if not isinstance(value, dict) or value.keys() != {"page", "ratings", "picked", "seconds"}:
        raise Refusal(400, _FORM)
    page, ratings, picked, seconds = (
        value[name] for name in ("page", "ratings", "picked", "seconds")
    )
    # `type` and not `isinstance`: true is not a number.
    if (
        not isinstance(page, str)
        or not isinstance(picked, str)
        or not isinstance(ratings, dict)
        or not all(type(rating) is int for rating in ratings.values())
        or type(seconds) not in {int, float}
    ):
        raise Refusal(400, _FORM)
    return page, ratings, picked, seconds


def serve_study(
    *,
    kit: Path,
    served: Path,
    answers: Path,
    orders: Path,
    links: Path,
    readers: Sequence[str],
    title: str,
    going_back: bool,
    anatomy: Anatomy = NOT_STATED,
    invited: Invited | None = None,
    site: Site,
    open_browser: bool = False,
) -> None:
    """Serve the study's pages until Ctrl-C. The key to the kit is never read.

    Args:
        kit: the blinded films, `schemas.KIT`.
        served: record of the kit that readers got; on disk before a reader sees a page.
        answers: folder of the readers' logs; only these readers' own are written.
        orders: folder of the recorded seeds.
        links: file of the secret behind the readers' links, which work again and again.
        readers: who takes part.
        title: of the pages.
        going_back: whether a reader may go back to a quartet and change the answer.
        anatomy: what the films show.
        invited: who is let in besides, by a link of the lead's.
        site: where to listen.
        open_browser: open the first reader's page in this machine's browser.

    Raises:
        CxrReleaseError: the kit, a log, a reader's name, the links or the address are not in
            order.
    """
    check_people(readers, invited, option="--reader")
    study_kit, pictures = open_films(kit)

    def session_of(reader: str) -> Session:
        log = Log(ANSWER, answers, reader)
        return Session(study_kit, log, seed_of(orders, reader), going_back=going_back)

    sessions = Worklists(session_of, readers, invited)
    lasting = open_links(links)
    kits.serve(study_kit, served)

    def app(sign_in: SignIn) -> ASGIApp:
        return StudyApp(sessions, pictures, sign_in, title=title, anatomy=anatomy)

    say(f"{len(study_kit.quartets):,} quartets; every answer is on disk before the page goes on")
    say("each link opens its reader's pages again and again: do not pass it on")
    serve(app, site, readers, links=lasting, invited=invited, open_browser=open_browser)


def open_films(path: Path) -> tuple[kits.Kit, dict[str, bytes]]:
    """The kit, and its pictures by name, held in memory.

    A study runs for weeks, and `dvc repro` writes the same kit anew under it: readers shall not
    notice. 50 quartets of 256 × 256 are 13 MB.

    Raises:
        TableError: the kit is missing, breaks its schema, is damaged or has changed meanwhile.
        ReaderStudyError: it holds no quartet.
    """
    kit = kits.open_kit(path)
    films = {row["name"]: row["image"]["bytes"] for row in tables.iterate(path, schemas.KIT)}
    if {name: png.sha256(data or b"") for name, data in films.items()} != {
        film.name: film.sha256 for film in kit.films
    }:
        raise TableError(
            "holds pictures that do not match their SHA-256",
            where=str(path),
            remedy="run `dvc repro quartets` (or `dvc checkout`), and start again",
        )
    return kit, films
