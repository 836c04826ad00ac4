"""Films that another generator drew are screened and counted as those of checkpoints are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.errors import DecisionError
from cxr_release.logbook.logs import read_all
from cxr_release.params.load import load_params
from cxr_release.params.people import ScreenParams
from cxr_release.screening.consensus import apply
from cxr_release.screening.counts import decided_by, draw_reasons, table_s1
from cxr_release.screening.decision import DECISION
from cxr_release.screening.films import Generated, read_generated, read_listed
from cxr_release.screening.record_decisions import decide
from tests.support import ROOT
from tests.support.oriented import oriented_row

RULE = ScreenParams(
    reviewers_required=1, conflict="exclude", require_complete=False, adjudicator=""
)
JOBS = [
    ("checkpoint-10", "large"),
    ("checkpoint-9", "initial"),
    ("gan", "initial"),
    ("gan", "large"),
]
REASONS = {"artefact": "An artefact."}


@pytest.fixture
def films(tmp_path: Path) -> list[Generated]:
    paths = []
    for place, job in enumerate(JOBS):
        greys = [np.full((16, 16), 50 * place + index, np.uint8) for index in range(3)]
        rows = [oriented_row(film, *job, index) for index, film in enumerate(greys)]
        paths.append(tmp_path / f"{place}.parquet")
        tables.write(paths[-1], schemas.ORIENTED, rows)
    return read_generated(paths)


def test_counts_name_their_source(films: list[Generated], tmp_path: Path) -> None:
    log = tmp_path / "log"
    out = ["gan-large-00001", "checkpoint-9-initial-00000"]
    decide(log, "a.b", out, "exclude", films=films, reasons=REASONS, reason="artefact")
    logs = read_all(DECISION, log)
    result = apply(films, logs, RULE, REASONS)
    named = [
        (row["checkpoint"], row.get("source"), row["batch"], row["excluded"])
        for row in result.counts["rows"]
    ]
    assert named == [
        *((9, None, "initial", 1), (None, "gan", "initial", 0)),
        *((10, None, "large", 0), (None, "gan", "large", 1)),
    ]
    assert table_s1(result.counts).splitlines()[2:6] == [
        "| Checkpoint 9 (initial sampling) | 3 | 1 | 2 | 2 |",
        "| gan (initial) | 3 | 0 | 3 | 3 |",
        "| Checkpoint 10 (large generation) | 3 | 0 | 3 | 3 |",
        "| gan (large) | 3 | 1 | 2 | 2 |",
    ]
    assert decided_by(films, logs)["gan", "large"] == {"a.b": 1}
    tables.write(tmp_path / "screened.parquet", schemas.SCREENED, result.screened)
    tables.write(tmp_path / "exclusions.parquet", schemas.EXCLUSIONS, result.exclusions)
    draw_reasons(tmp_path / "reasons.png", result.counts)
    assert (tmp_path / "reasons.png").stat().st_size > 1000


def test_decisions_on_a_source_that_was_dropped_are_left_alone(
    films: list[Generated], tmp_path: Path
) -> None:
    decide(tmp_path / "log", "a.b", ["gan-large-00001"], "keep", films=films, reasons=REASONS)
    logs = read_all(DECISION, tmp_path / "log")
    rest = [film for film in films if film.job[0] != "gan"]
    review = apply(rest, logs, RULE, REASONS).counts["review"]
    assert (review["elsewhere"], review["decided"]) == (1, 0)


def test_a_table_from_elsewhere_names_sources_by_checkpoint_or_by_id(tmp_path: Path) -> None:
    head = "id,checkpoint,batch,sha256\n"
    path = tmp_path / "films.csv"
    path.write_text(head + f"x1,34,large,{'a' * 64}\ngan-large-00001,,large,{'b' * 64}\n")
    assert [film.job for film in read_listed(path)] == [
        ("checkpoint-34", "large"),
        ("gan", "large"),
    ]
    path.write_text(head + f"x1,,large,{'a' * 64}\n")
    with pytest.raises(DecisionError, match="of no source") as caught:
        read_listed(path)
    assert [fault.where for fault in caught.value.faults] == ["x1"]


def test_the_default_rule_takes_them_too(films: list[Generated]) -> None:
    params = load_params(ROOT / "params.yaml")
    result = apply(films, {}, replace(params.screen), None)
    assert result.counts["total"]["released"] == len(films)
