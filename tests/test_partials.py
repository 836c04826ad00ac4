"""What is being written: nobody can lay something in its way, and what was left is removed."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from cxr_release import files
from cxr_release.partials import scratch_file, scratch_folder, sweep
from tests.support.failing_disk import failing


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def link(path: Path, target: Path) -> None:
    path.symlink_to(target)


def folder_of_links(path: Path, target: Path) -> None:
    path.mkdir()
    (path / "films.parquet").symlink_to(target)


def pipe(path: Path, target: Path) -> None:
    os.mkfifo(path)


PLANTED = [link, folder_of_links, pipe]


@pytest.mark.parametrize("plant", PLANTED)
@pytest.mark.parametrize("name", ["{}.partial", ".{}.partial", ".{}.0123456789abcdef.partial"])
def test_nothing_is_written_through_what_lies_in_the_way(
    tmp_path: Path, plant: Callable[[Path, Path], None], name: str
) -> None:
    work, victim = tmp_path / "work", tmp_path / "victim"
    work.mkdir()
    victim.write_text("theirs")
    for path, write in (
        (work / "a.json", lambda: files.write_json(work / "a.json", 1)),
        (work / "once", lambda: files.write_once(work / "once", "1")),
    ):
        plant(work / name.format(path.name), victim)
        write()
        assert path.is_file()
        assert not path.is_symlink()
    plant(work / name.format("folder"), victim)
    with files.whole_folder(work / "folder") as partial:
        (partial / "films.parquet").write_text("ours")
    assert victim.read_text() == "theirs"
    assert names(work) == ["a.json", "folder", "once"]


def test_what_killed_runs_left_is_removed_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.partial").write_text("of an earlier version")
    (tmp_path / ".a.0123456789abcdef.partial").mkdir()
    (tmp_path / "ab.partial").write_text("of another file")
    (tmp_path / ".a.b.0123456789abcdef.partial").write_text("of another file")
    with scratch_file(tmp_path / "a") as one, scratch_folder(tmp_path / "a") as two:
        sweep(tmp_path / "a")
        assert one.exists()
        assert two.exists()
    assert names(tmp_path) == [".a.b.0123456789abcdef.partial", "ab.partial"]


def test_two_may_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with files.whole_file(path) as one, files.whole_file(path) as other:
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"
    assert names(tmp_path) == ["a"]


def test_a_folder_that_a_killed_run_was_replacing_comes_back(tmp_path: Path) -> None:
    old = tmp_path / ".release.0123456789abcdef.old.partial"
    old.mkdir()
    (old / "README.md").write_text("1.0.0")
    sweep(tmp_path / "release")
    assert names(tmp_path) == ["release"]
    (tmp_path / ".release.0123456789abcdef.old.partial").mkdir()
    sweep(tmp_path / "release")
    assert (tmp_path / "release/README.md").read_text() == "1.0.0"
    assert names(tmp_path) == ["release"]


@pytest.mark.parametrize("nth", range(1, 12))
def test_a_folder_is_the_old_one_or_the_new_one_wherever_the_disk_fails(
    tmp_path: Path, nth: int
) -> None:
    path = tmp_path / "release"
    with files.whole_folder(path) as partial:
        (partial / "old").write_text("1")
    with failing(nth) as disk:
        try:
            with files.whole_folder(path) as partial:
                (partial / "new").write_text("2")
        except OSError as error:
            new = "is written, but may not outlive a power cut" in str(error)
        else:
            new = True
    assert names(path) == (["new"] if new else ["old"])
    assert names(tmp_path) == ["release"]
    assert disk.failed or nth > 5


def test_a_small_file_is_read_from_a_plain_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1234")
    assert files.read_bounded(path, 4) == b"1234"
    with pytest.raises(OSError, match="larger than 3 bytes"):
        files.read_bounded(path, 3)
    os.truncate(path, 2**33)  # nothing but a hole
    with pytest.raises(OSError, match="larger than 1,024 bytes"):
        files.read_bounded(path, 1024)
    for name, what in (
        ("link", "is a symbolic link"),
        ("pipe", "not a regular file"),
        ("folder", "a folder"),
    ):
        odd = tmp_path / name
        {"link": lambda at: at.symlink_to(path), "pipe": os.mkfifo, "folder": Path.mkdir}[name](odd)
        with pytest.raises(OSError, match=what) as caught:
            files.read_bounded(odd, 1024)
        assert caught.value.filename == str(odd)
    (tmp_path / "device").symlink_to("/dev/zero")
    for follow, what in ((False, "is a symbolic link"), (True, "not a regular file")):
        with pytest.raises(OSError, match=what):
            files.read_bounded(tmp_path / "device", 1024, follow=follow)


def test_an_error_names_what_was_to_be_written(tmp_path: Path) -> None:
    for path in (tmp_path / "a.json", tmp_path / "folder"):
        for nth in range(1, 4):
            with failing(nth, asked=["write", "fsync", "replace", "rename"]) as disk:
                try:
                    if path.suffix:
                        files.write_text(path, "1")
                    else:
                        with files.whole_folder(path) as partial:
                            files.write_text(partial / "b", "1")
                except OSError as error:
                    assert str(error.filename).removesuffix("/b") == str(path)
            assert disk.failed


@pytest.mark.parametrize("kind", ["once", "whole"])
def test_nobody_sweeps_away_what_another_has_just_begun(tmp_path: Path, kind: str) -> None:
    """Between making a file and locking it, another one may take it for a killed run's."""
    start = Barrier(8, timeout=60)

    def write(number: int) -> None:
        for place in range(60):
            path = tmp_path / f"{place}"
            start.wait()
            if kind == "once":
                files.write_once(path, f"{number}")
            else:
                files.write_text(path, f"{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert {path.name for path in tmp_path.iterdir()} == {f"{place}" for place in range(60)}
    assert all(path.read_text() in "01234567" for path in tmp_path.iterdir())
