"""Which checkpoints and films are held against each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.errors import CheckpointError, SourceError
from cxr_release.films import png
from cxr_release.films.png import Film
from cxr_release.generators.checkpoints import Latents, Record
from cxr_release.params.autoencoders import FirstStageNetwork
from cxr_release.radiographs.split import CONTROL, HELD_OUT, TUNING
from cxr_release.scorecard.network.films import Chosen, NetworkFilms, read_films
from cxr_release.scorecard.network.inputs import inputs_of_project, reference_for, unfit
from tests.support.film_arrays import film_set
from tests.support.random_films import as_set
from tests.support.tiny_networks import SIDE, recorded, speckles, untrained
from tests.support.unspaced import NO_SPACING


def read(drawn: list[tuple[Film, str]], name: str = "member") -> NetworkFilms:
    films = read_films(Chosen(as_set(name, drawn)), SIDE)
    assert isinstance(films, NetworkFilms)
    return films


def test_the_reference_is_the_checkpoint_at_the_nearest_step(tmp_path: Path) -> None:
    for step in (2, 6, 8):
        recorded(tmp_path / "run", step)
    for target, nearest in ((1, 2), (4, 6), (5, 6), (6, 6), (7, 8), (1350, 8)):
        record = untrained(step=target).record
        place, reference = reference_for(record, tmp_path / "run")
        assert place == tmp_path / f"run/checkpoint-{nearest}"
        assert reference.checkpoint_step == nearest
    alone = tmp_path / "run/checkpoint-2"
    assert reference_for(untrained(step=8).record, alone)[0] == alone
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        reference_for(untrained().record, tmp_path)


def test_a_reference_that_says_nothing_about_the_target_is_not_taken() -> None:
    def record(cohort: str, size: int = SIDE) -> Record:
        return untrained(training={"cohort_sha256": cohort}, size=size).record

    assert unfit(record("a"), record("b"), proxy=False) is None
    assert "the same films" in str(unfit(record("a"), record("a"), proxy=False))
    assert unfit(record("a"), record("a"), proxy=True) is None
    assert "of 32 × 32 pixels" in str(unfit(record("a"), record("b", size=32), proxy=False))
    latents = Latents("0" * 64, FirstStageNetwork(channels=(8, 16), pixel_unshuffle=2))
    small = replace(record("b"), latent=latents)
    assert "other latents" in str(unfit(record("a"), small, proxy=False))
    assert unfit(replace(record("a"), latent=latents), small, proxy=False) is None


def test_films_come_in_an_order_that_names_do_not_change() -> None:
    drawn = speckles(24, seed=1)
    one, other = read(drawn), read(drawn[::-1], "another name")
    assert one.digests == other.digests == tuple(sorted(one.digests))
    assert np.array_equal(one.pixels, other.pixels)
    assert one.patients == other.patients
    first, second = one.halves()
    assert sorted([*first, *second]) == list(range(24))
    owners = [{one.patients[place] for place in half} for half in (first, second)]
    assert not owners[0] & owners[1]


def test_few_of_the_films_are_of_as_many_patients_as_there_can_be() -> None:
    films = read([*speckles(40, seed=1, of_patient=40), *speckles(11, seed=2, of_patient=1)])
    few = films.at_most(12)
    assert len(set(few.patients)) == 12
    assert list(few.digests) == sorted(few.digests)
    assert films.at_most(100).digests == films.digests


def test_films_that_cannot_be_used_are_told_with_the_reason() -> None:
    drawn = speckles(24, seed=1)
    large = [(np.kron(film, np.ones((2, 2), np.uint8)), patient) for film, patient in drawn]
    assert "1 of 25 member films are not of the network's size, 16 × 16" in str(
        read_films(Chosen(as_set("member", [*drawn, large[0]])), SIDE)
    )
    assert "19 readable member film(s) of 10 patient(s)" in str(
        read_films(Chosen(as_set("member", drawn[:19])), SIDE)
    )
    pixels = {f"f{number}": film for number, (film, _) in enumerate(drawn)} | {"broken": None}
    films = read_films(Chosen(film_set("member", pixels)), SIDE)
    assert isinstance(films, NetworkFilms)
    assert (len(films), films.unreadable) == (24, 1)
    with pytest.raises(SourceError, match="lacks 1 of the films that were chosen, such as f99"):
        read_films(Chosen(film_set("member", pixels), {"f1", "f99"}), SIDE)


def project(folder: Path, control: int) -> dict[str, Any]:
    """Its tables and runs, as `inputs_of_project` takes them."""
    parts = {CONTROL: control, HELD_OUT: 24, TUNING: 30}
    films = [(part, number) for part, count in parts.items() for number in range(count)]
    drawn = speckles(len(films), seed=7)
    rows = []
    for (part, number), (film, patient) in zip(films, drawn, strict=True):
        data = png.encode(film, synthetic=False)
        facts = {"inverted": False, "facing": "left", "flipped": False, **NO_SPACING}
        name = f"{part}-{number}"
        row = {"id": name, "image": png.cell(data, name), "patient": patient, **facts}
        row |= png.facts(film, data)
        rows.append((part, row))
    paths: dict[str, Any] = {
        name: folder / f"{name}.parquet" for name in ("split", "trained", "control")
    }
    split = [{"id": row["id"], "patient": row["patient"], "part": part} for part, row in rows]
    tables.write(paths["split"], schemas.SPLIT, split)
    for name in ("trained", "control"):
        of = [row for part, row in rows if (part == CONTROL) == (name == "control")]
        tables.write(paths[name], schemas.COHORT, of)
    for run, steps in (("tuning", (2, 4)), ("final", (2, 6, 8))):
        paths[run] = folder / run
        for step in steps:
            recorded(paths[run], step)
    return paths


def test_a_project_with_control_films_attacks_its_final_run(tmp_path: Path) -> None:
    paths = project(tmp_path, control=20)
    inputs = inputs_of_project(**paths)
    assert inputs.targets == (tmp_path / "final/checkpoint-8",)
    assert (inputs.reference, inputs.proxy) == (tmp_path / "tuning", False)
    members, controls = (read_films(each, SIDE) for each in (inputs.members, inputs.controls))
    assert isinstance(members, NetworkFilms)
    assert isinstance(controls, NetworkFilms)
    assert {film.rpartition("-")[0] for film in members.ids} == {HELD_OUT}
    assert {film.rpartition("-")[0] for film in controls.ids} == {CONTROL}
    assert (len(members), len(controls)) == (24, 20)
    chosen = inputs_of_project(**paths, checkpoints=(2, 6)).targets
    assert [folder.name for folder in chosen] == ["checkpoint-2", "checkpoint-6"]
    with pytest.raises(CheckpointError, match="no such checkpoint: take one of 2, 6, 8"):
        inputs_of_project(**paths, checkpoints=(3,))


def test_a_project_without_attacks_its_tuning_run_in_place_of_it(tmp_path: Path) -> None:
    inputs = inputs_of_project(**project(tmp_path, control=0))
    assert inputs.targets == (tmp_path / "tuning/checkpoint-4",)
    assert (inputs.reference, inputs.proxy) == (tmp_path / "tuning/checkpoint-2", True)
    members, controls = (read_films(each, SIDE) for each in (inputs.members, inputs.controls))
    assert isinstance(members, NetworkFilms)
    assert isinstance(controls, NetworkFilms)
    assert {film.rpartition("-")[0] for film in members.ids} == {TUNING}
    assert {film.rpartition("-")[0] for film in controls.ids} == {HELD_OUT}
