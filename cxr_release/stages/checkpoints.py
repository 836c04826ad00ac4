"""Report of loss curves and distances: which checkpoints to sample from, and why."""

from __future__ import annotations

from cxr_release.fidelity.curves import draw_distances, draw_losses
from cxr_release.fidelity.report import checkpoint_report
from cxr_release.files import read_json, write_json
from cxr_release.params import Params
from cxr_release.paths import Paths
from cxr_release.stages.run import execute


def run(paths: Paths, params: Params) -> None:
    """Write the report and its two figures."""
    report = checkpoint_report(
        read_json(paths.curves)["curve"], read_json(paths.fidelity), params.sample.checkpoints
    )
    write_json(paths.checkpoints / "report.json", report)
    draw_losses(report, paths.checkpoints / "losses.png")
    draw_distances(report, paths.checkpoints / "distances.png")


if __name__ == "__main__":
    execute(run)
