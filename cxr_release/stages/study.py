"""Unblind what readers answered, and say what it comes to: statistics and figures."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NotRequired

from tqdm import tqdm
from typing_extensions import TypedDict

from cxr_release import schemas, tables
from cxr_release.exit_status import execute
from cxr_release.files import whole_file, write_json
from cxr_release.json_documents import read
from cxr_release.logbook.witnesses import require_kept
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.reader_study.analysis import analyze
from cxr_release.reader_study.collect import Collected, collect, unblind
from cxr_release.reader_study.figures import draw_identification, draw_realism
from cxr_release.reader_study.kit import Kit, KitFilm
from cxr_release.reader_study.ratings import ratings_of
from cxr_release.reader_study.report import sentence_of


class Draw(TypedDict):
    """`draw.json`, as far as the study is described by it."""

    elsewhere: NotRequired[list[str]]
    """Names of the films in it that another generator drew, where there are any."""

    quartets: int
    quartets_wanted: int
    images_per_quartet: int
    checkpoints: list[int]
    served: bool
    not_released: int


def run(paths: Paths, params: Params) -> None:
    """Write the responses, what the study comes to, and its figures once a reader has finished."""
    require_kept(paths.root, [paths.responses])
    kit = Kit(tuple(KitFilm(**row) for row in tables.read_rows(paths.kit, schemas.KIT)))
    key = tables.read_rows(paths.key_table, schemas.KEY)
    draw = read(paths.study_key / "draw.json", Draw)
    answers = collect(paths.responses, kit)
    for sentence in answers.identical:
        tqdm.write(f"warning: {paths.responses}: {sentence}", file=sys.stderr)
    rows = unblind(answers.ratings, {film["name"]: film["source"] for film in key})
    tables.write(paths.study / "responses.parquet", schemas.RESPONSES, rows)
    _write_csv(paths.study / "responses.csv", rows)
    analysis = None
    if rows:
        ratings = ratings_of(rows)
        analysis = analyze(ratings, params.study, seed=params.seed)
        draw_realism(paths.study, ratings, analysis)
        draw_identification(paths.study, ratings, analysis)
    write_json(
        paths.study / "study.json",
        {
            **draw,
            **_progress(answers, params),
            "analysis": analysis,
            "sentence": sentence_of(analysis) if analysis else "",
        },
    )


def _progress(answers: Collected, params: Params) -> dict[str, Any]:
    readers, required = len(answers.readers), params.study.readers_required
    begun = readers + len(answers.unfinished)
    return {
        "raters": readers,
        "ratings": len(answers.ratings),
        "unfinished": answers.unfinished,
        "median_seconds": median(answers.seconds) if answers.seconds else None,
        "review": {
            "state": "complete" if readers >= required else "partial" if begun else "none",
            "readers": readers,
            "required": required,
        },
    }


def _write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """The responses as `cxr-release study analyze` and R read them."""
    columns = [column.name for column in schemas.RESPONSES.columns]
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(columns)
        for row in rows:
            picked = "true" if row["identified_as_real"] else "false"
            lines.writerow([*(row[name] for name in columns[:-1]), picked])


if __name__ == "__main__":
    execute(run)
