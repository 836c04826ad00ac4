"""Films in: the source folder, or the phantoms, become the cohort."""

from __future__ import annotations

from cxr_release.exit_status import execute
from cxr_release.films.film_key import open_key
from cxr_release.params.films import PHANTOMS
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.radiographs.ingest import ingest


def run(paths: Paths, params: Params) -> None:
    """Write the cohort, its manifest and its summary."""
    source = params.ingest.source
    key = None
    if source != PHANTOMS:
        key = open_key(
            paths.film_key,
            cohort=paths.cohort,
            fingerprint=paths.film_key_fingerprint,
            verdicts=paths.audit_log,
            clearances=paths.clearance_log,
        )
    ingest(source, paths.cohort, settings=params.ingest, seed=params.seed, key=key)


if __name__ == "__main__":
    execute(run)
