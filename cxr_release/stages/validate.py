"""Check every table, and everything between the tables, before anything is packaged."""

from __future__ import annotations

import sys

from cxr_release.exit_status import execute
from cxr_release.files import write_json
from cxr_release.logbook.witnesses import require_kept
from cxr_release.params.identity import unset_of
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.lost_decisions import statements_in
from cxr_release.release.validate import validate


def run(paths: Paths, params: Params) -> None:
    """Write what was checked; say what is missing before it can be published."""
    for name in unset_of(params):
        sys.stderr.write(f"{name} was never set: this release cannot be published\n")
    require_kept(paths.root, [paths.published])
    write_json(paths.validation, validate(ReleaseInputs.of(paths), params, statements_in(paths)))


if __name__ == "__main__":
    execute(run)
