"""Judge the most similar pairs in a browser: what `cxr-release adjudicate` calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from starlette.types import ASGIApp

from cxr_release import schemas
from cxr_release.errors import TableError
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.votes import Votes
from cxr_release.memorization.judged import hashes
from cxr_release.memorization.listed import read_pairs
from cxr_release.memorization.pair_queue import PairQueue
from cxr_release.memorization.verdict import VERDICT
from cxr_release.radiographs.shelf import Shelf
from cxr_release.review_app.adjudicate_app import AdjudicateApp, Room
from cxr_release.review_app.door import Door
from cxr_release.review_app.serve import check_people, say, serve
from cxr_release.review_app.site import Site


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
    votes = Votes(
        VERDICT,
        audit_log,
        {one.about: one.fingerprint for one in listed},
        also={one.about: (one.real_sha256, mirrored[one.synthetic_id]) for one in listed},
    )
    queues = {
        reviewer: PairQueue(
            reviewer,
            votes,
            listed,
            seed_of(orders, reviewer),
            required=required,
            adjudicator=adjudicator,
        )
        for reviewer in reviewers
    }
    votes.refresh()

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
    real, generated = Shelf([cohort], schemas.COHORT), Shelf(synthetic, schemas.ORIENTED)

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
