"""Report of loss curves and distances: which checkpoints to sample from, and why."""

from __future__ import annotations

import sys

from tqdm import tqdm

from cxr_release.exit_status import execute
from cxr_release.fidelity.curves import (
    draw_bands,
    draw_distances,
    draw_losses,
    draw_quality,
    write_distances,
    write_losses,
)
from cxr_release.fidelity.distance_types import Distances
from cxr_release.fidelity.report import Losses, checkpoint_report
from cxr_release.files import whole_folder, write_json
from cxr_release.json_documents import read
from cxr_release.params.project import UNTRAINED, Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params) -> None:
    """Write the report, its figures and its curves; warn of checkpoints that nothing speaks for.

    Where nothing was trained the report says so, and there are no figures and no curves.
    """
    folder = paths.checkpoints
    if not params.train.steps:
        with whole_folder(folder) as partial:
            write_json(partial / "report.json", {"note": UNTRAINED})
        return
    losses, distances = read(paths.curves, Losses), read(paths.fidelity, Distances)
    report = checkpoint_report(losses["curve"], distances, params.sample.checkpoints)
    write_json(folder / "report.json", report)
    draw_losses(report, folder / "losses.png")
    draw_distances(report, folder / "distances.png")
    draw_quality(report, folder / "quality.png")
    draw_bands(report, folder / "bands.png")
    write_losses(report, folder / "losses.csv")
    write_distances(report, folder / "distances.csv")
    for warning in report["warnings"]:
        tqdm.write(f"warning: sample.checkpoints: {warning}", file=sys.stderr)


if __name__ == "__main__":
    execute(run)
