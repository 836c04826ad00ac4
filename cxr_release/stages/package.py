"""The release folder: shards, configs, datacard, checksums."""

from __future__ import annotations

from cxr_release.exit_status import execute
from cxr_release.logbook.witnesses import require_kept
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.lost_decisions import statements_in
from cxr_release.release.package import package
from cxr_release.screening.anatomy import load_anatomy
from cxr_release.screening.decision import load_reasons


def run(paths: Paths, params: Params) -> None:
    """Write the release folder."""
    require_kept(paths.root, [paths.published])
    cards = paths.cards_of(params.ingest.source)
    package(
        ReleaseInputs.of(paths),
        params,
        validation=paths.validation,
        reasons=load_reasons(cards.reasons),
        shows=load_anatomy(cards.anatomy).films,
        output=paths.release,
        statements=statements_in(paths),
    )


if __name__ == "__main__":
    execute(run)
