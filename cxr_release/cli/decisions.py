"""Commands that log decisions on films, count them, and verify and join logs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cxr_release.cli import complete
from cxr_release.cli.options import (
    HERE,
    Ids,
    Images,
    Json,
    Note,
    Reviewer,
    Reviews,
    Root,
    given_ids,
    project_at,
    show,
)

if TYPE_CHECKING:
    from cxr_release.screening.decision import Verb

log_app = typer.Typer(no_args_is_help=True, help="The reviewers' decision logs.")


def exclude(
    ids: Ids,
    reviewer: Reviewer,
    reason: Annotated[
        str,
        typer.Option(help="Code from cards/reasons.yaml.", autocompletion=complete.reasons),
    ],
    note: Note = "",
    root: Root = HERE,
) -> None:
    """Exclude films from the release, with a reason.

    Example: cxr-release exclude checkpoint-3-large-00012 --reason artefact --reviewer a.b
    """
    _decide(root, reviewer, ids, "exclude", reason=reason, note=note)


def keep(ids: Ids, reviewer: Reviewer, note: Note = "", root: Root = HERE) -> None:
    """Keep films: they were looked at and are plausible.

    Example: cxr-release keep - --reviewer a.b < ids.txt
    """
    _decide(root, reviewer, ids, "keep", note=note)


def retract(ids: Ids, reviewer: Reviewer, note: Note = "", root: Root = HERE) -> None:
    """Take back your own decisions on films. The log keeps both lines.

    Example: cxr-release retract checkpoint-3-large-00012 --reviewer a.b
    """
    _decide(root, reviewer, ids, "retract", note=note)


def facing(
    ids: Ids,
    reviewer: Reviewer,
    faces: Annotated[
        Literal["left", "right", "unknown", "retract"],
        typer.Option(help="As it is now; retract takes back what you said."),
    ],
    note: Note = "",
    root: Root = HERE,
) -> None:
    """Say which way films face as they are now.

    For films of which that was found wrongly or not at all.

    The log under data/reviews/facing keeps it; the next `dvc repro` mirrors what faces right. Where
    reviewers differ, the facing is unknown, and the film stays as it was sampled.

    Example: cxr-release facing checkpoint-3-large-00012 --faces right --reviewer a.b
    """
    from cxr_release.screening.record_decisions import record_facing

    project = project_at(root)
    project.require_logs(project.paths.facing_log, [reviewer])
    decisions = record_facing(
        project.paths.facing_log, reviewer, given_ids(ids), faces, films=project.films(), note=note
    )
    print(f"logged {len(decisions)} facing decision(s) of {reviewer}: {faces}")


def counts(
    images: Images = None,
    reviews: Reviews = None,
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Count films generated, excluded and released (Table S1).

    The logs are verified first, and every decision is held against the films. With --images it
    works on any set of films, with any codes of reasons.

    Example: cxr-release counts --images films.csv --reviews data/reviews/screening --json
    """
    from cxr_release.screening.counts import table_s1

    table = project_at(root, needed=images is None).counts(images, reviews)
    show(table, lambda counts: table_s1(counts).rstrip(), as_json=as_json)


def _decide(
    root: Path, reviewer: str, ids: list[str], verb: Verb, *, reason: str = "", note: str
) -> None:
    from cxr_release.screening.record_decisions import decide

    project = project_at(root)
    project.require_logs(project.paths.screening_log, [reviewer])
    decisions = decide(
        project.paths.screening_log,
        reviewer,
        given_ids(ids),
        verb,
        films=project.films(),
        reasons=project.reasons(),
        reason=reason,
        note=note,
    )
    print(f"logged {len(decisions)} decision(s) of {reviewer}: {verb}")


@log_app.command()
def verify(
    images: Images = None,
    reviews: Reviews = None,
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Verify every log: its chain, its end, and its films.

    Of the decisions on films, of the verdicts on pairs, and of the readers' answers.

    A line that was changed, removed or moved is named, and so is a decision on a film that is
    unknown or has changed. What a crash left of an unfinished last line is set aside beside the
    log, with a message. Before any film is sampled the chains alone are verified.

    Example: cxr-release log verify
    """
    from cxr_release.cli.log import text_of, verify_logs

    report = verify_logs(project_at(root, needed=images is None), images, reviews)
    show(report, text_of, as_json=as_json)


@log_app.command()
def join(
    other: Annotated[str, typer.Argument(help="The other log of that person, or - for stdin.")],
    into: Annotated[
        Path,
        typer.Option(
            help="The log here: data/reviews/KIND/NAME.jsonl.", autocompletion=complete.logs
        ),
    ],
    as_json: Json = False,
) -> None:
    """Join what one person logged on two machines.

    The log from the other machine goes into theirs here.

    Where git cannot merge a log, take one side whole and join the other one in. Nothing in
    the log here is rewritten: the other log's lines are added behind, each with its own time and
    the hash of the line that it comes from; where both decide on a film, the later counts. The
    other log is kept beside this one and verifies by itself. Joining twice is joining once.

    Example: cxr-release log join other.jsonl --into data/reviews/screening/a.b.jsonl
    """
    from cxr_release.cli.log import join_log
    from cxr_release.logbook.join import text_of

    done = join_log(other, into)
    show(asdict(done), lambda _: text_of(done), as_json=as_json)
