"""Who learns the tasks: closed forms, or a network that is trained anew for every arm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cxr_release.errors import ParamsError
from cxr_release.scorecard.utility.classification import classification
from cxr_release.scorecard.utility.inpainting import inpainting
from cxr_release.scorecard.utility.labelled import Labelled
from cxr_release.scorecard.utility.pools import Pools
from cxr_release.scorecard.utility.students import student
from cxr_release.scorecard.utility.super_resolution import super_resolution
from cxr_release.scorecard.utility.task import CLOSED, Task
from cxr_release.scorecard.utility.training import Settings

LEARNERS = (CLOSED, "resnet50", "unet", "swin_t")
"""The U-Net learns inpainting and super-resolution, ResNet-50 and Swin-T what needs labels; the
other tasks of each stay in closed form."""


@dataclass(frozen=True)
class Learner:
    """What makes each task of some films."""

    inpainting: Callable[[Pools], Task] = inpainting
    super_resolution: Callable[[Pools], Task] = super_resolution
    student: Callable[[Pools, Labelled, str], Task] = student
    classification: Callable[[Pools, Labelled], Task] = classification


def learner_of(name: str, settings: Settings | None = None) -> Learner:
    """The learner of that name.

    Args:
        name: one of `LEARNERS`.
        settings: of networks; None takes the defaults.

    Raises:
        ParamsError: there is none.
    """
    if name not in LEARNERS:
        raise ParamsError(f"there is no learner {name!a}", remedy=f"one of {', '.join(LEARNERS)}")
    if name == CLOSED:
        return Learner()
    from cxr_release.scorecard.utility import network_tasks as tasks

    how = settings or Settings()
    if name == "unet":
        return Learner(
            inpainting=partial(tasks.unet_inpainting, settings=how),
            super_resolution=partial(tasks.unet_super_resolution, settings=how),
        )
    return Learner(
        student=lambda pools, labelled, task: tasks.network_student(
            name, pools, labelled, task, how
        ),
        classification=lambda pools, labelled: tasks.network_classification(
            name, pools, labelled, how
        ),
    )
