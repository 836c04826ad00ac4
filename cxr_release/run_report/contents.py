"""What the report shows: read from what the stages left, with None for what has not been run."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from cxr_release import plain_yaml
from cxr_release.errors import REMAKE, DocumentError, one_line
from cxr_release.fidelity.distance_types import deciding, estimate
from cxr_release.fidelity.report import NAMES, Report
from cxr_release.files import read_bounded
from cxr_release.film_id import source_title
from cxr_release.json_documents import read
from cxr_release.project import Project
from cxr_release.release.documents.figures import sheet_file
from cxr_release.release.inputs import ScorecardReport
from cxr_release.run_report.charts import run_loss, score_charts, training_charts
from cxr_release.scorecard.names import COPIES, IDEAL, PARTS, natural, title
from cxr_release.screening.counts import title_of_row
from cxr_release.timings import Timing, read_timings

MOST_PICTURE = 2**26
"""Bytes of a picture that the report holds."""
_PNG = b"\x89PNG\r\n\x1a\n"
_REAL_PAIRS = "pairs.png"


@dataclass(frozen=True)
class StageRow:
    """A stage, and one of its jobs if it has several."""

    name: str
    does: str
    seconds: float | None
    """None: not recorded."""
    peak_bytes: int | None


def contents_of(project: Project, status: Mapping[str, Any], *, real_films: bool) -> dict[str, Any]:
    """Everything that the page prints.

    Args:
        project: whose stages may have run, some or all.
        status: as in `cxr-release status --json`: of films and logs as they are now.
        real_films: show the audit's pairs, on which real films are.

    Raises:
        DocumentError: what a stage left holds something else.
    """
    paths, params = project.paths, project.params
    return {
        "title": params.release.shown_title,
        "version": params.release.version,
        "phantoms": params.ingest.source == "phantoms",
        "shows": project.anatomy().films,
        "real_films": real_films,
        "status": status,
        "rows": _rows(status["counts"]),
        "training": _training(project),
        "sheets": _sheets(project),
        "audit": _audit(project),
        "pairs": png_uri(paths.audit / _REAL_PAIRS) if real_films else None,
        "study": _study(paths.study),
        "score": _score(paths.score / "scorecard.json"),
        "stages": list(_stages(project)),
    }


def _rows(counts: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    rows = counts["rows"] if counts else []
    return [row | {"title": title_of_row(row, "{}, {}")} for row in rows]


def _training(project: Project) -> dict[str, Any] | None:
    """Curves and distances; None before the checkpoint report is there.

    Where nothing was trained here, `note` says so, and there is nothing else.
    """
    path, log = project.paths.checkpoints / "report.json", project.paths.final / "stats.jsonl"
    running = run_loss(log) if log.exists() else None
    if not path.exists():
        return {"note": None, "report": None, "run": running} if running else None
    document = read(path, dict[str, Any])
    if "note" in document:
        return {"note": document["note"], "report": None, "run": running}
    report = read(path, Report)
    return {
        "note": None,
        "report": report,
        "run": running,
        "charts": training_charts(report),
        "points": list(_points(report)),
        "metric": NAMES[report["ranked_by"]],
        "floor": deciding(report["distances"])[1],
    }


def _points(report: Report) -> Iterator[dict[str, Any]]:
    metric, _ = deciding(report["distances"])
    for point in report["distances"]["checkpoints"]:
        number = point["checkpoint"]
        reasons = [
            reason
            for recommended in report["recommended"]
            if recommended["checkpoint"] == number
            for reason in recommended["reasons"]
        ]
        yield {
            "checkpoint": number,
            "step": point["checkpoint_step"],
            "distance": estimate(point, metric),
            "precision": point["precision"],
            "recall": point["recall"],
            "coverage": point["coverage"],
            "ms_ssim": point["ms_ssim"],
            "sampled": number in report["sampled"],
            "reasons": reasons,
        }


def _sheets(project: Project) -> dict[str, str] | None:
    """Contact sheets of released synthetic films, by source; None before there is a release."""
    release = project.paths.release
    if not (release / "release.json").exists():
        return None
    sources = dict.fromkeys(source for source, _ in project.params.sample.jobs)
    sheets = {source_title(source): png_uri(release / sheet_file(source)) for source in sources}
    return {source: sheet for source, sheet in sheets.items() if sheet}


def _audit(project: Project) -> dict[str, Any] | None:
    """How similar synthetic films are to real ones, as a histogram; None before the audit."""
    path = project.paths.audit / "audit.json"
    if not path.exists():
        return None
    report = read(path, dict[str, Any])
    return {"state": report["state"], "chart": png_uri(project.paths.audit / "distances.png")}


def _study(folder: Path) -> dict[str, Any] | None:
    """What readers' answers come to; None before the stage ran."""
    path = folder / "study.json"
    if not path.exists():
        return None
    report = read(path, dict[str, Any])
    charts = {
        "How real films look to readers": png_uri(folder / "realism.png"),
        "How often readers name the real film": png_uri(folder / "identification.png"),
    }
    return {
        "sentence": report["sentence"],
        "quartets": report["quartets"],
        "charts": {label: chart for label, chart in charts.items() if chart},
    }


def _score(path: Path) -> dict[str, Any] | None:
    """The scorecard's parts in a table, and its charts; None before it is there."""
    if not path.exists():
        return None
    report = read(path, ScorecardReport).plain()
    summary = report["summary"]
    rows = {
        "this release": summary,
        "other real films": summary["anchors"][IDEAL],
        "copies of films that were trained on": summary["anchors"][COPIES],
    } | {
        title(name): summary["checkpoints"][name]
        for name in sorted(summary["checkpoints"], key=natural)
    }
    return {
        "parts": PARTS,
        "rows": rows,
        "why_not": summary["why_not"],
        "notes": report["notes"],
        "charts": score_charts(report),
    }


def _stages(project: Project) -> Iterator[StageRow]:
    """Every stage of dvc.yaml, in order, with each job that was recorded."""
    recorded: dict[str, list[Timing]] = {}
    for timing in read_timings(project.paths):
        recorded.setdefault(timing["stage"].partition("@")[0], []).append(timing)
    for name, does in _pipeline(project.paths.pipeline).items():
        for timing in recorded.get(name, []):
            yield StageRow(timing["stage"], does, timing["seconds"], timing["peak_bytes"])
        if name not in recorded:
            yield StageRow(name, does, None, None)


def _pipeline(path: Path) -> dict[str, str]:
    """Stage → what it does."""
    try:
        stages = plain_yaml.of_file(path)["stages"]
        return {str(name): str(stage.get("desc", "")) for name, stage in stages.items()}
    except FileNotFoundError:
        raise DocumentError("no such file", where=str(path), remedy="see --root") from None
    except (plain_yaml.NotPlainError, KeyError, TypeError, AttributeError) as error:
        message = f"is not a pipeline: {one_line(str(error))}"
        raise DocumentError(message, where=str(path)) from None


def png_uri(path: Path) -> Markup | None:
    """A PNG as a `data:` address; None where there is no such file.

    Raises:
        DocumentError: it is not a PNG, or is too large for a page.
    """
    if not path.exists():
        return None
    try:
        data = read_bounded(path, MOST_PICTURE, follow=True)
    except OSError as error:
        raise DocumentError(one_line(str(error.strerror)), where=str(path), remedy=REMAKE) from None
    if not data.startswith(_PNG):
        raise DocumentError("is not a PNG", where=str(path), remedy=REMAKE)
    # Base 64 holds nothing that HTML reads as its own.
    return Markup("data:image/png;base64," + base64.b64encode(data).decode())  # noqa: S704
