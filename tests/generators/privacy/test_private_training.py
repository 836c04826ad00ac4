"""Private training: what a unit adds is bounded, noise hides it, and a run can be made again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cxr_release.errors import CheckpointError, TrainingError
from cxr_release.files import sha256, tree_sha256
from cxr_release.generators.checkpoints import WEIGHTS, load
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.learner import Learner
from cxr_release.generators.diffusion.network import v_losses
from cxr_release.generators.diffusion.private_learner import PrivateLearner
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.privacy.accounting import epsilon_of
from cxr_release.generators.privacy.film_gradients import (
    Skeletons,
    clipped_sum,
    film_gradients,
    lengths,
    plain_attention,
)
from cxr_release.generators.privacy.mechanism import Private, private_run
from cxr_release.generators.privacy.noise_key import NoiseKey
from cxr_release.generators.privacy.units import units_of
from cxr_release.generators.runtime import compute as computing
from cxr_release.generators.runtime.compute import Processes
from cxr_release.params.training import NetworkParams, PrivacyParams

KEY = NoiseKey(b"k" * 32)
ASKED = PrivacyParams(epsilon=8.0, delta=0.01, clip=0.5, levels=2)
PATIENTS = ["a", "b", "a", "c", None, "d", None, "e"]
UNITS = units_of(PATIENTS)
STEPS = 4


@pytest.fixture(scope="module")
def given(arguments: dict[str, Any]) -> dict[str, Any]:
    """What `train` takes for a private run of few steps."""
    settings = replace(arguments["settings"], privacy=ASKED, steps=STEPS, checkpoint_every=2)
    private = Private(0.65, UNITS, KEY)
    return {**arguments, "settings": settings, "steps": STEPS, "private": private}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, given: dict[str, Any]) -> Path:
    """A finished private run. Read it, do not write into it."""
    folder = tmp_path_factory.mktemp("private") / "run"
    train(folder=folder, **given)
    return folder


def stopped(folder: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private run that was stopped in its fourth step, with checkpoint 1 made."""
    whole = Learner.step

    def step(self: Learner, step: int) -> Any:
        if step == 3:
            raise KeyboardInterrupt
        return whole(self, step)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Learner, "step", step)
        train(folder=folder, **given)
    return folder


def learner(given: dict[str, Any], context: Any, **changes: Any) -> PrivateLearner:
    private: Private = given["private"]
    settings = given["settings"]
    guarantee = replace(private.guarantee(settings, STEPS), **changes)
    return PrivateLearner(
        given["films"],
        guarantee=guarantee,
        units=private.units,
        chance=private.chance({}),
        network=given["network"],
        settings=settings,
        horizon=STEPS,
        seed=7,
        compute=context,
    )


@pytest.fixture
def context(given: dict[str, Any]) -> Any:
    with computing.computing(given["compute"]) as made:
        yield made


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("attention", [0, 1])
def test_gradients_of_films_are_those_taken_one_film_after_another(
    layout: torch.memory_format, attention: int
) -> None:
    network = NetworkParams(
        channels=(16, 16), layers=1, attention=attention, pixel_unshuffle=1, schedule="cosine"
    )
    torch.manual_seed(attention)
    unet = unets.build(network, 8).to(memory_format=layout)
    schedule = unets.noise_schedule(network)
    films = torch.rand(3, 1, 8, 8).contiguous(memory_format=layout)
    noises = torch.randn(3, 2, 1, 8, 8)
    times = torch.tensor([[3, 500], [40, 700], [999, 0]])

    def loss(predict: Any, film: Any, noise: Any, at: Any) -> Any:
        return v_losses(predict, schedule, film.expand_as(noise), noise, at).mean()

    with plain_attention():
        skeleton, weights = Skeletons(unet).mine(), dict(unet.named_parameters())
        gradients, losses = film_gradients(
            skeleton, weights, loss, films=films, noises=noises, times=times
        )
    whole = lengths(gradients)
    for film in range(3):
        one = loss(unet, films[film : film + 1], noises[film], times[film])
        assert losses[film].item() == pytest.approx(one.item(), rel=1e-5)
        alone = torch.autograd.grad(one, list(unet.parameters()))
        for (name, together), single in zip(gradients.items(), alone, strict=True):
            # The bias of an attention's keys changes nothing: its gradient is 0 but for rounding.
            scale = whole[film] if name.endswith("to_k.bias") else single.norm()
            assert (together[film] - single).norm() <= 1e-5 * scale, name


def test_no_film_adds_more_than_the_clip_and_short_gradients_stay() -> None:
    chance = torch.Generator().manual_seed(0)
    scales = torch.tensor([1e-3, 1.0, 1e3, 0.0])
    gradients = {
        "a": torch.randn(4, 3, 2, generator=chance) * scales[:, None, None],
        "b": torch.randn(4, 5, generator=chance) * scales[:, None],
    }
    for film, whole in enumerate(lengths(gradients)):
        alone = {name: gradient[film : film + 1] for name, gradient in gradients.items()}
        summed = torch.cat([part.flatten() for part in clipped_sum(alone, 0.5)])
        kept = torch.cat([gradient.flatten() for gradient in alone.values()])
        assert summed.norm().item() == pytest.approx(min(0.5, whole.item()), rel=1e-6)
        assert torch.allclose(summed * whole, kept * summed.norm(), atol=1e-6)
    together = clipped_sum(gradients, 0.5)
    apart = [
        clipped_sum({name: one[film : film + 1] for name, one in gradients.items()}, 0.5)
        for film in range(4)
    ]
    for place, part in enumerate(together):
        assert torch.allclose(part, sum(one[place] for one in apart), atol=1e-6)


def without_noise(given: dict[str, Any], context: Any, step: int) -> torch.Tensor:
    gradients, _ = learner(given, context, noise_multiplier=0.0)._gradient(step)
    return torch.cat([gradient.flatten() for gradient in gradients]).double()


def test_leaving_out_a_patient_changes_a_step_by_no_more_than_the_clip(
    given: dict[str, Any], context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever else is drawn, and however many films the patient has: that is the guarantee."""
    everybody = list(range(UNITS.count))
    monkeypatch.setattr(PrivateLearner, "drawn", lambda self, step: everybody)
    whole = without_noise(given, context, 3)
    changes = []
    for left_out in (0, 3):  # the first has two films
        others = [unit for unit in everybody if unit != left_out]
        monkeypatch.setattr(PrivateLearner, "drawn", lambda self, step, o=others: o)
        changes.append((whole - without_noise(given, context, 3)).norm().item())
    bound = ASKED.clip / given["settings"].batch_size
    assert max(changes) <= bound * (1 + 1e-4)
    assert min(changes) > 0.01 * bound


def test_the_noise_on_a_step_is_the_stated_one(given: dict[str, Any], context: Any) -> None:
    loud = learner(given, context, noise_multiplier=2.5)
    noisy = torch.cat([part.flatten() for part in loud._gradient(0)[0]]).double()
    noise = (noisy - without_noise(given, context, 0)) * given["settings"].batch_size
    expected, count = 2.5 * ASKED.clip, len(noise)
    assert noise.std().item() == pytest.approx(expected, abs=4 * expected / (2 * count) ** 0.5)
    assert abs(noise.mean().item()) < 4 * expected / count**0.5
    other = torch.cat([part.flatten() for part in loud._gradient(1)[0]]).double()
    mixed = torch.corrcoef(torch.stack([noisy, other]))[0, 1].item()
    assert abs(mixed) < 5 / count**0.5


def test_a_step_for_which_nobody_is_drawn_is_noise_alone(
    given: dict[str, Any], context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PrivateLearner, "drawn", lambda self, step: [])
    outcome = learner(given, context).step(0)
    assert outcome.loss is None
    assert outcome.gradient_norm > 0


def test_each_patient_is_drawn_with_the_stated_probability_and_apart_from_others(
    given: dict[str, Any], context: Any
) -> None:
    made, steps = learner(given, context), 3000
    drawn = np.zeros((steps, UNITS.count), dtype=bool)
    for step in range(steps):
        drawn[step, made.drawn(step)] = True
    rate = given["settings"].batch_size / UNITS.count
    error = (rate * (1 - rate) / steps) ** 0.5
    assert np.abs(drawn.mean(axis=0) - rate).max() < 4.5 * error
    together = np.corrcoef(drawn.T.astype(float)) - np.eye(UNITS.count)
    assert np.abs(together).max() < 4.5 / steps**0.5
    binomial = UNITS.count * rate * (1 - rate)
    assert drawn.sum(axis=1).var() == pytest.approx(binomial, rel=0.12)


def test_of_a_patient_s_films_chance_takes_one_and_what_is_drawn_ignores_others(
    given: dict[str, Any], context: Any
) -> None:
    made = learner(given, context)
    films = [made.unit_draws(step, 0).film for step in range(60)]
    assert set(films) == {0, 2}
    draws = made.unit_draws(5, 1)
    assert draws.film == 1
    assert (draws.times < 500).tolist() == [True, False]
    again = made.unit_draws(5, 1)
    assert (draws.noise == again.noise).all()
    assert (draws.noise != made.unit_draws(6, 1).noise).all()
    assert {made.unit_draws(step, 1).mirrored for step in range(20)} == {False, True}


def test_a_checkpoint_says_what_is_guaranteed(uninterrupted: Path, given: dict[str, Any]) -> None:
    record = json.loads((uninterrupted / "checkpoint-1" / "checkpoint.json").read_text())
    stated = record["training"]["privacy"]
    plain_hash = hashlib.sha256(given["films"].tobytes()).hexdigest()
    assert record["training"]["cohort_hmac"] == KEY.of_films(plain_hash)
    assert plain_hash not in json.dumps(record)
    assert stated.pop("noise_key") == KEY.fingerprint
    spent = epsilon_of(0.65, rate=3 / 7, steps=STEPS, delta=0.01)
    assert stated.pop("epsilon") == spent
    assert stated.pop("noise_multiplier") == 0.65
    assert stated.pop("opacus")
    assert stated == {
        **{"delta": 0.01, "clip": 0.5, "levels": 2, "batch_size": 3, "steps": STEPS},
        **{"unit": "patient or film", "units": 7, "films": 8, "films_without_patient": 2},
        **{"sampling": "poisson", "accountant": "rdp"},
    }


def test_a_plain_run_says_that_nothing_is_guaranteed(trained: Path) -> None:
    record = json.loads((trained / "checkpoint-1" / "checkpoint.json").read_text())
    assert record["training"]["privacy"] is None
    assert record["training"]["start"] is None


def test_resumed_after_an_error_it_ends_with_the_same_bytes(
    tmp_path: Path, given: dict[str, Any], uninterrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stopped(tmp_path / "run", given, monkeypatch)
    train(folder=folder, **given)
    assert tree_sha256(folder) == tree_sha256(uninterrupted)


def test_the_number_of_cores_changes_no_byte(tmp_path: Path, given: dict[str, Any]) -> None:
    """Five pieces of films, on one thread and on three at once."""
    films = np.concatenate([given["films"]] * 5)
    private = Private(0.65, units_of([None] * 40), KEY)
    asked = replace(ASKED, levels=1)
    settings = replace(given["settings"], batch_size=20, checkpoint_every=1, privacy=asked)
    given = {**given, "films": films, "settings": settings, "private": private, "steps": 1}
    before = torch.get_num_threads()
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            train(folder=tmp_path / str(threads), **given)
    finally:
        torch.set_num_threads(before)
    assert tree_sha256(tmp_path / "1") == tree_sha256(tmp_path / "3")


@pytest.mark.long
def test_killed_anywhere_it_ends_with_the_same_bytes(
    tmp_path: Path, given: dict[str, Any], assert_survives_kills: Any
) -> None:
    settings = replace(given["settings"], checkpoint_every=5)
    assert_survives_kills(train, {**given, "settings": settings, "steps": 60}, tmp_path, 6)


def weights(folder: Path) -> torch.Tensor:
    return load(folder / "checkpoint-1").unet.conv_in.weight


def test_another_key_is_another_run_and_an_unfinished_one_is_set_aside(
    tmp_path: Path, given: dict[str, Any], uninterrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stopped(tmp_path / "run", given, monkeypatch)
    other = replace(given["private"], key=NoiseKey(b"o" * 32))
    train(folder=folder, **{**given, "steps": 2, "private": other})
    assert list(tmp_path.glob("run.superseded-*"))
    assert not torch.allclose(weights(uninterrupted), weights(folder))


@pytest.mark.parametrize("change", ["films", "fingerprint", "patients", "seed"])
def test_no_other_run_has_the_same_noise(given: dict[str, Any], change: str) -> None:
    """Two runs with one noise would show by their difference what it hides."""
    private: Private = given["private"]
    run = {"fingerprint": "a", "cohort": "b", "seed": 7}
    first = private.chance(run).normal(50, "noise", 0)
    others: dict[str, Any] = {
        "films": lambda: private.chance({**run, "cohort": "c"}),
        "fingerprint": lambda: private.chance({**run, "fingerprint": "c"}),
        "seed": lambda: private.chance({**run, "seed": 8}),
        "patients": lambda: replace(private, units=units_of([*PATIENTS[:-1], "a"])).chance(run),
    }
    second = others[change]().normal(50, "noise", 0)
    assert (first != second).all()
    assert (private.chance(run).normal(50, "noise", 0) == first).all()


@pytest.mark.parametrize(
    ("privacy", "settings", "message"),
    [
        ({"delta": 0.2}, {}, r"δ = 0.2 is not below 1 in 7.*take 1.4e-02"),
        ({}, {"batch_size": 8}, r"7 patients .*cannot be drawn 8 at a time.*at most 7"),
        ({"epsilon": 1e-9, "delta": 1e-12}, {"batch_size": 1}, "no noise makes 12 steps private"),
    ],
)
def test_what_cannot_be_private_is_refused(
    arguments: dict[str, Any], privacy: Any, settings: Any, message: str
) -> None:
    asked = replace(arguments["settings"], privacy=replace(ASKED, **privacy), **settings)
    with pytest.raises(TrainingError, match=message):
        private_run(asked, KEY, patients=PATIENTS, of_final=PATIENTS)


def test_private_training_in_several_processes_is_refused(
    tmp_path: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computing, "processes", lambda: Processes(0, 2))
    with pytest.raises(TrainingError, match="private training runs in one process"):
        train(folder=tmp_path / "run", **given)


@pytest.mark.parametrize("left_out", ["private", "settings"])
def test_a_run_is_private_as_a_whole_or_not_at_all(
    tmp_path: Path, arguments: dict[str, Any], given: dict[str, Any], left_out: str
) -> None:
    half = {**given, left_out: None if left_out == "private" else arguments["settings"]}
    with pytest.raises(TrainingError, match="go together"):
        train(folder=tmp_path / "run", **half)
    assert not (tmp_path / "run").exists()


def test_the_tuning_run_has_the_noise_of_the_final_run(given: dict[str, Any]) -> None:
    """Steps after the last checkpoint are not taken, and not accounted for."""
    asked = replace(ASKED, delta=1e-3)
    settings = replace(given["settings"], privacy=asked, steps=101)
    names = [str(number) for number in range(300)]
    final, tuning = (
        private_run(settings, KEY, patients=names[:films], of_final=names) for films in (300, 250)
    )
    assert tuning.noise_multiplier == final.noise_multiplier
    whole, own = final.guarantee(settings, 100), tuning.guarantee(settings, 100)
    assert (whole.units, own.units) == (300, 250)
    assert 7.9 < whole.epsilon <= 8 < own.epsilon


@pytest.fixture
def start(trained: Path, arguments: dict[str, Any]) -> dict[str, Any]:
    folder = trained / "checkpoint-3"
    settings = replace(arguments["settings"], start_sha256=sha256(folder / WEIGHTS), warmup=0)
    return {**arguments, "settings": replace(settings, start=str(folder)), "start": folder}


def test_training_starts_from_the_stated_weights(tmp_path: Path, start: dict[str, Any]) -> None:
    settings = replace(start["settings"], learning_rate=1e-8, ema=0.0, checkpoint_every=2)
    train(folder=tmp_path / "run", **{**start, "settings": settings, "steps": 2})
    begun, ended = load(start["start"]), load(tmp_path / "run" / "checkpoint-1")
    for name, weight in begun.unet.state_dict().items():
        assert torch.allclose(weight, ended.unet.state_dict()[name], atol=1e-5), name
    record = json.loads((tmp_path / "run" / "checkpoint-1" / "checkpoint.json").read_text())
    assert record["training"]["start"] == {"sha256": settings.start_sha256}
    assert str(start["start"]) not in json.dumps(record)
    assert "start_sha256" not in record["training"]


def test_a_start_that_is_another_one_is_refused(tmp_path: Path, start: dict[str, Any]) -> None:
    other = replace(start["settings"], start_sha256="0" * 64)
    with pytest.raises(CheckpointError, match=r"not that of train\.start_sha256"):
        train(folder=tmp_path / "run", **{**start, "settings": other})
    with pytest.raises(CheckpointError, match="names the folder of a checkpoint"):
        train(folder=tmp_path / "run", **{**start, "start": tmp_path / "nowhere"})
    wider = replace(start["network"], channels=(8, 8))
    with pytest.raises(CheckpointError, match="another network"):
        train(folder=tmp_path / "run", **{**start, "network": wider})
    assert not (tmp_path / "run").exists()


def test_a_private_run_does_not_start_from_weights_that_have_seen_its_films(
    tmp_path: Path, start: dict[str, Any], given: dict[str, Any], uninterrupted: Path
) -> None:
    settings = replace(start["settings"], privacy=ASKED, checkpoint_every=1)
    both = {**start, "settings": settings, "private": given["private"], "steps": 1}
    with pytest.raises(TrainingError, match="very films that this run is to keep private"):
        train(folder=tmp_path / "run", **both)
    folder = uninterrupted / "checkpoint-2"
    settings = replace(settings, start_sha256=sha256(folder / WEIGHTS))
    with pytest.raises(TrainingError, match="very films that this run is to keep private"):
        train(folder=tmp_path / "run", **{**both, "settings": settings, "start": folder})
    train(folder=tmp_path / "run", **{**both, "films": given["films"][::-1].copy()})
    assert (tmp_path / "run" / "checkpoint-1").exists()
