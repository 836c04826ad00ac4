"""The command line as a user meets it: what it prints, and how it ends.

What depends on the process itself (its start, exit codes, tracebacks) runs in one of its own; the
rest calls `main` here, for the libraries take seconds to come.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import VERDICT, NewVerdict
from cxr_release.cli.commands import app
from cxr_release.files import write_json
from cxr_release.film_id import BATCHES, source_name
from cxr_release.films import png
from cxr_release.logbook import log
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.release.versions.published import FILMS
from cxr_release.screening.decision import DECISION, NewDecision
from tests.support import ROOT
from tests.support.blank_figures import blank_figures
from tests.support.commands import run
from tests.support.oriented import oriented_row
from tests.support.quick_fits import kept_fits, quick_fits
from tests.support.unspaced import NO_SPACING


def apart(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "cxr_release.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(untouched: Path, tmp_path: Path) -> Path:
    """A project of the test's own, in which nobody has decided anything yet."""
    return Path(shutil.copytree(untouched, tmp_path / "project"))


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with parameters, reasons and a few oriented films of each job: to be copied."""
    root = tmp_path_factory.mktemp("project")
    (root / "cards/phantoms").mkdir(parents=True)
    for name in ("params.yaml", "cards/phantoms/reasons.yaml"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    params = load_params(root / "params.yaml")
    for checkpoint in params.sample.checkpoints:
        for batch in BATCHES:
            rows = [_row(checkpoint, batch, index) for index in range(4)]
            tables.write(
                Paths(root).oriented_table(source_name(checkpoint), batch), schemas.ORIENTED, rows
            )
    return root


def _row(checkpoint: int, batch: str, index: int) -> dict[str, object]:
    film = np.random.default_rng(index).integers(0, 255, (16, 16), dtype=np.uint8)
    return oriented_row(film, checkpoint, batch, index)


def first_film(project: Path) -> str:
    number = load_params(project / "params.yaml").sample.checkpoints[0]
    return f"checkpoint-{number}-large-00001"


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    """What takes longer than a tenth of a second is to import."""
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cxr_release.cli", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    modules = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in loaded.splitlines()}
    assert not modules & {"torch", "diffusers", "datasets", "pandas", "pandera", "numpy", "pyarrow"}


COMMANDS = [
    [*group, command.callback.__name__.replace("_", "-")]  # type: ignore[union-attr]
    for group, one in (
        ([], app),
        *(
            ([part.name] if part.name else [], part.typer_instance)
            for part in app.registered_groups
        ),
    )
    for command in one.registered_commands
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "Example: cxr-release" in done.stdout


def test_version() -> None:
    assert run("--version").stdout.startswith("cxr-release ")


def test_wrong_usage_exits_with_2() -> None:
    assert apart("explode").returncode == 2
    assert run("exclude", "x").returncode == 2


def test_a_failure_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    done = apart("status", "--root", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in apart("--debug", "status", "--root", str(tmp_path)).stderr


def test_decisions_are_logged_counted_and_taken_back(project: Path) -> None:
    film, root = first_film(project), ["--root", str(project)]
    who = ["--reviewer", "a.b", *root]
    assert run("exclude", film, "--reason", "artefact", "--note", "a <b>", *who).returncode == 0
    kept = film.replace("00001", "00002")
    assert run("keep", "-", *who, stdin=f"{kept}\n\n").stdout.startswith("logged 1 decision")
    counts = json.loads(run("status", "--json", *root).stdout)["counts"]
    assert counts["total"]["excluded"] == 1
    assert counts["total"]["generated"] - counts["total"]["undecided"] == 2
    assert counts["review"]["state"] == "partial"
    assert run("retract", film, *who).returncode == 0
    text = run("status", *root).stdout
    assert "checkpoint 3, initial sampling" in text
    assert "facing     left 24, right and mirrored 0, unknown 0; 0 as reviewers say" in text
    assert "nothing is packaged" in text
    assert json.loads(run("status", "--json", *root).stdout)["counts"]["total"]["excluded"] == 0


def test_a_facing_is_said_and_taken_back(project: Path) -> None:
    film, who = first_film(project), ["--reviewer", "f.g", "--root", str(project)]
    done = run("facing", film, "--faces", "right", *who)
    assert done.stdout == "logged 1 facing decision(s) of f.g: right\n"
    done = run("log", "verify", "--root", str(project))
    assert "f.g: 1 line(s), 1 facing decision(s) in effect" in done.stdout
    assert run("facing", film, "--faces", "up", *who).returncode == 2
    done = run("facing", "nobody", "--faces", "left", *who)
    assert done.returncode == 1 and "unknown film 'nobody'" in done.stderr
    assert run("facing", film, "--faces", "retract", *who).returncode == 0


def test_an_unknown_film_is_answered_with_the_nearest(project: Path) -> None:
    film = first_film(project)
    done = run("keep", film.replace("00001", "0001"), "--reviewer", "c", "--root", str(project))
    assert done.returncode == 1
    assert f"did you mean {film}" in done.stderr
    assert not (project / "data/reviews/screening/c.jsonl").exists()


def test_a_reviewer_s_name_is_no_path(project: Path) -> None:
    done = run("keep", first_film(project), "--reviewer", "../evil", "--root", str(project))
    assert done.returncode == 1
    assert "is not a reviewer's name" in done.stderr
    assert not list(project.rglob("*evil*"))


def test_who_has_decided_what_is_told_per_checkpoint_and_batch(project: Path) -> None:
    root = ["--root", str(project)]
    film = first_film(project)
    for name in ("d", "e"):
        run("exclude", film, "--reason", "artefact", "--reviewer", name, *root)
    counts = json.loads(run("status", "--json", *root).stdout)["counts"]
    row = next(row for row in counts["rows"] if row["excluded"])
    assert row["decided_by"]["d"] == row["decided_by"]["e"] == 1
    assert row["left"] == row["undecided"] == row["generated"] - 1
    text = run("status", *root).stdout
    assert "by d" in text
    assert "agreement  " in text
    assert "screening  d: 1 decision(s) in effect, 1 in a terminal" in text
    assert " 1 by two people." in text


def test_logs_are_verified_and_an_unfinished_line_is_set_aside(project: Path) -> None:
    root, film = ["--root", str(project)], first_film(project)
    run("keep", film, film.replace("1", "2"), "--reviewer", "v", *root)
    path = project / "data/reviews/screening/v.jsonl"
    done = run("log", "verify", *root)
    assert done.returncode == 0, done.stderr
    assert "v: 2 line(s), 2 decision(s) in effect" in done.stdout
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"seq":3,"at"')
    done = apart("log", "verify", *root)
    assert (done.returncode, path.read_bytes()) == (0, whole)
    assert "v.jsonl: line 3 was never finished" in done.stderr
    assert "v.jsonl.torn-3: an unfinished line" in done.stdout
    path.write_bytes(whole.replace(b'"keep"', b'"kept"', 1))
    done = run("log", "verify", *root)
    assert done.returncode == 1
    assert "v.jsonl: line 1: decision 'kept' is not one of keep" in done.stderr


def test_a_decision_on_other_films_is_refused_by_log_and_line(
    project: Path, tmp_path: Path
) -> None:
    film = first_film(project)
    wishes = [NewDecision(film, "0" * 64, "keep"), NewDecision(f"{film}9", "0" * 64, "keep")]
    logs = tmp_path / "logs"
    log.append(DECISION, logs, "w", wishes)
    for command in (["log", "verify"], ["counts"]):
        done = run(*command, "--reviews", str(logs), "--root", str(project))
        assert done.returncode == 1
        assert (
            f"w.jsonl: line 1: {film} does not match the SHA-256 that was decided on" in done.stderr
        )
        assert f"w.jsonl: line 2: unknown film '{film}9': did you mean" in done.stderr


def test_verdicts_are_verified_and_keep_copies_out_of_the_counts(project: Path) -> None:
    root, film = ["--root", str(project)], first_film(project)
    paths = Paths(project)
    cohort = _row(1, "initial", 9) | NO_SPACING
    cohort |= {"id": "real-1", "patient": "p", "inverted": False}
    columns = schemas.COHORT.arrow.names
    tables.write(paths.cohort_table, schemas.COHORT, [{name: cohort[name] for name in columns}])
    films = {row["id"]: row["sha256"] for row in tables.read_rows(
        paths.oriented_table("checkpoint-3", "large"), schemas.ORIENTED)}  # fmt: skip
    wish = NewVerdict("real-1", str(cohort["sha256"]), film, films[film], "copy")
    for reviewer in ("a.b", "c.d"):
        log.append(VERDICT, paths.audit_log, reviewer, [wish])
    done = run("log", "verify", *root)
    assert done.returncode == 0, done.stderr
    assert "c.d: 1 line(s), 1 verdict(s) in effect" in done.stdout
    counts = json.loads(run("counts", "--json", *root).stdout)
    assert counts["total"]["by_reason"] == {"copy": 1}
    chance = {"sentence": "Of 9 new films chance alone would put 1.0 so near."}
    found = {"flagged": {"pairs": 9, "films": 3}, "calibration": {"chance": chance}}
    write_json(paths.audit / "audit.json", found)
    status = json.loads(run("status", "--json", *root).stdout)
    assert status["audit"]["flagged"] == 3
    (said,) = [
        one for one in status["holds_back"] if "3 film(s) are flagged as more similar" in one
    ]
    assert said.endswith(chance["sentence"])
    assert status["audit"]["chance"] == chance["sentence"]
    assert status["audit"]["verdicts"]["copy"] == 1
    assert status["counts"]["total"]["excluded"] == 1
    path = paths.audit_log / "a.b.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"copy"', b'"cop"'))
    done = run("log", "verify", *root)
    assert done.returncode == 1
    assert "a.b.jsonl: line 1: verdict 'cop' is not one of copy, not-a-copy" in done.stderr


@quick_fits()
@kept_fits()
@blank_figures()
def test_an_audit_of_two_folders(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    for name, films in (("real", 4), ("drawn", 3)):
        (tmp_path / name).mkdir()
        for place in range(films):
            coarse = chance.integers(0, 256, (8, 8)).astype(np.uint8)
            film = np.kron(coarse, np.ones((8, 8), np.uint8))
            (tmp_path / name / f"{name}-{place}.png").write_bytes(png.encode(film, synthetic=False))
    (tmp_path / "drawn/copy.png").write_bytes((tmp_path / "real/real-2.png").read_bytes())
    sets = ["--real", f"{tmp_path}/real", "--synthetic", f"{tmp_path}/drawn"]
    out = ["--output", f"{tmp_path}/out", "--root", str(tmp_path)]
    done = run("audit", *sets, *out, "--plant", "2", "--top", "5")
    assert done.returncode == 0, done.stderr
    assert "identical: 2 of 2 planted copies in the first 5, median rank" in done.stdout
    assert "not measurable: 5 of 20 pairs are listed" in done.stdout
    assert "a list drawn at random would hold 25 % of the copies" in done.stdout
    assert "100 %" not in done.stdout
    first, *rest = tables.read_rows(tmp_path / "out/pairs.parquet", schemas.PAIRS)
    assert (first["real_id"], first["synthetic_id"], len(rest)) == ("real-2", "copy", 4)
    (tmp_path / "drawn/torn.png").write_bytes(b"no film")
    done = run("audit", *sets, *out, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["state"] == "incomplete"
    assert "1 film(s) could not be searched" in done.stderr
    assert "torn" in done.stderr
    done = run("audit", "--real", f"{tmp_path}/real", *out)
    assert "give both --real and --synthetic" in done.stderr


def films_in(folder: Path, films: dict[str, np.ndarray]) -> None:
    folder.mkdir(parents=True)
    for name, film in films.items():
        data = png.encode(np.ascontiguousarray(film), synthetic=False)
        (folder / f"{name}.png").write_bytes(data)


def blocks(count: int, seed: int) -> list[np.ndarray]:
    """Films of 64 × 64 that are like no other."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 8, 8)).astype(np.uint8)
    return [np.kron(one, np.ones((8, 8), np.uint8)) for one in coarse]


@quick_fits()
@kept_fits()
@blank_figures()
def test_an_audit_names_its_pairs_what_is_the_same_and_what_it_wrote(tmp_path: Path) -> None:
    """Four films are equal, two of them mirrored or inverted; one is near."""
    real = blocks(6, seed=1)
    films_in(tmp_path / "real", {f"real-{n}": film for n, film in enumerate(real)})
    (tmp_path / "real/patients.csv").write_text(
        "\n".join(["file,patient", *(f"real-{n}.png,p{n}" for n in range(6))])
    )
    noisy = real[4] // 2 + 60
    drawn = {
        "same": real[0],
        "again": real[1],
        "mirror": np.fliplr(real[2]),
        "negative": 255 - real[3],
        "near": noisy,
        **{f"new-{n}": film for n, film in enumerate(blocks(3, seed=2))},
    }
    films_in(tmp_path / "drawn", drawn)
    sets = ["--real", f"{tmp_path}/real", "--synthetic", f"{tmp_path}/drawn"]
    out = ["--output", f"{tmp_path}/out", "--root", str(tmp_path)]
    done = run("audit", *sets, *out)
    assert done.returncode == 0, done.stderr
    said = [" ".join(line.split()) for line in done.stdout.splitlines()]
    part = rf"({'|'.join(schemas.PARTS)})"
    for expected in (
        rf"real-0 same [\d.]+ plain {part} identical pixels",
        rf"real-1 again [\d.]+ plain {part} identical pixels",
        rf"real-2 mirror [\d.]+ mirrored {part} identical pixels when mirrored",
        rf"real-3 negative [\d.]+ inverted {part} identical pixels when inverted",
    ):
        assert any(re.fullmatch(expected, line) for line in said), expected
    (near,) = [line for line in said if line.startswith("real-4 near ")]
    assert "identical" not in near
    assert not any(line.startswith("real-5 ") for line in said)
    assert any(line.startswith("chance What chance alone gives is not measurable") for line in said)
    assert f"written {tmp_path}/out/" in said
    named = {
        line.split()[0] for line in said if line.split()[0].endswith((".json", ".png", "quet"))
    }
    assert named == {path.name for path in (tmp_path / "out").iterdir() if path.is_file()}

    done = run("audit", *sets, *out, "--json", "--fail-on-flagged")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    # Six real films are too few for anything to be flagged.
    assert found["flagged"] is None
    near = f"{found['near']['pairs']} pair(s) are as similar as a film and its recompressed copy"
    assert near in done.stderr
    assert found["output"] == f"{tmp_path}/out"
    assert set(found["files"]) == named
    pairs = {one["synthetic_id"]: one for one in found["near"]["named"]}
    assert [pairs[name]["identical"] for name in ("same", "mirror", "negative", "near")] == [
        "plain",
        "mirrored",
        "inverted",
        None,
    ]
    for pair in pairs.values():
        assert f"{pair['score']:.2f}" in " ".join(said)
    assert found["calibration"]["chance"]["sentence"] in " ".join(said)


@quick_fits()
@kept_fits()
@blank_figures()
def test_an_audit_may_fail_on_what_it_flags_or_cannot_compare(tmp_path: Path) -> None:
    films_in(tmp_path / "real", {f"real-{n}": one for n, one in enumerate(blocks(40, seed=3))})
    films_in(tmp_path / "one", {"real-0": blocks(1, seed=3)[0]})
    films_in(tmp_path / "new", {"new": blocks(1, seed=7)[0]})
    films_in(tmp_path / "copy", {"copy": blocks(1, seed=3)[0]})
    where = ["--output", f"{tmp_path}/out", "--root", str(tmp_path), "--fail-on-flagged"]

    def ends(real: str, drawn: str) -> tuple[int, str]:
        sets = ["--real", f"{tmp_path}/{real}", "--synthetic", f"{tmp_path}/{drawn}"]
        done = run("audit", *sets, *where)
        return done.returncode, done.stderr.splitlines()[-1]

    assert ends("real", "new")[0] == 0
    code, said = ends("real", "copy")
    assert (code, said) == (1, "error: 1 synthetic film(s) are flagged: look at their pairs")
    code, said = ends("one", "copy")
    assert (code, said.partition(" pair")[0]) == (1, "error: 1")
    code, said = ends("one", "new")
    assert code == 1
    assert "nothing can be flagged" in said


PAPER = [
    (34, "initial", 1000, 607),
    (40, "initial", 1000, 654),
    (80, "initial", 1000, 742),
    (34, "large", 8000, 5071),
    (40, "large", 7968, 5999),
    (80, "large", 8032, 6990),
]
"""Checkpoint, batch, generated, released: the paper's Table S1."""


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> tuple[pa.Table, Path]:
    """The paper's 27,000 films, and the logs of who decided on them."""
    rows, wishes = [], []
    for checkpoint, batch, generated, released in PAPER:
        for index in range(generated):
            name = f"checkpoint-{checkpoint}-{batch}-{index:05d}"
            rows.append((name, checkpoint, batch, png.sha256(name.encode()), "more"))
            keeps = index < released
            reason = "" if keeps else ("elements-inverted", "a-code-of-theirs")[index % 2]
            wishes.append(NewDecision(name, rows[-1][3], "keep" if keeps else "exclude", reason))
    logs = tmp_path_factory.mktemp("paper")
    log.append(DECISION, logs, "a.b", wishes)
    columns = zip(*rows, strict=True)
    names = ["id", "checkpoint", "batch", "sha256", "x"]
    return pa.table(dict(zip(names, columns, strict=True))), logs


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_paper_s_table_s1_is_counted_from_27_000_decisions(
    paper: tuple[pa.Table, Path], tmp_path: Path, suffix: str
) -> None:
    table, logs = paper
    listed = tmp_path / f"films{suffix}"
    csv.write_csv(table, listed) if suffix == ".csv" else pq.write_table(table, listed)
    where = ["--images", str(listed), "--reviews", str(logs), "--root", str(tmp_path)]
    found = json.loads(run("counts", *where, "--json").stdout)
    assert [
        (row["checkpoint"], row["batch"], row["generated"], row["released"])
        for row in found["rows"]
    ] == PAPER
    assert set(found["rows"][0]) == {
        "checkpoint", "batch", "generated", "excluded", "released", "undecided", "by_reason",
    }  # fmt: skip
    total = found["total"]
    assert (total["generated"], total["excluded"], total["released"]) == (27_000, 6_937, 20_063)
    assert total["undecided"] == 0
    assert sum(total["by_reason"].values()) == 6_937
    assert "| Checkpoint 40 (large generation) | 7,968 | 1,969 | 5,999 | 0 |" in (
        run("counts", *where).stdout
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,checkpoint,batch\na,1,initial\n", "lacks the column(s) sha256"),
        ("id,checkpoint,batch,sha256\na,one,initial,b\n", "not a readable CSV file"),
        ("id,checkpoint,batch,sha256\na,1,initial,b\n", "row 1, column sha256"),
        ("", "not a readable CSV file"),
    ],
)
def test_a_wrong_table_of_films_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "films.csv"
    path.write_text(text)
    logs = ["--reviews", str(tmp_path / "logs")]
    done = run("counts", "--images", str(path), *logs, "--root", str(tmp_path))
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert str(path) in done.stderr


def test_ingest_takes_a_folder_in(tmp_path: Path) -> None:
    source, output = tmp_path / "films", tmp_path / "out"
    source.mkdir()
    for index in range(3):
        film = np.random.default_rng(index).integers(0, 255, (40, 30), dtype=np.uint8)
        (source / f"{index}.png").write_bytes(png.encode(film, synthetic=False))
    done = run("ingest", str(source), str(output), "--size", "16")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ingested"] == 3
    assert tables.read(output / "cohort.parquet", schemas.COHORT).num_rows == 3
    bad = run("ingest", str(source), str(output), "--size", "17")
    assert bad.returncode == 1
    assert "size" in bad.stderr
    wide = run("ingest", str(source), str(output), "--size", "24x16")
    assert wide.returncode == 0, wide.stderr
    rows = tables.read_rows(output / "cohort.parquet", schemas.COHORT)
    assert {(row["width"], row["height"]) for row in rows} == {(24, 16)}
    assert run("ingest", str(source), str(output), "--size", "24x").returncode == 2
    scaled = run(
        *("ingest", str(source), str(output), "--size", "16"),
        *("--fit", "physical", "--millimetres", "240"),
    )
    assert scaled.returncode == 1
    assert scaled.stderr.count("does not state the distance between its pixels") == 3


def study_csv(picks: dict[str, str]) -> str:
    """Ratings of four readers and two quartets; a reader picks the same source in each."""
    lines = ["rater,quartet,image,source,rating,identified_as_real"]
    for reader, picked in picks.items():
        for quartet in (1, 2):
            for rating, source in enumerate(("real", "checkpoint-34", "checkpoint-40"), start=2):
                image = f"{source[-2:]}-{quartet}"
                right = str(source == picked).lower()
                lines.append(f"{reader},{quartet},{image},{source},{rating},{right}")
    return "\n".join(lines) + "\n"


def test_a_study_is_analysed_without_a_project(tmp_path: Path) -> None:
    path = tmp_path / "responses.csv"
    picks = {"a": "real", "b": "real", "c": "real", "d": "checkpoint-34"}
    path.write_text(study_csv(picks))
    figures = ("--figures", str(tmp_path / "figures"), "--root", str(tmp_path))
    done = run("study", "analyze", str(path), "--json", *figures, "--margin", "1.5")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["raters"], found["quartets"]) == (4, 2)
    told = found["identification"]
    assert (told["correct"], told["trials"], told["accuracy"]) == (6, 8, 0.75)
    assert told["chance"] == pytest.approx(1 / 3)
    assert told["p_two_sided"] == pytest.approx(0.0197, abs=5e-5)  # R: binom.test(6, 8, 1/3)
    assert {"real", "checkpoint-34", "checkpoint-40"} == found["realism"].keys()
    assert found["realism"]["checkpoint-34"]["equivalence"]["margin"] == 1.5
    assert len(list((tmp_path / "figures").iterdir())) == 4


def test_wrong_ratings_are_all_named_and_nothing_is_analysed(tmp_path: Path) -> None:
    path = tmp_path / "responses.csv"
    lines = study_csv(dict.fromkeys("abc", "real")).splitlines()
    lines[3] = lines[3].replace(",4,", ",5,")
    lines[11] = lines[11].replace(",false", ",true")
    path.write_text("\ufeff" + "\r\n".join(lines) + "\r\n")
    done = run("study", "analyze", str(path), "--figures", str(tmp_path / "figures"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "responses.csv: line 4: rating is '5'" in done.stderr
    assert "responses.csv: lines 11–12: reader b picks 2 films" in done.stderr
    assert not (tmp_path / "figures").exists()


def test_no_command_body_is_more_than_a_call() -> None:
    bodies = {
        command.callback: ast.parse(inspect.getsource(command.callback)).body[0]
        for one in (app, *(part.typer_instance for part in app.registered_groups))
        for command in one.registered_commands  # type: ignore[union-attr]
        if command.callback
    }
    assert len(bodies) == len(COMMANDS)
    for body in bodies.values():
        assert isinstance(body, ast.FunctionDef)
        assert len(body.body) <= 8, f"{body.name} does more than call"


def test_a_published_film_is_withdrawn_and_what_is_not_published_is_not(project: Path) -> None:
    root, film = ["--root", str(project)], first_film(project)
    why = ["--reason", "withdrawn-recognisable"]
    done = run("withdraw", film, *why, *root)
    assert done.returncode == 1
    assert "no version is published yet" in done.stderr
    assert "cxr-release exclude" in done.stderr
    paths = Paths(project)
    released = [row for path in paths.oriented.rglob("*.parquet")
                for row in tables.read_rows(path, schemas.ORIENTED)]  # fmt: skip
    version = load_params(project / "params.yaml").release.version
    rows = [row | {"release_version": version} for row in released]
    write_json(paths.published / version / "release.json", {"version": version, "tombstones": []})
    tables.write(paths.published / version / "films.parquet", FILMS,
                 [{name: row[name] for name in FILMS.flat} for row in rows])  # fmt: skip
    assert json.loads(run("status", "--json", *root).stdout)["published"] == [version]
    done = run("withdraw", film, *why, "--note", "a letter", *root)
    assert done.stdout == "logged 1 withdrawal(s) of release-team\n"
    status = json.loads(run("status", "--json", *root).stdout)
    assert status["counts"]["total"]["by_reason"] == {"withdrawn-recognisable": 1}
    assert status["counts"]["review"]["withdrawn"] == 1
    wanted = f"version {version} is published with other films: raise release.version"
    assert wanted in status["holds_back"]
    assert "release-team: 1 line(s)" in run("log", "verify", *root).stdout
    done = run("withdraw", "-", "--retract", *root, stdin=film)
    assert done.stdout == "logged 1 retraction(s) of release-team\n"
    status = json.loads(run("status", "--json", *root).stdout)
    assert status["counts"]["total"]["excluded"] == 0
    assert wanted not in status["holds_back"]
