"""A house's own films through every stage that reads them: what stays in, and who they are of.

Films of nobody in particular stand for real ones, and films of noise for those that a network
drew: nothing is trained.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import VERDICT, NewVerdict
from cxr_release.cli.status import status_of, text_of
from cxr_release.files import read_json, write_json
from cxr_release.films import png
from cxr_release.films.film_key import REAL_ID, read_key
from cxr_release.logbook.log import append
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.project import Project
from cxr_release.release.layout import DATASHEET, side_file
from cxr_release.release.verify import verify
from cxr_release.stages import (
    adjudicate,
    audit,
    landmarks,
    package,
    prescreen,
    quartets,
    screen,
    study,
)
from cxr_release.stages import split as splitting
from cxr_release.stages import validate as validating
from tests.support.blank_figures import blank_figures
from tests.support.card_rules import written
from tests.support.release_artefacts import (
    FACING_RULE,
    REPOSITORY,
    files_of,
    inputs_below,
    oriented_row,
    write_report,
    write_training,
)
from tests.support.score_artefacts import write_score

NAMES = ("Quvuwix_Zatopekin", "Brmlohe_Xanthippou", "Wojtkyla_Ymirsdottir", "Fjordqvist_Uzkov")
FILMS, PATIENTS = 40, 20
CHANGES = {
    "ingest": {"source": "data/raw", "size": 16},
    "train": {"checkpoint_every": 150, "steps": 450},
    "sample": {"checkpoints": [1, 3], "initial": 3, "large": 5},
    "audit": {"top": 3, "plants": 0},
    "study": {"quartets": 2},
    "release": {"name": "ours", "license": "cc-by-4.0", "authors": ["A. Author"],
                "contact": "a@example.org"},
}  # fmt: skip


def stem(film: int) -> str:
    """Two films of each of `PATIENTS`: who it is, the date of birth, and which film."""
    patient = film % PATIENTS
    born = f"19{40 + patient}-0{1 + patient % 9}-1{patient % 10}"
    return f"{NAMES[patient % 4]}{chr(97 + patient)}_{born}_{film // PATIENTS}"


def needles() -> Iterator[str]:
    yield from NAMES
    yield from (f"19{40 + patient}-0{1 + patient % 9}" for patient in range(PATIENTS))


def write_films(folder: Path) -> None:
    for film in range(FILMS):
        body = np.random.default_rng(film % PATIENTS).normal(120, 50, (6, 6))
        pixels = np.kron(body, np.ones((4, 4)))
        pixels += np.random.default_rng(1000 + film).normal(0, 6, (24, 24))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{stem(film)}.png")
    (folder / "left-facing.txt").write_text(f"# sure of these\n{stem(0)}.png\n{stem(21)}\n")


def write_project(root: Path) -> None:
    """What DVC needs to take the films in and to split them."""
    settings = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    for section, values in CHANGES.items():
        settings[section].update(values)
    (root / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]
    wanted = {name: stages[name] for name in ("ingest", "find_text", "clearance", "split")}
    for stage in wanted.values():
        stage["deps"] = [dep for dep in stage["deps"] if dep.startswith("data/")]
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": wanted}))
    shutil.copytree(REPOSITORY / "cards", root / "cards")
    for name in ("raw", "reviews/screening", "reviews/audit", "reviews/withdrawals",
                 "reviews/readers", "reviews/burned-in", "reviews/landmarks",
                 "published"):  # fmt: skip
        (root / "data" / name).mkdir(parents=True)


def dvc(root: Path, *arguments: str) -> str:
    bin_folder = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "DVC_NO_ANALYTICS": "1",
    }
    done = subprocess.run(
        ["dvc", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def said(root: Path) -> str:
    """What DVC's run of the first two stages said."""
    return (root / "said.txt").read_text()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("house")
    write_project(root)
    write_films(root / "data/raw")
    run_house(root)
    return root


def run_house(root: Path) -> None:
    """Take the films of `data/raw` in, with DVC, and make a release of drawn films beside them."""
    (root / ".dvc").mkdir()
    quiet = "analytics = false\n    check_update = false\n    no_scm = true"
    (root / ".dvc/config").write_text(f"[core]\n    {quiet}\n")
    (root / "said.txt").write_text(dvc(root, "repro"))
    paths = Paths(root)
    params = load_params(paths.params)
    for job in params.sample.jobs:
        films = [oriented_row(*job, index) for index in range(params.sample.films(job[1]))]
        tables.write(paths.oriented_table(*job), schemas.ORIENTED, films)
    write_json(paths.oriented / "summary.json", {"films": [], "rule": FACING_RULE})
    write_report(inputs_below(root / "data"))
    write_training(inputs_below(root / "data").final, films=34)
    prescreen.run(paths, params)
    with blank_figures():
        audit.run(paths, params)
        judge(paths)
        for stage in (adjudicate, screen, quartets, study, landmarks):
            stage.run(paths, params)
        write_score(inputs_below(root / "data"))
        for stage in (validating, package):
            stage.run(paths, params)


def judge(paths: Paths) -> None:
    """A person calls the first pair no copy, in a log that git holds."""
    (pair, *_) = tables.read_rows(paths.pairs, schemas.PAIRS)
    params = load_params(paths.params)
    films = [paths.cohort_table, *(paths.oriented_table(*job) for job in params.sample.jobs)]
    kinds = [schemas.COHORT, *[schemas.ORIENTED] * (len(films) - 1)]
    sha256 = {
        row["id"]: row["sha256"]
        for path, kind in zip(films, kinds, strict=True)
        for row in tables.read_rows(path, kind)
    }
    real, drawn = pair["real_id"], pair["synthetic_id"]
    wish = NewVerdict(real, sha256[real], drawn, sha256[drawn], "not-a-copy")
    append(VERDICT, paths.audit_log, "a.b", [wish])


def test_both_parts_of_the_split_hold_a_patient_and_nothing_denies_it(root: Path) -> None:
    """Else the tests below would find nothing to be wrong."""
    manifest = tables.read_rows(Paths(root).manifest, schemas.MANIFEST)
    parts = {row["id"]: row["part"] for row in tables.read_rows(
        Paths(root).split_table, schemas.SPLIT)}  # fmt: skip
    people: dict[str, set[str]] = {}
    for row in manifest:
        people.setdefault(row["source_file"].rsplit("_", 1)[0], set()).add(parts[row["id"]])
    assert len(people) == PATIENTS
    assert any({"tuning", "held_out"} <= found for found in people.values())
    assert any({"tuning", "control"} <= found for found in people.values())


CLAIMS = re.compile(
    r"other patients|another patient|new patients|different patients|no patient|same patient|"
    r"by patient|\d+ (?:drawn )?patient|patients? \| *\d"
)


def test_no_sentence_claims_anything_of_patients(root: Path, said: str) -> None:
    assert "patients not stated: the audit cannot compare different patients" in said
    assert "patients not stated for 40 of 40 films: the split is by film" in said
    summary = read_json(root / "data/split/summary.json")
    assert (summary["by"], summary["patients"], summary["patients_not_stated"]) == (
        "film",
        None,
        40,
    )
    report = read_json(root / "data/audit/audit.json")
    assert report["calibration"]["others"] == "films"
    assert report["within"]["real"]["of_another_patient"] is None
    within = tables.read_rows(root / "data/audit/within.parquet", schemas.WITHIN)
    assert {row["same_patient"] for row in within} == {None}
    status = status_of(Project(root))
    assert status["source"] == {
        **{"films": 40, "patients": None, "patients_not_stated": 40},
        "control": 6,
    }
    assert "40 films, patients not stated; 6 of them for control, which no run sees" in text_of(
        status
    )
    for name in (
        "README.md",
        DATASHEET,
        "croissant.json",
        "release.json",
        "CHANGELOG.md",
        "CITATION.cff",
    ):
        text = " ".join((root / "data/release" / name).read_text().split())
        assert not CLAIMS.findall(text), name
    card = written(root / "data/release")
    assert "| patients | not stated |" in card
    by_film = "drawn film by film where patients are not stated"
    assert f"| films held out from it, {by_film} | 5 |" in card
    assert f"| control films, which no run saw, {by_film} | 6 |" in card
    calibration = report["calibration"]
    alike = [calibration[part]["left_out_alike"] for part in ("source", "control")]
    # How many of them is for the network's arithmetic, which differs from processor to processor.
    assert min(alike) > 1
    assert f"the same one twice: {alike[0]} source films, {alike[1]} control films." in card
    assert "Patients are not stated: two of those films may be of one patient" in card
    assert "of 40 films" not in card.replace("40 of 40 films", "")
    assert "films (patients not stated):" in (root / "data/release/croissant.json").read_text()


def test_names_stand_in_the_manifest_alone(root: Path, said: str) -> None:
    """In no file that git, a log, DVC's lock or a release could hold, nor in any other table."""
    holds = {
        name for name, data in files_of(root).items()
        for needle in needles() if needle.encode() in data
    }  # fmt: skip
    manifest = (root / "data/cohort/manifest.parquet").read_bytes()
    house = {name for name in holds if name.startswith("data/raw/")}
    cached = {
        name for name in holds
        if name.startswith(".dvc/cache/") and (root / name).read_bytes() == manifest
    }  # fmt: skip
    assert holds - house - cached == {"data/cohort/manifest.parquet"}
    assert len(cached) == 1
    assert house == {"data/raw/left-facing.txt"}
    assert not [name for name in files_of(root) for needle in needles()
                if needle in name and not name.startswith("data/raw/")]  # fmt: skip
    assert "40 of 40 file names look like names of people or hold dates" in said
    for needle in needles():
        assert needle not in said


def test_a_judged_film_is_found_by_the_key_alone(root: Path) -> None:
    key = read_key(root / "data/film-key")
    log = (root / "data/reviews/audit/a.b.jsonl").read_text()
    (judged,) = re.findall(r"film-[0-9a-f]{16}", log)
    assert judged in {key.film(f"{stem(film)}.png") for film in range(FILMS)}
    rows = tables.read_rows(root / "data/cohort/cohort.parquet", schemas.COHORT)
    assert all(REAL_ID.fullmatch(row["id"]) for row in rows)
    assert sum(row["facing"] == "left" for row in rows) >= 2
    assert (root / "data/film-key-fingerprint").read_text().strip() == key.fingerprint


def test_no_film_s_hash_is_in_the_release(root: Path) -> None:
    rows = list(tables.iterate(root / "data/cohort/cohort.parquet", schemas.COHORT))
    release = files_of(root / "data/release")
    for row in rows:
        raw = png.decode(row["image"]["bytes"], where="")
        for one in (row["sha256"], row["pixel_sha256"], png.pixel_sha256(raw), row["id"]):
            assert not [name for name, data in release.items() if one.encode() in data]


def numbers(value: object) -> Iterator[float]:
    """Every number in it that has more than two decimals."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from numbers(one)
    elif isinstance(value, float) and value != round(value, 2):
        yield value


def test_no_number_of_one_or_two_films_goes_out_to_its_last_digit(root: Path) -> None:
    """Who has the films, or a film and what was drawn, can compute how similar they are."""
    stated = read_json(root / "data/audit/audit.json")
    exact: set[float] = set()
    for table, kind in (("nearest", schemas.NEAREST), ("pairs", schemas.PAIRS)):
        for row in tables.read_rows(root / f"data/audit/{table}.parquet", kind):
            exact |= {row["score"], row["cosine"]}
    within = tables.read_rows(root / "data/audit/within.parquet", schemas.WITHIN)
    exact |= {row["cosine"] for row in within}
    calibration = stated["calibration"]
    ends = [stated["within"], *(calibration[name] or {} for name in (
        "source", "held_out", "control", "synthetic"))]  # fmt: skip
    exact |= {*numbers([*ends, calibration["tail"] or {}, {"at": calibration["threshold"]}])}
    assert len(exact) > 40
    release = read_json(root / "data/release/release.json")["metrics"]["audit"]
    out = list(numbers(release | {"histogram": {}}))
    rows = tables.read_rows(root / "data/release" / side_file(schemas.AUDIT_PAIRS),
                            schemas.AUDIT_PAIRS)  # fmt: skip
    out += [value for row in rows for value in numbers(row)]
    assert not [one for one in out if min(abs(one - other) for other in exact) < 1e-7]
    assert {row["score"] for row in rows} <= set(range(-20, 100))
    assert all(edge == round(edge) for edge in (release["histogram"]["edges"][place]
                                                for place in (0, -1)))  # fmt: skip


def test_the_release_is_what_it_says(root: Path) -> None:
    assert verify(root / "data/release")["differences"] == []


def test_what_holds_real_films_is_for_its_owner_alone(root: Path) -> None:
    folders = ("cohort", "found-text", "clearance", "split", "audit", "audit/features",
               "adjudication", "study-kit", "study-key", "landmarks")  # fmt: skip
    for name in folders:
        folder = root / "data" / name
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, name
        for path in folder.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE((root / "data/film-key").stat().st_mode) == 0o600


def test_stated_patients_keep_their_films_together_and_their_keys_out(tmp_path: Path) -> None:
    write_project(tmp_path)
    write_films(tmp_path / "data/raw")
    rows = [f"{stem(film)}.png,Pid-{NAMES[film % 4]}{film % PATIENTS}" for film in range(FILMS)]
    (tmp_path / "data/raw/patients.csv").write_text("\n".join(["file,patient", *rows]))
    paths = Paths(tmp_path)
    params = load_params(paths.params)
    from cxr_release.stages import clearance, find_text, ingest

    here = Path.cwd()
    os.chdir(tmp_path)  # `ingest.source` is relative, as in a project
    try:
        ingest.run(paths, params)
    finally:
        os.chdir(here)
    for stage in (find_text, clearance, splitting):
        stage.run(paths, params)
    parts = tables.read_rows(paths.split_table, schemas.SPLIT)
    people: dict[str, set[str]] = {}
    for row in parts:
        people.setdefault(row["patient"], set()).add(row["part"])
    assert len(people) == PATIENTS
    assert all(len(found) == 1 for found in people.values())
    assert all(re.fullmatch(r"patient-[0-9a-f]{16}", name) for name in people)
    assert read_json(paths.split / "summary.json")["by"] == "patient"
    for path in (paths.cohort_table, paths.split_table, paths.cohort / "summary.json"):
        assert not [name for name in NAMES if name.encode() in path.read_bytes()]
    manifest = tables.read_rows(paths.manifest, schemas.MANIFEST)
    assert {row["stated_patient"] for row in manifest} == {row.split(",")[1] for row in rows}
