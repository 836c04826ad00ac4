"""The configs of a finished release, measured from its folder."""

from __future__ import annotations

from pathlib import Path

from cxr_release.files import read_json
from cxr_release.release.configs import Config, measured


def configs_of(release: Path) -> list[Config]:
    """All configs, `default` first."""
    record = read_json(release / "release.json")
    return measured(
        release,
        sorted(record["shards"]),
        record["params"]["sample"]["checkpoints"],
        record["metrics"]["checkpoints"]["recommended"],
    )
