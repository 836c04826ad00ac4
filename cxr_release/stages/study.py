"""Draw the blinded quartets and their key, and take in what readers answered."""

from __future__ import annotations

from cxr_release import schemas, tables
from cxr_release.files import write_json
from cxr_release.params import BATCHES, Params
from cxr_release.paths import Paths
from cxr_release.radiographs import png
from cxr_release.reader_study.quartets import REAL, Shown, draw_quartets
from cxr_release.reader_study.responses import read_responses
from cxr_release.stages.run import execute


def run(paths: Paths, params: Params) -> None:
    """Write the kit, the key apart from it, the responses so far, and what the study is."""
    sources, films = _films(paths, params)
    shown = draw_quartets(sources, quartets=params.study.quartets, seed=params.seed)
    tables.write(paths.study / "kit.parquet", schemas.KIT, [_kit_row(one, films) for one in shown])
    tables.write(paths.study_key, schemas.KEY, [vars(one) for one in shown])
    responses = read_responses(paths.responses)
    tables.write(paths.study / "responses.parquet", schemas.RESPONSES, responses)
    raters = {row["rater"] for row in responses}
    write_json(
        paths.study / "study.json",
        {
            "quartets": len({one.quartet for one in shown}),
            "quartets_wanted": params.study.quartets,
            "images_per_quartet": len(sources),
            "checkpoints": list(params.sample.checkpoints),
            "raters": len(raters),
            "ratings": len(responses),
            "review": {"state": "partial" if responses else "none"},
        },
    )


Films = dict[tuple[str, str], bytes]
"""(source, id) → PNG bytes: a real film's id is a stranger's and could be a synthetic one's."""


def _films(paths: Paths, params: Params) -> tuple[dict[str, dict[str, str]], Films]:
    """Source → film → pixel hash of all that may be drawn, and their bytes."""
    screened = tables.read_rows(paths.screening / "screened.parquet", schemas.SCREENED)
    released = {film["id"] for film in screened if film["released"]}
    sources: dict[str, dict[str, str]] = {REAL: {}}
    films: Films = {}
    for row in tables.iterate(paths.cohort_table, schemas.COHORT):
        sources[REAL][row["id"]] = row["pixel_sha256"]
        films[REAL, row["id"]] = row["image"]["bytes"]
    for checkpoint in params.sample.checkpoints:
        source = f"checkpoint-{checkpoint}"
        sources[source] = {}
        table = paths.oriented_table(checkpoint, BATCHES[0])
        for row in tables.iterate(table, schemas.ORIENTED):
            if row["id"] in released:
                sources[source][row["id"]] = row["pixel_sha256"]
                films[source, row["id"]] = row["image"]["bytes"]
    return sources, films


def _kit_row(one: Shown, films: Films) -> dict[str, object]:
    # Synthetic films carry a label and real ones do not: both are encoded anew, without one.
    film = png.decode(films[one.source, one.id], where=one.id)
    return {
        "image": png.cell(png.encode(film, synthetic=False), one.name),
        "quartet": one.quartet,
        "position": one.position,
        "name": one.name,
    }


if __name__ == "__main__":
    execute(run)
