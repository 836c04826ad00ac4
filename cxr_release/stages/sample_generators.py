"""One sampling job of a generator beside the network: draw its films of one batch."""

from __future__ import annotations

from cxr_release import fingerprint
from cxr_release.exit_status import execute
from cxr_release.generators.autoencoder.drawing import open_autoencoder
from cxr_release.generators.sampling import sample_job
from cxr_release.params.project import Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params, generator: str, batch: str) -> None:
    """Draw the films, or go on drawing where the job was killed."""
    last = params.autoencoder.last_checkpoint(params.train.checkpoint_every)
    sample_job(
        paths.drawn_from(generator, last),
        paths.job(generator, batch),
        source=generator,
        opener=open_autoencoder,
        batch=batch,
        root_seed=params.seed,
        settings=params.sample,
        compute=params.compute,
        fingerprint=fingerprint.of_stage(
            paths.root, params, "sample_generators", generator=generator, batch=batch
        ),
    )


if __name__ == "__main__":
    execute(run)
