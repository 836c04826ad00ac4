"""Networks that are told classes, or which films were mirrored; and guidance."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDPMPipeline
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cxr_release.errors import CheckpointError, TrainingError
from cxr_release.files import tree_sha256
from cxr_release.films import png
from cxr_release.generators import checkpoints
from cxr_release.generators.checkpoints import RECORD
from cxr_release.generators.conditions import Conditions, ToldFilms, told
from cxr_release.generators.diffusion.denoising import fixed_losses, open_denoiser
from cxr_release.generators.diffusion.learner import Learner
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.opening import draw
from cxr_release.generators.regenerate import film_ids, regenerate
from cxr_release.generators.sampling import sample_job
from cxr_release.params.sampling import GuidanceParams, SampleParams
from cxr_release.params.training import ComputeParams, ConditionParams
from cxr_release.schemas import SAMPLES
from cxr_release.tables import iterate

CONDITION = ConditionParams(label="side", balance="uniform")
STEPS = 200


def columns(labels: list[str | None]) -> NDArray[np.uint8]:
    """16 × 16 films with a bright column on the side that their class says."""
    chance = np.random.default_rng(1)
    films = chance.integers(0, 60, (len(labels), 16, 16))
    for film, label in zip(films, labels, strict=True):
        left = 2 if label == "left" else 10
        film[:, left : left + 4] += 150
    return films.astype(np.uint8)


def is_left(films: NDArray[np.uint8]) -> NDArray[np.bool_]:
    left: NDArray[np.bool_] = films[:, :, :8].mean(axis=(1, 2)) > films[:, :, 8:].mean(axis=(1, 2))
    return left


LABELS: list[str | None] = ["left", "right", "left", None, "right", "left"] * 4


@pytest.fixture(scope="session")
def conditional(arguments: dict[str, Any]) -> dict[str, Any]:
    """What `train` takes beside the folder for a network of two classes."""
    settings = replace(
        arguments["settings"], steps=STEPS, checkpoint_every=STEPS // 2, batch_size=8, flip=False
    )
    return {
        **arguments,
        "films": columns(LABELS),
        "settings": settings,
        "steps": STEPS,
        "films_told": ToldFilms(("left", "right"), LABELS, 0.2),
    }


@pytest.fixture(scope="session")
def classed(tmp_path_factory: pytest.TempPathFactory, conditional: dict[str, Any]) -> Path:
    """A run of two classes. Read it, do not write into it."""
    folder = tmp_path_factory.mktemp("classed") / "run"
    train(folder=folder, **conditional)
    return folder


def drawn(
    folder: Path, sample: SampleParams, compute: ComputeParams, labels: Any, **changes: Any
) -> NDArray[np.uint8]:
    settings = replace(sample, steps=8, **changes.pop("settings", {}))
    seeds = range(len(labels) if labels is not None else 8)
    films = draw(
        folder.name, folder, seeds, settings=settings, compute=compute, labels=labels, **changes
    )
    return np.stack(list(films))


def test_films_show_the_class_that_they_are_drawn_as(
    classed: Path, sample: SampleParams, compute: ComputeParams
) -> None:
    labels = ["left", "right", "right", "left"] * 4
    films = drawn(classed / "checkpoint-2", sample, compute, labels)
    assert (is_left(films) == [label == "left" for label in labels]).mean() > 0.85
    alone = drawn(classed / "checkpoint-2", sample, compute, labels, settings={"batch_size": 3})
    assert (films == alone).all()


def test_guidance_by_the_class_leads_away_from_films_without_one(
    classed: Path, sample: SampleParams, compute: ComputeParams
) -> None:
    labels = ["left", "right"] * 4
    plain = drawn(classed / "checkpoint-2", sample, compute, labels)
    guided = drawn(classed / "checkpoint-2", sample, compute, labels, class_guidance=2.0)
    assert (plain != guided).any()
    assert (is_left(guided) == [label == "left" for label in labels]).mean() > 0.85


def test_an_earlier_checkpoint_guides_and_no_other(
    classed: Path, trained: Path, sample: SampleParams, compute: ComputeParams
) -> None:
    first, last = classed / "checkpoint-1", classed / "checkpoint-2"
    guidance = {"guidance": GuidanceParams(checkpoint=1, weight=1.5)}
    labels = ["left"] * 8
    guided = drawn(last, sample, compute, labels, settings=guidance, guide=first)
    assert (guided != drawn(last, sample, compute, labels)).any()
    for folder, guide in ((last, last), (first, last), (last, trained / "checkpoint-1")):
        with pytest.raises(CheckpointError, match="not an earlier one of its run"):
            drawn(folder, sample, compute, labels, settings=guidance, guide=guide)
    with pytest.raises(CheckpointError, match="go together"):
        drawn(last, sample, compute, labels, settings=guidance)


def test_a_guide_that_predicts_the_same_changes_nothing(
    classed: Path, tmp_path: Path, sample: SampleParams, compute: ComputeParams
) -> None:
    last, twin = classed / "checkpoint-2", tmp_path / "checkpoint-1"
    shutil.copytree(last, twin)
    record = json.loads((twin / RECORD).read_text()) | {"checkpoint": 1}
    (twin / RECORD).write_text(json.dumps(record))
    guidance = {"guidance": GuidanceParams(checkpoint=1, weight=3.0)}
    labels = ["left"] * 8
    guided = drawn(last, sample, compute, labels, settings=guidance, guide=twin)
    assert (guided == drawn(last, sample, compute, labels)).all()


def test_no_network_with_classes_is_told_none_without_a_word(
    classed: Path, sample: SampleParams, compute: ComputeParams, conditional: dict[str, Any]
) -> None:
    last = classed / "checkpoint-2"
    with pytest.raises(CheckpointError, match="classes are not given"):
        drawn(last, sample, compute, None)
    with pytest.raises(CheckpointError, match=r"does not know the class.* up"):
        drawn(last, sample, compute, ["up"] * 8)
    losses: dict[str, Any] = {"levels": 3, "seed": 1, "compute": compute}
    films = conditional["films"]
    with pytest.raises(CheckpointError, match="classes are not given"):
        fixed_losses(last, films, **losses)
    swapped = [{"left": "right", "right": "left"}.get(label or "") for label in LABELS]
    own = fixed_losses(last, films, **losses, labels=LABELS)
    assert own < fixed_losses(last, films, **losses, labels=swapped)
    pipeline = DDPMPipeline.from_pretrained(last)
    with pytest.raises(ValueError, match="class_labels"):
        pipeline(num_inference_steps=2)


def test_classes_of_other_films_are_refused(tmp_path: Path, conditional: dict[str, Any]) -> None:
    short = ToldFilms(("left", "right"), LABELS[1:], 0.2)
    with pytest.raises(TrainingError, match="classes of 23 films, and 24 films"):
        train(folder=tmp_path / "run", **{**conditional, "films_told": short})


@pytest.mark.parametrize("flip", [False, "labelled"])
def test_resumed_after_an_error_it_ends_with_the_same_bytes(
    tmp_path: Path, conditional: dict[str, Any], monkeypatch: pytest.MonkeyPatch, flip: Any
) -> None:
    settings = replace(conditional["settings"], steps=12, checkpoint_every=4, flip=flip)
    given = {**conditional, "settings": settings, "steps": 12}
    whole = Learner.step

    def stopping(self: Learner, step: int) -> Any:
        if step == 6:
            raise KeyboardInterrupt
        return whole(self, step)

    train(folder=tmp_path / "whole", **given)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Learner, "step", stopping)
        train(folder=tmp_path / "run", **given)
    other = ToldFilms(("left", "right"), LABELS[::-1], 0.2)
    with pytest.raises(TrainingError, match="cohort has changed"):
        train(folder=tmp_path / "run", **{**given, "films_told": other})
    train(folder=tmp_path / "run", **given)
    assert tree_sha256(tmp_path / "run") == tree_sha256(tmp_path / "whole")


@pytest.mark.long
def test_killed_anywhere_it_ends_with_the_same_bytes(
    tmp_path: Path, conditional: dict[str, Any], assert_survives_kills: Any
) -> None:
    settings = replace(conditional["settings"], checkpoint_every=5, flip="labelled")
    assert_survives_kills(train, {**conditional, "settings": settings}, tmp_path, 10)


def test_a_checkpoint_states_its_classes_and_one_without_states_none(
    classed: Path, trained: Path
) -> None:
    record = json.loads((classed / "checkpoint-1" / RECORD).read_text())
    assert record["classes"] == [{"name": "left", "films": 12}, {"name": "right", "films": 8}]
    assert record["training"]["drop"] == 0.2
    assert "mirrored" not in record
    assert checkpoints.read_record(classed / "checkpoint-1").conditions.rows == 3
    plain = json.loads((trained / "checkpoint-1" / RECORD).read_text())
    assert not {"classes", "mirrored", "conditions"} & plain.keys()
    assert "drop" not in plain["training"]


def test_mirrored_films_are_told_apart_and_drawn_as_they_were(
    tmp_path: Path, conditional: dict[str, Any], sample: SampleParams, compute: ComputeParams
) -> None:
    """All films have their column on the left; half of the draws show it on the right."""
    settings = replace(conditional["settings"], flip="labelled", checkpoint_every=35)
    films = columns(["left"] * 24)
    changes = {"films": films, "settings": settings, "films_told": None, "steps": 70}
    given = {**conditional, **changes}
    train(folder=tmp_path / "run", **given)
    last = tmp_path / "run" / "checkpoint-2"
    record = checkpoints.read_record(last)
    assert (record.conditions, record.conditions.rows) == (Conditions(mirrored=True), 2)
    assert is_left(drawn(last, sample, compute, None)).all()
    learnt = checkpoints.load(last).unet.class_embedding.weight
    assert learnt.shape[0] == 2
    assert not torch.equal(learnt[0], learnt[1])


def test_a_job_of_classes_says_so_and_its_films_are_made_again_one_by_one(
    classed: Path, tmp_path: Path, sample: SampleParams, compute: ComputeParams
) -> None:
    settings = replace(sample, initial=9, guidance=GuidanceParams(checkpoint=1, weight=1.5))
    given: dict[str, Any] = {
        "root_seed": 2026,
        "settings": settings,
        "compute": compute,
        "condition": CONDITION,
    }
    job = sample_job(
        classed / "checkpoint-2",
        tmp_path / "job",
        source="checkpoint-2",
        opener=partial(open_denoiser, guide=classed / "checkpoint-1"),
        batch="initial",
        fingerprint="f" * 64,
        **given,
    )
    assert job["guide"] == {"checkpoint": 1, "checkpoint_step": STEPS // 2, "weight": 1.5}
    assert sorted(job["classes"].values()) == [4, 5]
    assert job["class_guidance"] == 1.0
    assert json.loads((tmp_path / "job/job.json").read_text()) == job
    rows = list(iterate(tmp_path / "job/shard-00000.parquet", SAMPLES))
    made = regenerate(
        film_ids([rows[7]["id"], rows[2]["id"]]),
        tmp_path / "again",
        drawn_from=lambda source: classed / source,
        job_folder=lambda source, batch: tmp_path / "job",
        **given,
    )
    assert [(film["difference"], film["label"]) for film in made] == [
        (0, rows[2]["label"]),
        (0, rows[7]["label"]),
    ]
    assert made[0]["sha256"] == png.sha256(rows[2]["image"]["bytes"])
    with pytest.raises(CheckpointError, match=r"has classes, and condition\.label is ''"):
        regenerate(
            film_ids([rows[2]["id"]]),
            tmp_path / "again",
            drawn_from=lambda source: classed / source,
            job_folder=lambda source, batch: tmp_path / "job",
            **{**given, "condition": ConditionParams()},
        )


@given(
    value=st.one_of(
        st.none(),
        st.sampled_from([0, True, "left", {}, [1], ["left"], [{"name": "a", "films": 3}]]),
        st.sampled_from(
            [
                [{"name": name, "films": 3}, {"name": "b", "films": films}]
                for name, films in (
                    *(("", 3), (" a", 3), ("a\n", 3), ("a" * 41, 3), (3, 3), ("b", 3)),
                    *(("a", -1), ("a", True), ("a", 1.5), ("a", 2**70), ("a", None)),
                )
            ]
        ),
        st.just([{"name": f"c{number}", "films": 1} for number in range(65)]),
    ),
    key=st.sampled_from(["classes", "mirrored"]),
)
def test_hostile_classes_are_refused(
    classed: Path, tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    if key == "mirrored" and value is True:
        return
    folder = tmp_path_factory.mktemp("hostile")
    record = json.loads((classed / "checkpoint-1" / RECORD).read_text())
    (folder / RECORD).write_text(json.dumps(record | {key: value}))
    with pytest.raises(CheckpointError) as caught:
        checkpoints.load(folder)
    assert RECORD in caught.value.where


def test_more_classes_than_the_weights_have_are_found(classed: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(classed / "checkpoint-1", tmp_path / "checkpoint-1"))
    record = json.loads((folder / RECORD).read_text())
    record["classes"].append({"name": "middle", "films": 1})
    (folder / RECORD).write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match="not those of the network") as caught:
        checkpoints.load(folder)
    assert [fault.where for fault in caught.value.faults] == ["class_embedding.weight"]


def test_rows_and_what_is_told() -> None:
    assert Conditions().rows is None
    assert Conditions((("a", 1), ("b", 1))).rows == 3
    assert Conditions((("a", 1), ("b", 1)), mirrored=True).rows == 6

    def network(*given: Any, **more: Any) -> Any:
        return given, more

    assert told(network, None, "cpu") is network
    noisy = torch.zeros(2)
    _, more = told(network, np.array([2, 0]), "cpu")(noisy, noisy)
    assert more["class_labels"].tolist() == [2, 0]
