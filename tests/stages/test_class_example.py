"""Who has the release alone learns its classes, and reads the number that the card states."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Image, Value
from PIL import Image as Picture

from cxr_release.files import read_json
from cxr_release.release.verify import verify
from cxr_release.scorecard.class_model import UNKNOWN
from cxr_release.scorecard.classes.newcomer import newcomer
from tests.support import ROOT
from tests.support.card_rules import written
from tests.support.class_sets import NAMES, good
from tests.support.labelled_release import labelled_release


def example(release: Path, cache: Path) -> tuple[int, int, int, str]:
    """Films learnt from, tested and right, and all that `examples/class_model.py` prints."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(cache), "HF_UPDATE_DOWNLOAD_COUNTS": "0"}
    done = subprocess.run(
        [sys.executable, ROOT / "examples/class_model.py", release],
        capture_output=True, text=True, cwd=cache, timeout=250, check=False,
        env=os.environ | offline | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    counts = re.match(r"(\d+) films learnt from, (\d+) tested\nright: (\d+),", done.stdout)
    assert counts
    learnt, tested, right = map(int, counts.groups())
    return learnt, tested, right, done.stdout


@pytest.mark.long
def test_the_example_and_the_scorecard_get_the_same_number(tmp_path: Path) -> None:
    planted = good(trained=6, control=30, released=90)
    films, drawn = planted.sets.released, planted.labels.drawn
    classes = [NAMES.index(drawn[film]) for film in films.ids]
    classes[3] = classes[50] = UNKNOWN  # as films of another generator are
    features = Features(
        {"image": Image(), "id": Value("string"), "label": ClassLabel(names=list(NAMES))}
    )
    rows = [
        {"image": Picture.fromarray(picture), "id": film, "label": None if label < 0 else label}
        for film, picture, label in zip(films.ids, films.pictures, classes, strict=True)
    ]
    folder = tmp_path / "release/data"
    folder.mkdir(parents=True)
    table = Dataset.from_list(rows[::-1], features=features)
    table.to_parquet(folder / "train-00000-of-00001.parquet")
    learnt, tested, right, said = example(tmp_path / "release", tmp_path)

    found = newcomer(
        films.ids, films.pictures, np.array(classes),
        control=planted.sets.control.pictures,
        control_classes=np.full(30, UNKNOWN),
        control_patients=planted.sets.control.patients,
    )  # fmt: skip
    assert found is not None
    assert (found["learnt"], found["tested"], found["right"]) == (learnt, tested, right)
    assert (learnt, tested) == (70, 18)
    assert found["control"] is None
    assert all(f"  {name}: " in said for name in NAMES)


@pytest.mark.long
def test_the_card_of_a_release_states_what_the_example_prints(tmp_path: Path) -> None:
    paths = labelled_release(tmp_path / "project")
    report = read_json(paths.score / "scorecard.json")["classes"]
    learnt, tested, right, said = example(paths.release, tmp_path)
    number = report["newcomer"]
    assert (number["learnt"], number["tested"], number["right"]) == (learnt, tested, right)
    card = written(paths.release)
    assert f"the other {tested} tested" in card
    assert f"{right} are right: {right / tested:.1%}" in card
    assert report["names"] == ["kyphotic", "lordotic", "straight"]
    assert all(f"  {name}: " in said for name in report["names"])
    films = [row["synthetic"]["films"] for row in report["rows"]]
    assert sum(films) == learnt + tested
    assert max(films) - min(films) <= 4  # of each of four jobs one
    found = verify(paths.release)
    assert found["differences"] == []
    assert found["checked"]["classes of the scorecard counted again"] == 3
