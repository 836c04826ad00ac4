from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cxr_release import files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    files.write_text(path, "first")
    with pytest.raises(RuntimeError), files.whole_file(path) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert path.read_text() == "first"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "release"
    with files.whole_folder(path) as partial:
        (partial / "old").write_text("1")
    with pytest.raises(RuntimeError), files.whole_folder(path) as partial:
        (partial / "new").write_text("2")
        raise RuntimeError
    assert names(path) == ["old"]
    with files.whole_folder(path) as partial:
        (partial / "new").write_text("2")
    assert names(path) == ["new"]
    assert names(tmp_path) == ["release"]


def test_json_is_the_same_bytes_for_the_same_values(tmp_path: Path) -> None:
    files.write_json(tmp_path / "a.json", {"b": 1, "a": [1.5, "é"]})
    files.write_json(tmp_path / "b.json", {"a": [1.5, "é"], "b": 1})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert files.read_json(tmp_path / "a.json") == {"a": [1.5, "é"], "b": 1}
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(tmp_path / "c.json", float("nan"))
    assert not (tmp_path / "c.json").exists()


def test_a_folder_s_hash_follows_its_names_and_contents(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "x").write_text("1")
        (folder / "y").write_text("2")
    assert files.tree_sha256(one) == files.tree_sha256(other)
    (one / ".gitkeep").touch()
    (one / "z.pyc").write_text("compiled")
    assert files.tree_sha256(one) == files.tree_sha256(other)
    (other / "y").rename(other / "z")
    assert files.tree_sha256(one) != files.tree_sha256(other)
    assert files.tree_sha256(one / "y") == hashlib.sha256(b"2").hexdigest()
