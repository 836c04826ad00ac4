"""DICOM films with names in every text, through DVC to a release: no artefact has one of them."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from pyarrow import parquet

from cxr_release.cli.commands import app
from cxr_release.publishing.archive import archive
from tests.release.test_house import FILMS, PATIENTS, REPOSITORY, files_of, run_house, write_project
from tests.support.dicom_films import COMPRESSED, dataset_of, encoded
from tests.support.dicom_names import PLANTED, plant

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hospital")
    write_project(root)
    settings = yaml.safe_load((root / "params.yaml").read_text())
    settings["release"] |= dict.fromkeys(
        ("source_title", "source_license", "source_citation"), "films of the test"
    )
    (root / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    for film in range(FILMS):
        body = np.random.default_rng(film % PATIENTS).normal(120, 50, (6, 6))
        pixels = np.kron(body, np.ones((4, 4)))
        pixels += np.random.default_rng(1000 + film).normal(0, 6, (24, 24))
        stored = pixels.clip(0, 255).astype("<u2") * 16
        dataset = dataset_of(stored, 12, WindowCenter="2040", WindowWidth="4080")
        plant(dataset, 2 * (film % PATIENTS))
        dataset.SOPInstanceUID = f"{PLANTED[9]}.{film}"
        path = root / f"data/raw/{PLANTED[0]}{film % PATIENTS}/{PLANTED[1]}/SE{film}/IM0001"
        path.parent.mkdir(parents=True)
        path.write_bytes(encoded(dataset, COMPRESSED[film % 4]))
    (root / f"data/raw/{PLANTED[2]}.txt").write_text(PLANTED[3])
    run_house(root)
    return root


def holders(files: dict[str, bytes]) -> set[str]:
    """Files that have a planted name, in their content or in their own name."""
    holding = set()
    for name, data in files.items():
        texts = [name, data.decode("latin-1")]
        if data[:4] == b"PAR1":  # whose columns are compressed
            texts.append(str(parquet.read_table(io.BytesIO(data)).to_pylist()))
        if any(planted in text for planted in PLANTED for text in texts):
            holding.add(name)
    return holding


def test_no_artefact_holds_a_planted_name(root: Path) -> None:
    files = {name: data for name, data in files_of(root).items() if "data/raw/" not in name}
    assert len(files) > 60
    assert holders(files) == set()


def test_no_log_line_holds_one(root: Path) -> None:
    said = (root / "said.txt").read_text()
    assert "passed over, and named in the manifest: 1 file(s)" in said
    assert not [planted for planted in PLANTED if planted in said]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def test_neither_git_nor_the_archive_of_the_release_holds_one(root: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(root, clone, ignore=shutil.ignore_patterns(".dvc"))
    shutil.copyfile(REPOSITORY / ".gitignore", clone / ".gitignore")
    git(clone, "init", "-q")
    git(clone, "add", "-A")
    git(clone, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "all")
    tracked = tmp_path / "tracked"
    tracked.mkdir()
    git(clone, "checkout-index", "-a", f"--prefix={tracked}{os.sep}")
    assert (tracked / "data/film-key-fingerprint").exists()
    assert not (tracked / "data/raw/DICOMDIR").exists()
    assert holders(files_of(tracked)) == set()
    made = archive(root / "data/release", tmp_path / "release.zip", year=2026)
    assert made
    shutil.unpack_archive(tmp_path / "release.zip", tmp_path / "unpacked")
    assert holders(files_of(tmp_path / "unpacked")) == set()


def test_the_command_says_where_a_film_is_and_only_that(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    app(["where", "dicom-00001", "--root", str(root)], standalone_mode=False)
    printed = capfd.readouterr().out
    assert printed.startswith("dicom-00001  ")
    assert Path(printed.split("  ")[1].strip()).is_file()
