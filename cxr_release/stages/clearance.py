"""What people said of text on the real films: the counts, and the films that no run may see."""

from __future__ import annotations

import sys

from cxr_release import schemas, tables
from cxr_release.clearance.flags import Flags
from cxr_release.clearance.looked import looked_at
from cxr_release.clearance.statement import CLEARANCE
from cxr_release.errors import DecisionError
from cxr_release.exit_status import execute
from cxr_release.files import private, write_json
from cxr_release.json_documents import read
from cxr_release.logbook.logs import read_all
from cxr_release.logbook.witnesses import require_kept
from cxr_release.params.films import PHANTOMS
from cxr_release.params.project import Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params) -> None:
    """Write the counts, and the films with text: `split` leaves them out of every part.

    Raises:
        DecisionError: a log does not verify or lacks lines, or films wait and
            `clearance.require_complete` is set.
    """
    require_kept(paths.root, [paths.clearance_log])
    tables.read(paths.manifest, schemas.MANIFEST, ["status"])
    read(paths.text_flags, Flags)
    with private(paths.clearance):
        if params.ingest.source == PHANTOMS:
            read_all(CLEARANCE, paths.clearance_log)
            write_json(paths.clearance_counts, {"drawn": True})
            write_json(paths.with_text, [])
            sys.stderr.write("clearance: drawn films, at which nobody needs to look\n")
            return
        outcome = looked_at(
            manifest=paths.manifest,
            key=paths.film_key,
            flags=paths.text_flags,
            logs=paths.clearance_log,
            required=params.clearance.reviewers_required,
        ).outcome
        write_json(paths.clearance_counts, {"drawn": False, "review": outcome.counts})
        write_json(paths.with_text, list(outcome.with_text))
    sys.stderr.write(f"clearance: {outcome.counts['sentence']}\n")
    waiting = outcome.counts["undecided"]
    if waiting and params.clearance.require_complete:
        raise DecisionError(
            f"{waiting:,} of {outcome.counts['films']:,} real films wait to be looked at",
            where="clearance.require_complete",
            remedy="run `cxr-release clear --reviewer NAME`",
        )


if __name__ == "__main__":
    execute(run)
