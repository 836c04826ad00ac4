"""A release as one zip: a valid bag, the same bytes again, whole or not there, no way out of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxr_release.errors import ReleaseError
from cxr_release.files import read_json
from cxr_release.publishing import archive as archives
from cxr_release.publishing.archive import archive, text_of
from cxr_release.release import verify
from tests.support.commands import run
from tests.support.deposits import make_deposit
from tests.support.failing_disk import failing

FILES = {
    "README.md",
    "SHA256SUMS",
    "data/checkpoint-1/train-00000-of-00001.parquet",
    "figures/losses.png",
    "release.json",
}


@pytest.fixture(autouse=True)
def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a folder is what it says; what `verify` finds is its own tests' business."""
    monkeypatch.setattr(verify, "verify", lambda folder: {"differences": []})


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return make_deposit(tmp_path / "release")


def unpacked(packed: Path, folder: Path) -> Path:
    with zipfile.ZipFile(packed) as opened:
        assert opened.testzip() is None
        opened.extractall(folder)  # noqa: S202 - a zip that the test made
    return folder


def lines(path: Path) -> list[tuple[str, str]]:
    """Hash and name of each line of a manifest."""
    read = path.read_text(encoding="utf-8").splitlines()
    return [(one[:64], one[66:]) for one in read]


def test_the_bag_is_valid_by_rfc_8493(release: Path, tmp_path: Path) -> None:
    report = archive(release, tmp_path / "bag.zip", year=2026)
    bag = unpacked(tmp_path / "bag.zip", tmp_path / "out") / "films-1.2.0"
    declared = (bag / "bagit.txt").read_bytes()
    assert declared == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    payload = {f"data/{name}" for name in FILES}
    tags = {
        "bagit.txt",
        "bag-info.txt",
        "manifest-sha256.txt",
        "metadata/datacite.json",
        "metadata/datacite.xml",
    }
    for manifest, names in (("manifest-sha256.txt", payload), ("tagmanifest-sha256.txt", tags)):
        stated = lines(bag / manifest)
        assert {name for _, name in stated} == names
        for digest, name in stated:
            assert hashlib.sha256((bag / name).read_bytes()).hexdigest() == digest
    held = {path.relative_to(bag).as_posix() for path in bag.rglob("*") if path.is_file()}
    assert held == payload | tags | {"tagmanifest-sha256.txt"}
    size = sum(path.stat().st_size for path in (bag / "data").rglob("*") if path.is_file())
    info = (bag / "bag-info.txt").read_text(encoding="utf-8")
    assert f"Payload-Oxum: {size}.{len(payload)}\n" in info
    assert "Bagging-Date" not in info
    for name in FILES:
        assert (bag / "data" / name).read_bytes() == (release / name).read_bytes()
    assert read_json(bag / "metadata" / "datacite.json")["publicationYear"] == "2026"
    assert report["files"] == len(FILES)
    assert report["sha256"] == hashlib.sha256((tmp_path / "bag.zip").read_bytes()).hexdigest()
    assert "DOI to be assigned by the repository" in text_of(report)


def test_a_plain_zip_holds_the_folder_and_the_metadata_beside_it(
    release: Path, tmp_path: Path
) -> None:
    archive(release, tmp_path / "plain.zip", form="plain", year=2026)
    with zipfile.ZipFile(tmp_path / "plain.zip") as opened:
        held = set(opened.namelist())
    folder = {f"films-1.2.0/{name}" for name in FILES}
    assert held == folder | {"datacite.json", "datacite.xml"}


@pytest.mark.skipif(not shutil.which("unzip"), reason="needs unzip")
@pytest.mark.skipif(not shutil.which("sha256sum"), reason="needs sha256sum")
def test_other_tools_agree(release: Path, tmp_path: Path) -> None:
    packed = tmp_path / "bag.zip"
    archive(release, packed, year=2026)
    subprocess.run(["unzip", "-q", packed, "-d", tmp_path / "out"], check=True)
    bag = tmp_path / "out" / "films-1.2.0"
    for folder, sums in (
        (bag, "manifest-sha256.txt"),
        (bag, "tagmanifest-sha256.txt"),
        (bag / "data", "SHA256SUMS"),
    ):
        checked = ["sha256sum", "--check", "--strict", "--quiet", sums]
        subprocess.run(checked, cwd=folder, check=True)


@pytest.mark.parametrize("form", archives.FORMS)
def test_the_same_folder_gives_the_same_bytes(tmp_path: Path, form: str) -> None:
    first = make_deposit(tmp_path / "a")
    second = make_deposit(tmp_path / "elsewhere" / "b")
    for path in second.rglob("*"):
        os.utime(path, (1e9, 1e9))
        path.chmod(0o700)
    packed = [tmp_path / "1.zip", tmp_path / "2.zip"]
    for folder, output in zip((first, second), packed, strict=True):
        archive(folder, output, form=form, year=2026)
    assert packed[0].read_bytes() == packed[1].read_bytes()
    with zipfile.ZipFile(packed[0]) as opened:
        for one in opened.infolist():
            assert one.date_time == (1980, 1, 1, 0, 0, 0)
            assert one.compress_type == zipfile.ZIP_STORED
            assert one.external_attr >> 16 == 0o644


def linked(release: Path) -> None:
    (release / "figures" / "more.png").symlink_to("/etc/hostname")


def linked_folder(release: Path) -> None:
    (release / "more").symlink_to("/etc")


def piped(release: Path) -> None:
    os.mkfifo(release / "more")


def named(name: str) -> Callable[[Path], None]:
    return lambda release: (release / name).write_text("x", encoding="utf-8") and None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (linked, "figures/more.png: is a link, and was not opened"),
        (linked_folder, "more: is a link, and was not opened"),
        (piped, "more: is a pipe, and was not opened"),
        (named("a\nb"), r"'a\\nb': is not a plain name"),
        (named("..."), "'...': is not a plain name"),
        (named("a\\b"), "is not a plain name"),
        (named("C:x"), "is not a plain name"),
        (named("ü"), r"'\\xfc': is not a plain name"),
        (named("more.txt"), "more.txt: does not match SHA256SUMS"),
        (named("README.md"), "README.md: does not match SHA256SUMS"),
        (lambda release: (release / "README.md").unlink(), "README.md: does not match SHA256SUMS"),
        (lambda release: (release / "SHA256SUMS").unlink(), "is not a release folder"),
    ],
)
def test_a_folder_that_is_no_whole_release_is_refused(
    release: Path, tmp_path: Path, change: Callable[[Path], None], expected: str
) -> None:
    change(release)
    with pytest.raises(ReleaseError) as caught:
        archive(release, tmp_path / "out" / "bag.zip", year=2026)
    assert expected.replace("\\\\", "\\") in str(caught.value)
    assert not list((tmp_path / "out").glob("*"))


def test_what_verify_finds_is_refused(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"where": "release.json", "what": "is untrue", "remedy": ""}
    report = {"name": "a", "version": "1", "checked": {}, "differences": [found]}
    monkeypatch.setattr(verify, "verify", lambda folder: report)
    with pytest.raises(ReleaseError, match=r"release\.json: is untrue"):
        archive(release, tmp_path / "bag.zip", year=2026)


@pytest.mark.parametrize("place", ["release", "release/bag.zip", "release/figures/bag.zip"])
def test_the_zip_cannot_lie_in_the_release(release: Path, tmp_path: Path, place: str) -> None:
    with pytest.raises(ReleaseError, match="cannot be a folder or lie in the release"):
        archive(release, tmp_path / place, year=2026)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tgz", ".TAR.GZ"])
@pytest.mark.parametrize("form", archives.FORMS)
def test_the_suffix_is_taken_at_its_word(
    release: Path, tmp_path: Path, suffix: str, form: str
) -> None:
    archive(release, tmp_path / "as.zip", form=form, year=2026)
    with zipfile.ZipFile(tmp_path / "as.zip") as opened:
        zipped = {name: opened.read(name) for name in opened.namelist()}
    packed = [tmp_path / f"{number}{suffix}" for number in range(2)]
    for path in packed:
        archive(release, path, form=form, year=2026)
    assert packed[0].read_bytes() == packed[1].read_bytes()
    assert packed[0].read_bytes().startswith(b"\x1f\x8b") == (suffix != ".tar")
    with tarfile.open(packed[0]) as tar:
        held = {one.name: tar.extractfile(one) for one in tar.getmembers()}
        assert {name: one.read() for name, one in held.items() if one} == zipped
        assert {(one.mtime, one.uid, one.mode) for one in tar.getmembers()} == {
            (315_532_800, 0, 0o644)
        }


@pytest.mark.parametrize("name", ["bag", "bag.rar", "bag.gz", "bag.zip.part", ".zip"])
def test_a_suffix_that_is_not_written_is_refused_by_name(
    release: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ReleaseError, match=r"\*\.zip, \*\.tar, \*\.tar\.gz, \*\.tgz") as caught:
        archive(release, tmp_path / name, year=2026)
    assert name in str(caught.value)
    assert not (tmp_path / name).exists()


def test_a_form_or_year_that_is_none_is_refused(release: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="use bagit or plain"):
        archive(release, tmp_path / "bag.zip", form="tar", year=2026)
    with pytest.raises(ReleaseError, match="the year of publication is not given"):
        archive(release, tmp_path / "bag.zip")


def test_interrupted_it_leaves_the_old_zip_and_no_part_of_a_new_one(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out" / "bag.zip"
    archive(release, output, year=2026)
    before = output.read_bytes()

    def stop(*_: Any) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(archives, "_manifest", stop)
    with pytest.raises(KeyboardInterrupt):
        archive(release, output, year=2027)
    assert [path.name for path in output.parent.iterdir()] == ["bag.zip"]
    assert output.read_bytes() == before


def test_hostile_texts_stay_on_their_line(tmp_path: Path) -> None:
    hostile = "X\nPayload-Oxum: 1.1\r\nBagging-Date: 1999"
    texts = dict.fromkeys(("title", "publisher", "contact", "identifier"), hostile)
    source = dict.fromkeys(("title", "citation"), hostile)
    release = make_deposit(tmp_path / "release", **texts, authors=[hostile], source=source)
    archive(release, tmp_path / "bag.zip", year=2026)
    bag = unpacked(tmp_path / "bag.zip", tmp_path / "out") / "films-1.2.0"
    info = (bag / "bag-info.txt").read_text(encoding="utf-8")
    assert info.count("\nPayload-Oxum: ") == 1
    assert "\nBagging-Date" not in info


@pytest.mark.parametrize("code", [28, 5])
def test_a_disk_that_fails_leaves_no_archive_or_a_whole_one(
    release: Path, tmp_path: Path, code: int
) -> None:
    whole = tmp_path / "whole.zip"
    run("archive", str(release), str(whole), "--year", "2026")
    for nth in range(1, 10):
        packed = tmp_path / "bag.zip"
        packed.unlink(missing_ok=True)
        with failing(nth, code) as disk:
            done = run("archive", str(release), str(packed), "--year", "2026")
        if done.returncode:
            assert f"{os.strerror(code)}" in done.stderr.splitlines()[-1]
            kept = "is written, but may not outlive" in done.stderr
            assert packed.exists() == kept
        if packed.exists():
            assert packed.read_bytes() == whole.read_bytes()
        assert not list(tmp_path.glob("*.partial"))
        if not disk.failed:
            break
    assert nth > 3
