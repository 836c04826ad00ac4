"""Films in: the source folder, or the phantoms, become the cohort."""

from __future__ import annotations

from cxr_release.params import Params
from cxr_release.paths import Paths
from cxr_release.radiographs.cohort import ingest
from cxr_release.stages.run import execute


def run(paths: Paths, params: Params) -> None:
    """Write the cohort, its manifest and its summary."""
    ingest(params.ingest.source, paths.cohort, settings=params.ingest, seed=params.seed)


if __name__ == "__main__":
    execute(run)
