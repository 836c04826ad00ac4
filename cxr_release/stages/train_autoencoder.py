"""Train a second generator on the same films as the final run, to compare it with."""

from __future__ import annotations

from cxr_release import fingerprint
from cxr_release.exit_status import execute
from cxr_release.films.film_array import load_films
from cxr_release.generators.runtime import run_folder
from cxr_release.params.project import Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params) -> None:
    """Train, or go on with training where it was killed; nothing at all for 0 steps."""
    begun = fingerprint.of_stage(paths.root, params, "train_autoencoder")
    if not params.autoencoder.steps:
        run_folder.leave_empty(paths.autoencoder, begun)
        return
    # Loaded only where it is needed: torch takes longer than all that the default does here.
    from cxr_release.generators.autoencoder.training import train

    _, films = load_films(paths.trained_table, paths.film_array)
    train(
        films,
        paths.autoencoder,
        settings=params.autoencoder,
        others=params.train,
        compute=params.compute,
        seed=params.seed,
        fingerprint=begun,
    )


if __name__ == "__main__":
    execute(run)
