"""`cxr-release log join`, of every kind of log, in a project."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import VERDICT, NewVerdict
from cxr_release.clearance.statement import CLEARANCE, NewClearance
from cxr_release.film_id import BATCHES, source_name
from cxr_release.landmarks.placement import PLACEMENT, NewPlacement
from cxr_release.logbook.entry import EntryType
from cxr_release.logbook.log import Log, append
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.reader_study.answer import ANSWER, NewAnswer
from cxr_release.screening.decision import DECISION, FACING, NewDecision, NewFacing
from cxr_release.screening.findings import FINDINGS, NewFindings
from tests.support import ROOT
from tests.support.commands import run
from tests.support.oriented import oriented_row
from tests.support.unspaced import NO_SPACING

FILM = "checkpoint-3-large-00000"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "cards/phantoms").mkdir(parents=True)
    for name in ("params.yaml", "cards/phantoms/reasons.yaml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    params, paths = load_params(tmp_path / "params.yaml"), Paths(tmp_path)
    film = np.random.default_rng(0).integers(0, 255, (16, 16), dtype=np.uint8)
    for checkpoint in params.sample.checkpoints:
        for batch in BATCHES:
            some = [oriented_row(film, checkpoint, batch, index) for index in range(3)]
            tables.write(
                paths.oriented_table(source_name(checkpoint), batch), schemas.ORIENTED, some
            )
    cohort = oriented_row(film, 1, "initial", 9) | {
        "id": "real-1", "patient": None, "inverted": False, **NO_SPACING,
    }  # fmt: skip
    columns = schemas.COHORT.arrow.names
    tables.write(paths.cohort_table, schemas.COHORT, [{name: cohort[name] for name in columns}])
    return tmp_path


def sha256(project: Path) -> str:
    table = Paths(project).oriented_table("checkpoint-3", "large")
    return {row["id"]: row["sha256"] for row in tables.read_rows(table, schemas.ORIENTED)}[FILM]


def said(project: Path, kind: str) -> tuple[EntryType[Any, Any], list[Any]]:
    """A kind of line, and three things that one person may say of the same subject."""
    hash_ = sha256(project)
    if kind == "audit":
        real = tables.read_rows(Paths(project).cohort_table, schemas.COHORT)[0]["sha256"]
        words = ("unsure", "copy", "not-a-copy")
        return VERDICT, [NewVerdict("real-1", real, FILM, hash_, word) for word in words]
    if kind == "burned-in":
        shown, words = (f"film-{7:016x}", "ab" * 32), ("clear", "text")
        return CLEARANCE, [
            NewClearance(*shown, "text"),
            *(NewClearance(*shown, word) for word in words),
        ]
    if kind == "landmarks":
        points = " ".join(["1.00,2.00"] * 23)
        placed = {"points": points, "start": "model"}
        return PLACEMENT, [
            NewPlacement(FILM, hash_, "place", moved="0", **placed),
            NewPlacement(FILM, hash_, "retract"),
            NewPlacement(FILM, hash_, "place", moved="3", **placed),
        ]
    if kind == "readers":
        films = " ".join(f"{index:016x}" for index in range(2))
        picks = films.split(" ")[0]
        return ANSWER, [
            NewAnswer("1", "a" * 64, films, rated, picks, "1", "3.000")
            for rated in ("1 2", "3 4", "4 4")
        ]
    of_films: dict[str, tuple[EntryType[Any, Any], list[Any]]] = {
        "facing": (
            FACING,
            [
                NewFacing(FILM, hash_, "right"),
                NewFacing(FILM, hash_, "unknown"),
                NewFacing(FILM, hash_, "left", "again"),
            ],
        ),
        "findings": (
            FINDINGS,
            [NewFindings(FILM, hash_, word) for word in ("hardware", "none", "osteophytes")],
        ),
    }
    if kind in of_films:
        return of_films[kind]
    reason = "withdrawn-on-request" if kind == "withdrawals" else "artefact"
    return DECISION, [
        NewDecision(FILM, hash_, "exclude", reason),
        NewDecision(FILM, hash_, "retract")
        if kind == "withdrawals"
        else NewDecision(FILM, hash_, "keep"),
        NewDecision(FILM, hash_, "exclude", reason, "again"),
    ]


@pytest.mark.parametrize(
    "kind",
    [
        *("screening", "withdrawals", "facing", "audit", "readers"),
        *("burned-in", "landmarks", "findings"),
    ],
)
def test_any_of_the_logs_is_joined_and_the_later_word_counts(
    project: Path, tmp_path: Path, kind: str
) -> None:
    what, (first, here, there) = said(project, kind)
    folder = project / "data/reviews" / kind
    append(what, folder, "a.b", [first])
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    append(what, folder, "a.b", [here])
    # Later by the clock of the log, which counts milliseconds.
    time.sleep(0.002)
    append(what, other, "a.b", [there])
    into = folder / "a.b.jsonl"
    done = run("log", "join", str(other / "a.b.jsonl"), "--into", str(into))
    assert done.returncode == 0, done.stderr
    assert f"joined 1 line(s) of a.b into {into}" in done.stdout
    assert "the two logs part after line 1" in done.stdout
    log = Log(what, folder, "a.b")
    log.refresh()
    (stands,) = log.effective.values()
    assert what.values(stands) == what.values(there)
    again = run("log", "join", str(other / "a.b.jsonl"), "--into", str(into), "--json")
    assert json.loads(again.stdout)["joined"] == 0
    done = run("log", "verify", "--root", str(project))
    assert done.returncode == 0, done.stderr
    assert "a log that was joined in, whole" in done.stdout


def test_a_film_that_was_excluded_on_the_other_machine_is_out(project: Path) -> None:
    films = ["checkpoint-3-large-00000", "checkpoint-3-large-00001"]
    who = ["--reviewer", "a.b", "--root", str(project)]
    folder = project / "data/reviews/screening"
    run("keep", films[0], *who)
    shutil.copytree(folder, project / "other")
    run("keep", films[1], *who)
    shutil.move(folder, project / "mine")
    shutil.move(project / "other", folder)
    run("exclude", *films, "--reason", "artefact", *who)
    shutil.move(folder, project / "other")
    shutil.move(project / "mine", folder)
    assert json.loads(run("counts", "--json", *who[2:]).stdout)["total"]["excluded"] == 0
    # Standard input, as `git show :3:./a.b.jsonl | cxr-release log join -` gives it.
    with (project / "other/a.b.jsonl").open("rb") as stream:
        done = subprocess.run(
            [sys.executable, "-m", "cxr_release.cli", "log", "join", "-",
             "--into", f"{folder}/a.b.jsonl"],
            stdin=stream, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "joined 2 line(s)" in done.stdout
    assert json.loads(run("counts", "--json", *who[2:]).stdout)["total"]["excluded"] == 2


def test_what_cannot_be_joined_is_one_line_and_changes_nothing(
    project: Path, tmp_path: Path
) -> None:
    what, (first, here, _) = said(project, "screening")
    folder, other = project / "data/reviews/screening", tmp_path / "other"
    append(what, folder, "a.b", [first])
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    append(what, other, "a.b", [here])
    append(what, other, "c.d", [here])
    append(what, other / "elsewhere", "a.b", [NewDecision(FILM, "0" * 64, "keep")])
    verdicts, (judged, *_) = said(project, "audit")
    append(verdicts, other / "audit", "a.b", [judged])
    into = str(folder / "a.b.jsonl")
    for given, place, says in (
        ("c.d.jsonl", into, "is a log of 'c.d', and not of 'a.b': nothing was joined"),
        ("elsewhere/a.b.jsonl", into, f"a.b.jsonl: line 1: {FILM} does not match the SHA-256"),
        ("audit/a.b.jsonl", into, "line 1: is not a decision"),
        ("nothing.jsonl", into, "nothing.jsonl: No such file"),
        (".", into, "is a folder"),
        (
            "a.b.jsonl",
            str(project / "a.b.jsonl"),
            "is not the place of a project's log: nothing was joined",
        ),
        (
            "a.b.jsonl",
            str(folder / "a.b.head"),
            "is not the place of a project's log: nothing was joined",
        ),
        ("a.b.jsonl", str(folder / "A B.jsonl"), "is not a reviewer's name"),
    ):
        done = run("log", "join", str(other / given), "--into", place)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert says in done.stderr
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
