from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from cxr_release.params.people import StudyParams
from cxr_release.reader_study.analysis import analyze, analyze_file
from cxr_release.reader_study.figures import draw_identification, draw_realism
from tests.support.studies import csv_text, study, study_rows

NAMES = ("identification.png", "identification.svg", "realism.png", "realism.svg")
SETTINGS = StudyParams(bootstrap=100)


def test_figures_of_a_file_are_the_same_bytes_again(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(study_rows(3, 4)))
    drawn = []
    for name in ("one", "other"):
        folder = tmp_path / name
        analyze_file(path, SETTINGS, seed=0, figures=folder)
        assert sorted(one.name for one in folder.iterdir()) == [*NAMES]
        drawn.append([(folder / one).read_bytes() for one in NAMES])
    assert drawn[0] == drawn[1]
    for content in drawn[0]:
        assert os.fsencode(tmp_path) not in content
        assert b"<dc:date>" not in content
    for name in NAMES[::2]:
        with Image.open(tmp_path / "one" / name) as image:
            assert not {"Software", "Creation Time", "Title"} & set(image.info)


@pytest.mark.parametrize("raters, checkpoints", [(1, 1), (60, 5)])
def test_few_and_many_raters_fit_without_a_warning(
    tmp_path: Path, raters: int, checkpoints: int
) -> None:
    ratings = study(raters, 3, checkpoints)
    ratings.rating[:, :, 1] = ratings.rating[:, :, 0]
    # A rater may be called anything, what looks like a broken formula too.
    named = tuple(f"$\\frac${'x' * 50}{place:02}" for place in range(raters))
    ratings = replace(ratings, readers=named)
    found = analyze(ratings, SETTINGS, seed=0)
    draw_realism(tmp_path, ratings, found)
    draw_identification(tmp_path, ratings, found)
    for name in NAMES:
        assert (tmp_path / name).stat().st_size > 10_000
    with Image.open(tmp_path / "identification.png") as image:
        assert image.height > 144 * (1 + 0.2 * raters)
