"""Whether these films can go out as a release: every table and everything between the tables."""

from __future__ import annotations

from typing import Any

from cxr_release import schemas
from cxr_release.params import Params
from cxr_release.release.checks.adjudication import check_adjudication, check_kept_out
from cxr_release.release.checks.decisions import check_counts, check_exclusions, check_screened
from cxr_release.release.checks.evidence import check_audit
from cxr_release.release.checks.films import check_cohort, check_generated, check_pixels
from cxr_release.release.checks.report import Collector
from cxr_release.release.checks.study_inputs import check_study
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.versions.proofs import Said, require_told

_COUNTS: dict[str, type] = {"rows": list, "total": dict, "review": dict}


def validate(inputs: ReleaseInputs, params: Params, said: Said | None = None) -> dict[str, Any]:
    """Check every table against its schema, every film against its row, every number twice.

    Films are decoded one at a time: memory grows with the number of rows, not of pixels.

    Args:
        inputs: the artefacts.
        params: the parameters that they were made with.
        said: what the logs hold; None: nothing is held against the published versions.

    Returns:
        `tables` (table → rows) and `rules` (rule → things that it was applied to).

    Raises:
        ReleaseError: with every fault: file, row or id, column, and a remedy.
    """
    found = Collector()
    screening = inputs.screening
    screened = found.rows(screening / "screened.parquet", schemas.SCREENED)
    exclusions = found.rows(screening / "exclusions.parquet", schemas.EXCLUSIONS)
    counts = found.document(screening / "counts.json", _COUNTS)
    released = {row["id"] for row in screened or [] if row["released"]}
    if screened is not None and not released:
        found.add(screening / "screened.parquet", "no film is released", "sample more films")

    generated = check_generated(inputs, params, released, found)
    real = check_cohort(inputs.cohort / "cohort.parquet", found)
    if screened is not None:
        path = screening / "screened.parquet"
        check_screened(path, screened, generated, found)
        check_pixels(generated, released, real or {}, path, found)
        if exclusions is not None:
            path = screening / "exclusions.parquet"
            check_exclusions(path, exclusions, screened, generated, found)
            if counts is not None:
                path, numbers = screening / "counts.json", params.sample.checkpoints
                check_counts(
                    path, counts, numbers, screened=screened, exclusions=exclusions, found=found
                )
    pairs = check_audit(inputs.audit, generated, real or {}, found)
    copies = check_adjudication(
        inputs.adjudication, params.audit, pairs=pairs, generated=generated, found=found
    )
    if copies is not None and screened is not None and exclusions is not None:
        path = screening / "exclusions.parquet"
        check_kept_out(path, copies, screened=screened, exclusions=exclusions, found=found)
    if said is not None:
        films = {film: vars(generated[film]) for film in released if film in generated}
        listed = {row["synthetic_id"] for row in pairs or ()}
        with found.collecting():
            version = params.release.version
            require_told(inputs.published, version, films, said, listed=listed)
        found.applied("released films held against the published versions", len(films))
    check_study(inputs.kit, inputs.study, params.sample.checkpoints, found)
    found.finish()
    return {"tables": found.tables, "rules": found.rules}
