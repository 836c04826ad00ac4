"""The audit of two sets as people call it: what is found, what is flagged, what is refused."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.stats import betabinom

import cxr_release
from cxr_release import schemas, tables
from cxr_release.errors import SourceError
from cxr_release.files import read_json, sha256
from cxr_release.films import png
from cxr_release.films.film_set import open_films
from cxr_release.films.png import Film
from cxr_release.memorization.audit import audit
from cxr_release.memorization.recall import ALTERATIONS
from cxr_release.memorization.report import require_complete
from cxr_release.memorization.summary import text_of
from cxr_release.params import AuditParams
from tests.support.film_files import saved
from tests.support.phantom_sets import phantoms, write_folder, write_patients

REAL = {f"real-{place:02d}": film for place, film in enumerate(phantoms()[:30])}
DRAWN = {f"drawn-{place:02d}": film for place, film in enumerate(phantoms()[60:90])}


def altered(name: str, film: Film) -> Film:
    return ALTERATIONS[name](film, np.random.default_rng(0))


COPIES = {
    "copy-identical": ("real-03", "plain", REAL["real-03"]),
    "copy-mirrored": ("real-11", "mirrored", altered("mirrored", REAL["real-11"])),
    "copy-inverted": ("real-20", "inverted", altered("inverted", REAL["real-20"])),
    "copy-noisy": ("real-25", "plain", altered("noise 5 %", REAL["real-25"])),
}


def searched(folder: Path, output: Path, *, split: Any = None, **options: Any) -> dict[str, Any]:
    return audit(
        open_films([folder / "real"], "real"),
        open_films([folder / "drawn"], "synthetic"),
        split,
        output,
        settings=AuditParams(**{"top": 40} | options),
        seed=3,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audited")
    write_folder(folder / "real", REAL)
    write_folder(folder / "drawn", DRAWN | {name: film for name, (_, _, film) in COPIES.items()})
    return folder


@pytest.fixture(scope="module")
def split() -> dict[str, str]:
    return {film: "held_out" if film.endswith(("0", "5")) else "tuning" for film in REAL}


@pytest.fixture(scope="module")
def output(folder: Path, split: dict[str, str]) -> Path:
    searched(folder, folder / "out", split=split, plants=5)
    return folder / "out"


def test_copies_come_first_in_their_view_and_are_flagged(output: Path) -> None:
    pairs = tables.read_rows(output / "pairs.parquet", schemas.PAIRS)
    assert [row["rank"] for row in pairs] == list(range(1, 41))
    first = {row["synthetic_id"]: row for row in pairs[: len(COPIES)]}
    assert first.keys() == COPIES.keys()
    for name, (real, view, _) in COPIES.items():
        assert (first[name]["real_id"], first[name]["view"]) == (real, view)
        assert first[name]["flagged"]
        assert first[name]["percentile"] == 100
    assert not any(row["flagged"] for row in pairs if row["synthetic_id"] in DRAWN)
    report = read_json(output / "audit.json")
    assert report["flagged"] == {"pairs": 4, "films": 4}
    assert report["state"] == "flagged"
    assert report["calibration"]["baseline"] == "held_out"
    assert report["pairs"] == 40


def test_every_synthetic_film_has_its_nearest_and_how_alone_that_is(output: Path) -> None:
    rows = {
        row["synthetic_id"]: row
        for row in tables.read_rows(output / "nearest.parquet", schemas.NEAREST)
    }
    assert rows.keys() == {*DRAWN, *COPIES}
    pairs = tables.read_rows(output / "pairs.parquet", schemas.PAIRS)
    for pair in pairs:
        assert pair["cosine"] <= rows[pair["synthetic_id"]]["cosine"]
    assert rows["copy-identical"]["distance_ratio"] < 0.1
    assert min(rows[film]["distance_ratio"] for film in DRAWN) > 0.5


@pytest.mark.parametrize("where", ["real/found", "drawn", "real/../drawn/a/b"])
def test_nothing_is_written_among_the_films(tmp_path: Path, where: str) -> None:
    """Where it was, the folder could not be read as films any more."""
    write_folder(tmp_path / "real", dict(list(REAL.items())[:3]))
    write_folder(tmp_path / "drawn", dict(list(DRAWN.items())[:3]))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SourceError, match=r"lies in the folder of (real|synthetic) films"):
        searched(tmp_path, tmp_path / where)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_pictures_can_be_opened(output: Path) -> None:
    for name in ("pairs.png", "distances.png"):
        with Image.open(output / name) as picture:
            picture.load()
            assert min(picture.size) > 300
            assert len(picture.info.keys() - {"dpi"}) == 0


def test_the_report_in_words_says_what_was_found(output: Path) -> None:
    words = text_of(read_json(output / "audit.json"))
    assert "30 of 30 films searched" in words
    assert "4 synthetic film(s) are nearer" in words
    assert "identical: 5 of 5 planted copies in the first 40" in words
    assert words.endswith("state      flagged")


def test_another_run_writes_the_same_and_encodes_nothing(
    folder: Path, output: Path, split: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("pairs.parquet", "nearest.parquet", "within.parquet", "audit.json", "pairs.png")
    before = {name: sha256(output / name) for name in (*names, "distances.png")}
    monkeypatch.setattr(
        "cxr_release.memorization.features.encode_views",
        lambda *_args, **_options: pytest.fail("films were encoded again"),
    )
    searched(folder, output, split=split, plants=5)
    assert {name: sha256(output / name) for name in before} == before


def test_neither_names_nor_order_of_folders_matter(
    folder: Path, output: Path, split: dict[str, str], tmp_path: Path
) -> None:
    """The same films in two folders, written the other way round, without what was kept."""
    for name in ("real", "drawn"):
        paths = sorted((folder / name).iterdir(), reverse=True)
        for place, path in enumerate(paths):
            target = tmp_path / f"{name}-{place % 2}"
            target.mkdir(exist_ok=True)
            shutil.copy(path, target)
    audit(
        open_films([tmp_path / "real-1", tmp_path / "real-0"], "real"),
        open_films([tmp_path / "drawn-1", tmp_path / "drawn-0"], "synthetic"),
        split,
        tmp_path / "out",
        settings=AuditParams(top=40, plants=5),
        seed=3,
    )
    for name in ("pairs.parquet", "nearest.parquet", "within.parquet", "audit.json"):
        assert sha256(tmp_path / "out" / name) == sha256(output / name), name


def test_without_a_split_the_source_films_are_the_baseline(folder: Path, tmp_path: Path) -> None:
    report = searched(folder, tmp_path / "out")
    assert report["calibration"]["baseline"] == "source"
    assert report["calibration"]["held_out"] is None
    assert report["flagged"]["films"] >= 3
    assert report["power"] == []


def test_without_patients_and_split_copies_are_named_and_chance_is_not_measurable(
    tmp_path: Path,
) -> None:
    write_folder(tmp_path / "real", REAL)
    same = {
        "copy": REAL["real-03"],
        "mirrored": np.fliplr(REAL["real-04"]),
        "negative": 255 - REAL["real-05"],
    }
    near = {"noisy": COPIES["copy-noisy"][2]}
    write_folder(tmp_path / "drawn", DRAWN | same | near)
    report = searched(tmp_path, tmp_path / "out")
    pairs = report["near"]["named"]
    assert [(pair["real_id"], pair["synthetic_id"], pair["identical"]) for pair in pairs] == [
        ("real-03", "copy", "plain"),
        ("real-04", "mirrored", "mirrored"),
        ("real-05", "negative", "inverted"),
        ("real-25", "noisy", None),
    ]
    assert report["near"]["pairs"] == len(pairs) == report["flagged"]["films"] == 4
    assert report["calibration"]["synthetic"]["alike"] == 3
    chance = report["calibration"]["chance"]
    assert (chance["p"], chance["expected"], chance["patients"]) == (None, None, None)
    words = text_of(report)
    assert "real-03  copy      1.000000  plain  identical pixels\n" in words
    assert "real-04  mirrored  1.000000  mirrored  identical pixels when mirrored\n" in words
    assert "real-05  negative  1.000000  inverted  identical pixels when inverted\n" in words
    assert "chance     What chance alone gives is not measurable: the patients" in words
    assert "another patient" not in words


def test_films_held_out_without_patients_are_taken_film_by_film(
    sixty: Path, tmp_path: Path
) -> None:
    shutil.copytree(sixty / "drawn", tmp_path / "drawn")
    shutil.copytree(sixty / "real", tmp_path / "real")
    (tmp_path / "real/patients.csv").unlink()
    chance = searched(tmp_path, tmp_path / "out", split=SIXTY)["calibration"]["chance"]
    assert (chance["compared"], chance["patients"]) == (30, None)
    assert chance["expected"] == pytest.approx(40 / 31)
    assert chance["sentence"].startswith("Patients are not stated, so this is film by film. Of 40")


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 real films, every second held out; 40 drawn ones of other patients."""
    folder = tmp_path_factory.mktemp("sixty")
    write_folder(folder / "real", {f"real-{n:02d}": film for n, film in enumerate(phantoms()[:60])})
    write_patients(folder / "real")
    drawn = {f"drawn-{n:02d}": film for n, film in enumerate(phantoms()[60:100])}
    write_folder(folder / "drawn", drawn)
    return folder


SIXTY = {f"real-{n:02d}": "held_out" if n % 2 else "tuning" for n in range(60)}


def test_films_that_copy_nobody_are_flagged_no_more_often_than_by_chance(
    sixty: Path, tmp_path: Path
) -> None:
    chance = searched(sixty, tmp_path, split=SIXTY)["calibration"]["chance"]
    assert (chance["films"], chance["compared"], chance["patients"]) == (40, 30, 30)
    assert chance["expected"] == pytest.approx(40 / 31)
    assert chance["p"] > 0.05
    assert "not a sign of copies and does not rule them out" in chance["sentence"]


def test_patients_that_the_split_states_count_where_the_films_state_none(
    sixty: Path, tmp_path: Path
) -> None:
    """Two films of each held-out patient: the chance is that of 15, not of 30."""
    shutil.copytree(sixty / "real", tmp_path / "real")
    (tmp_path / "real/patients.csv").unlink()
    places = {film: int(film[-2:]) for film in SIXTY}
    rows = [
        f"{film},p{place // 4 if part == 'held_out' else place}-{part},{part}"
        for (film, part), place in zip(SIXTY.items(), places.values(), strict=True)
    ]
    (tmp_path / "split.csv").write_text("\n".join(["id,patient,part", *rows]))
    report = cxr_release.audit(
        tmp_path / "real", sixty / "drawn", tmp_path / "out", split=tmp_path / "split.csv", seed=3
    )
    assert report["calibration"]["others"] == "patients"
    chance = report["calibration"]["chance"]
    assert (chance["compared"], chance["patients"]) == (30, 15)
    assert "15 held-out patients are too few" in chance["sentence"]


def test_planted_copies_are_more_than_chance_gives(sixty: Path, tmp_path: Path) -> None:
    """Of copies of tuning and of held-out films, the test counts those of the tuning part."""
    shutil.copytree(sixty / "real", tmp_path / "real")
    shutil.copytree(sixty / "drawn", tmp_path / "drawn")
    for place in range(30):
        copy = altered("gamma 0.8", phantoms()[place])
        data = png.encode(np.ascontiguousarray(copy), synthetic=False)
        (tmp_path / f"drawn/copy-{place:02d}.png").write_bytes(data)
    report = searched(tmp_path, tmp_path / "out", split=SIXTY)
    rows = tables.read_rows(tmp_path / "out/nearest.parquet", schemas.NEAREST)
    threshold = report["calibration"]["threshold"]
    copies = [row for row in rows if row["synthetic_id"].startswith("copy")]
    assert all(row["flagged"] for row in copies)
    nearer = [row for row in rows if (row["tuning_cosine"] or -1) > threshold]
    chance = report["calibration"]["chance"]
    assert 15 <= chance["nearer"] == len(nearer) < report["flagged"]["films"]
    assert chance["p"] < 0.01
    assert chance["p"] == pytest.approx(betabinom(70, 1, 30).sf(len(nearer) - 1), rel=1e-6)
    assert "more than chance gives" in chance["sentence"]
    held = [row for row in copies if SIXTY[row["real_id"]] == "held_out"]
    assert held
    assert all(row["tuning_cosine"] < row["cosine"] for row in held)


def test_duplicates_and_patients_with_several_films_are_named(tmp_path: Path) -> None:
    """A film that is there twice neither raises the baseline nor hides a copy of it."""
    again = REAL | {"real-99": altered("JPEG of quality 50", REAL["real-03"])}
    again |= {"real-98": altered("turned +3°", REAL["real-05"])}
    write_folder(tmp_path / "real", again)
    patients = [f"{name}.png,{'p' if name in ('real-98', 'real-05') else name}" for name in again]
    (tmp_path / "real/patients.csv").write_text("\n".join(["file,patient", *patients]))
    write_folder(tmp_path / "drawn", DRAWN | {"copy": REAL["real-03"]})
    report = searched(tmp_path, tmp_path / "out")
    assert report["real"]["patients"] == 31
    assert report["within"]["real"]["films_with_one_alike"] == 2
    assert report["within"]["real"]["of_another_patient"] == 2
    assert report["calibration"]["source"]["left_out_alike"] == 2
    assert report["flagged"]["films"] == 1
    rows = tables.read_rows(tmp_path / "out/within.parquet", schemas.WITHIN)
    first = next(row for row in rows if row["set"] == "real")
    assert (first["one_id"], first["other_id"]) == ("real-03", "real-99")
    assert (first["alike"], first["same_patient"]) == (True, False)
    (kin,) = [row for row in rows if (row["one_id"], row["other_id"]) == ("real-05", "real-98")]
    assert kin["same_patient"]
    assert not kin["alike"]
    synthetic = [row for row in rows if row["set"] == "synthetic"]
    assert synthetic
    assert not any(row["alike"] for row in synthetic)


def test_without_patients_nothing_is_said_of_other_patients(folder: Path, tmp_path: Path) -> None:
    """The film turned by 3° is of the same patient, and nobody has said so."""
    write_folder(tmp_path / "real", REAL | {"real-98": altered("turned +3°", REAL["real-05"])})
    shutil.copytree(folder / "drawn", tmp_path / "drawn")
    parts = {name: "held_out" if name == "real-98" else "tuning" for name in [*REAL, "real-98"]}
    report = searched(tmp_path, tmp_path / "out", split=parts)
    assert (report["real"]["patients"], report["real"]["patients_not_stated"]) == (None, 31)
    assert report["calibration"]["others"] == "films"
    assert report["within"]["real"]["of_another_patient"] is None
    rows = tables.read_rows(tmp_path / "out/within.parquet", schemas.WITHIN)
    assert {row["same_patient"] for row in rows} == {None}
    assert "31 of 31 films searched; patients not stated" in text_of(report)

    keys = [f"{name}.png,{'' if name == 'real-02' else name}" for name in [*REAL, "real-98"]]
    (tmp_path / "real/patients.csv").write_text("\n".join(["file,patient", *keys]))
    partly = searched(tmp_path, tmp_path / "partly", split=parts)
    assert partly["calibration"]["others"] == "films"
    assert partly["within"]["real"]["of_another_patient"] is None
    assert "patients not stated for 1 of them" in text_of(partly)

    whose = [f"{name}.png,{'p' if name in ('real-98', 'real-05') else name}" for name in parts]
    (tmp_path / "real/patients.csv").write_text("\n".join(["file,patient", *whose]))
    with pytest.raises(SourceError, match=r"1 patient\(s\) .* in both parts of the split"):
        searched(tmp_path, tmp_path / "no", split=parts)


def test_a_set_with_films_that_cannot_be_read_is_never_clean(tmp_path: Path) -> None:
    write_folder(tmp_path / "real", REAL)
    write_folder(tmp_path / "drawn", dict(list(DRAWN.items())[:20]))
    drawn = tmp_path / "drawn"
    whole = saved(phantoms()[70])
    grey = phantoms()[71].astype(np.uint16) * 257
    (drawn / "broken.png").write_bytes(whole[: len(whole) // 2])
    (drawn / "blank.png").write_bytes(saved(np.full((64, 64), 128, np.uint8)))
    (drawn / "text.png").write_text("no film")
    (drawn / "deep.png").write_bytes(saved(grey))
    (drawn / "colour.png").write_bytes(saved(np.stack([phantoms()[72]] * 3, axis=-1)))
    (drawn / "huge.png").write_bytes(saved(np.kron(phantoms()[73], np.ones((40, 40), np.uint8))))
    (drawn / ".hidden").write_text("")
    report = searched(tmp_path, tmp_path / "out")
    found = report["synthetic"]
    assert (found["films"], found["searched"]) == (26, 23)
    assert [one["film"] for one in found["unreadable"]] == ["blank", "broken", "text"]
    assert [note["film"] for note in found["notes"]] == ["colour", "deep", "huge"]
    assert [Path(one["file"]).name for one in found["ignored"]] == [".hidden"]
    assert report["state"] == "incomplete"
    assert report["flagged"] == {"pairs": 0, "films": 0}
    for name in ("broken", "blank", "text", "deep", "colour", "huge"):
        assert name in text_of(report)
    with pytest.raises(SourceError, match="3 film") as caught:
        require_complete(report)
    assert [fault.where for fault in caught.value.faults] == ["blank", "broken", "text"]
    assert len(tables.read_rows(tmp_path / "out/nearest.parquet", schemas.NEAREST)) == 23


def test_one_film_in_each_set_has_no_baseline_and_is_not_called_clean(tmp_path: Path) -> None:
    write_folder(tmp_path / "real", {"one": phantoms()[0]})
    write_folder(tmp_path / "drawn", {"two": phantoms()[1]})
    report = searched(tmp_path, tmp_path / "out")
    assert report["state"] == "no baseline"
    assert report["flagged"] is None
    assert "nothing can be flagged" in text_of(report)
    (pair,) = tables.read_rows(tmp_path / "out/pairs.parquet", schemas.PAIRS)
    assert pair["flagged"] is None
    assert pair["percentile"] is None


def test_a_set_without_a_readable_film_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path / "real", {"one": phantoms()[0]})
    (tmp_path / "drawn").mkdir()
    (tmp_path / "drawn/text.png").write_text("no film")
    with pytest.raises(SourceError, match="no synthetic film can be read") as caught:
        searched(tmp_path, tmp_path / "out")
    assert caught.value.faults[0].where == "text"


def test_the_split_must_be_of_these_films(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"29 real film.* neither part"):
        searched(folder, tmp_path / "out", split={"real-00": "tuning"})


def test_bars_with_the_time_to_go_stand_over_each_long_part(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for each part, however many views and crops it has; off a terminal there is none."""
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", screen)
    searched(folder, tmp_path / "out", plants=3)
    last = {
        bar.partition(":")[0]: bar for bar in re.split(r"[\r\n]+", screen.getvalue()) if "|" in bar
    }
    assert list(last) == [
        "encode real",
        "encode synthetic",
        "search",
        "plant",
        "baseline",
        "duplicates",
    ]
    for bar in last.values():
        assert re.search(r"100%.* (\d+)/\1 \[\d\d:\d\d<00:00", bar), bar
    assert f"{34 * 9 * 4}/" in last["search"]  # films, crops, views
    assert "53/" in last["plant"]  # eleven kinds of three, and twenty that say what a duplicate is

    quiet = io.StringIO()
    monkeypatch.setattr("sys.stderr", quiet)
    searched(folder, tmp_path / "out", plants=3)
    assert "|" not in quiet.getvalue()
