"""Apply decisions on films, verdicts of the audit, withdrawals: the exclusions and Table S1."""

from __future__ import annotations

from cxr_release import schemas, tables
from cxr_release.errors import DecisionError
from cxr_release.exit_status import execute
from cxr_release.files import write_json, write_text
from cxr_release.json_documents import read
from cxr_release.logbook.logs import read_all
from cxr_release.logbook.witnesses import require_kept
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.screening.consensus import apply
from cxr_release.screening.counts import draw_reasons, table_s1
from cxr_release.screening.decision import DECISION, load_reasons
from cxr_release.screening.films import read_generated
from cxr_release.screening.findings import FINDINGS, load_findings, tally_findings
from cxr_release.screening.record_decisions import read_with_prescreen


def run(paths: Paths, params: Params) -> None:
    """Write every film's fate, the exclusions, and the counts as numbers and as Table S1."""
    require_kept(paths.root, [paths.screening_log, paths.withdrawals, paths.findings_log])
    expected = paths.oriented_tables(params.sample.jobs)
    unexpected = sorted(set(paths.oriented.rglob("*.parquet")) - set(expected))
    if unexpected:
        names = ", ".join(str(path.relative_to(paths.oriented)) for path in unexpected)
        raise DecisionError(
            f"films of no checkpoint or source in `sample`: {names}",
            where=str(paths.oriented),
            remedy="delete them and run `dvc repro orient`",
        )
    if not paths.prescreen_log.exists():  # what it excluded would come back
        raise DecisionError(
            "no such file", where=str(paths.prescreen_log), remedy="run `dvc repro`"
        )
    cards = paths.cards_of(params.ingest.source)
    logs = read_with_prescreen(paths.screening_log, paths.prescreen_log)
    films = read_generated(expected)
    result = apply(
        films,
        logs,
        params.screen,
        load_reasons(cards.reasons),
        copies=read(paths.copies, dict[str, str]),
        withdrawals=read_all(DECISION, paths.withdrawals),
        seed=params.seed,
    )
    noted = tally_findings(
        films,
        read_all(FINDINGS, paths.findings_log),
        load_findings(cards.findings),
        released={row["id"] for row in result.screened if row["released"]},
        decided={row["id"] for row in result.screened if row["reviewers"]},
    )
    if noted is not None:
        result.counts["review"]["findings"] = noted
    waiting, sampled = result.waiting, " sampled" if params.screen.sample else ""
    if waiting and params.screen.require_complete:
        raise DecisionError(
            f"{waiting:,} of {result.to_review:,}{sampled} films are undecided",
            where="screen.require_complete",
            remedy="run `cxr-release review --reviewer NAME`; `cxr-release status` says who has"
            " decided how many",
        )
    tables.write(paths.screening / "screened.parquet", schemas.SCREENED, result.screened.table)
    tables.write(paths.screening / "exclusions.parquet", schemas.EXCLUSIONS, result.exclusions)
    write_json(paths.screening / "counts.json", result.counts)
    write_text(paths.screening / "table-s1.md", table_s1(result.counts))
    draw_reasons(paths.screening / "reasons.png", result.counts)


if __name__ == "__main__":
    execute(run)
