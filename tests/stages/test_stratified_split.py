"""The split by a fact of the films, from a table beside them to the parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.errors import SourceError
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.stages import clearance, find_text, ingest, split
from tests.support import ROOT

SITES = ["north"] * 20 + ["south"] * 10


@pytest.fixture
def project(tmp_path: Path) -> tuple[Paths, Params]:
    """Thirty films, each of a patient, of two sites."""
    raw = tmp_path / "data/raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(4)
    for at in range(len(SITES)):
        Image.fromarray(rng.integers(0, 256, (24, 24), np.uint8)).save(raw / f"{at:02d}.png")
    rows = [f"{at:02d}.png;p{at};{site}" for at, site in enumerate(SITES)]
    (raw / "patients.csv").write_text("\n".join(["file;patient;site", *rows]))
    params = load_params(ROOT / "params.yaml")
    taken = replace(
        params.ingest, source=str(raw), size=16, facts={"site": "code"}, least_patients=5
    )
    paths = Paths(tmp_path)
    for stage in (ingest, find_text, clearance):
        stage.run(paths, replace(params, ingest=taken))
    return paths, replace(
        params, ingest=taken, split=replace(params.split, held_out=0.25, control=0.2)
    )


def sites(paths: Paths) -> Counter[tuple[str, str]]:
    manifest = tables.iterate(paths.manifest, schemas.MANIFEST)
    site = {row["id"]: row["facts"][0]["code"] for row in manifest}
    parts = tables.read_rows(paths.split_table, schemas.SPLIT)
    return Counter((row["part"], site[row["id"]]) for row in parts)


def test_each_part_gets_its_share_of_each_site(project: tuple[Paths, Params]) -> None:
    paths, params = project
    paths.film_array.mkdir()
    (paths.film_array / "films-that-may-have-left.u8").touch()
    split.run(paths, replace(params, split=replace(params.split, stratify="site")))
    assert not paths.film_array.exists()
    assert sites(paths) == {
        ("control", "north"): 4,
        ("control", "south"): 2,
        ("held_out", "north"): 4,
        ("held_out", "south"): 2,
        ("tuning", "north"): 12,
        ("tuning", "south"): 6,
    }


def test_a_fact_that_is_not_known_stops_the_split(project: tuple[Paths, Params]) -> None:
    paths, params = project
    with pytest.raises(SourceError, match="known of these films: site"):
        split.run(paths, replace(params, split=replace(params.split, stratify="sex")))
    assert not paths.split.exists()
