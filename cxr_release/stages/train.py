"""Train on all films but the control films: the checkpoints that films are sampled from."""

from __future__ import annotations

from cxr_release import fingerprint, schemas, tables
from cxr_release.exit_status import execute
from cxr_release.films.film_array import load_films
from cxr_release.generators.diffusion.films_told import films_told
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.privacy.mechanism import private_run
from cxr_release.generators.privacy.noise_key import keep_noise_key
from cxr_release.generators.runtime import run_folder
from cxr_release.params.project import Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params) -> None:
    """Train, or go on with training where it was killed; nothing at all for 0 steps."""
    if not params.train.steps:
        begun = fingerprint.of_stage(paths.root, params, "train")
        run_folder.leave_untrained("train", paths.final, begun)
        return
    ids, films = load_films(paths.trained_table, paths.film_array)
    last = params.latent.last_checkpoint(params.train.checkpoint_every)
    patients = tables.read(paths.trained_table, schemas.COHORT, ["patient"])["patient"].to_pylist()
    private = (
        private_run(
            params.train,
            keep_noise_key(paths.noise_key),
            patients=patients,
            of_final=patients,
        )
        if params.train.privacy
        else None
    )
    train(
        films,
        paths.final,
        network=params.network,
        settings=params.train,
        compute=params.compute,
        steps=params.train.steps,
        seed=params.seed,
        fingerprint=fingerprint.of_stage(paths.root, params, "train"),
        start=paths.root / params.train.start if params.train.start else None,
        private=private,
        films_told=films_told(paths.classes, paths.labels, ids, params.condition),
        latent=paths.latent_of("final", last),
    )


if __name__ == "__main__":
    execute(run)
