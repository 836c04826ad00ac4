"""What the reviewers' verdicts on the audited pairs come to: which films are copies."""

from __future__ import annotations

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import read_adjudication
from cxr_release.exit_status import execute
from cxr_release.files import private, write_json
from cxr_release.logbook.witnesses import require_kept
from cxr_release.params.project import Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params) -> None:
    """Write every pair's verdict, and the films that stay out because of it."""
    require_kept(paths.root, [paths.audit_log])
    adjudication = read_adjudication(
        pairs=paths.pairs,
        cohort=paths.cohort_table,
        synthetic=paths.oriented_tables(params.sample.jobs),
        logs=paths.audit_log,
        required=params.audit.reviewers_required,
        adjudicator=params.audit.adjudicator,
    )
    # Without its pairs no verdict counts, and a film judged a copy would be released.
    tables.require(paths.pairs, schemas.PAIRS)
    with private(paths.adjudication):
        tables.write(paths.adjudication / "verdicts.parquet", schemas.VERDICTS, adjudication.rows)
        write_json(paths.copies, adjudication.excluded)
        write_json(paths.adjudication / "adjudication.json", adjudication.report)


if __name__ == "__main__":
    execute(run)
