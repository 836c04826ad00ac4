"""An anomaly score of every generated film; if told to, exclude those of the highest scores."""

from __future__ import annotations

from cxr_release import schemas, tables
from cxr_release.exit_status import execute
from cxr_release.files import write_json, write_text
from cxr_release.logbook.entry import line_of
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.screening.anatomy import load_anatomy
from cxr_release.screening.prescreen import (
    anomaly_scores,
    draw_most_anomalous,
    draw_roc,
    exclusions,
    learn,
    report,
    try_out,
)
from cxr_release.workers import workers


def run(paths: Paths, params: Params) -> None:
    """Write the scores, the pre-screen's own log, and how well it finds planted faults."""
    percentile = params.prescreen.percentile
    films = paths.oriented_tables(params.sample.jobs)
    faults = load_anatomy(paths.cards_of(params.ingest.source).anatomy).faults
    with workers([paths.trained_table, *films]) as crew:
        model = learn(paths.trained_table, crew)
        trial = try_out(model, paths.trained_table, crew, seed=params.seed, faults=faults)
        rows = anomaly_scores(model, films, crew)
    if not crew.is_main:
        return
    threshold = model.threshold(percentile)
    # Where it may not exclude, its log is empty but exists, which shows that it ran.
    decisions = (
        exclusions(rows, threshold=threshold, percentile=percentile)
        if params.prescreen.exclude
        else []
    )
    tables.write(paths.prescreen / "scores.parquet", schemas.PRESCREEN, rows)
    write_text(
        paths.prescreen_log, "".join(f"{line_of(decision).decode()}\n" for decision in decisions)
    )
    draw_roc(paths.prescreen / "roc.png", trial, percentile=percentile)
    draw_most_anomalous(paths.prescreen / "doubtful.png", rows, films)
    numbers = report(
        rows, trial, threshold=threshold, percentile=percentile, excluded=len(decisions)
    )
    write_json(paths.prescreen / "prescreen.json", numbers)


if __name__ == "__main__":
    execute(run)
