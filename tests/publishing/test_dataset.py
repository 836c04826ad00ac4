"""Films of a dataset on the Hub: at one commit, films alone, each held against its hash."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import constants

from cxr_release.errors import ReleaseError
from cxr_release.publishing.dataset import fetch_films
from tests.support.hub.requests import REPO, WRITER
from tests.support.hub.world import QUICK, World, files_of, noise

pytest_plugins = ("tests.support.hub.fixture",)

FILES = {
    "README.md": b"# Films",
    "loader.py": b"raise SystemExit('was run')",
    "weights.pkl": b"\x80\x04N.",
    "metadata.csv": b"file_name\nb.png\n",
    "train/a.png": noise(1, 300),
    "train/b.PNG": noise(2, 300),
    "test/c.parquet": noise(3, 300),
    ".hidden/d.png": noise(4, 300),
}


@pytest.fixture
def dataset(world: World) -> World:
    world.hub.store.create(REPO, private=False)
    commit = world.hub.store.add(FILES)
    world.hub.store.tag("v1", commit)
    world.hub.store.add({"train/later.png": noise(9, 300)})
    return world


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fetched").mkdir()
    return tmp_path / "fetched"


def test_a_tag_is_its_commit_and_films_and_tables_alone_are_fetched(
    dataset: World, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetched = fetch_films(REPO, "v1", folder, patience=QUICK)
    store = dataset.hub.store
    assert fetched.commit == store.resolve("v1") != store.resolve("main")
    expected = {"metadata.csv", "train/a.png", "train/b.PNG", "test/c.parquet"}
    assert files_of(folder) == {name: FILES[name] for name in expected}
    assert fetched.passed_over == 3
    said = capsys.readouterr()
    assert WRITER not in said.out + said.err


def test_a_commit_and_a_folder_are_enough(dataset: World, folder: Path) -> None:
    commit = dataset.hub.store.resolve("v1")
    fetch_films(f"{REPO}/train", commit, folder, patience=QUICK)
    assert {*files_of(folder)} == {"train/a.png", "train/b.PNG"}


@pytest.mark.parametrize(
    ("path", "revision", "said"),
    [
        (REPO, "v2", "has no tag v2"),
        (REPO, "main", "has no tag main"),
        (f"{REPO}/nothing", "v1", "holds no film"),
        ("cxr/absent", "v1", "cxr/absent"),
        (REPO, "f" * 40, ""),
    ],
)
def test_what_is_not_there_is_named(
    dataset: World, folder: Path, path: str, revision: str, said: str
) -> None:
    with pytest.raises(ReleaseError) as caught:
        fetch_films(path, revision, folder, patience=QUICK)
    assert said in str(caught.value)
    assert not files_of(folder)


def test_other_bytes_than_the_hub_lists_are_refused(dataset: World, folder: Path) -> None:
    dataset.hub.trouble("GET", r"/resolve/.*a\.png", edit=lambda data: bytes(len(data)))
    with pytest.raises(ReleaseError, match="does not match its SHA-256"):
        fetch_films(REPO, "v1", folder, patience=QUICK)


def test_offline_it_is_said(dataset: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ReleaseError, match="offline mode is on"):
        fetch_films(REPO, "v1", folder, patience=QUICK)
    assert dataset.hub.asked == []
