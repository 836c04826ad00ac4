"""Networks in place of closed forms: tiny, on any machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from cxr_release.errors import TrainingError
from cxr_release.scorecard.sets import ScoreSets
from cxr_release.scorecard.utility.classification import labelled_classes
from cxr_release.scorecard.utility.labelled import numbers_of
from cxr_release.scorecard.utility.labels import Labels
from cxr_release.scorecard.utility.learners import learner_of
from cxr_release.scorecard.utility.network_tasks import (
    PictureTask,
    unet_inpainting,
    unet_super_resolution,
)
from cxr_release.scorecard.utility.networks import (
    image_network,
    learnt,
    squared,
    three_channels,
)
from cxr_release.scorecard.utility.pools import Pools, pools_of
from cxr_release.scorecard.utility.training import Settings
from cxr_release.scorecard.utility.utility import measure_utility
from cxr_release.scorecard.utility.words import lines
from tests.support.useful_films import drawn, good_and_poor, part, sets, shapes

TINY = Settings(steps=2, batch=4, channels=(8, 16))
FILMS = (drawn(shapes(9, seed=5))[:, ::2, ::2] / 255).astype(np.float32)
"""9 films of 32²."""


POOLS = pools_of(good_and_poor(control=24))


def asked(seed: int, *, settings: Settings = TINY, tested: np.ndarray = FILMS[6:]) -> np.ndarray:
    """What a small network says of films after a training on the first 6."""

    def build() -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 1))

    films, others = three_channels(FILMS[:6]), three_channels(tested)
    targets = FILMS.mean(axis=(1, 2))[:6, None]
    return learnt(build, films, targets, others, loss=squared, settings=settings, seed=seed)


def test_a_training_is_the_same_for_the_same_seed_and_leaves_other_chance_alone() -> None:
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    threads = torch.get_num_threads()
    first, second, other = asked(1), asked(1), asked(2)
    assert first.shape == (3, 1)
    assert (first == second).all()
    assert (first != other).all()
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.get_num_threads() == threads


def test_a_training_learns() -> None:
    """Six films by heart."""
    truth = FILMS.mean(axis=(1, 2))[:6, None]

    def error(steps: int) -> float:
        settings = Settings(steps=steps, batch=4)
        return float(((asked(1, settings=settings, tested=FILMS[:6]) - truth) ** 2).mean())

    assert error(150) < error(1) / 4


def test_a_loss_that_is_not_a_number_ends_the_training() -> None:
    with pytest.raises(TrainingError, match="the loss of a model of the score is") as caught:
        asked(1, settings=Settings(steps=500, batch=4, rate=float("inf")))
    assert "lower its rate" in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [unet_inpainting, pytest.param(unet_super_resolution, marks=pytest.mark.long)],
)
def test_a_u_net_learns_pictures(make: Callable[[Pools, Settings], PictureTask]) -> None:
    task = make(POOLS, TINY)
    learn, test = POOLS.others[:4], POOLS.control[:2]
    first = task.score(learn, test, 1)
    assert np.isfinite(first)
    assert task.score(learn, test, 1) == first
    assert task.score(learn, test, 2) != first
    assert task.about.learner == "unet"


def test_what_a_u_net_is_asked_for_is_hidden_from_it() -> None:
    task = unet_inpainting(POOLS, TINY)
    assert (task.inputs[:, 0, 11:21, 11:21] == 0).all()
    assert (task.inputs[:, 1] == task.seen).all()
    assert task.seen.sum() == 100
    fine = unet_super_resolution(POOLS, TINY)
    large = fine.inputs.reshape(-1, 32, 2, 32, 2)
    assert (large == large[:, :, :1, :, :1]).all()
    assert fine.targets.reshape(-1, 32, 2, 32, 2).mean(axis=(2, 4)) == pytest.approx(0, abs=1e-6)


def few() -> tuple[ScoreSets, Labels]:
    """Few films, all real ones of which are labelled."""
    films = sets(
        part("trained", drawn(shapes(48, seed=1))),
        part("control", drawn(shapes(24, seed=2))),
        {"a": drawn(shapes(24, seed=3))},
    )
    ids = [*films.trained.ids, *films.control.ids]
    return films, Labels(
        numbers={film: float(n) for n, film in enumerate(ids)},
        classes={film: "ab"[n % 2] for n, film in enumerate(ids)},
    )


@pytest.mark.long
@pytest.mark.parametrize("name", ["resnet50", "swin_t"])
def test_a_network_of_torchvision_learns_labels(name: str) -> None:
    films, labels = few()
    pools = pools_of(films)
    learner = learner_of(name, TINY)
    classes = labelled_classes(pools, labels)
    assert classes is not None
    for task in (
        learner.student(pools, numbers_of(pools, labels), "number"),
        learner.classification(pools, classes),
    ):
        learn, test = pools.others[:6], pools.control[:6]
        value = task.score(learn, test, 1)
        assert np.isfinite(value)
        assert task.score(learn, test, 1) == value
        assert task.about.learner == name
    assert learner.inpainting(pools).about.learner == "closed"


@pytest.mark.long
def test_weights_of_networks_come_from_chance_alone() -> None:
    torch.manual_seed(1)
    first, second = (image_network("swin_t", 3) for _ in range(2))
    films = torch.as_tensor(three_channels(FILMS[:2]))
    with torch.no_grad():
        said = [network.eval()(films) for network in (first, second)]
    assert said[0].shape == (2, 3)
    assert not torch.equal(*said)


@pytest.mark.long
def test_a_whole_score_with_a_network() -> None:
    films, labels = few()
    utility = measure_utility(films, labels=labels, learner="unet", settings=TINY, seeds=1)
    assert {row["task"]: row["learner"] for row in utility.report()} == {
        "inpainting": "unet",
        "super-resolution": "unet",
        "number": "closed",
        "classification": "closed",
    }
    assert all(np.isfinite(row["value"]) for row in utility.report())
    text = "\n".join(lines(utility.report()))
    assert "inpainting (no labels, learnt by unet), tested on control films" in text
