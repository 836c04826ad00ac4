"""Whether it was found out at all which way films face: what the documents say of it, if anything.

Of frontal films nobody lists any that face left, and none is found to: there is then nothing to
count, and one sentence says so in place of numbers that are all 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from cxr_release.release.record import Record


@dataclass(frozen=True)
class KnownFacing:
    """Of what the facing is known, and whether it changed anything."""

    source: bool
    """Whether that of any source film is known."""
    films: bool
    """Whether that of any generated film is known, or reviewers have stated it."""
    mirrored: bool
    """Whether any film, source or generated, was found or said to face right and mirrored."""

    @property
    def known(self) -> bool:
        """Whether that of any film is known."""
        return self.source or self.films


def facing_of(record: Record) -> KnownFacing:
    """What a record says of facing."""
    ingest, jobs = record.metrics.ingest, record.metrics.facing
    return KnownFacing(
        source=any(films for way, films in ingest.facings.items() if way != "unknown"),
        films=any(job.left or job.right or job.said for job in jobs),
        mirrored=bool(ingest.flipped or any(job.flipped for job in jobs)),
    )
