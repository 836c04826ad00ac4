"""Attacks on a network that learnt some films and not others, and on one that learnt none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cxr_release.errors import CheckpointError, SourceError
from cxr_release.films.film_set import FilmSet
from cxr_release.films.png import Film
from cxr_release.generators.checkpoints import Checkpoint
from cxr_release.generators.runtime.compute import computing
from cxr_release.scorecard.attacks.attack import (
    NETWORK_FAULT,
    NO_POWER,
    Attack,
    NotMeasurable,
    corrected,
    separation,
)
from cxr_release.scorecard.attacks.sentences import lines
from cxr_release.scorecard.network.attack import NO_REFERENCE, network_attacks
from cxr_release.scorecard.network.canaries import with_canaries
from cxr_release.scorecard.network.films import Chosen, NetworkFilms, read_films
from cxr_release.scorecard.network.inputs import NetworkInputs
from cxr_release.scorecard.network.losses import Prober
from cxr_release.scorecard.network.scores import Effort
from tests.support.random_films import as_set
from tests.support.tiny_networks import COMPUTE, SIDE, saved, speckles, untrained, with_weights

MEMBERS, CONTROLS = speckles(24, seed=1), speckles(32, seed=2)
QUICK = Effort(levels=2, noises=1, doses=(1,), canaries=20)
"""Too little to find anything."""


def read(drawn: list[tuple[Film, str]]) -> NetworkFilms:
    films = read_films(Chosen(as_set("some", drawn)), SIDE)
    assert isinstance(films, NetworkFilms)
    return films


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tuning/checkpoint-4` learnt nothing, `final/checkpoint-6` the members, over and over."""
    folder = tmp_path_factory.mktemp("runs")
    reference = untrained(step=4)
    saved(folder / "tuning", reference)
    with computing(COMPUTE) as context:
        ((_, _, learnt),) = with_canaries(reference, read(MEMBERS), (24,), context)
    record = replace(reference.record, checkpoint=6, checkpoint_step=6)
    saved(folder / "final", Checkpoint(record, learnt.unet))
    return folder


def inputs(
    runs: Path, members: FilmSet | None = None, controls: FilmSet | None = None
) -> NetworkInputs:
    return NetworkInputs(
        targets=(runs / "final/checkpoint-6",),
        reference=runs / "tuning",
        members=Chosen(members or as_set("member", MEMBERS)),
        controls=Chosen(controls or as_set("control", CONTROLS)),
    )


def calibrated(given: NetworkInputs) -> Attack:
    attack, *_ = network_attacks(given, compute=COMPUTE, effort=QUICK)
    assert isinstance(attack, Attack)
    return attack


def test_who_was_learnt_is_found_and_canaries_would_have_been(runs: Path) -> None:
    effort = Effort(levels=3, doses=(3, 24), canaries=32)
    attacks = network_attacks(inputs(runs), compute=COMPUTE, effort=effort)
    attack = corrected(attacks)[0]
    assert isinstance(attack, Attack)
    assert attack.name == "calibrated loss"
    assert attack.separation.auc.auc > 0.7
    assert attack.leaks
    assert attack.evidence
    few, many = attack.power
    assert (few.detail["passes"], few.detail["steps"]) == (3, 6)
    assert (many.detail["passes"], many.detail["steps"]) == (24, 48)
    assert many.auc > few.auc
    assert "auc" in many.found_by
    report = json.loads(json.dumps(attack.report(), allow_nan=False))
    assert (report["target_step"], report["reference_step"]) == (6, 4)
    assert report["subject"] == "the network at step 6"
    assert (report["members"], report["controls"]) == (24, 32)
    assert not report["tpr"][0]["measurable"]
    beside = {each["score"]: each for each in report["beside"]}
    assert list(beside) == ["loss", "PIA", "SimA"]
    assert beside["loss"]["auc"] < attack.separation.auc.auc
    found = [name for name, each in beside.items() if each["canaries_found"]]
    assert [each.name for each in attacks[1:]] == found
    words = "\n".join(lines([report]))
    assert "calibrated loss, by who holds the film and the network's weights" in words
    assert "trained film(s) with a higher score than any control film" in words
    assert "nearer" not in words
    assert f"beside      loss: AUC {beside['loss']['auc']:.3f} [" in words
    assert "note        the network at step 6; held against a reference at step 4" in words
    text = json.dumps(report)
    assert "s1p" not in text
    assert "member-0" not in text


@pytest.fixture(scope="module")
def of_two(runs: Path) -> list[Attack]:
    """The calibrated attacks on a network that learnt nothing, and on one that learnt the members,
    with too little effort to find canaries."""
    young = saved(runs / "final", untrained(step=2, seed=5))
    given = replace(inputs(runs), targets=(young, runs / "final/checkpoint-6"), proxy=True)
    attacks = corrected(network_attacks(given, compute=COMPUTE, effort=QUICK))
    return [
        attack
        for attack in attacks
        if isinstance(attack, Attack) and attack.name.startswith("calibrated")
    ]


def test_several_targets_share_a_reference_and_each_says_its_step(of_two: list[Attack]) -> None:
    names = [attack.name for attack in of_two]
    assert names == ["calibrated loss, step 2", "calibrated loss, step 6"]
    subjects = [attack.report()["subject"] for attack in of_two]
    assert subjects == [
        f"proxy: the tuning run at step {step}, another model than the released one"
        for step in (2, 6)
    ]


def test_what_does_not_find_its_canaries_is_no_evidence(of_two: list[Attack]) -> None:
    nothing, _ = of_two
    assert nothing.separation.auc.low < 0.5 < nothing.separation.auc.high
    assert not nothing.report()["measurable"]
    assert nothing.report()["why_not"] == NO_POWER


def test_swapped_members_and_controls_are_a_fault_and_names_change_nothing(
    runs: Path, of_two: list[Attack]
) -> None:
    _, right = of_two
    swapped = calibrated(inputs(runs, as_set("member", CONTROLS), as_set("control", MEMBERS)))
    assert swapped.separation.auc.auc == pytest.approx(1 - right.separation.auc.auc, abs=1e-12)
    assert swapped.fault == NETWORK_FAULT
    assert swapped.report()["why_not"] == NETWORK_FAULT
    renamed = [(film, f"other {patient}") for film, patient in MEMBERS[::-1]]
    other = calibrated(inputs(runs, as_set("x", renamed), as_set("y", CONTROLS[::-1])))
    assert other.separation == right.separation
    assert other.power == right.power
    assert other.details["beside"] == right.details["beside"]


def test_labels_by_lot_leave_half_in_the_interval() -> None:
    """In 92 of 100 lots or more, by patient."""
    both = read(speckles(120, seed=3))
    with computing(COMPUTE) as context:
        scores = -Prober(untrained(), context).log_losses(both, levels=1, noises=1)
    patients = np.array(both.patients)
    names = np.unique(patients)
    chance = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        drawn = np.isin(patients, chance.choice(names, 30, replace=False))
        area = separation(
            scores[drawn],
            scores[~drawn],
            member_patients=tuple(patients[drawn]),
            control_patients=tuple(patients[~drawn]),
        ).auc
        covered += area.low <= 0.5 <= area.high
    assert covered >= 184


def test_what_cannot_be_attacked_says_why(runs: Path) -> None:
    def why(given: NetworkInputs) -> str:
        (answer,) = network_attacks(given, compute=COMPUTE, effort=QUICK)
        assert isinstance(answer, NotMeasurable)
        assert answer.access == "the network's weights"
        return answer.why

    assert why(replace(inputs(runs), reference=None)) == NO_REFERENCE
    large = [(np.kron(film, np.ones((2, 2), np.uint8)), patient) for film, patient in CONTROLS]
    assert "32 of 32 control films are not of the network's size" in why(
        inputs(runs, controls=as_set("control", large))
    )
    assert "18 readable member film(s)" in why(inputs(runs, as_set("member", MEMBERS[:18])))


def test_a_patient_or_a_picture_in_both_is_refused(runs: Path) -> None:
    both = [(MEMBERS[0][0], "somebody"), (CONTROLS[1][0], "S1P00"), *CONTROLS[2:]]
    with pytest.raises(SourceError, match=r"share 2 patient\(s\) or picture\(s\)") as caught:
        network_attacks(
            inputs(runs, controls=as_set("control", both)), compute=COMPUTE, effort=QUICK
        )
    text = str(caught.value)
    assert "has the pixels of member-0" in text
    assert "is of the patient of member-0" in text


def test_a_broken_checkpoint_is_named(runs: Path, tmp_path: Path) -> None:
    folder = saved(tmp_path, untrained(step=6))
    weights = folder / "unet/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        network_attacks(replace(inputs(runs), targets=(folder,)), compute=COMPUTE, effort=QUICK)


def test_planting_leaves_the_network_as_it_was_and_gives_equal_bits_on_1_and_2_cores() -> None:
    start = untrained()
    before = {name: tensor.clone() for name, tensor in start.unet.state_dict().items()}
    films, threads = read(MEMBERS), torch.get_num_threads()
    planted = []
    try:
        for cores in (1, 2):
            torch.set_num_threads(cores)
            with computing(COMPUTE) as context:
                learnt = with_canaries(start, films, (1, 2), context)
                planted.append([each.unet.state_dict() for _, _, each in learnt])
    finally:
        torch.set_num_threads(threads)
    first, second = planted
    for name, tensor in start.unet.state_dict().items():
        assert tensor.equal(before[name])
        assert all(one[name].equal(other[name]) for one, other in zip(first, second, strict=True))
    assert any(not first[0][name].equal(first[1][name]) for name in before)


def test_a_network_that_cannot_go_on_learning_is_named() -> None:
    broken = with_weights(untrained(), {"conv_out.bias": 1e19})
    with computing(COMPUTE) as context:
        learnt = with_canaries(broken, read(MEMBERS), (1,), context)
        with pytest.raises(CheckpointError, match="step 4: cannot go on learning: loss inf"):
            next(learnt)
