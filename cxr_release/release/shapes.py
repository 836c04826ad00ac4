"""What a release needs of the JSON documents that it is made of, as far as it needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

Counted = dict[str, Any]


class Counts(TypedDict):
    """`screening/counts.json`."""

    rows: list[Counted]
    total: Counted
    review: Counted


class Study(TypedDict):
    """`study/study.json`."""

    review: Counted
    raters: int
    ratings: int
    quartets: int
    images_per_quartet: int
    analysis: Counted | None
    sentence: str


class Recommended(TypedDict):
    """A checkpoint, and what speaks for it."""

    checkpoint: int
    reasons: list[str]


class Checkpoints(TypedDict):
    """`checkpoints/report.json`."""

    losses: list[Counted]
    distances: Counted
    divergence: int | None
    lowest_held_out_loss: int
    nearest: int
    notes: list[str]
    ranked_by: str
    recommended: list[Recommended]
    sampled: list[int]
    warnings: list[str]


class Searched(TypedDict):
    """A set of films in `audit/audit.json`."""

    films: int
    searched: int
    unreadable: list[Any]
    notes: list[Any]
    ignored: list[Any]


class Encoder(TypedDict):
    """What the audit looked with."""

    name: str
    dimensions: int
    looks: int
    weights: Counted | None


class Audit(TypedDict):
    """`audit/audit.json`."""

    state: str
    top: int
    pairs: int
    encoder: Encoder
    real: Searched
    synthetic: Searched
    cosine: Counted | None
    calibration: Counted | None
    flagged: Counted | None
    histogram: Counted | None
    within: Counted
    power: list[Any] | None
    power_note: str | None


class Split(TypedDict):
    """`split/summary.json`."""

    by: str
    films: dict[str, int]
    patients: dict[str, int] | None
    patients_not_stated: int


class Prescreen(TypedDict):
    """`prescreen/prescreen.json`."""

    films: int
    beyond: int
    excluded: int
    percentile: float
    threshold: float
    roc: Counted


class Adjudication(TypedDict):
    """`adjudication/adjudication.json`."""

    state: str
    pairs: int
    judged: int
    settled: int
    reviewers: int
    open_conflicts: int
    excluded_films: int
    pairs_by_reviewers: dict[str, int]
    verdicts: dict[str, int]


class Cohort(TypedDict):
    """`cohort/summary.json`."""

    files: int
    facings: dict[str, int]


class Oriented(TypedDict):
    """`oriented/summary.json`."""

    films: list[Counted]
    rule: Counted | None


class Validation(TypedDict):
    """`validation/validation.json`."""

    rules: dict[str, int]
    tables: dict[str, int]


SHAPES: Mapping[str, Any] = {
    "screening/counts.json": Counts,
    "study/study.json": Study,
    "checkpoints/report.json": Checkpoints,
    "audit/audit.json": Audit,
    "split/summary.json": Split,
    "prescreen/prescreen.json": Prescreen,
    "adjudication/copies.json": dict[str, str],
    "adjudication/adjudication.json": Adjudication,
    "cohort/summary.json": Cohort,
    "oriented/summary.json": Oriented,
}
"""File, as `ReleaseInputs.files` names it → what it holds."""
