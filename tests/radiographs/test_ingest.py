import dataclasses
import io
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.errors import SourceError
from cxr_release.files import tree_sha256
from cxr_release.film_size import Size
from cxr_release.films import png
from cxr_release.films.facts import Facts, Header, Listing
from cxr_release.films.film_key import FilmKey
from cxr_release.films.folder import list_folder, printable
from cxr_release.films.grey import window
from cxr_release.films.png import Film
from cxr_release.params.films import PHANTOMS, IngestParams
from cxr_release.radiographs.exposure import exposed_field
from cxr_release.radiographs.ingest import ingest
from cxr_release.radiographs.phantoms.collimation import Collimation
from cxr_release.radiographs.phantoms.phantom_source import Phantom, draw_phantom
from cxr_release.scorecard.facts import facts_of_manifest
from cxr_release.scorecard.utility.manifest_labels import labels_of_manifest
from tests.support.film_key import KEY

Settings = Callable[..., IngestParams]


def cohort(output: Path) -> list[dict[str, Any]]:
    return list(tables.iterate(output / "cohort.parquet", schemas.COHORT))


def manifest(output: Path) -> dict[str, dict[str, Any]]:
    tables.read(output / "manifest.parquet", schemas.MANIFEST)
    rows = tables.iterate(output / "manifest.parquet", schemas.MANIFEST)
    return {row["source_file"]: row for row in rows}


def pixels(output: Path) -> dict[str, Any]:
    return {
        row["id"]: png.decode(row["image"]["bytes"], where=row["id"]).astype(int)
        for row in cohort(output)
    }


def take(source: Path | str, output: Path, settings: IngestParams) -> dict[str, Any]:
    return ingest(source, output, settings=settings, seed=11, key=KEY, progress=False)


def mark(folder: Path, *lines: str) -> None:
    (folder / "left-facing.txt").write_text("\n".join(lines), encoding="utf-8")


def spoil(folder: Path) -> dict[str, str]:
    """One of every kind of bad file beside the good ones: name → what its fault says."""
    good = (folder / "film-00.png").read_bytes()
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("no film")
    (folder / "cut.png").write_bytes(good[: len(good) // 2])
    (folder / "folder.png").mkdir()
    (folder / "broken.png").symlink_to("nothing")
    (folder / "away.png").symlink_to("/etc/hostname")
    (folder / "film-01.jpg").write_bytes(good)
    (folder / "x\x7f.png").write_bytes(good)
    Image.new("L", (9000, 9000)).save(folder / "bomb.png", compress_level=9)
    Image.new("L", (90, 90), 7).save(folder / "blank.png")
    pages = [Image.open(io.BytesIO(good)) for _ in range(2)]
    pages[0].save(folder / "pages.tif", save_all=True, append_images=pages[1:])
    return {
        "empty.png": "0 bytes",
        "text.png": "is not a PNG, JPEG or TIFF",
        "cut.png": "truncated",
        "folder.png": "is a folder",
        "broken.png": "broken symbolic link",
        "away.png": "out of the folder",
        "film-01.jpg": "same stem as film-01.png",
        "film-01.png": "same stem as film-01.jpg",
        "x\\x7f.png": "cannot be printed",
        "bomb.png": "decompression bomb",
        "blank.png": "blank",
        "pages.tif": "more than one picture",
    }


def test_phantoms_become_a_cohort_that_is_measured(
    tmp_path: Path, settings: Settings, phantoms: list[Phantom]
) -> None:
    output = tmp_path / "out"
    summary = take("phantoms", output, settings(phantoms=30))
    assert summary["polarity_accuracy"] == 1.0
    assert summary["facing_check"] == {"known": 30, "wrong": 0, "unknown": 0}
    assert summary == json.loads((output / "summary.json").read_text())
    rows, sources = cohort(output), manifest(output)
    for row, phantom in zip(rows, phantoms, strict=False):
        source = sources[phantom.name]
        assert row["id"] == phantom.name
        assert row["patient"] == source["patient"] == phantom.patient
        assert row["facing"] == phantom.facing == source["true_facing"]
        assert row["flipped"] == (phantom.facing == "right") == source["flipped"]
        assert row["inverted"] == phantom.negative == source["true_negative"]
        assert (source["source_height"], source["source_width"]) == phantom.pixels.shape
        points = {point["name"]: (point["x"], point["y"]) for point in source["keypoints"]}
        assert points.keys() == phantom.keypoints.keys()
        for name, point in phantom.keypoints.items():
            assert points[name] == pytest.approx(point, rel=1e-5)
    assert summary["inverted"] == sum(row["inverted"] for row in rows) > 0
    assert summary["flipped"] == sum(row["flipped"] for row in rows) > 0


def test_every_film_is_8_bit_grey_of_one_size_and_hashed(
    folder: Path, tmp_path: Path, settings: Settings
) -> None:
    take(folder, tmp_path / "out", settings(size=48))
    for row in cohort(tmp_path / "out"):
        data = row["image"]["bytes"]
        film = png.decode(data, where=row["id"])
        assert film.shape == (48, 48) == (row["height"], row["width"])
        assert png.facts(film, data).items() <= row.items()
        assert row["image"]["path"] == f"{row['id']}.png"
        assert not png.is_labelled(data)
        assert (row["facing"], row["flipped"]) == (None, False)


@pytest.mark.parametrize("fit", ["stretch", "pad"])
def test_negatives_give_the_same_cohort(
    folder: Path, tmp_path: Path, settings: Settings, fit: str
) -> None:
    turned = tmp_path / "turned"
    turned.mkdir()
    for at, path in enumerate(sorted(folder.iterdir())):
        film = np.asarray(Image.open(path))
        Image.fromarray(255 - film if at % 3 == 0 else film).save(turned / path.name)
    take(folder, tmp_path / "a", settings(fit=fit))
    take(turned, tmp_path / "b", settings(fit=fit))
    assert [row["inverted"] for row in cohort(tmp_path / "a")] == [False] * 12
    assert [row["inverted"] for row in cohort(tmp_path / "b")] == [at % 3 == 0 for at in range(12)]
    one, other = pixels(tmp_path / "a"), pixels(tmp_path / "b")
    assert max(np.abs(one[name] - other[name]).max() for name in one) <= 1


def test_marked_films_turn_all_films_left(
    folder: Path, tmp_path: Path, settings: Settings, phantoms: list[Phantom]
) -> None:
    truth = [phantom.facing for phantom in phantoms[:12]]
    marked = [f"film-{at:02d}" for at in range(12) if truth[at] == "left"][:2]
    mark(folder, "# two of them", marked[0], "", f"{marked[1]}.png  # by its file")
    summary = take(folder, tmp_path / "out", settings())
    rows = cohort(tmp_path / "out")
    assert [row["facing"] for row in rows] == truth
    assert summary["facings"] == {side: truth.count(side) for side in ("left", "right")}
    (folder / "left-facing.txt").unlink()
    take(folder, tmp_path / "plain", settings())
    turned, plain = pixels(tmp_path / "out"), pixels(tmp_path / "plain")
    for at, facing in enumerate(truth):
        name = KEY.film(f"film-{at:02d}.png")
        expected = plain[name][:, ::-1] if facing == "right" else plain[name]
        np.testing.assert_array_equal(turned[name], expected)


def test_an_unknown_marked_film_is_named_with_its_neighbours(
    folder: Path, tmp_path: Path, settings: Settings
) -> None:
    mark(folder, "film-00", "film-1", "other")
    with pytest.raises(SourceError) as caught:
        take(folder, tmp_path / "out", settings())
    faults = {fault.where: fault for fault in caught.value.faults}
    assert faults.keys() == {"left-facing.txt line 2", "left-facing.txt line 3"}
    assert "'film-1' is not a film" in faults["left-facing.txt line 2"].what
    assert "film-01" in faults["left-facing.txt line 2"].remedy
    assert not (tmp_path / "out").exists()


def test_all_bad_files_stand_in_one_report_and_nothing_is_written(
    folder: Path, tmp_path: Path, settings: Settings
) -> None:
    expected = spoil(folder)
    with pytest.raises(SourceError) as caught:
        take(folder, tmp_path / "out", settings())
    found = {fault.where: fault.what for fault in caught.value.faults}
    assert found.keys() == expected.keys()
    for name, what in expected.items():
        assert what in found[name]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["films"]


def test_skipped_files_are_accounted_for(
    folder: Path, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = spoil(folder)
    (folder / ".hidden").touch()
    summary = take(folder, tmp_path / "out", settings(on_error="skip"))
    sources = manifest(tmp_path / "out")
    files = sorted(printable(path.name) for path in folder.iterdir() if path.name[0] != ".")
    assert list(sources) == files
    refused = {name: row for name, row in sources.items() if row["status"] == "refused"}
    assert refused.keys() == expected.keys()
    for name, row in refused.items():
        assert expected[name] in row["fault"]
        assert row["id"] is None
    ids = [row["id"] for row in cohort(tmp_path / "out")]
    assert ids == [row["id"] for row in sources.values() if row["status"] == "ingested"]
    assert (summary["files"], summary["ingested"], summary["refused"]) == (23, 11, 12)
    report = capsys.readouterr().err
    assert report.count("fault(s) in the source films") == 1
    assert all(f"{name}: " in report for name in expected)


def test_marked_films_may_be_refused_but_not_all(
    folder: Path, tmp_path: Path, settings: Settings, phantoms: list[Phantom]
) -> None:
    left = [at for at in range(12) if phantoms[at].facing == "left"][:2]
    marked = [f"film-{at:02d}" for at in left]
    mark(folder, *marked)
    (folder / f"{marked[0]}.png").write_bytes(b"junk")
    take(folder, tmp_path / "out", settings(on_error="skip"))
    assert {row["facing"] for row in cohort(tmp_path / "out")} == {"left", "right"}
    mark(folder, marked[0])
    with pytest.raises(SourceError, match="names only films that were refused"):
        take(folder, tmp_path / "no", settings(on_error="skip"))


def test_nothing_good_is_an_error_even_when_skipping(tmp_path: Path, settings: Settings) -> None:
    source = tmp_path / "films"
    source.mkdir()
    (source / "junk.png").write_bytes(b"junk")
    with pytest.raises(SourceError, match=r"junk\.png"):
        take(source, tmp_path / "out", settings(on_error="skip"))


def test_rows_of_the_patient_table_without_a_film_are_reported(
    folder: Path, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"film-{at:02d}.png,p{at % 3}" for at in range(11)]
    (folder / "patients.csv").write_text("\n".join(["file,patient", *rows, "gone.png,p9"]))
    with pytest.raises(SourceError) as caught:
        take(folder, tmp_path / "out", settings())
    assert [fault.where for fault in caught.value.faults] == [
        "film-11.png",
        "patients.csv: line 13",
    ]
    summary = take(folder, tmp_path / "out", settings(on_error="skip"))
    assert (summary["files"], summary["refused"], summary["patients"]) == (12, 1, 3)
    assert "gone.png" in capsys.readouterr().err
    assert "patients.csv" not in manifest(tmp_path / "out")


def test_the_same_films_give_the_same_bytes_and_old_output_is_replaced(
    folder: Path, tmp_path: Path, settings: Settings
) -> None:
    take(folder, tmp_path / "a", settings())
    (tmp_path / "b").mkdir()
    for name in ("cohort.parquet.partial", "summary.json"):
        (tmp_path / "b" / name).write_text("from a killed run")
    (tmp_path / "b.films.partial").write_text("from a killed run")
    take(folder, tmp_path / "b", settings())
    assert tree_sha256(tmp_path / "a") == tree_sha256(tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "films"]


def test_a_failed_run_leaves_the_last_good_one(
    folder: Path, tmp_path: Path, settings: Settings
) -> None:
    take(folder, tmp_path / "out", settings())
    before = tree_sha256(tmp_path / "out")
    (folder / "junk.png").write_bytes(b"junk")
    with pytest.raises(SourceError):
        take(folder, tmp_path / "out", settings())
    assert tree_sha256(tmp_path / "out") == before


def test_a_file_in_the_place_of_the_output_is_refused(
    folder: Path, tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "out").write_text("precious")
    with pytest.raises(SourceError, match="not a folder to write into"):
        take(folder, tmp_path / "out", settings())
    assert (tmp_path / "out").read_text() == "precious"


def test_output_within_the_source_is_refused(folder: Path, settings: Settings) -> None:
    with pytest.raises(SourceError, match="lies in the folder of source films"):
        take(folder, folder / "out", settings())


def test_one_film_is_a_cohort(tmp_path: Path, settings: Settings, positives: list[Film]) -> None:
    source = tmp_path / "films"
    source.mkdir()
    Image.fromarray(255 - positives[0]).save(source / "only.png")
    mark(source, "only")
    summary = take(source, tmp_path / "out", settings())
    assert (summary["inverted"], summary["facings"]) == (1, {"left": 1})


def test_the_atlas_is_recognised(tmp_path: Path, settings: Settings, positives: list[Film]) -> None:
    films = tmp_path / "csxa" / "datasets-PNG"
    films.mkdir(parents=True)
    for at, film in enumerate(positives[:3]):
        Image.fromarray(film).save(films / f"{at:04d}135.png")
    summary = take(tmp_path / "csxa", tmp_path / "out", settings())
    assert (summary["patients"], summary["patients_not_stated"], summary["cases"]) == (None, 3, 3)
    row = manifest(tmp_path / "out")["datasets-PNG/0002135.png"]
    assert (row["patient"], row["case"], row["age"]) == (None, "0002", 35)


def test_patients_are_not_made_up(
    folder: Path, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = take(folder, tmp_path / "out", settings())
    assert (summary["patients"], summary["patients_not_stated"]) == (None, 12)
    assert "patients not stated: " in capsys.readouterr().err
    assert {row["patient"] for row in cohort(tmp_path / "out")} == {None}
    rows = [f"film-{at:02d}.png,{'' if at % 3 else 'p'}" for at in range(12)]
    (folder / "patients.csv").write_text("\n".join(["file,patient", *rows]))
    summary = take(folder, tmp_path / "out", settings())
    assert (summary["patients"], summary["patients_not_stated"]) == (None, 8)
    assert "patients not stated for 8 of 12 films: " in capsys.readouterr().err


def test_a_patient_in_two_spellings_is_in_no_cohort(
    folder: Path, tmp_path: Path, settings: Settings
) -> None:
    keys = ["P07", "p7", *(f"q{at}" for at in range(10))]
    rows = [f"film-{at:02d}.png,{key}" for at, key in enumerate(keys)]
    (folder / "patients.csv").write_text("\n".join(["file,patient", *rows]))
    with pytest.raises(SourceError) as caught:
        take(folder, tmp_path / "out", settings())
    assert [fault.where for fault in caught.value.faults] == ["film-00.png", "film-01.png"]
    for fault in caught.value.faults:
        assert "'P07' (patients.csv: line 2)" in fault.what or "'P07' (line" in fault.what
        assert "'p7'" in fault.what
    assert not (tmp_path / "out").exists()
    summary = take(folder, tmp_path / "out", settings(on_error="skip"))
    assert (summary["ingested"], summary["refused"], summary["patients"]) == (10, 2, 10)


def test_what_an_annotation_lacks_is_told_and_stands_in_the_manifest(
    tmp_path: Path,
    positives: list[Film],
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, output = tmp_path / "csxa", tmp_path / "cohort"
    (source / "datasets-PNG").mkdir(parents=True)
    (source / "datasets-JSON").mkdir()
    for stem, film in zip(("0001035", "0002136"), positives, strict=False):
        Image.fromarray(film).save(source / "datasets-PNG" / f"{stem}.png")
    (source / "datasets-JSON" / "0002136.json").write_text("{")
    summary = ingest(source, output, settings=settings(), seed=1, progress=False)
    assert (summary["ingested"], summary["refused"]) == (2, 0)
    said = "datasets-JSON/0002136.json: is not LabelMe JSON"
    told = capsys.readouterr().err.splitlines()
    assert told[:2] == [
        "ingested without some of their annotations: 1 film(s)",
        f"  datasets-PNG/0002136.png: {said}",
    ]
    rows = tables.read_rows(output / "manifest.parquet", schemas.MANIFEST)
    assert [row["left_out"] for row in rows] == [None, said]


@dataclasses.dataclass(frozen=True)
class Crashing:
    """A film at which a decoder crashes."""

    name: str = "crashing.png"

    def load(self) -> tuple[Film, Facts]:
        os.kill(os.getpid(), signal.SIGSEGV)
        raise AssertionError("not reached")


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor: no other process")
def test_a_film_that_crashes_its_reader_is_named(
    folder: Path, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listed(*_: object, **__: object) -> Listing:
        listing = list_folder(folder, FilmKey(bytes(32)))
        films = [*listing.films] * 5
        return dataclasses.replace(listing, films=[*films[:30], Crashing(), *films[30:]])

    monkeypatch.setattr("cxr_release.radiographs.ingest._list", listed)
    with pytest.raises(SourceError) as caught:
        ingest(folder, tmp_path / "cohort", settings=settings(), seed=1, progress=False)
    assert [(fault.where, fault.what) for fault in caught.value.faults] == [
        ("crashing.png", "ends the process that reads it")
    ]


@dataclasses.dataclass(frozen=True)
class StatedFilm:
    """A phantom behind a border, with what a file may state of its film."""

    index: int
    stated: bool | None

    @property
    def name(self) -> str:
        return f"film {self.index}"

    @property
    def id(self) -> str:
        return f"id-{self.index}"

    def load(self) -> tuple[Film, Facts]:
        border = Collimation(margins=(0.1, 0.15, 0.2, 0.1), grey=1.0)
        phantom = draw_phantom(self.index, seed=11, collimation=border)
        film = window(phantom.pixels)
        return film, Facts(
            source_file=self.name,
            id=f"id-{self.index}",
            patient=None,
            width=film.shape[1],
            height=film.shape[0],
            bits=8,
            mode="L",
            keypoints=phantom.keypoints,
            header=Header(negative=self.stated),
        )


def test_a_border_is_cut_off_and_landmarks_follow(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    films = [StatedFilm(index, None) for index in range(6)]
    monkeypatch.setattr(
        "cxr_release.radiographs.ingest.list_films", lambda *_, **__: Listing(films)
    )
    for field in ("whole", "exposed"):
        take(folder, tmp_path / field, settings(field=field, fit="pad", size=128))
    whole, exposed = (
        {row["id"]: row for row in manifest(tmp_path / field).values()}
        for field in ("whole", "exposed")
    )
    assert all(row["field_left"] is None for row in whole.values())
    labels = {
        field: labels_of_manifest(rows.values(), size=Size.of(128))
        for field, rows in (("whole", whole), ("exposed", exposed))
    }
    for film in films:
        row = exposed[f"id-{film.index}"]
        pixels_of, facts = film.load()
        box = tuple(row[f"field_{side}"] for side in ("left", "top", "right", "bottom"))
        assert box == exposed_field(pixels_of)
        assert (row["source_width"], row["source_height"]) == (facts.width, facts.height)
        left, top, right, bottom = box
        side = max(right - left, bottom - top)
        label = labels["exposed"]
        assert label is not None and facts.keypoints is not None
        for name, (x, y) in label.points[row["id"]].items():
            at = facts.keypoints[name]
            # From the middle of the field, in sides of the square that it was padded to.
            assert x - 0.5 == pytest.approx((at[0] - (left + right) / 2) / side, abs=0.01)
            assert y - 0.5 == pytest.approx((at[1] - (top + bottom) / 2) / side, abs=0.01)
    shown = pixels(tmp_path / "exposed")
    # A quarter of each whole film is border, as bright as nothing else is; of a cropped one none.
    assert all((film > 250).mean() > 0.2 for film in pixels(tmp_path / "whole").values())
    assert all((film > 250).mean() < 0.1 for film in shown.values())


def test_a_stated_polarity_holds_and_films_that_look_otherwise_are_named(
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    truth = [draw_phantom(index, seed=11).negative for index in range(12)]
    stated = [None, not truth[1], *truth[2:]]
    films = [StatedFilm(index, negative) for index, negative in enumerate(stated)]
    monkeypatch.setattr(
        "cxr_release.radiographs.ingest.list_films", lambda *_, **__: Listing(films)
    )
    summary = take(folder, tmp_path / "out", settings())
    assert summary["polarity_stated"] == {"films": 11, "look otherwise": 1}
    assert "otherwise than their files state, by their looks: film 1;" in capsys.readouterr().err
    rows = {row["id"]: row for row in manifest(tmp_path / "out").values()}
    for index, value in enumerate(stated):
        row = rows[f"id-{index}"]
        assert row["stated_negative"] == value
        assert row["inverted"] == (truth[index] if value is None else value)


def test_facts_of_a_table_are_taken_in_as_far_as_enough_patients_share_them(
    folder: Path, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    sites = ["north"] * 6 + ["Atlantis"] * 3 + ["Thule"] * 2 + [""]
    rows = [f"film-{at:02d}.png;p{at};{70 + 3 * at};{site};x" for at, site in enumerate(sites)]
    table = "\n".join(["sep=;", "file;patient;age;site;note;", *rows])
    (folder / "patients.csv").write_text(table, encoding="utf-16")
    asked = {"age": "number", "site": "code"}
    summary = take(folder, tmp_path / "out", settings(facts=asked, least_patients=5))
    told = capsys.readouterr().err
    assert summary["known"] == {"age": 12, "site": 11}
    assert summary["rare_values"] == [
        {"name": "site", "counted": "patient", "put together": 2, "left out": 0}
    ]
    assert "not taken in, since ingest.facts does not name them: note" in told
    assert "values of fewer than 5 patients are not kept:\n  site: 2 values put together" in told
    assert "Atlantis" not in told
    films = list(manifest(tmp_path / "out").values())
    assert "Atlantis" not in repr(films)
    facts = facts_of_manifest(films)
    assert sorted(facts["site"].values()) == ["north"] * 6 + ["others"] * 5
    assert max(facts["age"].values()) == 90
    assert "note" not in facts
    take(folder, tmp_path / "plain", settings())
    assert {row["facts"] is None for row in manifest(tmp_path / "plain").values()} == {True}
    with pytest.raises(SourceError, match="names sight, of which neither") as caught:
        take(folder, tmp_path / "no", settings(facts={"sight": "code"}))
    assert "age, note, site" in str(caught.value)


def test_a_value_that_is_none_is_a_fault_of_its_film(
    folder: Path, tmp_path: Path, settings: Settings
) -> None:
    rows = [f"film-{at:02d}.png,p{at},{at or 'old'}" for at in range(12)]
    (folder / "patients.csv").write_text("\n".join(["file,patient,age", *rows]))
    asked = settings(facts={"age": "number"})
    with pytest.raises(SourceError) as caught:
        take(folder, tmp_path / "out", asked)
    (fault,) = caught.value.faults
    assert fault.where == "film-00.png"
    assert fault.what == "has the age 'old' (patients.csv: line 2), which is not a number"
    skipping = dataclasses.replace(asked, on_error="skip")
    assert take(folder, tmp_path / "out", skipping)["refused"] == 1


def test_phantoms_behind_borders_come_in_bone_bright_and_without_them(
    tmp_path: Path, settings: Settings
) -> None:
    few = settings(phantoms=24, size=32, field="exposed", phantom_borders="mixed")
    summary = take(PHANTOMS, tmp_path / "cohort", few)
    assert summary["polarity_accuracy"] == 1
    assert summary["cropped"] >= 20
