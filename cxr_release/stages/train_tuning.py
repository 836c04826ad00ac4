"""Train on the tuning part alone, for the loss curves and as non-members for privacy attacks."""

from __future__ import annotations

from itertools import compress

import numpy as np

from cxr_release import fingerprint, schemas, tables
from cxr_release.exit_status import execute
from cxr_release.films.film_array import load_films
from cxr_release.generators.diffusion.films_told import films_told
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.privacy.mechanism import private_run
from cxr_release.generators.privacy.noise_key import keep_noise_key
from cxr_release.generators.runtime import run_folder
from cxr_release.generators.runtime.films import SomeFilms
from cxr_release.params.project import Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params) -> None:
    """Train, or go on with training where it was killed; nothing at all for 0 steps."""
    if not params.train.steps:
        begun = fingerprint.of_stage(paths.root, params, "train_tuning")
        run_folder.leave_untrained("train_tuning", paths.tuning, begun)
        return
    ids, films = load_films(paths.trained_table, paths.film_array)
    last = params.latent.last_checkpoint(params.train.checkpoint_every)
    parts = {row["id"]: row["part"] for row in tables.read_rows(paths.split_table, schemas.SPLIT)}
    chosen = np.array([parts[film] == "tuning" for film in ids])
    patients = tables.read(paths.trained_table, schemas.COHORT, ["patient"])["patient"].to_pylist()
    private = (
        private_run(
            params.train,
            keep_noise_key(paths.noise_key),
            patients=list(compress(patients, chosen)),
            of_final=patients,
        )
        if params.train.privacy
        else None
    )
    train(
        SomeFilms(films, np.flatnonzero(chosen)),
        paths.tuning,
        network=params.network,
        settings=params.train,
        compute=params.compute,
        steps=params.train_tuning.steps,
        seed=params.seed,
        fingerprint=fingerprint.of_stage(paths.root, params, "train_tuning"),
        start=paths.root / params.train.start if params.train.start else None,
        private=private,
        films_told=films_told(
            paths.classes, paths.labels, list(compress(ids, chosen)), params.condition
        ),
        latent=paths.latent_of("tuning", last),
    )


if __name__ == "__main__":
    execute(run)
