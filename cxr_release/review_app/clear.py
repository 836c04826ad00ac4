"""`cxr-release clear`: a page on which people look for text that is burned into the real films.

The page gets films under opaque names, as they lie in the source folder, and one reviewer's own
decisions and progress. These are films of patients: nothing of one is written anywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.datastructures import QueryParams
from starlette.types import ASGIApp

from cxr_release.clearance.flags import Flags
from cxr_release.clearance.queue import ClearanceQueue, ShownFilm
from cxr_release.clearance.source import SourceFilms, open_source
from cxr_release.clearance.state import effective
from cxr_release.clearance.statement import CLEARANCE, WORDS, Clearance, NewClearance, Word
from cxr_release.errors import SourceError
from cxr_release.json_documents import read
from cxr_release.logbook.logs import read_all
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.params.films import PHANTOMS, DicomParams
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.film_desk import FilmDesk
from cxr_release.review_app.guard import Refusal
from cxr_release.review_app.invited import Invited, Worklists
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site
from cxr_release.screening.anatomy import NOT_STATED, Anatomy


class ClearApp(FilmDesk[ClearanceQueue]):
    """Clearance. No answer holds a film's id, its file's name or other people's decisions.

    Args:
        queues: reviewer → their queue.
        films: of the source.
        sign_in: who may come in.
        title: of the page.
        searched: whether a program has pointed at films.
        contents: opaque id → HMAC of each film's content.
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
        contents: Mapping[str, str],
        anatomy: Anatomy = NOT_STATED,
    ) -> None:
        told = {"title": title, "searched": searched, **anatomy.of_page}
        super().__init__(
            queues,
            films.png,
            sign_in,
            kind="clear",
            noun="decisions",
            told=told,
            contents=contents,
        )

    async def picture(
        self, worklist: ClearanceQueue, name: str, query: QueryParams
    ) -> bytes | None:
        """The film itself, read from the source folder."""
        return await self.in_thread(lambda: self.png(worklist, name))

    def film_json(self, entry: ShownFilm) -> dict[str, Any]:
        """See `FilmDesk.film_json`."""
        decision = entry.decision
        return {
            "name": entry.name,
            "suspected": entry.suspected,
            "decision": decision.decision if decision else None,
            "at": decision.at if decision else None,
        }

    def said(self, texts: Mapping[str, str]) -> Callable[[ClearanceQueue, str], bool]:
        """See `FilmDesk.said`."""
        word: Word | None = next((word for word in WORDS if word == texts["decision"]), None)
        if word is None:
            raise Refusal(400, f"A decision is one of {', '.join(WORDS)}.")
        return lambda queue, film: queue.decide(film, word)


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
    invited: Invited | None = None,
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
        invited: who is let in besides, by a link of the lead's.
        site: where to listen.
        open_browser: open the first reviewer's page in this machine's browser.

    Raises:
        CxrReleaseError: the films are drawn, or films, logs, a reviewer's name or the address are
            not in order.
    """
    check_people(reviewers, invited)
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

    def queue_of(reviewer: str) -> ClearanceQueue:
        return ClearanceQueue(
            reviewer,
            state,
            contents,
            seed_of(orders, reviewer),
            required=required,
            suspected=suspected or (),
        )

    queues = Worklists(queue_of, reviewers, invited)

    def app(sign_in: SignIn) -> ASGIApp:
        searched = suspected is not None
        return ClearApp(
            queues,
            films,
            sign_in,
            title=title,
            searched=searched,
            contents=contents,
            anatomy=anatomy,
        )

    if suspected is not None:
        say(f"text is suspected on {len(suspected):,} of them, which come first")
    say(f"{len(contents):,} real films; every decision is on disk before the page says so")
    serve(app, site, reviewers, invited=invited, open_browser=open_browser)


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
