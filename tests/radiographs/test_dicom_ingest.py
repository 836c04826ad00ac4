"""DICOM films become a cohort, and nobody's name comes along."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from pyarrow import parquet

from cxr_release import schemas, tables
from cxr_release.errors import ParamsError, SourceError
from cxr_release.films.film_key import FilmKey
from cxr_release.films.film_set import open_films
from cxr_release.films.grey import window
from cxr_release.films.png import Film
from cxr_release.params.films import DicomParams
from cxr_release.params.load import load_params
from cxr_release.radiographs.ingest import ingest
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom
from tests.support import ROOT
from tests.support.dicom_films import COMPRESSED, NATIVE, dataset_of, encoded, table
from tests.support.dicom_names import PLANTED, plant
from tests.support.film_fixtures import Settings
from tests.support.film_key import KEY


def rows_of(output: Path, kind: Any = schemas.MANIFEST) -> list[dict[str, Any]]:
    name = "manifest" if kind is schemas.MANIFEST else "cohort"
    rows: list[dict[str, Any]] = parquet.read_table(output / f"{name}.parquet").to_pylist()
    tables.read_rows(output / f"{name}.parquet", kind)  # which checks them
    return rows


def pixels_of(output: Path) -> list[str]:
    return sorted(row["pixel_sha256"] for row in rows_of(output, schemas.COHORT))


def files_below(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place) / name for name in names)


@pytest.fixture(scope="module")
def films() -> list[Film]:
    phantoms = [draw_phantom(index, seed=11) for index in range(9)]
    shown = [(window(phantom.pixels), phantom.negative) for phantom in phantoms]
    return [255 - film if negative else film for film, negative in shown]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, films: list[Film]) -> Path:
    """Eight films with names in every text, in folders of patients' names; and a CT."""
    root = tmp_path_factory.mktemp("export") / PLANTED[0]
    for at, film in enumerate(films[:9]):
        stored = film.astype("<u2") * 16
        dataset = dataset_of(stored, 12, WindowCenter="2040", WindowWidth="4080",
                             VOILUTFunction="LINEAR_EXACT", PatientAge="093Y")  # fmt: skip
        plant(dataset, at)
        dataset.Modality = "CT" if at == 8 else "CR"
        path = root / f"{PLANTED[1]}{at // 2}/{PLANTED[2]}/SE{at}/IM0001"
        path.parent.mkdir(parents=True)
        syntax = (*COMPRESSED, *NATIVE)[at % 7]
        data = encoded(dataset, syntax)
        assert all(name.encode() in data for name in PLANTED[6:])
        path.write_bytes(data)
    (root / f"{PLANTED[3]}.txt").write_text(PLANTED[4])
    return root


def test_the_cohort_is_that_of_the_same_films_as_png(
    tree: Path, tmp_path: Path, films: list[Film], settings: Settings
) -> None:
    folder = tmp_path / "png"
    folder.mkdir()
    for at, film in enumerate(films[:8]):
        Image.fromarray(film).save(folder / f"{at}.png")
    ingest(folder, tmp_path / "of-png", settings=settings(), seed=1, progress=False)
    summary = ingest(tree, tmp_path / "of-dicom", settings=settings(), seed=1, progress=False)
    assert pixels_of(tmp_path / "of-dicom") == pixels_of(tmp_path / "of-png")
    assert (summary["files"], summary["ingested"], summary["refused"]) == (10, 8, 0)
    assert summary["passed_over"] == 2
    assert sum(row["status"] == "passed over" for row in rows_of(tmp_path / "of-dicom")) == 2
    assert (summary["patients"], summary["patients_not_stated"]) == (4, 0)


def test_no_name_reaches_any_file_or_line(
    tree: Path, tmp_path: Path, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "source"
    shutil.copytree(tree, source)
    bad = next(path for path in files_below(source) if path.name == "IM0001")
    bad.write_bytes(bad.read_bytes()[:-900])
    shutil.copyfile(sorted(files_below(source))[3], source / PLANTED[5])
    with pytest.raises(SourceError) as caught:
        ingest(source, tmp_path / "out", settings=settings(), seed=1, key=KEY)
    skipping = settings(on_error="skip", dicom=DicomParams(modality=("CR", "CT")))
    ingest(source, tmp_path / "out", settings=skipping, seed=1, key=KEY)
    captured = capfd.readouterr()
    assert "skipped" in captured.err
    said = captured.out + captured.err + str(caught.value)
    manifest = str(rows_of(tmp_path / "out"))
    assert "refused" in manifest
    contents = [path.read_bytes() for path in files_below(tmp_path / "out")]
    assert len(contents) == 3
    for name in PLANTED:
        assert name not in said
        assert name not in manifest
        assert not any(name.encode() in data for data in contents)
    # What four patients share is kept nowhere.
    assert all(row["facts"] is None for row in rows_of(tmp_path / "out"))


def test_two_keys_give_other_ids_and_the_same_pixels(
    tree: Path, tmp_path: Path, settings: Settings
) -> None:
    for name, secret in (("one", bytes(32)), ("two", bytes(range(32)))):
        ingest(tree, tmp_path / name, settings=settings(), seed=1, key=FilmKey(secret),
               progress=False)  # fmt: skip
    first, second = (rows_of(tmp_path / name, schemas.COHORT) for name in ("one", "two"))
    for column in ("id", "patient"):
        assert {row[column] for row in first}.isdisjoint(row[column] for row in second)
    # In the same order, too: that is how a network sees them.
    assert [row["pixel_sha256"] for row in first] == [row["pixel_sha256"] for row in second]


def test_the_manifest_says_what_the_header_does(
    tree: Path, tmp_path: Path, settings: Settings
) -> None:
    few = replace(settings(), least_patients=2)
    ingest(tree, tmp_path / "out", settings=few, seed=1, key=KEY, progress=False)
    rows = rows_of(tmp_path / "out")
    films = [row for row in rows if row["status"] == "ingested"]
    assert [row["source_file"] for row in rows] == [f"dicom-{at:05d}" for at in range(1, 11)]
    assert {row["stated_negative"] for row in films} == {False}
    assert {row["stated_patient"] for row in films} == {None}
    assert {row["overlay"] for row in films} == {False}
    facts = [{fact["name"]: fact for fact in row["facts"]} for row in films]
    assert all(known["modality"]["code"] == "CR" for known in facts)
    assert {known["age"]["number"] for known in facts} == {90.0}


def test_the_settings_reach_the_reader_from_the_api(tree: Path, tmp_path: Path) -> None:
    import cxr_release

    asked = {"modality": ["CT"]}
    summary = cxr_release.ingest(tree, tmp_path / "out", size=64, dicom=asked, progress=False)
    assert (summary["ingested"], summary["passed_over"]) == (1, 9)
    for wrong in ({"modality": ["c t"]}, {"modality": "CT"}, {"burned_in": "maybe"}, {"x": 1}):
        with pytest.raises(ParamsError):
            cxr_release.ingest(tree, tmp_path / "out", size=64, dicom=wrong, progress=False)


@pytest.mark.parametrize(
    ("dicom", "fault"),
    [
        (None, ""),
        ({}, "ingest.dicom.frames"),
        ("CR", "ingest.dicom"),
        (asdict(DicomParams()) | {"view": ["ll"]}, "ingest.dicom.view"),
        (asdict(DicomParams()) | {"body_part": ["CSPINE", "HWS"]}, ""),
    ],
)
def test_the_settings_are_checked(tmp_path: Path, dicom: Any, fault: str) -> None:
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    if isinstance(dicom, dict):
        dicom = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dicom.items()
        }
    raw["ingest"]["dicom"] = dicom
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    if not fault:
        params = load_params(tmp_path / "params.yaml")
        assert (params.ingest.dicom is None) == (dicom is None)
        del raw["ingest"]["dicom"]  # as in files of before there was such a key
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
        assert load_params(tmp_path / "params.yaml").ingest.dicom is None
        return
    with pytest.raises(ParamsError) as caught:
        load_params(tmp_path / "params.yaml")
    assert fault in {each.where for each in caught.value.faults}


def test_an_audit_opens_a_folder_of_dicom_files(tmp_path: Path, films: list[Film]) -> None:
    for at, film in enumerate(films[:4]):
        stored = film.astype("<u2") * 16
        window = {"WindowCenter": "2040", "WindowWidth": "4080", "VOILUTFunction": "LINEAR_EXACT"}
        data = encoded(dataset_of(stored, 12, **window), COMPRESSED[at])
        (tmp_path / f"film-{at}.dcm").write_bytes(data)
    opened = open_films([tmp_path], "real")
    assert sorted(opened.homes) == [f"film-{at}" for at in range(4)]
    for at, film in enumerate(films[:4]):
        assert np.array_equal(opened.film(f"film-{at}"), film)


CHEST = os.environ.get("CXR_RELEASE_CHEST_FILMS", "")


@pytest.mark.long
@pytest.mark.skipif(not CHEST, reason="no folder of chest films in CXR_RELEASE_CHEST_FILMS")
def test_chest_films_come_in_as_their_png_in_whatever_form_dicom_has_them(tmp_path: Path) -> None:
    from cxr_release.films.decode import decode
    from tests.films.test_dicom import as_png

    depths = (10, 12, 16)
    for at, path in enumerate(sorted(Path(CHEST).glob("*.png"))):
        film = decode(path.read_bytes()).film
        for bits in depths:
            most = 2**bits - 1
            deep = (film.astype(np.uint32) * most // 255).astype("<u2")
            window = {"WindowCenter": str(most / 2), "WindowWidth": str(most),
                      "VOILUTFunction": "LINEAR_EXACT"}  # fmt: skip
            for syntax in COMPRESSED if bits == depths[at % 3] else (NATIVE[0],):
                bright = encoded(dataset_of(deep, bits, **window), syntax)
                assert np.array_equal(decode(bright).film, film)
                dark = encoded(dataset_of(most - deep, bits, **window,
                              PhotometricInterpretation="MONOCHROME1"), syntax)  # fmt: skip
                assert np.array_equal(decode(dark).film, film)
                plain = encoded(dataset_of(deep, bits), syntax)
                assert np.array_equal(decode(plain).film, as_png(deep))
            shades = np.rint(np.arange(most + 1) * (255 / most)).astype(np.uint16)
            by_table = dataset_of(deep, bits, VOILUTSequence=[table(0, 8, shades)])
            assert np.array_equal(decode(encoded(by_table)).film, film)
            half = 2 ** (bits - 1)
            signed = (deep.astype(int) - half).astype("<i2")
            window["WindowCenter"] = str(most / 2 - half)
            assert np.array_equal(decode(encoded(dataset_of(signed, bits, **window))).film, film)


def test_a_tree_without_pydicom_is_one_line(
    tree: Path, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cxr_release.films import dicom_file

    dicom_file.silenced.cache_clear()
    for name in ("pydicom", "pydicom.config"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SourceError, match="pydicom is missing") as caught:
        ingest(tree, tmp_path / "out", settings=settings(), seed=1, progress=False)
    assert str(caught.value).count("\n") == 0
    assert "install cxr-release[dicom]" in str(caught.value)
