"""`croissant.json`: whole, true to the folder, and read to the last record by mlcroissant."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json, sha256
from cxr_release.params.project import Params
from cxr_release.release.checks.croissant_records import load, read_all_records
from cxr_release.release.documents.croissant import CONTEXT, CROISSANT, croissant
from cxr_release.release.record import Record
from tests.support.release_artefacts import make_release
from tests.support.release_configs import configs_of

HOSTILE = 'X\n"}, {"@context": "http://d/", "@id": "http://d/"} <b> \\" \u2028 \U0001d11e'
SHARD = "data/checkpoint-1/train-00000-of-00001.parquet"


def describe(release: Path, record: dict[str, Any] | None = None) -> dict[str, Any]:
    """The release's `croissant.json`, written now."""
    files = {
        path.relative_to(release).as_posix(): path
        for path in (release / "release.json", *release.rglob("*.parquet"))
    }
    text = croissant(
        Record.model_validate(record or read_json(release / "release.json")),
        configs_of(release),
        {name: path.stat().st_size for name, path in files.items()},
        {name: sha256(path) for name, path in files.items()},
    )
    (release / CROISSANT).write_text(text, encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, params: Params) -> Path:
    """A release with ratings, that shows real films beside synthetic ones."""
    asked = replace(params, audit=replace(params.audit, publish_real_images=True))
    verdicts = {1: "copy", 2: "not-a-copy"}
    root = tmp_path_factory.mktemp("croissant")
    return make_release(root, asked, excluded={}, rated=True, verdicts=verdicts)


@pytest.fixture
def broken(shown: Path, tmp_path: Path) -> Path:
    """A release to break."""
    return Path(shutil.copytree(shown, tmp_path / "release"))


def test_it_is_sound_and_every_record_is_read(shown: Path) -> None:
    require_sound(shown)
    rows = read_json(shown / "release.json")["counts"]["configs"]
    assert read_all_records(shown) == rows
    assert rows["default"] == 15
    assert rows["reader_study"] == 6


def test_its_hashes_and_sizes_are_those_of_the_files(shown: Path) -> None:
    nodes = read_json(shown / CROISSANT)["distribution"]
    files = [node for node in nodes if node["@type"] == "cr:FileObject"]
    assert len(files) == 1 + len(list(shown.rglob("*.parquet")))
    for file in files:
        assert file["sha256"] == sha256(shown / file["contentUrl"])
        assert file["contentSize"] == f"{(shown / file['contentUrl']).stat().st_size} B"


def test_it_is_the_same_bytes_again(broken: Path) -> None:
    before = (broken / CROISSANT).read_bytes()
    describe(broken)
    assert (broken / CROISSANT).read_bytes() == before


def test_what_it_says_follows_from_the_record(shown: Path) -> None:
    said = read_json(shown / CROISSANT)
    assert said["isLiveDataset"] is False
    assert said["version"] == "1.0.0"
    assert said["license"] == ["https://creativecommons.org/licenses/by/4.0/legalcode"]
    assert "15 synthetic radiographs of 16 × 16 pixels" in said["description"]
    assert "no patient was ever imaged" in said["description"]
    assert "gave 6 rating(s)" in said["rai:dataAnnotationProtocol"]
    assert "3 of them are in the table audit_pairs" in said["rai:dataCollectionRawData"]
    assert "url" not in said
    assert "datePublished" not in said


def test_texts_that_people_give_are_said(broken: Path) -> None:
    record = read_json(broken / "release.json")
    told = {"publisher": "A clinic", "funding": "A grant", "ethics": "Waived", "purpose": "To try"}
    record |= {**told, "identifier": "10.5281/zenodo.1", "date": "2026-11-20"}
    record["source"] |= {"kind": "local films", "population": "Adults, 2010 to 2020"}
    said = describe(broken, record)
    require_sound(broken)
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
    said = describe(broken, record)
    require_sound(broken)
    assert said["name"].startswith('X "}, {"@context"')
    assert said["creator"][1] == {"@type": "sc:Organization", "name": "http://d/#x"}


REQUIRED = (
    *("@type", "conformsTo", "name", "description", "license", "creator", "publisher", "version"),
    *("sdVersion", "citeAs", "keywords", "isLiveDataset", "distribution", "recordSet"),
    *("prov:wasDerivedFrom", "prov:wasGeneratedBy"),
    *("rai:dataCollection", "rai:dataCollectionType", "rai:dataCollectionRawData"),
    *("rai:dataCollectionMissingData", "rai:dataPreprocessingProtocol"),
    *("rai:dataManipulationProtocol", "rai:dataAnnotationProtocol", "rai:dataAnnotationPlatform"),
    *("rai:dataAnnotationAnalysis", "rai:annotationsPerItem", "rai:annotatorDemographics"),
    *("rai:machineAnnotationTools", "rai:dataBiases", "rai:dataLimitations", "rai:dataUseCases"),
    *("rai:dataSocialImpact", "rai:personalSensitiveInformation"),
    "rai:dataReleaseMaintenancePlan",
)
"""Properties that a release never lacks.

Croissant asks for `url` and `datePublished` too: they stand there once the release has a DOI and a
date, which no stage of the pipeline can know.
"""


def require_sound(release: Path) -> None:
    """mlcroissant, which checks the structure alone, loads it; and it lacks nothing else."""
    document = read_json(release / CROISSANT)
    assert [key for key in REQUIRED if document.get(key) in (None, "", [], {})] == []
    assert document["@context"] == CONTEXT
    assert [one for one in load(release)[1] if "datePublished" not in one] == []


def test_each_config_is_described_column_by_column(shown: Path) -> None:
    document = read_json(shown / CROISSANT)
    sets = {one["name"]: one for one in document["recordSet"]}
    opened = [config for config in configs_of(shown) if config.opens]
    assert sets.keys() == {config.name for config in opened}
    patterns = {one["name"]: one.get("includes") for one in document["distribution"]}
    for config in opened:
        fields = [one["@id"] for one in sets[config.name]["field"]]
        assert fields == [f"{config.name}/{column.name}" for column in config.table.columns]
        assert patterns[f"{config.name}-files"] == config.patterns


def test_another_picture_under_a_films_hash_is_found(broken: Path) -> None:
    rows = list(tables.iterate(broken / SHARD, schemas.RELEASE))
    rows[0]["image"], rows[1]["image"] = rows[1]["image"], rows[0]["image"]
    tables.write(broken / SHARD, schemas.RELEASE, rows)
    describe(broken)
    with pytest.raises(ReleaseError) as caught:
        read_all_records(broken)
    assert "default, record 1: image is another picture" in str(caught.value)
    assert "checkpoint-1, record 2: image is another picture" in str(caught.value)
