"""What a shell offers at the tab key: codes, people, checkpoints and logs of the project.

A completion never fails and prints nothing: where the project cannot be read, nothing is offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from cxr_release.project import Project

Offer = tuple[str, str]
"""A value, and what it means."""


def _of_project(
    offers: Callable[[Project], Iterable[Offer]],
) -> Callable[[typer.Context, str], list[Offer]]:
    """A completion by a project: that of --root, or the one that the user stands in."""

    def complete(ctx: typer.Context, incomplete: str) -> list[Offer]:
        from cxr_release.cli.options import HERE, project_at

        try:
            project = project_at(Path(ctx.params.get("root") or HERE))
            return [offer for offer in offers(project) if offer[0].startswith(incomplete)]
        except Exception:  # noqa: BLE001 - a half-typed line is not the place to report it
            return []

    return complete


def _reasons(project: Project) -> Iterator[Offer]:
    from cxr_release.screening.decision import of_people

    reasons = project.reasons()
    yield from ((code, reasons[code]) for code in of_people(reasons))


def _withdrawal_reasons(project: Project) -> Iterator[Offer]:
    from cxr_release.screening.decision import of_withdrawals

    reasons = project.reasons()
    yield from ((code, reasons[code]) for code in of_withdrawals(reasons))


def _people(project: Project) -> Iterator[Offer]:
    """Everybody who has a log or an order, of any task."""
    tasks: dict[str, list[str]] = {}
    for path in sorted(project.paths.reviews.glob("*/*.json*")):
        if path.suffix in {".json", ".jsonl"} and path.parent.name != "quartets":
            tasks.setdefault(path.stem, []).append(path.parent.name)
    yield from ((name, ", ".join(places)) for name, places in sorted(tasks.items()))


def _jobs(project: Project) -> Iterator[Offer]:
    """Beginnings of the names of films: `checkpoint-3-large-`."""
    from cxr_release.film_id import job_name

    for source, batch in project.params.sample.jobs:
        yield f"{job_name(source, batch)}-", "such as …00012"


def _checkpoints(project: Project) -> Iterator[Offer]:
    for run in (project.paths.final, project.paths.autoencoder):
        for path in sorted(run.glob("checkpoint-*")):
            yield path.as_posix(), ""


def _logs(project: Project) -> Iterator[Offer]:
    for path in sorted(project.paths.reviews.glob("*/*.jsonl")):
        yield path.as_posix(), path.parent.name


def anatomies(incomplete: str) -> list[str]:
    """Parts of the body for which `init` has cards."""
    from cxr_release.project_setup.pipeline import anatomies as known

    return [name for name in known() if name.startswith(incomplete)]


reasons = _of_project(_reasons)
withdrawal_reasons = _of_project(_withdrawal_reasons)
people = _of_project(_people)
jobs = _of_project(_jobs)
checkpoints = _of_project(_checkpoints)
logs = _of_project(_logs)
