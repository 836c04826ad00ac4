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
from cxr_release.workers import workers


def run(paths: Paths, params: Params) -> None:
    """Write what was checked; say what is missing before it can be published."""
    require_kept(paths.root, [paths.published])
    inputs, statements = ReleaseInputs.of(paths), statements_in(paths)
    with workers(inputs.tables(params.sample.jobs)) as crew:
        for name in unset_of(params) if crew.is_main else ():
            sys.stderr.write(f"{name} was never set: this release cannot be published\n")
        result = validate(inputs, params, statements, crew)
    if crew.is_main:
        write_json(paths.validation, result)


if __name__ == "__main__":
    execute(run)
