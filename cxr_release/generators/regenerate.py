"""Single films, regenerated from their names alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release import tables
from cxr_release.errors import CxrReleaseError, Fault
from cxr_release.files import whole_file
from cxr_release.film_id import FilmId, checkpoint_of, origin_of, source_name, source_title
from cxr_release.films import png
from cxr_release.films.png import Film
from cxr_release.generators.opening import conditions_of, draw
from cxr_release.generators.runtime.compute import processes
from cxr_release.generators.sampling import UNCONDITIONAL, film_labels, source_seed
from cxr_release.params.sampling import SampleParams
from cxr_release.params.training import ComputeParams, ConditionParams
from cxr_release.schemas import SAMPLES


def film_ids(names: Sequence[str]) -> list[FilmId]:
    """The ids that names of films say, each once, in order.

    Raises:
        CxrReleaseError: some are not names of synthetic films, or of films that another generator
            drew; all of those are given.
    """
    ids = {name: FilmId.parse(name) for name in names}
    faults = [Fault(name, "not such a name") for name, film in ids.items() if film is None]
    if faults:
        raise CxrReleaseError(
            "not names of synthetic films",
            remedy="they look like checkpoint-34-large-00012",
            faults=faults,
        )
    films = {film for film in ids.values() if film}
    elsewhere = [film for film in films if origin_of(film.source) == "elsewhere"]
    if elsewhere:
        raise CxrReleaseError(
            "cannot be drawn again here: another generator drew them",
            remedy="leave them out; only films that were drawn here follow from their names",
            faults=[
                Fault(str(film), f"is one of {source_title(film.source)}")
                for film in sorted(elsewhere, key=lambda film: film.order)
            ],
        )
    return sorted(films, key=lambda film: film.order)


def regenerate(
    films: Sequence[FilmId],
    output: Path,
    *,
    drawn_from: Callable[[str], Path],
    job_folder: Callable[[str, str], Path],
    root_seed: int,
    settings: SampleParams,
    compute: ComputeParams,
    condition: ConditionParams = UNCONDITIONAL,
) -> list[dict[str, Any]]:
    """Draw films as their sampling job drew them, before they were turned to face left.

    Args:
        films: which ones, all drawn here.
        output: folder that gets a PNG for each.
        drawn_from: the checkpoint's folder, by source.
        job_folder: of a sampling job by source and batch, to compare with.
        root_seed: the pipeline's seed.
        settings: as the job had them; the batch size does not matter.
        compute: as the job had it.
        condition: likewise.

    Returns:
        For each film `id`, `label` where it is drawn as a class, `seed`, `file`, `sha256`,
        `pixel_sha256`, and `difference`: the largest one, in grey levels, from the film in the
        job's shards; None where there is none.

    Raises:
        CheckpointError: a checkpoint cannot be loaded, or was not trained as `condition` says.
        TableError, SourceError: a shard, or a film in it, cannot be read.
    """
    by_job = defaultdict(list)
    for film in films:
        by_job[film.source, film.batch].append(film)
    regenerated = []
    for (source, batch), job_films in by_job.items():
        originals = _films_of_job(job_folder(source, batch), {str(film) for film in job_films})
        folder, guidance = drawn_from(source), settings.guidance
        is_checkpoint = checkpoint_of(source) is not None
        seeds = [source_seed(root_seed, source, batch, film.index) for film in job_films]
        labels = film_labels(
            conditions_of(source, folder),
            condition if is_checkpoint else UNCONDITIONAL,
            [film.index for film in job_films],
            source=source,
            batch=batch,
            root_seed=root_seed,
        )
        drawn = draw(
            source,
            folder,
            seeds,
            settings=settings,
            compute=compute,
            labels=labels,
            class_guidance=condition.guidance,
            guide=drawn_from(source_name(guidance.checkpoint))
            if guidance and is_checkpoint
            else None,
        )
        for place, pixels in enumerate(drawn):
            if processes().is_main:
                film = job_films[place]
                made = _write_film(film, seeds[place], pixels, originals.get(str(film)), output)
                regenerated.append(made | ({} if labels is None else {"label": labels[place]}))
    return regenerated


def _write_film(
    film: FilmId, seed: int, pixels: Film, original: Film | None, output: Path
) -> dict[str, Any]:
    data = png.encode(pixels, synthetic=True, origin=origin_of(film.source))
    path = output / f"{film}.png"
    with whole_file(path) as partial:
        partial.write_bytes(data)
    facts = png.facts(pixels, data)
    difference = None
    if original is not None and original.shape == pixels.shape:
        difference = int(np.abs(original.astype(int) - pixels).max())
    return {
        "id": str(film),
        "seed": seed,
        "file": str(path),
        "sha256": facts["sha256"],
        "pixel_sha256": facts["pixel_sha256"],
        "difference": difference,
    }


def _films_of_job(job: Path, names: set[str]) -> dict[str, Film]:
    """The films of these names in a job's shards."""
    return {
        row["id"]: png.decode(row["image"]["bytes"], where=f"{shard}: {row['id']}")
        for shard in sorted(job.glob("shard-*.parquet"))
        for row in tables.iterate(shard, SAMPLES)
        if row["id"] in names
    }
