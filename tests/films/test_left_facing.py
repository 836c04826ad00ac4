from __future__ import annotations

import os
from pathlib import Path

import pytest

from cxr_release.errors import SourceError
from cxr_release.films.folder import read_left_facing
from cxr_release.films.limits import MAX_LEFT_FACING_BYTES

FILMS = ("a.png", "b.jpg", "c #1.png", "datasets-PNG/0001035.png")


def read(folder: Path, content: bytes) -> frozenset[str]:
    (folder / "left-facing.txt").write_bytes(content)
    return read_left_facing(folder / "left-facing.txt", FILMS)


def test_films_by_file_or_stem_with_comments(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf# two\r\na\r\n\r\n b.jpg  # sure\r\na.png") == {
        "a.png",
        "b.jpg",
    }
    assert read(tmp_path, b"c #1.png\nc #1\n0001035\n") == {"c #1.png", "datasets-PNG/0001035.png"}
    assert read(tmp_path, b"0001035.png") == {"datasets-PNG/0001035.png"}
    assert read(tmp_path, b"") == read(tmp_path, b"# nobody knows\n") == frozenset()


def test_a_film_is_found_in_either_form_of_unicode(tmp_path: Path) -> None:
    """As a file system composes letters, and as an editor does."""
    path = tmp_path / "left-facing.txt"
    path.write_text("J\u00fcrgen\nMu\u0308ller.png\n", encoding="utf-8")
    films = ["Ju\u0308rgen.png", "M\u00fcller.png", "other.png"]
    assert read_left_facing(path, films) == set(films[:2])


def test_every_line_that_names_no_film_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, b"a\naa\n\x1b[2J\n" + b"x" * 10_000 + b"\n../../etc/passwd\n")
    faults = {fault.where: fault for fault in caught.value.faults}
    assert list(faults) == [f"left-facing.txt line {line}" for line in (2, 3, 4, 5)]
    assert faults["left-facing.txt line 2"].remedy.startswith("nearest: a")
    assert "\x1b" not in str(caught.value)
    assert len(str(faults["left-facing.txt line 4"])) < 400


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"#" * (MAX_LEFT_FACING_BYTES + 1), "larger than 1,048,576 bytes"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    with pytest.raises(SourceError, match=fault):
        read(tmp_path, content)


def test_a_list_is_read_from_nobody_s_trick(tmp_path: Path) -> None:
    path = tmp_path / "left-facing.txt"
    os.mkfifo(path)
    with pytest.raises(SourceError, match="is not a regular file"):
        read_left_facing(path, FILMS)
    path.unlink()
    path.symlink_to("/etc/hostname")
    with pytest.raises(SourceError, match="symbolic link"):
        read_left_facing(path, FILMS)
    path.unlink()
    path.mkdir()
    with pytest.raises(SourceError):
        read_left_facing(path, FILMS)
