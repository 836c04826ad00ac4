"""The configs of a finished release, read back from its folder."""

from __future__ import annotations

from pathlib import Path

from cxr_release import schemas
from cxr_release.files import read_json
from cxr_release.release.configs import Config

SIDES = {
    "audit_pairs": schemas.AUDIT_PAIRS,
    "exclusions": schemas.TOMBSTONES,
    "reader_study": schemas.RESPONSES,
}


def configs_of(release: Path) -> list[Config]:
    """All configs, `default` first; sizes in memory are left out."""
    counts = read_json(release / "release.json")["counts"]
    rows = {**counts["configs"], **dict.fromkeys(counts["empty_tables"], 0)}
    order = sorted(rows, key=lambda name: (name != "default", name))
    return [_config(release, name, rows[name]) for name in order]


def _config(release: Path, name: str, rows: int) -> Config:
    table = SIDES.get(name, schemas.RELEASE)
    folder = name if name in SIDES else "data/*" if name == "default" else f"data/{name}"
    files = sorted(release.glob(f"{folder}/train-*.parquet"))
    names = tuple(path.relative_to(release).as_posix() for path in files)
    return Config(name, table, names, rows, 0, 0)
