"""The same tasks, learnt by networks; see `networks` and the tasks in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cxr_release.schemas import SMALL
from cxr_release.scorecard.sets import Places
from cxr_release.scorecard.utility import inpainting, super_resolution
from cxr_release.scorecard.utility.classification import about_classes, mean_area, told_classes
from cxr_release.scorecard.utility.labelled import Labelled
from cxr_release.scorecard.utility.networks import (
    UNET,
    Loss,
    PictureNetwork,
    entropy,
    image_network,
    learnt,
    squared,
    three_channels,
)
from cxr_release.scorecard.utility.pools import Pools
from cxr_release.scorecard.utility.students import about_student, mean_error, taught
from cxr_release.scorecard.utility.task import About, halved
from cxr_release.scorecard.utility.training import Settings
from cxr_release.statistics.ridge import Numbers

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class PictureTask:
    """A task whose answer is a picture; see `task.Task`."""

    about: About
    usable: Places
    inputs: Floats
    """(films, channels, h, w)."""
    targets: Floats
    """(films, 1, h, w)."""
    seen: NDArray[np.bool_]
    """(h, w) pixels that are asked for."""
    measure: Callable[[Numbers, Numbers], float]
    """Of what is said and what is true, (films, pixels that are asked for)."""
    settings: Settings

    def score(self, learnt_from: Places, tested: Places, seed: int) -> float:
        """See `measure`."""
        mask = torch.as_tensor(self.seen)

        def loss(said: Tensor, truth: Tensor) -> Tensor:
            return squared(said[:, :, mask], truth[:, :, mask])

        said = learnt(
            lambda: PictureNetwork(self.inputs.shape[1], self.inputs.shape[2], self.settings),
            self.inputs[learnt_from],
            self.targets[learnt_from],
            self.inputs[tested],
            loss=loss,
            settings=self.settings,
            seed=seed,
        )
        truth = self.targets[tested].astype(np.float64)
        return self.measure(said[:, 0, self.seen], truth[:, 0, self.seen])


def unet_inpainting(pools: Pools, settings: Settings) -> PictureTask:
    """Inpainting; the hidden block is grey, and a second channel says where it lies."""
    films = halved(pools.pictures).astype(np.float32)[:, None] * 2 - 1
    mask = inpainting.block(inpainting.SIDE, inpainting.HIDDEN)
    inputs = np.where(mask, np.float32(0), films)
    where = np.broadcast_to(mask.astype(np.float32), films.shape)
    return PictureTask(
        replace(inpainting.ABOUT, learner=UNET),
        pools.control,
        np.concatenate([inputs, where], axis=1),
        films,
        mask,
        inpainting.explained,
        settings,
    )


def unet_super_resolution(pools: Pools, settings: Settings) -> PictureTask:
    """× 2 super-resolution; what is learnt is what the larger pixels lack."""
    large = halved(pools.pictures).repeat(2, axis=1).repeat(2, axis=2)
    inputs = (large * 2 - 1).astype(np.float32)[:, None]
    lacking = (pools.pictures / 255 - large).astype(np.float32)[:, None]

    def measure(said: Numbers, truth: Numbers) -> float:
        return super_resolution.decibels(((said - truth) ** 2).mean(axis=1))

    return PictureTask(
        replace(super_resolution.ABOUT, learner=UNET),
        pools.control,
        inputs,
        lacking,
        np.ones((SMALL, SMALL), bool),
        measure,
        settings,
    )


@dataclass(frozen=True)
class NetworkStudent:
    """Landmarks or a number; see `students`."""

    about: About
    usable: Places
    films: Floats
    """(films, SMALL, SMALL) 0 … 1."""
    taught: Numbers
    settings: Settings

    def score(self, learnt_from: Places, tested: Places, seed: int) -> float:
        """See `Student.score`."""
        values = regressed(
            self.about.learner,
            self.films[learnt_from],
            self.taught[learnt_from],
            self.films[tested],
            settings=self.settings,
            seed=seed,
        )
        return mean_error(self.about.task, values, self.taught[tested])


def network_student(
    name: str, pools: Pools, labelled: Labelled, task: str, settings: Settings
) -> NetworkStudent:
    """A student, and its teacher, that are networks. See `students.student`."""
    films = (pools.pictures / 255).astype(np.float32)
    own = labelled.teaching
    teacher = regressed(name, films[own], labelled.values[own], films, settings=settings, seed=0)
    about = replace(about_student(labelled, task), learner=name)
    return NetworkStudent(
        about, labelled.control, films, taught(pools, labelled, teacher), settings
    )


def regressed(
    name: str, films: Floats, targets: Numbers, tested: Floats, *, settings: Settings, seed: int
) -> Numbers:
    """(m, q) what a network says of films, that learnt from others; see `networks.learnt`."""
    mean, spread = targets.mean(axis=0), targets.std(axis=0)
    spread[spread == 0] = 1
    wanted = ((targets - mean) / spread).astype(np.float32)
    build = _build(name, targets.shape[1])
    said = _asked(build, films, wanted, tested, loss=squared, settings=settings, seed=seed)
    values: Numbers = mean + spread * said
    return values


@dataclass(frozen=True)
class NetworkClassification:
    """Classes; see `classification`."""

    about: About
    usable: Places
    films: Floats
    """(films, SMALL, SMALL) 0 … 1."""
    classes: NDArray[np.int64]
    count: int
    settings: Settings

    def score(self, learnt_from: Places, tested: Places, seed: int) -> float:
        """See `Classification.score`."""
        scores = _asked(
            _build(self.about.learner, self.count),
            self.films[learnt_from],
            self.classes[learnt_from],
            self.films[tested],
            loss=entropy,
            settings=self.settings,
            seed=seed,
        )
        return mean_area(scores, self.classes[tested])


def network_classification(
    name: str, pools: Pools, labelled: Labelled, settings: Settings
) -> NetworkClassification:
    """A classifier, and its teacher, that are networks. See `classification.classification`."""
    films = (pools.pictures / 255).astype(np.float32)
    own = labelled.teaching
    count = int(np.nanmax(labelled.values)) + 1
    known = labelled.values[own, 0].astype(np.int64)
    build = _build(name, count)
    scores = _asked(build, films[own], known, films, loss=entropy, settings=settings, seed=0)
    about = replace(about_classes(labelled), learner=name)
    classes = told_classes(pools, labelled, scores)
    return NetworkClassification(about, labelled.control, films, classes, count, settings)


def _build(name: str, outputs: int) -> Callable[[], nn.Module]:
    return lambda: image_network(name, outputs)


def _asked(
    build: Callable[[], nn.Module],
    films: Floats,
    targets: NDArray[np.floating] | NDArray[np.int64],
    tested: Floats,
    *,
    loss: Loss,
    settings: Settings,
    seed: int,
) -> Numbers:
    return learnt(
        build,
        three_channels(films),
        targets,
        three_channels(tested),
        loss=loss,
        settings=settings,
        seed=seed,
    )
