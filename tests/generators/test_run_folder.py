from __future__ import annotations

from pathlib import Path

import pytest

from cxr_release.errors import CxrReleaseError
from cxr_release.generators.runtime import run_folder


def begin(folder: Path, fingerprint: str, *, keep: bool = True) -> bool:
    return run_folder.begin(folder, fingerprint, keep_unfinished=keep)


def test_work_of_the_same_fingerprint_stays_and_half_written_files_go(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert not begin(folder, "one")
    (folder / "work").write_text("done")
    (folder / "file.partial").write_text("half")
    (folder / "checkpoint-1.partial").mkdir()
    assert not begin(folder, "one")
    assert sorted(path.name for path in folder.iterdir()) == ["run.json", "work"]
    run_folder.finish(folder, "one")
    assert begin(folder, "one")


def test_finished_work_of_another_fingerprint_is_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    begin(folder, "one")
    (folder / "work").write_text("done")
    run_folder.finish(folder, "one")
    assert not begin(folder, "two")
    assert [path.name for path in folder.iterdir()] == ["run.json"]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("keep", [True, False])
def test_unfinished_work_of_another_fingerprint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], keep: bool
) -> None:
    folder = tmp_path / "run"
    begin(folder, "one")
    (folder / "work").write_text("hours")
    assert not begin(folder, "two", keep=keep)
    assert not (folder / "work").exists()
    aside = list(tmp_path.glob("run.superseded-????????"))
    assert len(aside) == keep
    if keep:
        assert (aside[0] / "work").read_text() == "hours"
        assert aside[0].name in capsys.readouterr().err


def test_a_kill_during_deletion_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "run.partial").mkdir()
    (tmp_path / "run.partial" / "work").write_text("half deleted")
    assert not begin(tmp_path / "run", "two")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("text", [None, "", "[]", '{"finished": true}'])
def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path, text: str | None) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    if text is not None:
        (tmp_path / run_folder.RECORD).write_text(text)
    with pytest.raises(CxrReleaseError, match="move it away"):
        begin(tmp_path, "one")
    assert (tmp_path / "thesis.tex").exists()
