"""Report of loss curves and distances: which checkpoints to sample from, and why."""

from __future__ import annotations

import sys

from tqdm import tqdm

from cxr_release.documents import read
from cxr_release.fidelity.curves import draw_distances, draw_losses, draw_quality
from cxr_release.fidelity.flat import write_distances, write_losses
from cxr_release.fidelity.points import Distances
from cxr_release.fidelity.report import Losses, checkpoint_report
from cxr_release.files import write_json
from cxr_release.params import Params
from cxr_release.paths import Paths
from cxr_release.stages.run import execute


def run(paths: Paths, params: Params) -> None:
    """Write the report, its figures and its curves; warn of checkpoints that nothing speaks for."""
    folder = paths.checkpoints
    losses, distances = read(paths.curves, Losses), read(paths.fidelity, Distances)
    report = checkpoint_report(losses["curve"], distances, params.sample.checkpoints)
    write_json(folder / "report.json", report)
    draw_losses(report, folder / "losses.png")
    draw_distances(report, folder / "distances.png")
    draw_quality(report, folder / "quality.png")
    write_losses(report, folder / "losses.csv")
    write_distances(report, folder / "distances.csv")
    for warning in report["warnings"]:
        tqdm.write(f"warning: sample.checkpoints: {warning}", file=sys.stderr)


if __name__ == "__main__":
    execute(run)
