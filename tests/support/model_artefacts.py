"""A released network and the dataset that it belongs to, of a network that has learnt nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cxr_release.files import read_json, write_json
from cxr_release.params.publication import ModelParams
from cxr_release.params.training import NetworkParams
from cxr_release.release.model.package import write_model
from tests.support.release_artefacts import (
    CHECKPOINTS,
    EVERY,
    add_control,
    inputs_below,
    make_release_of,
    small_params,
    write_inputs,
)
from tests.support.tiny_networks import saved, untrained

NUMBER = CHECKPOINTS[-1]
STEPS = 4
"""Of denoising."""
FOLDED = NetworkParams(
    channels=(8, 16), layers=1, attention=0, pixel_unshuffle=2, schedule="cosine"
)
TRAINING = {"privacy": None, "start": None, "films": 3}


@dataclass(frozen=True)
class Made:
    """Folders of a project that released its network."""

    release: Path
    run: Path
    model: Path

    @classmethod
    def below(cls, root: Path) -> Made:
        """What `make_model` left there."""
        return cls(root / "release", inputs_below(root / "artefacts").final, root / "model")


def make_model(
    root: Path,
    *,
    attack: dict[str, Any] | None = None,
    **asked: Any,
) -> Made:
    """A release and its model, below an empty folder.

    Args:
        root: the folder.
        attack: what differs in the attack on the network.
        asked: keys of `ModelParams`.
    """
    small = small_params()
    params = replace(
        small,
        model=ModelParams(**{"release": True, **asked}),
        sample=replace(small.sample, steps=STEPS),
    )
    inputs = write_inputs(root / "artefacts")
    add_control(inputs)
    step = NUMBER * EVERY
    checkpoint = untrained(step=step, checkpoint=NUMBER, network=FOLDED, training=TRAINING)
    saved(inputs.final, checkpoint)
    path = inputs.score / "scorecard.json"
    report = read_json(path)
    report["privacy"][-1] |= {
        **{"target_step": step, "proxy": False, "members": 400, "controls": 200},
        "tpr": [
            {"at_most_fpr": 0.01, "false_positives": 2, "value": 0.01,
             "interval": [0.0027, 0.025], "measurable": True},
        ],
        **(attack or {}),
    }  # fmt: skip
    write_json(path, report)
    release = make_release_of(inputs, params, root)
    write_model(release, inputs.final, root / "model")
    return Made.below(root)
