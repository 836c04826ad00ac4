"""Search the real films for near-copies among the synthetic ones."""

from __future__ import annotations

from cxr_release import encoders, schemas, tables
from cxr_release.errors import DecisionError
from cxr_release.files import write_json
from cxr_release.memorization.audit import audit, pair_rows, pair_sheet
from cxr_release.params import BATCHES, Params
from cxr_release.paths import Paths
from cxr_release.radiographs.sheet import save_sheet
from cxr_release.stages.run import execute


def run(paths: Paths, params: Params) -> None:
    """Write the nearest pairs, how they were found, and their contact sheet."""
    verdicts = sorted(paths.audit_log.glob("*.jsonl"))
    if verdicts:
        # A verdict that is there and not applied could let a copied film out.
        raise DecisionError(
            "verdicts on pairs cannot be applied by this version",
            where=str(verdicts[0]),
            remedy="exclude the films with `cxr-release exclude` and move the file away",
        )
    real = {
        row["id"]: row["image"]["bytes"]
        for row in tables.iterate(paths.cohort_table, schemas.COHORT)
    }
    synthetic = {
        row["id"]: row["image"]["bytes"]
        for checkpoint in params.sample.checkpoints
        for batch in BATCHES
        for row in tables.iterate(paths.oriented_table(checkpoint, batch), schemas.ORIENTED)
    }
    encoder = encoders.thumbnail(params.audit.thumbnail)
    found = audit(real, synthetic, encoder=encoder, top=params.audit.top)
    tables.write(paths.audit / "pairs.parquet", schemas.PAIRS, pair_rows(found.pairs))
    save_sheet(paths.audit / "pairs.png", pair_sheet(found.pairs, real, synthetic))
    write_json(paths.audit / "audit.json", found.report)


if __name__ == "__main__":
    execute(run)
