"""Losses of the tuning run's checkpoints, on the films that it saw and on those held out."""

from __future__ import annotations

import numpy as np

from cxr_release import schemas, tables
from cxr_release.exit_status import execute
from cxr_release.files import write_json
from cxr_release.films.film_array import load_films
from cxr_release.films.labels import read_labels
from cxr_release.generators.checkpoints import list_checkpoints, read_record
from cxr_release.generators.diffusion.denoising import fixed_losses
from cxr_release.params.project import UNTRAINED, Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params) -> None:
    """Write both losses of each checkpoint, on the same noise for all of them."""
    if not params.train.steps:
        write_json(paths.curves, {"films": 0, "levels": 0, "curve": [], "note": UNTRAINED})
        return
    ids, films = load_films(paths.trained_table, paths.film_array)
    parts = {row["id"]: row["part"] for row in tables.read_rows(paths.split_table, schemas.SPLIT)}
    # As many of one part as of the other, spread over the cohort.
    count = min(params.curves.films, *(list(parts.values()).count(part) for part in PARTS))
    places = {part: _spread(ids, parts, part, count) for part in PARTS}
    labels = read_labels(paths.classes, paths.labels).of if params.condition.is_on else {}
    curve = [
        {
            "checkpoint": number,
            "checkpoint_step": read_record(folder).checkpoint_step,
            **{
                name: fixed_losses(
                    folder,
                    films[places[part]],
                    levels=params.curves.levels,
                    seed=params.seed,
                    compute=params.compute,
                    labels=[labels[ids[place]] for place in places[part]] if labels else None,
                )
                for part, name in PARTS.items()
            },
        }
        for number, folder in list_checkpoints(paths.tuning).items()
    ]
    write_json(paths.curves, {"films": count, "levels": params.curves.levels, "curve": curve})


PARTS = {"tuning": "training", "held_out": "held_out"}
"""Part of the split → name of its loss."""


def _spread(ids: list[str], parts: dict[str, str], part: str, count: int) -> list[int]:
    places = [place for place, film in enumerate(ids) if parts[film] == part]
    return [places[index] for index in np.linspace(0, len(places) - 1, count).astype(int)]


if __name__ == "__main__":
    execute(run)
