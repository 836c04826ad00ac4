"""`croissant.json`: whole, true to the folder, and read to the last record by mlcroissant."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cxr_release.release.documents.croissant_check import REQUIRED, check_croissant

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json, sha256
from cxr_release.params import Params
from cxr_release.release.checks.croissant_records import read_all_records
from cxr_release.release.documents.croissant import CROISSANT, write_croissant
from tests.support.release_artefacts import make_release
from tests.support.release_configs import configs_of

HOSTILE = 'X\n"}, {"@context": "http://d/", "@id": "http://d/"} <b> \\" \u2028 \U0001d11e'
SHARD = "data/checkpoint-1/train-00000-of-00001.parquet"


def described(release: Path) -> dict[str, Any]:
    """The release's `croissant.json`, written now."""
    write_croissant(release, read_json(release / "release.json"), configs_of(release))
    document: dict[str, Any] = read_json(release / CROISSANT)
    return document


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, params: Params) -> Path:
    """A release with ratings, that shows real films beside synthetic ones."""
    asked = replace(params, audit=replace(params.audit, publish_real_images=True))
    verdicts = {1: "copy", 2: "not-a-copy"}
    root = tmp_path_factory.mktemp("croissant")
    release = make_release(root, asked, excluded={}, rated=True, verdicts=verdicts)
    described(release)
    return release


def changed(release: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = read_json(release / CROISSANT)
    change(document)
    (release / CROISSANT).write_text(json.dumps(document), encoding="utf-8")


def faults_of(release: Path) -> str:
    with pytest.raises(ReleaseError) as caught:
        check_croissant(release, configs_of(release))
    return str(caught.value)


@pytest.fixture
def broken(shown: Path, tmp_path: Path) -> Path:
    """A release to break."""
    return Path(shutil.copytree(shown, tmp_path / "release"))


def test_it_is_sound_and_every_record_is_read(shown: Path) -> None:
    check_croissant(shown, configs_of(shown))
    rows = read_json(shown / "release.json")["counts"]["configs"]
    assert read_all_records(shown) == rows
    assert rows["default"] == 15
    assert rows["reader_study"] == 6


def test_its_hashes_and_sizes_are_those_of_the_files(shown: Path) -> None:
    nodes = read_json(shown / CROISSANT)["distribution"]
    files = [one for one in nodes if one["@type"] == "cr:FileObject"]
    assert len(files) == 1 + len(list(shown.rglob("*.parquet")))
    for one in files:
        assert one["sha256"] == sha256(shown / one["contentUrl"])
        assert one["contentSize"] == f"{(shown / one['contentUrl']).stat().st_size} B"


def test_it_is_the_same_bytes_again_and_known_hashes_are_taken(broken: Path) -> None:
    before = (broken / CROISSANT).read_bytes()
    described(broken)
    assert (broken / CROISSANT).read_bytes() == before
    record, configs = read_json(broken / "release.json"), configs_of(broken)
    write_croissant(broken, record, configs, hashes={SHARD: 64 * "0"})
    assert f"{SHARD} has another SHA-256 than stated" in faults_of(broken)
    check_croissant(broken, configs, hashes={SHARD: 64 * "0"})


def test_what_it_says_follows_from_the_record(shown: Path) -> None:
    said = read_json(shown / CROISSANT)
    assert said["isLiveDataset"] is False
    assert said["version"] == "1.0.0"
    assert said["license"] == ["https://creativecommons.org/licenses/by/4.0/legalcode"]
    assert "15 synthetic radiographs of 16 × 16 pixels" in said["description"]
    assert "no patient was ever imaged" in said["description"]
    assert "gave 6 rating(s)" in said["rai:dataAnnotationProtocol"]
    assert "3 of them stand in the table audit_pairs" in said["rai:dataCollectionRawData"]
    assert "url" not in said
    assert "datePublished" not in said


def test_texts_that_people_give_are_said(broken: Path) -> None:
    record = read_json(broken / "release.json")
    told = {"publisher": "A clinic", "funding": "A grant", "ethics": "Waived", "purpose": "To try"}
    record |= {**told, "identifier": "10.5281/zenodo.1", "date": "2026-11-20"}
    record["source"] |= {"kind": "local films", "population": "Adults, 2010 to 2020"}
    write_croissant(broken, record, configs_of(broken))
    check_croissant(broken, configs_of(broken))
    said = read_json(broken / CROISSANT)
    assert said["publisher"] == [{"@type": "sc:Organization", "name": "A clinic"}]
    assert said["url"] == "https://doi.org/10.5281/zenodo.1"
    assert said["datePublished"] == "2026-11-20"
    assert "Whom the source shows: Adults, 2010 to 2020" in said["rai:dataBiases"]
    assert said["rai:personalSensitiveInformation"][0].startswith("3 real film(s)")
    assert "phantom" not in said["description"].partition("trained on")[0]


def test_hostile_texts_are_said_and_not_obeyed(broken: Path) -> None:
    record = read_json(broken / "release.json")
    record |= dict.fromkeys(("title", "contact", "publisher", "purpose", "ethics"), HOSTILE)
    record["authors"] = [HOSTILE, "http://d/#x"]
    record["source"] |= dict.fromkeys(("title", "license", "citation"), HOSTILE)
    write_croissant(broken, record, configs_of(broken))
    check_croissant(broken, configs_of(broken))
    said = read_json(broken / CROISSANT)
    assert said["name"].startswith('X "}, {"@context"')
    assert said["creator"][1] == {"@type": "sc:Organization", "name": "http://d/#x"}


def test_properties_that_are_missing_are_named_together(broken: Path) -> None:
    stays = {"conformsTo", "name", "license"}

    def less(document: dict[str, Any]) -> None:
        for key in set(REQUIRED) - stays:
            document[key] = [] if key.startswith("rai:") else ""

    changed(broken, less)
    found = faults_of(broken)
    for key in REQUIRED:
        assert (f"property {key} is missing or empty" in found) == (key not in stays)


def test_other_files_than_stated_are_named_together(broken: Path) -> None:
    configs = configs_of(broken)
    (broken / SHARD).unlink()
    with (broken / "release.json").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    with pytest.raises(ReleaseError) as caught:
        check_croissant(broken, configs)
    found = str(caught.value)
    assert f"{SHARD} is not there" in found
    assert "release.json is " in found


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda one: one["distribution"].pop(0), "gives no hash of release.json"),
        (
            lambda one: one["distribution"][0].update(contentUrl="http://d/"),
            "release.json is said to be at http://d/",
        ),
        (
            lambda one: one["distribution"].append({"@type": "cr:FileObject", "@id": "../x"}),
            "names ../x",
        ),
        (lambda one: one["distribution"].pop(), "record set reader_study is not of the shards"),
        (lambda one: one["recordSet"].pop(), "lacks a record set of config reader_study"),
        (lambda one: one["recordSet"][0]["field"].pop(1), "default lacks the column id"),
        (
            lambda one: one["recordSet"][0]["field"][0]["source"].pop("transform"),
            "column image of default is described otherwise",
        ),
        (
            lambda one: one["recordSet"].append({"@type": "cr:RecordSet", "@id": "more"}),
            "has a record set more of no config",
        ),
        (lambda one: one.update({"@context": "http://d/"}), "its @context is not ours"),
        (
            lambda one: one["creator"][0].update({"@context": "http://d/"}),
            "has a second @context",
        ),
        (lambda one: one.update(version="one"), "Version doesn't follow MAJOR.MINOR.PATCH"),
    ],
)
def test_what_is_not_as_it_should_be_is_named(
    broken: Path, change: Callable[[dict[str, Any]], None], expected: str
) -> None:
    changed(broken, change)
    assert expected in faults_of(broken)


@pytest.mark.parametrize("text", ["", "[]", "{", 3000 * "["])
def test_what_is_no_object_is_refused(broken: Path, text: str) -> None:
    (broken / CROISSANT).write_text(text, encoding="utf-8")
    assert CROISSANT in faults_of(broken)


def test_another_picture_under_a_films_hash_is_found(broken: Path) -> None:
    rows = list(tables.iterate(broken / SHARD, schemas.RELEASE))
    rows[0]["image"], rows[1]["image"] = rows[1]["image"], rows[0]["image"]
    tables.write(broken / SHARD, schemas.RELEASE, rows)
    described(broken)
    with pytest.raises(ReleaseError) as caught:
        read_all_records(broken)
    assert "default, record 1: image is another picture" in str(caught.value)
    assert "checkpoint-1, record 2: image is another picture" in str(caught.value)
