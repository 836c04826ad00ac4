"""What a key changes: ids of real films, and nothing that a network sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.stages import clearance, find_text, ingest, split
from tests.support import ROOT


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty films of some thirty patients, two of sites."""
    folder = tmp_path_factory.mktemp("raw")
    rng = np.random.default_rng(4)
    for at in range(40):
        Image.fromarray(rng.integers(0, 256, (24, 24), np.uint8)).save(folder / f"{at:02d}.png")
    rows = [f"{at:02d}.png,p{max(at, 10)},{'north' if at % 3 else 'south'}" for at in range(40)]
    (folder / "patients.csv").write_text("\n".join(["file,patient,site", *rows]))
    return folder


def taken_in(root: Path, raw: Path, stratify: str) -> Paths:
    paths, params = Paths(root), load_params(ROOT / "params.yaml")
    settings = replace(params.ingest, source=str(raw), size=16, facts={"site": "code"})
    params = replace(
        params,
        ingest=replace(settings, least_patients=5),
        split=replace(params.split, stratify=stratify),
    )
    for stage in (ingest, find_text, clearance, split):
        stage.run(paths, params)
    return paths


def seen(paths: Paths) -> list[tuple[str, str]]:
    """Part and pixels of each film, in the order in which they are trained on."""
    part = {row["id"]: row["part"] for row in tables.iterate(paths.split_table, schemas.SPLIT)}
    return [
        (part[row["id"]], row["pixel_sha256"])
        for table in (paths.trained_table, paths.control_table)
        for row in tables.iterate(table, schemas.COHORT)
    ]


@pytest.mark.parametrize("stratify", ["", "site"])
def test_another_key_gives_other_ids_and_the_same_parts(
    tmp_path: Path, raw: Path, stratify: str
) -> None:
    first, second = (taken_in(tmp_path / name, raw, stratify) for name in ("one", "two"))
    assert first.film_key.read_text() != second.film_key.read_text()
    assert seen(first) == seen(second)
    ids = [
        {row["id"] for row in tables.iterate(paths.split_table, schemas.SPLIT)}
        for paths in (first, second)
    ]
    assert ids[0].isdisjoint(ids[1])
