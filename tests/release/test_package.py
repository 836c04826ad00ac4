from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json
from cxr_release.film_size import Size
from cxr_release.films import png
from cxr_release.params.project import Params
from cxr_release.release import shards
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.package import package
from tests.support.audit_artefacts import STEMS
from tests.support.card_rules import written
from tests.support.release_artefacts import (
    EXCLUDED,
    REASONS,
    files_of,
    film,
    make_release,
    make_release_of,
    write_inputs,
)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, params: Params) -> Path:
    return make_release(tmp_path_factory.mktemp("first"), params)


def test_a_signature_of_the_release_before_is_gone_and_that_is_said(
    tmp_path: Path, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_release(tmp_path, params)
    assert "signature" not in capsys.readouterr().err
    (folder / "SHA256SUMS.sig").write_text("of older sums")
    inputs = write_inputs(tmp_path / "once-more")
    make_release_of(inputs, params, tmp_path)
    assert "its signature is gone; sign it with `cxr-release sign`" in capsys.readouterr().err
    assert not (folder / "SHA256SUMS.sig").exists()


def test_the_folder_is_laid_out_as_promised(release: Path) -> None:
    assert sorted(files_of(release)) == [
        "CHANGELOG.md",
        "CITATION.cff",
        "LICENSE",
        "README.md",
        "SHA256SUMS",
        "audit_pairs/train-00000-of-00001.parquet",
        "croissant.json",
        "data/checkpoint-1/train-00000-of-00001.parquet",
        "data/checkpoint-3/train-00000-of-00001.parquet",
        "documentation/DATASHEET.md",
        "exclusions/train-00000-of-00001.parquet",
        "figures/audit.png",
        "figures/bands.png",
        "figures/checkpoint-1.png",
        "figures/checkpoint-3.png",
        "figures/distances.png",
        "figures/films.png",
        "figures/losses.png",
        "figures/power.png",
        "figures/prescreen.png",
        "figures/quality.png",
        "figures/reasons.png",
        "reader_study/train-00000-of-00001.parquet",
        "release.json",
    ]


def test_released_films_are_the_generated_ones_byte_for_byte_less_the_excluded(
    release: Path, tmp_path: Path
) -> None:
    inputs = write_inputs(tmp_path)
    generated = {
        row["id"]: row
        for path in sorted(inputs.oriented.rglob("*.parquet"))
        for row in tables.iterate(path, schemas.ORIENTED)
    }
    released = [
        row
        for path in sorted(release.glob("data/*/*.parquet"))
        for row in tables.iterate(path, schemas.RELEASE)
    ]
    ids = [row["id"] for row in released]
    assert ids == sorted(generated.keys() - EXCLUDED.keys())
    for row in released:
        assert row["image"] == generated[row["id"]]["image"]
        assert row["sha256"] == hashlib.sha256(row["image"]["bytes"]).hexdigest()
        assert png.is_labelled(row["image"]["bytes"])
        assert row["release_version"] == "1.0.0"
        assert row["flipped"] == generated[row["id"]]["flipped"]


AGAIN = """
import sys
from pathlib import Path
from tests.support.release_artefacts import inputs_below, make_release_of, small_params
root = Path(sys.argv[1])
make_release_of(inputs_below(root / "artefacts"), small_params(), root)
"""


def test_another_user_elsewhere_at_another_time_gets_the_same_bytes(
    release: Path, tmp_path: Path
) -> None:
    """Another process, root, user, home, time zone, language, order of files and of hashes."""
    root = tmp_path / "a much longer way to the same films"
    first = release.parent / "artefacts"
    for path in sorted(first.rglob("*"), reverse=True):
        if path.is_file():
            copy = root / "artefacts" / path.relative_to(first)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            os.utime(copy, (1e9, 1e9))
    someone = {"USER": "jane.doe", "LOGNAME": "jane.doe", "HOME": str(tmp_path / "home"),
               "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7", "PYTHONUTF8": "0",
               "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", AGAIN, str(root)],
        env=someone,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert files_of(root / "release") == files_of(release)


def test_nothing_of_the_source_or_the_machine_is_in_any_file(release: Path, params: Params) -> None:
    weights = {"encoder": "vit", "weights": "/data/hospital/vit.pth", "weights_sha256": "a" * 64}
    local = replace(
        params,
        ingest=replace(params.ingest, source="/data/hospital/films"),
        audit=replace(params.audit, **weights, adjudicator="jane.doe"),
    )
    folder = make_release(release.parent / "local", local, verdicts={1: "copy", 2: "not-a-copy"})
    real = [png.encode(film(90_000 + place), synthetic=False) for place in range(3)]
    secrets = [*STEMS, "/data/hospital", "jane.doe", str(release.parent), "pytest"]
    for name, data in files_of(folder).items():
        for secret in secrets:
            assert secret.encode() not in data, (name, secret)
        for picture in real:
            assert picture not in data, name
    said = read_json(folder / "release.json")["params"]
    source, audit = said["ingest"], said["audit"]
    assert source["source"] == "local films"
    assert (audit["weights"], audit["adjudicator"]) == ("given", "named")
    assert audit["weights_sha256"] == "a" * 64


def test_checksums_are_those_of_sha256sum(release: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=release,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": OK") == len(files_of(release)) - 1


def test_the_record_counts_what_the_tables_hold(release: Path) -> None:
    record = read_json(release / "release.json")
    assert record["tag"] == "v1.0.0"
    assert record["counts"]["total"] == {
        "generated": 16,
        "excluded": 3,
        "released": 13,
        "undecided": 13,
        "by_reason": {"blank-or-noise": 1, "vertebra-count": 2},
    }
    assert record["counts"]["configs"]["default"] == 13
    assert record["counts"]["empty_tables"] == ["reader_study"]
    assert record["reviews"]["screening"]["state"] == "partial"
    assert record["metrics"]["ingest"] == {
        "source": "phantoms", "files": 4, "refused": 1,
        "films": 3, "patients": 3, "patients_not_stated": 0, "inverted": 1, "flipped": 0,
        "facings": {"left": 3},
    }  # fmt: skip
    facing = [(row["left"], row["right"], row["unknown"]) for row in record["metrics"]["facing"]]
    assert facing == [(1, 1, 1), (2, 1, 2)] * 2
    assert record["params"]["train"]["checkpoint_every"] == 150
    assert set(record["inputs"]) >= {
        "oriented/checkpoint-3-large/00000.parquet",
        "cohort/cohort.parquet",
    }


def test_one_more_exclusion_changes_one_shard(
    tmp_path: Path, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_BYTES", 15_000)  # three films of this size
    before = files_of(make_release(tmp_path / "before", params))
    more = EXCLUDED | {"checkpoint-1-large-00001": "vertebra-count"}
    after = files_of(make_release(tmp_path / "after", params, excluded=more))
    assert before.keys() == after.keys()
    changed = [name for name in before if name.startswith("data/") and before[name] != after[name]]
    assert changed == ["data/checkpoint-1/train-00001-of-00003.parquet"]


def test_a_checkpoint_without_released_films_is_no_config_and_has_no_sheet(
    tmp_path: Path, params: Params
) -> None:
    excluded = {
        f"checkpoint-1-{batch}-{index:05d}": "vertebra-count"
        for batch, films in (("initial", 3), ("large", 5))
        for index in range(films)
    }
    release = make_release(tmp_path, params, excluded=excluded)
    record = read_json(release / "release.json")
    assert "checkpoint-1" not in record["counts"]["configs"]
    assert record["counts"]["configs"]["default"] == 8
    assert not (release / "figures" / "checkpoint-1.png").exists()
    card = written(release)
    assert "No film of this checkpoint is released." in card


@pytest.mark.parametrize("side", [16, 64, 256, 1024, 2048])
def test_the_worst_films_fit_a_shard_and_a_row_group(side: int) -> None:
    noise = np.random.default_rng(side).integers(0, 256, (side, side), dtype=np.uint8)
    size = len(png.encode(noise, synthetic=True))
    columns = 1000
    assert (size + columns) * shards.films_per_shard(side) <= 500_000_000
    assert (size + columns) * shards.rows_per_group(side) <= 100_000_000
    assert 2 * (size + columns) * shards.rows_per_group(side, films=2) <= 100_000_000


@pytest.mark.parametrize("shape", [(16, 2048), (2048, 16), (512, 384)])
def test_the_worst_films_of_any_proportions_fit_too(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    assert len(png.encode(noise, synthetic=True)) + 1000 <= shards.film_bytes(Size.of_shape(shape))


def test_shards_have_a_page_index_and_nothing_of_the_machine(release: Path) -> None:
    for path in release.rglob("*.parquet"):
        found = pq.read_metadata(path)
        assert set(found.metadata) == {b"ARROW:schema", b"huggingface"}
        for group in range(found.num_row_groups):
            assert all(
                found.row_group(group).column(column).has_offset_index
                for column in range(found.num_columns)
            )


def test_an_unknown_reason_is_refused_and_leaves_the_old_release(
    tmp_path: Path, params: Params, inputs: ReleaseInputs
) -> None:
    release = make_release_of(inputs, params, tmp_path)
    before = files_of(release)
    with pytest.raises(ReleaseError, match=r"unknown reason.*blank-or-noise"):
        package(
            inputs,
            params,
            validation=tmp_path / "validation.json",
            reasons={"vertebra-count": REASONS["vertebra-count"]},
            output=release,
        )
    assert files_of(release) == before


def test_an_error_while_writing_leaves_the_old_release(
    tmp_path: Path, params: Params, inputs: ReleaseInputs
) -> None:
    release = make_release_of(inputs, params, tmp_path)
    before = files_of(release)
    (inputs.checkpoints / "losses.png").write_bytes(b"no picture")
    with pytest.raises(ReleaseError, match=r"losses\.png: is not a complete PNG: delete it"):
        make_release_of(inputs, params, tmp_path)
    assert files_of(release) == before
    assert sorted(path.name for path in tmp_path.glob("release*")) == ["release"]


def test_missing_artefacts_are_named_together(
    tmp_path: Path, params: Params, inputs: ReleaseInputs
) -> None:
    missing = [inputs.checkpoints / "losses.png", inputs.prescreen / "roc.png"]
    for path in missing:
        path.unlink()
    with pytest.raises(ReleaseError) as caught:
        make_release_of(inputs, params, tmp_path)
    assert {fault.where for fault in caught.value.faults} == set(map(str, missing))


def test_pictures_of_the_report_lose_what_their_maker_wrote(
    tmp_path: Path, params: Params, inputs: ReleaseInputs
) -> None:
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "somebody@host")
    path = inputs.checkpoints / "losses.png"
    Image.new("RGB", (9, 7), "red").save(path, pnginfo=info)
    release = make_release_of(inputs, params, tmp_path)
    with Image.open(release / "figures" / "losses.png") as picture:
        assert picture.info == {}
        assert picture.getpixel((3, 3)) == (255, 0, 0)


def test_contact_sheets_carry_the_provenance_label(release: Path) -> None:
    for number in (1, 3):
        assert png.is_labelled((release / "figures" / f"checkpoint-{number}.png").read_bytes())


def test_the_citation_is_one_of_a_dataset(release: Path) -> None:
    citation = yaml.safe_load((release / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["type"] == "dataset"
    assert citation["cff-version"] == "1.2.0"
    assert citation["license"] == "CC-BY-4.0"
    assert citation["version"] == "1.0.0"
    assert citation["authors"]
