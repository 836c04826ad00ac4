"""`cxr-release adjudicate`: pages on which reviewers judge the most similar pairs of films.

The pages get pairs under opaque names, and one reviewer's own verdicts and progress.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from cxr_release import schemas
from cxr_release.adjudication.expectation import Expectation, expectation_of
from cxr_release.adjudication.outcomes import VERDICT, WORDS, Pair, Word, hashes
from cxr_release.adjudication.pair_queue import AuditedPair, PairQueue, ShownPair, read_pairs
from cxr_release.errors import TableError
from cxr_release.films.film_store import FilmStore
from cxr_release.logbook.entry import note_fault
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.desk import CHANGED, Desk
from cxr_release.review_app.guard import Refusal
from cxr_release.review_app.invited import Invited, Worklists
from cxr_release.review_app.json_answers import how_far, json_of, sentence, texts_of
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site
from cxr_release.screening.anatomy import NOT_STATED, Anatomy

_NAME = re.compile(r"[0-9a-f]{32}")
_FORM = "Expected a pair, a verdict and a note."


@dataclass(frozen=True)
class AuditFilms:
    """The films of the pairs, and whether films and pairs are unchanged since the start."""

    real: FilmStore
    synthetic: FilmStore
    check: Callable[[], None]
    """Raises a `TableError` unless every table is the one that was opened."""

    def png(self, kind: str, film: str) -> bytes:
        """PNG bytes of a film; see `FilmStore.png`."""
        return (self.real if kind == "real" else self.synthetic).png(film)


class AdjudicateApp(Desk[PairQueue]):
    """Adjudication. No answer holds a pair's rank or similarity, or other reviewers' verdicts.

    Args:
        queues: reviewer → their queue.
        films: of the pairs.
        sign_in: who may come in.
        title: of the page.
        expectation: what all the pairs together can be expected to hold.
        contents: ids of each pair's films → their hashes, of which its code is made.
        anatomy: what the films show.
    """

    def __init__(
        self,
        queues: Mapping[str, PairQueue],
        films: AuditFilms,
        sign_in: SignIn,
        *,
        title: str,
        expectation: Expectation,
        contents: Mapping[Pair, str],
        anatomy: Anatomy = NOT_STATED,
    ) -> None:
        self._anatomy = anatomy
        self._films = films
        self._title = title
        self._expectation = expectation
        routes = [
            Route("/pairs", self._pairs),
            Route("/verdicts", self._judge, methods=["POST"]),
        ]
        page = "adjudicate/adjudicate.html"
        super().__init__(
            queues, sign_in, page=page, noun="verdicts", routes=routes, contents=contents
        )

    def setup(self, worklist: PairQueue) -> dict[str, Any]:
        """Reviewer, title, whether they settle disagreements, and what the list may hold."""
        return {
            "reviewer": worklist.reviewer,
            "title": self._title,
            "adjudicates": worklist.adjudicates,
            "expectation": asdict(self._expectation),
            "criteria": self._anatomy.criteria,
            **self._anatomy.of_page,
        }

    def png(self, worklist: PairQueue, name: str) -> bytes | None:
        """See `Desk.png`."""
        film = worklist.film(name)
        return self._films.png(film.kind, film.id) if film else None

    def place(self, worklist: PairQueue, film: Any) -> dict[str, Any] | None:
        """See `Desk.place`; of a pair."""
        name = worklist.name_of(film)
        return {"name": name} if worklist.has(name) else None

    async def _pairs(self, request: Request) -> Response:
        queue = self.worklist_of(request)

        def pairs() -> dict[str, Any]:
            self._films.check()
            queue.refresh()
            pairs = [self._pair_json(queue, entry) for entry in queue.entries()]
            return {"pairs": pairs, **how_far(queue)}

        return await self.answer(pairs)

    async def _judge(self, request: Request) -> Response:
        queue = self.worklist_of(request)
        pair, verdict, note = _parse_verdict(await json_of(request))
        if queue.pair(pair) is None:
            raise Refusal(409, CHANGED)

        def judge() -> dict[str, Any]:
            self._films.check()
            logged = queue.judge(pair, verdict, note)
            entry = self._pair_json(queue, queue.entry(pair))
            return {"pair": entry, **how_far(queue), "logged": int(logged)}

        return await self.answer(judge)

    def _pair_json(self, queue: PairQueue, entry: ShownPair) -> dict[str, Any]:
        verdict, pair = entry.verdict, queue.pair(entry.name)
        return {
            "name": entry.name,
            "code": self.code_of(pair.about) if pair else "",
            "real": entry.real,
            "synthetic": entry.synthetic,
            "view": entry.view,
            "part": entry.part,
            "pose": asdict(entry.pose),
            "verdict": verdict.verdict if verdict else None,
            "note": verdict.note if verdict else "",
            "at": verdict.at if verdict else None,
        }


def contents_of(pairs: Iterable[AuditedPair]) -> dict[Pair, str]:
    """Ids of each pair's films → their hashes."""
    return {pair.about: " ".join(pair.fingerprint) for pair in pairs}


def _parse_verdict(value: Any) -> tuple[str, Word, str]:
    """Name of a pair, verdict and note, as a page sends them.

    Raises:
        Refusal: it is of another form.
    """
    texts = texts_of(value, ("pair", "verdict"), ("note",), _FORM)
    word: Word | None = next((word for word in WORDS if word == texts["verdict"]), None)
    if word is None:
        raise Refusal(400, f"A verdict is one of {', '.join(WORDS)}.")
    if not _NAME.fullmatch(texts["pair"]):
        raise Refusal(400, "A pair's name is 32 hex digits.")
    note = texts.get("note", "")
    if fault := note_fault(note):
        raise Refusal(400, sentence(fault))
    return texts["pair"], word, note


def adjudicate(
    *,
    pairs: Path,
    report: Path,
    cohort: Path,
    synthetic: Sequence[Path],
    audit_log: Path,
    orders: Path,
    reviewers: Sequence[str],
    title: str = "Memorization audit",
    anatomy: Anatomy = NOT_STATED,
    required: int = 2,
    adjudicator: str = "",
    invited: Invited | None = None,
    site: Site,
    open_browser: bool = False,
) -> None:
    """Serve the audit's pages until Ctrl-C.

    Args:
        pairs: what is to be judged, `schemas.PAIRS`.
        report: what the audit says of itself, `audit.json`; the page does without where it must.
        cohort: the real films, `schemas.COHORT`.
        synthetic: the synthetic films, `schemas.ORIENTED`.
        audit_log: folder of the verdict logs; only the reviewers' own are written.
        orders: folder of the recorded seeds.
        reviewers: who judges.
        title: of the pages.
        anatomy: what the films show.
        required: people who must judge a pair.
        adjudicator: the reviewer, if any, who sees only pairs on which the others disagree.
        invited: who is let in besides, by a link of the lead's.
        site: where to listen.
        open_browser: open the first reviewer's page in this machine's browser.

    Raises:
        CxrReleaseError: the films, the pairs, the logs, a reviewer's name or the address are not
            in order.
    """
    check_people(reviewers, invited)
    say(f"reading the list of films in {1 + len(synthetic)} table(s)")
    films = open_audit_films(pairs, cohort, synthetic)
    audit_pairs = read_pairs(pairs, real=films.real.sha256, synthetic=films.synthetic.sha256)
    expectation = expectation_of(report, pairs=len(audit_pairs))
    films.check()
    say(f"reading the verdicts in {audit_log}")
    mirrored = hashes(schemas.ORIENTED, synthetic, "mirrored_sha256")
    state = SharedState(
        VERDICT,
        audit_log,
        {pair.about: pair.fingerprint for pair in audit_pairs},
        also={pair.about: (pair.real_sha256, mirrored[pair.synthetic_id]) for pair in audit_pairs},
    )

    def queue_of(reviewer: str) -> PairQueue:
        return PairQueue(
            reviewer,
            state,
            audit_pairs,
            seed_of(orders, reviewer),
            required=required,
            adjudicator=adjudicator,
        )

    queues = Worklists(queue_of, reviewers, invited)
    state.refresh()

    def app(sign_in: SignIn) -> ASGIApp:
        return AdjudicateApp(
            queues,
            films,
            sign_in,
            title=title,
            expectation=expectation,
            contents=contents_of(audit_pairs),
            anatomy=anatomy,
        )

    say(f"{len(audit_pairs):,} pairs; every verdict is on disk before the page says so")
    serve(app, site, reviewers, invited=invited, open_browser=open_browser)


def open_audit_films(pairs: Path, cohort: Path, synthetic: Sequence[Path]) -> AuditFilms:
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
                "the table of pairs has changed",
                where=str(pairs),
                remedy="stop the server and start it again",
            )

    return AuditFilms(real, generated, check)


def _facts(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError as error:
        raise TableError(
            f"cannot be read: {error.strerror}", where=str(path), remedy="run `dvc repro`"
        ) from error
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
