"""Networks of the default's size whose learning is known: films seen 120 times, and 6 times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cxr_release.films.png import Film
from cxr_release.generators import checkpoints
from cxr_release.generators.diffusion.training import train
from cxr_release.params.load import load_params
from cxr_release.params.training import ComputeParams
from cxr_release.scorecard.attacks.attack import Attack, corrected
from cxr_release.scorecard.network.attack import network_attacks
from cxr_release.scorecard.network.films import Chosen
from cxr_release.scorecard.network.inputs import NetworkInputs
from cxr_release.scorecard.network.scores import Effort
from tests.support import ROOT
from tests.support.phantom_sets import phantoms_of_patients
from tests.support.random_films import as_set

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]

COMPUTE = ComputeParams(precision="fp32", compile="never")
MEMBERS, CONTROLS, OTHERS = slice(0, 40), slice(40, 160), slice(160, 560)


def trained(folder: Path, films: Sequence[tuple[Film, str]], *, steps: int) -> Path:
    params = load_params(ROOT / "params.yaml")
    train(
        np.stack([film for film, _ in films]),
        folder,
        network=params.network,
        settings=replace(params.train, steps=steps, checkpoint_every=steps, decay="constant"),
        compute=COMPUTE,
        steps=steps,
        seed=3,
        fingerprint="a" * 64,
    )
    return folder


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on films of other patients, each seen 7 times, as the default's tuning run is."""
    films = phantoms_of_patients(560)[OTHERS]
    return trained(tmp_path_factory.mktemp("reference") / "run", films, steps=360)


def attacked(target: Path, reference: Path, effort: Effort) -> Mapping[str, Attack]:
    films = phantoms_of_patients(560)
    inputs = NetworkInputs(
        targets=(target,),
        reference=reference,
        members=Chosen(as_set("member", films[MEMBERS])),
        controls=Chosen(as_set("control", films[CONTROLS])),
    )
    attacks = corrected(network_attacks(inputs, compute=COMPUTE, effort=effort))
    return {attack.name: attack for attack in attacks if isinstance(attack, Attack)}


def test_an_overtrained_network_is_found_by_its_losses_alone(
    reference: Path, tmp_path: Path
) -> None:
    films = phantoms_of_patients(560)[MEMBERS]
    run = trained(tmp_path / "overtrained", films, steps=600)
    # Of the canaries nothing is asked here: as few of them as there may be.
    effort = Effort(doses=(6,), canaries=20)
    attack = attacked(run / "checkpoint-1", reference, effort)["calibrated loss"]
    assert attack.separation.auc.auc > 0.9
    assert attack.leaks
    raw = attack.details["beside"][0]
    assert raw["score"] == "loss"
    assert raw["auc"] >= 0.65
    assert raw["interval"][0] > 0.5


def test_canaries_that_were_seen_6_times_are_found_where_the_loss_alone_is_blind(
    reference: Path, tmp_path: Path
) -> None:
    """The target is the reference at the same step: nobody is in it."""
    attacks = attacked(
        copied(reference / "checkpoint-1", tmp_path), reference, Effort(doses=(6,), canaries=120)
    )
    attack = attacks["calibrated loss"]
    (six,) = attack.power
    assert six.detail["passes"] == 6
    assert 54 <= six.planted <= 66
    assert attack.separation.auc.auc == 0.5  # every score is 0
    assert six.auc > 0.6
    assert six.interval[0] > 0.5
    assert attack.evidence
    assert "loss" not in attacks


def copied(checkpoint: Path, folder: Path) -> Path:
    """The same network, which says that it learnt from other films."""
    network = checkpoints.load(checkpoint)
    record = replace(network.record, training={})
    checkpoints.save(folder / "checkpoint-1", network.unet, record)
    return folder / "checkpoint-1"
