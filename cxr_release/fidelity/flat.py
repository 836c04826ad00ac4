"""The curves as flat CSV files, which `dvc plots` reads.

One row a checkpoint and one column a curve: `dvc plots` tells curves apart by their columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from cxr_release.fidelity.points import deciding, estimate, taken
from cxr_release.fidelity.report import Report
from cxr_release.files import write_text


def write_losses(report: Report, path: Path) -> None:
    """Write `checkpoint, step, training, held_out`."""
    _write(
        path,
        [
            {
                "checkpoint": point["checkpoint"],
                "step": point["checkpoint_step"],
                "training": point["training"],
                "held_out": point["held_out"],
            }
            for point in report["losses"]
        ],
    )


def write_distances(report: Report, path: Path) -> None:
    """Write `checkpoint, step`, then `<metric>, <metric>_low, <metric>_high` of each metric.

    First of them `distance`, which repeats the one that ranks checkpoints, named in `ranked_by`:
    a column that is there whether or not FID was taken.
    """
    distances = report["distances"]
    ranking, _ = deciding(distances)
    rows = []
    for point in distances["checkpoints"]:
        row: dict[str, float | str] = {
            "checkpoint": point["checkpoint"],
            "step": point["checkpoint_step"],
            "ranked_by": ranking,
        }
        for name, metric in {"distance": ranking, **{one: one for one in taken(distances)}}.items():
            found = estimate(point, metric)
            row |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
        rows.append(row)
    _write(path, rows)


def _write(path: Path, rows: Sequence[Mapping[str, float | str]]) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(path, text.getvalue())
