from __future__ import annotations

from pathlib import Path

import pytest

from cxr_release import schemas, tables
from cxr_release.errors import ReaderStudyError
from cxr_release.reader_study.responses import read_responses

HEADER = "rater,quartet,image,source,rating,identified_as_real\n"


def rows(rater: str, picked: int = 0) -> str:
    sources = ["real", "checkpoint-1", "checkpoint-3", "checkpoint-8"]
    return "".join(
        f"{rater},1,film{place},{source},{place + 1},{str(place == picked).lower()}\n"
        for place, source in enumerate(sources)
    )


def test_no_answers_yet(tmp_path: Path) -> None:
    (tmp_path / ".gitkeep").touch()
    assert read_responses(tmp_path) == []
    assert read_responses(tmp_path / "nowhere") == []


def test_ratings_of_several_files_come_sorted(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(HEADER + rows("a"))
    # What a spreadsheet writes: byte order mark and CRLF.
    text = (HEADER + rows("b", picked=2)).replace("\n", "\r\n")
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    found = read_responses(tmp_path)
    assert [row["rater"] for row in found] == ["a"] * 4 + ["b"] * 4
    assert [row["identified_as_real"] for row in found[4:]] == [False, False, True, False]
    tables.write(tmp_path / "responses.parquet", schemas.RESPONSES, found)


def test_every_fault_is_listed_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        HEADER + rows("a") + "b,1,x,real,5,true\nb,1,y,real,many,false\nb,1\nc,1,x,real,3,maybe\n"
        "d,1,x,real,3,true\nd,1,y,checkpoint-1,3,true\n"
    )
    (tmp_path / "b.csv").write_text("rater;quartet\n")
    (tmp_path / "c.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "d.xlsx").touch()
    with pytest.raises(ReaderStudyError) as caught:
        read_responses(tmp_path)
    places = [fault.where for fault in caught.value.faults]
    assert places == [
        "a.csv: line 6",
        "a.csv: line 7",
        "a.csv: line 8",
        "a.csv: line 9",
        "b.csv: line 1",
        "c.csv",
        "d.xlsx",
        "rater d, quartet 1",
    ]
