"""Films of other generators go through all stages into a release, and from there to the Hub."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas, tables
from cxr_release.errors import CxrReleaseError, ReleaseError
from cxr_release.files import read_json, tree_sha256
from cxr_release.film_id import BATCHES
from cxr_release.generators.regenerate import film_ids
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.release.verify import verify
from cxr_release.screening.counts import table_s1
from cxr_release.stages import collect
from tests.support.card_rules import written
from tests.support.hub.requests import REPO
from tests.support.hub.server import Hub
from tests.support.hub.world import World, files_of
from tests.support.noise_pictures import noise_png
from tests.support.small_project import SMALLEST, STAGES, change, run_stages, small_project
from tests.support.tampering import copied, record

pytest_plugins = ("tests.support.hub.fixture",)

GAN = {
    **{"kind": "folder", "path": "data/elsewhere/gan", "generator": "StyleGAN2-ADA"},
    **{"license": "cc-by-4.0", "citation": "A. Author, Films of a GAN, 2024"},
}
FILMS = 200


def public_folder(folder: Path, films: int, first: int = 0) -> None:
    """Films and a table of them, as public datasets have them."""
    (folder / "images").mkdir(parents=True)
    with (folder / "metadata.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "finding"])
        for place in range(films):
            name = f"images/seed{place:04d}.png"
            (folder / name).write_bytes(noise_png(first + place))
            writer.writerow([name, "none"])


def project(root: Path, sources: dict[str, Any], films: int = 20) -> Paths:
    root.mkdir()
    paths = small_project(root, {**SMALLEST, "sample": {**SMALLEST["sample"], "sources": sources}})
    public_folder(root / "data/elsewhere/gan", films)
    return paths


@pytest.fixture
def hub_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[Hub]:
    """Another Hub, where somebody's films are."""
    from huggingface_hub import constants

    with Hub(tmp_path / "others") as hub:
        hub.store.create(REPO, private=False)
        films = {f"train/{place}.png": noise_png(1000 + place) for place in range(9)}
        hub.store.tag("v1", hub.store.add({**films, "loader.py": b"raise SystemExit"}))
        with monkeypatch.context() as patch:
            patch.setattr(constants, "ENDPOINT", hub.url)
            yield hub


def test_a_hub_that_fails_leaves_what_was_collected_before(
    tmp_path: Path, hub_of_others: Hub
) -> None:
    paths = project(tmp_path / "project", {"gan": GAN})
    run_stages(paths, "collect")
    before = tree_sha256(paths.collected)
    hub = {"kind": "hub", "path": REPO}
    change(paths.root, sample={"sources": {"gan": GAN, "others": hub | {"revision": "v2"}}})
    with pytest.raises(ReleaseError, match="has no tag v2"):
        run_stages(paths, "collect")
    assert tree_sha256(paths.collected) == before
    change(paths.root, sample={"sources": {"gan": GAN, "others": hub | {"revision": "v1"}}})
    run_stages(paths, "collect")
    said = read_json(paths.collected / "sources.json")["others"]
    assert said["commit"] == hub_of_others.store.resolve("v1")
    assert (said["films"], said["initial"], said["passed_over"]) == (9, 4, 1)
    assert [path.name for path in paths.collected.parent.iterdir() if "hub" in path.name] == []


def test_without_sources_the_stage_is_done_at_once(tmp_path: Path) -> None:
    paths = small_project(tmp_path, SMALLEST)
    collect.run(paths, load_params(paths.params))
    assert read_json(paths.collected / "sources.json") == {}


def test_films_of_others_cannot_be_drawn_again() -> None:
    with pytest.raises(CxrReleaseError) as caught:
        film_ids(["gan-large-00003", "checkpoint-1-large-00001"])
    assert "another generator drew them" in str(caught.value)
    assert [fault.where for fault in caught.value.faults] == ["gan-large-00003"]


ALTERED: list[tuple[str, Any]] = [
    *(("films", 199), ("initial", 5), ("refused", 1), ("license", "mit"), ("kind", "hub")),
    *(("commit", "a" * 40), ("generator", "RoentGen"), ("name", "vae")),
]
"""Key of a source in `release.json` → another value."""


def require_noticed(release: Path, altered: Path) -> None:
    """Whatever is altered in what a release says of these films, `verify` names it."""
    for key, value in ALTERED:
        forged = copied(release, altered, record("elsewhere", 0, key, value=value))
        places = [one["where"] for one in verify(forged)["differences"]]
        assert any(place.startswith("release.json: elsewhere") for place in places), (key, places)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_folder_of_200_films_and_a_dataset_of_the_hub_are_released_and_pushed(
    tmp_path: Path, world: World, hub_of_others: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    others = {"kind": "hub", "path": f"{REPO}/train", "revision": "v1", "generator": "RoentGen"}
    paths = project(tmp_path / "project", {"gan": GAN, "others": others}, FILMS)
    run_stages(paths, *STAGES)
    report = verify(paths.release)
    assert report["differences"] == []
    stated = read_json(paths.release / "release.json")
    assert stated["unset"] == ["sample.sources.others.license"]
    assert [row["name"] for row in stated["elsewhere"]] == ["gan", "others"]
    assert stated["elsewhere"][1]["commit"] == hub_of_others.store.resolve("v1")
    assert stated["params"]["sample"]["sources"]["gan"]["path"] == "given"
    configs = stated["counts"]["configs"]
    assert (configs["gan"], configs["others"]) == (FILMS, 9)
    assert configs["default"] == FILMS + 9 + 2 * 10
    assert stated["metrics"]["reader_study"]["images_per_quartet"] == 5
    assert stated["metrics"]["reader_study"]["elsewhere"] == ["gan", "others"]
    assert {"1", "2", "gan", "others"} == {
        *stated["metrics"]["scorecard"]["summary"]["checkpoints"]
    }
    for batch in BATCHES:
        rows = tables.read_rows(paths.oriented_table("gan", batch), schemas.ORIENTED)
        assert {row["seed"] for row in rows} == {None}
    films = [
        row
        for path in sorted((paths.release / "data/gan").glob("*.parquet"))
        for row in tables.iterate(path, schemas.RELEASE)
    ]
    assert len(films) == FILMS
    assert {row["checkpoint"] for row in films} == {None}
    counts = read_json(paths.screening / "counts.json")
    assert "| gan (large) | 196 | 0 | 196 | 196 |" in table_s1(counts)
    card = written(paths.release)
    assert "## Drawn elsewhere" in card
    for text in ("StyleGAN2-ADA", "A. Author, Films of a GAN, 2024", "not stated", "RoentGen"):
        assert text in card
    croissant = json.loads((paths.release / "croissant.json").read_text())
    assert "gan: 200 films" in json.dumps(croissant)
    assert "elsewhere/gan" not in "".join(
        path.read_text(errors="replace")
        for path in paths.release.rglob("*")
        if path.suffix in {".md", ".json", ".cff"}
    )
    require_noticed(paths.release, tmp_path / "altered")
    monkeypatch.setattr(constants, "ENDPOINT", world.hub.url)
    shutil.rmtree(world.folder)
    shutil.copytree(paths.release, world.folder)
    with pytest.raises(ReleaseError) as caught:
        world.push(allow_unreviewed=True)
    assert [fault.where for fault in caught.value.faults] == ["sample.sources.others.license"]
    licensed = others | {"license": "openrail"}
    change(paths.root, sample={"sources": {"gan": GAN, "others": licensed}})
    run_stages(paths, "validate", "package")
    shutil.rmtree(world.folder)
    shutil.copytree(paths.release, world.folder)
    assert verify(paths.release)["differences"] == []
    world.push(allow_unreviewed=True)
    assert world.hub.store.files("v1.0.0") == files_of(paths.release)
