"""A release as the Hub's own client leaves it on a disk: checked, packed, sent like the folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cxr_release.errors import ReleaseError
from cxr_release.files import sha256
from cxr_release.publishing.archive import archive
from cxr_release.publishing.remote import read_local
from cxr_release.release.layout import walk
from cxr_release.release.verify import verify
from tests.support.hub.requests import REPO
from tests.support.hub.server import Hub
from tests.support.hub.world import files_of
from tests.support.release_artefacts import make_release, small_params

Downloads = dict[str, Path]


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Downloads]:
    """`made`: a true release; `cache` and `folder`: what `snapshot_download` makes of it."""
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.utils import disable_progress_bars, enable_progress_bars

    root = tmp_path_factory.mktemp("downloads")
    made = make_release(root / "made", small_params())
    with Hub(root / "hub") as hub, pytest.MonkeyPatch.context() as patch:
        hub.store.create(REPO, private=False)
        hub.store.tag("v1.0.0", hub.store.add(files_of(made)))
        patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        disable_progress_bars()

        def fetch(**where: Path) -> Path:
            return Path(
                snapshot_download(
                    REPO,
                    repo_type="dataset",
                    revision="v1.0.0",
                    endpoint=hub.url,
                    token=False,
                    **where,
                )
            )

        yield {
            "made": made,
            "cache": fetch(cache_dir=root / "cache"),
            "folder": fetch(local_dir=root / "folder"),
        }
        enable_progress_bars()


def test_the_client_makes_what_these_tests_are_of(downloads: Downloads) -> None:
    card = downloads["cache"] / "README.md"
    assert card.is_symlink()
    assert downloads["cache"].parent.name == "snapshots"
    assert (downloads["folder"] / ".cache/huggingface").is_dir()
    for kind in ("cache", "folder"):
        assert (downloads[kind] / ".gitattributes").exists()


@pytest.mark.parametrize("kind", ["cache", "folder"])
def test_a_download_verifies_and_packs_and_sends_as_the_folder_does(
    downloads: Downloads, tmp_path: Path, kind: str
) -> None:
    made, folder = downloads["made"], downloads[kind]
    assert verify(folder)["differences"] == []
    assert verify(folder)["checked"] == verify(made)["checked"]
    for form in ("bagit", "plain"):
        zips = [tmp_path / f"{kind}-{form}.zip", tmp_path / f"made-{form}.zip"]
        for source, output in zip((folder, made), zips, strict=True):
            archive(source, output, form=form, year=2026)
        assert sha256(zips[0]) == sha256(zips[1])
    local = {name: (one.size, one.sha256) for name, one in read_local(folder).items()}
    assert local == {name: (one.size, one.sha256) for name, one in read_local(made).items()}
    assert {name: one.path.read_bytes() for name, one in read_local(folder).items()} == (
        files_of(made)
    )


def test_a_link_to_the_snapshot_is_as_good(downloads: Downloads, tmp_path: Path) -> None:
    (tmp_path / "release").symlink_to(downloads["cache"])
    assert verify(tmp_path / "release")["differences"] == []
    assert len(read_local(tmp_path / "release")) == len(read_local(downloads["made"]))


def copied(downloads: Downloads, tmp_path: Path) -> Path:
    """The client's cache again, with its links; the snapshot in it."""
    repo = downloads["cache"].parent.parent
    shutil.copytree(repo, tmp_path / repo.name, symlinks=True)
    return tmp_path / repo.name / "snapshots" / downloads["cache"].name


def test_files_that_repos_share_are_followed_to_where_they_lie(
    downloads: Downloads, tmp_path: Path
) -> None:
    """Where Xet is used, the client may keep a file once for all repos, behind a second link."""
    folder = copied(downloads, tmp_path)
    blob = (folder / next(iter(read_local(folder)))).resolve()
    digest = "ab" * 32
    store = tmp_path / "blobs/ab" / digest
    store.parent.mkdir(parents=True)
    blob.rename(store)
    blob.symlink_to(f"../../blobs/ab/{digest}")
    assert verify(folder)["differences"] == []
    assert store in {one.path for one in read_local(folder).values()}


def relinked(folder: Path, target: str) -> None:
    (folder / "LICENSE").unlink()
    (folder / "LICENSE").symlink_to(target)


def to_a_secret(folder: Path) -> None:
    relinked(folder, "../../../secret")


def to_an_absolute_secret(folder: Path) -> None:
    relinked(folder, str(folder.parents[2] / "secret"))


def to_a_secret_in_the_repo(folder: Path) -> None:
    shutil.copy(folder.parents[2] / "secret", folder.parents[1] / "blobs/secret")
    relinked(folder, "../../blobs/secret")


def to_another_repo(folder: Path) -> None:
    other = folder.parents[2] / "datasets--a--b/blobs"
    other.mkdir(parents=True)
    shutil.copy(folder.parents[2] / "secret", other / ("a" * 40))
    relinked(folder, f"../../../datasets--a--b/blobs/{'a' * 40}")


def to_a_blob_that_is_a_link(folder: Path) -> None:
    (folder.parents[1] / "blobs" / ("b" * 40)).symlink_to("../../secret")
    relinked(folder, f"../../blobs/{'b' * 40}")


def to_a_shared_file_that_is_a_link(folder: Path) -> None:
    store = folder.parents[2] / "blobs/cc" / ("c" * 64)
    store.parent.mkdir(parents=True)
    store.symlink_to("../../secret")
    (folder.parents[1] / "blobs" / ("b" * 40)).symlink_to(f"../../blobs/cc/{store.name}")
    relinked(folder, f"../../blobs/{'b' * 40}")


def to_blobs_elsewhere(folder: Path) -> None:
    blobs = folder.parents[1] / "blobs"
    blobs.rename(folder.parents[2] / "elsewhere")
    blobs.symlink_to("../elsewhere")


def to_a_pipe(folder: Path) -> None:
    os.mkfifo(folder.parents[1] / "blobs" / ("d" * 40))
    relinked(folder, f"../../blobs/{'d' * 40}")


def to_nothing(folder: Path) -> None:
    relinked(folder, f"../../blobs/{'e' * 40}")


def to_a_folder(folder: Path) -> None:
    (folder / "more").symlink_to("../../blobs", target_is_directory=True)


def to_itself(folder: Path) -> None:
    relinked(folder, "LICENSE")


LEADING_ASTRAY: dict[str, tuple[Callable[[Path], None], str]] = {
    one.__name__: (one, what)
    for one, what in (
        (to_a_secret, "LICENSE: is a link, and was not opened"),
        (to_an_absolute_secret, "LICENSE: is a link, and was not opened"),
        (to_a_secret_in_the_repo, "LICENSE: is a link, and was not opened"),
        (to_another_repo, "LICENSE: is a link, and was not opened"),
        (to_a_blob_that_is_a_link, "LICENSE: is a link to a link, and was not opened"),
        (to_a_shared_file_that_is_a_link, "LICENSE: is a link to what is not a plain file"),
        (to_blobs_elsewhere, "LICENSE: is a link, and was not opened"),
        (to_a_pipe, "LICENSE: is a link to what is not a plain file, and was not opened"),
        (to_nothing, "LICENSE: is a link to a file that is not in the cache: fetch it again"),
        (to_a_folder, "more: is a link, and was not opened"),
        (to_itself, "LICENSE: is a link, and was not opened"),
    )
}


@pytest.mark.parametrize("case", LEADING_ASTRAY)
def test_links_that_the_client_did_not_make_are_not_followed(
    downloads: Downloads, tmp_path: Path, case: str
) -> None:
    (tmp_path / "secret").write_text("not of the release")
    folder = copied(downloads, tmp_path)
    change, said = LEADING_ASTRAY[case]
    change(folder)
    named = [
        f"{difference['where']}: {difference['what']}: {difference['remedy']}"
        for difference in verify(folder)["differences"]
    ]
    assert any(one.startswith(said) for one in named), named
    secret = (tmp_path / "secret").resolve()
    assert secret not in {node.path.resolve() for node in walk(folder) if not node.fault}
    for refused in (lambda: read_local(folder), lambda: archive(folder, tmp_path / "x.zip")):
        with pytest.raises(ReleaseError):
            refused()
    assert not (tmp_path / "x.zip").exists()


@pytest.mark.parametrize("name", ["folder", "snapshots/main", f"snapshots/{'a' * 40}"])
def test_links_into_blobs_are_followed_in_a_cache_alone(
    downloads: Downloads, tmp_path: Path, name: str
) -> None:
    """The same links in a folder of another name are anybody's."""
    copied(downloads, tmp_path)
    repo = tmp_path / downloads["cache"].parent.parent.name
    moved = tmp_path / "work" / name
    moved.parent.mkdir(parents=True)
    (repo / "blobs").rename(tmp_path / "work/blobs")
    (repo / "snapshots" / downloads["cache"].name).rename(moved)
    assert all(node.fault for node in walk(moved))


def test_what_lies_beside_the_client_s_own_folder_is_still_named(
    downloads: Downloads, tmp_path: Path
) -> None:
    shutil.copytree(downloads["folder"], tmp_path / "release")
    (tmp_path / "release/.cache/secret").write_text("of nobody")
    named = [
        difference
        for difference in verify(tmp_path / "release")["differences"]
        if "secret" in difference["where"]
    ]
    assert "is not a file of a release" in [one["what"] for one in named]
    with pytest.raises(ReleaseError) as caught:
        read_local(tmp_path / "release")
    assert [fault.where for fault in caught.value.faults] == ["'.cache/secret'"]


def test_a_changed_file_of_a_download_is_named(downloads: Downloads, tmp_path: Path) -> None:
    folder = copied(downloads, tmp_path)
    blob = (folder / "LICENSE").resolve()
    blob.write_bytes(blob.read_bytes() + b" ")
    named = {difference["where"] for difference in verify(folder)["differences"]}
    assert "LICENSE" in named
