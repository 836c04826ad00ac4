"""Whether the logs of verdicts are what was written, and about these films."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release import schemas
from cxr_release.errors import Fault
from cxr_release.logbook.verify import sentences_of, verified, wholeness_of
from cxr_release.memorization.adjudication import faults_of
from cxr_release.memorization.judged import hashes
from cxr_release.memorization.verdict import VERDICT, Verdict


def verify_verdicts(
    logs: Path, *, cohort: Path, synthetic: Iterable[Path], known: bool
) -> dict[str, Any]:
    """Verify every log of verdicts; an unfinished last line is set aside, with a message.

    Args:
        logs: folder of the verdicts.
        cohort: table of the real films.
        synthetic: tables of the synthetic films.
        known: whether those tables are there, so that the verdicts are held against them.

    Returns:
        `logs` (reviewer → `lines`, `standing`) and `set_aside` (names of files).

    Raises:
        DecisionError: with every fault, by log and line.
    """
    return verified(VERDICT, logs, about_pairs(cohort=cohort, synthetic=synthetic, known=known))


def about_pairs(
    *, cohort: Path, synthetic: Iterable[Path], known: bool
) -> Callable[[Mapping[str, Sequence[Verdict]]], list[Fault]]:
    """What is wrong with verdicts, reviewer → lines; see `verify_verdicts`."""

    def faults(lines: Mapping[str, Sequence[Verdict]]) -> list[Fault]:
        if not known or not lines:
            return []
        real, tables = hashes(schemas.COHORT, [cohort]), list(synthetic)
        return faults_of(
            lines,
            real=real,
            synthetic=hashes(schemas.ORIENTED, tables),
            mirrored=hashes(schemas.ORIENTED, tables, "mirrored_sha256"),
        )

    return faults


def text_of(found: Mapping[str, Any]) -> str:
    """What `verify_verdicts` found, for people."""
    end = wholeness_of(found, "log(s) of verdicts on pairs")
    return "\n".join([*sentences_of(found, VERDICT.noun), end])
