"""Planted canaries: films that a copy of a network is made to learn, for an attack to find.

Control films, which no network saw, are halved by patient. A copy of the network under attack goes
on learning from one half, with the learner and the objective that trained it, and is then attacked
as the network itself is, held against the same reference. An attack that does not tell the halves
would not have told as much learning in the network itself, and says nothing by finding nothing
there.

Canaries in a copy of the reference, told by its losses before and after, are easier to find than
what they stand for where the reference is younger than the target. Phantoms' films planted 6 times:
an AUC of 0.75 in a reference of 360 steps, and of 0.66 in a target of 1,350 held against it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tqdm import tqdm

from cxr_release.errors import CheckpointError, TrainingError
from cxr_release.generators.checkpoints import Checkpoint
from cxr_release.generators.conditions import ToldFilms
from cxr_release.generators.diffusion.learner import Learner
from cxr_release.generators.runtime.compute import Compute
from cxr_release.params.training import TrainParams
from cxr_release.scorecard.network.films import NetworkFilms

BATCH = 8
LEARNING_RATE = 5e-4
"""A quarter of the default's highest."""
MIN_SNR = 5.0
DROP = 0.1
"""Share of the draws in which a network with classes is not told the class: the default's."""


def with_canaries(
    start: Checkpoint, films: NetworkFilms, doses: Sequence[int], context: Compute
) -> Iterator[tuple[int, int, Checkpoint]]:
    """Let a copy of a network learn from films, and hand it out at each dose.

    Args:
        start: the network; it stays as it is.
        films: at its size, 1 or more.
        doses: how often each film is seen, rising, 1 or more.
        context: where it is computed.

    Yields:
        Dose, steps taken for it, and the network after them.

    Raises:
        CheckpointError: the network cannot go on learning.
    """
    record = start.record
    ends = {dose: -(-dose * len(films) // BATCH) for dose in doses}
    settings = TrainParams(
        steps=max(ends.values()),
        batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        decay="constant",
        checkpoint_every=1,
        warmup=0,
        ema=0.0,  # what is handed out is the network itself, not an average over its past
        ema_every=1,
        min_snr=MIN_SNR,
        flip="labelled" if record.conditions.mirrored else record.training.get("flip") is True,
    )
    names = record.conditions.names
    learner = Learner(
        films.pixels,
        network=record.network,
        settings=settings,
        horizon=settings.steps,
        seed=0,
        compute=context,
        start=start.unet,
        films_told=ToldFilms(names, films.labels or (), DROP) if names else None,
        space=start.space,
    )
    done = 0
    with tqdm(
        total=settings.steps, desc="canaries", unit="step", disable=None, file=sys.stderr
    ) as bar:
        for dose, end in ends.items():
            for step in range(done, end):
                try:
                    learner.step(step)
                except TrainingError as error:
                    raise CheckpointError(
                        f"cannot go on learning: {error.what}",
                        where=f"checkpoint at step {record.checkpoint_step}",
                        remedy="its weights are broken; copy the checkpoint again, or train again",
                    ) from error
                bar.update()
            done = end
            unet = learner.averaged().requires_grad_(False).eval()
            yield dose, end, replace(start, unet=unet)
