"""Train the autoencoders whose latents the networks learn, where that is asked for.

Two, for each run one that has seen the same films as its network: with a single one the losses of
films held out, and the attacks on the network, would be of films that the run knows already.
"""

from __future__ import annotations

import numpy as np

from cxr_release import fingerprint, schemas, tables
from cxr_release.exit_status import execute
from cxr_release.films.film_array import load_films
from cxr_release.generators.runtime import run_folder
from cxr_release.generators.runtime.films import Films, SomeFilms
from cxr_release.params.project import Params
from cxr_release.paths import Paths

RUNS = ("tuning", "final")
OFF = "0" * 64
"""Of a run without an autoencoder: what those of other projects follow from is no reason to train
the network again."""


def run(paths: Paths, params: Params) -> None:
    """Train, or go on with training where it was killed; nothing at all for 0 steps."""
    if not params.latent.is_on:
        for name in RUNS:
            run_folder.leave_empty(paths.latent / name, OFF)
        return
    # Loaded only where it is needed: torch takes longer than all that the default does here.
    from cxr_release.generators.autoencoder.training import train

    ids, films = load_films(paths.trained_table, paths.film_array)
    parts = {row["id"]: row["part"] for row in tables.read_rows(paths.split_table, schemas.SPLIT)}
    chosen = np.array([parts[film] == "tuning" for film in ids])
    of_tuning: Films = SomeFilms(films, np.flatnonzero(chosen))
    for name, seen in zip(RUNS, (of_tuning, films), strict=True):
        train(
            seen,
            paths.latent / name,
            settings=params.latent,
            others=params.train,
            compute=params.compute,
            seed=params.seed,
            fingerprint=fingerprint.of_stage(paths.root, params, "train_latent"),
        )


if __name__ == "__main__":
    execute(run)
