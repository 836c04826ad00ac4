"""The scorecard of a project: the same numbers as of its films in plain folders."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas, tables
from cxr_release.files import read_json
from cxr_release.film_id import source_name
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.scorecard.utility.manifest_labels import labels_of_manifest
from cxr_release.stages import score_network, scorecard
from tests.support.commands import run
from tests.support.small_project import run_stages, small_project

SMALL: dict[str, dict[str, Any]] = {
    "ingest": {"phantoms": 150, "size": 16},
    "split": {"control": 0.3, "held_out": 0.3},
    "network": {"channels": [8, 16], "pixel_unshuffle": 1},
    "train": {"steps": 8, "checkpoint_every": 4, "batch_size": 2, "warmup": 0},
    "train_tuning": {"steps": 8},
    "sample": {"checkpoints": [1, 2], "initial": 20, "large": 25, "steps": 2, "batch_size": 8},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A project whose films are all released but one."""
    paths = small_project(tmp_path_factory.mktemp("project"), SMALL)
    params = load_params(paths.params)
    films = ("ingest", "find_text", "clearance", "split")
    run_stages(paths, *films, "train_latent", "train_tuning", "train", "sample", "orient")
    rows = [
        {name: row[name] for name in ("id", "checkpoint", "batch", "label", "sha256")}
        for path in paths.oriented_tables(params.sample.jobs)
        for row in tables.read_rows(path, schemas.ORIENTED)
    ]
    fate = {"decided": True, "reviewers": 1, "looked_at": True}
    screened = [row | fate | {"released": place > 0} for place, row in enumerate(rows)]
    tables.write(paths.screening / "screened.parquet", schemas.SCREENED, screened)
    # The command beside which this is held goes by the measure's own numbers: no quick fits here.
    for stage in (score_network, scorecard):
        stage.run(paths, params)
    return paths


def in_folders(paths: Paths, root: Path) -> dict[str, list[Path]]:
    """The films of each set as PNG files, and patients, labels and parts beside them."""
    params = load_params(paths.params)
    released = {
        row["id"]: row["checkpoint"]
        for row in tables.read_rows(paths.screening / "screened.parquet", schemas.SCREENED)
        if row["released"]
    }
    sets = {
        "trained": [paths.trained_table],
        "control": [paths.control_table],
        **{
            str(number): [
                paths.oriented_table(source_name(number), batch) for batch in ("initial", "large")
            ]
            for number in params.sample.checkpoints
        },
    }
    for name, sources in sets.items():
        folder = root / name
        folder.mkdir(parents=True)
        kind = schemas.ORIENTED if name.isdecimal() else schemas.COHORT
        rows = [row for path in sources for row in tables.iterate(path, kind)]
        rows = [row for row in rows if not name.isdecimal() or row["id"] in released]
        for row in rows:
            (folder / f"{row['id']}.png").write_bytes(row["image"]["bytes"])
        if not name.isdecimal():
            with (folder / "patients.csv").open("w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["file", "patient"])
                writer.writerows((f"{row['id']}.png", row["patient"]) for row in rows)
    manifest = [row for row in tables.iterate(paths.manifest, schemas.MANIFEST) if row["id"]]
    labels = labels_of_manifest(manifest, size=params.ingest.film_size)
    assert labels is not None
    stated = {film: {"points": points} for film, points in labels.points.items()}
    (root / "labels.json").write_text(json.dumps(stated))
    with (root / "split.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "patient", "part"])
        for row in tables.read_rows(paths.split_table, schemas.SPLIT):
            writer.writerow([row["id"], row["patient"], row["part"]])
    return {name: [root / name] for name in sets}


def differences(first: Any, second: Any, place: str = "") -> list[str]:
    """Where two documents differ by more than 1e-12."""
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        pairs = [(first[key], second[key], f"{place}.{key}") for key in first]
        return [each for pair in pairs for each in differences(*pair)]
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        triples = [(*pair, f"{place}[]") for pair in zip(first, second, strict=True)]
        return [each for triple in triples for each in differences(*triple)]
    if isinstance(first, float) and isinstance(second, float):
        return [] if math.isclose(first, second, rel_tol=0, abs_tol=1e-12) else [place]
    return [] if first == second else [f"{place}: {first!r} and {second!r}"]


@pytest.mark.long
def test_folders_of_the_same_films_give_the_same_numbers(project: Paths, tmp_path: Path) -> None:
    sets = in_folders(project, tmp_path / "films")
    options = {
        "--train": sets["trained"],
        "--held-out": sets["control"],
        "--synthetic": [*sets["1"], *sets["2"]],
        "--labels": [tmp_path / "films/labels.json"],
        "--checkpoint": [project.final / "checkpoint-2"],
        "--reference": [project.tuning],
        "--split": [tmp_path / "films/split.csv"],
        "--output": [tmp_path / "scored"],
    }
    given = [
        text for name, paths in options.items() for path in paths for text in (name, str(path))
    ]
    done = run("score", *given, "--json")
    assert done.returncode == 0, done.stderr
    command, stage = (
        read_json(folder / "scorecard.json") for folder in (tmp_path / "scored", project.score)
    )
    # Groups, and classes whose prevalence is measured, come from the manifest in a project; in
    # folders there are none but this.
    for report in (command, stage):
        report.pop("prevalence")
        report["coverage"] = [row for row in report["coverage"] if row["group"] == "all films"]
        for key in ("coverage", "weakest", "why_not"):
            report["summary"].pop(key)
        for anchor in report["summary"]["anchors"].values():
            anchor.pop("coverage")
    assert command["privacy"][-1]["access"] == "the network's weights"
    assert differences(command, stage) == []


@pytest.mark.long
def test_it_names_nobody_and_leaves_out_what_is_not_released(project: Paths) -> None:
    text = (project.score / "scorecard.json").read_text()
    report = json.loads(text)
    assert report["sets"]["released"]["films"] == 89
    assert report["sets"]["control"]["films"] == 45
    rows = tables.read_rows(project.manifest, schemas.MANIFEST)
    for row in rows:
        assert row["id"] not in text
        assert row["source_file"] not in text
    names = {path.name for path in project.score.iterdir()}
    assert "scorecard.json" in names
    assert {"score-parts.png", "score-roc.png", "score-groups.png"} <= names
