"""Folders of DICOM films as archives export them: what is listed, whose it is, what is said."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.films.dicom_folder import find_places, is_dicom_folder, list_dicom
from cxr_release.films.facts import Listing
from cxr_release.films.film_key import FilmKey
from cxr_release.params.films import DicomParams
from tests.support.dicom_films import dataset_of, encoded, test_files
from tests.support.film_key import KEY

PIXELS = (np.add.outer(np.arange(20), np.arange(30)) * 40).astype(np.uint16)


def put(path: Path, **elements: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(dataset_of(PIXELS, 12, **elements)))
    return path


def listed(folder: Path, key: FilmKey = KEY, **settings: Any) -> Listing:
    return list_dicom(folder, key, DicomParams(**settings), progress=False)


def by_uid(listing: Listing, uid: str, key: FilmKey = KEY) -> Any:
    (film,) = [film for film in listing.films if film.id == key.dicom_film(uid)]  # type: ignore[attr-defined]
    return film


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """PATIENT/STUDY/SERIES/IM0001, two modalities, a DICOMDIR, and what else lies on a disc."""
    root = tmp_path / "Mueller Anna"
    for at in range(6):
        put(
            root / f"MUELLER{at // 2}/ST1/SE{at % 2}/IM0001",
            SOPInstanceUID=f"1.2.{at}",
            PatientID=f"P{at // 2}",
            Modality="CT" if at == 5 else "CR",
        )
    (root / "README.TXT").write_text("of Mueller, Anna")
    dicomdir = next(path for path in test_files() if path.name == "DICOMDIR")
    shutil.copyfile(dicomdir, root / "DICOMDIR")
    put(root / ".hidden/IM0001")
    return root


def test_a_tree_is_listed_and_each_file_accounted_for(tree: Path) -> None:
    assert is_dicom_folder(tree)
    listing = listed(tree)
    assert not listing.faults
    assert {film.id for film in listing.films} == {KEY.dicom_film(f"1.2.{at}") for at in range(5)}  # type: ignore[attr-defined]
    assert sorted(listing.passed_over.values()) == [
        "has the modality CT; CR, DX asked for",
        "is not a film, in a folder of DICOM films",
        "is not a film: a DICOMDIR, an index of other files",
    ]
    names = [film.name for film in listing.films] + list(listing.passed_over)
    assert sorted(names) == [f"dicom-{at:05d}" for at in range(1, 9)]
    # Files are numbered in the order of their opaque ids, which says nothing of their paths; films
    # come in an order that no key changes.
    by_name = sorted(listing.films, key=lambda film: film.name)
    assert [film.id for film in by_name] == sorted(film.id for film in by_name)
    assert [film.id for film in listing.films] == [KEY.dicom_film(f"1.2.{at}") for at in range(5)]
    patients = [by_uid(listing, f"1.2.{at}").patient for at in range(5)]
    assert patients[0] == patients[1] != patients[2] == patients[3] != patients[4]
    assert all(film.stated_patient is None for film in listing.films)  # type: ignore[attr-defined]
    film, facts = by_uid(listing, "1.2.0").load()
    assert film.shape == PIXELS.shape
    assert facts.header.codes["modality"] == "CR"
    assert facts.source_file.startswith("dicom-")


def test_another_key_gives_other_ids_and_the_same_films(tree: Path) -> None:
    other = FilmKey(bytes(31) + b"\1")
    first, second = listed(tree), listed(tree, other)
    assert {film.id for film in first.films}.isdisjoint(film.id for film in second.films)  # type: ignore[attr-defined]
    assert {film.patient for film in first.films}.isdisjoint(film.patient for film in second.films)  # type: ignore[attr-defined]
    for at in range(5):
        films = [by_uid(listing, f"1.2.{at}", key).load()[0] for listing, key in
                 ((first, KEY), (second, other))]  # fmt: skip
        assert np.array_equal(*films)


def test_the_key_tells_which_file_a_name_stands_for(tree: Path) -> None:
    listing = listed(tree)
    names = [*listing.passed_over, *(film.name for film in listing.films)]
    located = find_places(names, tree, KEY, None)
    assert len(set(located.values())) == 8
    for film in listing.films:
        assert located[film.name] == str(film.file.path)  # type: ignore[attr-defined]
    with pytest.raises(SourceError, match="is not a name of a file"):
        find_places(["dicom-00009"], tree, KEY, None)


def test_folders_of_other_films_are_not_of_dicom(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(folder / "a.png")
    assert not is_dicom_folder(folder)
    put(folder / "sub/deep/IM1")
    assert is_dicom_folder(folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert not is_dicom_folder(empty)
    (empty / "dicomdir").touch()
    assert is_dicom_folder(empty)


def test_what_is_in_doubt_is_a_fault_without_a_path(tree: Path, tmp_path: Path) -> None:
    film = tree / "MUELLER0/ST1/SE0/IM0001"
    shutil.copyfile(film, tree / "MUELLER0/COPY")
    (tree / "MUELLER1/AWAY").symlink_to(put(tmp_path / "elsewhere/IM9", SOPInstanceUID="1.2.77"))
    (tree / "MUELLER1/BROKEN").symlink_to("nothing")
    (tree / "LINKED").symlink_to(tree / "MUELLER1")
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tree / "icon.png")
    data = film.read_bytes()
    (tree / "MUELLER1/CUT").write_bytes(data[: data.index(b"CS\2\0CR")])
    put(tree / "MUELLER2/NOUID", SOPInstanceUID="")
    os.mkfifo(tree / "MUELLER2/PIPE")
    listing = listed(tree)
    whats = sorted(re.sub(r"dicom-\d+", "N", fault.what) for fault in listing.faults)
    assert whats == [
        "has the same SOPInstanceUID as N",
        "has the same SOPInstanceUID as N",
        "is a PNG, JPEG or TIFF, in a folder of DICOM films",
        "is a broken symbolic link",
        "is a symbolic link out of the folder",
        "is a symbolic link to a folder",
        "is damaged: it has no SOPInstanceUID",
        "states no modality that DICOM defines; CR, DX asked for",
    ]
    assert len(listing.films) == 4
    assert sorted(listing.refused) == sorted({fault.where for fault in listing.faults})
    text = " ".join(map(str, [*listing.faults, *listing.passed_over.items()]))
    assert not re.search("(?i)mueller|anna|IM0001|elsewhere", text)


def test_a_file_that_cannot_be_read_is_a_fault(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def failing(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.parent.name == "SE0" and path.parent.parent.parent.name == "MUELLER1":
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", failing)
    assert is_dicom_folder(tree)
    (located,) = listed(tree).faults
    assert located.what == "cannot be read (Input/output error)"


def test_where_nothing_is_asked_for_the_reasons_are_counted(tree: Path) -> None:
    with pytest.raises(SourceError, match=r"holds no film that is asked for \(5: has the modal"):
        listed(tree, modality=("DX",))
    assert len(listed(tree, modality=()).films) == 6


@pytest.mark.parametrize(
    ("first", "second", "relation"),
    [
        (("7", ""), ("7", ""), "one"),
        (("7", "A"), ("7", "B"), "two"),
        (("7", "A"), ("7", ""), "one"),
        (("7", ""), ("8", ""), "two"),
        (("", ""), ("7", ""), "not stated"),
        (("ANONYMOUS", ""), ("7", ""), "not stated"),
        (("000", ""), ("7", ""), "not stated"),
        (("N/A", "A"), ("7", ""), "not stated"),
        (("p7", ""), ("P07", ""), "in doubt"),
    ],
)
def test_patients_are_those_of_issuer_and_id(
    tmp_path: Path, first: tuple[str, str], second: tuple[str, str], relation: str
) -> None:
    for at, (patient, issuer) in enumerate((first, second)):
        put(tmp_path / f"{at}", SOPInstanceUID=f"1.2.{at}", PatientID=patient,
            IssuerOfPatientID=issuer)  # fmt: skip
    listing = listed(tmp_path)
    if relation == "in doubt":
        assert len(listing.faults) == 2
        assert "differs from another film's only by" in listing.faults[0].what
        return
    whose, other = (by_uid(listing, f"1.2.{at}").patient for at in range(2))
    assert other is not None
    assert {
        "one": whose == other,
        "two": None is not whose != other,
        "not stated": whose is None,
    }[relation]


def test_between_two_issuers_a_film_without_one_is_nobody_s(tmp_path: Path) -> None:
    for at, issuer in enumerate(("A", "B", "")):
        put(tmp_path / f"{at}", SOPInstanceUID=f"1.2.{at}", PatientID="7", IssuerOfPatientID=issuer)
    listing = listed(tmp_path)
    assert by_uid(listing, "1.2.2").patient is None
    assert by_uid(listing, "1.2.0").patient != by_uid(listing, "1.2.1").patient


def test_a_table_of_paths_states_patients_and_a_list_what_faces_left(tree: Path) -> None:
    paths = [f"MUELLER{at // 2}/ST1/SE{at % 2}/IM0001" for at in range(5)]
    rows = [f"{path},{'' if at == 4 else f'Anna {at % 2}'}" for at, path in enumerate(paths)]
    (tree / "patients.csv").write_text("\n".join(["file,patient", *rows]))
    (tree / "left-facing.txt").write_text(f"# sure\n{paths[1]}\n")
    listing = listed(tree)
    assert not listing.faults
    patients = [by_uid(listing, f"1.2.{at}").patient for at in range(5)]
    assert patients == [KEY.patient(f"Anna {at % 2}") for at in range(4)] + [None]
    assert listing.left_facing == {by_uid(listing, "1.2.1").name}


def test_faults_of_the_files_beside_say_nothing_of_them(tree: Path) -> None:
    rows = ["MUELLER0/ST1/SE0/IM0001,unknown", "MUELLER9,7", "torn"]
    (tree / "patients.csv").write_text("\n".join(["file,patient", *rows]))
    listing = listed(tree)
    assert len(listing.faults) == 7  # five films without a usable row, and two lines
    text = " ".join(map(str, listing.faults))
    assert "patients.csv: line 3" in text
    assert not re.search("(?i)mueller|unknown", text)
    (tree / "patients.csv").unlink()
    (tree / "left-facing.txt").write_text("MUELLER0/ST1/SE0\n")
    with pytest.raises(SourceError) as caught:
        listed(tree)
    assert [str(fault) for fault in caught.value.faults] == [
        "left-facing.txt line 1: is not the path of a film in the folder"
    ]


def test_a_table_of_paths_states_facts_and_no_message_repeats_what_stands_in_it(
    tree: Path,
) -> None:
    paths = [f"MUELLER{at // 2}/ST1/SE{at % 2}/IM0001" for at in range(5)]
    rows = [f"{path},{at},{'a lot' if at == 3 else at},Basel" for at, path in enumerate(paths)]
    (tree / "patients.csv").write_text("\n".join(["file,patient,grade,site", *rows]))
    listing = list_dicom(
        tree, KEY, DicomParams(), kinds={"grade": "number", "site": "code"}, progress=False
    )
    assert listing.columns == ("grade", "site")
    assert listing.stated[by_uid(listing, "1.2.1").name] == {"grade": 1.0, "site": "Basel"}
    (fault,) = listing.faults
    assert fault.where in listing.refused
    assert "a lot" not in f"{fault.what}{fault.remedy}"
