"""The configs of a finished release, measured from its folder."""

from __future__ import annotations

from pathlib import Path

from cxr_release.json_documents import read
from cxr_release.release.configs import Config, measured
from cxr_release.release.record import RECORD, Record


def configs_of(release: Path) -> list[Config]:
    """All configs, `default` first."""
    record = read(release / RECORD, Record)
    judged = record.metrics.checkpoints
    sources = record.params.sample.source_names
    return measured(release, sorted(record.shards), sources, judged.preferred)
