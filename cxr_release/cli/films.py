"""Commands that take films in, find them again, and draw them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cxr_release.cli import complete
from cxr_release.cli.options import HERE, Json, Root, given_ids, project_at
from cxr_release.errors import CxrReleaseError
from cxr_release.film_id import jobs_of
from cxr_release.tool_code import require_installed

if TYPE_CHECKING:
    from cxr_release.project import Project


def ingest(
    source: Annotated[str, typer.Argument(help="A folder of films, or `phantoms`.")],
    output: Annotated[Path, typer.Argument(help="Where cohort.parquet and its manifest go.")],
    size: Annotated[
        str, typer.Option(help="Pixels on each side, or WIDTHxHEIGHT.", metavar="PIXELS")
    ] = "256",
    fit: Annotated[
        Literal["stretch", "pad", "physical"],
        typer.Option(help="pad keeps proportions; physical brings films to one scale."),
    ] = "stretch",
    millimetres: Annotated[
        float | None, typer.Option(help="With physical: what the longer side of a film shows.")
    ] = None,
    field: Annotated[
        Literal["whole", "exposed"], typer.Option(help="exposed cuts borders of collimators off.")
    ] = "whole",
    on_error: Annotated[
        Literal["stop", "skip"], typer.Option(help="What to do at bad films.")
    ] = "stop",
    key: Annotated[
        Path | None,
        typer.Option(help="File of the key behind the films' ids; created if missing."),
    ] = None,
    phantoms: Annotated[int, typer.Option(help="Films to draw, for `phantoms`.")] = 600,
    phantom_borders: Annotated[
        Literal["none", "bright", "dark", "mixed"],
        typer.Option(help="Around them, as collimators leave."),
    ] = "none",
    seed: Annotated[int, typer.Option(help="Seed of the phantoms.", min=0, max=2**63 - 1)] = 2026,
) -> None:
    """Take films in and say what became of each, without a project.

    PNG, JPEG, TIFF or DICOM of any depth become 8-bit grey of one size, bone bright.

    Every file is accounted for in OUTPUT/manifest.parquet, by its name; the films go to
    OUTPUT/cohort.parquet, by opaque ids: the same ones again only with the same --key.

    Example: cxr-release ingest ~/films data/try --size 256 --on-error skip
    """
    from cxr_release import api

    summary = api.ingest(
        source,
        output,
        size=_sides(size),
        fit=fit,
        millimetres=millimetres,
        field=field,
        on_error=on_error,
        key=key,
        phantoms=phantoms,
        phantom_borders=phantom_borders,
        seed=seed,
    )
    print(json.dumps(summary, indent=2, sort_keys=True))


def where(
    names: Annotated[list[str], typer.Argument(help="Such as dicom-00012, of the manifest.")],
    source: Annotated[Path | None, typer.Option(help="Folder of DICOM films.")] = None,
    key: Annotated[Path | None, typer.Option(help="File of the key behind the ids.")] = None,
    root: Root = HERE,
) -> None:
    """Say which DICOM file is behind a name of the manifest. Paths may name patients.

    The headers are read anew: nothing keeps this list. Without --source and --key they are those
    of the project.

    Example: cxr-release where dicom-00012
    """
    from cxr_release.films.dicom_folder import find_places
    from cxr_release.films.film_key import read_key

    project = project_at(root)
    ingested = project.params.ingest
    folder = source or project.paths.root / ingested.source
    file_key = read_key(key or project.paths.film_key)
    for name, path in find_places(names, folder, file_key, ingested.dicom).items():
        print(f"{name}  {path}")


def sample(
    further_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", hidden=True)] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID...",
            help="Films to make again, or - for stdin.",
            autocompletion=complete.jobs,
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="With --only: folder for the films (PNG).")] = Path(
        "again"
    ),
    root: Root = HERE,
    as_json: Json = False,
) -> None:
    """Draw all films of params.yaml, or single ones again.

    Without --only it runs every sampling job, as `dvc repro` does, and goes on where one was
    stopped; `accelerate launch --no_python cxr-release sample` spreads them over several GPUs.
    With --only it writes the films as their job drew them, before they were turned to face left,
    and says how far they are from those that are there: 0 grey levels on the same CPU.

    Example: cxr-release sample --only checkpoint-3-large-00012 checkpoint-6-initial-00003
    """
    if further_ids and not only:
        raise typer.BadParameter("film ids go after --only")
    project = _that_draws(project_at(root))
    if not only:
        from cxr_release.stages import sample, sample_generators

        require_installed(project.root, "sample")
        for source, batch in jobs_of(map(str, project.params.sample.checkpoints)):
            sample.run(project.paths, project.params, source, batch)
        for source, batch in jobs_of(project.params.sample.beside):
            sample_generators.run(project.paths, project.params, source, batch)
        return
    from cxr_release.generators.regenerate import film_ids, regenerate

    films = regenerate(
        film_ids(given_ids([*only, *(further_ids or [])])),
        output,
        drawn_from=project.drawn_from,
        job_folder=project.paths.job,
        root_seed=project.params.seed,
        settings=project.params.sample,
        compute=project.params.compute,
        condition=project.params.condition,
    )
    if as_json:
        print(json.dumps({"films": films}, indent=2, sort_keys=True))
        return
    for film in films:
        off = film["difference"]
        comparison = (
            "not drawn before" if off is None else f"{off} grey level(s) from the one drawn before"
        )
        drawn_as = f", drawn as {film['label']}" if "label" in film else ""
        print(f"{film['file']}  seed {film['seed']}{drawn_as}, {comparison}")


def _that_draws(project: Project) -> Project:
    """The project itself.

    Raises:
        CxrReleaseError: other generators drew all of its films.
    """
    if not project.params.sample.checkpoints:
        raise CxrReleaseError(
            "names no checkpoint: other generators drew all films",
            where="sample.checkpoints",
            remedy="`dvc repro collect` takes them in",
        )
    return project


def _sides(text: str) -> int | tuple[int, int]:
    """A size as the command line writes it: 256, or 192x256."""
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) > 2 or not all(part.isascii() and part.isdecimal() for part in parts):
        raise typer.BadParameter(f"{text!r} is neither a number of pixels nor WIDTHxHEIGHT")
    sides = [int(part[:9]) for part in parts]
    return sides[0] if len(sides) == 1 else (sides[0], sides[1])
