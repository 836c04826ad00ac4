"""Three folders, scored by the command: what it writes, prints and refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cxr_release
from cxr_release.errors import SourceError
from cxr_release.scorecard import fidelity, figures
from cxr_release.scorecard.score import Beside, score
from tests.support.commands import run
from tests.support.phantom_sets import write_folder
from tests.support.random_films import clouds

SETS = {
    "train": clouds(30, seed=1, films=2),
    "held-out": clouds(30, seed=2, films=2),
    "drawn": clouds(40, seed=3),
}


def folders(root: Path, *, patients: bool = True) -> dict[str, Path]:
    made = {}
    for name, films in SETS.items():
        named = {f"{name}-{number:03d}": film for number, (film, _) in enumerate(films)}
        made[name] = write_folder(root / name, named)
        if patients and name != "drawn":
            rows = [f"{film}.png,{key}" for film, (_, key) in zip(named, films, strict=True)]
            (made[name] / "patients.csv").write_text("\n".join(["file,patient", *rows]))
    return made


def asked(made: dict[str, Path], output: Path, *further: str) -> list[str]:
    options = {"--train": "train", "--held-out": "held-out", "--synthetic": "drawn"}
    given = [text for option, name in options.items() for text in (option, str(made[name]))]
    return ["score", *given, "--output", str(output), *further]


@pytest.fixture(scope="module", autouse=True)
def few_pairs() -> Iterator[None]:
    """MS-SSIM is a third of the time, and the number of its pairs none of what is asked here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fidelity, "PAIRS", 4)
        yield


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three sets, and what the command wrote and printed of them."""
    root = tmp_path_factory.mktemp("scored")
    done = run(*asked(folders(root), root / "out", "--json"))
    assert done.returncode == 0, done.stderr
    (root / "printed.json").write_text(done.stdout)
    return root


@pytest.fixture(scope="module", autouse=True)
def undrawn(scored: Path) -> Iterator[None]:
    """All other scores go without pictures, which take as long as the numbers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "draw", lambda *_: [])
        yield


@pytest.fixture(scope="module")
def in_words(scored: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """The same score in words, with a limit that it misses, and the folder that it wrote."""
    output = tmp_path_factory.mktemp("in-words") / "out"
    made = {name: scored / name for name in SETS}
    return run(*asked(made, output, "--fail-below", "privacy=99.9")), output


def printed_of(scored: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((scored / "printed.json").read_text())
    assert report.pop("output") == str(scored / "out")
    return report


def test_what_is_printed_is_what_is_written_and_names_nobody(scored: Path) -> None:
    printed = printed_of(scored)
    written = (scored / "out" / "scorecard.json").read_text()
    assert json.loads(written) == printed
    assert printed["schema"] == 1
    assert printed["sets"]["trained"] == {
        "films": 60,
        "patients": 30,
        "patient_not_stated": 0,
        "unreadable": 0,
    }
    pictures = {"score-parts.png", "score-measures.png", "score-roc.png", "score-planted.png"}
    there = {path.name for path in (scored / "out").iterdir()}
    assert there == pictures | {"scorecard.json", "score-worth.png", "score-groups.png"}
    for name in ("train-0", "held-out-0", "drawn-0", "p1x", "p2x"):
        assert name not in written


def test_the_api_gives_what_the_command_prints(scored: Path, tmp_path: Path) -> None:
    report = cxr_release.score(*(scored / name for name in SETS), tmp_path / "api")
    assert report.pop("unreadable") == {"trained": [], "control": [], "released": []}
    assert printed_of(scored) == report


def test_words_hold_for_what_was_measured(in_words: tuple[Any, Path], tmp_path: Path) -> None:
    made = folders(tmp_path)
    text = in_words[0].stdout
    assert "trained   60 films of 30 patients\n" in text
    assert "released  40 films\n" in text
    assert "distance to the closest record, by who holds the film and the released films\n" in text
    assert "not measurable with fewer than 100 control films" in text
    assert "noise 5 %, gamma 0.8) among the released films: found by" in text
    assert "leak        none found" in text
    made["drawn"] = made["train"]
    leaking = run(*asked(made, tmp_path / "leaking")).stdout
    assert "leak        found by the AUC (p < 0.001)" in leaking
    assert re.search(r"^privacy +0\.0 ", leaking, re.MULTILINE)
    assert "weakest: privacy, 0.0 of 100" in leaking
    made["drawn"] = made["held-out"]
    faulty = run(*asked(made, tmp_path / "faulty")).stdout
    assert re.search(r"^privacy +– ", faulty, re.MULTILINE)
    assert "no evidence the AUC is below 0.5, significantly after correction" in faulty
    assert "leak        none found" not in faulty


def test_patients_may_stand_in_a_table_of_their_own(scored: Path, tmp_path: Path) -> None:
    made = folders(tmp_path, patients=False)
    unknown = run(*asked(made, tmp_path / "unknown")).stdout
    assert "60 films; patients not stated for 60 of them, each counted as one of its own" in unknown
    rows = [
        f"{name}-{number:03d}.png,{key}"
        for name in ("train", "held-out")
        for number, (_, key) in enumerate(SETS[name])
    ]
    table = tmp_path / "patients.csv"
    table.write_text("\n".join(["file,patient", *rows]))
    stated = json.loads(
        run(*asked(made, tmp_path / "a", "--patients", str(table), "--json")).stdout
    )
    stated.pop("output")
    assert stated == printed_of(scored)
    table.write_text("\n".join(["file,patient", *rows[:-1]]))
    done = run(*asked(made, tmp_path / "d", "--patients", str(table)))
    assert done.returncode == 1
    assert "held-out-059.png: has no row in patients.csv" in done.stderr


def test_tables_that_contradict_or_cannot_tell_are_refused(tmp_path: Path) -> None:
    made = folders(tmp_path)
    table = tmp_path / "patients.csv"
    table.write_text("file,patient\n")
    paths = [[made[name]] for name in SETS]
    with pytest.raises(SourceError, match="leave one of the two out"):
        score(*paths, tmp_path / "out", beside=Beside(patients=table))
    for name in ("train", "held-out"):
        (made[name] / "patients.csv").unlink()
    film = made["train"] / "train-000.png"
    film.rename(made["train"] / "held-out-000.png")
    with pytest.raises(SourceError, match="control films of the same name, such as held-out-000"):
        score(*paths, tmp_path / "out", beside=Beside(patients=table))


def test_what_was_refused_wrote_nothing(tmp_path: Path) -> None:
    made = folders(tmp_path)
    copy = made["held-out"] / "held-out-007.png"
    copy.write_bytes((made["train"] / "train-003.png").read_bytes())
    done = run(*asked(made, tmp_path / "out"))
    assert done.returncode == 1
    assert "held-out-007" in done.stderr
    assert "train-003" in done.stderr
    assert "take it out of one of the two" in done.stderr
    assert not (tmp_path / "out").exists()
    inside = run(*asked(made, made["drawn"] / "out"))
    assert inside.returncode == 1
    assert "lies in the folder of released films" in inside.stderr


def test_a_film_that_cannot_be_read_is_named_and_ends_with_1(tmp_path: Path) -> None:
    made = folders(tmp_path)
    (made["drawn"] / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = run(*asked(made, tmp_path / "out"))
    assert done.returncode == 1
    assert "released  40 films; 1 not read" in done.stdout
    assert "torn" in done.stderr
    report = json.loads((tmp_path / "out" / "scorecard.json").read_text())
    assert report["sets"]["released"] == {"films": 40, "unreadable": 1}


def test_without_control_films_the_other_parts_are_measured(tmp_path: Path) -> None:
    made = folders(tmp_path)
    given = ["--train", str(made["train"]), "--synthetic", str(made["drawn"])]
    done = run("score", *given, "--output", str(tmp_path / "out"), "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)["summary"]
    assert summary["privacy"] is None
    assert summary["utility"] is None
    assert summary["fidelity"] is not None
    assert summary["coverage"] is not None
    sentence = "there are no films of patients whom no run saw"
    assert f"density ratio: {sentence}" in summary["why_not"]
    attacked = run("score", *given, "--checkpoint", str(tmp_path), "--output", str(tmp_path / "b"))
    assert f"calibrated loss: {sentence}" in attacked.stdout


@pytest.mark.parametrize("option", ["--reference", "--split"])
def test_what_is_for_a_network_is_refused_without_one(tmp_path: Path, option: str) -> None:
    made = folders(tmp_path)
    done = run(*asked(made, tmp_path / "out", option, str(tmp_path / "run")))
    assert done.returncode == 1
    assert "no checkpoint is given: give the checkpoint, too, or leave it out" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_part_below_its_limit_ends_with_3_after_all_was_written(
    in_words: tuple[Any, Path], tmp_path: Path
) -> None:
    made = folders(tmp_path)
    done, output = in_words
    assert done.returncode == 3
    assert "below its limit: privacy is " in done.stderr
    assert (output / "scorecard.json").exists()
    wrong = run(*asked(made, tmp_path / "wrong", "--fail-below", "beauty=1"))
    assert wrong.returncode == 1
    assert "such as privacy=50" in wrong.stderr
    assert not (tmp_path / "wrong").exists()


def test_several_sets_of_synthetic_films_are_scored_apart_and_further_columns_make_groups(
    tmp_path: Path,
) -> None:
    made = folders(tmp_path)
    second = write_folder(
        tmp_path / "later", {f"l-{n}": film for n, (film, _) in enumerate(clouds(40, seed=9))}
    )
    for name in ("train", "held-out"):
        table = made[name] / "patients.csv"
        lines = table.read_text().splitlines()
        marked = [f"{line},{'left' if place % 2 else 'right'}" for place, line in enumerate(lines)]
        table.write_text("\n".join([f"{lines[0]},side", *marked[1:]]))
    done = run(*asked(made, tmp_path / "out", "--synthetic", str(second), "--json"))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert list(report["summary"]["checkpoints"]) == ["drawn", "later"]
    groups = {row["group"] for row in report["coverage"] if row["column"] == "side"}
    assert groups == {"left", "right"}
