"""Films that are drawn as classes, from the phantoms to a release that a classifier can learn from.

One project, whole, with films of another generator beside them, which have no class.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json
from cxr_release.logbook.log import Log
from cxr_release.params.load import load_params
from cxr_release.params.training import ConditionParams
from cxr_release.release.checks.croissant_records import load
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.layout import shards_of
from cxr_release.release.validate import validate
from cxr_release.release.verify import verify
from cxr_release.release.versions.published import enter, read_published
from cxr_release.release.versions.version import differences, read_version
from cxr_release.screening.films import read_generated
from cxr_release.screening.findings import FINDINGS, NewFindings
from cxr_release.screening.record_decisions import decide
from tests.support.breaking import rejson, rewrite
from tests.support.card_rules import header_and_body, written
from tests.support.noise_pictures import noise_png
from tests.support.small_project import SMALLEST, STAGES, run_stages, small_project
from tests.support.tampering import copied, said

SETTINGS = {
    **SMALLEST,
    "ingest": {
        **SMALLEST["ingest"],
        **{"phantoms": 80, "facts": {"curvature": "code"}, "least_patients": 10},
    },
    "condition": {
        "label": "curvature",
        "least": 10,
        "balance": {"kyphotic": 0.5, "lordotic": 0.25, "straight": 0.25},
    },
    "sample": {
        **SMALLEST["sample"],
        "sources": {"gan": {"kind": "folder", "path": "data/elsewhere/gan"}},
    },
}
NAMES = ["kyphotic", "lordotic", "straight"]
OUT = {"checkpoint-1-initial-00000": "vertebra-count", "gan-large-00001": "blank-or-noise"}
ALTERED = [
    ("released", 99, "kyphotic: released"),
    ("real_films", 20, "real films in all"),
    ("real_patients", 9, "cannot be"),
    ("asked", 0.4, "key asked"),
]
"""Key of a class in `release.json`, another value, and what is said of it."""
NOTED = ["osteophytes", "none", "hardware osteophytes", "none"]
"""What a reviewer sees on the first films, of which the first is excluded."""
LOAD = """
import json, sys
from collections import Counter
from datasets import disable_progress_bars, load_dataset
disable_progress_bars()
plain = load_dataset(sys.argv[1], split="train")
streamed = load_dataset(sys.argv[1], split="train", streaming=True)
out = load_dataset(sys.argv[1], "exclusions", split="train")
print(json.dumps({
    "names": [each.features["label"].names for each in (plain, streamed, out)],
    "labels": [[row["id"], row["label"]] for row in plain],
    "streamed": [[row["id"], row["label"]] for row in streamed],
    "out": [[row["id"], row["label"]] for row in out],
}))
"""


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The finished project."""
    paths = small_project(tmp_path_factory.mktemp("project"), SETTINGS)
    folder = paths.root / "data/elsewhere/gan"
    folder.mkdir(parents=True)
    for number in range(6):
        (folder / f"{number}.png").write_bytes(noise_png(number))
    run_stages(paths, *STAGES[: STAGES.index("screen")])
    params = load_params(paths.params)
    films = read_generated(paths.oriented_tables(params.sample.jobs))
    for film, reason in OUT.items():
        decide(
            paths.root / "data/reviews/screening",
            *("a.b", [film], "exclude"),
            films=films,
            reasons={"vertebra-count": "", "blank-or-noise": ""},
            reason=reason,
        )
    seen = Log(FINDINGS, paths.findings_log, "a.b")
    for film, codes in zip(films, NOTED, strict=False):
        seen.append([NewFindings(film.id, film.sha256, codes)])
    run_stages(paths, *STAGES[STAGES.index("screen") :])
    return paths


@pytest.mark.long
def test_findings_are_in_the_record_and_the_card_and_cannot_be_altered(
    released: Any, tmp_path: Path
) -> None:
    noted = read_json(released.release / "release.json")["reviews"]["screening"]["findings"]
    assert (noted["tagged"], noted["released"], noted["taggers"]) == (4, 3, 1)
    rows = {row["code"]: row for row in noted["findings"]}
    assert (rows["osteophytes"]["films"], rows["osteophytes"]["released"]) == (2, 1)
    assert "### Findings on the films" in written(released.release)
    for key, value in (("tagged", 99), ("released", 5), ("decided", 7), ("differ", 1)):
        altered = tmp_path / key
        shutil.copytree(released.release, altered)
        rejson(
            altered / "release.json",
            lambda record, key=key, value=value: record["reviews"]["screening"]["findings"].update(
                {key: value}
            ),
        )
        found = [each["where"] for each in verify(altered)["differences"]]
        assert any(f"findings: {key}" in where for where in found), (key, found)


def drawn_as(paths: Any) -> dict[str, str | None]:
    """Film → class that the stage `sample` noted."""
    jobs = load_params(paths.params).sample.jobs
    return {film.id: film.label for film in read_generated(paths.oriented_tables(jobs))}


@pytest.mark.long
def test_the_release_is_what_it_says_and_so_are_its_records(released: Any) -> None:
    assert [each for each in load(released.release)[1] if "datePublished" not in each] == []
    report = verify(released.release, records=True)
    assert report["differences"] == []
    assert report["checked"]["records of label_names read through croissant.json"] == 3
    # Ten films of each checkpoint, six of the other generator; two are excluded.
    assert report["checked"]["films held against the classes"] == 24


@pytest.mark.long
def test_load_dataset_shows_names_and_the_classes_that_films_were_drawn_as(released: Any) -> None:
    made = subprocess.run(
        [sys.executable, "-c", LOAD, str(released.release)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(released.root / "hf")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    said = json.loads(made.stdout)
    assert said["names"] == [NAMES] * 3
    assert said["labels"] == said["streamed"]
    truth = drawn_as(released)
    by_name = {film: None if label is None else NAMES[label] for film, label in said["labels"]}
    assert by_name == {film: label for film, label in truth.items() if film not in OUT}
    assert {film: None if label is None else NAMES[label] for film, label in said["out"]} == {
        film: truth[film] for film in OUT
    }


@pytest.mark.long
def test_counts_of_each_class_close_with_shares_real_and_asked(released: Any) -> None:
    labels = read_json(released.release / "release.json")["counts"]["labels"]
    truth = drawn_as(released)
    real = Counter(
        row["label"]
        for row in tables.read_rows(released.labels, schemas.LABELS)
        if row["id"]
        in {
            each["id"]
            for each in tables.read_rows(released.split_table, schemas.SPLIT)
            if each["part"] != "control"
        }
    )
    assert [each["name"] for each in labels["classes"]] == NAMES
    assert [each["asked"] for each in labels["classes"]] == [0.5, 0.25, 0.25]
    parts = {each["name"]: each for each in labels["classes"]} | {None: labels["without"]}
    for name, counts in parts.items():
        films = [film for film, label in truth.items() if label == name]
        assert counts["generated"] == len(films)
        assert counts["excluded"] == sum(film in OUT for film in films)
        assert counts["released"] == counts["generated"] - counts["excluded"]
        if name is not None:
            assert counts["real_films"] == real[name]
    header, body = header_and_body(written(released.release))
    assert "image-classification" in header["task_categories"]
    assert "machine-generated" in header["annotations_creators"]
    assert "## Classes" in body
    assert "The films carry no labels" not in body


def _label(value: int | None) -> Callable[[list[dict[str, Any]]], None]:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[0]["label"] = value

    return change


def _class(**changes: Any) -> Callable[[Any], None]:
    def change(record: Any) -> None:
        record["counts"]["labels"]["classes"][0] |= changes

    return change


@pytest.mark.long
def test_whatever_is_altered_in_labels_and_their_counts_is_named(
    released: Any, tmp_path: Path
) -> None:
    films = schemas.released_films(classes=NAMES)
    out = schemas.released_exclusions(NAMES)
    first = shards_of(released.release)[0].relative_to(released.release)
    shard = next(
        path.relative_to(released.release)
        for path in shards_of(released.release)
        if "gan" in path.parts
    )
    excluded = "exclusions/train-00000-of-00001.parquet"
    row = tables.read_rows(released.release / first, films)[0]
    changes: list[tuple[Any, Callable[[Path], object]]] = [
        (
            "of its rows",
            lambda folder: rewrite(folder / first, films, _label((row["label"] + 1) % 3)),
        ),
        ("is missing", lambda folder: rewrite(folder / first, films, _label(None))),
        ("drawn elsewhere", lambda folder: rewrite(folder / shard, films, _label(1))),
        ("straight: excluded", lambda folder: rewrite(folder / excluded, out, _label(2))),
        *((named, said(_class(**{key: value}))) for key, value, named in ALTERED),
        ("features", said(_class(name="bent"))),
    ]
    for expected, change in changes:
        altered = copied(released.release, tmp_path / "altered", change)
        found = [f"{each['where']}: {each['what']}" for each in verify(altered)["differences"]]
        assert found, expected
        if expected != "of its rows":
            assert any(expected in fault for fault in found), (expected, found)


@pytest.mark.long
def test_a_version_keeps_labels_by_name_and_a_changed_one_is_a_changed_film(
    released: Any, tmp_path: Path
) -> None:
    enter(tmp_path / "ledger", released.release)
    (kept,) = read_published(tmp_path / "ledger")
    version = read_version(released.release)
    assert kept.films == version.films
    truth = drawn_as(released)
    assert {film: row["label"] for film, row in kept.films.items()} == {
        film: truth[film] for film in version.films
    }
    film = "checkpoint-1-large-00001"
    other = next(name for name in NAMES if name != truth[film])
    changed = replace(
        version, films={**version.films, film: {**version.films[film], "label": other}}
    )
    since = differences(kept, changed)
    assert since.relabelled == {film: {"label": (truth[film], other)}}
    assert not since.redrawn


@pytest.mark.long
def test_validate_names_labels_that_are_not_those_of_the_films(
    released: Any, tmp_path: Path
) -> None:
    params = load_params(released.params)
    altered = tmp_path / "data"
    shutil.copytree(released.root / "data", altered, symlinks=True)
    paths = type(released)(tmp_path)

    def swap(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if row["label"] is not None:
                row["label"] = {"kyphotic": "straight"}.get(row["label"], row["label"])

    rewrite(paths.screening / "screened.parquet", schemas.SCREENED, swap)
    rewrite(paths.labels, schemas.LABELS, swap)
    with pytest.raises(ReleaseError) as caught:
        validate(ReleaseInputs.of(paths), params)
    told = "\n".join(map(str, caught.value.faults))
    assert "column label" in told and "the film was drawn as 'kyphotic'" in told
    assert "classes.json: key films" in told
    plain = replace(params, condition=ConditionParams())
    with pytest.raises(ReleaseError) as caught:
        validate(ReleaseInputs.of(paths), plain)
    assert "which is not a class of the films" in "\n".join(map(str, caught.value.faults))
