"""Train on all films but the control films: the checkpoints that films are sampled from."""

from __future__ import annotations

from cxr_release import fingerprint
from cxr_release.exit_status import execute
from cxr_release.films.film_store import load_films
from cxr_release.generators.diffusion.training import train
from cxr_release.params import Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params) -> None:
    """Train, or go on with training where it was killed."""
    _, films = load_films(paths.trained_table)
    train(
        films,
        paths.final,
        network=params.network,
        settings=params.train,
        compute=params.compute,
        steps=params.train.steps,
        seed=params.seed,
        fingerprint=fingerprint.of_stage(paths.root, params, "train"),
    )


if __name__ == "__main__":
    execute(run)
