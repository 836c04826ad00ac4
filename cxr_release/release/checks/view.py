"""What the rules of a release are about: its tables, and what it says of them.

`validate` makes a view of the artefacts that a release will be made of, `verify` one of a release
folder; what must hold of both stands once, in the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.film_id import Job
from cxr_release.params.measures import AuditParams
from cxr_release.params.people import StudyParams
from cxr_release.release.checks.films import KnownFilm
from cxr_release.release.checks.report import Place
from cxr_release.release.inputs import AuditReport, CountsDocument
from cxr_release.release.record import (
    Audit,
    AuditReview,
    ReaderStudy,
    ReleaseCounts,
    ScreeningReview,
    StudyReview,
)

Row = Mapping[str, Any]
Rows = Sequence[Row]


@dataclass(frozen=True, kw_only=True)
class Places:
    """How the parts of a release are called where a fault is named."""

    counts: Place
    screening: Place
    exclusions: Place
    audit: Place
    judging: Place
    pairs: Place
    study: Place
    reading: Place
    ratings: Place


@dataclass(frozen=True, kw_only=True)
class View:
    """A release."""

    places: Places
    jobs: Sequence[Job]
    films: Mapping[str, KnownFilm]
    """Released film → what is known of it."""
    screened: Rows | None
    """Rows of `schemas.SCREENED`; None of a finished release, which does not hold them."""
    exclusions: Rows
    """Rows of `schemas.EXCLUSIONS` or `schemas.TOMBSTONES`."""
    counts: CountsDocument | ReleaseCounts
    screening: ScreeningReview
    pairs: Rows
    """Listed pairs, with `rank`, `synthetic_id`, `score`, `cosine`, `flagged` and `verdict`."""
    rounded: bool
    """Whether scores are rounded, so that which side of a threshold they are on may be unknown."""
    audit: AuditReport | Audit
    audit_params: AuditParams
    judging: AuditReview
    ratings: Rows
    """Rows of `schemas.RESPONSES`."""
    study: ReaderStudy
    reading: StudyReview
    study_params: StudyParams
    seed: int
    sample: int = 0
    """Films of each source that are reviewed in place of all; 0: all."""
    same_words: bool = True
    """Whether this version of the tool wrote its sentences; others word them otherwise."""

    @property
    def generated(self) -> int:
        """Films that were generated."""
        if self.screened is not None:
            return len(self.screened)
        return len(self.films) + len(self.exclusions)
