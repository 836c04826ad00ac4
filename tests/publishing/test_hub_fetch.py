"""A version on the Hub, fetched to be looked at."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from cxr_release.errors import ReleaseError
from cxr_release.publishing import remote
from cxr_release.publishing.fetch import open_release
from tests.support.hub.requests import READER, REPO, WRITER
from tests.support.hub.world import QUICK, SHARD, World, files_of, noise

pytest_plugins = ("tests.support.hub.fixture",)

TAG = f"{REPO}@v1.0.0"


@pytest.fixture
def pushed(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A Hub that has v1.0.0; whoever reads from it is nobody it knows."""
    world.push()
    monkeypatch.delenv("HF_TOKEN")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return world


def left(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "temporary").iterdir())


def test_a_folder_is_given_as_it_is(world: World) -> None:
    with open_release(str(world.folder)) as folder:
        assert folder == world.folder
    assert world.folder.is_dir()
    assert world.hub.asked == []


def test_a_tag_is_given_whole_and_taken_away(
    pushed: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_release(TAG, patience=QUICK) as folder:
        assert files_of(folder) == files_of(pushed.folder)
    assert left(tmp_path) == []
    assert capsys.readouterr().err == "", "no bar where nobody looks"


def test_it_is_the_tag_and_not_what_main_holds_by_now(pushed: World) -> None:
    files = files_of(pushed.folder)
    pushed.hub.store.add({"README.md": b"edited on the Hub"})
    with open_release(TAG, patience=QUICK) as folder:
        assert files_of(folder) == files


def test_a_private_version_is_given_to_who_may_read(
    pushed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo: Any = pushed.hub.store.repo
    pushed.hub.store.save(repo | {"private": True})
    with pytest.raises(ReleaseError, match=r"answers 401.*hf auth login"), open_release(TAG):
        pass
    monkeypatch.setenv("HF_TOKEN", READER)
    with open_release(TAG, patience=QUICK) as folder:
        assert files_of(folder) == files_of(pushed.folder)


def test_downloads_that_break_off_are_gone_on_with(pushed: World) -> None:
    pushed.release("1.0.1", shard_1=noise(1, 3_000_000))
    world_files = files_of(pushed.folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_TOKEN", WRITER)
        pushed.push()

    cut = pushed.hub.trouble("GET", "/cdn/", cut=1_000_000)
    pushed.hub.trouble("GET", "/resolve/", status=503)
    pushed.hub.trouble("GET", "/refs", status=500)
    with open_release(f"{REPO}@v1.0.1", patience=QUICK) as folder:
        assert files_of(folder) == world_files
    assert cut.times == 0
    assert pushed.hub.ranges == ["bytes=1000000-"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nowhere", "neither a folder nor a version"),
        (f"{REPO}@v9.9.9", r"has no tag v9\.9\.9"),
        (f"{REPO}@main", "has no tag main"),
        ("cxr/other@v1.0.0", r"answers 40[14]"),
    ],
)
def test_what_is_not_there_is_said(pushed: World, tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ReleaseError, match=told), open_release(text, patience=QUICK):
        pass
    assert left(tmp_path) == []


def test_offline_mode_is_said(pushed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ReleaseError, match="offline mode"), open_release(TAG):
        pass


def test_a_repo_that_is_no_release_is_said_to_be_none(pushed: World) -> None:
    commit = pushed.hub.store.add({"release.json": None})
    pushed.hub.store.tag("v2", commit)
    with pytest.raises(ReleaseError, match=r"not a release: it has no release\.json"):  # noqa: SIM117
        with open_release(f"{REPO}@v2", patience=QUICK):
            pass


def entry(path: str, size: int = 5) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": size, "oid": "0" * 40}


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ([entry("../escaped")], "'../escaped': is not a plain name"),
        ([entry("/etc/passwd")], "'/etc/passwd': is not a plain name"),
        ([entry("a/../../b")], "is not a plain name"),
        ([entry("C:\\x")], "is not a plain name"),
        ([entry("figures/.hidden")], "is not a plain name"),
        ([entry("readme.MD")], "'README.md': collides with the name"),
        ([entry("README.md/x")], "'README.md/x': collides with the name"),
        ([entry("data")], "collides with the name"),
        ([entry("huge.parquet", 2**60)], "the disk has room for"),
    ],
    ids=lambda one: str(one)[:30],
)
def test_nothing_is_fetched_that_would_not_be_safe(
    pushed: World, tmp_path: Path, extra: list[dict[str, Any]], named: str
) -> None:
    pushed.hub.trouble("GET", "/tree/", edit=lambda said: said + extra)
    with pytest.raises(ReleaseError, match="cannot be fetched") as caught:  # noqa: SIM117
        with open_release(TAG, patience=QUICK):
            pass
    assert named in str(caught.value)
    assert pushed.hub.count("GET", "/resolve/") == 0
    assert left(tmp_path) == []


def test_nothing_is_fetched_of_more_files_than_a_release_may_have(
    pushed: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MOST_FILES", 100)
    more = [entry(f"x{number}") for number in range(101)]
    pushed.hub.trouble("GET", "/tree/", edit=lambda said: said + more)
    with (
        pytest.raises(ReleaseError, match="lists more than 100 files"),
        open_release(TAG, patience=QUICK),
    ):
        pass
    assert pushed.hub.count("GET", "/resolve/") == 0
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "edit", "told"),
    [
        ("/cdn/", lambda said: said[:-1] + b"!", "does not match its SHA-256"),
        ("/cdn/", lambda said: said[:-1], "does not match its SHA-256"),
        ("/cdn/", lambda said: said + b"!", "more than"),
        ("README", lambda said: said.upper(), "does not match its SHA-256"),
    ],
)
def test_other_bytes_than_the_list_says_are_not_given(
    pushed: World, tmp_path: Path, path: str, edit: Callable[[bytes], bytes], told: str
) -> None:
    pushed.hub.trouble("GET", path, edit=edit)
    with pytest.raises(ReleaseError, match=told), open_release(TAG, patience=QUICK):
        pass
    assert left(tmp_path) == []


def test_a_fetched_release_can_be_pushed_as_it_is(
    pushed: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", WRITER)
    with open_release(TAG, patience=QUICK) as folder:
        kept = shutil.copytree(folder, tmp_path / "kept")
    pushed.folder = kept
    assert (kept / SHARD.format(1)).read_bytes() == noise(1)
    assert pushed.push()["state"] == "already there"
