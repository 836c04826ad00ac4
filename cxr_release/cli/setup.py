"""Commands that make a project, and bring it up to the installed version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cxr_release.cli import complete
from cxr_release.cli.options import HERE, Json, Root, project_at, show

setup_app = typer.Typer()


@setup_app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that it becomes.")],
    preset: Annotated[
        Literal["demo", "trial", "paper", "large"],
        typer.Option(help="demo: phantoms; trial: own films, in minutes; paper, large: for GPUs."),
    ] = "demo",
    cards: Annotated[
        str | None,
        typer.Option(
            help="What the films show: cervical (lateral films of that spine) or chest.",
            show_default="not stated",
            autocompletion=complete.anatomies,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a project: settings, stages, folders, git and DVC.

    One installed tool serves any number of projects. The folder may exist where it holds nothing of
    the same names; nothing is replaced, and after an error nothing is left. --cards gives codes and
    words for films of a part of the body; without it they hold for any films.

    Example: cxr-release init mine --preset trial --cards chest
    """
    from cxr_release.project_setup.init import init as make
    from cxr_release.project_setup.init import text_of

    show(make(folder, preset=preset, anatomy=cards), text_of, as_json=as_json)


@setup_app.command()
def upgrade(
    dry_run: Annotated[bool, typer.Option(help="Say what would change; change nothing.")] = False,
    replace_pipeline: Annotated[
        bool, typer.Option("--replace-pipeline", help="Replace a dvc.yaml that was edited.")
    ] = False,
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Let a project take up the installed version's code.

    `pip install -U cxr-release` changes no project: until this command its stages refuse to run
    with other code than tool.yaml names. It names the stages whose code has changed, which run
    again, and adds parameters that are new, with the values of the project's preset.

    Example: cxr-release upgrade --dry-run
    """
    from cxr_release.project_setup.upgrade import text_of
    from cxr_release.project_setup.upgrade import upgrade as take_up

    report = take_up(project_at(root).root, dry_run=dry_run, replace_pipeline=replace_pipeline)
    show(report, text_of, as_json=as_json)
