"""The documents of a release, made from its record and its tables: the same ones, the same bytes.

`package` writes them, and `verify` makes them again and compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.release.configs import Config
from cxr_release.release.documents.card import with_header
from cxr_release.release.documents.changelog import changelog
from cxr_release.release.documents.citation import citation, license_notice
from cxr_release.release.documents.croissant import CROISSANT, croissant
from cxr_release.release.documents.filled import CARD, bodies_of
from cxr_release.release.record import Record


@dataclass(frozen=True)
class Sources:
    """All that the documents of a release follow from."""

    record: Record
    """What `release.json` holds."""
    configs: Sequence[Config]
    """As the finished tables make them, `default` first."""
    pairs: Sequence[Mapping[str, Any]]
    """Rows of `schemas.AUDIT_PAIRS`, in the order of their rank."""
    sizes: Mapping[str, int]
    """Bytes of the tables and of `release.json`, by their names below the release folder."""
    hashes: Mapping[str, str]
    """SHA-256 of the same files."""


def documents_of(sources: Sources) -> dict[str, str]:
    """File name → text, of every document of a release."""
    record, configs = sources.record, sources.configs
    bodies = bodies_of(record, configs, sources.pairs)
    return {
        **bodies,
        CARD: with_header(record, configs, bodies[CARD]),
        "LICENSE": license_notice(record),
        "CITATION.cff": citation(record),
        "CHANGELOG.md": changelog(record),
        CROISSANT: croissant(record, configs, sources.sizes, sources.hashes),
    }
