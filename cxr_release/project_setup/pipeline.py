"""A project's dvc.yaml, derived from the source tree's: one table of contents for both.

Stages, commands, data and outputs are the same. Where the source tree depends on files of code,
a project depends on their hashes in `tool.yaml`: see `tool_code`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from cxr_release import plain_yaml
from cxr_release.paths import Paths
from cxr_release.tool_code import CODE, TOOL, code_of, installed_sha256, is_code, name_of

Pipeline = dict[str, Any]

HEAD = """\
# The pipeline of this project: `dvc repro` runs what is out of date, `dvc dag` draws it.
# Written by cxr-release init and cxr-release upgrade: settings belong into params.yaml, not here.

"""


PHANTOM_CARDS = "phantoms"
"""Folder of the cards of phantoms: see `Paths.cards_of`."""
CERVICAL = "cervical"
"""What phantoms show, and what may be asked for by this name."""


def anatomies() -> list[str]:
    """Names of the parts of the body for which there are cards."""
    return sorted([CERVICAL, *(path.name for path in _cards("examples") if path.is_dir())])


def own_cards(anatomy: str | None) -> dict[str, str]:
    """Files of codes and meanings that a project gets → where this package has them.

    Those of phantoms are among them, for a project may begin with them, or go back to them.

    Args:
        anatomy: one of `anatomies`; None: not stated, and the cards are those of any films.
    """
    drawn = _yaml(PHANTOM_CARDS)
    places = _yaml("")
    if anatomy:
        places |= drawn if anatomy == CERVICAL else _yaml(f"examples/{anatomy}")
    places |= {f"{PHANTOM_CARDS}/{name}": place for name, place in drawn.items()}
    return {f"cards/{name}": place for name, place in sorted(places.items())}


def _yaml(home: str) -> dict[str, str]:
    """Name of each file of cards in a folder → where this package has it."""
    names = [path.name for path in _cards(home) if path.name.endswith(".yaml")]
    return {name: "/".join(filter(None, ("cards", home, name))) for name in names}


def _cards(*below: str) -> list[Traversable]:
    folder = (files("cxr_release.project_setup") / "files" / "cards").joinpath(*below)
    return list(folder.iterdir()) if folder.is_dir() else []


def own_file(name: str) -> str:
    """The text of a file that every project gets, as this package has it."""
    return (files("cxr_release.project_setup") / "files" / name).read_text(encoding="utf-8")


def derived() -> Pipeline:
    """The value of a project's dvc.yaml."""
    pipeline: Pipeline = plain_yaml.of_text(own_file("pipeline.yaml"))
    for stage in pipeline["stages"].values():
        code = [name_of(entry) for entry in stage["deps"] if is_code(entry)]
        stage["deps"] = [entry for entry in stage["deps"] if not is_code(entry)]
        stage["params"] = [*stage["params"], {TOOL: [f"{CODE}.{name}" for name in code]}]
    return pipeline


def text_of(pipeline: Pipeline) -> str:
    """A pipeline as the text of dvc.yaml."""
    return HEAD + yaml.safe_dump(pipeline, sort_keys=False, width=100, allow_unicode=True)


def tool_text(pipeline: Pipeline, *, version: str, preset: str, sha256: str) -> str:
    """`tool.yaml`: by which code a project's data is made.

    Args:
        pipeline: the project's.
        version: of the installed package.
        preset: whose values parameters take that a later version adds.
        sha256: of dvc.yaml, which tells whether somebody has edited it.
    """
    names = sorted({name for stage in pipeline["stages"].values() for name in code_of(stage)})
    lines = [
        "# The code of cxr-release by which this project's data is made: written by init and",
        "# upgrade. A stage runs again when a hash of its code changes.",
        f'version: "{version}"',
        f"preset: {preset}",
        f'pipeline: "{sha256}"',
        f"{CODE}:",
        *(f'  {name}: "{installed_sha256(name)}"' for name in names),
    ]
    return "\n".join(lines) + "\n"


def input_folders(pipeline: Pipeline) -> list[str]:
    """Folders that stages read and none makes: there must be one even where it is empty.

    That of a matrix's outputs is among them, for there may be no job at all; and so is every folder
    of what people decide, whether a stage reads it or the pages alone.
    """
    stages = pipeline["stages"].values()
    outs = {place for stage in stages for place in _outs(stage) if "$" not in place}
    deps = {place for stage in stages for place in stage["deps"] if place.startswith("data/")}
    inputs = {
        place
        for place in deps
        if "$" not in place
        and not any(
            f"{place}/".startswith(f"{out}/") or out.startswith(f"{place}/") for out in outs
        )
    }
    places = [getattr(Paths(Path()), name) for name in vars(Paths)]
    written_by_people = {
        place.as_posix()
        for place in places
        if isinstance(place, Path) and place.parent == Paths(Path()).reviews
    }
    return sorted(inputs | written_by_people)


def _outs(stage: dict[str, Any]) -> Iterator[str]:
    for kind in ("outs", "metrics"):
        for entry in stage.get(kind, []):
            yield next(iter(entry)) if isinstance(entry, dict) else entry
