"""The audit of two sets as people call it: what is found, what is flagged, what is refused."""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
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
from cxr_release.memorization import discriminant, duplicates, features, matching, search
from cxr_release.memorization.audit import audit
from cxr_release.memorization.parallel import in_parallel
from cxr_release.memorization.report import require_complete
from cxr_release.memorization.summary import text_of
from cxr_release.params.measures import AuditParams
from tests.support.blank_figures import blank_figures
from tests.support.copies import gamma, mirrored, moved, recompressed
from tests.support.film_files import saved
from tests.support.phantom_sets import phantoms, write_folder, write_patients
from tests.support.quick_fits import kept_fits

REAL = {f"real-{place:02d}": film for place, film in enumerate(phantoms()[:60])}
DRAWN = {f"drawn-{place:02d}": film for place, film in enumerate(phantoms()[60:120])}


COPIES = {
    "copy-identical": ("real-03", "plain", REAL["real-03"]),
    "copy-mirrored": ("real-11", "mirrored", mirrored(REAL["real-11"])),
    "copy-inverted": ("real-20", "inverted", 255 - REAL["real-20"]),
    "copy-brighter": ("real-25", "plain", gamma(REAL["real-25"], 0.8)),
    "copy-turned": ("real-41", "plain", moved(REAL["real-41"], 3, 0.96)),
}


@contextmanager
def fitted(draws: int, folds: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discriminant, "DRAWS", draws)
        patch.setattr(matching, "FOLDS", folds)
        yield


@pytest.fixture(autouse=True)
def fewer_draws(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each fit takes seconds otherwise; the positive control below has all of them, and what is
    compared with `output` as many as that, and a fit of its own."""
    if "output" in request.fixturenames:
        with fitted(*ENOUGH_TO_FLAG):
            yield
    else:
        drawn = nullcontext() if "drawn" in request.fixturenames else blank_figures()
        with fitted(400, 2), kept_fits(), drawn:
            yield


@pytest.fixture
def drawn() -> None:
    """For whoever looks at the pictures."""


ENOUGH_TO_FLAG = 1500, matching.FOLDS
ALL_DRAWS, ALL_FOLDS = discriminant.DRAWS, matching.FOLDS


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
    with fitted(*ENOUGH_TO_FLAG):
        searched(folder, folder / "out", split=split, plants=2)
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
        assert first[name]["p"] * (len(DRAWN) + len(COPIES)) <= 0.05
    turned = first["copy-turned"]
    assert turned["turn"] == pytest.approx(3, abs=0.3)
    assert turned["scale"] == pytest.approx(0.96, abs=0.01)
    assert not any(row["flagged"] for row in pairs if row["synthetic_id"] in DRAWN)
    report = read_json(output / "audit.json")
    assert report["flagged"] == {"pairs": 5, "films": 5}
    assert report["near"]["pairs"] == report["calibration"]["synthetic"]["alike"] == 5
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
        assert pair["score"] <= rows[pair["synthetic_id"]]["score"]
    for row in rows.values():
        assert row["second_score"] <= row["score"]
    # Of a copy the second film is any film; of others it is nearly as near as the first.
    assert all(rows[name]["second_score"] < rows[name]["score"] / 2 for name in COPIES)
    for name, (real, _, _) in COPIES.items():
        held_out = rows[name]["tuning_score"] < rows[name]["score"]
        assert held_out == real.endswith(("0", "5")), name


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
    assert "60 of 60 films searched" in words
    assert "5 synthetic film(s) score" in words
    assert "of 65 films that copy nobody, chance alone puts any there in at most 5% of" in words
    assert "identical: 2 of 2 planted copies in the first 40" in words
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
    searched(folder, output, split=split, plants=2)
    assert {name: sha256(output / name) for name in before} == before


WRITTEN = ("pairs.parquet", "nearest.parquet", "within.parquet", "audit.json")


@pytest.mark.parametrize(
    ("cores", "block", "tile"),
    [
        (1, 9, 500),
        pytest.param(1, 256, 2**20, marks=pytest.mark.long),
        pytest.param(2, 9, 500, marks=pytest.mark.long),
    ],
)
def test_neither_threads_nor_blocks_nor_the_order_of_the_films_matter(
    *,
    folder: Path,
    output: Path,
    split: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    block: int,
    tile: int,
) -> None:
    """The same films in two folders, written the other way round, without what was kept."""
    for name in ("real", "drawn"):
        paths = sorted((folder / name).iterdir(), reverse=True)
        for place, path in enumerate(paths):
            target = tmp_path / f"{name}-{place % 2}"
            target.mkdir(exist_ok=True)
            shutil.copy(path, target)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    for module in (search, duplicates):
        monkeypatch.setattr(module, "BLOCK", block)
        monkeypatch.setattr(module, "TILE", tile)
    monkeypatch.setitem(in_parallel.__kwdefaults__, "step", block)
    monkeypatch.setattr(features, "STRETCH", block)
    audit(
        open_films([tmp_path / "real-1", tmp_path / "real-0"], "real"),
        open_films([tmp_path / "drawn-1", tmp_path / "drawn-0"], "synthetic"),
        dict(reversed(split.items())),
        tmp_path / "out",
        settings=AuditParams(top=40, plants=2),
        seed=3,
    )
    for name in WRITTEN:
        assert sha256(tmp_path / "out" / name) == sha256(output / name), name


def test_without_a_split_the_source_films_are_the_baseline(folder: Path, tmp_path: Path) -> None:
    report = searched(folder, tmp_path / "out")
    assert report["calibration"]["baseline"] == "source"
    assert report["calibration"]["held_out"] is None
    assert report["flagged"]["films"] == 5
    assert report["power"] == []
    rows = tables.read_rows(tmp_path / "out/nearest.parquet", schemas.NEAREST)
    assert {row["tuning_score"] for row in rows} == {None}


@pytest.mark.parametrize("part", ["tuning", "held_out"])
def test_a_split_that_puts_all_films_into_one_part(folder: Path, tmp_path: Path, part: str) -> None:
    """There is nothing to hold against the other part, and all else is as without a split."""
    report = searched(folder, tmp_path / "out", split=dict.fromkeys(REAL, part))
    assert report["calibration"]["baseline"] == "source"
    assert report["calibration"]["held_out"] is None
    assert report["calibration"]["nearest_in_tuning"] is None
    assert report["flagged"]["films"] == 5
    rows = tables.read_rows(tmp_path / "out/nearest.parquet", schemas.NEAREST)
    for row in rows:
        assert row["tuning_score"] == (row["score"] if part == "tuning" else None)


def test_without_patients_and_split_copies_are_named_and_chance_is_not_measurable(
    tmp_path: Path,
) -> None:
    write_folder(tmp_path / "real", REAL)
    same = {
        "copy": REAL["real-03"],
        "mirrored": np.fliplr(REAL["real-04"]),
        "negative": 255 - REAL["real-05"],
    }
    near = {"darker": COPIES["copy-brighter"][2]}
    write_folder(tmp_path / "drawn", DRAWN | same | near)
    report = searched(tmp_path, tmp_path / "out")
    pairs = report["near"]["named"]
    identical = {"copy": "plain", "mirrored": "mirrored", "negative": "inverted", "darker": None}
    assert {pair["synthetic_id"]: pair["identical"] for pair in pairs} == identical
    assert {pair["synthetic_id"]: pair["real_id"] for pair in pairs} == {
        "copy": "real-03",
        "mirrored": "real-04",
        "negative": "real-05",
        "darker": "real-25",
    }
    assert [pair["score"] for pair in pairs] == sorted(
        (pair["score"] for pair in pairs), reverse=True
    )
    assert report["near"]["pairs"] == len(pairs) == report["flagged"]["films"] == 4
    assert report["calibration"]["synthetic"]["alike"] == 4
    chance = report["calibration"]["chance"]
    assert (chance["p"], chance["expected"], chance["patients"]) == (None, None, None)
    words = text_of(report)
    parts = "|".join(schemas.PARTS)
    for line in (
        rf"real-03  copy      \d+\.\d\d  plain  ({parts})  identical pixels",
        rf"real-04  mirrored  \d+\.\d\d  mirrored  ({parts})  identical pixels when mirrored",
        rf"real-05  negative  \d+\.\d\d  inverted  ({parts})  identical pixels when inverted",
        rf"real-25  darker    \d+\.\d\d  plain  ({parts})",
    ):
        assert re.search(rf"^  {line}$", words, re.MULTILINE), line
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
        copy = gamma(phantoms()[place], 0.9)
        data = png.encode(np.ascontiguousarray(copy), synthetic=False)
        (tmp_path / f"drawn/copy-{place:02d}.png").write_bytes(data)
    report = searched(tmp_path, tmp_path / "out", split=SIXTY)
    rows = tables.read_rows(tmp_path / "out/nearest.parquet", schemas.NEAREST)
    highest = report["calibration"]["held_out"]["score"]["max"]
    copies = [row for row in rows if row["synthetic_id"].startswith("copy")]
    assert all(row["flagged"] for row in copies)
    innocent = max(row["score"] for row in rows if row["synthetic_id"].startswith("drawn"))
    assert min(row["score"] for row in copies) > innocent + 4
    nearer = [row for row in rows if row["tuning_score"] > highest]
    chance = report["calibration"]["chance"]
    assert 15 <= chance["nearer"] == len(nearer)
    assert chance["p"] < 0.01
    assert chance["p"] == pytest.approx(betabinom(70, 1, 30).sf(len(nearer) - 1), rel=1e-6)
    assert "more than chance gives" in chance["sentence"]
    held = [row for row in copies if SIXTY[row["real_id"]] == "held_out"]
    assert held
    assert all(row["tuning_score"] < row["score"] for row in held)


def test_duplicates_and_patients_with_several_films_are_named(tmp_path: Path) -> None:
    """A film that is there twice neither raises the baseline nor hides a copy of it."""
    again = REAL | {"real-99": recompressed(REAL["real-03"], 90)}
    again |= {"real-98": moved(REAL["real-05"], 3)}
    write_folder(tmp_path / "real", again)
    patients = [f"{name}.png,{'p' if name in ('real-98', 'real-05') else name}" for name in again]
    (tmp_path / "real/patients.csv").write_text("\n".join(["file,patient", *patients]))
    write_folder(tmp_path / "drawn", DRAWN | {"copy": REAL["real-03"]})
    report = searched(tmp_path, tmp_path / "out")
    assert report["real"]["patients"] == 61
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
    write_folder(tmp_path / "real", REAL | {"real-98": moved(REAL["real-05"], 3)})
    shutil.copytree(folder / "drawn", tmp_path / "drawn")
    parts = {name: "held_out" if name == "real-98" else "tuning" for name in [*REAL, "real-98"]}
    report = searched(tmp_path, tmp_path / "out", split=parts)
    assert (report["real"]["patients"], report["real"]["patients_not_stated"]) == (None, 61)
    assert report["calibration"]["others"] == "films"
    assert report["within"]["real"]["of_another_patient"] is None
    rows = tables.read_rows(tmp_path / "out/within.parquet", schemas.WITHIN)
    assert {row["same_patient"] for row in rows} == {None}
    assert "61 of 61 films searched; patients not stated" in text_of(report)

    keys = [f"{name}.png,{'' if name == 'real-02' else name}" for name in [*REAL, "real-98"]]
    (tmp_path / "real/patients.csv").write_text("\n".join(["file,patient", *keys]))
    partly = searched(tmp_path, tmp_path / "partly", split=parts)
    assert partly["calibration"]["others"] == "films"
    assert partly["within"]["real"]["of_another_patient"] is None
    assert "patients not stated for 1 of them" in text_of(partly)

    whose = [f"{name}.png,{'p' if name in ('real-98', 'real-05') else name}" for name in parts]
    (tmp_path / "real/patients.csv").write_text("\n".join(["file,patient", *whose]))
    with pytest.raises(SourceError, match=r"1 patient\(s\) .* in two parts of the split"):
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
    with pytest.raises(SourceError, match=r"59 real film.* in no part"):
        searched(folder, tmp_path / "out", split={"real-00": "tuning"})


def test_bars_with_the_time_to_go_stand_over_each_long_part(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for each part, however many views and looks it has; off a terminal there is none."""
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", screen)
    searched(folder, tmp_path / "out", plants=1)
    last = {}
    for bar in re.split(r"[\r\n]+", screen.getvalue()):
        if "|" in bar:
            task = bar[: bar.index("%")].rpartition(":")[0]
            last.setdefault(task, bar)
            last[task] = bar
    expected = {
        "encode real": 60,
        "encode synthetic": 65,
        "filter real films": 60,
        "look at real films": 60,
        "baseline": None,
        "search": 65,
        "plant": None,
        "planted copies": None,
        "describe": None,
        "duplicates": 65,
    }
    assert expected.keys() <= last.keys()
    for task, bar in last.items():
        assert re.search(r"100%.* (\d+)/\1 \[\d\d:\d\d<00:00", bar), bar
        if films := expected.get(task):
            assert f" {films}/{films} " in bar

    quiet = io.StringIO()
    monkeypatch.setattr("sys.stderr", quiet)
    searched(folder, tmp_path / "out", plants=1)
    assert "|" not in quiet.getvalue()


def test_five_copies_among_sixty_films_are_the_first_five_pairs_and_flagged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control, as an audit is fitted; and without the copies nothing is flagged."""
    monkeypatch.undo()
    monkeypatch.setattr(discriminant, "DRAWS", ALL_DRAWS)
    monkeypatch.setattr(matching, "FOLDS", ALL_FOLDS)
    write_folder(tmp_path / "real", REAL)
    write_patients(tmp_path / "real")
    write_folder(tmp_path / "drawn", DRAWN)
    before = searched(tmp_path, tmp_path / "before")
    assert (before["state"], before["flagged"]["films"]) == ("nothing flagged", 0)
    assert before["near"]["pairs"] == 0
    for name, (_, _, film) in COPIES.items():
        data = png.encode(np.ascontiguousarray(film), synthetic=False)
        (tmp_path / f"drawn/{name}.png").write_bytes(data)
    report = searched(tmp_path, tmp_path / "after")
    assert report["flagged"] == {"pairs": 5, "films": 5}
    pairs = tables.read_rows(tmp_path / "after/pairs.parquet", schemas.PAIRS)
    assert {(row["synthetic_id"], row["real_id"], row["view"]) for row in pairs[:5]} == {
        (name, real, view) for name, (real, view, _) in COPIES.items()
    }
    assert [row["flagged"] for row in pairs[:6]] == [True] * 5 + [False]


def test_where_all_films_are_copies_beside_too_few_real_ones(tmp_path: Path) -> None:
    """All scores lie beyond the histogram's last edge."""
    write_folder(tmp_path / "real", dict(list(REAL.items())[:3]))
    write_folder(tmp_path / "drawn", {"a": REAL["real-00"], "b": REAL["real-02"]})
    report = searched(tmp_path, tmp_path / "out")
    histogram = report["histogram"]
    assert sum(histogram["synthetic"]) == 2
    assert histogram["synthetic"][-1] == 2
    assert histogram["edges"] == sorted(set(histogram["edges"]))
    assert report["state"] == "no baseline"
    assert report["near"]["pairs"] == 2


def test_ids_are_taken_as_they_are(tmp_path: Path) -> None:
    """Whatever a film is called, it is found, listed and named in the tables."""
    names = ("a\nb", "-rf", "=1+1", "é" * 100, "a b", "CON")
    write_folder(tmp_path / "real", dict(zip(names, phantoms()[:6], strict=True)))
    write_folder(tmp_path / "drawn", dict(zip(names, phantoms()[1:7], strict=True)))
    report = searched(tmp_path, tmp_path / "out")
    rows = tables.read_rows(tmp_path / "out/nearest.parquet", schemas.NEAREST)
    nearest = {row["synthetic_id"]: row["real_id"] for row in rows}
    # What cannot be printed is escaped, as everywhere.
    ids = [name.replace("\n", "\\n") for name in names]
    assert nearest.keys() == set(ids)
    assert [nearest[name] for name in ids[:-1]] == ids[1:]
    assert report["pairs"] == 12
    assert text_of(report)


CONTROL = {film: "control" if film.endswith(("2", "7")) else "tuning" for film in REAL}


@pytest.mark.usefixtures("drawn")
def test_control_films_are_compared_and_not_searched(folder: Path, tmp_path: Path) -> None:
    parts = CONTROL | {"real-01": "held_out", "real-06": "held_out"}
    # One copy is of a control film: nothing that the generator saw is like it.
    shutil.copytree(folder / "drawn", tmp_path / "drawn")
    shutil.copytree(folder / "real", tmp_path / "real")
    (tmp_path / "drawn/of-control.png").write_bytes(saved(REAL["real-12"]))
    report = searched(tmp_path, tmp_path / "out", split=parts, plants=2)
    assert (report["real"]["films"], report["control"]["films"]) == (48, 12)
    calibration = report["calibration"]
    assert (calibration["baseline"], calibration["held_out"]) == ("control", None)
    assert calibration["control"]["counted"] == 12
    assert calibration["source"]["films"] == 48
    assert sum(report["histogram"]["control"]) == 12
    assert report["flagged"]["films"] == 5
    nearest = tables.read_rows(tmp_path / "out/nearest.parquet", schemas.NEAREST)
    assert not [row for row in nearest if parts[row["real_id"]] == "control"]
    assert {row["tuning_score"] for row in nearest} == {None}
    highest = calibration["control"]["score"]["max"]
    assert calibration["chance"]["nearer"] == sum(row["score"] > highest for row in nearest)
    assert calibration["chance"]["compared"] == 12
    text = text_of(report)
    assert "real       48 of 48 films searched" in text
    assert "control    12 of 12 films searched" in text

    # All else is as if the control films were not there.
    alone = tmp_path / "alone"
    write_folder(alone / "real", {name: REAL[name] for name in REAL if parts[name] != "control"})
    shutil.copytree(tmp_path / "drawn", alone / "drawn")
    without = searched(alone, alone / "out", plants=2)
    for name in ("pairs.parquet", "nearest.parquet", "within.parquet", "pairs.png"):
        assert sha256(alone / "out" / name) == sha256(tmp_path / "out" / name), name
    for name in ("threshold", "tail", "flagged", "source", "synthetic"):
        assert without["calibration"][name] == calibration[name]
    assert without["power"] == report["power"]


def test_a_patient_in_the_control_part_and_another_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "real", tmp_path / "real")
    shutil.copytree(folder / "drawn", tmp_path / "drawn")
    rows = [f"{name}.png,{'p' if name in ('real-02', 'real-03') else name}" for name in REAL]
    (tmp_path / "real/patients.csv").write_text("\n".join(["file,patient", *rows]))
    with pytest.raises(SourceError, match=r"1 patient\(s\) .* in two parts of the split"):
        searched(tmp_path, tmp_path / "out", split=CONTROL)


def test_control_films_alone_leave_nothing_to_search(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="none to search: give the films that the generator"):
        searched(folder, tmp_path / "out", split=dict.fromkeys(REAL, "control"))


def test_a_control_film_that_cannot_be_read_leaves_the_audit_incomplete(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder / "real", tmp_path / "real")
    write_folder(tmp_path / "drawn", dict(list(DRAWN.items())[:5]))
    (tmp_path / "real/real-12.png").write_text("no film")
    report = searched(tmp_path, tmp_path / "out", split=CONTROL)
    assert report["state"] == "incomplete"
    assert (report["control"]["films"], report["control"]["searched"]) == (12, 11)
    assert not report["real"]["unreadable"]
    with pytest.raises(SourceError) as caught:
        require_complete(report)
    assert [fault.where for fault in caught.value.faults] == ["real-12"]
