"""Screen the generated films in a browser: what `cxr-release review` calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from starlette.types import ASGIApp

from cxr_release import schemas
from cxr_release.errors import DecisionError
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.votes import Votes
from cxr_release.radiographs.shelf import Shelf
from cxr_release.review_app.app import ReviewApp
from cxr_release.review_app.door import Door
from cxr_release.review_app.facing import FacingDesk
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site
from cxr_release.screening.decision import DECISION, PRESCREEN
from cxr_release.screening.facing import FACING
from cxr_release.screening.films import read_generated
from cxr_release.screening.order import Order, order_of
from cxr_release.screening.queue import Queue
from cxr_release.screening.reasons import of_people


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
        scores: film id → doubt of the pre-screen; for `doubtful-first`.
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
    shelf = Shelf(tables, schemas.ORIENTED)
    films = read_generated(tables)
    shelf.check()
    say(f"reading the decisions in {screening_log}")
    mirrored = {film.id: film.mirrored_sha256 for film in films}
    votes = Votes(DECISION, screening_log, shelf.sha256, also=mirrored, nobody={PRESCREEN})
    facing = FacingDesk(Votes(FACING, facing_log, shelf.sha256, also=mirrored), films)
    facing.refresh()
    doubts = (scores or {}) if order == "doubtful-first" else None
    queues = {}
    for reviewer in reviewers:
        seed = seed_of(orders, reviewer)
        queues[reviewer] = Queue(
            reviewer,
            votes,
            order_of(films, seed, doubts),
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
