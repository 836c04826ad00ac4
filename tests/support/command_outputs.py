"""What every command prints in a small project: the outputs that the reference of the docs shows.

`python -m tests.support.command_outputs` records them; `tests/test_docs_site.py` runs them again
and compares, numbers apart. Films are phantoms of 16 × 16 pixels. Commands are forks of one
process, but for those that serve pages, which Ctrl-C is to end.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import chdir
from pathlib import Path

import numpy as np
import yaml

from cxr_release.paths import Paths
from cxr_release.project import Project
from cxr_release.release.versions.published import enter
from cxr_release.screening.record_decisions import record_facing
from tests.support import ROOT
from tests.support.dicom_films import dataset_of, encoded
from tests.support.once import FOLDER
from tests.support.phantom_sets import phantoms, phantoms_of_patients, write_folder, write_patients
from tests.support.preloaded import preloading
from tests.support.qualtrics_service import Answered, imported, table, write
from tests.support.small_project import SMALLEST, STAGES, run_stages
from tests.support.studies import csv_text, study_rows

HERE = Path()
"""The project, for what is prepared in it."""
OUTPUTS = ROOT / "docs/reference/outputs.yaml"
LONGEST = 600
"""Seconds that one command may take."""
MOST_LINES = 24
"""Of an output; what follows is left out, and a line says so."""
FILM = "checkpoint-1-large-00003"
PREPARATION = {
    "cxr-release log join": "cp data/reviews/screening/a.b.jsonl other.jsonl",
    "cxr-release audit": "write_films",
    "cxr-release sign": "ssh-keygen -q -t ed25519 -N '' -C a.b@example.org -f signing-key",
    "cxr-release study analyze": "write_ratings",
    "cxr-release study import-qualtrics": "write_answers",
    "cxr-release withdraw": "publish",
    "cxr-release diff": "release_anew",
    "cxr-release landmark": "ask_for_landmarks",
    "cxr-release clear": "take_local_films",
    "cxr-release where": "write_dicom",
}
"""Command → what is done beforehand, which nobody is shown: a function below, or a line of bash."""
COMMANDS = [
    "cxr-release status",
    "cxr-release counts",
    f"cxr-release exclude {FILM} --reason artefact --reviewer a.b",
    "cxr-release keep checkpoint-1-large-00004 --reviewer a.b",
    f"cxr-release retract {FILM} --reviewer a.b",
    "cxr-release facing checkpoint-2-large-00001 --faces right --reviewer a.b",
    "cxr-release log verify",
    "cxr-release log join other.jsonl --into data/reviews/screening/a.b.jsonl",
    "cxr-release review --reviewer a.b",
    "cxr-release adjudicate --reviewer a.b --reviewer c.d",
    "cxr-release study serve --reader a.b",
    "cxr-release lead --lead e.f",
    "cxr-release study export-qualtrics survey --image-url https://films.example.org/study/",
    "cxr-release study import-qualtrics answers.csv",
    "cxr-release study analyze ratings.csv",
    f"cxr-release sample --only {FILM}",
    "cxr-release ingest phantoms try --phantoms 20 --size 64",
    "cxr-release audit --real real --synthetic drawn --output found --plant 5",
    "cxr-release score --train real --held-out others --synthetic drawn --output scored",
    "cxr-release verify data/release",
    "cxr-release sign data/release --key signing-key",
    "cxr-release push data/release --repo org/spine --dry-run",
    "cxr-release archive data/release spine-1.0.0.zip --year 2026",
    f"cxr-release withdraw {FILM} --reason withdrawn-on-request",
    "cxr-release diff earlier data/release",
    "cxr-release report",
    "cxr-release upgrade --dry-run",
    "cxr-release landmark --reviewer a.b",
    "cxr-release export data/release --to coco --output coco",
    "cxr-release clear --reviewer a.b",
    "cxr-release where dicom-00002 --source hospital --key data/film-key",
]
PORTS = {
    "review": 8741,
    "adjudicate": 8742,
    "study serve": 8743,
    "clear": 8744,
    "landmark": 8745,
    "lead": 8746,
}
"""Command that serves pages → its own port, in whose place a free one is taken here."""


class _Blocks(yaml.SafeDumper):
    """Texts of several lines as blocks."""


_Blocks.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def main() -> None:
    """Record the outputs."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ[FOLDER] = folder
        home = Path(folder) / "home"
        home.mkdir()
        outputs = dict(printed(home))
    text = yaml.dump(outputs, Dumper=_Blocks, sort_keys=False, allow_unicode=True, width=1000)
    OUTPUTS.write_text("# Made by `python -m tests.support.command_outputs`.\n" + text)


def printed(folder: Path) -> Iterator[tuple[str, str]]:
    """Every command with what it prints, in the order in which they are run.

    Args:
        folder: an empty folder, in which the project is made.
    """
    with preloading() as preloaded:
        quickly = {"PATH": preloaded.environment()["PATH"]}
        line = "cxr-release init spine"
        yield line, _plain(_run(line, folder, quickly), folder)
        root = folder / "spine"
        with chdir(root):
            for section, values in SMALLEST.items():
                _set(section, **values)
            run_stages(Paths(root), *STAGES)
        for line in COMMANDS:
            _prepare(
                next((act for name, act in PREPARATION.items() if line.startswith(name)), ""), root
            )
            port = next(
                (one for name, one in PORTS.items() if f"cxr-release {name} " in line), None
            )
            output = _run(line, root, quickly) if port is None else _serve(line, port, root)
            yield line, _plain(output, root)


def _prepare(act: str, root: Path) -> None:
    if act.isidentifier():
        with chdir(root):
            globals()[act]()
    else:
        subprocess.run(
            ["bash", "-c", act], cwd=root, env=_environment(), check=True, timeout=LONGEST
        )


def _environment() -> dict[str, str]:
    bin_folder = Path(sys.executable).parent
    person = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", "a"), ("EMAIL", "a@example.org"))
    }
    return os.environ | person | {
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "100",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip


def _run(line: str, folder: Path, quickly: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=_environment() | quickly,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    # What is refused is told on stderr, as in a terminal.
    return done.stdout or done.stderr


def _serve(line: str, port: int, folder: Path) -> str:
    """What a command that serves pages prints before it waits."""
    with subprocess.Popen(
        ["bash", "-c", f"exec {line} --port 0"],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as serving:
        last = threading.Timer(4, serving.send_signal, [signal.SIGINT])
        guard = threading.Timer(LONGEST, serving.kill)
        guard.start()
        lines = []
        for printed_line in serving.stdout or ():
            lines.append(printed_line)
            if "http" in printed_line and not last.is_alive() and last.ident is None:
                last.start()
        guard.cancel()
    return re.sub(r"(?<=127\.0\.0\.1:)\d+", str(port), "".join(lines))


def _plain(text: str, root: Path) -> str:
    """An output without what is of this machine or this minute alone."""
    text = text.replace(str(root.parent), "/home/you").replace(str(Path.home()), "/home/you")
    text = re.sub(r"(?<=[=#/])[A-Za-z0-9_-]{20,}(?=\s|$)", "…", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "2026-11-20T09:30:00Z", text)
    text = re.sub(r"\b[0-9a-f]{64}\b|(?<=SHA256:)[\w+/]{43}", "…", text)
    lines = [line.rstrip() for line in text.strip().splitlines()]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"… ({len(lines) - MOST_LINES} more lines)"]
    return "\n".join(lines)


def shape_of(output: str) -> str:
    """An output without its numbers, which differ between processors."""
    return re.sub(r"[\d.,]+", "0", output)


def write_dicom() -> None:
    """Films as a hospital exports them, into `hospital`."""
    Path("hospital/20260101").mkdir(parents=True)
    generator = np.random.default_rng(0)
    for number in range(3):
        pixels = generator.integers(0, 4096, (64, 64))
        film = encoded(dataset_of(pixels, 12, PatientID=f"P{number}"))
        Path(f"hospital/20260101/IM{number:04}").write_bytes(film)


def write_films() -> None:
    """Folders of films: `real`, `others` and `drawn`."""
    films = phantoms_of_patients(90)
    for name, part in {"real": films[:40], "others": films[40:70], "drawn": films[70:]}.items():
        folder = write_folder(
            Path(name), {f"{name}-{index:02}": film for index, (film, _) in enumerate(part)}
        )
        write_patients(
            folder, {f"{name}-{index:02}": patient for index, (_, patient) in enumerate(part)}
        )


def write_ratings() -> None:
    """Ratings of a study, into `ratings.csv`."""
    Path("ratings.csv").write_text(csv_text(study_rows(8, 20)))


def write_answers() -> None:
    """What Qualtrics exports of two readers, into `answers.csv`."""
    survey = imported(Path("survey/survey.txt").read_text(encoding="utf-8"))
    pages = survey.shown()
    answers = [
        Answered(
            reader,
            {quartet: min(films) for quartet, films in pages.items()},
            {film: 3 for films in pages.values() for film in films},
        )
        for reader in ("a.b", "c.d")
    ]
    write(Path("answers.csv"), table(survey, answers))


def ask_for_landmarks() -> None:
    """Landmarks on films of which reviewers said how they face."""
    films = [f"checkpoint-1-large-{number:05}" for number in range(6)]
    project = Project(HERE)
    record_facing(project.paths.facing_log, "a.b", films, "left", films=project.films())
    _set("landmarks", films=2)
    run_stages(Paths(HERE), *STAGES[STAGES.index("orient") : STAGES.index("package") + 1])


def publish() -> None:
    """Note the release as published."""
    enter(Paths(HERE).published, Paths(HERE).release)


def take_local_films() -> None:
    """Films of one's own in the place of phantoms."""
    write_patients(write_folder(HERE / "data/raw/films", dict(enumerate(phantoms(12)))))
    _set("ingest", source="data/raw/films")
    run_stages(Paths(HERE), "ingest", "find_text", "clearance")


def _set(section: str, **values: object) -> None:
    settings = yaml.safe_load(Path("params.yaml").read_text())
    settings[section].update(values)
    Path("params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))


def release_anew() -> None:
    """The project's release without a film that was withdrawn, as version 1.0.1."""
    shutil.copytree("data/release", "earlier")
    _set("release", version="1.0.1")
    run_stages(Paths(HERE), *STAGES[STAGES.index("screen") :])


if __name__ == "__main__":
    main()
