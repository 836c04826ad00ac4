"""The classes that films are drawn as, from what is known of the real films to the split."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.errors import SourceError
from cxr_release.films.labels import Labels, read_classes, read_labels
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.params.training import ConditionParams
from cxr_release.paths import Paths
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom, list_phantoms
from cxr_release.stages import clearance, find_text, ingest, split
from tests.support import ROOT

SITES = ["north"] * 30 + ["south"] * 25 + [""] * 5 + ["west"] * 5


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Paths, Params]:
    """65 films, each of a patient, of three sites, with ages; five of no known site."""
    root = tmp_path_factory.mktemp("ingested")
    raw = root / "data/raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(4)
    for at in range(len(SITES)):
        Image.fromarray(rng.integers(0, 256, (24, 24), np.uint8)).save(raw / f"{at:02d}.png")
    rows = [f"{at:02d}.png;p{at};{site};{20 + at % 50}" for at, site in enumerate(SITES)]
    (raw / "patients.csv").write_text("\n".join(["file;patient;site;age", *rows]))
    params = load_params(ROOT / "params.yaml")
    facts: dict[str, Any] = {"site": "code", "age": "number"}
    taken = replace(params.ingest, source=str(raw), size=16, facts=facts, least_patients=5)
    paths = Paths(root)
    for stage in (ingest, find_text, clearance):
        stage.run(paths, replace(params, ingest=taken))
    return paths, replace(
        params,
        ingest=replace(taken, least_patients=10),
        split=replace(params.split, held_out=0.2, control=0.2, stratify="site"),
        condition=ConditionParams(label="site", least=10),
    )


@pytest.fixture
def project(ingested: tuple[Paths, Params], tmp_path: Path) -> tuple[Paths, Params]:
    """A copy of them, to change."""
    paths, params = ingested
    shutil.copytree(paths.root, tmp_path, dirs_exist_ok=True)
    source = str(tmp_path / "data/raw")
    return Paths(tmp_path), replace(params, ingest=replace(params.ingest, source=source))


def classes_of(paths: Paths) -> Labels:
    return read_labels(paths.classes, paths.labels)


def known_sites(paths: Paths) -> dict[str, str | None]:
    return {
        row["id"]: {fact["name"]: fact["code"] for fact in row["facts"]}.get("site")
        for row in tables.iterate(paths.manifest, schemas.MANIFEST)
    }


def test_a_class_of_five_films_is_refused_by_name(project: tuple[Paths, Params]) -> None:
    paths, params = project
    with pytest.raises(SourceError, match="learns to copy") as caught:
        split.run(paths, params)
    assert [fault.where for fault in caught.value.faults] == ["site: west"]
    assert not paths.classes.exists()


def test_every_film_in_a_part_has_its_class_and_trained_ones_are_counted(
    project: tuple[Paths, Params],
) -> None:
    paths, params = project
    (Path(params.ingest.source) / "patients.csv").write_text(
        (Path(params.ingest.source) / "patients.csv").read_text().replace("west", "")
    )
    ingest.run(paths, params)
    split.run(paths, params)
    labels, sites = classes_of(paths), known_sites(paths)
    assert labels.of == sites
    parts = tables.read_rows(paths.split_table, schemas.SPLIT)
    trained = Counter(sites[row["id"]] for row in parts if row["part"] != "control")
    assert {each["name"]: each["films"] for each in labels.classes} == {
        "north": trained["north"],
        "south": trained["south"],
    }
    assert [each["patients"] for each in labels.classes] == [
        each["films"] for each in labels.classes
    ]
    document = read_classes(paths.classes)
    assert (document["fact"], document["by"]) == ("site", "patient")
    assert document["unlabelled"] == trained[None]


def test_ages_become_decades_of_enough_trained_patients(project: tuple[Paths, Params]) -> None:
    paths, params = project
    split.run(paths, replace(params, condition=ConditionParams(label="age", least=12)))
    labels = classes_of(paths)
    assert len(labels.names) > 1
    assert list(labels.names) == sorted(labels.names)
    assert all(each["films"] >= 12 and each["patients"] >= 12 for each in labels.classes)
    assert None not in labels.of.values()


def test_an_unknown_fact_is_named_with_what_there_is(project: tuple[Paths, Params]) -> None:
    paths, params = project
    with pytest.raises(SourceError, match=r"condition\.label.*'sex'") as caught:
        split.run(paths, replace(params, condition=ConditionParams(label="sex")))
    assert "age, site" in caught.value.remedy


def test_without_a_label_there_are_no_classes(project: tuple[Paths, Params]) -> None:
    paths, params = project
    split.run(paths, replace(params, condition=ConditionParams()))
    assert classes_of(paths) == Labels((), {})


def test_a_plate_is_drawn_on_operated_patients_alone() -> None:
    """Metal is nearly white; all else of the film, and all other films, are as without surgery."""
    seen = set()
    for index in range(8):
        plain, some = draw_phantom(index, seed=5), draw_phantom(index, seed=5, hardware=0.8)
        seen.add(some.codes["hardware"])
        if some.codes["hardware"] == "no hardware":
            assert (plain.pixels == some.pixels).all()
            continue
        sides = zip(plain.pixels, some.pixels, strict=True)
        brighter = np.array([after.astype(float) - before for before, after in sides])
        brighter *= -1 if some.negative else 1
        metal = brighter > 0.25 * np.iinfo(some.pixels.dtype).max
        rows, _ = np.nonzero(metal)
        corners = np.array([some.keypoints["C3 top left"], some.keypoints["C7 bottom right"]])
        assert metal.sum() > 40
        assert (np.median(rows) > corners[:, 1].min()) & (np.median(rows) < corners[:, 1].max())
        assert draw_phantom(index, seed=5, hardware=1.0).pixels.tobytes() == some.pixels.tobytes()
    assert seen == {"no hardware", "plate and screws"}


def test_phantoms_state_what_they_are_asked_for_and_nothing_else() -> None:
    films = list_phantoms(3, seed=5, facts={"curvature": "code"}).films
    for at, film in enumerate(films):
        codes = film.load()[1].header.codes
        assert codes == {"curvature": draw_phantom(at, seed=5).codes["curvature"]}
    assert not list_phantoms(1, seed=5).films[0].load()[1].header.codes
    with pytest.raises(SourceError, match="sex") as caught:
        list_phantoms(3, seed=5, facts={"sex": "code"})
    assert "curvature" in caught.value.remedy
