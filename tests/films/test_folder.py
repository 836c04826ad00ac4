import os
from pathlib import Path

import pytest

from cxr_release.errors import SourceError
from cxr_release.films.folder import list_folder
from cxr_release.films.patients import read_patients
from tests.support.film_key import KEY


def reasons(folder: Path) -> dict[str, str]:
    return {fault.where: fault.what for fault in list_folder(folder, KEY).faults}


def test_films_are_listed_in_order_and_dotfiles_are_not(folder: Path) -> None:
    (folder / ".DS_Store").write_bytes(b"junk")
    (folder / ".gitkeep").touch()
    listing = list_folder(folder, KEY)
    assert [film.name for film in listing.films] == [f"film-{at:02d}.png" for at in range(12)]
    assert not listing.faults
    ids = [film.load()[1].id for film in listing.films]
    assert ids == [KEY.film(f"film-{at:02d}.png") for at in range(12)]


def test_what_is_no_film_of_its_own_is_named(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes((folder / "film-00.png").read_bytes())
    (folder / "folder.png").mkdir()
    (folder / "broken.png").symlink_to("nothing.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "away.png").symlink_to(outside)
    (folder / "beside.png").symlink_to("film-01.png")
    (folder / "FILM-02.jpg").touch()
    (folder / "a\nb.png").touch()
    found = reasons(folder)
    assert found == {
        "folder.png": "is a folder",
        "broken.png": "is a broken symbolic link",
        "loop.png": "is a broken symbolic link",
        "away.png": "is a symbolic link out of the folder",
        "film-02.png": "has the same stem as FILM-02.jpg",
        "FILM-02.jpg": "has the same stem as film-02.png",
        "a\\nb.png": "has characters in its name that cannot be printed",
    }
    listing = list_folder(folder, KEY)
    assert sorted(listing.refused) == sorted(found)
    assert "beside.png" in {film.name for film in listing.films}


def test_a_name_of_any_bytes_can_be_reported(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff\n.png")).touch()
    assert "bad\\udcff\\n.png" in reasons(folder)


@pytest.mark.parametrize("stem", ["0001035", "_IMG0001", "-rf", "ä (1)", "a:b", "=1+1", "x" * 200])
def test_any_name_that_can_be_printed_will_do(folder: Path, stem: str) -> None:
    (folder / "film-00.png").rename(folder / f"{stem}.png")
    listing = list_folder(folder, KEY)
    assert not listing.faults
    (film,) = [one for one in listing.films if one.name == f"{stem}.png"]
    assert film.load()[1].id == KEY.film(f"{stem}.png")


def test_no_folder_and_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / ".gitkeep").touch()
    with pytest.raises(SourceError, match="holds no films"):
        list_folder(tmp_path, KEY)
    (tmp_path / "patients.csv").write_text("file,patient\n")
    with pytest.raises(SourceError, match="holds no films"):
        list_folder(tmp_path, KEY)
    for wrong in (tmp_path / "missing", tmp_path / "patients.csv"):
        with pytest.raises(SourceError, match="cannot be read as a folder"):
            list_folder(wrong, KEY)


def test_patients_come_from_the_table(folder: Path) -> None:
    lines = ["patient,file,remark"]
    lines += [f" patient {at // 2} ,film-{at:02d}.png," for at in range(12)]
    (folder / "patients.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    listing = list_folder(folder, KEY)
    assert not listing.faults
    facts = [film.load()[1] for film in listing.films]
    assert [fact.stated_patient for fact in facts] == [f"patient {at // 2}" for at in range(12)]
    assert [fact.patient for fact in facts] == [
        KEY.patient(f"patient {at // 2}") for at in range(12)
    ]


def test_each_fault_of_the_table_is_named(tmp_path: Path) -> None:
    table = tmp_path / "patients.csv"
    table.write_text("file,patient\na.png,1\na.png,2\nb.png,\nz.png,3\n")
    stated, faults = read_patients(table, {"a.png", "b.png", "c.png"})
    assert "b.png" not in stated
    assert {fault.where: fault.what for fault in faults} == {
        "patients.csv: line 5": "names 'z.png', which is not a film here",
        "a.png": "has 2 rows in patients.csv",
        "c.png": "has no row in patients.csv",
    }


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "no column file and no column patient"),
        (b"film,patient\na.png,1\n", "no column file"),
        (b"file,patient\n\xff.png,1\n", "not a UTF-8 CSV"),
        (b'file,patient\n"a.png,1\n', "not a UTF-8 CSV"),
    ],
)
def test_a_table_that_is_none_stops_everything(folder: Path, content: bytes, fault: str) -> None:
    (folder / "patients.csv").write_bytes(content)
    with pytest.raises(SourceError, match=fault):
        list_folder(folder, KEY)


def test_a_table_outside_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").write_text("file,patient\n")
    (folder / "patients.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(SourceError, match="symbolic link out of the folder"):
        list_folder(folder, KEY)
